/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/vaddr.h"

#include <errno.h>
#include <string.h>

#include "models/base/random.h"
#include "models/pagetable/format.h"
#include "models/software/type1.h"
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

/* ---- The model, whose calls are whole ---- */

#define VADDR UINT64_C(0x200000000)
#define BASE  UINT64_C(0x40000000)
#define IOVA  UINT64_C(0x100000)
#define PAGES 2u /* a mapping of one page each, side by side */

struct model {
	struct pins pins;
	struct process process;
	struct type1 type1;
	struct vfio_group device;
	struct type1_listener listener;
	unsigned pinned[PAGES]; /* by the device */
};

/* The device unpins all that it has of what is to go. */
static void unpin_all(void *argument, iova_t iova, uint64_t bytes)
{
	struct model *model = argument;
	struct host_work work = { 0 };

	for (unsigned i = 0; i < PAGES; i++)
		for (iova_t at = IOVA + i * PAGE_BYTES; at - iova < bytes && model->pinned[i] > 0; model->pinned[i]--)
			type1_unpin_pages(&model->type1, at, 1, &work);
}

static void model_init(struct model *model)
{
	const struct kernel waiting = { 5, 15 };
	const struct area area = { .vaddr = VADDR,
				   .bytes = 2 * PAGES * PAGE_BYTES,
				   .permissions = PT_READ | PT_WRITE,
				   .base = BASE,
				   .page_lg2 = PAGE_LG2,
				   .backed_bytes = 2 * PAGES * PAGE_BYTES };
	struct host_work work = { 0 };

	*model = (struct model){ .device = { .kind = VFIO_GROUP_EMULATED } };
	pins_init(&model->pins, BASE, UINT64_C(1) << 21);
	process_init(&model->process, &model->pins, 0);
	process_add_area(&model->process, &area);
	type1_init_empty(&model->type1, &waiting, VFIO_TYPE1v2_IOMMU, TYPE1_ENTRY_LIMIT);
	ck_assert_int_eq(type1_attach(&model->type1, &model->device, &work), 0);
	model->listener = (struct type1_listener){ .unmapped = unpin_all, .argument = model };
	type1_listen(&model->type1, &model->listener);
}

static void model_fini(struct model *model)
{
	type1_fini(&model->type1);
	process_fini(&model->process);
	pins_fini(&model->pins);
}

static int model_pin(struct model *model, iova_t iova, unsigned first, unsigned count)
{
	struct host_work work = { 0 };
	phys_t phys[PAGES];
	int error;

	if (type1_pin_pages(&model->type1, &model->device, iova, count, PT_READ | PT_WRITE, phys, &error, &work) ==
	    TYPE1_HOST_WAITS)
		return VADDR_WAITS;
	for (unsigned i = 0; !error && i < count; i++)
		model->pinned[first + i]++;
	return error;
}

static int model_call(struct model *model, enum vaddr_call call, enum vaddr_which which)
{
	struct type1 *type1 = &model->type1;
	struct host_work work = { 0 };
	unsigned first = which == VADDR_SECOND, count = which == VADDR_BOTH ? 2 : 1;
	iova_t iova = IOVA + first * PAGE_BYTES;
	uint64_t bytes = count * PAGE_BYTES, done;

	switch (call) {
	case VADDR_MAP:
		return type1_map_of(type1, &model->process, iova, VADDR + first * PAGE_BYTES, bytes, PT_READ | PT_WRITE,
				    &work);
	case VADDR_UNMAP:
		return type1_unmap_now(type1, iova, bytes, &done, &work);
	case VADDR_INVALIDATE:
		return type1_vaddr_invalidate(type1, iova, bytes, &done, &work);
	case VADDR_UPDATE:
		return type1_vaddr_update(type1, &model->process, iova, VADDR + (PAGES + first) * PAGE_BYTES, bytes,
					  &work);
	case VADDR_PIN:
		return model_pin(model, iova, first, count);
	default:
		ck_abort_msg("no call %d", call);
		return 0;
	}
}

/* A call that would wait has done nothing in the model; in the steps its caller is forgotten. */
START_TEST(calls_one_after_the_other_answer_as_the_model_does)
{
	const struct vaddr_config config = { .callers = 1, .role = { O } };
	unsigned char state[EXPLORE_STATE_BYTES], before[EXPLORE_STATE_BYTES];
	unsigned counts[5][3] = { 0 };

	for (unsigned seed = 0; seed < 400; seed++) {
		struct model model;
		struct random random;

		random_init(&random, seed);
		model_init(&model);
		vaddr_system(&config).begin(&config, state);
		for (unsigned i = 0; i < 60; i++) {
			enum vaddr_call call = (enum vaddr_call)random_below(&random, VADDR_ATTACH);
			bool single = call == VADDR_MAP || call == VADDR_UPDATE;
			enum vaddr_which which = (enum vaddr_which)random_below(&random, single ? 2 : 3);
			int expected = model_call(&model, call, which);

			memcpy(before, state, sizeof(state));
			int got = vaddr_call(&config, state, 0, call, which);

			ck_assert_msg(got == expected, "seed %u call %u (%d %d): %d, not %d", seed, i, call, which, got,
				      expected);
			if (got == VADDR_WAITS)
				memcpy(state, before, sizeof(state));
			for (unsigned k = 0; k < PAGES; k++)
				ck_assert_uint_eq(vaddr_pins(state, k ? VADDR_SECOND : VADDR_FIRST), model.pinned[k]);
			ck_assert_uint_eq(model.process.account.total,
					  (model.pinned[0] ? 1u : 0u) + (model.pinned[1] ? 1u : 0u));
			counts[call][got == 0 ? 0 : got > 0 ? 1 : 2]++;
		}
		model_fini(&model);
	}
	for (unsigned call = 0; call < 5; call++)
		ck_assert_msg(counts[call][0] > 50 && (call == VADDR_UNMAP || counts[call][1] > 50), "%u", call);
	ck_assert_uint_gt(counts[VADDR_PIN][2], 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vaddr");
	TCase *test = tcase_create("vaddr");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(test, no_order_of_steps_breaks_a_rule, 0, (int)SCOPES);
	tcase_add_loop_test(test, a_seeded_mistake_is_found, VADDR_RIGHT + 1, VADDR_BUGS);
	tcase_add_test(test, calls_one_after_the_other_answer_as_the_model_does);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
