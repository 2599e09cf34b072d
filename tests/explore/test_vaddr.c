/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/vaddr.h"

#include <errno.h>

#include "tests/suite.h"

#define O VADDR_OWNER
#define D VADDR_DEVICE
#define C VADDR_CLOSER

static const struct {
	const char *name;
	struct vaddr_config config;
} scopes[] = {
	{ "owner, device, 5 calls", { .callers = 2, .role = { O, D }, .calls = 5 } },
	{ "2 owners, device, 3 calls", { .callers = 3, .role = { O, O, D }, .calls = 3 } },
	{ "owner, 2 devices, 4 calls", { .callers = 3, .role = { O, D, D }, .calls = 4 } },
	{ "owner, device, close, 5 calls", { .callers = 3, .role = { O, D, C }, .calls = 5 } },
};

#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

START_TEST(no_order_of_steps_breaks_a_rule)
{
	struct explore_system system = vaddr_system(&scopes[_i].config);
	struct explore_result result;

	explore(&system, &result);
	explore_print(stdout, scopes[_i].name, &result);
	ck_assert_msg(!result.broken, "%s: %s", scopes[_i].name, result.broken);
	ck_assert_uint_gt(result.states, 1000);
	explore_free(&result);
}
END_TEST

START_TEST(a_seeded_mistake_is_found)
{
	const char *broken = NULL;

	for (unsigned i = 0; i < SCOPES && !broken; i++) {
		struct vaddr_config config = scopes[i].config;
		struct explore_result result;

		config.bug = (enum vaddr_bug)_i;
		struct explore_system system = vaddr_system(&config);

		explore(&system, &result);
		broken = result.broken;
		if (broken) {
			printf("%s, %s\n", vaddr_bug_name(config.bug), scopes[i].name);
			explore_print(stdout, vaddr_bug_name(config.bug), &result);
			ck_assert_uint_gt(result.trace_count, 0);
		}
		explore_free(&result);
	}
	ck_assert_msg(broken, "%s", vaddr_bug_name((enum vaddr_bug)_i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vaddr");
	TCase *test = tcase_create("vaddr");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(test, no_order_of_steps_breaks_a_rule, 0, (int)SCOPES);
	tcase_add_loop_test(test, a_seeded_mistake_is_found, VADDR_RIGHT + 1, VADDR_BUGS);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
