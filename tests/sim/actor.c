/* SPDX-License-Identifier: Apache-2.0 */
/* Actors, waiting and slots.  SimGrid has one engine per process, so Check forks for each test. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/random.h"
#include "sim/actor.h"
#include "sim/clock.h"

/* SimGrid does not free the actors that it ends in a deadlock. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libsimgrid";
}

static void start(struct engine *engine, bool exact, unsigned cores)
{
	struct err err = { 0 };

	ck_assert_msg(clock_start(cores, &err), "%s", err.text);
	engine_init(engine, exact);
}

/* ---- order ---- */

struct log {
	unsigned who[4096];
	ps_t when[4096];
	unsigned count;
};

struct toucher {
	struct log *log;
	unsigned number;
	const ps_t *step;
	unsigned steps;
};

static void touch_story(struct actor *actor, void *argument)
{
	struct toucher *toucher = argument;

	for (unsigned i = 0; i < toucher->steps; i++) {
		actor_spend(actor, toucher->step[i], CAUSE_GUEST_CPU);
		actor_touch(actor);
		toucher->log->who[toucher->log->count] = toucher->number;
		toucher->log->when[toucher->log->count++] = actor->now;
	}
}

START_TEST(touches_happen_in_order_of_date_and_then_of_actor_number)
{
	static const ps_t a[] = { 100, 50, 50 }, b[] = { 150, 0, 51 }, c[] = { 1, 1, 148 };
	struct log log = { 0 };
	struct toucher toucher[] = { { &log, 0, a, 3 }, { &log, 1, b, 3 }, { &log, 2, c, 3 } };
	static const unsigned who[] = { 2, 2, 0, 0, 1, 1, 2, 0, 1 };
	static const ps_t when[] = { 1, 2, 100, 150, 150, 150, 150, 200, 201 };
	struct engine engine;

	start(&engine, _i, 4);
	for (unsigned i = 0; i < 3; i++)
		engine_actor(&engine, "toucher", touch_story, &toucher[i], false);
	clock_run();
	ck_assert_uint_eq(log.count, 9);
	for (unsigned i = 0; i < 9; i++) {
		ck_assert_uint_eq(log.who[i], who[i]);
		ck_assert_uint_eq(log.when[i], when[i]);
	}
	engine_fini(&engine);
}
END_TEST

START_TEST(random_steps_come_out_sorted_in_both_modes)
{
	enum { ACTORS = 7, STEPS = 300 };
	static ps_t step[ACTORS][STEPS];
	struct log log = { 0 };
	struct toucher toucher[ACTORS];
	struct random random;
	struct engine engine;

	random_init(&random, 0x5eed);
	start(&engine, _i, 4);
	for (unsigned a = 0; a < ACTORS; a++) {
		for (unsigned s = 0; s < STEPS; s++)
			step[a][s] =
				random_below(&random, 4) ? random_below(&random, 3) : random_below(&random, 1000000000);
		toucher[a] = (struct toucher){ &log, a, step[a], STEPS };
		engine_actor(&engine, "toucher", touch_story, &toucher[a], false);
	}
	clock_run();
	ck_assert_uint_eq(log.count, ACTORS * STEPS);
	for (unsigned i = 1; i < log.count; i++)
		ck_assert_msg(log.when[i - 1] < log.when[i] || (log.when[i - 1] == log.when[i]),
			      "touch %u out of order", i);
	if (_i == 0)
		ck_assert_uint_lt(engine.entries, engine.touches); /* some were run ahead */
	else
		ck_assert_uint_eq(engine.entries, engine.touches);
	engine_fini(&engine);
}
END_TEST

/* ---- slots ---- */

struct holder {
	struct slots *slots;
	ps_t arrive, hold, got, gave;
	ps_t parts[RESULT_CAUSES];
};

static void hold_story(struct actor *actor, void *argument)
{
	struct holder *holder = argument;

	actor->parts = holder->parts;
	actor_spend(actor, holder->arrive, CAUSE_GUEST_CPU);
	slots_take(holder->slots, actor, CAUSE_QUEUE_WAIT);
	holder->got = actor->now;
	actor_spend(actor, holder->hold, CAUSE_TABLE);
	slots_give(holder->slots, actor);
	holder->gave = actor->now;
}

START_TEST(a_lock_is_handed_over_in_order_of_arrival_and_the_wait_is_charged)
{
	struct slots lock;
	struct holder holder[] = { { &lock, 0, 1000, 0, 0, { 0 } },
				   { &lock, 20, 100, 0, 0, { 0 } },
				   { &lock, 10, 100, 0, 0, { 0 } } };
	struct engine engine;

	start(&engine, _i, 4);
	slots_init(&lock, 1, 7);
	for (unsigned i = 0; i < 3; i++)
		engine_actor(&engine, "holder", hold_story, &holder[i], false);
	clock_run();
	ck_assert_uint_eq(holder[0].got, 0);
	ck_assert_uint_eq(holder[2].got, 1007);
	ck_assert_uint_eq(holder[1].got, 1114);
	ck_assert_uint_eq(holder[2].parts[CAUSE_QUEUE_WAIT], 997);
	ck_assert_uint_eq(holder[1].parts[CAUSE_QUEUE_WAIT], 1094);
	ck_assert_uint_eq(lock.free, 1);
	engine_fini(&engine);
}
END_TEST

START_TEST(two_slots_let_two_in_at_once)
{
	struct slots slots;
	struct holder holder[] = { { &slots, 0, 100, 0, 0, { 0 } },
				   { &slots, 0, 100, 0, 0, { 0 } },
				   { &slots, 0, 100, 0, 0, { 0 } } };
	struct engine engine;

	start(&engine, _i, 4);
	slots_init(&slots, 2, 0);
	for (unsigned i = 0; i < 3; i++)
		engine_actor(&engine, "holder", hold_story, &holder[i], false);
	clock_run();
	ck_assert_uint_eq(holder[0].got, 0);
	ck_assert_uint_eq(holder[1].got, 0);
	ck_assert_uint_eq(holder[2].got, 100);
	engine_fini(&engine);
}
END_TEST

static void hold_for_ever(struct actor *actor, void *argument)
{
	slots_take(argument, actor, CAUSE_QUEUE_WAIT);
}

START_TEST(a_deadlock_is_told_by_the_names_of_those_who_wait)
{
	struct slots lock;
	struct engine engine;
	char text[64] = "";

	start(&engine, false, 4);
	slots_init(&lock, 1, 0);
	engine_actor(&engine, "first", hold_for_ever, &lock, false);
	engine_actor(&engine, "second", hold_for_ever, &lock, false);
	clock_run();
	ck_assert(engine_deadlock(&engine, text, sizeof(text)));
	ck_assert_str_eq(text, "second");
	engine_fini(&engine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/actor");
	TCase *order = tcase_create("order"), *waiting = tcase_create("waiting");

	tcase_add_loop_test(order, touches_happen_in_order_of_date_and_then_of_actor_number, 0, 2);
	tcase_add_loop_test(order, random_steps_come_out_sorted_in_both_modes, 0, 2);
	tcase_add_loop_test(waiting, a_lock_is_handed_over_in_order_of_arrival_and_the_wait_is_charged, 0, 2);
	tcase_add_loop_test(waiting, two_slots_let_two_in_at_once, 0, 2);
	tcase_add_test(waiting, a_deadlock_is_told_by_the_names_of_those_who_wait);
	suite_add_tcase(suite, order);
	suite_add_tcase(suite, waiting);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
