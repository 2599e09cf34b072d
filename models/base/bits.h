/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit layouts as manuals print them: masks high:low, access only through
 * FIELD_GET and FIELD_PUT, and a compile-time proof that the fields of a
 * word tile it.
 */
#ifndef IOMMUSIM_BASE_BITS_H
#define IOMMUSIM_BASE_BITS_H

#include <stdint.h>

#define BIT64(n) (UINT64_C(1) << (n))

/* Bits high:low inclusive, 63 >= high >= low >= 0. */
#define BITS64(high, low) ((UINT64_MAX >> (63 - (high))) & (UINT64_MAX << (low)))

/* The lowest set bit of a mask, as a factor. */
#define FIELD_UNIT(mask) ((mask) & (~(mask) + 1))

#define FIELD_GET(mask, word)  (((word) & (mask)) / FIELD_UNIT(mask))
#define FIELD_PUT(mask, value) ((FIELD_UNIT(mask) * (uint64_t)(value)) & (mask))

/*
 * LAYOUT64(NAME, sum, or): proves that the masks of NAME tile 63:0.  Give
 * the masks once joined by + and once by |: both are all ones exactly when
 * the masks are disjoint and complete.
 */
#define LAYOUT64(name, sum, joined) \
	_Static_assert((sum) == UINT64_MAX && (joined) == UINT64_MAX, #name " must tile 63:0")

#endif
