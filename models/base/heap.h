/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap storage that is there or traps: no caller can mend a host without
 * memory.  Released with free().
 */
#ifndef IOMMUSIM_BASE_HEAP_H
#define IOMMUSIM_BASE_HEAP_H

#include <stdlib.h>

#include "models/base/require.h"

/* count elements of size_bytes each, all zeros. */
static inline void *heap_zeroed(size_t count, size_t size_bytes)
{
	void *bytes = calloc(count, size_bytes);

	REQUIRE(bytes || count == 0);
	return bytes;
}

/* The array old (or NULL) with room for count elements; what is new is not initialised. */
static inline void *heap_resized(void *old, size_t count, size_t size_bytes)
{
	void *bytes = reallocarray(old, count, size_bytes);

	REQUIRE(bytes || count == 0);
	return bytes;
}

#endif
