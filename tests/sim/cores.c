/* SPDX-License-Identifier: Apache-2.0 */
/* Cores shared by actors that compute: figures worked out by hand, and SimGrid's own sharing of a host. */
#include "sim/cores.h"

#include <check.h>
#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/base/random.h"
#include "sim/clock.h"
#include "tests/suite.h"

enum { WORKERS = 40, ROUNDS = 25, CORES = 3 };

struct worker {
	ps_t start, work[ROUNDS], end[ROUNDS];
	unsigned rounds;
	ps_t parts[RESULT_CAUSES];
};

static struct cores cores;

static void compute_story(struct actor *actor, void *argument)
{
	struct worker *worker = argument;

	actor->parts = worker->parts;
	actor_spend(actor, worker->start, CAUSE_PCIE);
	for (unsigned i = 0; i < worker->rounds; i++) {
		cores_compute(&cores, actor, worker->work[i], CAUSE_GUEST_CPU);
		worker->end[i] = actor->now;
	}
}

static void run_workers(struct worker *worker, unsigned count, uint32_t core_count, bool exact)
{
	struct engine engine;
	struct err err = { 0 };

	ck_assert_msg(clock_start(core_count, &err), "%s", err.text);
	engine_init(&engine, exact);
	cores_init(&cores, &engine, core_count);
	for (unsigned i = 0; i < count; i++)
		engine_actor(&engine, "worker", compute_story, &worker[i], false);
	clock_run();
	engine_fini(&engine);
	cores_fini(&cores);
}

/* Three on two cores run at 2/3 of full speed until the first ends. */
START_TEST(three_actors_on_two_cores_slow_each_other_down)
{
	struct worker worker[] = { { .work = { 100000 }, .rounds = 1 },
				   { .work = { 130000 }, .rounds = 1 },
				   { .work = { 333250 }, .rounds = 1 } };

	run_workers(worker, 3, 2, _i);
	ck_assert_uint_eq(worker[0].end[0], 150000);
	ck_assert_uint_eq(worker[1].end[0], 180000);
	ck_assert_uint_eq(worker[2].end[0], 383250);
	ck_assert_uint_eq(worker[0].parts[CAUSE_CPU_WAIT], 50000);
	ck_assert_uint_eq(worker[0].parts[CAUSE_GUEST_CPU], 100000);
	ck_assert_uint_eq(worker[2].parts[CAUSE_CPU_WAIT], 50000);
}
END_TEST

START_TEST(as_many_actors_as_cores_do_not_wait)
{
	struct worker worker[] = { { .work = { 1000, 1 }, .rounds = 2 }, { .start = 10, .work = { 5 }, .rounds = 1 } };

	run_workers(worker, 2, 2, _i);
	ck_assert_uint_eq(worker[0].end[1], 1001);
	ck_assert_uint_eq(worker[1].end[0], 15);
	ck_assert_uint_eq(worker[0].parts[CAUSE_CPU_WAIT], 0);
}
END_TEST

/* ---- spinning ---- */

static void spin_story(struct actor *actor, void *argument)
{
	struct worker *worker = argument;

	actor_spend(actor, worker->start, CAUSE_PCIE);
	cores_spin(&cores, actor);
	actor_spend(actor, worker->work[0], CAUSE_PCIE);
	cores_spin_end(&cores, actor);
	worker->end[0] = actor->now;
}

static struct spinlock lock;

static void lock_story(struct actor *actor, void *argument)
{
	struct worker *worker = argument;

	actor->parts = worker->parts;
	spinlock_take(&lock, actor, CAUSE_QUEUE_WAIT);
	cores_compute(&cores, actor, worker->work[0], CAUSE_GUEST_CPU);
	spinlock_give(&lock, actor);
	worker->end[0] = actor->now;
}

static void run_stories(void (*const story[])(struct actor *actor, void *argument), struct worker *worker,
			unsigned count, uint32_t core_count, bool exact)
{
	struct engine engine;
	struct err err = { 0 };

	ck_assert_msg(clock_start(core_count, &err), "%s", err.text);
	engine_init(&engine, exact);
	cores_init(&cores, &engine, core_count);
	spinlock_init(&lock, &cores, 7);
	for (unsigned i = 0; i < count; i++)
		engine_actor(&engine, "worker", story[i], &worker[i], false);
	clock_run();
	engine_fini(&engine);
	cores_fini(&cores);
}

/* Of one core: alone to 20 ns, half of it to 60 ns, alone again for the 60 ns that are left. */
START_TEST(who_spins_has_a_share_of_the_cores_and_no_longer_than_it_spins)
{
	static void (*const story[])(struct actor *, void *) = { compute_story, spin_story };
	struct worker worker[] = { { .work = { 100000 }, .rounds = 1 }, { .start = 20000, .work = { 40000 } } };

	run_stories(story, worker, 2, 1, _i);
	ck_assert_uint_eq(worker[0].end[0], 120000);
	ck_assert_uint_eq(worker[0].parts[CAUSE_CPU_WAIT], 20000);
	ck_assert_uint_eq(worker[1].end[0], 60000);
}
END_TEST

/*
 * On one core: the first computes beside two that spin, 3 x 1 ns; the second, 7 ps later, beside one, 2 x 1 ns; the third
 * alone.  With a core for each of them nobody is slowed down.
 */
START_TEST(a_lock_is_held_longer_the_more_spin_for_it_when_there_are_too_few_cores)
{
	static void (*const story[])(struct actor *, void *) = { lock_story, lock_story, lock_story };
	static const struct {
		uint32_t cores;
		ps_t end[3];
	} cases[] = { { 1, { 3000, 5007, 6014 } }, { 3, { 1000, 2007, 3014 } } };
	struct worker worker[3] = { { .work = { 1000 } }, { .work = { 1000 } }, { .work = { 1000 } } };

	run_stories(story, worker, 3, cases[_i / 2].cores, _i % 2);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(worker[i].end[0], cases[_i / 2].end[i]);
	ck_assert_uint_eq(worker[2].parts[CAUSE_QUEUE_WAIT], cases[_i / 2].end[1] + 7);
}
END_TEST

/* ---- SimGrid's ---- */

static struct worker random_worker[WORKERS];

static void make_workers(void)
{
	struct random random;

	random_init(&random, 77);
	for (unsigned i = 0; i < WORKERS; i++) {
		random_worker[i] = (struct worker){ .start = random_below(&random, 1000000), .rounds = ROUNDS };
		for (unsigned r = 0; r < ROUNDS; r++)
			random_worker[i].work[r] = 1 + random_below(&random, random_below(&random, 2) ? 100 : 1000000);
	}
}

static double simgrid_end[WORKERS][ROUNDS];

static void simgrid_worker(int count, char **arguments)
{
	unsigned i = *(const unsigned *)sg_actor_self_get_data();

	(void)count;
	(void)arguments;
	sg_actor_sleep_for((double)random_worker[i].start / 1000);
	for (unsigned r = 0; r < ROUNDS; r++) {
		sg_actor_execute((double)random_worker[i].work[r] / 1000);
		simgrid_end[i][r] = simgrid_get_clock() * 1000;
	}
}

static void run_simgrid(void)
{
	static unsigned number[WORKERS];
	struct err err = { 0 };

	ck_assert(clock_start(CORES, &err));
	for (unsigned i = 0; i < WORKERS; i++) {
		sg_actor_t actor = sg_actor_init("worker", sg_host_by_name("cpus"));

		number[i] = i;
		sg_actor_set_data(actor, &number[i]);
		sg_actor_start_(actor, simgrid_worker, 0, NULL);
	}
	clock_run();
}

/*
 * Each of ours rounds up to the picosecond and starts the next from there, SimGrid takes some ends that are within its
 * precision of each other as one: a few picoseconds apart at most, after a thousand computations.
 */
START_TEST(random_computations_end_when_those_of_a_simgrid_host_do)
{
	int ends[2];

	make_workers();
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();

	if (child == 0) { /* one engine per process */
		run_simgrid();
		_exit(write(ends[1], simgrid_end, sizeof(simgrid_end)) != sizeof(simgrid_end));
	}
	ck_assert_int_eq(read(ends[0], simgrid_end, sizeof(simgrid_end)), sizeof(simgrid_end));
	waitpid(child, NULL, 0);
	run_workers(random_worker, WORKERS, CORES, false);
	for (unsigned i = 0; i < WORKERS; i++)
		for (unsigned r = 0; r < ROUNDS; r++)
			ck_assert_double_eq_tol((double)random_worker[i].end[r], simgrid_end[i][r], 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/cores");
	TCase *all = tcase_create("cores");

	tcase_set_timeout(all, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(all, three_actors_on_two_cores_slow_each_other_down, 0, 2);
	tcase_add_loop_test(all, as_many_actors_as_cores_do_not_wait, 0, 2);
	tcase_add_loop_test(all, who_spins_has_a_share_of_the_cores_and_no_longer_than_it_spins, 0, 2);
	tcase_add_loop_test(all, a_lock_is_held_longer_the_more_spin_for_it_when_there_are_too_few_cores, 0, 4);
	tcase_add_test(all, random_computations_end_when_those_of_a_simgrid_host_do);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
