/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/iommu/tce/world.h"

void world_init(struct world *world)
{
	struct tce_config config = {
		.pes = 512,
		.page_sizes = TCE_PAGE_SIZES_POWER9,
		.caches = { .iotlb = { .entries = 64, .ways = 64 }, .device = { .entries = 16, .ways = 16 } },
	};
	struct err err = { 0 };

	*world = (struct world){ .memory = memory_create(), .iommu = tce_create(&config, &err) };
	ck_assert_msg(world->iommu, "%s", err.text);
	world_reg(world, 0x168, RTT | UINT64_C(1) << 63);
	world_reg(world, 0x188, PELTV | UINT64_C(1) << 63);
	world_reg(world, 0x1a8, PEST | UINT64_C(1) << 63);
	world_reg(world, 0xd98, UINT64_MAX);         /* RXE_ARB: all go to the LEM */
	world_reg(world, 0xda8, 0xd00000b801000060); /* and these freeze: phb4_init_errors */
	world_reg(world, 0xe98, UINT64_MAX);         /* RXE_TCE, likewise */
	world_reg(world, 0xea8, 0x6000000000000000);
	world_rte(world, RID, PE);
}

void world_fini(struct world *world)
{
	world->iommu->ops->destroy(world->iommu);
	memory_destroy(world->memory);
}

void world_reg(struct world *world, unsigned offset, uint64_t value)
{
	world->iommu->ops->register_write(world->iommu, offset, 8, value);
}

uint64_t world_get(struct world *world, unsigned offset)
{
	return world->iommu->ops->register_read(world->iommu, offset, 8);
}

void world_ioda(struct world *world, unsigned table, unsigned index, uint64_t value)
{
	world_reg(world, 0x220, (uint64_t)table << 48 | index);
	world_reg(world, 0x228, value);
}

uint64_t world_ioda_get(struct world *world, unsigned table, unsigned index)
{
	world_reg(world, 0x220, (uint64_t)table << 48 | index);
	return world_get(world, 0x228);
}

void world_be64(struct world *world, uint64_t address, uint64_t value)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (56 - 8 * i));
	memory_write(world->memory, address, bytes, sizeof(bytes));
}

uint64_t world_be64_get(struct world *world, uint64_t address)
{
	unsigned char bytes[8];
	uint64_t value = 0;

	memory_read(world->memory, address, bytes, sizeof(bytes));
	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

void world_rte(struct world *world, unsigned rid, unsigned pe)
{
	unsigned char bytes[2] = { (unsigned char)(pe >> 8), (unsigned char)pe };

	memory_write(world->memory, RTT + 2 * rid, bytes, sizeof(bytes));
}

static bool access_memory(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	struct world *world = argument;

	world->writes += access->want == IOMMU_WANTS_WRITE;
	iommu_access_now(world->memory, access, words);
	return true;
}

enum iommu_status world_dma(struct world *world, unsigned rid, uint64_t address, bool write)
{
	struct iommu_request request = {
		.type = IOMMU_UNTRANSLATED, .source_id = (uint16_t)rid, .iova = address, .write = write
	};

	world->writes = 0;
	iommu_translate_through(world->iommu, access_memory, world, &world->translation, &request);
	return world->translation.status;
}

void world_expect(struct world *world, uint64_t address, bool write, uint64_t output)
{
	ck_assert_msg(world_dma(world, RID, address, write) == IOMMU_TRANSLATED, "0x%llx: %s",
		      (unsigned long long)address, tce_fault_text(world->translation.fault_reason));
	ck_assert_uint_eq(world->translation.output, output);
	ck_assert_int_eq(world->translation.completion, IOMMU_SUCCESS);
}

void world_expect_fault(struct world *world, uint64_t address, bool write, enum tce_fault fault)
{
	ck_assert_int_eq(world_dma(world, RID, address, write), IOMMU_FAULT);
	ck_assert_str_eq(tce_fault_text(world->translation.fault_reason), tce_fault_text(fault));
}

int world_suite(const char *name, void (*setup)(void), void (*teardown)(void), const TTest *const *tests)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);

	tcase_set_timeout(all, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(all, setup, teardown);
	for (; *tests; tests++)
		tcase_add_test(all, *tests);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
