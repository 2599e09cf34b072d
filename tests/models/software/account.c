/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/account.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/suite.h"

START_TEST(the_last_page_of_the_limit_may_be_charged_and_no_more)
{
	struct account account;

	account_init(&account, 16 * 4096);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 15), 0);
	ck_assert(account_fits(&account, ACCOUNT_MM, 1));
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 2), ENOMEM);
	ck_assert_uint_eq(account.pages[ACCOUNT_MM], 15);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 1), 0);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 1), ENOMEM);
}
END_TEST

START_TEST(a_limit_of_zero_means_unlimited)
{
	struct account account;

	account_init(&account, 0);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, UINT64_C(1) << 40), 0);
}
END_TEST

START_TEST(a_limit_that_is_not_whole_pages_is_rounded_down)
{
	struct account account;

	account_init(&account, 4096 + 4095);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 1), 0);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 1), ENOMEM);
}
END_TEST

START_TEST(process_and_user_have_the_limit_each)
{
	struct account account;

	account_init(&account, 4 * 4096);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 4), 0);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_USER, 4), 0);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_USER, 1), ENOMEM);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_NONE, 1000), 0);
	ck_assert_uint_eq(account.total, 1008);
}
END_TEST

START_TEST(a_lowered_limit_refuses_more_but_takes_nothing_back)
{
	struct account account;

	account_init(&account, 0);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 100), 0);
	account.limit_pages = 10;
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 1), ENOMEM);
	account_uncharge(&account, ACCOUNT_MM, 95);
	ck_assert_int_eq(account_charge(&account, ACCOUNT_MM, 5), 0);
}
END_TEST

START_TEST(the_peak_stays_when_pages_go)
{
	struct account account;

	account_init(&account, 0);
	account_charge(&account, ACCOUNT_MM, 10);
	account_charge(&account, ACCOUNT_USER, 5);
	account_uncharge(&account, ACCOUNT_MM, 10);
	account_charge(&account, ACCOUNT_MM, 3);
	ck_assert_uint_eq(account.total, 8);
	ck_assert_uint_eq(account.peak, 15);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("account");
	TCase *test = tcase_create("account");

	tcase_add_test(test, the_last_page_of_the_limit_may_be_charged_and_no_more);
	tcase_add_test(test, a_limit_of_zero_means_unlimited);
	tcase_add_test(test, a_limit_that_is_not_whole_pages_is_rounded_down);
	tcase_add_test(test, process_and_user_have_the_limit_each);
	tcase_add_test(test, a_lowered_limit_refuses_more_but_takes_nothing_back);
	tcase_add_test(test, the_peak_stays_when_pages_go);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
