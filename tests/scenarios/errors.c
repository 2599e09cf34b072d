/* SPDX-License-Identifier: Apache-2.0 */
/* Every error of a scenario file: its place and its words, written by hand.  Lines 1 to 4 are those of folder.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/config.h"
#include "tests/scenarios/folder.h"

static void refuses(const char *path, enum err_kind kind, const char *message)
{
	struct scenario scenario;
	struct err err = { 0 };

	ck_assert_msg(!scenario_load(path, &scenario, &err), "loaded, but expected: %s", message);
	ck_assert_str_eq(err.text, message);
	ck_assert_int_eq(err.kind, kind);
	ck_assert_ptr_null(scenario.origin);
	ck_assert_ptr_null(scenario.text);
	ck_assert_ptr_null(scenario.profile_text);
	ck_assert_uint_eq(scenario.scheme_count, 0);
}

/* The file has the four lines and then text; message follows "scenarios/x.yaml:". */
static void refuses_text(const char *text, const char *message)
{
	char whole[480];

	folder_write_scenario(text);
	snprintf(whole, sizeof(whole), "scenarios/x.yaml:%s", message);
	refuses("scenarios/x.yaml", ERR_USAGE, whole);
}

static void refuses_file(const char *text, const char *message)
{
	folder_write("scenarios/x.yaml", text);
	refuses("scenarios/x.yaml", ERR_USAGE, message);
}

/* ---- files and YAML ---- */

START_TEST(a_file_that_cannot_be_read_is_a_file_error)
{
	char *large = malloc((1 << 20) + 100);

	refuses("scenarios/none.yaml", ERR_FILE, "scenarios/none.yaml: No such file or directory");
	refuses("scenarios", ERR_FILE, "scenarios: Is a directory");
	ck_assert_ptr_nonnull(large);
	memset(large, '#', (1 << 20) + 50);
	large[(1 << 20) + 50] = '\0';
	folder_write("scenarios/large.yaml", large);
	refuses("scenarios/large.yaml", ERR_FILE, "scenarios/large.yaml: longer than 1 MiB: no scenario or profile");
	free(large);
}
END_TEST

START_TEST(what_is_no_yaml_is_refused_with_its_place)
{
	refuses_file("", "scenarios/x.yaml: empty");
	refuses_file("# only a comment\n", "scenarios/x.yaml: empty");
	refuses_file("title: a\n\tb: c\n",
		     "scenarios/x.yaml:2:1: not YAML: found a tab character that violates indentation");
	refuses_file("title: [a\n", "scenarios/x.yaml:2:1: not YAML: did not find expected ',' or ']'");
	refuses_file("title: a\xff\n", "scenarios/x.yaml: byte 8: not YAML: invalid leading UTF-8 octet");
	refuses_file("title: *nobody\n", "scenarios/x.yaml:1:8: not YAML: found undefined alias");
	refuses_text("---\ntitle: b\n", "6:1: a second document: a file holds one");
	refuses_text("---\n\ttitle: b\n", "6:1: not YAML: found character that cannot start any token");
}
END_TEST

/* ---- keys ---- */

START_TEST(keys_must_be_known_unique_and_complete)
{
	refuses_text("matrixx: {}\n", "5:1: unknown key 'matrixx': did you mean 'matrix'?");
	refuses_text("paramaters: {}\n", "5:1: unknown key 'paramaters': did you mean 'parameters'?");
	refuses_text("<<: {}\n", "5:1: unknown key '<<'");
	refuses_text("seed: 1\nseed: 2\n", "6:1: duplicate key 'seed': first on line 5");
	refuses_text("[1, 2]: 3\n", "5:1: a key must be one value, not a list");
	refuses_text("? {a: b}\n: 3\n", "5:3: a key must be one value, not a mapping");
	refuses_text("'': 3\n", "5:1: a key needs a value");
	refuses_file("title: a\ntrace: t.h5\nschemes: [nested]\n",
		     "scenarios/x.yaml:1:1: a scenario lacks the key 'profile'");
	refuses_file("- title\n", "scenarios/x.yaml:1:1: a scenario must be a mapping of keys to values");
	refuses_file("just text\n", "scenarios/x.yaml:1:1: a scenario must be a mapping of keys to values");
}
END_TEST

START_TEST(values_must_be_of_the_right_kind)
{
	refuses_file("title: [a]\ntrace: t.h5\nprofile: server-x86\nschemes: [nested]\n",
		     "scenarios/x.yaml:1:8: 'title' must be one value, not a list");
	refuses_file("title:\ntrace: t.h5\nprofile: server-x86\nschemes: [nested]\n",
		     "scenarios/x.yaml:1:7: 'title' needs a value");
	refuses_file("title: |\n  two\n  lines\ntrace: t.h5\nprofile: server-x86\nschemes: [nested]\n",
		     "scenarios/x.yaml:1:8: 'title' must be one line of text");
	refuses_file("title: \"a\\0b\"\ntrace: t.h5\nprofile: server-x86\nschemes: [nested]\n",
		     "scenarios/x.yaml:1:8: 'title' needs a value");
	refuses_file("title: a\ntrace: {file: t.h5}\nprofile: server-x86\nschemes: [nested]\n",
		     "scenarios/x.yaml:2:9: unknown key 'file'");
	refuses_text("parameters: 5\n", "5:13: 'parameters' must be a mapping of keys to values");
	refuses_text("parameters:\n", "5:12: 'parameters' must be a mapping of keys to values");
	refuses_text("parameters:\n  iommu: 5\n", "6:10: 'iommu' must be a mapping of keys to values");
	refuses_text("parameters:\n  iommu:\n    walk_entries: 32\n",
		     "7:19: 'iommu.walk_entries' must be a mapping of keys to values");
	refuses_text("parameters:\n  iommu:\n    walkers: [5, 6]\n",
		     "7:14: iommu.walkers must be one value, not a list");
	refuses_text("parameters:\n  iommu:\n    walkers:\n", "7:13: iommu.walkers needs a value");
}
END_TEST

START_TEST(a_title_that_is_too_long_is_refused)
{
	char text[400];

	snprintf(text, sizeof(text), "title: %0*d\ntrace: t.h5\nprofile: server-x86\nschemes: [nested]\n", 160, 1);
	refuses_file(text, "scenarios/x.yaml:1:8: 'title' is too long: at most 159 bytes");
}
END_TEST

START_TEST(a_node_that_contains_itself_ends_the_reading)
{
	refuses_text("parameters: &a {iommu: *a}\n", "5:17: unknown key 'iommu'");
	refuses_text("include: &a [*a]\n", "5:10: 'include' must be one value, not a list");
}
END_TEST

/* ---- parameters ---- */

START_TEST(an_unknown_parameter_has_its_nearest_name)
{
	refuses_text("parameters:\n\n\n  # a comment\n  iommu:\n\n\n    iotlb_ways: 4\n    iotlb_entreis: 64\n",
		     "13:5: unknown key 'iotlb_entreis': did you mean 'iotlb_entries'?");
	refuses_text("parameters: {iomu: {}}\n", "5:14: unknown key 'iomu': did you mean 'iommu'?");
	refuses_text("parameters: {iotlb_entries: 64}\n",
		     "5:14: unknown key 'iotlb_entries': did you mean 'iommu.iotlb_entries'?");
	refuses_text("parameters: {device.mps_byte: 64}\n",
		     "5:14: unknown key 'device.mps_byte': did you mean 'device.mps_bytes'?");
	refuses_text("parameters: {quantum: 64}\n", "5:14: unknown key 'quantum'");
	refuses_text("parameters: {iommu: {seed: 64}}\n", "5:22: unknown key 'seed'");
}
END_TEST

START_TEST(a_value_out_of_range_is_refused_at_its_key)
{
	refuses_text("parameters:\n  iommu:\n    walkers: 0\n",
		     "7:5: iommu.walkers = 0: must be a whole number from 1 to 1024");
	refuses_text("parameters: {iommu.host_levels: 3}\n",
		     "5:14: iommu.host_levels = 3: must be a whole number from 4 to 5");
	refuses_text("parameters: {iommu.replacement: fifi}\n",
		     "5:14: iommu.replacement = fifi: must be lru, fifo or random: did you mean 'fifo'?");
	refuses_text("seed: -1\n", "5:1: seed = -1: must be a whole number below 2^64");
}
END_TEST

START_TEST(a_parameter_is_set_once_in_a_file)
{
	refuses_text("parameters:\n  iommu: {walkers: 5}\n  iommu.walkers: 6\n",
		     "7:3: 'iommu.walkers' is set twice: first on line 6");
	refuses_text("parameters: {seed: 4}\nseed: 4\n", "6:1: 'seed' is set twice: first on line 5");
	refuses_text("parameters:\n  iommu: {walkers: 5}\n  iommu: {snoop: off}\n",
		     "7:3: duplicate key 'iommu': first on line 6");
}
END_TEST

/* ---- what must fit together ---- */

START_TEST(an_impossible_geometry_is_refused)
{
	/* The example of the style guide, with the parameter's whole name: line 12, column 3. */
	refuses_text("\n\n\n\n\nparameters:\n  iommu.iotlb_entries: 64\n  iommu.iotlb_ways: 3\n",
		     "12:3: iommu.iotlb_ways = 3: must divide iommu.iotlb_entries = 64");
	refuses_text("parameters: {iommu.iotlb_entries: 64}\n",
		     "5:14: iommu.iotlb_ways = 120: must divide iommu.iotlb_entries = 64");
	refuses_text("parameters:\n  iommu:\n    iotlb_entries: 96\n    iotlb_ways: 8\n",
		     "8:5: iommu.iotlb_entries = 96 / iommu.iotlb_ways = 8: must be a power of two");
	refuses_text("parameters: {iommu: {walk_entries: {level2: 33}}}\n",
		     "5:37: iommu.walk_ways = 32: must divide iommu.walk_entries.level2 = 33");
	refuses_text("parameters: {iommu.device_ways: 5}\n",
		     "5:14: iommu.device_ways = 5: must divide iommu.device_entries = 64");
}
END_TEST

START_TEST(sizes_that_hardware_does_not_have_are_refused)
{
	refuses_text("parameters: {device.mps_bytes: 300}\n", "5:14: device.mps_bytes = 300 B: must be a power of two");
	refuses_text("parameters: {device.mrrs_bytes: 1.5 KiB}\n",
		     "5:14: device.mrrs_bytes = 1536 B: must be a power of two");
	refuses_text("parameters: {iommu.snoop: false, iommu.dirty_tracking: true}\n",
		     "5:34: iommu.dirty_tracking = true: needs iommu.snoop = true: only walkers that snoop set flags");
	refuses_text("parameters: {machine.host_page_lg2: 13}\n",
		     "5:14: machine.host_page_lg2 = 13: must be 12 (4 KiB), 21 (2 MiB) or 30 (1 GiB)");
	refuses_text("parameters: {machine.guest_ram_bytes: 3 MiB}\n",
		     "5:14: machine.guest_ram_bytes = 3 MiB: must be whole pages of machine.host_page_lg2 = 21");
}
END_TEST

static void refuses_power(const char *scheme, const char *values, const char *message)
{
	char text[512], expected[320];

	snprintf(text, sizeof(text), "title: a\ntrace: t.h5\nprofile: power9\nschemes: [%s]\nparameters: {%s}\n",
		 scheme, values);
	snprintf(expected, sizeof(expected), "scenarios/x.yaml:%s", message);
	refuses_file(text, expected);
}

START_TEST(dma_windows_that_power_does_not_have_are_refused)
{
	refuses_power("spapr-v2", "spapr.page_lg2: 13",
		      "5:14: spapr.page_lg2 = 13: must be 12 (4 KiB), 16 (64 KiB), 21 (2 MiB) or 30 (1 GiB)");
	refuses_power("spapr-v2", "spapr.page_lg2: 16",
		      "5:14: spapr.page_lg2 = 16: the default window has 12: set spapr.window = dynamic");
	refuses_power("spapr-v2", "spapr.kernel_page_lg2: 14",
		      "5:14: spapr.kernel_page_lg2 = 14: must be 12 (4 KiB) or 16 (64 KiB)");
	refuses_power("spapr-v2", "spapr.window_bytes: 3 GiB",
		      "5:14: spapr.window_bytes = 3 GiB: must be a power of two");
	refuses_power("spapr-v2", "spapr.window_bytes: 4 GiB",
		      "5:14: spapr.window_bytes = 4 GiB: the default window ends at 2 GiB: set spapr.window = dynamic");
	refuses_power(
		"spapr-v2", "spapr.window: dynamic, spapr.page_lg2: 30, spapr.window_bytes: 1 TiB",
		"5:37: spapr.page_lg2 = 30: must be machine.host_page_lg2 or less: a TCE lies in one page of the host");
	refuses_power("spapr-v2", "spapr.window: dynamic, spapr.page_lg2: 21, spapr.window_bytes: 16 MiB",
		      "5:57: spapr.window_bytes = 16 MiB: must be 16 pages of spapr.page_lg2 or more");
	refuses_power(
		"spapr-v2", "spapr.window: direct, spapr.window_bytes: 4 GiB",
		"5:36: spapr.window_bytes = 4 GiB: a direct window holds all of the guest's memory: raise it or lower "
		"machine.guest_ram_bytes");
	refuses_power("spapr-v1", "spapr.window: dynamic",
		      "5:14: spapr.window = dynamic: VFIO's sPAPR driver v1 has the default window only");
	refuses_power("spapr-v1", "machine.host_page_lg2: 12",
		      "5:14: machine.host_page_lg2 = 12: must be spapr.kernel_page_lg2 or more");
}
END_TEST

START_TEST(an_error_of_an_included_value_names_the_included_file)
{
	folder_write("scenarios/parts/a.yaml", "parameters:\n  iommu.iotlb_ways: 3\n");
	folder_write_scenario("include: parts/a.yaml\nparameters: {iommu.iotlb_entries: 64}\n");
	refuses("scenarios/x.yaml", ERR_USAGE,
		"scenarios/parts/a.yaml:2:3: iommu.iotlb_ways = 3: must divide iommu.iotlb_entries = 64");
}
END_TEST

/* ---- includes, profile ---- */

START_TEST(includes_are_checked)
{
	folder_write("scenarios/a.yaml", "schemes: [nested]\n");
	folder_write("scenarios/b.yaml", "include: c.yaml\n");
	folder_write("scenarios/c.yaml", "\ninclude: [b.yaml]\n");
	folder_write("scenarios/d.yaml", "parameters: {iommu.walkers: 0}\n");
	folder_write("scenarios/e.yaml", "parameters: [\n");
	refuses_text("include: none.yaml\n", "5:10: include: scenarios/none.yaml: No such file or directory");
	refuses_text("include: {a: b}\n", "5:10: 'include' must be one value, not a mapping");
	folder_write_scenario("include: a.yaml\n");
	refuses("scenarios/x.yaml", ERR_USAGE, "scenarios/a.yaml:1:1: unknown key 'schemes'");
	folder_write_scenario("include: b.yaml\n");
	refuses("scenarios/x.yaml", ERR_USAGE, "scenarios/c.yaml:2:11: 'scenarios/b.yaml' includes itself");
	folder_write_scenario("include: [d.yaml]\n");
	refuses("scenarios/x.yaml", ERR_USAGE,
		"scenarios/d.yaml:1:14: iommu.walkers = 0: must be a whole number from 1 to 1024");
	folder_write_scenario("include: e.yaml\n");
	refuses("scenarios/x.yaml", ERR_USAGE, "scenarios/e.yaml:2:1: not YAML: did not find expected node content");
	folder_write("scenarios/f.yaml", "include: ./f.yaml\n");
	folder_write_scenario("include: f.yaml\n");

	struct scenario scenario;
	struct err err = { 0 };

	ck_assert(!scenario_load("scenarios/x.yaml", &scenario, &err));
	ck_assert_ptr_nonnull(strstr(err.text, ": includes nest deeper than 8"));
}
END_TEST

START_TEST(an_unknown_profile_has_its_nearest_name)
{
	refuses_file("title: a\ntrace: t.h5\nprofile: sever-x86\nschemes: [nested]\n",
		     "scenarios/x.yaml:3:1: no profile 'sever-x86': did you mean 'server-x86'?");
	refuses_file("title: a\ntrace: t.h5\nprofile: ./server-x86.yaml\nschemes: [nested]\n",
		     "scenarios/x.yaml:3:1: no profile './server-x86.yaml'");
	folder_write("scenarios/p.yaml", "name: p\n");
	refuses_file("title: a\ntrace: t.h5\nprofile: p.yaml\nschemes: [nested]\n",
		     "scenarios/p.yaml:1:1: a profile lacks the key 'description'");
}
END_TEST

/* ---- schemes ---- */

/* The scheme list follows "schemes: " on line 4; message follows "scenarios/x.yaml:". */
static void refuses_schemes(const char *list, const char *message)
{
	char text[1024], whole[480];

	snprintf(text, sizeof(text), "title: a\ntrace: t.h5\nprofile: server-x86\nschemes: %s\n", list);
	snprintf(whole, sizeof(whole), "scenarios/x.yaml:%s", message);
	refuses_file(text, whole);
}

START_TEST(schemes_are_checked)
{
	refuses_schemes("nested", "4:10: 'schemes' must be a list");
	refuses_schemes("[]", " no schemes");
	refuses_schemes("[nestde]", "4:11: unknown scheme 'nestde': did you mean 'nested'?");
	refuses_schemes("[sva]", "4:11: unknown scheme 'sva'");
	refuses_schemes("[nested, nested]", "4:19: scheme 'nested' is there already: names are unique");
	refuses_schemes("[[nested]]", "4:11: a scheme must be one value, not a list");
	refuses_schemes("[{base: nested}]", "4:11: a scheme lacks the key 'name'");
	refuses_schemes("[{name: a, base: nestde}]", "4:21: unknown scheme 'nestde': did you mean 'nested'?");
	refuses_schemes("[{name: nested, base: nested}]",
			"4:12: name = nested: is a preset's: take another for this mixture");
	refuses_schemes("[{name: 'a,b', base: nested}]", "4:12: name = a,b: must be letters, digits, '-' and '_'");
	refuses_schemes("[{name: a-name-that-is-longer-than-a-name, base: nested}]",
			"4:18: name is too long: at most 31 bytes");
	refuses_schemes("[{name: a, base: nested, unmap: defered}]",
			"4:35: unmap = defered: must be strict or deferred: did you mean 'deferred'?");
	refuses_schemes("[{name: a, base: nested, pin: never}]",
			"4:35: pin = never: must be at-start, on-map or preregistered");
	refuses_schemes("[{name: a, base: nested, unmpa: strict}]", "4:35: unknown key 'unmpa': did you mean 'unmap'?");
	refuses_schemes("[{name: a, translation: nested}]", "4:11: a scheme without a base lacks the key 'pin'");
	refuses_schemes("[nested, {name: a, base: pin-on-map, unmap: deferred}]",
			"4:19: scheme 'a': shadow needs unmap=strict: Linux flushes every unmap when the IOMMU is in "
			"caching mode");
}
END_TEST

START_TEST(there_are_at_most_sixteen_schemes)
{
	char list[1024] = "[";

	for (unsigned i = 0; i < 17; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "{name: s%02u, base: nested}, ", i);
	snprintf(list + strlen(list), sizeof(list) - strlen(list), "]");
	/* Each takes 27 columns; the 17th begins behind 16 of them and "schemes: [". */
	refuses_schemes(list, "4:443: too many schemes: at most 16");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_file_that_cannot_be_read_is_a_file_error,
		what_is_no_yaml_is_refused_with_its_place,
		keys_must_be_known_unique_and_complete,
		values_must_be_of_the_right_kind,
		a_title_that_is_too_long_is_refused,
		a_node_that_contains_itself_ends_the_reading,
		an_unknown_parameter_has_its_nearest_name,
		a_value_out_of_range_is_refused_at_its_key,
		a_parameter_is_set_once_in_a_file,
		an_impossible_geometry_is_refused,
		sizes_that_hardware_does_not_have_are_refused,
		dma_windows_that_power_does_not_have_are_refused,
		an_error_of_an_included_value_names_the_included_file,
		includes_are_checked,
		an_unknown_profile_has_its_nearest_name,
		schemes_are_checked,
		there_are_at_most_sixteen_schemes,
		NULL,
	};

	return folder_suite_run("scenarios/errors", tests);
}
