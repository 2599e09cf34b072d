/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware's calls at a bridge, and a window from its making to its end as a host goes through it.  Words are typed from
 * [SKIBOOT] hw/phb4.c.
 */
#include "models/software/opal.h"

#include <check.h>

#include "models/iommu/tce/tce.h"
#include "models/software/tce_table.h"
#include "tests/suite.h"

#define PES    512u
#define RID    0x0100u
#define PE     7u
#define IBM(n) (UINT64_C(1) << (63 - (n)))

static struct iommu *iommu;
static struct memory *memory;
static struct frames frames;
static struct opal_phb phb;
static struct iommu_translation translation;

static void setup(void)
{
	struct tce_config config = {
		.pes = PES,
		.page_sizes = TCE_PAGE_SIZES_POWER9,
		.caches = { .iotlb = { .entries = 64, .ways = 64 }, .device = { .entries = 16, .ways = 16 } },
	};

	memory = memory_create();
	frames_init(&frames, 0x10000000, 0x20000000);
	iommu = tce_create(&config, NULL);
	ck_assert_int_eq(opal_phb_init(&phb, iommu, PES, (struct memory_view){ .memory = memory }, &frames),
			 OPAL_SUCCESS);
}

static void teardown(void)
{
	iommu->ops->destroy(iommu);
	frames_fini(&frames);
	memory_destroy(memory);
}

static uint64_t get(unsigned offset)
{
	return iommu->ops->register_read(iommu, offset, 8);
}

static uint64_t tve(unsigned index)
{
	iommu->ops->register_write(iommu, 0x220, 8, UINT64_C(9) << 48 | index);
	return get(0x228);
}

static unsigned dma(uint64_t address, bool write)
{
	struct iommu_request request = { .source_id = RID, .iova = address, .write = write };

	iommu_translate_now(iommu, memory, &translation, &request);
	return translation.fault_reason;
}

START_TEST(the_bridge_comes_up_with_its_tables)
{
	ck_assert_uint_eq(get(0x168), phb.rtt | IBM(0));
	ck_assert_uint_eq(get(0x188), phb.peltv | IBM(0));
	ck_assert_uint_eq(get(0x1a8), phb.pest | IBM(0));
	ck_assert_uint_eq(get(0x160), IBM(8) | IBM(14));
	ck_assert_uint_eq(get(0xda8), 0xd00000b801000060);
	ck_assert_uint_eq(get(0xea8), 0x6000000000000000);
	ck_assert_uint_eq(get(0xc30), UINT64_MAX);
	/* Everybody is in the reserved PE, 511, which has no window. */
	ck_assert_uint_eq(memory_read64(memory, phb.rtt), 0xff01ff01ff01ff01);
	ck_assert_uint_eq(memory_read64(memory, phb.rtt + 0x1fff8), 0xff01ff01ff01ff01);
	ck_assert_uint_eq(dma(0, false), TCE_FAULT_TVE_INVALID);
	ck_assert_uint_eq(translation.structure[0], 511);
}
END_TEST

START_TEST(without_frames_there_is_no_bridge)
{
	struct frames few;

	frames_init(&few, 0x30000000, 0x30000000 + 33 * PAGE_BYTES);
	ck_assert_int_eq(opal_phb_init(&phb, iommu, PES, (struct memory_view){ .memory = memory }, &few),
			 OPAL_RESOURCE);
	frames_fini(&few);
}
END_TEST

START_TEST(a_requester_gets_its_pe)
{
	ck_assert_int_eq(opal_pci_set_pe(&phb, 0x123, RID + 1, 2), OPAL_SUCCESS);
	ck_assert_uint_eq(memory_read64(memory, phb.rtt + RID * 2),
			  0xff0123012301ff01); /* most significant byte first */
	ck_assert_int_eq(opal_pci_set_pe(&phb, 512, RID, 1), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_set_pe(&phb, 1, 0xffff, 2), OPAL_PARAMETER);
}
END_TEST

START_TEST(a_window_becomes_a_tve)
{
	static const struct {
		uint64_t page;
		unsigned psize;
	} pages[] = { { 0x1000, 1 }, { 0x10000, 5 }, { 0x200000, 10 }, { 0x40000000, 19 } };

	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE + 1, 3, 0x230000000, 0x10000,
							    pages[i].page),
				 OPAL_SUCCESS);
		ck_assert_uint_eq(tve(2 * PE + 1), UINT64_C(0x230000) << 16 | 2 << 13 | 5 << 8 | pages[i].psize);
	}
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE + 1, 0, 0, 0, 0), OPAL_SUCCESS);
	ck_assert_uint_eq(tve(2 * PE + 1), 0);
}
END_TEST

START_TEST(a_window_that_firmware_refuses)
{
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE + 2, 1, 0, 0x1000, 0x1000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, 512, 1024, 1, 0, 0x1000, 0x1000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE, 0, 0, 0x1000, 0x1000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE, 6, 0, 0x1000, 0x1000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE, 1, 0, 0x800, 0x1000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE, 1, 0, 0x3000, 0x1000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE, 1, 0, 0x1000, 0x1000000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window_real(&phb, PE, 2 * PE, IBM(4), 0x1000000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window_real(&phb, PE, 2 * PE, 0, 0x800000), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_map_pe_dma_window_real(&phb, PE, 2 * PE, 0, UINT64_C(1) << 50), OPAL_PARAMETER);
	ck_assert_uint_eq(tve(2 * PE), 0);
}
END_TEST

START_TEST(the_bypass_is_a_window_of_real_addresses)
{
	ck_assert_int_eq(opal_pci_set_pe(&phb, PE, RID, 1), OPAL_SUCCESS);
	ck_assert_int_eq(opal_pci_map_pe_dma_window_real(&phb, PE, 2 * PE + 1, IBM(4), UINT64_C(1) << 40),
			 OPAL_SUCCESS);
	ck_assert_uint_eq(tve(2 * PE + 1), 0x0000000100001080);
	ck_assert_uint_eq(dma(IBM(4) | 0x123456789, true), TCE_FAULT_NONE);
	ck_assert_uint_eq(translation.output, 0x123456789);
	ck_assert_int_eq(opal_pci_map_pe_dma_window_real(&phb, PE, 2 * PE + 1, 0, 0), OPAL_SUCCESS);
	ck_assert_uint_eq(dma(IBM(4) | 0x123456789, true), TCE_FAULT_TVE_INVALID);
}
END_TEST

/* What a host does for VFIO: a table, a window, maps, unmaps with their kill, an error and its recovery. */
START_TEST(a_window_lives_and_dies)
{
	struct tce_window window = {
		.start = IBM(4), .bytes = UINT64_C(1) << 36, .page_lg2 = 16, .levels = 2, .host_page_lg2 = 16
	};
	struct tce_table table;
	struct map_work work = { 0 };
	unsigned frozen;
	uint64_t pest[2];

	ck_assert_int_eq(tce_table_init(&table, &window, phb.view, &frames, &work), MAP_OK);
	opal_pci_set_pe(&phb, PE, RID, 1);
	opal_pci_set_peltv(&phb, PE, PE, true);
	ck_assert_int_eq(opal_pci_map_pe_dma_window(&phb, PE, 2 * PE + 1, window.levels, table.root,
						    tce_table_level_bytes(&table), 0x10000),
			 OPAL_SUCCESS);
	tce_table_set(&table, window.start + 0x7ff0000, 0x40000000, 4, PT_READ | PT_WRITE, &work);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(dma(window.start + 0x7ff0000 + i * 0x10000 + 5, true), TCE_FAULT_NONE);
		ck_assert_uint_eq(translation.output, 0x40000005 + i * 0x10000);
	}

	tce_table_clear(&table, window.start + 0x7ff0000, 2, &work);
	ck_assert_uint_eq(dma(window.start + 0x7ff0000, false), TCE_FAULT_NONE); /* the kill is missing */
	ck_assert_int_eq(opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x10000, window.start + 0x7ff0000, 2),
			 OPAL_SUCCESS);
	ck_assert_uint_eq(dma(window.start + 0x8010000, false), TCE_FAULT_NONE);
	ck_assert(translation.iotlb_hit);
	ck_assert_uint_eq(dma(window.start + 0x7ff0000, false), TCE_FAULT_TCE_PAGE);

	opal_pci_eeh_freeze_status(&phb, PE, &frozen);
	ck_assert_uint_eq(frozen, OPAL_EEH_FREEZE_ALL);
	opal_pci_get_pest(&phb, PE, pest);
	ck_assert_uint_eq(pest[0], 0x8300b03800000000); /* as a POWER9 logged it: [EEH-LOGS] */
	ck_assert_uint_eq(pest[1], 0x8000000000000000);
	opal_pci_eeh_freeze_clear(&phb, PE, OPAL_EEH_FREEZE_ALL);
	opal_pci_eeh_freeze_status(&phb, PE, &frozen);
	ck_assert_uint_eq(frozen, 0);
	for (unsigned offset = 0xc80; offset <= 0xe80; offset += 0x100)
		ck_assert_uint_eq(get(offset) | get(offset + 8), 0);
	ck_assert_uint_eq(get(0xc00) | get(0xc40), 0);
	ck_assert_uint_eq(dma(window.start + 0x8010000, false), TCE_FAULT_NONE);
	tce_table_fini(&table);
}
END_TEST

START_TEST(software_freezes_a_pe_by_parts)
{
	unsigned frozen;

	for (unsigned what = 1; what <= 3; what++) {
		ck_assert_int_eq(opal_pci_eeh_freeze_set(&phb, 100, what), OPAL_SUCCESS);
		opal_pci_eeh_freeze_status(&phb, 100, &frozen);
		ck_assert_uint_eq(frozen, what);
		opal_pci_eeh_freeze_clear(&phb, 100, OPAL_EEH_FREEZE_ALL);
	}
	ck_assert_int_eq(opal_pci_eeh_freeze_set(&phb, 100, 0), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_eeh_freeze_set(&phb, 512, 1), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_eeh_freeze_clear(&phb, 512, 1), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_eeh_freeze_status(&phb, 512, &frozen), OPAL_PARAMETER);
}
END_TEST

START_TEST(a_child_freezes_with_its_parent_until_it_is_taken_out)
{
	unsigned char byte;

	ck_assert_int_eq(opal_pci_set_peltv(&phb, 5, 66, true), OPAL_SUCCESS);
	memory_read(memory, phb.peltv + 5 * 64 + 8, &byte, 1);
	ck_assert_uint_eq(byte, 0x20);
	ck_assert_int_eq(opal_pci_set_peltv(&phb, 5, 66, false), OPAL_SUCCESS);
	memory_read(memory, phb.peltv + 5 * 64 + 8, &byte, 1);
	ck_assert_uint_eq(byte, 0);
	ck_assert_int_eq(opal_pci_set_peltv(&phb, 512, 0, true), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_set_peltv(&phb, 0, 512, true), OPAL_PARAMETER);
}
END_TEST

START_TEST(kills_are_one_register_write_each)
{
	uint64_t before = phb.register_writes;

	opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x1000, 0x5000, 8);
	ck_assert_uint_eq(phb.register_writes - before, 8 + 1); /* and the sync */
	ck_assert_uint_eq(iommu->stats.commands, 2 + 8);        /* ioda_reset: the RTC and all TCEs */
	phb.kills_pe_for_pages = true;
	before = phb.register_writes;
	opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x1000, 0x5000, 8);
	ck_assert_uint_eq(phb.register_writes - before, 1 + 1);
	ck_assert_uint_eq(get(0x210), PE);
	phb.kills_pe_for_pages = false;
	ck_assert_int_eq(opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x1000, 0x5800, 1), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x10000, 0x5000, 1), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x2000, 0x4000, 1), OPAL_PARAMETER);
	ck_assert_int_eq(opal_pci_tce_kill(&phb, OPAL_PCI_TCE_KILL_PAGES, PE, 0x1000, IBM(3), 1), OPAL_PARAMETER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("opal");
	TCase *tests = tcase_create("opal");

	tcase_set_timeout(tests, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_bridge_comes_up_with_its_tables);
	tcase_add_test(tests, without_frames_there_is_no_bridge);
	tcase_add_test(tests, a_requester_gets_its_pe);
	tcase_add_test(tests, a_window_becomes_a_tve);
	tcase_add_test(tests, a_window_that_firmware_refuses);
	tcase_add_test(tests, the_bypass_is_a_window_of_real_addresses);
	tcase_add_test(tests, a_window_lives_and_dies);
	tcase_add_test(tests, software_freezes_a_pe_by_parts);
	tcase_add_test(tests, a_child_freezes_with_its_parent_until_it_is_taken_out);
	tcase_add_test(tests, kills_are_one_register_write_each);
	suite_add_tcase(suite, tests);
	return suite_main(suite);
}
