/* SPDX-License-Identifier: Apache-2.0 */
/* What no single parameter's range can say: geometries, powers of two, combinations. */
#include <stdio.h>
#include <string.h>

#include "models/cache/cache.h"
#include "scenarios/check.h"

/* Where parameter a was set or, when it has its default, b. */
static const char *where_of(const struct scenario *scenario, const char *a, const char *b)
{
	const char *names[] = { a, b };

	for (size_t i = 0; i < 2; i++) {
		const struct origin *origin =
			scenario->origin ? &scenario->origin[parameter_find(names[i]) - parameters] : NULL;

		if (origin && origin->where)
			return origin->where;
	}
	return scenario->path;
}

/* "iommu.iotlb_ways = 3" */
static void assignment_text(const struct scenario *scenario, const char *name, char *text, size_t size)
{
	char value[64];

	parameter_format(parameter_find(name), &scenario->config, value, sizeof(value));
	snprintf(text, size, "%s = %s", name, value);
}

/* ---- caches ---- */

/* The words "entries" and "ways" become assignments, and what must be so follows a colon. */
static void geometry_text(const struct scenario *scenario, const char *problem, const char *entries, const char *ways,
			  char *text, size_t size)
{
	const struct {
		const char *word, *name;
	} names[] = { { "entries", entries },
		      { "ways", ways },
		      { "replacement", "iommu.replacement" },
		      { "partitions", "iommu.iotlb_partitions" } };
	const size_t count = sizeof(names) / sizeof(names[0]);
	size_t length = 0;

	for (const char *c = problem; *c && length + 1 < size;) {
		size_t i = 0;

		while (i < count && strncmp(c, names[i].word, strlen(names[i].word)) != 0)
			i++;
		if (i < count) {
			assignment_text(scenario, names[i].name, text + length, size - length);
			length += strlen(text + length);
			c += strlen(names[i].word);
		} else if (strncmp(c, " must ", 6) == 0) {
			text[length++] = ':';
			length += (size_t)snprintf(text + length, size - length, " must ");
			c += 6;
		} else {
			text[length++] = *c++;
		}
	}
	text[length < size ? length : size - 1] = '\0';
}

static bool check_cache(const struct scenario *scenario, const char *entries, const char *ways, struct err *err)
{
	const struct config *config = &scenario->config;
	struct cache_geometry geometry = {
		.entries = (uint32_t)parameter_value(parameter_find(entries), config),
		.ways = (uint32_t)parameter_value(parameter_find(ways), config),
		.replacement = config->iommu.replacement,
	};
	char text[240];

	if (strcmp(entries, "iommu.iotlb_entries") == 0)
		geometry.partitions = config->iommu.iotlb_partitions;

	const char *problem = cache_geometry_problem(&geometry);

	if (!problem)
		return true;
	geometry_text(scenario, problem, entries, ways, text, sizeof(text));
	const char *blamed = strncmp(problem, "partitions", 10) == 0 ? "iommu.iotlb_partitions" : ways;

	return err_set(err, ERR_USAGE, "%s: %s", where_of(scenario, blamed, entries), text);
}

static bool check_caches(const struct scenario *scenario, struct err *err)
{
	return check_cache(scenario, "iommu.iotlb_entries", "iommu.iotlb_ways", err) &&
	       check_cache(scenario, "iommu.device_entries", "iommu.device_ways", err) &&
	       check_cache(scenario, "iommu.walk_entries.level0", "iommu.walk_ways", err) &&
	       check_cache(scenario, "iommu.walk_entries.level1", "iommu.walk_ways", err) &&
	       check_cache(scenario, "iommu.walk_entries.level2", "iommu.walk_ways", err) &&
	       check_cache(scenario, "iommu.walk_entries.level3", "iommu.walk_ways", err);
}

/* ---- numbers ---- */

bool check_refuse(const struct scenario *scenario, const char *name, const char *problem, struct err *err)
{
	char text[160];

	assignment_text(scenario, name, text, sizeof(text));
	return err_set(err, ERR_USAGE, "%s: %s: %s", where_of(scenario, name, name), text, problem);
}

static bool check_powers(const struct scenario *scenario, struct err *err)
{
	static const char *const names[] = { "device.mps_bytes", "device.mrrs_bytes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t value = parameter_value(parameter_find(names[i]), &scenario->config);

		if ((value & (value - 1)) != 0)
			return check_refuse(scenario, names[i], "must be a power of two", err);
	}
	return true;
}

/* What is mapped and unmapped at a time. */
static bool check_blocks(const struct scenario *scenario, struct err *err)
{
	static const char *const names[] = { "machine.map_block_bytes", "unplug.block_bytes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (parameter_value(parameter_find(names[i]), &scenario->config) % PAGE_BYTES != 0)
			return check_refuse(scenario, names[i], "must be whole pages of 4 KiB", err);
	return true;
}

static bool check_memory(const struct scenario *scenario, struct err *err)
{
	static const char *const names[] = { "machine.guest_ram_bytes", "machine.guest_low_bytes" };
	uint32_t page_lg2 = scenario->config.machine.host_page_lg2;
	char problem[200], page[160];

	if (page_lg2 != 12 && page_lg2 != 21 && page_lg2 != 30)
		return check_refuse(scenario, "machine.host_page_lg2", "must be 12 (4 KiB), 21 (2 MiB) or 30 (1 GiB)",
				    err);
	assignment_text(scenario, "machine.host_page_lg2", page, sizeof(page));
	snprintf(problem, sizeof(problem), "must be whole pages of %s", page);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (parameter_value(parameter_find(names[i]), &scenario->config) % (UINT64_C(1) << page_lg2) != 0)
			return check_refuse(scenario, names[i], problem, err);
	return true;
}

/* ---- schemes ---- */

static bool check_schemes(const struct scenario *scenario, struct err *err)
{
	if (scenario->scheme_count == 0)
		return err_set(err, ERR_USAGE, "%s: no schemes", scenario->path);
	for (size_t i = 0; i < scenario->scheme_count; i++) {
		const char *problem = scheme_problem(&scenario->scheme[i]);

		if (problem)
			return err_set(err, ERR_USAGE, "%s: scheme '%s': %s",
				       scenario->scheme_where[i] ? scenario->scheme_where[i] : scenario->path,
				       scenario->scheme[i].name, problem);
	}
	return true;
}

static bool check_point(const struct scenario *scenario, struct err *err)
{
	return check_caches(scenario, err) && check_powers(scenario, err) && check_memory(scenario, err) &&
	       check_blocks(scenario, err) && check_schemes(scenario, err) && check_units(scenario, err);
}

bool scenario_check(struct scenario *scenario, struct err *err)
{
	size_t points = scenario_point_count(scenario);
	struct err problem = { 0 };
	char text[240];

	for (size_t point = 0; point < points; point++) {
		scenario_go_to(scenario, point);
		if (check_point(scenario, &problem))
			continue;
		scenario_point_text(scenario, point, text, sizeof(text));
		return err_set(err, problem.kind, "%s%s%s%s", problem.text, points > 1 ? " (at " : "", text,
			       points > 1 ? ")" : "");
	}
	scenario_go_to(scenario, 0);
	return true;
}
