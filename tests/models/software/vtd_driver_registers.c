/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver model on units that are commanded by registers: without a queue, and with write buffers to flush; and
 * few domain identifiers.  Register words are put together by hand from [VTD] "Register Descriptions".
 */
#include <stdlib.h>

#include "models/software/viommu.h"
#include "tests/models/software/vtd_driver_bench.h"
#include "tests/suite.h"

#define ECAP_NO_QUEUE UINT64_C(0xf40) /* IRO: IVA at 0xf0, IOTLB at 0xf8 */
#define RWBF          UINT64_C(0x10)
#define SID           0x0020u
#define PENDING       (UINT64_C(1) << 63) /* ICC, IVT */

/* The next command of the list: its last write; with a page-selective one, IVA before it. */
static void expect_command(struct bench *bench, unsigned offset, uint64_t value, const uint64_t *iva)
{
	struct vtd_submission submission;
	const struct vtd_register_command *command = &submission.command;
	unsigned last = iva ? 1 : 0;

	ck_assert_int_ne(vtd_invalidations_way(&bench->list), VTD_BY_QUEUE);
	ck_assert_int_eq(vtd_driver_submit(bench->driver, &bench->list, &submission), VTD_COMMAND);
	ck_assert_uint_eq(command->writes, last + 1);
	if (iva) {
		ck_assert_uint_eq(command->write[0].offset, 0xf0);
		ck_assert_uint_eq(command->write[0].value, *iva);
	}
	ck_assert_uint_eq(command->write[last].offset, offset);
	ck_assert_uint_eq(command->write[last].bytes, 8);
	ck_assert_uint_eq(command->write[last].value, value);
	ck_assert_uint_eq(command->done.offset, offset);
	ck_assert_uint_eq(command->done.bytes, 8);
	ck_assert_uint_eq(command->done.busy, PENDING);
}

static void expect_end(struct bench *bench)
{
	struct vtd_submission submission;

	ck_assert_int_eq(vtd_driver_submit(bench->driver, &bench->list, &submission), VTD_NOTHING);
}

START_TEST(without_a_queue_no_queue_register_is_written_and_the_first_flush_is_by_register)
{
	struct writes writes = { 0 };
	struct vtd_driver_registers registers = { record_write, &writes };
	struct bench bench;

	setup(&bench, CAP_LAZY, ECAP_NO_QUEUE, 0);
	vtd_driver_start(bench.driver, &registers, &bench.list);
	vtd_driver_enable(bench.driver, &registers);
	ck_assert_uint_eq(writes.count, 3);
	ck_assert_uint_eq(writes.offset[0], 0x20);
	ck_assert_uint_eq(writes.offset[1], 0x18);
	ck_assert_uint_eq(writes.value[1], 0x40000000);
	ck_assert_uint_eq(writes.value[2], 0x80000000);
	/* CCMD: ICC, CIRG 01.  IOTLB: IVT, IIRG 01, DW. */
	expect_command(&bench, 0x28, UINT64_C(0xa000000000000000), NULL);
	expect_command(&bench, 0xf8, UINT64_C(0x9001000000000000), NULL);
	expect_end(&bench);
	teardown(&bench);
}
END_TEST

START_TEST(without_a_queue_attaching_mapping_and_unmapping_are_told_by_register)
{
	static const uint64_t mapped = 0x8000 | 2, unmapped = 0x8000 | 1 << 6 | 2; /* 4 pages hold 3; IH */
	struct bench bench;

	setup(&bench, CAP_Q, ECAP_NO_QUEUE, 0);
	struct vtd_domain *domain = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert(vtd_driver_probe(bench.driver, SID, 0, &bench.list));
	ck_assert(vtd_driver_attach(bench.driver, domain, SID, VTD_DRIVER_NO_PASID, &bench.list));
	/* Caching mode: device-selective under domain 0, then the domain (2). */
	expect_command(&bench, 0x28, UINT64_C(0xe000000000200000), NULL);
	expect_command(&bench, 0xf8, UINT64_C(0xa001000200000000), NULL);
	map(&bench, domain, 0x8000, 0x5000, 0x3000);
	expect_command(&bench, 0xf8, UINT64_C(0xb001000200000000), &mapped);
	map(&bench, domain, 0x10000, 0x9000, 0x1000); /* keeps the table */
	bench.list.count = bench.list.next = 0;
	unmap(&bench, domain, 0x8000, 0x3000);
	expect_command(&bench, 0xf8, UINT64_C(0xb001000200000000), &unmapped);
	expect_end(&bench);
	detach_and_destroy(&bench, domain, SID);
	teardown(&bench);
}
END_TEST

/* GCMD with WBF, and what else is on; GSTS.WBFS tells when it is done. */
static void expect_write_buffer_flush(struct bench *bench, uint64_t value)
{
	struct vtd_submission submission;
	const struct vtd_register_command *command = &submission.command;

	ck_assert_int_eq(vtd_invalidations_way(&bench->list), VTD_BY_GLOBAL_COMMAND);
	ck_assert_int_eq(vtd_driver_submit(bench->driver, &bench->list, &submission), VTD_COMMAND);
	ck_assert_uint_eq(command->writes, 1);
	ck_assert_uint_eq(command->write[0].offset, 0x18);
	ck_assert_uint_eq(command->write[0].bytes, 4);
	ck_assert_uint_eq(command->write[0].value, value);
	ck_assert_uint_eq(command->done.offset, 0x1c);
	ck_assert_uint_eq(command->done.bytes, 4);
	ck_assert_uint_eq(command->done.busy, 0x08000000);
}

/* [VTD] "Write Buffer Flushing": where no invalidation is needed, that is when an entry became present. */
START_TEST(write_buffers_are_flushed_at_start_and_after_what_became_present)
{
	static const uint64_t expected[] = { 0, 0, 0x04000000, 0x0c000000, 0, 0x44000000, 0x0c000000, 0x84000000 };
	struct writes writes = { 0 };
	struct vtd_driver_registers registers = { record_write, &writes };
	struct bench bench;

	setup(&bench, CAP_LAZY | RWBF, ECAP_Q, 0);
	vtd_driver_start(bench.driver, &registers, &bench.list);
	bench.list.count = 0;
	vtd_driver_enable(bench.driver, &registers);
	ck_assert_uint_eq(writes.count, 8);
	for (unsigned i = 0; i < 8; i++)
		if (expected[i])
			ck_assert_uint_eq(writes.value[i], expected[i]);

	struct vtd_domain *domain = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);

	ck_assert(vtd_driver_probe(bench.driver, SID, 0, &bench.list));
	ck_assert(vtd_driver_attach(bench.driver, domain, SID, VTD_DRIVER_NO_PASID, &bench.list));
	expect_write_buffer_flush(&bench, 0x8c000000);
	map(&bench, domain, 0x8000, 0x5000, 0x3000);
	expect_write_buffer_flush(&bench, 0x8c000000);
	expect_end(&bench);
	unmap(&bench, domain, 0x8000, 0x3000); /* an invalidation, by queue */
	ck_assert_uint_eq(bench.list.count, 1);
	ck_assert_int_eq(vtd_invalidations_way(&bench.list), VTD_BY_QUEUE);
	detach_and_destroy(&bench, domain, SID);
	teardown(&bench);
}
END_TEST

START_TEST(in_caching_mode_the_invalidation_stands_for_the_write_buffer_flush)
{
	struct bench bench;

	setup(&bench, CAP_Q | RWBF, ECAP_Q, 0);
	struct vtd_domain *domain = attached(&bench, VTD_DOMAIN_DMA, SID);

	map(&bench, domain, 0x8000, 0x5000, 0x3000);
	ck_assert_uint_eq(bench.list.count, 1);
	ck_assert_int_eq(vtd_invalidations_way(&bench.list), VTD_BY_QUEUE);
	detach_and_destroy(&bench, domain, SID);
	teardown(&bench);
}
END_TEST

/* CAP.ND 0: 16 identifiers, of which Linux keeps 0 and 1 for itself. */
START_TEST(a_unit_with_4_bits_of_domain_identifier_has_14_domains)
{
	struct vtd_domain *domain[15];
	struct bench bench;

	setup(&bench, CAP_LAZY & ~UINT64_C(7), ECAP_Q, 0);
	for (uint16_t i = 0; i < 15; i++) {
		ck_assert_int_eq(vtd_driver_has_id(bench.driver), i < 14);
		domain[i] = vtd_domain_create(bench.driver, VTD_DOMAIN_DMA);
		ck_assert_int_eq(vtd_driver_attach(bench.driver, domain[i], i, VTD_DRIVER_NO_PASID, &bench.list),
				 i < 14);
	}
	ck_assert_uint_eq(vtd_domain_id(domain[13]), 15);
	for (uint16_t i = 0; i < 15; i++)
		detach_and_destroy(&bench, domain[i], i);
	ck_assert(vtd_driver_has_id(bench.driver));
	teardown(&bench);
}
END_TEST

/* The descriptors are those that a guest with a queue gives for the same: vtd_driver.c and its recordings. */
START_TEST(the_emulated_unit_takes_a_register_command_for_its_descriptor)
{
	struct viommu viommu = { .root = PHYS_NONE };
	uint64_t word[2];

	ck_assert(viommu_register(&viommu, ECAP_NO_QUEUE, 0x28, UINT64_C(0xe000000300200007), word));
	ck_assert_uint_eq(word[0], 1 | 3 << 4 | 7 << 16 | UINT64_C(0x20) << 32 | UINT64_C(3) << 48);
	ck_assert_uint_eq(word[1], 0);
	ck_assert(!viommu_register(&viommu, ECAP_NO_QUEUE, 0xf0, 0x8000 | 1 << 6 | 2, word));
	ck_assert(viommu_register(&viommu, ECAP_NO_QUEUE, 0xf8, UINT64_C(0xb001000200000000), word));
	ck_assert_uint_eq(word[0], 2 | 3 << 4 | 2 << 16);
	ck_assert_uint_eq(word[1], 0x8000 | 1 << 6 | 2);
	ck_assert(viommu_register(&viommu, ECAP_NO_QUEUE, 0xf8, UINT64_C(0xa001000200000000), word));
	ck_assert_uint_eq(word[0], 2 | 2 << 4 | 2 << 16);
	ck_assert_uint_eq(word[1], 0);
	/* Neither ICC nor IVT, another register. */
	ck_assert(!viommu_register(&viommu, ECAP_NO_QUEUE, 0x28, UINT64_C(0x6000000000200000), word));
	ck_assert(!viommu_register(&viommu, ECAP_NO_QUEUE, 0xf8, UINT64_C(0x3001000200000000), word));
	ck_assert(!viommu_register(&viommu, ECAP_NO_QUEUE, 0x18, PENDING, word));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_a_queue_no_queue_register_is_written_and_the_first_flush_is_by_register,
		without_a_queue_attaching_mapping_and_unmapping_are_told_by_register,
		write_buffers_are_flushed_at_start_and_after_what_became_present,
		in_caching_mode_the_invalidation_stands_for_the_write_buffer_flush,
		a_unit_with_4_bits_of_domain_identifier_has_14_domains,
		the_emulated_unit_takes_a_register_command_for_its_descriptor,
		NULL,
	};

	return suite_run("software/vtd_driver_registers", tests);
}
