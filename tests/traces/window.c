/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/window.h"

#include "tests/suite.h"

START_TEST(contexts_are_tasks_or_levels_of_a_cpu)
{
	struct window window;
	ck_assert(window_init(&window));
	uint64_t task = window_context(&window, 7, 0, 0)->key;
	ck_assert_uint_eq(window_context(&window, 7, 1, 0)->key, task);
	ck_assert_uint_ne(window_context(&window, 8, 0, 0)->key, task);
	uint64_t soft = window_context(&window, 7, 0, 1)->key;
	ck_assert_uint_ne(soft, task);
	ck_assert_uint_eq(window_context(&window, 9, 0, 1)->key, soft); /* whatever task it interrupts */
	ck_assert_uint_ne(window_context(&window, 7, 1, 1)->key, soft);
	ck_assert_uint_ne(window_context(&window, 7, 0, 2)->key, soft);
	uint64_t idle = window_context(&window, 0, 0, 0)->key;
	ck_assert_uint_ne(window_context(&window, 0, 1, 0)->key, idle);
	window_fini(&window);
}
END_TEST

START_TEST(rows_leave_in_the_order_they_came)
{
	struct window window;
	ck_assert(window_init(&window));
	for (uint64_t row = 0; row < 10000; row++) {
		ck_assert_uint_eq(window_add(&window)->op.index, row);
		if (row >= 1000)
			ck_assert_uint_eq(window_take(&window)->op.index, row - 1000);
	}
	ck_assert_uint_eq(window.tail - window.head, 1000);
	ck_assert_uint_eq(window_row(&window, 9500)->op.index, 9500);
	window_fini(&window);
}
END_TEST

START_TEST(open_rows_are_listed_by_context_in_order)
{
	struct window window;
	ck_assert(window_init(&window));
	struct context *context = window_context(&window, 7, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		window_open(&window, context, window_add(&window));
	window_close(&window, context, window_row(&window, 1)); /* from the middle */
	ck_assert_uint_eq(window_row(&window, 0)->next_open, 2);
	window_close(&window, context, window_row(&window, 0)); /* the first */
	ck_assert_uint_eq(context->first_open, 2);
	window_close(&window, context, window_row(&window, 3)); /* the last */
	ck_assert_uint_eq(context->last_open, 2);
	window_close(&window, context, window_row(&window, 2));
	ck_assert_uint_eq(context->first_open, TRACE_NONE);
	ck_assert_uint_eq(context->last_open, TRACE_NONE);
	window_fini(&window);
}
END_TEST

START_TEST(contexts_without_business_are_forgotten)
{
	struct window window;
	ck_assert(window_init(&window));
	struct context *busy = window_context(&window, 1, 0, 0);
	window_open(&window, busy, window_add(&window));
	window_context(&window, 2, 0, 0)->attached = 3;
	for (uint32_t pid = 10; pid < 100010; pid++)
		ck_assert_ptr_nonnull(window_context(&window, pid, 0, 0));
	ck_assert_uint_le(window.context_capacity, 1024); /* not one slot for each PID that ever was */
	ck_assert_uint_eq(window_context(&window, 1, 0, 0)->first_open, 0);
	ck_assert_uint_eq(window_context(&window, 2, 0, 0)->attached, 3);
	window_fini(&window);
}
END_TEST

START_TEST(contexts_with_business_are_all_kept)
{
	struct window window;
	ck_assert(window_init(&window));
	for (uint32_t pid = 1; pid <= 3000; pid++) {
		struct pending *pending = window_add(&window);
		window_open(&window, window_context(&window, pid, 0, 0), pending);
	}
	for (uint32_t pid = 1; pid <= 3000; pid++)
		ck_assert_uint_eq(window_context(&window, pid, 0, 0)->first_open, pid - 1);
	window_fini(&window);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		contexts_are_tasks_or_levels_of_a_cpu,    rows_leave_in_the_order_they_came,
		open_rows_are_listed_by_context_in_order, contexts_without_business_are_forgotten,
		contexts_with_business_are_all_kept,      NULL,
	};
	return suite_run("window", tests);
}
