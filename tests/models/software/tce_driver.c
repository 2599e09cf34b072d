/* SPDX-License-Identifier: Apache-2.0 */
/* Which hypercalls set and clear so many TCEs: by hand, from [LINUX] tce_buildmulti_pSeriesLP, tce_freemulti_pSeriesLP. */
#include "models/software/tce_driver.h"

#include "models/pagetable/format.h"
#include "tests/suite.h"

#define LIOBN UINT32_C(0x80000000)
#define LIST  UINT64_C(0x7000)

static struct memory_view guest;
static struct tce_driver_job job;
static struct tce_call call;

static void begin(void)
{
	guest = (struct memory_view){ .memory = memory_create(), .offset = UINT64_C(1) << 40 };
}

/* The word of the list, in the guest's byte order. */
static uint64_t listed(unsigned i)
{
	return __builtin_bswap64(view_read64(guest, LIST + 8 * i));
}

static void expect(enum tce_call_kind kind, iova_t ioba, uint64_t tce, uint64_t entries)
{
	ck_assert(tce_driver_next(&job, guest, &call));
	ck_assert_uint_eq(call.kind, kind);
	ck_assert_uint_eq(call.liobn, LIOBN);
	ck_assert_uint_eq(call.ioba, ioba);
	ck_assert_uint_eq(call.tce, tce);
	ck_assert_uint_eq(call.entries, entries);
}

static void expect_end(void)
{
	ck_assert(!tce_driver_next(&job, guest, &call));
	memory_destroy(guest.memory);
}

START_TEST(one_page_is_put_by_its_value)
{
	begin();
	tce_driver_set(&job, LIOBN, 0x1000, 0x123000, 1, PT_READ | PT_WRITE, 12, LIST);
	expect(H_PUT_TCE, 0x1000, 0x123003, 1);
	expect_end();
}
END_TEST

START_TEST(what_a_device_writes_it_may_read)
{
	begin();
	tce_driver_set(&job, LIOBN, 0x1000, 0x123000, 1, PT_WRITE, 12, LIST);
	expect(H_PUT_TCE, 0x1000, 0x123003, 1);
	tce_driver_set(&job, LIOBN, 0x1000, 0x123000, 1, PT_READ, 12, LIST);
	expect(H_PUT_TCE, 0x1000, 0x123001, 1);
	expect_end();
}
END_TEST

START_TEST(two_pages_are_put_by_a_list_of_big_endian_words)
{
	begin();
	tce_driver_set(&job, LIOBN, 0x10000, 0x120000, 2, PT_READ, 16, LIST);
	expect(H_PUT_TCE_INDIRECT, 0x10000, LIST, 2);
	ck_assert_uint_eq(listed(0), 0x120001);
	ck_assert_uint_eq(listed(1), 0x130001);
	expect_end();
}
END_TEST

START_TEST(a_list_has_512_words_and_what_is_left_of_513_has_a_list_of_its_own)
{
	begin();
	tce_driver_set(&job, LIOBN, 0x100000, 0x40000000, 513, PT_READ | PT_WRITE, 12, LIST);
	expect(H_PUT_TCE_INDIRECT, 0x100000, LIST, 512);
	ck_assert_uint_eq(listed(511), 0x401ff003);
	expect(H_PUT_TCE_INDIRECT, 0x300000, LIST, 1);
	ck_assert_uint_eq(listed(0), 0x40200003);
	expect_end();
}
END_TEST

START_TEST(clearing_is_by_count_even_of_one_page)
{
	begin();
	tce_driver_clear(&job, LIOBN, 0x1000, 1, 12);
	expect(H_STUFF_TCE, 0x1000, 0, 1);
	tce_driver_clear(&job, LIOBN, 0x100000, 600, 12);
	expect(H_STUFF_TCE, 0x100000, 0, 512);
	expect(H_STUFF_TCE, 0x300000, 0, 88);
	expect_end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_page_is_put_by_its_value,
		what_a_device_writes_it_may_read,
		two_pages_are_put_by_a_list_of_big_endian_words,
		a_list_has_512_words_and_what_is_left_of_513_has_a_list_of_its_own,
		clearing_is_by_count_even_of_one_page,
		NULL,
	};

	return suite_run("tce_driver", tests);
}
