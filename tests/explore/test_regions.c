/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/regions.h"

#include <errno.h>

#include "models/base/random.h"
#include "models/pagetable/format.h"
#include "models/software/registration.h"
#include "tests/suite.h"

static const struct {
	const char *name;
	struct regions_config config;
} scopes[] = {
	{ "2 callers, 2 containers, 1 region, 4 calls", { .callers = 2, .container = { 0, 1 }, .calls = 4 } },
	{ "2 callers, 1 container, 1 region, 5 calls", { .callers = 2, .container = { 0, 0 }, .calls = 5 } },
	{ "2 callers, 2 containers, 2 regions, 3 calls",
	  { .callers = 2, .container = { 0, 1 }, .calls = 3, .overlapping = true } },
	{ "3 callers, 3 containers, 1 region, 3 calls", { .callers = 3, .container = { 0, 1, 2 }, .calls = 3 } },
	{ "3 callers, 2 containers, 1 region, 3 calls", { .callers = 3, .container = { 0, 0, 1 }, .calls = 3 } },
	{ "3 callers, 3 containers, 2 regions, 2 calls",
	  { .callers = 3, .container = { 0, 1, 2 }, .calls = 2, .overlapping = true } },
};

#define SCOPES (sizeof(scopes) / sizeof(scopes[0]))

START_TEST(no_order_of_steps_breaks_a_rule)
{
	struct explore_system system = regions_system(&scopes[_i].config);
	struct explore_result result;

	explore(&system, &result);
	explore_print(stdout, scopes[_i].name, &result);
	ck_assert_msg(!result.broken, "%s: %s", scopes[_i].name, result.broken);
	ck_assert_uint_gt(result.states, 1000);
	explore_free(&result);
}
END_TEST

/* Every mistake is found in some scope; the first that finds it prints how. */
START_TEST(a_seeded_mistake_is_found)
{
	const char *broken = NULL;

	for (unsigned i = 0; i < SCOPES && !broken; i++) {
		struct regions_config config = scopes[i].config;

		config.bug = (enum regions_bug)_i;
		struct explore_system system = regions_system(&config);
		struct explore_result result;

		explore(&system, &result);
		broken = result.broken;
		if (broken) {
			printf("%s, %s\n", regions_bug_name(config.bug), scopes[i].name);
			explore_print(stdout, regions_bug_name(config.bug), &result);
			ck_assert_uint_gt(result.trace_count, 0);
		}
		explore_free(&result);
	}
	ck_assert_msg(broken, "%s", regions_bug_name((enum regions_bug)_i));
}
END_TEST

/* ---- The models, whose calls are whole ---- */

#define CONTAINERS 3u
#define VADDR      UINT64_C(0x200000000)
#define BASE       UINT64_C(0x40000000)

struct models {
	struct pins pins;
	struct process process;
	struct registrations registrations;
	struct region *holds[CONTAINERS][2], *entry[CONTAINERS];
};

static void models_init(struct models *models)
{
	const struct area area = { .vaddr = VADDR,
				   .bytes = 3 * PAGE_BYTES,
				   .permissions = PT_READ | PT_WRITE,
				   .base = BASE,
				   .page_lg2 = PAGE_LG2,
				   .backed_bytes = 3 * PAGE_BYTES };

	*models = (struct models){ 0 };
	pins_init(&models->pins, BASE, UINT64_C(1) << 21);
	process_init(&models->process, &models->pins, 0);
	process_add_area(&models->process, &area);
	registrations_init(&models->registrations, &models->process, PAGE_LG2, 512);
}

static void models_fini(struct models *models)
{
	registrations_fini(&models->registrations);
	process_fini(&models->process);
	pins_fini(&models->pins);
}

static int models_register(struct models *models, unsigned container, unsigned which, struct host_work *work)
{
	struct region **held = &models->holds[container][which];

	return *held ? EBUSY
		     : registration_get(&models->registrations, VADDR + which * PAGE_BYTES, 2 * PAGE_BYTES, held, work);
}

static int models_unregister(struct models *models, unsigned container, unsigned which, struct host_work *work)
{
	struct region **held = &models->holds[container][which];
	int error = *held ? registration_put(&models->registrations, *held, work) : ENOENT;

	if (!error)
		*held = NULL;
	return error;
}

static int models_map(struct models *models, unsigned container, struct region *region, struct host_work *work)
{
	struct region *old = models->entry[container];

	if (region)
		region_map(region);
	models->entry[container] = region;
	if (old)
		region_unmap(&models->registrations, old, work);
	return 0;
}

static int models_call(struct models *models, unsigned container, enum regions_call call, unsigned which)
{
	struct host_work work = { 0 };
	struct region *region;

	if (call == REGIONS_REGISTER)
		return models_register(models, container, which, &work);
	if (call == REGIONS_UNREGISTER)
		return models_unregister(models, container, which, &work);
	if (call == REGIONS_UNMAP)
		return models_map(models, container, NULL, &work);
	region = registration_find(&models->registrations, VADDR + which * PAGE_BYTES, PAGE_BYTES, &work);
	return region ? models_map(models, container, region, &work) : EINVAL;
}

START_TEST(calls_one_after_the_other_answer_as_the_models_do)
{
	const struct regions_config config = { .callers = 3, .container = { 0, 1, 2 }, .overlapping = true };
	unsigned char state[EXPLORE_STATE_BYTES];
	unsigned counts[4][3] = { 0 };

	for (unsigned seed = 0; seed < 400; seed++) {
		struct models models;
		struct random random;

		random_init(&random, seed);
		models_init(&models);
		regions_system(&config).begin(&config, state);
		for (unsigned i = 0; i < 60; i++) {
			enum regions_call call = (enum regions_call)random_below(&random, 4);
			unsigned caller = (unsigned)random_below(&random, 3);
			unsigned which = (unsigned)random_below(&random, call == REGIONS_MAP ? 3 : 2);
			int expected = models_call(&models, caller, call, which);
			int got = regions_call(&config, state, caller, call, which);

			ck_assert_msg(got == expected, "seed %u call %u: %d, not %d", seed, i, got, expected);
			ck_assert_uint_eq(regions_charged(state), models.process.account.total);
			counts[call][expected == 0 ? 0 : expected == EBUSY ? 1 : 2]++;
		}
		models_fini(&models);
	}
	for (unsigned call = 0; call < 2; call++)
		for (unsigned kind = 0; kind < 3; kind++)
			ck_assert_uint_gt(counts[call][kind], 50);
	ck_assert_uint_gt(counts[REGIONS_MAP][2], 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("regions");
	TCase *test = tcase_create("regions");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(test, no_order_of_steps_breaks_a_rule, 0, (int)SCOPES);
	tcase_add_loop_test(test, a_seeded_mistake_is_found, REGIONS_RIGHT + 1, REGIONS_BUGS);
	tcase_add_test(test, calls_one_after_the_other_answer_as_the_models_do);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
