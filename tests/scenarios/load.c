/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/config.h"
#include "tests/scenarios/folder.h"

static void load(const char *path, struct scenario *scenario)
{
	struct err err = { 0 };

	ck_assert_msg(scenario_load(path, scenario, &err), "%s", err.text);
}

static const char *source_of(const struct scenario *scenario, const char *name)
{
	return scenario_parameter_source(scenario, parameter_find(name));
}

START_TEST(every_shipped_scenario_loads_and_says_why_it_exists)
{
	DIR *folder = opendir(SCENARIOS);
	unsigned count = 0;

	ck_assert_ptr_nonnull(folder);
	for (struct dirent *entry; (entry = readdir(folder));) {
		const char *ending = strrchr(entry->d_name, '.');
		struct scenario scenario;
		char path[512];

		if (!ending || strcmp(ending, ".yaml") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%.200s", SCENARIOS, entry->d_name);
		load(path, &scenario);
		ck_assert_msg(strncmp(scenario.text, "# SPDX-License-Identifier: Apache-2.0\n# ", 40) == 0, "%s", path);
		ck_assert_msg(strstr(scenario.text, "# Look at: ") != NULL, "%s", path);
		ck_assert_msg(scenario.trace.is_made || strncmp(scenario.trace.path, SCENARIOS "/../traces/samples/",
								strlen(SCENARIOS) + 19) == 0,
			      "%s", scenario.trace.path);
		ck_assert_uint_gt(scenario.scheme_count, 0);
		scenario_fini(&scenario);
		count++;
	}
	closedir(folder);
	ck_assert_uint_ge(count, 3);
}
END_TEST

START_TEST(the_main_scenario_compares_all_presets)
{
	static const char *const names[] = { "pin-on-map", "preregister", "nested", "nested-hwq", "passthrough" };
	struct scenario scenario;

	load(SCENARIOS "/pin-vs-prereg-vs-nested.yaml", &scenario);
	ck_assert_uint_eq(scenario.scheme_count, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(scenario.scheme[i].name, names[i]);
	ck_assert_str_eq(scenario.profile, "server-x86");
	ck_assert_ptr_nonnull(strstr(scenario.profile_text, "\nname: server-x86\n"));
	ck_assert_uint_eq(scenario.config.timing.iommu.memory_read, 197000);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(what_a_scenario_does_not_say_has_its_default)
{
	struct scenario scenario;
	struct config defaults;

	folder_write_scenario("");
	load("scenarios/x.yaml", &scenario);
	config_default(&defaults);
	defaults.timing = scenario.config.timing;
	for (size_t i = 0; i < parameter_count; i++)
		ck_assert_uint_eq(parameter_value(&parameters[i], &scenario.config),
				  parameter_value(&parameters[i], &defaults));
	ck_assert_str_eq(scenario.path, "scenarios/x.yaml");
	ck_assert_str_eq(scenario.title, "A test");
	ck_assert_str_eq(scenario.trace.path, "scenarios/t.h5");
	ck_assert_uint_eq(scenario.scheme_count, 1);
	ck_assert_str_eq(scenario.scheme_where[0], "scenarios/x.yaml:4:11");
	ck_assert_uint_eq(scenario.config.seed, 1);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(groups_may_be_nested_or_dotted)
{
	struct scenario scenario;

	folder_write_scenario("parameters:\n"
			      "  iommu:\n"
			      "    iotlb_entries: 64\n"
			      "    iotlb_ways: '4'\n"
			      "    walk_entries: {level0: 64, level1: 0}\n"
			      "  iommu.walkers: 6\n"
			      "  replay: {think_time: 0.1}\n"
			      "  machine.guest_ram_bytes: 4 GiB\n"
			      "  timing.host:\n"
			      "    pin_page: 100 ns\n"
			      "seed: 18446744073709551615\n");
	load("scenarios/x.yaml", &scenario);
	ck_assert_uint_eq(scenario.config.iommu.iotlb_entries, 64);
	ck_assert_uint_eq(scenario.config.iommu.iotlb_ways, 4);
	ck_assert_uint_eq(scenario.config.iommu.walk_entries[0], 64);
	ck_assert_uint_eq(scenario.config.iommu.walk_entries[1], 0);
	ck_assert_uint_eq(scenario.config.iommu.walkers, 6);
	ck_assert_uint_eq(scenario.config.replay.think_time_ppm, 100000);
	ck_assert_uint_eq(scenario.config.machine.guest_ram_bytes, UINT64_C(4294967296));
	ck_assert_uint_eq(scenario.config.timing.host.pin_page, 100000);
	ck_assert_uint_eq(scenario.config.seed, UINT64_MAX);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(every_parameter_can_be_set_by_a_scenario)
{
	for (size_t i = 0; i < parameter_count; i++) {
		struct scenario scenario;
		struct err err = { 0 };
		char value[64], text[256];

		parameter_format_value(&parameters[i], parameters[i].max, value, sizeof(value));
		snprintf(text, sizeof(text), "parameters:\n  %s: %s\n", parameters[i].name, value);
		folder_write_scenario(text);
		/* The largest value may be refused beside the others' defaults, but then by scenario_check. */
		if (!scenario_load("scenarios/x.yaml", &scenario, &err)) {
			ck_assert_msg(strncmp(err.text, "scenarios/x.yaml:6:3: ", 22) == 0, "%s", err.text);
			ck_assert_msg(!strstr(err.text, "unknown") && !strstr(err.text, "from"), "%s", err.text);
			continue;
		}
		ck_assert_uint_eq(parameter_value(&parameters[i], &scenario.config), parameters[i].max);
		ck_assert_str_eq(source_of(&scenario, parameters[i].name), "scenarios/x.yaml:6:3");
		scenario_fini(&scenario);
	}
}
END_TEST

START_TEST(a_value_knows_where_it_came_from)
{
	struct scenario scenario;

	folder_write_scenario("parameters:\n"
			      "  iommu:\n"
			      "    walkers: 6\n"
			      "  timing.iommu.memory_read: 274 ns\n"
			      "seed: 3\n");
	load("scenarios/x.yaml", &scenario);
	ck_assert_str_eq(source_of(&scenario, "iommu.walkers"), "scenarios/x.yaml:7:5");
	ck_assert_str_eq(source_of(&scenario, "timing.iommu.memory_read"), "scenarios/x.yaml:8:3");
	ck_assert_str_eq(source_of(&scenario, "seed"), "scenarios/x.yaml:9:1");
	ck_assert_str_eq(source_of(&scenario, "timing.iommu.iotlb_lookup"), "[HS] device TLB hit, a model's constant");
	ck_assert_str_eq(source_of(&scenario, "device.reads_in_flight"), "[PB]: about 30, NFP6000");
	scenario_fini(&scenario);
}
END_TEST

START_TEST(included_parameters_come_first_and_the_last_wins)
{
	struct scenario scenario;

	folder_write("scenarios/parts/inner.yaml",
		     "parameters: {iommu: {walkers: 2, device_entries: 1024}, device.mrrs_bytes: 4096}\n");
	folder_write("scenarios/parts/a.yaml",
		     "parameters: {iommu.walkers: 3, machine.host_cores: 4}\ninclude: inner.yaml\n");
	folder_write("scenarios/b.yaml", "parameters: {machine.host_cores: 5, device.mps_bytes: 128}\n");
	folder_write_scenario("parameters: {device.mps_bytes: 512}\n"
			      "include: [parts/a.yaml, b.yaml]\n");
	load("scenarios/x.yaml", &scenario);
	ck_assert_uint_eq(scenario.config.iommu.device_entries, 1024); /* inner only */
	ck_assert_uint_eq(scenario.config.device.mrrs_bytes, 4096);
	ck_assert_uint_eq(scenario.config.iommu.walkers, 3);      /* a over inner */
	ck_assert_uint_eq(scenario.config.machine.host_cores, 5); /* b over a */
	ck_assert_uint_eq(scenario.config.device.mps_bytes, 512); /* x over b */
	ck_assert_str_eq(source_of(&scenario, "iommu.device_entries"), "scenarios/parts/inner.yaml:1:34");
	scenario_fini(&scenario);
}
END_TEST

START_TEST(a_file_may_be_included_twice)
{
	struct scenario scenario;

	folder_write("scenarios/a.yaml", "parameters: {iommu.walkers: 3}\n");
	folder_write("scenarios/b.yaml", "parameters: {iommu.walkers: 4}\n");
	folder_write_scenario("include: [a.yaml, b.yaml, a.yaml]\n");
	load("scenarios/x.yaml", &scenario);
	ck_assert_uint_eq(scenario.config.iommu.walkers, 3);
	scenario_fini(&scenario);
}
END_TEST

START_TEST(schemes_may_be_mixed)
{
	struct scenario scenario;
	char axes[128];

	folder_write("scenarios/x.yaml", "title: A test\n"
					 "trace: /elsewhere/t.h5\n"
					 "profile: server-x86\n"
					 "schemes:\n"
					 "  - preregister\n"
					 "  - {unmap: deferred, base: nested, name: lazy_1}\n"
					 "  - name: whole\n"
					 "    translation: nested\n"
					 "    pin: at-start\n"
					 "    backend: iommufd\n"
					 "    unmap: deferred\n"
					 "    doorbell: hardware-queue\n");
	load("scenarios/x.yaml", &scenario);
	ck_assert_uint_eq(scenario.scheme_count, 3);
	ck_assert_str_eq(scenario.trace.path, "/elsewhere/t.h5");
	ck_assert_str_eq(scenario.scheme[1].name, "lazy_1");
	scheme_axes_text(&scenario.scheme[1], axes, sizeof(axes));
	ck_assert_str_eq(axes, "translation=nested pin=at-start backend=iommufd unmap=deferred doorbell=trap");
	ck_assert_str_eq(scenario.scheme[2].name, "whole");
	scheme_axes_text(&scenario.scheme[2], axes, sizeof(axes));
	ck_assert_str_eq(axes,
			 "translation=nested pin=at-start backend=iommufd unmap=deferred doorbell=hardware-queue");
	ck_assert_str_eq(scenario.scheme_where[2], "scenarios/x.yaml:7:5");
	scenario_fini(&scenario);
}
END_TEST

START_TEST(a_profile_may_lie_beside_the_scenario)
{
	char *text = folder_read(SCENARIOS "/profiles/server-x86.yaml");
	char *name = strstr(text, "\nname: server-x86");
	char copy[32768];
	struct scenario scenario;

	ck_assert_int_lt(snprintf(copy, sizeof(copy), "%.*s\nname: laptop-x1%s", (int)(name - text), text,
				  name + strlen("\nname: server-x86")),
			 (int)sizeof(copy));
	folder_write("scenarios/profiles/laptop-x1.yaml", copy);
	folder_write("x.yaml",
		     "title: A test\ntrace: t.h5\nprofile: scenarios/profiles/laptop-x1.yaml\nschemes: [nested]\n");
	folder_write("scenarios/y.yaml", "title: A test\ntrace: t.h5\nprofile: laptop-x1\nschemes: [nested]\n");
	free(text);
	load("x.yaml", &scenario);
	ck_assert_str_eq(scenario.profile, "laptop-x1");
	ck_assert_str_eq(scenario.trace.path, "t.h5");
	scenario_fini(&scenario);
	load("scenarios/y.yaml", &scenario);
	ck_assert_str_eq(scenario.profile, "laptop-x1");
	scenario_fini(&scenario);
}
END_TEST

START_TEST(a_scenario_may_be_freed_twice)
{
	struct scenario scenario = { 0 };
	struct err err = { 0 };

	scenario_fini(&scenario);
	ck_assert(!scenario_load("scenarios/none.yaml", &scenario, &err));
	scenario_fini(&scenario);
	folder_write_scenario("");
	load("scenarios/x.yaml", &scenario);
	scenario_fini(&scenario);
	scenario_fini(&scenario);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_shipped_scenario_loads_and_says_why_it_exists,
		the_main_scenario_compares_all_presets,
		what_a_scenario_does_not_say_has_its_default,
		groups_may_be_nested_or_dotted,
		every_parameter_can_be_set_by_a_scenario,
		a_value_knows_where_it_came_from,
		included_parameters_come_first_and_the_last_wins,
		a_file_may_be_included_twice,
		schemes_may_be_mixed,
		a_profile_may_lie_beside_the_scenario,
		a_scenario_may_be_freed_twice,
		NULL,
	};

	return folder_suite_run("scenarios/load", tests);
}
