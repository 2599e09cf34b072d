/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the intel-iommu driver model share.  Expected words are those that recorded guests
 * wrote (traces/, sets Q, S, F1 and F2: qi_submit lines, tables.json, QEMU's register writes), else put
 * together from [VTD] by hand.
 */
#ifndef IOMMUSIM_TESTS_VTD_DRIVER_BENCH_H
#define IOMMUSIM_TESTS_VTD_DRIVER_BENCH_H

#include <check.h>

#include "models/software/vtd_driver.h"

/* CAP and ECAP of the recorded guests. */
#define CAP_Q       UINT64_C(0x00d2008c222f0686) /* caching mode, PSI, MAMV 18, 2 MiB and 1 GiB pages */
#define CAP_LAZY    UINT64_C(0x00d2008c222f0606) /* the same without caching mode */
#define CAP_F2      UINT64_C(0x01d2008c222f0606)
#define ECAP_Q      UINT64_C(0x0000000000000f42)
#define ECAP_F1     UINT64_C(0x0000480080000f42) /* scalable, second stage only */
#define ECAP_F2     UINT64_C(0x0000880000000f42) /* scalable, first stage only */
#define ECAP_NESTED (ECAP_F1 | ECAP_F2 | UINT64_C(1) << 26 | UINT64_C(1) << 40 | UINT64_C(19) << 35)

#define TABLES UINT64_C(0x100000000)

struct bench {
	struct memory *memory;
	struct memory_view view;
	struct frames frames;
	struct vtd_driver *driver;
	struct vtd_invalidations list;
	struct vtd_gather gather;
	struct map_work work;
};

static inline void setup(struct bench *bench, uint64_t capability, uint64_t extended_capability, phys_t offset)
{
	struct vtd_driver_config config = {
		.capability = capability,
		.extended_capability = extended_capability,
		.host_address_width = 48,
		.scalable = true,
		.strict = true,
	};
	struct err err = { 0 };

	*bench = (struct bench){ .memory = memory_create() };
	bench->view = (struct memory_view){ .memory = bench->memory, .offset = offset };
	frames_init(&bench->frames, TABLES, TABLES + 4096 * PAGE_BYTES);
	bench->driver = vtd_driver_create(&config, bench->view, &bench->frames, &err);
	ck_assert_msg(bench->driver != NULL, "%s", err.text);
}

static inline void teardown(struct bench *bench)
{
	vtd_driver_destroy(bench->driver);
	ck_assert_uint_eq(frames_used(&bench->frames), 0);
	vtd_invalidations_fini(&bench->list);
	table_list_fini(&bench->gather.freed);
	frames_fini(&bench->frames);
	memory_destroy(bench->memory);
}

static inline uint64_t word_at(const struct bench *bench, phys_t address)
{
	return view_read64(bench->view, address);
}

/* The list holds exactly these first two words; empties it. */
static inline void expect(struct bench *bench, size_t count, const uint64_t words[][2])
{
	ck_assert_uint_eq(bench->list.count, count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(bench->list.item[i].word[0], words[i][0]);
		ck_assert_uint_eq(bench->list.item[i].word[1], words[i][1]);
		ck_assert_uint_eq(bench->list.item[i].word[2], 0);
		ck_assert_uint_eq(bench->list.item[i].word[3], 0);
	}
	bench->list.count = bench->list.next = 0;
}

#define EXPECT(bench, ...) \
	do { \
		const uint64_t words_[][2] = { __VA_ARGS__ }; \
		expect(bench, sizeof(words_) / sizeof(words_[0]), words_); \
	} while (0)
#define EXPECT_NOTHING(bench) ck_assert_uint_eq((bench)->list.count, 0)

static inline struct vtd_domain *attached(struct bench *bench, enum vtd_domain_kind kind, uint16_t source_id)
{
	struct vtd_domain *domain = vtd_domain_create(bench->driver, kind);

	ck_assert_ptr_nonnull(domain);
	ck_assert(vtd_driver_probe(bench->driver, source_id, 0, &bench->list));
	ck_assert(vtd_driver_attach(bench->driver, domain, source_id, VTD_DRIVER_NO_PASID, &bench->list));
	bench->list.count = 0;
	return domain;
}

static inline void detach_and_destroy(struct bench *bench, struct vtd_domain *domain, uint16_t source_id)
{
	vtd_driver_detach(bench->driver, source_id, VTD_DRIVER_NO_PASID, &bench->list);
	bench->list.count = 0;
	vtd_domain_destroy(domain);
}

static inline void map(struct bench *bench, struct vtd_domain *domain, iova_t iova, phys_t phys, uint64_t bytes)
{
	ck_assert_int_eq(vtd_domain_map(domain, iova, phys, bytes, PT_READ | PT_WRITE, &bench->work), MAP_OK);
	vtd_domain_sync_map(domain, iova, bytes, &bench->list);
}

static inline void unmap(struct bench *bench, struct vtd_domain *domain, iova_t iova, uint64_t bytes)
{
	ck_assert_int_eq(vtd_domain_unmap(domain, iova, bytes, &bench->gather, &bench->list, &bench->work), MAP_OK);
	vtd_domain_sync_unmap(domain, &bench->gather, &bench->list);
}

/* The word of the leaf at iova and its level; 0: none. */
struct leaf_wanted {
	iova_t iova;
	uint64_t word;
	unsigned level;
};

static inline bool find_leaf(void *argument, const struct page_table_leaf *leaf)
{
	struct leaf_wanted *wanted = argument;

	if (leaf->iova != wanted->iova)
		return true;
	wanted->word = leaf->word;
	wanted->level = leaf->level;
	return false;
}

static inline struct leaf_wanted leaf_at(const struct vtd_domain *domain, iova_t iova)
{
	struct leaf_wanted wanted = { .iova = iova };

	page_table_for_each(vtd_domain_table(domain), find_leaf, &wanted);
	return wanted;
}

/* The PASID entry of a device, as Linux lays its directory out: one page each. */
static inline phys_t pasid_entry(const struct bench *bench, uint16_t source_id, uint32_t pasid)
{
	uint64_t half = word_at(bench, TABLES + (source_id & 0x80 ? 8 : 0));
	uint64_t context = word_at(bench, (half & ~UINT64_C(0xfff)) + (source_id & 0x7f) * 32);
	uint64_t table = word_at(bench, (context & ~UINT64_C(0xfff)) + pasid / 64 * 8);

	ck_assert_uint_eq(half & table & 1, 1);
	return (table & ~UINT64_C(0xfff)) + pasid % 64 * 64;
}

/* ---- register writes, as the driver makes them ---- */

struct writes {
	unsigned count;
	unsigned offset[8], bytes[8];
	uint64_t value[8];
};

static inline void record_write(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct writes *writes = argument;

	ck_assert_uint_lt(writes->count, 8);
	writes->offset[writes->count] = offset;
	writes->bytes[writes->count] = bytes;
	writes->value[writes->count++] = value;
}

#endif
