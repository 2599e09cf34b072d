/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers with a unit, as people write them in files: "64 MiB", "1.3 us",
 * "0.1".  Exact: decimal digits to a whole number of the smallest unit without
 * floating point, and back.  Not here: which values are allowed (parameters.c).
 */
#ifndef IOMMUSIM_SCENARIOS_AMOUNT_H
#define IOMMUSIM_SCENARIOS_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct amount_unit {
	const char *name; /* "us"; "": no unit written */
	uint64_t factor;  /* in units of the stored value, > 0 */
};

/* Ended by a NULL name; ascending factors. */
extern const struct amount_unit amount_count[];    /* "" */
extern const struct amount_unit amount_fraction[]; /* "" = 1,000,000 ppm */
extern const struct amount_unit amount_bytes[];    /* "" = B, KiB, MiB, GiB, TiB */
extern const struct amount_unit amount_rate[];     /* "" = B/s, KB/s, MB/s, GB/s */
extern const struct amount_unit amount_time[];     /* ps, ns, us, ms, s; a bare 0 */

/* False unless text is digits[.digits][ ][unit] and the value is a whole number that fits. */
bool amount_parse(const char *text, const struct amount_unit *units, uint64_t *value);

/* value in this unit, all decimals: "1.3 us". */
void amount_format(uint64_t value, const struct amount_unit *unit, char *text, size_t size);

/* The largest unit that divides value; the first named one when value is 0. */
const struct amount_unit *amount_whole_unit(uint64_t value, const struct amount_unit *units);

/* The unit of that name; it must exist. */
const struct amount_unit *amount_unit(const struct amount_unit *units, const char *name);

#endif
