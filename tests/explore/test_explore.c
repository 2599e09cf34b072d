/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/explore.h"

#include <string.h>

#include "tests/suite.h"

/*
 * Two actors that each add 1 to a counter: read, then write.  Without an atomic step one addition can get lost, in three
 * steps at least (both read, both write; after the fourth nobody can go on).
 */
struct counter {
	unsigned char value, place[2], read[2];
};

static void begin(const void *config, void *state)
{
	(void)config;
	memset(state, 0, sizeof(struct counter));
}

static unsigned choices(const void *config, const void *state, unsigned actor)
{
	(void)config;
	return ((const struct counter *)state)->place[actor] < 2;
}

static const char *step(const void *config, void *state, unsigned actor, unsigned choice, char *text)
{
	struct counter *counter = state;
	const bool *atomic = config;

	(void)choice;
	if (text)
		snprintf(text, EXPLORE_TEXT_BYTES, "%u %s", actor, counter->place[actor] ? "writes" : "reads");
	if (counter->place[actor]++ == 0)
		counter->read[actor] = counter->value;
	else
		counter->value = (unsigned char)((*atomic ? counter->value : counter->read[actor]) + 1);
	return NULL;
}

static const char *check(const void *config, const void *state, bool at_rest)
{
	(void)config;
	return at_rest && ((const struct counter *)state)->value != 2 ? "an addition is lost" : NULL;
}

static struct explore_result result;

static void run(bool atomic)
{
	const struct explore_system system = { sizeof(struct counter), 2, &atomic, begin, choices, step, check };

	explore(&system, &result);
}

START_TEST(a_broken_rule_comes_with_a_shortest_way_to_it)
{
	run(false);
	ck_assert_str_eq(result.broken, "an addition is lost");
	ck_assert_uint_eq(result.trace_count, 4);
	ck_assert_str_eq(result.trace[0], "0 reads");
	ck_assert_str_eq(result.trace[1], "1 reads");
	ck_assert_str_eq(result.trace[2] + 2, "writes");
	ck_assert_str_eq(result.trace[3] + 2, "writes");
	explore_free(&result);
}
END_TEST

/*
 * What was read only matters as a number: 0 or 1.  Counted by hand: (places 00) 1, (10, 01) 2, (11) 1, (20, 02) 2,
 * (21, 12) read 0 or 1 by the second: 2 each, (22) two orders without overlap differ in what was read (0 1, 1 0), four
 * with overlap are one state.
 */
START_TEST(every_state_is_visited_once)
{
	run(true);
	ck_assert_ptr_null(result.broken);
	ck_assert_uint_eq(result.states, 1 + 2 + 1 + 2 + 4 + 3);
	ck_assert_uint_eq(result.steps, 2 + 2 * 2 + 2 + 2 + 4);
	ck_assert_uint_eq(result.depth, 4);
	explore_free(&result);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { a_broken_rule_comes_with_a_shortest_way_to_it, every_state_is_visited_once,
				       NULL };

	return suite_run("explore", tests);
}
