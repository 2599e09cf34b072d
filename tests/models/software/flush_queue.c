/* SPDX-License-Identifier: Apache-2.0 */
/* The deferred flush queue: when it is full, when its timer is due, and what a flush releases. */
#include <stdlib.h>
#include <time.h>

#include "models/base/random.h"
#include "models/software/flush_queue.h"
#include "tests/suite.h"

/* [LINUX] IOVA_DEFAULT_FQ_SIZE and IOVA_DEFAULT_FQ_TIMEOUT */
static const struct flush_queue_config linux_default = {
	.cpus = 2,
	.slots = 256,
	.period_ps = 10 * PS_PER_MS,
};

static void flush(struct flush_queue *queue)
{
	flush_queue_begin(queue);
	flush_queue_end(queue);
}

START_TEST(a_ring_of_256_is_full_at_255)
{
	struct flush_queue *queue = flush_queue_create(&linux_default);

	for (unsigned i = 0; i < 255; i++) {
		ck_assert(!flush_queue_full(queue, 0));
		flush_queue_add(queue, 0, i, i * PAGE_BYTES, PAGE_BYTES, NULL);
	}
	ck_assert(flush_queue_full(queue, 0));
	ck_assert_uint_eq(flush_queue_pending(queue, 0), 255);
	ck_assert(!flush_queue_full(queue, 1));
	flush(queue);
	ck_assert(flush_queue_full(queue, 0));
	ck_assert_uint_eq(flush_queue_release(queue, 0, NULL, NULL), 255);
	ck_assert_uint_eq(flush_queue_pending(queue, 0), 0);
	flush_queue_destroy(queue);
}
END_TEST

START_TEST(an_entry_waits_for_a_flush_that_began_after_it)
{
	struct flush_queue *queue = flush_queue_create(&linux_default);

	flush_queue_begin(queue);
	flush_queue_add(queue, 0, 0, 0x1000, PAGE_BYTES, NULL);
	flush_queue_end(queue);
	ck_assert_uint_eq(flush_queue_release(queue, 0, NULL, NULL), 0);
	flush_queue_begin(queue);
	ck_assert_uint_eq(flush_queue_release(queue, 0, NULL, NULL), 0);
	flush_queue_end(queue);
	ck_assert_uint_eq(flush_queue_release(queue, 0, NULL, NULL), 1);
	flush_queue_destroy(queue);
}
END_TEST

START_TEST(the_timer_runs_from_the_first_entry_and_starts_again_after_it_fired)
{
	struct flush_queue *queue = flush_queue_create(&linux_default);

	ck_assert_uint_eq(flush_queue_due(queue), FLUSH_QUEUE_NEVER);
	flush_queue_add(queue, 0, 3 * PS_PER_MS, 0x1000, PAGE_BYTES, NULL);
	ck_assert_uint_eq(flush_queue_due(queue), 13 * PS_PER_MS);
	flush_queue_add(queue, 1, 5 * PS_PER_MS, 0x2000, PAGE_BYTES, NULL);
	ck_assert_uint_eq(flush_queue_due(queue), 13 * PS_PER_MS);
	/* A flush because a ring was full does not stop it. */
	flush(queue);
	ck_assert_uint_eq(flush_queue_due(queue), 13 * PS_PER_MS);
	flush_queue_fired(queue);
	ck_assert_uint_eq(flush_queue_due(queue), FLUSH_QUEUE_NEVER);
	flush_queue_add(queue, 1, 20 * PS_PER_MS, 0x3000, PAGE_BYTES, NULL);
	ck_assert_uint_eq(flush_queue_due(queue), 30 * PS_PER_MS);
	flush_queue_destroy(queue);
}
END_TEST

struct seen {
	unsigned count;
	iova_t iova[4];
	uint64_t bytes[4];
	size_t tables[4];
	phys_t first_table[4];
};

static void see(void *argument, struct flush_queue_entry *entry)
{
	struct seen *seen = argument;

	seen->iova[seen->count] = entry->iova;
	seen->bytes[seen->count] = entry->bytes;
	seen->tables[seen->count] = entry->freed.count;
	seen->first_table[seen->count] = entry->freed.count ? entry->freed.page[0] : 0;
	seen->count++;
}

START_TEST(a_release_tells_of_each_entry_with_its_tables_oldest_first)
{
	struct flush_queue *queue = flush_queue_create(&linux_default);
	struct table_list freed = { 0 };
	struct seen seen = { 0 };

	table_list_add(&freed, 0x7000);
	table_list_add(&freed, 0x8000);
	flush_queue_add(queue, 0, 0, 0x200000, 0x200000, &freed);
	ck_assert_uint_eq(freed.count, 0);
	flush_queue_add(queue, 0, 0, 0x1000, PAGE_BYTES, &freed);
	flush_queue_add(queue, 1, 0, 0x2000, PAGE_BYTES, &freed);
	flush(queue);
	ck_assert_uint_eq(flush_queue_release(queue, 0, see, &seen), 2);
	ck_assert_uint_eq(seen.iova[0], 0x200000);
	ck_assert_uint_eq(seen.bytes[0], 0x200000);
	ck_assert_uint_eq(seen.tables[0], 2);
	ck_assert_uint_eq(seen.first_table[0], 0x7000);
	ck_assert_uint_eq(seen.iova[1], 0x1000);
	ck_assert_uint_eq(seen.tables[1], 0);
	ck_assert_uint_eq(flush_queue_pending(queue, 1), 1);
	flush_queue_destroy(queue);
	table_list_fini(&freed);
}
END_TEST

#define TWIN_MAX 5000u

/* Every entry ever added, in order; which flush it waits for. */
struct twin {
	unsigned added, released;
	uint64_t waits_for[TWIN_MAX];
};

START_TEST(a_small_ring_agrees_with_a_list_of_everything)
{
	const struct flush_queue_config config = { .cpus = 3, .slots = 8, .period_ps = 100 };
	uint64_t seed = (uint64_t)time(NULL);
	struct flush_queue *queue = flush_queue_create(&config);
	static struct twin twins[3];
	uint64_t begun = 0, ended = 0;
	struct random random;

	random_init(&random, seed);
	for (unsigned step = 0; step < TWIN_MAX; step++) {
		unsigned cpu = (unsigned)random_below(&random, 3);
		struct twin *twin = &twins[cpu];
		unsigned covered = 0;

		switch (random_below(&random, 4)) {
		case 0:
			flush_queue_begin(queue);
			begun++;
			break;
		case 1:
			if (ended < begun) {
				flush_queue_end(queue);
				ended++;
			}
			break;
		case 2:
			while (twin->released + covered < twin->added &&
			       twin->waits_for[twin->released + covered] <= ended)
				covered++;
			ck_assert_msg(flush_queue_release(queue, cpu, NULL, NULL) == covered, "seed %llu step %u",
				      (unsigned long long)seed, step);
			twin->released += covered;
			break;
		default:
			ck_assert_msg(flush_queue_full(queue, cpu) == (twin->added - twin->released == 7),
				      "seed %llu step %u", (unsigned long long)seed, step);
			if (!flush_queue_full(queue, cpu)) {
				flush_queue_add(queue, cpu, step, step * PAGE_BYTES, PAGE_BYTES, NULL);
				twin->waits_for[twin->added++] = begun + 1;
			}
		}
		ck_assert_uint_eq(flush_queue_pending(queue, cpu), twin->added - twin->released);
	}
	flush_queue_destroy(queue);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("flush_queue");
	TCase *t = tcase_create("rings");

	tcase_add_test(t, a_ring_of_256_is_full_at_255);
	tcase_add_test(t, an_entry_waits_for_a_flush_that_began_after_it);
	tcase_add_test(t, the_timer_runs_from_the_first_entry_and_starts_again_after_it_fired);
	tcase_add_test(t, a_release_tells_of_each_entry_with_its_tables_oldest_first);
	tcase_add_test(t, a_small_ring_agrees_with_a_list_of_everything);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
