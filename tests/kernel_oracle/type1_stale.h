/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kernels up to 6.12 at least answer when they are asked for dirty pages: a mapping's bitmap is shifted in place to where
 * its first page lies in the caller's words, and takes the bits that are there along.  The bits beyond the mapping's
 * pages are never cleared, and show in later answers.  All pages are dirty anew at each call, as with devices that do
 * not tell what they write.
 *
 * Source: [LINUX] drivers/vfio/vfio_iommu_type1.c (update_user_bitmap, vfio_iova_dirty_bitmap), lib/bitmap.c
 * (__bitmap_shift_left).
 */
#ifndef IOMMUSIM_TESTS_KERNEL_ORACLE_TYPE1_STALE_H
#define IOMMUSIM_TESTS_KERNEL_ORACLE_TYPE1_STALE_H

#include "models/software/type1.h"

struct type1_stale_mapping {
	uint64_t iova, bytes;
	uint64_t *word; /* its bitmap and one word more; NULL: all zeros so far */
};

struct type1_stale {
	struct type1_stale_mapping *mapping; /* [count] by iova */
	size_t count;
};

/* The mappings as they are before a call, NULL: none.  Bitmaps of those that are still there stay. */
void type1_stale_look(struct type1_stale *stale, const struct type1 *type1);
/* Bitmaps of mappings in the range are new or gone. */
void type1_stale_forget(struct type1_stale *stale, uint64_t iova, uint64_t bytes);
/* The range's bits into the caller's words, page by page of 4 KiB; unmap: the bitmaps go with their mappings. */
void type1_stale_read(struct type1_stale *stale, uint64_t iova, uint64_t bytes, bool unmap, uint64_t *out);

#endif
