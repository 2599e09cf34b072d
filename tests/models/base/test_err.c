/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/err.h"

#include <string.h>

#include "tests/suite.h"

START_TEST(an_error_is_formatted_and_false_is_returned)
{
	struct err err = { 0 };

	ck_assert(!err_set(&err, ERR_USAGE, "%s:%d: ways = %u", "x.yaml", 12, 3u));
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_str_eq(err.text, "x.yaml:12: ways = 3");
}
END_TEST

START_TEST(the_first_cause_wins)
{
	struct err err = { 0 };

	err_set(&err, ERR_FILE, "the cause");
	ck_assert(!err_set(&err, ERR_USAGE, "a consequence"));
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_str_eq(err.text, "the cause");
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_cut)
{
	struct err err = { 0 };
	char text[2 * sizeof(err.text)];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_CHECK, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	ck_assert_int_eq(err.text[0], 'x');
}
END_TEST

START_TEST(the_kinds_are_the_exit_codes_of_the_command)
{
	ck_assert_int_eq(ERR_NONE, 0);
	ck_assert_int_eq(ERR_CHECK, 1);
	ck_assert_int_eq(ERR_USAGE, 2);
	ck_assert_int_eq(ERR_FILE, 3);
}
END_TEST

int main(void)
{
	return suite_run("err", (const TTest *[]){
					an_error_is_formatted_and_false_is_returned,
					the_first_cause_wins,
					a_text_that_does_not_fit_is_cut,
					the_kinds_are_the_exit_codes_of_the_command,
					NULL,
				});
}
