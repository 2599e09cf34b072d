/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random small machines: actors with stories and actors with steps that share locks and a link.  The order of what
 * they do and its dates come out the same with run-ahead, in exact mode and in a simulator of thirty lines that always
 * looks at every actor.
 */
#include <check.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/base/random.h"
#include "sim/actor.h"
#include "sim/clock.h"
#include "tests/suite.h"

enum { ACTORS_MAX = 12, OPS = 60, LOCKS = 3, LOG_MAX = ACTORS_MAX * OPS, MACHINES = 300 };

enum op_kind { OP_SPEND, OP_TAKE, OP_GIVE, OP_SEND, OP_LOG, OP_END };

struct op {
	enum op_kind kind;
	uint64_t amount; /* ps, lock or bytes */
};

struct player {
	struct actor actor; /* first; of one with steps */
	uint32_t number;
	bool has_steps;
	struct op op[OPS + 1];
	unsigned next; /* op */
};

struct log {
	uint32_t count;
	struct {
		uint32_t who;
		ps_t when;
	} entry[LOG_MAX];
};

/* ---- a machine ---- */

static struct player player[ACTORS_MAX];
static unsigned players;
static uint32_t lock_size[LOCKS];
static ps_t handover[LOCKS];
static struct log log_of_run;

/* Never two locks at once: no deadlock.  A story ends with an entry in the log. */
static void make_machine(uint64_t seed)
{
	struct random random;

	random_init(&random, seed);
	players = 2 + (unsigned)random_below(&random, ACTORS_MAX - 1);
	for (unsigned i = 0; i < LOCKS; i++) {
		lock_size[i] = 1 + (uint32_t)random_below(&random, 2);
		handover[i] = random_below(&random, 2) ? 0 : random_below(&random, 5);
	}
	for (unsigned i = 0; i < players; i++) {
		struct player *p = &player[i];
		uint64_t held = LOCKS;

		*p = (struct player){ .number = i, .has_steps = i > 0 && random_below(&random, 2) };
		for (unsigned n = 0; n < OPS - 2; n++) {
			struct op *op = &p->op[n];

			op->kind = (enum op_kind)random_below(&random, OP_END);
			if (op->kind == OP_TAKE || op->kind == OP_GIVE)
				op->kind = held == LOCKS ? OP_TAKE : OP_GIVE;
			if (op->kind == OP_SPEND)
				op->amount = random_below(&random, 3) ? random_below(&random, 3)
								      : random_below(&random, 2000);
			if (op->kind == OP_SEND)
				op->amount = random_below(&random, 30);
			if (op->kind == OP_TAKE)
				op->amount = held = random_below(&random, LOCKS);
			if (op->kind == OP_GIVE) {
				op->amount = held;
				held = LOCKS;
			}
		}
		p->op[OPS - 2] = held == LOCKS ? (struct op){ OP_SPEND, 1 } : (struct op){ OP_GIVE, held };
		p->op[OPS - 1] = (struct op){ OP_LOG, 0 };
		p->op[OPS] = (struct op){ OP_END, 0 };
	}
}

static void log_add(struct log *log, uint32_t who, ps_t when)
{
	log->entry[log->count].who = who;
	log->entry[log->count++].when = when;
}

/* ---- the reference ---- */

struct reference {
	ps_t now[ACTORS_MAX];
	bool waits[ACTORS_MAX], ended[ACTORS_MAX];
	uint32_t free[LOCKS];
	uint32_t queue[LOCKS][ACTORS_MAX], queued[LOCKS];
	ps_t link_free;
	unsigned stories;
};

static void reference_op(struct reference *r, struct log *log, uint32_t i, struct op op)
{
	ps_t start = r->now[i] > r->link_free ? r->now[i] : r->link_free;

	switch (op.kind) {
	case OP_SPEND:
		r->now[i] += op.amount;
		break;
	case OP_TAKE:
		if (r->free[op.amount] > 0) {
			r->free[op.amount]--;
		} else {
			r->queue[op.amount][r->queued[op.amount]++] = i;
			r->waits[i] = true;
		}
		break;
	case OP_GIVE:
		if (r->queued[op.amount] == 0) {
			r->free[op.amount]++;
			break;
		}
		uint32_t first = r->queue[op.amount][0];

		for (uint32_t n = 1; n < r->queued[op.amount]; n++)
			r->queue[op.amount][n - 1] = r->queue[op.amount][n];
		r->queued[op.amount]--;
		r->waits[first] = false;
		r->now[first] = r->now[i] + handover[op.amount];
		break;
	case OP_SEND:
		r->link_free = start + op.amount; /* a byte a picosecond */
		r->now[i] = r->link_free + 7;
		break;
	case OP_LOG:
		log_add(log, i, r->now[i]);
		break;
	case OP_END:
		r->ended[i] = true;
		r->stories -= !player[i].has_steps;
		break;
	}
}

static void run_reference(struct log *log)
{
	struct reference r = { 0 };
	unsigned next[ACTORS_MAX] = { 0 };

	for (unsigned i = 0; i < LOCKS; i++)
		r.free[i] = lock_size[i];
	for (unsigned i = 0; i < players; i++)
		r.stories += !player[i].has_steps;
	while (r.stories > 0) {
		uint32_t first = UINT32_MAX;

		for (uint32_t i = 0; i < players; i++)
			if (!r.waits[i] && !r.ended[i] && (first == UINT32_MAX || r.now[i] < r.now[first]))
				first = i;
		ck_assert_uint_ne(first, UINT32_MAX);
		reference_op(&r, log, first, player[first].op[next[first]++]);
		/* The end of a story is nothing that others see: it follows at once. */
		if (player[first].op[next[first]].kind == OP_END && !r.waits[first])
			reference_op(&r, log, first, player[first].op[next[first]]);
	}
}

/* ---- the engine ---- */

static struct slots locks[LOCKS];
static struct link a_link;

/* One op at a touch; an actor with steps returns after each. */
static void play(struct actor *actor, struct player *p)
{
	struct op op = p->op[p->next++];

	switch (op.kind) {
	case OP_SPEND:
		actor_spend(actor, op.amount, CAUSE_GUEST_CPU);
		break;
	case OP_TAKE:
		slots_take(&locks[op.amount], actor, CAUSE_QUEUE_WAIT);
		break;
	case OP_GIVE:
		slots_give(&locks[op.amount], actor);
		break;
	case OP_SEND:
		link_send(&a_link, actor, op.amount, CAUSE_PCIE);
		break;
	case OP_LOG:
		actor_touch(actor);
		log_add(&log_of_run, p->number, actor->now);
		break;
	case OP_END:
		break;
	}
}

static void story(struct actor *actor, void *argument)
{
	struct player *p = argument;

	while (p->op[p->next].kind != OP_END)
		play(actor, p);
}

static void step(struct actor *actor)
{
	static struct waiters for_ever;
	struct player *p = (struct player *)actor;

	if (p->op[p->next].kind == OP_END)
		actor_wait(actor, &for_ever, CAUSE_QUEUE_WAIT);
	else
		play(actor, p);
}

static void run_engine(bool exact)
{
	struct engine engine;
	struct err err = { 0 };

	ck_assert(clock_start(ACTORS_MAX, &err));
	engine_init(&engine, exact);
	a_link = (struct link){ .bytes_per_s = PS_PER_S, .latency = 7 };
	for (unsigned i = 0; i < LOCKS; i++)
		slots_init(&locks[i], lock_size[i], handover[i]);
	for (unsigned i = 0; i < players; i++)
		if (player[i].has_steps)
			engine_stepper(&engine, &player[i].actor, "steps", step);
		else
			engine_actor(&engine, "story", story, &player[i], false);
	clock_run();
	engine_fini(&engine);
}

/* SimGrid has one engine in a process: a child runs it, and sends its log. */
static void run_in_child(bool exact, struct log *log)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);

	pid_t child = fork();

	if (child == 0) {
		run_engine(exact);
		for (size_t done = 0; done < sizeof(log_of_run);) {
			ssize_t part = write(ends[1], (char *)&log_of_run + done, sizeof(log_of_run) - done);

			if (part <= 0)
				_exit(1);
			done += (size_t)part;
		}
		_exit(0);
	}
	close(ends[1]);
	for (size_t done = 0; done < sizeof(*log);) {
		ssize_t part = read(ends[0], (char *)log + done, sizeof(*log) - done);

		ck_assert_msg(part > 0, "the %s run died", exact ? "exact" : "run-ahead");
		done += (size_t)part;
	}
	close(ends[0]);
	waitpid(child, NULL, 0);
}

START_TEST(random_machines_do_the_same_at_the_same_dates_with_run_ahead_in_exact_mode_and_in_the_reference)
{
	static struct log expected, got[2];

	expected.count = 0;
	make_machine((uint64_t)_i);
	run_reference(&expected);
	ck_assert_uint_gt(expected.count, 0);
	for (int exact = 0; exact < 2; exact++) {
		run_in_child(exact, &got[exact]);
		ck_assert_msg(got[exact].count == expected.count, "machine %d, exact %d: %u entries, not %u", _i, exact,
			      got[exact].count, expected.count);
		for (uint32_t n = 0; n < expected.count; n++)
			ck_assert_msg(got[exact].entry[n].who == expected.entry[n].who &&
					      got[exact].entry[n].when == expected.entry[n].when,
				      "machine %d, exact %d, entry %u: actor %u at %llu ps, not %u at %llu", _i, exact,
				      n, got[exact].entry[n].who, (unsigned long long)got[exact].entry[n].when,
				      expected.entry[n].who, (unsigned long long)expected.entry[n].when);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/order");
	TCase *machines = tcase_create("random machines");

	tcase_set_timeout(machines, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(
		machines,
		random_machines_do_the_same_at_the_same_dates_with_run_ahead_in_exact_mode_and_in_the_reference, 0,
		MACHINES);
	suite_add_tcase(suite, machines);
	return suite_main(suite);
}
