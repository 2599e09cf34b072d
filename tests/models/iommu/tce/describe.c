/* SPDX-License-Identifier: Apache-2.0 */
/* What the bridge reads, by name: models/iommu/describe.h. */
#include "models/iommu/describe.h"

#include "models/iommu/families.h"
#include "tests/models/iommu/tce/world.h"

static struct world world;
static struct iommu_translation translation;
static struct iommu_entry entry;

static void setup(void)
{
	world_init(&world);
	world_ioda(&world, 9, 2 * PE, tve_word(TABLE, 2, 16, 12));
	world_be64(&world, TABLE + 8, (TABLE + 0x10000) | 3);
	world_be64(&world, TABLE + 0x10000 + 3 * 8, 0x50001);
}

static void teardown(void)
{
	world_fini(&world);
}

/* Names what is wanted, and feeds it. */
static void step(void)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu_describe(world.iommu, &translation, &entry, &entry);
	iommu_access_now(world.memory, &translation.access, words);
	iommu_describe_words(world.iommu, &translation, &entry, words);
	world.iommu->ops->translate_feed(world.iommu, &translation, words);
}

START_TEST(each_read_of_a_translation_has_its_name)
{
	struct iommu_request request = { .source_id = RID, .iova = 0x2003123 };

	world.iommu->ops->translate_begin(world.iommu, &translation, &request);
	step();
	ck_assert_str_eq(entry.name, "RTEs");
	ck_assert_uint_eq(entry.table, RTT);
	ck_assert_uint_eq(entry.index, RID / 4);
	ck_assert_uint_eq(entry.word[0], (uint64_t)PE << 48);
	ck_assert_str_eq(entry.layout[0]->field[3].name, "RTE_0");
	ck_assert_uint_eq(entry.layout[0]->field[3].mask, UINT64_C(0xffff) << 48);

	step();
	ck_assert_ptr_null(entry.name);
	ck_assert_str_eq(entry.layout[0]->name, "indirect TCE");
	ck_assert_uint_eq(entry.table, TABLE);
	ck_assert_uint_eq(entry.index, 1);
	ck_assert_uint_eq(entry.word[0], (TABLE + 0x10000) | 3);

	step();
	ck_assert_str_eq(entry.layout[0]->name, "TCE");
	ck_assert_uint_eq(entry.index, 3);
	ck_assert_uint_eq(entry.word[0], 0x50001);
	ck_assert_uint_eq(entry.reserved[0], UINT64_C(0xff) << 56);
	ck_assert_int_eq(translation.status, IOMMU_TRANSLATED);
	ck_assert_uint_eq(translation.output, 0x50123);
}
END_TEST

START_TEST(the_vector_of_a_pe_that_freezes_has_its_name)
{
	struct iommu_request request = { .source_id = RID, .iova = 0x1000 };

	world_dma(&world, RID, 0x2003123, false);
	world_be64(&world, PELTV + PE * 64, UINT64_C(1) << 63);
	world.iommu->ops->translate_begin(world.iommu, &translation, &request);
	step(); /* the indirect TCE, which is empty */
	step();
	ck_assert_str_eq(entry.name, "PELT-V entry");
	ck_assert_uint_eq(entry.index, PE);
	ck_assert_uint_eq(entry.words, 8);
	ck_assert_uint_eq(entry.word[0], UINT64_C(1) << 63);
}
END_TEST

START_TEST(every_fault_has_a_text_of_its_own)
{
	for (unsigned i = 0; i < TCE_FAULTS; i++)
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(tce_fault_text(i), tce_fault_text(j));
	ck_assert_str_eq(tce_fault_text(TCE_FAULTS), "?");
	ck_assert_str_eq(world.iommu->ops->describe->fault_text(TCE_FAULT_PE_STOPPED), "PE frozen");
}
END_TEST

START_TEST(the_family_is_listed)
{
	unsigned found = 0;

	for (size_t i = 0; i < iommu_family_count; i++)
		found += strcmp(iommu_families[i].name, world.iommu->ops->family) == 0;
	ck_assert_uint_eq(found, 1);
}
END_TEST

int main(void)
{
	return world_suite("tce describe", setup, teardown,
			   (const TTest *const[]){
				   each_read_of_a_translation_has_its_name,
				   the_vector_of_a_pe_that_freezes_has_its_name,
				   every_fault_has_a_text_of_its_own,
				   the_family_is_listed,
				   NULL,
			   });
}
