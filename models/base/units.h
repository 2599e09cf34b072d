/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities that every layer shares.  Nothing here knows a clock: ps_t is
 * a duration or a date only where sim/ gives it that meaning.
 */
#ifndef IOMMUSIM_BASE_UNITS_H
#define IOMMUSIM_BASE_UNITS_H

#include <stdint.h>

typedef uint64_t ps_t;   /* simulated time, picoseconds */
typedef uint64_t iova_t; /* address as the device issues it */
typedef uint64_t phys_t; /* physical address: guest-physical in a guest's view, host-physical in memory */
__extension__ typedef unsigned __int128 u128_t; /* sums and products that 64 bits do not hold */

#define PS_PER_NS UINT64_C(1000)
#define PS_PER_US UINT64_C(1000000)
#define PS_PER_MS UINT64_C(1000000000)
#define PS_PER_S  UINT64_C(1000000000000)

#define PAGE_LG2   12u
#define PAGE_BYTES (UINT64_C(1) << PAGE_LG2)

/* No address: every valid address is below it. */
#define PHYS_NONE UINT64_MAX

#endif
