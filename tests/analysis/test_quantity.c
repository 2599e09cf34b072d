/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "analysis/quantity.h"
#include "tests/suite.h"

START_TEST(a_time_has_three_digits_and_the_largest_unit_that_fits)
{
	static const struct {
		ps_t time;
		const char *text;
	} row[] = {
		{ 0, "0 ps" },
		{ 999, "999 ps" },
		{ 1000, "1.00 ns" },
		{ 1004, "1.00 ns" },
		{ 1005, "1.01 ns" }, /* half goes up */
		{ 9994, "9.99 ns" },
		{ 9995, "10.0 ns" },
		{ 99949, "99.9 ns" },
		{ 99950, "100 ns" },
		{ 999499, "999 ns" },
		{ 999500, "1.00 us" }, /* not 1000 ns */
		{ 8770000, "8.77 us" },
		{ UINT64_C(30400000), "30.4 us" },
		{ UINT64_C(180000000000), "180 ms" },
		{ UINT64_C(2600000000000), "2.60 s " },
		{ UINT64_C(1234000000000000), "1234 s " },
		{ UINT64_MAX, "18446744 s " },
	};
	char text[QUANTITY_TEXT];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		quantity_time(text, row[i].time);
		ck_assert_str_eq(text, row[i].text);
	}
}
END_TEST

START_TEST(bytes_are_binary_and_rates_are_decimal)
{
	char text[QUANTITY_TEXT];

	quantity_bytes(text, 0);
	ck_assert_str_eq(text, "0 B");
	quantity_bytes(text, 1023);
	ck_assert_str_eq(text, "1023 B");
	quantity_bytes(text, 1024);
	ck_assert_str_eq(text, "1.00 KiB");
	quantity_bytes(text, UINT64_C(8) << 30);
	ck_assert_str_eq(text, "8.00 GiB");
	quantity_bytes(text, (UINT64_C(1) << 20) - 1);
	ck_assert_str_eq(text, "1.00 MiB"); /* not 1024 KiB */
	quantity_bytes(text, UINT64_C(1010) << 10);
	ck_assert_str_eq(text, "1010 KiB");
	quantity_rate(text, 4096, PS_PER_US);
	ck_assert_str_eq(text, "4.10 GB/s");
	quantity_rate(text, UINT64_MAX, 1);
	ck_assert_str_ne(text, "-");
	quantity_rate(text, 4096, 0);
	ck_assert_str_eq(text, "-");
}
END_TEST

START_TEST(counts_are_grouped_by_thousands)
{
	char text[QUANTITY_TEXT];

	quantity_count(text, 0);
	ck_assert_str_eq(text, "0");
	quantity_count(text, 999);
	ck_assert_str_eq(text, "999");
	quantity_count(text, 1000);
	ck_assert_str_eq(text, "1,000");
	quantity_count(text, 123456);
	ck_assert_str_eq(text, "123,456");
	quantity_count(text, UINT64_MAX);
	ck_assert_str_eq(text, "18,446,744,073,709,551,615");
}
END_TEST

START_TEST(shares_and_ratios_say_when_there_is_nothing)
{
	char text[QUANTITY_TEXT];

	quantity_share(text, 1, 3);
	ck_assert_str_eq(text, "33.3%");
	quantity_share(text, 3, 3);
	ck_assert_str_eq(text, "100.0%");
	quantity_share(text, 1, 100000);
	ck_assert_str_eq(text, "<0.1%");
	quantity_share(text, 0, 3);
	ck_assert_str_eq(text, "-");
	quantity_share(text, 0, 0);
	ck_assert_str_eq(text, "-");
	quantity_ratio(text, 7, 2);
	ck_assert_str_eq(text, "3.50");
	quantity_ratio(text, 2, 3);
	ck_assert_str_eq(text, "0.67");
	quantity_ratio(text, 7, 0);
	ck_assert_str_eq(text, "-");
}
END_TEST

START_TEST(a_sum_beyond_64_bits_is_written_with_all_its_digits)
{
	char text[QUANTITY_TEXT];

	quantity_digits(text, 0);
	ck_assert_str_eq(text, "0");
	quantity_digits(text, (u128_t)1 << 64);
	ck_assert_str_eq(text, "18446744073709551616");
	quantity_digits(text, ~(u128_t)0);
	ck_assert_str_eq(text, "340282366920938463463374607431768211455");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quantity");
	TCase *tcase = tcase_create("quantity");

	tcase_add_test(tcase, a_time_has_three_digits_and_the_largest_unit_that_fits);
	tcase_add_test(tcase, bytes_are_binary_and_rates_are_decimal);
	tcase_add_test(tcase, counts_are_grouped_by_thousands);
	tcase_add_test(tcase, shares_and_ratios_say_when_there_is_nothing);
	tcase_add_test(tcase, a_sum_beyond_64_bits_is_written_with_all_its_digits);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
