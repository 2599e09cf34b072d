/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of 32 pages for fuzz_vtd.c, with structures and tables that work to begin with, so that the fuzzer has
 * something to break.  Everything above is absent.
 */
#ifndef IOMMUSIM_TESTS_FUZZ_VTD_MEMORY_H
#define IOMMUSIM_TESTS_FUZZ_VTD_MEMORY_H

#include "models/iommu/iommu.h"
#include "models/memory/memory.h"
#include "tests/fuzz/fuzz_input.h"

#define FUZZ_PAGES  32u
#define FUZZ_DEVICE 0x0010 /* 00:02.0 */
#define FUZZ_SCENES 8u

static inline bool fuzz_vtd_is_present(uint64_t address)
{
	return address < FUZZ_PAGES * PAGE_BYTES;
}

/*
 * Writes structures for FUZZ_DEVICE and the unit's registers, and starts queue and translation.  scene: 0 nothing;
 * 1 legacy second stage; 2 legacy pass-through; 3 legacy with device-TLB; 4 scalable second stage; 5 scalable
 * first stage; 6 nested; 7 scalable pass-through.  Addresses lead to themselves.
 */
void fuzz_vtd_structures(struct memory *memory, struct iommu *unit, unsigned scene);

/* Changes a word: a bit, a pointer to a page with flags, or all of it. */
void fuzz_vtd_poke(struct memory *memory, struct fuzz_input *in);

/* Writes words of a descriptor into the queue. */
void fuzz_vtd_queue_word(struct memory *memory, struct fuzz_input *in);

#endif
