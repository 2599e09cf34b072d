/* SPDX-License-Identifier: Apache-2.0 */
/* Files of this folder as text in the program; analysis/embed.cmake makes the definitions. */
#ifndef IOMMUSIM_ANALYSIS_EMBEDDED_H
#define IOMMUSIM_ANALYSIS_EMBEDDED_H

extern const char embedded_report_css[];
extern const char embedded_style_gp[];
extern const char embedded_cdf_gp[];
extern const char embedded_tail_gp[];
extern const char embedded_percentiles_gp[];
extern const char embedded_causes_gp[];
extern const char embedded_series_gp[];
extern const char embedded_sweep_gp[];

#endif
