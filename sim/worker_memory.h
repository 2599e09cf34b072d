/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory of this computer a run takes, as far as its parameters say so beforehand. */
#ifndef IOMMUSIM_SIM_WORKER_MEMORY_H
#define IOMMUSIM_SIM_WORKER_MEMORY_H

#include "scenarios/config.h"

/* What a run needs for the tables over guest memory; other needs grow with what the trace does and are not in it. */
uint64_t worker_memory(const struct config *config, const struct scheme *scheme);

/* Memory that this computer can give to new processes now, and all it has; UINT64_MAX: unknown. */
uint64_t worker_memory_available(void);
uint64_t worker_memory_all(void);

/* Whether each scheme at each point fits into all bytes; *most is the largest need.  The error names the parameters. */
bool worker_memory_check(struct scenario *scenario, uint64_t all, uint64_t *most, struct err *err);

/* How many workers of at most `most` bytes run side by side, of those wanted: as many as there is room for, at least one. */
size_t worker_memory_fit(uint64_t available, uint64_t most, uint64_t wanted);

#endif
