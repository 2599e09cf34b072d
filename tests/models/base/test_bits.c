/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/bits.h"

#include "tests/suite.h"

/* A made-up word whose fields touch both ends. */
#define WORD_TOP     BIT64(63)
#define WORD_ADDRESS BITS64(51, 12)
#define WORD_IGNORED BITS64(62, 52)
#define WORD_LOW     BITS64(11, 0)
LAYOUT64(WORD, WORD_TOP + WORD_ADDRESS + WORD_IGNORED + WORD_LOW, WORD_TOP | WORD_ADDRESS | WORD_IGNORED | WORD_LOW);

START_TEST(masks_are_the_words_that_manuals_print)
{
	ck_assert_uint_eq(BIT64(0), 1);
	ck_assert_uint_eq(BIT64(63), UINT64_C(0x8000000000000000));
	ck_assert_uint_eq(BITS64(63, 0), UINT64_MAX);
	ck_assert_uint_eq(BITS64(51, 12), UINT64_C(0x000ffffffffff000));
	ck_assert_uint_eq(BITS64(5, 3), 0x38);
	ck_assert_uint_eq(BITS64(7, 7), 0x80);
}
END_TEST

START_TEST(a_field_is_read_out_of_a_word)
{
	ck_assert_uint_eq(FIELD_GET(WORD_ADDRESS, UINT64_C(0x8001234567890abc)), UINT64_C(0x1234567890));
	ck_assert_uint_eq(FIELD_GET(WORD_LOW, UINT64_C(0x8001234567890abc)), 0xabc);
	ck_assert_uint_eq(FIELD_GET(WORD_TOP, UINT64_C(0x8001234567890abc)), 1);
	ck_assert_uint_eq(FIELD_GET(WORD_IGNORED, UINT64_C(0xfff0000000000000)), 0x7ff);
}
END_TEST

START_TEST(a_field_is_put_in_its_place)
{
	ck_assert_uint_eq(FIELD_PUT(WORD_ADDRESS, UINT64_C(0x1234567890)), UINT64_C(0x0001234567890000));
	ck_assert_uint_eq(FIELD_PUT(WORD_TOP, 1), UINT64_C(0x8000000000000000));
	ck_assert_uint_eq(FIELD_PUT(BITS64(5, 3), 5), 0x28);
}
END_TEST

START_TEST(a_value_too_wide_stays_inside_its_field)
{
	ck_assert_uint_eq(FIELD_PUT(BITS64(5, 3), 0xff), 0x38);
	ck_assert_uint_eq(FIELD_PUT(WORD_TOP, 2), 0);
	/* An int argument must not be shifted as an int. */
	ck_assert_uint_eq(FIELD_PUT(BITS64(47, 40), 0x80), UINT64_C(0x0000800000000000));
}
END_TEST

START_TEST(every_field_gives_back_what_was_put)
{
	for (unsigned high = 0; high < 64; high++)
		for (unsigned low = 0; low <= high; low++) {
			uint64_t mask = 0;

			for (unsigned bit = low; bit <= high; bit++)
				mask |= UINT64_C(1) << bit;

			uint64_t value = UINT64_C(0xa5c3f00f5a3c96e1) >> (63 - high + low);

			ck_assert_uint_eq(BITS64(high, low), mask);
			ck_assert_uint_eq(FIELD_UNIT(mask), UINT64_C(1) << low);
			ck_assert_uint_eq(FIELD_PUT(mask, value), value << low);
			ck_assert_uint_eq(FIELD_GET(mask, (value << low) | ~mask), value);
		}
}
END_TEST

int main(void)
{
	return suite_run("bits", (const TTest *[]){
					 masks_are_the_words_that_manuals_print,
					 a_field_is_read_out_of_a_word,
					 a_field_is_put_in_its_place,
					 a_value_too_wide_stays_inside_its_field,
					 every_field_gives_back_what_was_put,
					 NULL,
				 });
}
