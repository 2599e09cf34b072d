/* SPDX-License-Identifier: Apache-2.0 */
/* Protected memory regions.  [VTD] "Protected Memory Range Registers". */
#include "models/iommu/vtd/unit.h"
#include "tests/models/iommu/vtd/world.h"

#define PMEN     0x64
#define PLMBASE  0x68
#define PLMLIMIT 0x6c
#define PHMBASE  0x70
#define PHMLIMIT 0x78

static struct world w;

static void begin(uint64_t regions)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_no_caches };
	struct err err = { 0 };

	features.protected_memory = true;
	world_init(&w, &features, &world_no_caches);
	vtd_capabilities(&features, &config);
	ck_assert_uint_eq(config.capability & 0x60, 0x60);
	config.capability = (config.capability & ~UINT64_C(0x60)) | regions;
	w.unit->ops->destroy(w.unit);
	w.unit = vtd_create(&config, &err);
	ck_assert_msg(w.unit != NULL, "%s", err.text);
}

static bool is_protected(phys_t first, phys_t last)
{
	return vtd_is_protected((struct vtd *)w.unit, first, last);
}

/* PLMR is bit 5, PHMR bit 6. */
START_TEST(regions_that_the_unit_lacks_have_no_registers)
{
	for (uint64_t regions = 0; regions < 4; regions++) {
		bool low = regions & 1, high = regions & 2;

		begin(regions << 5);
		for (unsigned offset = PLMBASE; offset < 0x80; offset += 4)
			world_set_register(&w, offset, 4, UINT32_MAX);
		ck_assert_uint_eq(world_register(&w, PLMBASE, 4), low ? 0xffe00000 : 0);
		ck_assert_uint_eq(world_register(&w, PLMLIMIT, 4), low ? 0xffe00000 : 0);
		ck_assert_uint_eq(world_register(&w, PHMBASE, 8), high ? UINT64_C(0x3fffffe00000) : 0);
		ck_assert_uint_eq(world_register(&w, PHMLIMIT, 8), high ? UINT64_C(0x3fffffe00000) : 0);
		world_set_register(&w, PMEN, 4, UINT32_MAX);
		ck_assert_uint_eq(world_register(&w, PMEN, 4), low || high ? UINT32_C(0x80000001) : 0);
		world_set_register(&w, PMEN, 4, 0);
		ck_assert_uint_eq(world_register(&w, PMEN, 4), 0);
		world_fini(&w);
	}
}
END_TEST

START_TEST(a_region_reaches_from_its_base_to_the_end_of_its_limit)
{
	begin(0x60);
	world_set_register(&w, PLMBASE, 4, 0x400000);
	world_set_register(&w, PLMLIMIT, 4, 0x600000);
	world_set_register(&w, PHMBASE, 8, UINT64_C(0x1000000000));
	world_set_register(&w, PHMLIMIT, 8, UINT64_C(0x1000000000));
	ck_assert(!is_protected(0x400000, 0x400fff)); /* not enabled */
	world_set_register(&w, PMEN, 4, 1u << 31);
	ck_assert(!is_protected(0x3ff000, 0x3fffff));
	ck_assert(is_protected(0x3ff000, 0x400000));
	ck_assert(is_protected(0x400000, 0x400000));
	ck_assert(is_protected(0x7fffff, 0x7fffff)); /* bits 20:0 of the limit count as ones */
	ck_assert(!is_protected(0x800000, 0x800fff));
	ck_assert(is_protected(0, UINT64_MAX));
	ck_assert(!is_protected(UINT64_C(0xffffff000), UINT64_C(0xfffffffff)));
	ck_assert(is_protected(UINT64_C(0x1000000000), UINT64_C(0x1000000000)));
	ck_assert(is_protected(UINT64_C(0x10001fffff), UINT64_C(0x1000200000)));
	ck_assert(!is_protected(UINT64_C(0x1000200000), UINT64_C(0x1000200fff)));
	world_fini(&w);
}
END_TEST

START_TEST(a_limit_below_the_base_protects_nothing)
{
	begin(0x60);
	world_set_register(&w, PLMBASE, 4, 0x400000);
	world_set_register(&w, PLMLIMIT, 4, 0x200000);
	world_set_register(&w, PHMBASE, 8, UINT64_C(0x1000000000));
	world_set_register(&w, PMEN, 4, 1u << 31);
	ck_assert(!is_protected(0, UINT64_MAX));
	world_fini(&w);
}
END_TEST

/* Registers that are not there would describe [0, 2 MiB). */
START_TEST(a_region_that_is_not_there_protects_nothing)
{
	begin(0x20);
	world_set_register(&w, PLMBASE, 4, 0x400000);
	world_set_register(&w, PLMLIMIT, 4, 0x400000);
	world_set_register(&w, PMEN, 4, 1u << 31);
	ck_assert(!is_protected(0, 0x1fffff));
	ck_assert(is_protected(0x400000, 0x400000));
	world_fini(&w);
	begin(0x40);
	world_set_register(&w, PHMBASE, 8, 0x400000);
	world_set_register(&w, PHMLIMIT, 8, 0x400000);
	world_set_register(&w, PMEN, 4, 1u << 31);
	ck_assert(!is_protected(0, 0x1fffff));
	ck_assert(is_protected(0x400000, 0x400000));
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		regions_that_the_unit_lacks_have_no_registers,
		a_region_reaches_from_its_base_to_the_end_of_its_limit,
		a_limit_below_the_base_protects_nothing,
		a_region_that_is_not_there_protects_nothing,
		NULL,
	};

	return suite_run("vtd protected memory", tests);
}
