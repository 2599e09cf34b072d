/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as short text for eyes: three significant digits and a unit of two letters.  Integers only. */
#ifndef IOMMUSIM_ANALYSIS_QUANTITY_H
#define IOMMUSIM_ANALYSIS_QUANTITY_H

#include "models/base/units.h"

#define QUANTITY_TEXT 48u /* bytes of each text below; enough for all of them */

/* "8.77 us", "432 ns", "1234 s "; 0 is "0 ps". */
void quantity_time(char *text, ps_t time);

/* "64.0 GiB", "512 B". */
void quantity_bytes(char *text, uint64_t bytes);

/* Bytes in a time: "11.8 GB/s" (decimal, as links are rated); "-" for no time. */
void quantity_rate(char *text, uint64_t bytes, ps_t time);

/* "1,234,567". */
void quantity_count(char *text, uint64_t count);

/* part of whole: "12.3%"; "<0.1%" for a small one, "-" for none of it. */
void quantity_share(char *text, u128_t part, u128_t whole);

/* numerator / denominator: "3.42"; "-" for a denominator of 0. */
void quantity_ratio(char *text, uint64_t numerator, uint64_t denominator);

/* All digits: "123456789". */
void quantity_digits(char *text, u128_t value);

#endif
