/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/stage.h"

#include <string.h>

#include "models/pagetable/format.h"
#include "tests/suite.h"

#define AT (SETTING_BASE)

static struct stage stage;
static char told[256]; /* the events, each followed by a semicolon */
static const struct process *caller_at_exit;

static void tell_event(void *state, const struct oracle_event *event)
{
	strcat(told, event->what);
	strcat(told, event->value[1] ? "!;" : ";");
	if (strcmp(event->what, "exit") == 0)
		caller_at_exit = ((struct stage *)state)->world.process;
}

static const struct oracle_interface interface = { .event = tell_event };

static void setup(void)
{
	const struct recorded_case one = { .family = "spaprv2", .name = "reg", .page_lg2 = 16 };

	told[0] = '\0';
	stage_init(&stage, &one, false);
}

static void teardown(void)
{
	stage_fini(&stage);
}

static void set(enum setting_verb verb, uint64_t at, uint64_t bytes, unsigned permissions, const char *name)
{
	const struct setting setting = { .verb = verb,
					 .at = { .bytes = at },
					 .size = { .bytes = bytes },
					 .permissions = permissions,
					 .name = name };

	stage_set(&stage, &setting, &interface, &stage);
}

static struct process_run run(uint64_t offset, uint64_t bytes, bool write)
{
	return process_run(stage.world.process, AT + offset, bytes, write);
}

#define RW (PT_READ | PT_WRITE)

START_TEST(sizes_in_pages_are_those_of_the_kernel)
{
	const struct setting memory = {
		.verb = SETTING_MEMORY, .at = { .pages = 2 }, .size = { .pages = 3 }, .permissions = RW
	};

	stage_set(&stage, &memory, NULL, NULL);
	ck_assert_uint_eq(process_area(stage.world.process, AT + 0x20000)->bytes, 0x30000);
	ck_assert_ptr_null(process_area(stage.world.process, AT + 0x1ffff));
}
END_TEST

START_TEST(huge_pages_are_contiguous_and_others_are_not)
{
	set(SETTING_MEMORY, 0, 0x40000, RW, NULL);
	set(SETTING_HUGETLB, 0x400000, 0x400000, RW, NULL);
	set(SETTING_HUGE, 0x800000, 0x400000, RW, NULL);
	ck_assert_uint_eq(run(0, 0x40000, true).bytes, 0x10000);
	ck_assert_uint_eq(run(0x400000, 0x400000, true).bytes, 0x200000);
	ck_assert_uint_eq(run(0x900000, 0x400000, true).bytes, 0x100000);
}
END_TEST

START_TEST(no_two_areas_share_memory_unless_they_share_a_file)
{
	set(SETTING_MEMORY, 0, 0x30000, RW, NULL);
	set(SETTING_UNTOUCHED, 0x30000, 0x10000, PT_READ, NULL);
	set(SETTING_FILE, 0, 0x20000, 0, "f");
	set(SETTING_SHARED, 0x100000, 0x20000, RW, "f");
	set(SETTING_SHARED, 0x200000, 0x80000, PT_READ, "f");
	ck_assert_uint_eq(run(0x30000, 0x1000, false).phys, run(0x20000, 0x1000, true).phys + 0x10000);
	ck_assert_uint_ge(run(0x100000, 0x1000, true).phys, run(0x30000, 0x1000, false).phys + 0x10000);
	ck_assert_uint_eq(run(0x110000, 0x1000, true).phys, run(0x210000, 0x1000, false).phys);
	ck_assert_uint_eq(run(0x210000, 0x1000, true).bytes, 0);
	ck_assert_uint_eq(run(0x220000, 0x1000, false).bytes, 0);
}
END_TEST

START_TEST(a_devices_memory_is_none_of_the_machines)
{
	set(SETTING_BAR, 0, 0x20000, RW, NULL);
	ck_assert(!run(0, 0x1000, true).is_memory);
	ck_assert_uint_lt(run(0, 0x1000, true).phys, stage.world.pins.base);
}
END_TEST

START_TEST(a_limit_counts_without_the_capability_only)
{
	set(SETTING_MEMLOCK, 0, 0x10000, 0, NULL);
	ck_assert(account_fits(&stage.world.process->account, ACCOUNT_MM, 1000));
	set(SETTING_DROP_IPC_LOCK, 0, 0, 0, NULL);
	ck_assert(!stage.world.cap_ipc_lock);
	ck_assert(account_fits(&stage.world.process->account, ACCOUNT_MM, 16));
	ck_assert(!account_fits(&stage.world.process->account, ACCOUNT_MM, 17));
	set(SETTING_MLOCK, 0, 0x8000, 0, NULL);
	ck_assert_uint_eq(stage.world.mlocked_bytes, 0x8000);
	ck_assert(!account_fits(&stage.world.process->account, ACCOUNT_MM, 9));
	set(SETTING_MLOCK, 0, 0x9000, 0, NULL);
	ck_assert_uint_eq(stage.world.mlocked_bytes, 0x8000);
	set(SETTING_MEMLOCK, 0, 0, 0, NULL);
	ck_assert(!account_fits(&stage.world.process->account, ACCOUNT_MM, 1));
}
END_TEST

START_TEST(a_child_has_copies_and_shares_files_and_its_process_outlives_it)
{
	set(SETTING_MEMORY, 0, 0x10000, RW, NULL);
	set(SETTING_FILE, 0, 0x20000, 0, "f");
	set(SETTING_SHARED, 0x100000, 0x20000, RW, "f");
	set(SETTING_MLOCK, 0, 0x10000, 0, NULL);
	struct process_run parents = run(0, 0x1000, true), shared = run(0x100000, 0x1000, true);
	const struct process *parent = stage.world.process;

	set(SETTING_CHILD, 0, 0, 0, NULL);
	const struct process *child = stage.world.process;

	ck_assert_ptr_ne(child, parent);
	ck_assert_uint_ne(run(0, 0x1000, true).phys, parents.phys);
	ck_assert_uint_eq(run(0x100000, 0x1000, true).phys, shared.phys);
	ck_assert_uint_eq(stage.world.mlocked_bytes + child->account.total, 0);
	set(SETTING_PARENT, 0, 0, 0, NULL);
	ck_assert_uint_eq(stage.world.mlocked_bytes, 0x10000);
	set(SETTING_CHILD, 0, 0, 0, NULL);
	ck_assert_ptr_eq(stage.world.process, child);
	set(SETTING_PARENT, 0, 0, 0, NULL);
	set(SETTING_CHILD_EXIT, 0, 0, 0, NULL);
	ck_assert_ptr_eq(caller_at_exit, child);
	ck_assert_ptr_eq(stage.world.process, parent);
	ck_assert_uint_gt(child->area_count, 0);
	ck_assert_str_eq(told, "child;parent;child;parent;exit;parent;");
}
END_TEST

START_TEST(an_interface_hears_of_descriptors_and_files)
{
	set(SETTING_FILE, 0, 0x20000, 0, "f");
	set(SETTING_USE_FILE, 0, 0, 0, "f");
	set(SETTING_USE_FILE, 0, 0, 0, NULL);
	set(SETTING_EVENT, 0, 0, 0, "close group");
	ck_assert_str_eq(told, "file!;file;close group;");
}
END_TEST

START_TEST(memory_that_the_program_did_not_get_is_taken_back)
{
	set(SETTING_MEMORY, 0, 0x10000, RW, NULL);
	set(SETTING_HUGETLB, 0x40000000, 0x400000, RW, NULL);
	stage_note(&stage, "mmap 0x240000000 succeeded");
	stage_note(&stage, "mmap 0x999000000 failed ENOMEM");
	ck_assert_uint_gt(run(0x40000000, 0x1000, true).bytes, 0);
	stage_note(&stage, "mmap 0x240000000 failed ENOENT");
	ck_assert_uint_eq(run(0x40000000, 0x1000, true).bytes, 0);
	ck_assert_uint_gt(run(0, 0x1000, true).bytes, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stage");
	TCase *test = tcase_create("stage");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, sizes_in_pages_are_those_of_the_kernel);
	tcase_add_test(test, huge_pages_are_contiguous_and_others_are_not);
	tcase_add_test(test, no_two_areas_share_memory_unless_they_share_a_file);
	tcase_add_test(test, a_devices_memory_is_none_of_the_machines);
	tcase_add_test(test, a_limit_counts_without_the_capability_only);
	tcase_add_test(test, a_child_has_copies_and_shares_files_and_its_process_outlives_it);
	tcase_add_test(test, an_interface_hears_of_descriptors_and_files);
	tcase_add_test(test, memory_that_the_program_did_not_get_is_taken_back);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
