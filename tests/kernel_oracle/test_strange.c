/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings that were never made: the recorded cases with calls left out, exchanged and given other arguments, said to
 * be of other kernels and machines.  Nothing is known of the right answers; the interfaces must come to one, and to the
 * same one again.  The last line printed names the round and the case.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/base/random.h"
#include "tests/kernel_oracle/replay.h"
#include "tests/suite.h"

#define ROUNDS     6
#define SHARES     3 /* a round is about every third recording */
#define ARGS_BYTES 512u

/* One in so many: a line is left out, changes places with the next, gets another call's arguments, or another number. */
#define ONE_IN 10u

struct strange {
	struct recording recording;
	char (*args)[ARGS_BYTES]; /* [line_count] what was made up */
	struct random random;
};

/* Another call of the same operation. */
static const struct recorded_line *alike(struct strange *strange, const struct recorded_line *line)
{
	const struct recording *recording = &strange->recording;

	for (unsigned tries = 0; tries < 64; tries++) {
		const struct recorded_line *other =
			&recording->lines[random_below(&strange->random, recording->line_count)];

		if (other->kind == RECORDED_CALL && strcmp(other->call.op, line->call.op) == 0)
			return other;
	}
	return line;
}

/* Replaces the digits behind one of the equal signs. */
static void change_number(struct strange *strange, struct recorded_line *line, char *to)
{
	static const char *const numbers[] = {
		"0",
		"1",
		"0x7",
		"0x800",
		"0x1000",
		"0x10000",
		"0x200000",
		"0x40000000",
		"0xfee00000",
		"0x200000000",
		"0x200010000",
		"0x800000000000000",
		"0xfffffffffffff000",
		"0xffffffffffffffff",
		"9999",
	};
	const char *at = line->call.args, *number = numbers[random_below(&strange->random, 15)];
	size_t skip = (size_t)random_below(&strange->random, 4);
	const char *sign = strchr(at, '=');

	while (sign && skip-- > 0 && strchr(sign + 1, '='))
		sign = strchr(sign + 1, '=');
	if (!sign)
		return;
	snprintf(to, ARGS_BYTES, "%.*s%s%s", (int)(sign + 1 - at), at, number,
		 sign + 1 + strspn(sign + 1, "0123456789abcdefx"));
	line->call.args = to;
}

/* A window whose entries nobody could have in memory, which takes long to give back. */
static bool asks_too_much(const struct recorded_line *line, const struct recorded_case *one)
{
	return one->machine == ORACLE_PSERIES && strcmp(line->call.op, "TCE_CREATE") == 0 &&
	       oracle_argument(&line->call, "size") > UINT64_C(1) << 31;
}

static bool chance(struct strange *strange)
{
	return random_below(&strange->random, ONE_IN) == 0;
}

static void change_line(struct strange *strange, size_t i, const struct recorded_case *one)
{
	struct recorded_line *line = &strange->recording.lines[i];

	if (chance(strange) && i + 1 < one->first + one->count) {
		struct recorded_line next = line[1];

		line[1] = line[0];
		line[0] = next;
	}
	if (line->kind != RECORDED_CALL)
		return;
	if (chance(strange))
		line->call.args = alike(strange, line)->call.args;
	if (chance(strange))
		change_number(strange, line, strange->args[i]);
	if (chance(strange) || asks_too_much(line, one))
		line->kind = RECORDED_DEATH;
}

static void change_case(struct strange *strange, struct recorded_case *one)
{
	static const struct kernel kernels[] = { { 4, 14 }, { 5, 10 }, { 6, 1 }, { 6, 12 }, { 7, 2 }, { 7, 3 } };
	bool is_power = one->machine == ORACLE_POWERNV || one->machine == ORACLE_PSERIES;

	one->kernel = kernels[random_below(&strange->random, 6)];
	if (is_power) {
		one->page_lg2 = random_below(&strange->random, 2) ? 12 : 16;
		one->machine = random_below(&strange->random, 2) ? ORACLE_POWERNV : ORACLE_PSERIES;
	}
	for (size_t i = one->first; i < one->first + one->count; i++)
		change_line(strange, i, one);
}

/* A sum of everything that was answered. */
static void sum(void *context, const struct replay_call *call)
{
	uint64_t *total = context;
	const char *out = call->modelled ? call->model.out : "";

	*total = *total * 31 + (uint64_t)call->model.ret + 7 * call->differs + call->modelled;
	for (; *out; out++)
		*total = *total * 31 + (unsigned char)*out;
	*total = *total * 31 + (uint64_t)call->model.vm_lck_kib + 3 * (uint64_t)call->model.vm_pin_kib;
}

START_TEST(every_sequence_of_calls_has_an_answer)
{
	glob_t paths;

	ck_assert_int_eq(glob(TESTS_DATA "/oracles/kernel/*.log.xz", 0, NULL, &paths), 0);
	for (size_t k = (size_t)_i % SHARES; k < paths.gl_pathc; k += SHARES) {
		struct strange strange = { 0 };
		struct recording *recording = &strange.recording;
		struct err err = { 0 };

		ck_assert_msg(recording_read(recording, paths.gl_pathv[k], &err), "%s", err.text);
		random_init(&strange.random, (uint64_t)_i);
		strange.args = heap_zeroed(recording->line_count, ARGS_BYTES);
		for (size_t i = 0; i < recording->case_count; i++) {
			struct recorded_case *one = &recording->cases[i];
			uint64_t first = 0, second = 0;

			if (strcmp(one->name, "many") == 0 || strcmp(one->name, "limit_real") == 0)
				continue; /* one call that stands for 70,000 */
			change_case(&strange, one);
			printf("round %d, %s %s\n", _i, recording->path, one->full_name);
			fflush(stdout);
			replay_case(recording, one, oracle_interfaces, sum, &first);
			replay_case(recording, one, oracle_interfaces, sum, &second);
			ck_assert_msg(first == second, "round %d, %s: two answers", _i, one->full_name);
		}
		free(strange.args);
		recording_free(recording);
	}
	globfree(&paths);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strange");
	TCase *test = tcase_create("strange");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(test, every_sequence_of_calls_has_an_answer, 0, ROUNDS);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
