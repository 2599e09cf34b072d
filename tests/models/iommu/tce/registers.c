/* SPDX-License-Identifier: Apache-2.0 */
/* Every register of the page: reset value, bits that stay, side effects.  [SKIBOOT] phb4-regs.h, [QEMU] pnv_phb4.c */
#include "tests/models/iommu/tce/world.h"

#define IBM(n) (UINT64_C(1) << (63 - (n)))

static struct world world;

static void setup(void)
{
	struct tce_config config = { .pes = 512, .page_sizes = TCE_PAGE_SIZES_POWER9 };

	world = (struct world){ .memory = memory_create(), .iommu = tce_create(&config, NULL) };
}

static void teardown(void)
{
	world_fini(&world);
}

/* Read-only ones: offset, value. */
static const uint64_t constants[][2] = {
	{ 0x250, 0xe4b8000000000000 }, { 0x258, 0x4008440000000400 }, { 0x260, 0x0800000000001000 },
	{ 0x268, 0x2000000000000000 }, { 0x800, 0x000000a400000002 },
};

/* Plain ones: offset, what is kept of all ones. */
static const uint64_t kept[][2] = {
	{ 0x160, 0x0082000000000000 },                                /* bits 8 and 14 */
	{ 0x168, 0x80fffffffffe0000 },                                /* 0, 8:46 */
	{ 0x188, 0x80ffffffffffe000 },                                /* 0, 8:50 */
	{ 0x1a8, 0x80fffffffffff000 },                                /* 0, 8:51 */
	{ 0x218, UINT64_MAX },         { 0x220, 0x801f000f000003ff }, /* 0, 11:15, 28:31, 54:63 */
	{ 0x810, 0x001ff00f00000000 },                                /* 11:19, 28:31 */
	{ 0xc18, UINT64_MAX },         { 0xc30, UINT64_MAX },         { 0xc38, UINT64_MAX },
};

static bool is_listed(const uint64_t (*list)[2], size_t count, unsigned offset)
{
	for (size_t i = 0; i < count; i++)
		if (list[i][0] == offset)
			return true;
	return false;
}

START_TEST(registers_reset_to_what_is_documented)
{
	for (unsigned offset = 0; offset < 0x1000; offset += 8)
		if (!is_listed(constants, 5, offset))
			ck_assert_msg(world_get(&world, offset) == 0, "0x%x", offset);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_eq(world_get(&world, (unsigned)constants[i][0]), constants[i][1]);
}
END_TEST

START_TEST(a_small_bridge_says_so)
{
	struct tce_config config = { .pes = 256, .page_sizes = TCE_PAGE_SIZES_POWER9 };

	world_fini(&world);
	world = (struct world){ .memory = memory_create(), .iommu = tce_create(&config, NULL) };
	ck_assert_uint_eq(world_get(&world, 0x258), 0x2008440000000200);
	ck_assert_uint_eq(world_get(&world, 0x268), 0x1000000000000000);
	world_ioda(&world, 9, 511, 7);
	world_ioda(&world, 9, 512, 8); /* 0 again */
	ck_assert_uint_eq(world_ioda_get(&world, 9, 511), 7);
	ck_assert_uint_eq(world_ioda_get(&world, 9, 0), 8);
}
END_TEST

START_TEST(registers_keep_their_bits_and_no_others)
{
	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		world_reg(&world, (unsigned)kept[i][0], UINT64_MAX);
		ck_assert_msg(world_get(&world, (unsigned)kept[i][0]) == kept[i][1], "0x%x", (unsigned)kept[i][0]);
		world_reg(&world, (unsigned)kept[i][0], 0);
		ck_assert_uint_eq(world_get(&world, (unsigned)kept[i][0]), 0);
	}
	for (unsigned i = 0; i < 5; i++) {
		world_reg(&world, (unsigned)constants[i][0], 0x55);
		ck_assert_uint_eq(world_get(&world, (unsigned)constants[i][0]), constants[i][1]);
	}
	for (unsigned offset = 0x110; offset <= 0x120; offset += 0x10) {
		world_reg(&world, offset, UINT64_MAX);
		ck_assert_uint_eq(world_get(&world, offset), 0);
	}
}
END_TEST

START_TEST(registers_are_words_of_eight_bytes)
{
	world_reg(&world, 0x218, 0x1234);
	ck_assert_uint_eq(world.iommu->ops->register_read(world.iommu, 0x218, 4), UINT64_MAX);
	ck_assert_uint_eq(world.iommu->ops->register_read(world.iommu, 0x21c, 8), UINT64_MAX);
	world.iommu->ops->register_write(world.iommu, 0x218, 4, 0x55);
	ck_assert_uint_eq(world_get(&world, 0x218), 0x1234);
	ck_assert_uint_eq(world_get(&world, 0x5000), 0);
	world_reg(&world, 0x5000, 1);
}
END_TEST

START_TEST(tables_are_reached_one_entry_after_the_other)
{
	/* IODA_ADDR: autoincrement is bit 0, the table 11:15, the entry 54:63. */
	world_reg(&world, 0x220, IBM(0) | UINT64_C(9) << 48 | 1022);
	for (uint64_t i = 0; i < 4; i++)
		world_reg(&world, 0x228, 0x1111 * (i + 1));
	ck_assert_uint_eq(world_get(&world, 0x220), IBM(0) | UINT64_C(9) << 48 | 2);
	ck_assert_uint_eq(world_ioda_get(&world, 9, 1022), 0x1111);
	ck_assert_uint_eq(world_ioda_get(&world, 9, 1023), 0x2222);
	ck_assert_uint_eq(world_ioda_get(&world, 9, 0), 0x3333);
	ck_assert_uint_eq(world_get(&world, 0x228), 0x3333); /* without, the entry stays */

	world_reg(&world, 0x220, IBM(0) | UINT64_C(9) << 48 | 1022);
	for (uint64_t i = 0; i < 4; i++)
		ck_assert_uint_eq(world_get(&world, 0x228), 0x1111 * (i + 1));
}
END_TEST

START_TEST(pe_states_are_one_bit_and_the_vector_tells_them)
{
	world_ioda(&world, 7, 65, UINT64_MAX);
	world_ioda(&world, 8, 130, UINT64_MAX);
	ck_assert_uint_eq(world_ioda_get(&world, 7, 65), IBM(0));
	ck_assert_uint_eq(world_ioda_get(&world, 8, 65), 0);
	ck_assert_uint_eq(world_ioda_get(&world, 20, 0), 0);
	ck_assert_uint_eq(world_ioda_get(&world, 20, 1), IBM(1));
	ck_assert_uint_eq(world_ioda_get(&world, 20, 2), IBM(2));
	ck_assert_uint_eq(world_get(&world, 0x120), IBM(29)); /* PESTA: loads and stores; no error is in a register */
	ck_assert_uint_eq(world_get(&world, 0x110), IBM(29));
	world_ioda(&world, 7, 65, 0);
	ck_assert_uint_eq(world_get(&world, 0x120), 0);
	ck_assert_uint_eq(world_ioda_get(&world, 20, 1), 0);
	world_ioda(&world, 20, 2, 0); /* the vector follows the states */
	ck_assert_uint_eq(world_ioda_get(&world, 20, 2), IBM(2));
}
END_TEST

START_TEST(tables_that_are_not_there_read_as_zero)
{
	static const unsigned absent[] = { 0, 1, 2, 5, 6, 10, 11, 16, 17, 31 };

	for (unsigned i = 0; i < 10; i++) {
		world_ioda(&world, absent[i], 3, 0x55);
		ck_assert_uint_eq(world_ioda_get(&world, absent[i], 3), 0);
	}
}
END_TEST

START_TEST(syncs_are_done_at_once)
{
	world_reg(&world, 0x200, IBM(0));
	ck_assert_uint_eq(world_get(&world, 0x200), IBM(1));
	ck_assert_uint_eq(world_get(&world, 0x888) & IBM(7), 0);
	world_reg(&world, 0x888, IBM(0));
	ck_assert_uint_eq(world_get(&world, 0x888), IBM(0));
	world_reg(&world, 0x888, IBM(0) | IBM(1));
	ck_assert_uint_eq(world_get(&world, 0x888), 0);
}
END_TEST

START_TEST(the_lem_has_and_and_or)
{
	world_reg(&world, 0xc00, 0xff);
	world_reg(&world, 0xc08, 0x0f);
	world_reg(&world, 0xc10, 0xf00);
	ck_assert_uint_eq(world_get(&world, 0xc00), 0xf0f);
	world_reg(&world, 0xc18, 0xff);
	world_reg(&world, 0xc20, 0xf0);
	world_reg(&world, 0xc28, 0x1);
	ck_assert_uint_eq(world_get(&world, 0xc18), 0xf1);
	ck_assert_uint_eq(world_get(&world, 0xc08), 0);
}
END_TEST

START_TEST(error_blocks_are_of_one_shape)
{
	static const unsigned blocks[] = { 0xc80, 0xd80, 0xe80 };

	for (unsigned i = 0; i < 3; i++) {
		world_reg(&world, blocks[i], UINT64_MAX); /* status: nothing is set by writing */
		world_reg(&world, blocks[i] + 0x10, UINT64_MAX);
		world_reg(&world, blocks[i] + 0x38, UINT64_MAX);
		for (unsigned offset = 0x18; offset < 0x60; offset += 8)
			world_reg(&world, blocks[i] + offset, offset);
		ck_assert_uint_eq(world_get(&world, blocks[i]), 0);
		ck_assert_uint_eq(world_get(&world, blocks[i] + 0x10), 0);
		for (unsigned offset = 0x18; offset < 0x60; offset += 8)
			ck_assert_uint_eq(world_get(&world, blocks[i] + offset), offset == 0x38 ? 0 : offset);
		ck_assert_uint_eq(world_get(&world, blocks[i] + 0x60), 0);
	}
}
END_TEST

START_TEST(there_is_no_queue)
{
	ck_assert_uint_eq(iommu_drain_queue_now(world.iommu, world.memory), 0);
}
END_TEST

int main(void)
{
	return world_suite("tce registers", setup, teardown,
			   (const TTest *const[]){
				   registers_reset_to_what_is_documented,
				   a_small_bridge_says_so,
				   registers_keep_their_bits_and_no_others,
				   registers_are_words_of_eight_bytes,
				   tables_are_reached_one_entry_after_the_other,
				   pe_states_are_one_bit_and_the_vector_tells_them,
				   tables_that_are_not_there_read_as_zero,
				   syncs_are_done_at_once,
				   the_lem_has_and_and_or,
				   error_blocks_are_of_one_shape,
				   there_is_no_queue,
				   NULL,
			   });
}
