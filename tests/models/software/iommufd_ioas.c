/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_ioas.h"

#include <errno.h>

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define I0 UINT64_C(0x2000000)

static struct host host;
static struct iommufd_domain domain;
static struct ioas ioas, other;
static struct iommufd_source source;

static void setup(void)
{
	host_init(&host, 0x1000000, 12, 0);
	ioas_init(&ioas);
	ioas_init(&other);
	domain = host_iommufd_domain(&host.table);
	source = host_source(&host, ACCOUNT_USER);
}

static void teardown(void)
{
	if (ioas.domain_count)
		ioas_detach(&ioas, &domain, &host.work);
	ioas_fini(&ioas);
	ioas_fini(&other);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.process.account.total, 0);
	host_fini(&host);
}

static int map(iova_t iova, uint64_t offset, uint64_t bytes)
{
	return map_at(&ioas, &source, iova, RAM_VADDR + offset, bytes, RW, &host.work);
}

static void unmaps(iova_t iova, uint64_t bytes, int error, uint64_t unmapped)
{
	uint64_t done;

	ck_assert_int_eq(unmap_range(&ioas, iova, bytes, &done, &host.work), error);
	ck_assert_uint_eq(done, unmapped);
}

static uint64_t unmap_all(struct ioas *from)
{
	struct ioas_unmap_call call;

	ioas_unmap_all_begin(&call, &host.work);
	ck_assert_int_eq(ioas_unmap_finish(from, &call, &host.work), 0);
	return call.bytes;
}

static void attach(void)
{
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ INTERRUPT_RANGE_FIRST, INTERRUPT_RANGE_LAST }, &host),
			 0);
	ck_assert_int_eq(ioas_attach(&ioas, &domain, &host.work), 0);
}

START_TEST(without_a_domain_nothing_is_pinned_and_any_byte_may_be_mapped)
{
	process_remove_areas(&host.process, RAM_VADDR, 0x1000);
	ck_assert_int_eq(map(I0, 0, 0x1000), 0);
	ck_assert_int_eq(map(I0 + 0x1001, 0x10, 0x7), 0);
	ck_assert_int_eq(map(UINT64_MAX, 0, 1), 0);
	ck_assert_int_eq(map(UINT64_MAX - 0xfff, 0, 0x1000), EEXIST);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host.work.pin_calls, 0);
	ck_assert_uint_eq(unmap_all(&ioas), 0x1008);
	ck_assert_uint_eq(unmap_all(&ioas), 0);
}
END_TEST

/* With a VT-d domain of 48 bits: what iofd's case "map" asks, worked out from io_pagetable.c. */
START_TEST(a_fixed_map_is_checked_in_the_kernels_order)
{
	const struct {
		uint64_t iova, vaddr, bytes;
		int error;
	} calls[] = {
		{ I0, RAM_VADDR, 0x1000, 0 },
		{ I0, RAM_VADDR, 0x1000, EEXIST },
		{ I0, RAM_VADDR + 0x1000, 0x2000, EEXIST },
		{ I0 - 0x1000, RAM_VADDR, 0x3000, EEXIST },
		{ I0 + 0x30000, RAM_VADDR, 0, EINVAL },
		{ I0 + 0x30000, RAM_VADDR + 0x800, 0x1000, EINVAL },
		{ I0 + 0x30800, RAM_VADDR + 0x800, 0x1000, EINVAL },
		{ I0 + 0x40800, RAM_VADDR, 0x1000, EINVAL },
		{ I0 + 0x50000, RAM_VADDR, 0x800, EINVAL },
		{ I0 + 0x60000, RAM_VADDR, 0x1800, EINVAL },
		{ I0, RAM_VADDR + 0x800, 0x1000, EEXIST }, /* before the address's alignment */
		{ UINT64_MAX - 0xfff, RAM_VADDR, 0x1000, EINVAL },
		{ UINT64_MAX - 0xfff, RAM_VADDR, 0x2000, EOVERFLOW },
		{ I0 + 0x70000, UINT64_MAX - 0xfff, 0x2000, EOVERFLOW },
		{ I0 + 0x70000, UINT64_MAX - 0xfff, 0x1000, EOVERFLOW },
		{ 0, RAM_VADDR, 0x1000, 0 },
		{ 0xfee00000, RAM_VADDR, 0x1000, EINVAL },
		{ 0xfef00000, RAM_VADDR, 0x1000, 0 },
		{ UINT64_C(1) << 39, RAM_VADDR, 0x1000, 0 },
		{ (UINT64_C(1) << 48) - 0x1000, RAM_VADDR, 0x1000, 0 },
		{ UINT64_C(1) << 48, RAM_VADDR, 0x1000, EINVAL },
		{ I0 + 0x70000, RAM_VADDR - 0x1000, 0x2000, EFAULT },
	};
	unsigned mapped = 0;

	attach();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int error = map_at(&ioas, &source, calls[i].iova, calls[i].vaddr, calls[i].bytes, RW, &host.work);

		ck_assert_msg(error == calls[i].error, "call %zu: %d", i, error);
		mapped += !error;
		ck_assert_uint_eq(host.process.pinned_vm, mapped);
		ck_assert_uint_eq(ioas.areas.count, mapped);
	}
	ck_assert_uint_eq(unmap_all(&ioas), mapped * UINT64_C(0x1000));
}
END_TEST

START_TEST(the_table_leads_where_the_memory_is_until_it_is_unmapped)
{
	unsigned permissions;

	attach();
	ck_assert_int_eq(map_at(&ioas, &source, I0, RAM_VADDR + 0x3000, 0x2000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(host_translate(&host, I0 + 0x1000, &permissions), RAM_BASE + 0x4000);
	ck_assert_uint_eq(permissions, PT_READ);
	unmaps(I0, 0x2000, 0, 0x2000);
	ck_assert_uint_eq(host_translate(&host, I0 + 0x1000, &permissions), PHYS_NONE);
}
END_TEST

START_TEST(what_allows_nothing_is_refused_by_the_driver_after_the_memory_was_found)
{
	attach();
	ck_assert_int_eq(map_at(&ioas, &source, I0, RAM_VADDR, 0x1000, 0, &host.work), EINVAL);
	ck_assert_int_eq(map_at(&ioas, &source, I0, RAM_VADDR - 0x1000, 0x1000, 0, &host.work), EFAULT);
	ck_assert_uint_eq(ioas.areas.count, 0);
}
END_TEST

START_TEST(a_table_without_frames_leaves_nothing_behind)
{
	unsigned permissions;

	attach();
	while (frames_alloc(&host.frames) != PHYS_NONE)
		;
	ck_assert_int_eq(map(I0, 0, 0x2000), ENOMEM);
	ck_assert_uint_eq(ioas.areas.count, 0);
	ck_assert_uint_eq(host.pins.pins, 0);
	ck_assert_uint_eq(host_translate(&host, I0, &permissions), PHYS_NONE);
}
END_TEST

START_TEST(the_limit_refuses_a_map_and_takes_it_out_of_the_table_again)
{
	unsigned permissions;

	attach();
	host.process.account.limit_pages = 16;
	ck_assert_int_eq(map(I0, 0, 0x8000), 0);
	ck_assert_int_eq(map(I0 + 0x10000, 0, 0x8000), 0); /* the same memory again: again charged */
	ck_assert_int_eq(map(I0 + 0x20000, 0, 0x1000), ENOMEM);
	ck_assert_uint_eq(host_translate(&host, I0 + 0x20000, &permissions), PHYS_NONE);
	ck_assert_int_eq(copy_at(&ioas, &ioas, I0 + 0x40000, I0, 0x8000, RW, &host.work), 0); /* a copy is not */
	unmaps(I0 + 0x10000, 0x8000, 0, 0x8000);
	ck_assert_int_eq(map(I0 + 0x50000, 0x10000, 0x9000), ENOMEM);
	ck_assert_int_eq(map(I0 + 0x50000, 0x10000, 0x8000), 0);
	ck_assert_uint_eq(unmap_all(&ioas), 0x18000);
}
END_TEST

START_TEST(an_unmap_takes_whole_areas_and_stops_where_it_would_cut_one)
{
	attach();
	ck_assert_int_eq(map(I0, 0, 0x4000), 0);
	unmaps(I0, 0x1000, ENOENT, 0);
	unmaps(I0 + 0x3000, 0x1000, ENOENT, 0);
	unmaps(I0 + 0x1000, 0x1000, ENOENT, 0);
	unmaps(I0 - 0x1000, 0x10000, 0, 0x4000);
	ck_assert_int_eq(map(I0, 0, 0x4000), 0);
	ck_assert_int_eq(map(I0 + 0x4000, 0x4000, 0x4000), 0);
	unmaps(I0, 0x6000, ENOENT, 0x4000); /* the first is gone */
	unmaps(I0 + 0x2000, 0x6000, 0, 0x4000);
	unmaps(I0, 0x8000, 0, 0);
	unmaps(I0, 0, EINVAL, 0);
	unmaps(UINT64_MAX - 0xfff, 0x2000, EOVERFLOW, 0);
}
END_TEST

START_TEST(an_unmap_names_what_to_invalidate_before_it_unpins)
{
	struct ioas_unmap_call call;

	attach();
	ck_assert_int_eq(map(I0, 0, 0x4000), 0);
	ck_assert_int_eq(map(I0 + 0x10000, 0x4000, 0x2000), 0);
	ck_assert_int_eq(ioas_unmap_begin(&call, I0, 0x20000, &host.work), 0);
	ck_assert(ioas_unmap_step(&ioas, &call, &host.work));
	ck_assert_uint_eq(call.flush_iova, I0);
	ck_assert_uint_eq(call.flush_bytes, 0x4000);
	ck_assert_uint_eq(host.pins.pins, 6);
	ck_assert_int_eq(map(I0, 0, 0x1000), EEXIST); /* the place is taken to the end */
	ck_assert(ioas_unmap_step(&ioas, &call, &host.work));
	ck_assert_uint_eq(call.flush_iova, I0 + 0x10000);
	ck_assert_uint_eq(host.pins.pins, 2);
	ck_assert(!ioas_unmap_step(&ioas, &call, &host.work));
	ck_assert_uint_eq(call.bytes, 0x6000);
}
END_TEST

START_TEST(a_copy_shares_pages_and_needs_a_source_without_gaps)
{
	attach();
	ck_assert_int_eq(map(I0, 0, 0x8000), 0);
	ck_assert_int_eq(map(I0 + 0x8000, 0x8000, 0x8000), 0);
	ck_assert_int_eq(copy_at(&other, &ioas, I0, I0, 0x4000, RW, &host.work), 0);
	ck_assert_int_eq(copy_at(&other, &ioas, I0, I0, 0x4000, RW, &host.work), EEXIST);
	ck_assert_int_eq(copy_at(&other, &ioas, I0 + 0x20000, I0, 0x10000, RW, &host.work), 0); /* of two areas */
	ck_assert_uint_eq(other.areas.count, 3);
	ck_assert_int_eq(copy_at(&other, &ioas, I0 + 0x40000, I0 + 0x4000, 0x10000, RW, &host.work), ENOENT);
	ck_assert_int_eq(copy_at(&other, &ioas, I0 + 0x60000, I0 + 0x100000, 0x4000, RW, &host.work), ENOENT);
	ck_assert_int_eq(copy_at(&other, &ioas, I0 + 0x60000, I0, 0, RW, &host.work), EINVAL);
	ck_assert_int_eq(copy_at(&other, &ioas, I0 + 0x60000, UINT64_MAX, 2, RW, &host.work), EOVERFLOW);
	ck_assert_int_eq(copy_at(&other, &ioas, I0 + 0x90800, I0 + 0x800, 0x900, RW, &host.work), 0);
	ck_assert_uint_eq(host.process.pinned_vm, 16);
	ck_assert_uint_eq(unmap_all(&ioas), 0x10000);
	ck_assert_uint_eq(host.process.pinned_vm, 0); /* other has no domain */
	ck_assert_int_eq(copy_at(&ioas, &other, I0, I0 + 0x20000, 0x10000, RW, &host.work), 0); /* pinned anew */
	ck_assert_uint_eq(host.process.pinned_vm, 16);
	ck_assert_uint_eq(unmap_all(&other), 0x14900);
}
END_TEST

START_TEST(a_copy_may_lose_permissions_and_not_win_them)
{
	attach();
	ck_assert_int_eq(map_at(&ioas, &source, I0, RAM_VADDR, 0x4000, PT_READ, &host.work), 0);
	ck_assert_int_eq(copy_at(&ioas, &ioas, I0 + 0x10000, I0, 0x4000, RW, &host.work), EPERM);
	ck_assert_int_eq(copy_at(&ioas, &ioas, I0 + 0x10000, I0, 0x4000, PT_READ, &host.work), 0);
	ck_assert_uint_eq(ioas.areas.count, 2);
}
END_TEST

START_TEST(pages_live_as_long_as_their_last_copy)
{
	unsigned permissions;

	attach();
	ck_assert_int_eq(map(I0, 0x2000, 0x4000), 0);
	ck_assert_int_eq(copy_at(&ioas, &ioas, I0 + 0x20000, I0 + 0x1000, 0x1000, RW, &host.work), 0);
	unmaps(I0, 0x4000, 0, 0x4000);
	ck_assert_uint_eq(host.process.pinned_vm, 1);
	ck_assert_uint_eq(host_translate(&host, I0 + 0x20000, &permissions), RAM_BASE + 0x3000);
	unmaps(I0 + 0x20000, 0x1000, 0, 0x1000);
	ck_assert_uint_eq(host.process.pinned_vm, 0);
}
END_TEST

START_TEST(an_area_with_large_pages_is_not_cut_and_without_it_is)
{
	ck_assert_int_eq(map(I0, 0, 0x4000), 0);
	ck_assert_int_eq(ioas_cut(&ioas, I0 + 0xfff), 0); /* no domain: nothing to lose */
	ck_assert_uint_eq(ioas.areas.count, 2);
	attach();
	ck_assert_int_eq(ioas_cut(&ioas, I0 + 0x1fff), EINVAL);
	unmap_all(&ioas);
	ck_assert_int_eq(ioas_disable_large_pages(&ioas), 0);
	ck_assert_int_eq(map(I0, 0, 0x4000), 0);
	ck_assert_int_eq(ioas_cut(&ioas, I0 + 0x17ff), EINVAL);
	ck_assert_int_eq(ioas_cut(&ioas, I0 + 0x1fff), 0);
	ck_assert_int_eq(ioas_cut(&ioas, I0 + 0x3fff), 0); /* its end: nothing to do */
	ck_assert_int_eq(ioas_cut(&ioas, I0 + 0x2000), 0); /* its first byte is let be, as in Linux */
	ck_assert_uint_eq(ioas.areas.count, 2);
	unmaps(I0 + 0x2000, 0x2000, 0, 0x2000);
	ck_assert_uint_eq(host.process.pinned_vm, 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_a_domain_nothing_is_pinned_and_any_byte_may_be_mapped,
		a_fixed_map_is_checked_in_the_kernels_order,
		the_table_leads_where_the_memory_is_until_it_is_unmapped,
		what_allows_nothing_is_refused_by_the_driver_after_the_memory_was_found,
		a_table_without_frames_leaves_nothing_behind,
		the_limit_refuses_a_map_and_takes_it_out_of_the_table_again,
		an_unmap_takes_whole_areas_and_stops_where_it_would_cut_one,
		an_unmap_names_what_to_invalidate_before_it_unpins,
		a_copy_shares_pages_and_needs_a_source_without_gaps,
		a_copy_may_lose_permissions_and_not_win_them,
		pages_live_as_long_as_their_last_copy,
		an_area_with_large_pages_is_not_cut_and_without_it_is,
		NULL,
	};
	Suite *suite = suite_create("iommufd_ioas");
	TCase *test = tcase_create("ioas");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
