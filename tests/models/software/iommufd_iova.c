/* SPDX-License-Identifier: Apache-2.0 */
/* Places are those that 6.12 kernels chose, or follow from [LINUX] iopt_alloc_iova() step by step. */
#include <errno.h>

#include "tests/models/software/iommufd_fixture.h"
#include "tests/suite.h"

#define PAGE UINT64_C(0x1000)

static struct host host;
static struct ioas ioas;
static struct iommufd_source source;

static void setup(void)
{
	host_init(&host, 0x1000000, 12, 0);
	ioas_init(&ioas);
	source = host_source(&host, ACCOUNT_USER);
}

static void teardown(void)
{
	ioas_fini(&ioas);
	host_fini(&host);
}

/* Where it is put, or the negative errno value. */
static int64_t put(uint64_t vaddr, uint64_t bytes)
{
	struct ioas_place place = { .bytes = bytes };
	int error = ioas_map(&ioas, &source, NULL, vaddr, RW, &place, &host.work);

	return error ? -error : (int64_t)place.iova;
}

static int64_t place_of(uint64_t address, uint64_t bytes)
{
	struct ioas_place place = { .bytes = bytes };
	int error = ioas_find_place(&ioas, address, &place);

	return error ? -error : (int64_t)place.iova;
}

START_TEST(without_a_domain_places_begin_at_one_page_and_keep_the_addresses_alignment)
{
	ck_assert_int_eq(map_at(&ioas, &source, 0, RAM_VADDR, PAGE, RW, &host.work), 0);
	ck_assert_int_eq(put(RAM_VADDR, 0x1000), 0x1000);
	ck_assert_int_eq(put(RAM_VADDR, 0x4000), 0x4000);
	ck_assert_int_eq(put(RAM_VADDR, 0x40000), 0x40000);
	ck_assert_int_eq(put(RAM_VADDR + 0x800, 0x1000), 0x2800);
}
END_TEST

START_TEST(below_an_aperture_nothing_is_put)
{
	ioas.alignment = 0x800;
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0, 0xffffff }, &host), 0);
	ck_assert_int_eq(put(RAM_VADDR, 0x1000), 0x1000000);
	ck_assert_int_eq(put(RAM_VADDR, 0x4000), 0x1004000);
	ck_assert_int_eq(put(RAM_VADDR, 0x40000), 0x1040000);
	ck_assert_int_eq(put(RAM_VADDR + 0x800, 0x1000), 0x1001800);
}
END_TEST

START_TEST(an_address_aligned_below_the_io_page_has_no_place)
{
	ioas.alignment = PAGE;
	ck_assert_int_eq(place_of(RAM_VADDR + 0x800, 0x1000), -EINVAL);
	ck_assert_int_eq(place_of(RAM_VADDR, 0x1800), -EINVAL);
	ck_assert_int_eq(place_of(RAM_VADDR, 0x1000), 0x1000);
}
END_TEST

START_TEST(alignment_is_that_of_the_size_and_the_address_and_of_2_mib_at_most)
{
	ck_assert_int_eq(place_of(UINT64_C(1) << 33, UINT64_C(1) << 30), 0x200000);
	ck_assert_int_eq(place_of(0x3000, UINT64_C(1) << 30), 0x1000);
	ck_assert_int_eq(place_of(0x6000, 0x10000), 0x2000);
	ck_assert_int_eq(place_of(0, 0x5000), 0x8000); /* a file's beginning: by the size alone */
}
END_TEST

START_TEST(a_hole_that_is_too_small_is_passed_over)
{
	ck_assert_int_eq(map_at(&ioas, &source, 0x4000, RAM_VADDR, PAGE, RW, &host.work), 0);
	ck_assert_int_eq(map_at(&ioas, &source, 0x6000, RAM_VADDR, PAGE, RW, &host.work), 0);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0x8000, 0xbfff }, &host), 0);
	ck_assert_int_eq(place_of(0x1000, 0x2000), 0x1000);
	ck_assert_int_eq(place_of(0x2000, 0x2000), 0x2000);
	ck_assert_int_eq(place_of(RAM_VADDR, 0x4000), 0xc000);
}
END_TEST

START_TEST(allowed_iovas_are_where_places_are_looked_for_and_fixed_ones_need_not_be)
{
	const struct iova_span allowed[] = { { 0x2000000, 0x200ffff } };

	ck_assert_int_eq(ioas_allow(&ioas, allowed, 1), 0);
	ck_assert_int_eq(put(RAM_VADDR, 0x4000), 0x2000000);
	ck_assert_int_eq(map_at(&ioas, &source, 0x2100000, RAM_VADDR, PAGE, RW, &host.work), 0);
	ck_assert_int_eq(place_of(RAM_VADDR, 0x20000), -ENOSPC);
	ck_assert_int_eq(ioas_allow(&ioas, NULL, 0), 0);
	ck_assert_int_eq(place_of(RAM_VADDR, 0x20000), 0x20000);
}
END_TEST

START_TEST(allowed_neighbours_are_one_span)
{
	const struct iova_span allowed[] = { { 0x13000, 0x14fff }, { 0x11000, 0x12fff } };

	ck_assert_int_eq(ioas_allow(&ioas, allowed, 2), 0);
	ck_assert_int_eq(place_of(0x1000, 0x4000), 0x11000);
	ck_assert_int_eq(place_of(0x1000, 0x5000), -ENOSPC);
}
END_TEST

START_TEST(allowed_spans_that_overlap_or_are_empty_change_nothing)
{
	const struct iova_span overlap[] = { { 0x2000000, 0x2003fff }, { 0x2002000, 0x2005fff } };
	const struct iova_span inverted[] = { { 0x2004000, 0x2000000 } }, good[] = { { 0x10000, 0x1ffff } };
	const struct iova_span one[] = { { 0x30000, 0x30000 } }; /* one address is too little for the kernel */

	ck_assert_int_eq(ioas_allow(&ioas, good, 1), 0);
	ck_assert_int_eq(ioas_allow(&ioas, overlap, 2), EINVAL);
	ck_assert_int_eq(ioas_allow(&ioas, inverted, 1), EINVAL);
	ck_assert_int_eq(ioas_allow(&ioas, one, 1), EINVAL);
	ck_assert_int_eq(place_of(RAM_VADDR, PAGE), 0x10000);
}
END_TEST

START_TEST(what_is_reserved_cannot_be_allowed_nor_the_reverse)
{
	const struct iova_span low[] = { { 0, 0xfff } };

	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0, 0xffffff }, &host), 0);
	ck_assert_int_eq(ioas_allow(&ioas, low, 1), EADDRINUSE);
	ioas_unreserve(&ioas, &host);
	ck_assert_int_eq(ioas_allow(&ioas, low, 1), 0);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0xfff, 0x1fff }, &host), EADDRINUSE);
	ck_assert_int_eq(map_at(&ioas, &source, 0x5000, RAM_VADDR, PAGE, RW, &host.work), 0);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0x5800, 0x6000 }, &host), EADDRINUSE);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0x6000, 0x6fff }, &host), 0);
}
END_TEST

START_TEST(ranges_are_what_is_left_between_reserved_ones_that_may_overlap)
{
	struct iova_span span[4];
	int first, second;

	ck_assert_uint_eq(ioas_ranges(&ioas, span, 4), 1);
	ck_assert_uint_eq(span[0].first, 0);
	ck_assert_uint_eq(span[0].last, UINT64_MAX);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0xfee00000, 0xfeefffff }, &first), 0);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ UINT64_C(1) << 48, UINT64_MAX }, &first), 0);
	ck_assert_int_eq(ioas_reserve(&ioas, (struct iova_span){ 0xfee00000, 0xfeefffff }, &second), 0);
	ck_assert_uint_eq(ioas_ranges(&ioas, span, 4), 2);
	ck_assert_uint_eq(span[0].last, 0xfedfffff);
	ck_assert_uint_eq(span[1].first, 0xfef00000);
	ck_assert_uint_eq(span[1].last, 0xffffffffffff);
	ck_assert_uint_eq(ioas_ranges(&ioas, span, 1), 2);
	ioas_unreserve(&ioas, &first);
	ck_assert_uint_eq(ioas_ranges(&ioas, span, 4), 2);
	ck_assert_uint_eq(span[1].last, UINT64_MAX);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_a_domain_places_begin_at_one_page_and_keep_the_addresses_alignment,
		below_an_aperture_nothing_is_put,
		an_address_aligned_below_the_io_page_has_no_place,
		alignment_is_that_of_the_size_and_the_address_and_of_2_mib_at_most,
		a_hole_that_is_too_small_is_passed_over,
		allowed_iovas_are_where_places_are_looked_for_and_fixed_ones_need_not_be,
		allowed_neighbours_are_one_span,
		allowed_spans_that_overlap_or_are_empty_change_nothing,
		what_is_reserved_cannot_be_allowed_nor_the_reverse,
		ranges_are_what_is_left_between_reserved_ones_that_may_overlap,
		NULL,
	};
	Suite *suite = suite_create("iommufd_iova");
	TCase *test = tcase_create("iova");

	tcase_add_checked_fixture(test, setup, teardown);
	for (const TTest *const *each = tests; *each; each++)
		tcase_add_test(test, *each);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
