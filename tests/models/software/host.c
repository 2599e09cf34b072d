/* SPDX-License-Identifier: Apache-2.0 */
/* A container over a domain of the host's own driver. */
#include "models/software/host.h"

#include <stdlib.h>

#include "models/software/container.h"
#include "tests/models/software/vtd_driver_bench.h"
#include "tests/suite.h"

#define RAM_VADDR UINT64_C(0x200000000)
#define RAM_BASE  UINT64_C(0x40000000)
#define SID       0x0020u

static struct bench bench;
static struct host_domain host;
static struct pins pins;
static struct process process;
static struct container container;
static struct host_work work;

static void setup_container(void)
{
	struct area ram = { .vaddr = RAM_VADDR,
			    .bytes = 0x800000,
			    .permissions = PT_READ | PT_WRITE,
			    .base = RAM_BASE,
			    .page_lg2 = 21,
			    .backed_bytes = 0x800000 };

	setup(&bench, CAP_LAZY, ECAP_Q, 0);
	host = (struct host_domain){ .domain = attached(&bench, VTD_DOMAIN_UNMANAGED, SID), .list = &bench.list };
	pins_init(&pins, ram.base, ram.bytes);
	process_init(&process, &pins, 0);
	process_add_area(&process, &ram);
	work = (struct host_work){ 0 };

	struct container_config config = {
		.process = &process, .table = host_table_of_domain(&host), .pin_batch_pages = 512, .flush_runs = 512
	};

	container_init(&container, &config);
}

static void teardown_container(void)
{
	container_fini(&container);
	vtd_domain_free_tables(host.domain, &host.gather.freed);
	table_list_fini(&host.gather.freed);
	process_fini(&process);
	pins_fini(&pins);
	detach_and_destroy(&bench, host.domain, SID);
	teardown(&bench);
}

START_TEST(an_unmap_step_leaves_one_flush_of_its_range_to_the_driver)
{
	struct unmap_call call;

	ck_assert_int_eq(container_map(&container, 0x8000, RAM_VADDR, 0x3000, PT_READ | PT_WRITE, &work), 0);
	EXPECT_NOTHING(&bench);
	container_unmap_begin(&call, 0x8000, 0xafff);
	ck_assert(container_unmap_step(&container, &call, &work));
	vtd_domain_sync_unmap(host.domain, &host.gather, host.list);

	/*
	 * [VTD] "IOTLB Invalidate": type 2, G page-selective, DW, DR, DID; ADDR, IH: no table went, AM: 4
	 * pages hold 3.
	 */
	uint64_t did = vtd_domain_id(host.domain);

	EXPECT(&bench, { 2 | 3 << 4 | 1 << 6 | 1 << 7 | did << 16, 0x8000 | 1 << 6 | 2 });
	ck_assert(!container_unmap_step(&container, &call, &work));
	ck_assert_uint_eq(call.bytes, 0x3000);
}
END_TEST

START_TEST(a_table_taken_out_keeps_its_frame_until_the_flush_is_done)
{
	struct unmap_call call;
	size_t used;

	/* One run over a table's whole range in small leaves: the output is aligned to 4 KiB only. */
	process.area[0].page_lg2 = 30;
	ck_assert_int_eq(container_map(&container, 0x1ff000, RAM_VADDR, 0x400000, PT_READ, &work), 0);
	used = frames_used(&bench.frames);
	container_unmap_begin(&call, 0, UINT64_MAX);
	while (container_unmap_step(&container, &call, &work))
		vtd_domain_sync_unmap(host.domain, &host.gather, host.list);
	ck_assert_uint_gt(host.gather.freed.count, 0);
	ck_assert_uint_eq(frames_used(&bench.frames), used);

	size_t freed = host.gather.freed.count;

	vtd_domain_free_tables(host.domain, &host.gather.freed);
	ck_assert_uint_eq(frames_used(&bench.frames), used - freed);
	bench.list.count = 0;
}
END_TEST

START_TEST(a_huge_host_page_becomes_a_large_leaf_of_the_domain)
{
	ck_assert_int_eq(container_map(&container, 0x400000, RAM_VADDR + 0x200000, 0x400000, PT_READ, &work), 0);
	ck_assert_uint_eq(work.table.entries_written, 2);
	ck_assert_uint_eq(work.table_calls, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *test = tcase_create("container over a driver's domain");

	tcase_add_checked_fixture(test, setup_container, teardown_container);
	tcase_add_test(test, an_unmap_step_leaves_one_flush_of_its_range_to_the_driver);
	tcase_add_test(test, a_table_taken_out_keeps_its_frame_until_the_flush_is_done);
	tcase_add_test(test, a_huge_host_page_becomes_a_large_leaf_of_the_domain);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
