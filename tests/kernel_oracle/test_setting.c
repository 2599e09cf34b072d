/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/setting.h"

#include <glob.h>
#include <string.h>

#include "tests/kernel_oracle/recording.h"
#include "tests/suite.h"

/* The programs' tables of cases. */
static const char *const type1_cases[] = {
	"setup", "args",    "hole",        "overlap", "unmap", "memlock",     "memlock0",    "memlock_cap",
	"limit", "twocont", "onecont2grp", "vaddr",   "dirty", "dirty_stale", "dirty_start", "nesting",
	"file",  "huge",    "thp",         "bar",     "zero",  "xproc",       "limit_real",  NULL,
};
static const char *const iommufd_cases[] = {
	"setup",       "cmds",
	"map",         "hole",
	"lateattach",  "resv",
	"unmap",       "account",
	"copy",        "allow",
	"option",      "nohuge",
	"rlimit_user", "rlimit_mm",
	"rlimit_cap",  "dirty",
	"hwpt",        "file",
	"huge",        "bar",
	"zero",        "xproc",
	"mapfile",     "many",
	"vfiocompat",  "vfiocompat_v2only",
	"refs",        NULL,
};
static const char *const spapr_cases[] = {
	"setup",   "enable",  "enable_limit", "v1map",      "reg",  "reglimit", "regcap", "v2map", "window",
	"bigpage", "twocont", "regmapped",    "regpartial", "leak", "twogrp",   "v1reg",  "wrap",  NULL,
};

static void check_cases(const char *family, const char *const *cases)
{
	for (; *cases; cases++)
		ck_assert_msg(setting_knows(family, *cases), "%s/%s", family, *cases);
}

START_TEST(every_case_of_the_programs_has_its_setting)
{
	check_cases("type1v1", type1_cases);
	check_cases("type1v2", type1_cases);
	check_cases("iommufd-vtd-attached", iommufd_cases);
	check_cases("iommufd-mock-detached", iommufd_cases);
	check_cases("spaprv1", spapr_cases);
	check_cases("spaprv2", spapr_cases);
}
END_TEST

START_TEST(a_part_of_a_name_is_no_case)
{
	ck_assert(!setting_knows("type1v1", "lock"));
	ck_assert(!setting_knows("type1v1", "mem"));
	ck_assert(!setting_knows("type1v1", ""));
	ck_assert(!setting_knows("type1v1", "copy"));
	ck_assert(!setting_knows("spaprv1", "nesting"));
	ck_assert(!setting_knows("sva", "setup"));
}
END_TEST

START_TEST(only_operations_that_ask_nothing_are_looks)
{
	ck_assert(setting_is_look("type1v2", "munmap"));
	ck_assert(setting_is_look("spaprv2", "all closed"));
	ck_assert(!setting_is_look("spaprv2", "mlock"));
	ck_assert(!setting_is_look("type1v2", "MAP"));
	ck_assert(!setting_is_look("iommufd-vtd-attached", "IOAS_UNMAP"));
}
END_TEST

static bool fits(const struct setting *setting, const struct recording *recording, const struct recorded_case *one)
{
	unsigned count = 0;

	if (setting->moment == SETTING_BEGIN)
		return true;
	for (size_t i = one->first; i < one->first + one->count; i++) {
		const struct recorded_line *line = &recording->lines[i];

		if (setting->moment == SETTING_NOTE) {
			if (line->kind == RECORDED_NOTE && strstr(line->text, setting->text) == line->text)
				return true;
		} else if (line->kind == RECORDED_CALL && strcmp(line->call.op, setting->text) == 0 &&
			   ++count == setting->count) {
			return true;
		}
	}
	return false;
}

/* A place that is misspelt, or a count beyond what the program does, would never come. */
START_TEST(every_moment_of_a_recorded_case_comes)
{
	bool recorded[256] = { 0 }, came[256] = { 0 };
	glob_t paths;

	ck_assert_uint_le(setting_count, 256);
	ck_assert_int_eq(glob(TESTS_DATA "/oracles/kernel/*.log.xz", 0, NULL, &paths), 0);
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		struct recording recording;
		struct err err = { 0 };

		ck_assert_msg(recording_read(&recording, paths.gl_pathv[i], &err), "%s", err.text);
		for (size_t at = 0; at < recording.case_count; at++) {
			const struct recorded_case *one = &recording.cases[at];

			ck_assert_msg(setting_knows(one->family, one->name), "%s", one->full_name);
			for (size_t k = 0; k < setting_count; k++) {
				if (one->count == 0 || !setting_is_of(&setting_table[k], one->family, one->name))
					continue;
				recorded[k] = true;
				came[k] = came[k] || fits(&setting_table[k], &recording, one);
			}
		}
		recording_free(&recording);
	}
	globfree(&paths);
	for (size_t k = 0; k < setting_count; k++)
		ck_assert_msg(came[k] || !recorded[k], "%s %s: %s %u", setting_table[k].program, setting_table[k].cases,
			      setting_table[k].text, setting_table[k].count);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { every_case_of_the_programs_has_its_setting, a_part_of_a_name_is_no_case,
				       only_operations_that_ask_nothing_are_looks,
				       every_moment_of_a_recorded_case_comes, NULL };

	return suite_run("setting", tests);
}
