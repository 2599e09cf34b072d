/* SPDX-License-Identifier: Apache-2.0 */
/* --set and --schemes on a loaded scenario. */
#include <stdio.h>
#include <string.h>

#include "scenarios/config.h"
#include "tests/scenarios/folder.h"

static struct scenario scenario;

static void load(const char *text)
{
	struct err err = { 0 };

	folder_write_scenario(text);
	ck_assert_msg(scenario_load("scenarios/x.yaml", &scenario, &err), "%s", err.text);
}

static void set(const char *assignment)
{
	struct err err = { 0 };

	ck_assert_msg(scenario_set(&scenario, assignment, &err), "%s", err.text);
}

static void refuses_set(const char *assignment, const char *message)
{
	struct err err = { 0 };

	ck_assert_msg(!scenario_set(&scenario, assignment, &err), "%s", assignment);
	ck_assert_str_eq(err.text, message);
	ck_assert_uint_eq(err.kind, ERR_USAGE);
}

static void refuses_check(const char *message)
{
	struct err err = { 0 };

	ck_assert(!scenario_check(&scenario, &err));
	ck_assert_str_eq(err.text, message);
	ck_assert_uint_eq(err.kind, ERR_USAGE);
}

START_TEST(a_parameter_is_set_and_says_so)
{
	struct err err = { 0 };

	load("parameters: {iommu.walkers: 6}\n");
	set("iommu.walkers=7");
	set("timing.host.pin_page = 1.5 us");
	set("seed=9");
	ck_assert_uint_eq(scenario.config.iommu.walkers, 7);
	ck_assert_uint_eq(scenario.config.timing.host.pin_page, 1500000);
	ck_assert_uint_eq(scenario.config.seed, 9);
	ck_assert_str_eq(scenario_parameter_source(&scenario, parameter_find("iommu.walkers")), "--set");
	ck_assert_str_eq(scenario_parameter_source(&scenario, parameter_find("timing.host.pin_page")), "--set");
	ck_assert(scenario_check(&scenario, &err));
	scenario_fini(&scenario);
}
END_TEST

START_TEST(several_assignments_are_checked_together)
{
	struct err err = { 0 };

	load("");
	set("iommu.iotlb_entries=64");
	refuses_check("--set: iommu.iotlb_ways = 120: must divide iommu.iotlb_entries = 64");
	set("iommu.iotlb_ways=3");
	refuses_check("--set: iommu.iotlb_ways = 3: must divide iommu.iotlb_entries = 64");
	set("iommu.iotlb_ways=4");
	ck_assert_msg(scenario_check(&scenario, &err), "%s", err.text);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(a_conflict_names_the_place_of_what_must_divide)
{
	load("parameters: {iommu.iotlb_ways: 60}\n");
	set("iommu.iotlb_entries=64");
	refuses_check("scenarios/x.yaml:5:14: iommu.iotlb_ways = 60: must divide iommu.iotlb_entries = 64");
	scenario_fini(&scenario);
}
END_TEST

START_TEST(wrong_assignments_are_refused)
{
	load("");
	refuses_set("iommu.walkers", "--set iommu.walkers: must be KEY=VALUE");
	refuses_set("iommu.walkers=", "--set iommu.walkers=: must be KEY=VALUE");
	refuses_set("=5", "--set =5: must be KEY=VALUE");
	refuses_set("", "--set : must be KEY=VALUE");
	refuses_set("iommu.iotlb_entreis=64",
		    "--set: unknown parameter 'iommu.iotlb_entreis': did you mean 'iommu.iotlb_entries'?");
	refuses_set("iotlb_entries=64",
		    "--set: unknown parameter 'iotlb_entries': did you mean 'iommu.iotlb_entries'?");
	refuses_set("iommu=64", "--set: 'iommu' is a group: must be iommu.NAME=VALUE");
	refuses_set("iommu.walkers=0", "--set: iommu.walkers = 0: must be a whole number from 1 to 1024");
	ck_assert_uint_eq(scenario.config.iommu.walkers, 5);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(an_axis_of_a_scheme_is_set)
{
	load("");
	set("schemes.nested.unmap=deferred");
	ck_assert_uint_eq(scenario.scheme[0].unmap, SCHEME_DEFERRED);
	set("schemes.nested.pin=on-map");
	refuses_check("--set: scheme 'nested': nested needs pin=at-start: the second stage maps all guest memory");
	refuses_set("schemes.nestde.unmap=strict", "--set: unknown scheme 'nestde': did you mean 'nested'?");
	refuses_set("schemes.nested=strict", "--set: schemes.nested: must be schemes.NAME.AXIS");
	refuses_set("schemes.nested.unmpa=strict", "--set: unknown axis 'unmpa': did you mean 'unmap'?");
	refuses_set("schemes.nested.unmap=lazy", "--set: unmap = lazy: must be strict or deferred");
	scenario_fini(&scenario);
}
END_TEST

static void select_schemes(const char *names)
{
	struct err err = { 0 };

	ck_assert_msg(scenario_select_schemes(&scenario, names, &err), "%s", err.text);
}

static void refuses_select(const char *names, const char *message)
{
	struct err err = { 0 };

	ck_assert(!scenario_select_schemes(&scenario, names, &err));
	ck_assert_str_eq(err.text, message);
	ck_assert_uint_eq(err.kind, ERR_USAGE);
}

START_TEST(schemes_are_kept_or_taken_from_the_presets)
{
	struct err err = { 0 };

	load("");
	set("schemes.nested.unmap=deferred");
	select_schemes("passthrough, nested");
	ck_assert_uint_eq(scenario.scheme_count, 2);
	ck_assert_str_eq(scenario.scheme[0].name, "passthrough");
	ck_assert_str_eq(scenario.scheme_where[0], "--schemes");
	ck_assert_str_eq(scenario.scheme[1].name, "nested");
	ck_assert_uint_eq(scenario.scheme[1].unmap, SCHEME_DEFERRED); /* the scenario's, not the preset */
	ck_assert(scenario_check(&scenario, &err));
	scenario_fini(&scenario);
}
END_TEST

START_TEST(a_wrong_selection_changes_nothing)
{
	load("");
	refuses_select("passthrough,nestde", "--schemes: unknown scheme 'nestde': did you mean 'nested'?");
	refuses_select("passthrough,", "--schemes passthrough,: must be NAME[,NAME]...");
	refuses_select("", "--schemes : must be NAME[,NAME]...");
	refuses_select("nested,nested", "scenarios/x.yaml:4:11: scheme 'nested' is there already: names are unique");
	ck_assert_uint_eq(scenario.scheme_count, 1);
	ck_assert_str_eq(scenario.scheme[0].name, "nested");
	scenario_fini(&scenario);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_parameter_is_set_and_says_so,
		several_assignments_are_checked_together,
		a_conflict_names_the_place_of_what_must_divide,
		wrong_assignments_are_refused,
		an_axis_of_a_scheme_is_set,
		schemes_are_kept_or_taken_from_the_presets,
		a_wrong_selection_changes_nothing,
		NULL,
	};

	return folder_suite_run("scenarios/set", tests);
}
