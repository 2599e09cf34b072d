/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz_vtd_memory.h"

#include "models/iommu/vtd/layout.h"

/* Pages. */
enum page {
	ROOT = 1,
	CONTEXTS,
	PASID_DIRECTORY,
	PASID_TABLE,
	SECOND = 8, /* tables of five levels, the leaves' first */
	FIRST = 16,
	QUEUE = 24,
	REQUESTS, /* page requests */
};

#define LEVELS 5u

/* Second stage: R and W.  First stage: P, R/W and U/S.  No accessed or dirty flags: they are to be set. */
#define SECOND_BITS UINT64_C(0x3)
#define FIRST_BITS  UINT64_C(0x7)

static phys_t page(unsigned number)
{
	return number * PAGE_BYTES;
}

/* Identity of the first 2 MiB, below tables of any number of levels: the root of n levels is page first + n - 1. */
static void write_tables(struct memory *memory, unsigned first, uint64_t bits)
{
	for (unsigned i = 0; i < FUZZ_PAGES; i++)
		memory_write64(memory, page(first) + 8 * i, page(i) | bits);
	for (unsigned level = 1; level < LEVELS; level++) {
		memory_write64(memory, page(first + level), page(first + level - 1) | bits);
		if (level < 3) /* a large leaf beside it */
			memory_write64(memory, page(first + level) + 8, pt_entry_bytes(level) | bits | 0x80);
	}
}

static void write_legacy(struct memory *memory, uint64_t type)
{
	phys_t entry = page(CONTEXTS) + FUZZ_DEVICE * VTD_CONTEXT_BYTES;

	memory_write64(memory, page(ROOT), page(CONTEXTS) | VTD_ROOT0_P);
	memory_write64(memory, entry, page(SECOND + 3) | FIELD_PUT(VTD_CONTEXT0_TT, type) | VTD_CONTEXT0_P);
	memory_write64(memory, entry + 8, FIELD_PUT(VTD_CONTEXT1_AW, 2) | FIELD_PUT(VTD_CONTEXT1_DID, 5));
}

static void write_scalable(struct memory *memory, uint64_t type)
{
	phys_t entry = page(CONTEXTS) + FUZZ_DEVICE * VTD_SCONTEXT_BYTES;

	memory_write64(memory, page(ROOT), page(CONTEXTS) | VTD_SROOT_P);
	memory_write64(memory, entry,
		       page(PASID_DIRECTORY) | VTD_SCONTEXT0_PASIDE | VTD_SCONTEXT0_DTE | VTD_SCONTEXT0_PRE |
			       VTD_SCONTEXT0_P);
	memory_write64(memory, page(PASID_DIRECTORY), page(PASID_TABLE) | VTD_PASIDDIR_P);
	for (unsigned pasid = 0; pasid < 4; pasid++) {
		entry = page(PASID_TABLE) + pasid * VTD_PASID_BYTES;
		memory_write64(memory, entry,
			       page(SECOND + 3) | FIELD_PUT(VTD_PASID0_AW, 2) | FIELD_PUT(VTD_PASID0_PGTT, type) |
				       VTD_PASID0_SSADE | VTD_PASID0_P);
		memory_write64(memory, entry + 8, FIELD_PUT(VTD_PASID1_DID, 5 + pasid) | VTD_PASID1_PWSNP);
		memory_write64(memory, entry + 16, page(FIRST + 3) | VTD_PASID2_SRE);
	}
}

void fuzz_vtd_structures(struct memory *memory, struct iommu *unit, unsigned scene)
{
	const struct iommu_ops *ops = unit->ops;
	bool is_scalable = scene >= 4;

	for (unsigned i = 0; i < FUZZ_PAGES; i++)
		memory_write64(memory, page(i), 0);
	if (scene == 0)
		return;
	write_tables(memory, SECOND, SECOND_BITS);
	write_tables(memory, FIRST, FIRST_BITS);
	if (is_scalable) {
		static const enum vtd_pgtt types[] = { VTD_PGTT_SECOND_STAGE, VTD_PGTT_FIRST_STAGE, VTD_PGTT_NESTED,
						       VTD_PGTT_PASS_THROUGH };

		write_scalable(memory, types[scene - 4]);
	} else {
		static const uint64_t types[] = { 0, 2, 1 }; /* multi-level, pass-through, with device-TLB */

		write_legacy(memory, types[scene - 1]);
	}
	ops->register_write(unit, VTD_REG_IQA, 8, page(QUEUE) | (is_scalable ? VTD_IQA_DW : 0));
	ops->register_write(unit, VTD_REG_PQA, 8, page(REQUESTS));
	ops->register_write(unit, VTD_REG_GCMD, 4, VTD_GCMD_QIE);
	ops->register_write(unit, VTD_REG_RTADDR, 8,
			    page(ROOT) | (is_scalable ? FIELD_PUT(VTD_RTADDR_TTM, VTD_TTM_SCALABLE) : 0));
	ops->register_write(unit, VTD_REG_GCMD, 4, VTD_GCMD_QIE | VTD_GCMD_SRTP);
	ops->register_write(unit, VTD_REG_GCMD, 4, VTD_GCMD_QIE | VTD_GCMD_TE);
}

void fuzz_vtd_poke(struct memory *memory, struct fuzz_input *in)
{
	unsigned where = (unsigned)fuzz_take(in, 2);
	/* Entries at the begin of a page are used most. */
	phys_t address = page(where % FUZZ_PAGES) + (where & 1u << 15 ? where >> 5 & 0x1ff : where >> 5 & 0x1f) * 8;
	uint64_t word = memory_read64(memory, address);

	switch (fuzz_below(in, 3)) {
	case 0:
		word ^= BIT64(fuzz_below(in, 64));
		break;
	case 1:
		word = page(fuzz_below(in, FUZZ_PAGES + 1)) | fuzz_take(in, 2) % PAGE_BYTES | fuzz_take(in, 1) << 56;
		break;
	default:
		word = fuzz_take(in, 8);
		break;
	}
	memory_write64(memory, address, word);
}

void fuzz_vtd_queue_word(struct memory *memory, struct fuzz_input *in)
{
	phys_t address = page(QUEUE) + fuzz_below(in, 32) * UINT64_C(16);
	uint64_t low = fuzz_take(in, 3),
		 high = fuzz_take(in, 4); /* in most descriptors' low word all is here or there */

	memory_write64(memory, address, low | high << 32);
	/* Addresses are of pages, with flags below: a status word, a range. */
	memory_write64(memory, address + 8, fuzz_coin(in) ? fuzz_take(in, 8) : fuzz_take(in, 3) % page(FUZZ_PAGES));
}
