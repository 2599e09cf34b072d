/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scenarios/folder.h"
#include "tests/scenarios/sources.h"
#include "tests/suite.h"

static void parse(const char *name, const char *text, struct config *config)
{
	const struct parameter *parameter = parameter_find(name);
	struct err err = { 0 };

	ck_assert_msg(parameter != NULL, "no parameter %s", name);
	ck_assert_msg(parameter_parse(parameter, text, config, &err), "%s", err.text);
}

/* ---- the table ---- */

START_TEST(every_field_has_one_parameter)
{
	unsigned char owner[sizeof(struct config)] = { 0 };
	size_t prices = 0;

	for (size_t i = 0; i < parameter_count; i++) {
		for (size_t byte = 0; byte < parameters[i].size; byte++) {
			ck_assert_uint_lt(parameters[i].offset + byte, sizeof(struct config));
			ck_assert_msg(owner[parameters[i].offset + byte]++ == 0, "two parameters for the field of %s",
				      parameters[i].name);
		}
		prices += strncmp(parameters[i].name, "timing.", 7) == 0;
	}
	ck_assert_uint_eq(prices * sizeof(ps_t), sizeof(struct timing));
	/* What has no parameter must be padding: it ends at a multiple of the next field's alignment. */
	for (size_t begin = 0; begin < sizeof(struct config); begin++) {
		size_t end = begin;

		while (end < sizeof(struct config) && !owner[end])
			end++;
		if (end == begin)
			continue;
		ck_assert_msg(end % 4 == 0 && end - begin < 8, "no parameter for bytes %zu to %zu of struct config",
			      begin, end);
		begin = end;
	}
}
END_TEST

START_TEST(names_are_unique_and_no_name_is_a_group)
{
	for (size_t i = 0; i < parameter_count; i++) {
		const char *name = parameters[i].name;

		ck_assert_ptr_eq(parameter_find(name), &parameters[i]);
		ck_assert(!parameter_is_group(name));
		ck_assert_msg(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(name), "%s", name);
	}
	ck_assert(parameter_is_group("iommu"));
	ck_assert(parameter_is_group("iommu.walk_entries"));
	ck_assert(!parameter_is_group("iomm"));
	ck_assert(!parameter_is_group(""));
	ck_assert_ptr_null(parameter_find("iommu"));
}
END_TEST

START_TEST(prices_and_only_prices_come_from_the_profile)
{
	for (size_t i = 0; i < parameter_count; i++) {
		bool price = strncmp(parameters[i].name, "timing.", 7) == 0;

		ck_assert_msg((parameters[i].initial == NULL) == price, "%s", parameters[i].name);
		ck_assert_msg(!price || parameters[i].type == PARAMETER_PS, "%s", parameters[i].name);
	}
}
END_TEST

START_TEST(every_parameter_has_a_sentence_and_a_source_that_resolves)
{
	char *list = folder_read(SCENARIOS "/../docs/sources.md");

	for (size_t i = 0; i < parameter_count; i++) {
		const struct parameter *parameter = &parameters[i];
		size_t length = strlen(parameter->help);

		ck_assert_msg(length > 10 && parameter->help[length - 1] == '.', "%s: %s", parameter->name,
			      parameter->help);
		ck_assert_msg(!strpbrk(parameter->help, "|\n") && !strpbrk(parameter->source, "|\n"), "%s",
			      parameter->name);
		ck_assert_ptr_nonnull(parameter->unit);
		if (parameter->initial)
			ck_assert_msg(sources_resolve(parameter->source, list) > 0 ||
					      strstr(parameter->source, "ASSUMED"),
				      "%s: no source: %s", parameter->name, parameter->source);
	}
	free(list);
}
END_TEST

START_TEST(defaults_are_those_of_the_sources)
{
	struct config config;

	config_default(&config);
	ck_assert_uint_eq(config.machine.host_cores, 8);
	ck_assert_uint_eq(config.machine.guest_ram_bytes, UINT64_C(3) * 1024 * 1024 * 1024);
	ck_assert_uint_eq(config.machine.host_page_lg2, 21);
	ck_assert_uint_eq(config.machine.pin_batch_pages, 512);
	ck_assert_uint_eq(config.iommu.iotlb_entries, 120);
	ck_assert_uint_eq(config.iommu.walk_entries[0], 128);
	ck_assert_uint_eq(config.iommu.walk_entries[1], 32);
	ck_assert_uint_eq(config.iommu.walk_entries[2], 32);
	ck_assert(!config.iommu.dirty_tracking);
	ck_assert(config.iommu.snoop);
	ck_assert_uint_eq(config.device.mps_bytes, 256);
	ck_assert_uint_eq(config.device.mrrs_bytes, 512);
	ck_assert_uint_eq(config.device.reads_in_flight, 30);
	/* Gen3 x8: 8 lanes at 8 GT/s, 128 of 130 bits, whole bytes. */
	ck_assert_uint_eq(config.device.link_bytes_per_s, UINT64_C(8000000000) * 8 * 128 / 130 / 8);
	ck_assert_uint_eq(config.replay.think_time_ppm, 1000000);
	ck_assert_uint_eq(config.replay.flush_queue_entries, 256);
	ck_assert_uint_eq(config.replay.flush_period, 10 * PS_PER_MS);
	ck_assert(config.check.stale_translations);
	ck_assert_uint_eq(config.timing.iommu.memory_read, 0);
}
END_TEST

/* ---- values ---- */

/* Padding too: both were zeroed. */
static bool same_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct config)) == 0;
}

static void check_round_trip(const struct parameter *parameter, uint64_t value)
{
	struct config config, untouched;
	struct err err = { 0 };
	char text[64], again[64];

	memset(&config, 0, sizeof(config));
	untouched = config;
	parameter_format_value(parameter, value, text, sizeof(text));
	ck_assert_msg(strlen(text) < sizeof(text) - 1, "%s: text cut: %s", parameter->name, text);
	ck_assert_msg(parameter_parse(parameter, text, &config, &err), "%s", err.text);
	ck_assert_msg(parameter_value(parameter, &config) == value, "%s: %" PRIu64 " as '%s'", parameter->name, value,
		      text);
	parameter_format(parameter, &config, again, sizeof(again));
	ck_assert_str_eq(text, again);
	memset((char *)&config + parameter->offset, 0, parameter->size);
	ck_assert_msg(same_bytes(&config, &untouched), "%s: another field changed", parameter->name);
}

START_TEST(every_parameter_takes_its_whole_range_and_writes_it_back)
{
	for (size_t i = 0; i < parameter_count; i++) {
		const struct parameter *parameter = &parameters[i];
		uint64_t span = parameter->max - parameter->min;

		for (uint64_t step = 0; step <= 7; step++)
			check_round_trip(parameter, parameter->min + span / 7 * step);
		check_round_trip(parameter, parameter->max);
		if (span > 0)
			check_round_trip(parameter, parameter->max - 1);
	}
}
END_TEST

START_TEST(outside_of_its_range_a_parameter_is_refused_and_unchanged)
{
	for (size_t i = 0; i < parameter_count; i++) {
		const struct parameter *parameter = &parameters[i];
		struct config config, before;
		char text[64];

		if (parameter->type == PARAMETER_BOOL || parameter->type == PARAMETER_ENUM)
			continue;
		config_default(&config);
		before = config;
		for (unsigned side = 0; side < 2; side++) {
			struct err err = { 0 };

			if (side == 0 ? parameter->min == 0 : parameter->max == UINT64_MAX)
				continue;
			parameter_format_value(parameter, side == 0 ? parameter->min - 1 : parameter->max + 1, text,
					       sizeof(text));
			ck_assert_msg(!parameter_parse(parameter, text, &config, &err), "%s = %s", parameter->name,
				      text);
			ck_assert_uint_eq(err.kind, ERR_USAGE);
			ck_assert(same_bytes(&config, &before));
		}
	}
}
END_TEST

START_TEST(every_name_of_an_enumeration_is_a_value)
{
	for (size_t i = 0; i < parameter_count; i++) {
		if (parameters[i].type != PARAMETER_ENUM)
			continue;
		for (uint64_t value = 0; value <= parameters[i].max; value++)
			ck_assert_ptr_nonnull(parameters[i].values[value]);
		ck_assert_ptr_null(parameters[i].values[parameters[i].max + 1]);
	}
}
END_TEST

START_TEST(values_may_be_written_in_any_unit)
{
	struct config config;

	config_default(&config);
	parse("machine.guest_ram_bytes", "1.5 GiB", &config);
	ck_assert_uint_eq(config.machine.guest_ram_bytes, UINT64_C(1610612736));
	parse("device.mps_bytes", "0.5 KiB", &config);
	ck_assert_uint_eq(config.device.mps_bytes, 512);
	parse("device.link_bytes_per_s", "15.753846153 GB/s", &config);
	ck_assert_uint_eq(config.device.link_bytes_per_s, UINT64_C(15753846153));
	parse("replay.flush_period", "2500 us", &config);
	ck_assert_uint_eq(config.replay.flush_period, UINT64_C(2500000000));
	parse("timing.host.exit", "0.3226 us", &config);
	ck_assert_uint_eq(config.timing.host.exit, 322600);
	parse("replay.think_time", "0.1", &config);
	ck_assert_uint_eq(config.replay.think_time_ppm, 100000);
	parse("iommu.snoop", "off", &config);
	ck_assert(!config.iommu.snoop);
	parse("iommu.snoop", "true", &config);
	ck_assert(config.iommu.snoop);
	parse("device.pattern", "nic", &config);
	ck_assert_uint_eq(config.device.pattern, DEVICE_NIC);
	parse("iommu.walk_entries.level3", "16", &config);
	ck_assert_uint_eq(config.iommu.walk_entries[3], 16);
	parse("seed", "18446744073709551615", &config);
	ck_assert_uint_eq(config.seed, UINT64_MAX);
}
END_TEST

/* Written by hand. */
START_TEST(an_error_says_what_is_allowed)
{
	static const struct {
		const char *name, *text, *error;
	} cases[] = {
		{ "iommu.walkers", "0", "iommu.walkers = 0: must be a whole number from 1 to 1024" },
		{ "iommu.walkers", "six", "iommu.walkers = six: must be a whole number from 1 to 1024" },
		{ "seed", "-1", "seed = -1: must be a whole number below 2^64" },
		{ "device.mps_bytes", "64",
		  "device.mps_bytes = 64: must be a whole number of bytes from 128 B to 4 KiB "
		  "(B, KiB, MiB, GiB, TiB)" },
		{ "replay.flush_period", "10",
		  "replay.flush_period = 10: must be a time from 0.001 ms to 1000 ms, a whole number of ps "
		  "(ps, ns, us, ms, s)" },
		{ "timing.host.exit", "2 s",
		  "timing.host.exit = 2 s: must be a time from 0 ns to 1000000000 ns, a whole number of ps "
		  "(ps, ns, us, ms, s)" },
		{ "device.link_bytes_per_s", "8 GT/s",
		  "device.link_bytes_per_s = 8 GT/s: must be a rate from 1 MB/s to 1000 GB/s (B/s, KB/s, MB/s, GB/s)" },
		{ "replay.think_time", "1001",
		  "replay.think_time = 1001: must be a number from 0 to 1000 with at most 6 decimals" },
		{ "iommu.snoop", "yes", "iommu.snoop = yes: must be true or false (on, off)" },
		{ "device.pattern", "nvm", "device.pattern = nvm: must be auto, nvme or nic: did you mean 'nvme'?" },
		{ "device.pattern", "gpu-like", "device.pattern = gpu-like: must be auto, nvme or nic" },
		{ "replay.mode", "record",
		  "replay.mode = record: must be dependencies, recorded or paced: did you mean 'recorded'?" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config;
		struct err err = { 0 };

		config_default(&config);
		ck_assert(!parameter_parse(parameter_find(cases[i].name), cases[i].text, &config, &err));
		ck_assert_str_eq(err.text, cases[i].error);
		ck_assert_uint_eq(err.kind, ERR_USAGE);
	}
}
END_TEST

START_TEST(the_nearest_name_is_suggested)
{
	static const struct {
		const char *prefix, *name, *suggestion;
	} cases[] = {
		{ "", "iommu.iotlb_entreis", ": did you mean 'iommu.iotlb_entries'?" },
		{ "iommu.", "iotlb_entreis", ": did you mean 'iotlb_entries'?" },
		{ "", "iotlb_entries", ": did you mean 'iommu.iotlb_entries'?" },
		{ "", "iomu", ": did you mean 'iommu'?" },
		{ "iommu.", "walk_entris", ": did you mean 'walk_entries'?" },
		{ "iommu.walk_entries.", "levle2", ": did you mean 'level2'?" },
		{ "iommu.walk_entries.", "level9", ": did you mean 'level0'?" }, /* of equally near names the first */
		{ "timing.", "hosts", ": did you mean 'host'?" },
		{ "timing.host.", "pin_pages", ": did you mean 'pin_page'?" },
		{ "", "guest_ram", "" },
		{ "", "quantum", "" },
		{ "", "", "" },
		{ "iommu.", "mps_bytes", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[96];

		parameter_suggest(cases[i].prefix, cases[i].name, text, sizeof(text));
		ck_assert_str_eq(text, cases[i].suggestion);
	}
}
END_TEST

START_TEST(a_very_long_name_has_no_suggestion)
{
	char name[400], text[96];

	memset(name, 'i', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	parameter_suggest("", name, text, sizeof(text));
	ck_assert_str_eq(text, "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_field_has_one_parameter,
		names_are_unique_and_no_name_is_a_group,
		prices_and_only_prices_come_from_the_profile,
		every_parameter_has_a_sentence_and_a_source_that_resolves,
		defaults_are_those_of_the_sources,
		every_parameter_takes_its_whole_range_and_writes_it_back,
		outside_of_its_range_a_parameter_is_refused_and_unchanged,
		every_name_of_an_enumeration_is_a_value,
		values_may_be_written_in_any_unit,
		an_error_says_what_is_allowed,
		the_nearest_name_is_suggested,
		a_very_long_name_has_no_suggestion,
		NULL,
	};

	return suite_run("scenarios/parameters", tests);
}
