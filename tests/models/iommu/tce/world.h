/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bridge, memory and tables for its tests.  Registers and words are written as numbers here, not by the code under
 * test: the numbers stand beside what they are of.
 */
#ifndef IOMMUSIM_TESTS_TCE_WORLD_H
#define IOMMUSIM_TESTS_TCE_WORLD_H

#include <check.h>

#include "models/iommu/tce/tce.h"
#include "models/memory/memory.h"
#include "tests/suite.h"

#define RTT   UINT64_C(0x1000000)
#define PELTV UINT64_C(0x1100000)
#define PEST  UINT64_C(0x1200000)
#define TABLE UINT64_C(0x230000000)
#define RID   0x0100u /* 01:00.0 */
#define PE    3u
#define BIT59 (UINT64_C(1) << 59)

/* A TVE: table, levels, log2 of a table's bytes, of a page's.  Fields from bit 63 down: 48, 3, 5, 3, 5 bits. */
static inline uint64_t tve_word(uint64_t table, uint64_t levels, uint64_t table_lg2, uint64_t page_lg2)
{
	return table >> 12 << 16 | (levels - 1) << 13 | (table_lg2 - 11) << 8 | (page_lg2 - 11);
}

struct world {
	struct iommu *iommu;
	struct memory *memory;
	struct iommu_translation translation; /* the last one */
	unsigned writes;                      /* that it wanted */
};

/* Caches of 64 TCEs and 16 RTEs; tables on, errors freeze, RID in PE, the PE's PELT-V empty. */
void world_init(struct world *world);
void world_fini(struct world *world);

void world_reg(struct world *world, unsigned offset, uint64_t value);
uint64_t world_get(struct world *world, unsigned offset);

/* Entries of on-chip tables, by number: 7 PESTA, 8 PESTB, 9 TVT, 20 PEEV. */
void world_ioda(struct world *world, unsigned table, unsigned index, uint64_t value);
uint64_t world_ioda_get(struct world *world, unsigned table, unsigned index);

/* Big-endian words and halves in memory. */
void world_be64(struct world *world, uint64_t address, uint64_t value);
uint64_t world_be64_get(struct world *world, uint64_t address);
void world_rte(struct world *world, unsigned rid, unsigned pe);

/* A DMA; what came of it is world->translation. */
enum iommu_status world_dma(struct world *world, unsigned rid, uint64_t address, bool write);
/* The same, which must work and lead there. */
void world_expect(struct world *world, uint64_t address, bool write, uint64_t output);
/* The same, which must be blocked for that reason. */
void world_expect_fault(struct world *world, uint64_t address, bool write, enum tce_fault fault);

/* A test executable's main: each of the tests, which end with NULL, in a world of its own. */
int world_suite(const char *name, void (*setup)(void), void (*teardown)(void), const TTest *const *tests);

#endif
