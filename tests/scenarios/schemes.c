/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/scheme.h"

#include <stdio.h>
#include <string.h>

#include "tests/suite.h"

static const struct scheme *preset(const char *name)
{
	const struct scheme_preset *found = scheme_find(name);

	ck_assert_msg(found != NULL, "no preset %s", name);
	return &found->scheme;
}

START_TEST(presets_are_listed_in_their_order)
{
	static const char *const names[] = { "passthrough", "pin-on-map",   "preregister", "spapr-v1",
					     "spapr-v2",    "spapr-v2-kvm", "nested",      "nested-hwq" };

	ck_assert_uint_eq(scheme_preset_count, 8);
	for (size_t i = 0; i < 8; i++) {
		ck_assert_str_eq(scheme_presets[i].scheme.name, names[i]);
		ck_assert_ptr_eq(scheme_find(names[i]), &scheme_presets[i]);
		ck_assert_uint_gt(strlen(scheme_presets[i].help), 20);
	}
	ck_assert_ptr_null(scheme_find("sva"));
	ck_assert_ptr_null(scheme_find(""));
}
END_TEST

START_TEST(every_preset_makes_sense)
{
	for (size_t i = 0; i < scheme_preset_count; i++)
		ck_assert_ptr_null(scheme_problem(&scheme_presets[i].scheme));
}
END_TEST

START_TEST(presets_are_what_their_names_say)
{
	static const struct {
		const char *name, *axes;
	} expected[] = {
		{ "passthrough", "translation=passthrough pin=at-start backend=type1v2 unmap=strict doorbell=trap" },
		{ "pin-on-map", "translation=shadow pin=on-map backend=type1v2 unmap=strict doorbell=trap" },
		{ "preregister", "translation=shadow pin=preregistered backend=type1v2 unmap=strict doorbell=trap" },
		{ "spapr-v1", "translation=paravirt pin=on-map backend=spapr-v1 unmap=strict doorbell=trap" },
		{ "spapr-v2", "translation=paravirt pin=preregistered backend=spapr-v2 unmap=strict doorbell=trap" },
		{ "spapr-v2-kvm",
		  "translation=paravirt pin=preregistered backend=spapr-v2 unmap=strict doorbell=kernel" },
		{ "nested", "translation=nested pin=at-start backend=iommufd unmap=strict doorbell=trap" },
		{ "nested-hwq",
		  "translation=nested pin=at-start backend=iommufd unmap=strict doorbell=hardware-queue" },
	};

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		char text[128];

		scheme_axes_text(preset(expected[i].name), text, sizeof(text));
		ck_assert_str_eq(text, expected[i].axes);
	}
}
END_TEST

START_TEST(axis_values_are_in_enum_order)
{
	ck_assert_str_eq(scheme_axis_values("translation")[SCHEME_NESTED], "nested");
	ck_assert_str_eq(scheme_axis_values("pin")[SCHEME_PREREGISTERED], "preregistered");
	ck_assert_str_eq(scheme_axis_values("backend")[SCHEME_IOMMUFD], "iommufd");
	ck_assert_str_eq(scheme_axis_values("unmap")[SCHEME_DEFERRED], "deferred");
	ck_assert_str_eq(scheme_axis_values("doorbell")[SCHEME_HARDWARE_QUEUE], "hardware-queue");
	ck_assert_ptr_null(scheme_axis_values("name"));
}
END_TEST

START_TEST(an_axis_takes_its_values_only)
{
	struct scheme scheme = *preset("nested");

	ck_assert(scheme_set_axis(&scheme, "unmap", "deferred"));
	ck_assert_uint_eq(scheme.unmap, SCHEME_DEFERRED);
	ck_assert(!scheme_set_axis(&scheme, "unmap", "lazy"));
	ck_assert(!scheme_set_axis(&scheme, "flush", "strict"));
	ck_assert_uint_eq(scheme.unmap, SCHEME_DEFERRED);
	for (const char *const *axis = scheme_axes; *axis; axis++)
		for (const char *const *value = scheme_axis_values(*axis); *value; value++) {
			char text[128], assignment[64];

			ck_assert(scheme_set_axis(&scheme, *axis, *value));
			scheme_axes_text(&scheme, text, sizeof(text));
			snprintf(assignment, sizeof(assignment), "%s=%s", *axis, *value);
			ck_assert_msg(strstr(text, assignment) != NULL, "%s lacks %s", text, assignment);
		}
}
END_TEST

/*
 * By hand: passthrough x 2 ways to pin x type1 v1 or v2; shadow x 2 ways to pin x type1 v1 or v2; paravirt over sPAPR v1, over v2 in user
 * space or in the kernel; nested x strict or deferred x trap or queue.
 */
START_TEST(fifteen_of_all_combinations_make_sense)
{
	unsigned sensible = 0;

	for (unsigned i = 0; i < 360; i++) {
		struct scheme scheme = { "s", i % 4, i / 4 % 3, i / 12 % 5, i / 60 % 2, i / 120 };
		bool type1 = scheme.backend == SCHEME_TYPE1V1 || scheme.backend == SCHEME_TYPE1V2;
		bool strict = scheme.unmap == SCHEME_STRICT, trap = scheme.doorbell == SCHEME_TRAP;
		bool v1 = scheme.backend == SCHEME_SPAPR_V1 && scheme.pin == SCHEME_PIN_ON_MAP && trap;
		bool v2 = scheme.backend == SCHEME_SPAPR_V2 && scheme.pin == SCHEME_PREREGISTERED &&
			  scheme.doorbell != SCHEME_HARDWARE_QUEUE;
		bool at_start = scheme.pin == SCHEME_PIN_AT_START;
		bool nested = scheme.backend == SCHEME_IOMMUFD && at_start && scheme.doorbell != SCHEME_KERNEL;
		bool expected = scheme.translation == SCHEME_PASSTHROUGH
					? scheme.pin != SCHEME_PIN_ON_MAP && type1 && strict && trap
				: scheme.translation == SCHEME_SHADOW   ? !at_start && type1 && strict && trap
				: scheme.translation == SCHEME_PARAVIRT ? strict && (v1 || v2)
									: nested;
		const char *problem = scheme_problem(&scheme);

		ck_assert_msg((problem == NULL) == expected, "combination %u: %s", i, problem ? problem : "no problem");
		sensible += problem == NULL;
	}
	ck_assert_uint_eq(sensible, 15);
}
END_TEST

START_TEST(a_problem_names_the_axis_to_mend)
{
	struct scheme scheme = *preset("pin-on-map");

	scheme.unmap = SCHEME_DEFERRED;
	ck_assert_str_eq(scheme_problem(&scheme),
			 "shadow needs unmap=strict: Linux flushes every unmap when the IOMMU is in caching mode");
	scheme.unmap = SCHEME_STRICT;
	scheme.doorbell = SCHEME_HARDWARE_QUEUE;
	ck_assert_str_eq(scheme_problem(&scheme),
			 "doorbell=hardware-queue needs translation=nested: without it the host must see each command");
	scheme = *preset("spapr-v1");
	scheme.doorbell = SCHEME_KERNEL;
	ck_assert_str_eq(scheme_problem(&scheme),
			 "doorbell=kernel needs backend=spapr-v2: KVM finds pages by their registration");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		presets_are_listed_in_their_order, every_preset_makes_sense,
		presets_are_what_their_names_say,  axis_values_are_in_enum_order,
		an_axis_takes_its_values_only,     fifteen_of_all_combinations_make_sense,
		a_problem_names_the_axis_to_mend,  NULL,
	};

	return suite_run("scenarios/schemes", tests);
}
