/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_twin: runs seeded cases on QEMU's VT-d unit and on the model's, and says where they differ.  See vtd_twin.h.
 *
 * Exit code: 0 no difference without a name, 1 a difference, 2 wrong usage, 77 QEMU cannot be run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/twin/vtd_explain.h"

#define EXIT_SKIPPED    77
#define DIFFERENCES_MAX 10u

static const char usage[] = "usage: vtd_twin [--seed N] [--cases N] [--case SEED:INDEX] [--keep-going] [--verbose]\n"
			    "  --seed N            of the cases (default 1)\n"
			    "  --cases N           how many (default 4000)\n"
			    "  --case SEED:INDEX   this one only\n"
			    "  --keep-going        past the first ten differences\n"
			    "  --verbose           what is done, and QEMU's messages, on stderr\n"
			    "IOMMUSIM_QEMU names the program, qemu-system-x86_64 unless set.\n";

struct options {
	uint64_t seed, first, count;
	bool one, keep_going, verbose;
};

struct tally {
	uint64_t run, skipped, differences;
};

static bool parse(int argc, char **argv, struct options *options)
{
	*options = (struct options){ .seed = 1, .count = 4000 };
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--verbose") == 0) {
			options->verbose = true;
			continue;
		}
		if (strcmp(argv[i], "--keep-going") == 0) {
			options->keep_going = true;
			continue;
		}
		if (!value)
			return false;
		i++;
		if (strcmp(argv[i - 1], "--seed") == 0) {
			options->seed = strtoull(value, NULL, 0);
		} else if (strcmp(argv[i - 1], "--cases") == 0) {
			options->count = strtoull(value, NULL, 0);
		} else if (strcmp(argv[i - 1], "--case") == 0 && strchr(value, ':')) {
			options->one = true;
			options->seed = strtoull(value, NULL, 0);
			options->first = strtoull(strchr(value, ':') + 1, NULL, 0);
		} else {
			return false;
		}
	}
	return true;
}

/* QEMU's major version; 0: it cannot be run. */
static unsigned version_of(const char *program)
{
	char command[256], line[256] = "";
	unsigned version = 0;
	FILE *pipe;

	snprintf(command, sizeof(command), "'%s' --version 2>/dev/null", program);
	pipe = popen(command, "r");
	if (!pipe)
		return 0;
	if (fgets(line, sizeof(line), pipe) && sscanf(line, "QEMU emulator version %u", &version) != 1)
		version = 0;
	pclose(pipe);
	return version;
}

/* ---- a case ---- */

/* A mapping changes, and nobody is told: what is kept stays. */
static void change_silently(struct twin *twin)
{
	const struct twin_mapping *mapping;
	uint64_t word;

	if (twin->mapping_count == 0)
		return;
	mapping = &twin->mappings[twin_below(twin, twin->mapping_count)];
	word = memory_read64(twin->memory, mapping->leaf);
	switch (twin_below(twin, 3)) {
	case 0:
		word ^= twin->devices[mapping->device].first_stage ? VTD_FSPTE_RW : 1 + twin_below(twin, 3);
		break;
	case 1:
		if (mapping->size_lg2 == PAGE_LG2 && mapping->target < TWIN_RAM_BYTES)
			word ^= UINT64_C(1) << (12 + twin_below(twin, 8));
		break;
	default:
		word = 0;
		break;
	}
	twin_put(twin, mapping->leaf, word);
}

static void step(struct twin *twin)
{
	uint64_t choice = twin_below(twin, 10);

	twin->steps++;
	if (choice < 6)
		twin_random_access(twin);
	else if (choice < 8)
		twin_invalidate(twin);
	else if (choice == 8 && twin->stale)
		change_silently(twin);
	else
		twin_registers(twin);
	if (!twin->ends)
		twin_compare_status(twin, "step");
	if (!twin->ends)
		twin_random_clear(twin);
}

/* The device's buffer is filled before the case: what it writes must be known. */
static void run_case(struct twin *twin, uint64_t index)
{
	unsigned steps;

	twin_begin(twin, index);
	if (twin->verbose)
		fprintf(stderr, "case %" PRIu64 ":%" PRIu64 " (%s)\n", twin->seed, index, twin->group->name);
	if (!twin->failed) {
		twin_build(twin);
		twin_compare_status(twin, "switched on");
		steps = 5 + (unsigned)twin_below(twin, 6);
		while (!twin->ends && twin->step < steps) {
			step(twin);
			twin->step++;
		}
	}
	twin_end(twin);
	if (twin->failed)
		printf("vtd_twin --case %" PRIu64 ":%" PRIu64 " (%s) step %u: %s\n", twin->seed, index,
		       twin->group->name, twin->step, twin->text);
}

/* ---- a group ---- */

static bool run_group(struct twin *twin, const struct options *options, unsigned number, const char *program,
		      struct tally *tally)
{
	const struct twin_group *group = &twin_groups[number];
	uint64_t end = options->one ? options->first + 1 : options->count;
	uint64_t first = options->one ? options->first : number;
	struct err err = { 0 };

	if (first >= end || first % twin_group_count != number)
		return true;
	if (group->since == 0 || twin->version < group->since) {
		tally->skipped += (end - first + twin_group_count - 1) / twin_group_count;
		printf("skipped: %s (%s)\n", group->name,
		       group->since ? "this QEMU is too old" : "no QEMU walks tables of five levels");
		return true;
	}
	if (!twin_open(twin, group, program, &err)) {
		fprintf(stderr, "vtd_twin: %s: %s\n", group->name, err.text);
		return false;
	}
	for (uint64_t index = first; index < end; index += twin_group_count) {
		if (!twin->qtest && !twin_open(twin, group, program, &err)) {
			fprintf(stderr, "vtd_twin: %s: %s\n", group->name, err.text);
			return false;
		}
		run_case(twin, index);
		tally->run++;
		tally->differences += twin->failed;
		if (twin->failed)
			twin_close(twin);
		if (tally->differences >= DIFFERENCES_MAX && !options->keep_going)
			break;
	}
	twin_close(twin);
	return tally->differences < DIFFERENCES_MAX || options->keep_going;
}

int main(int argc, char **argv)
{
	const char *program = getenv("IOMMUSIM_QEMU");
	struct options options;
	struct tally tally = { 0 };
	struct twin *twin;
	bool is_good = true;

	if (!parse(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	program = program && program[0] ? program : "qemu-system-x86_64";
	twin = calloc(1, sizeof(*twin));
	if (!twin)
		return 2;
	twin->seed = options.seed;
	twin->verbose = options.verbose;
	twin->version = version_of(program);
	if (twin->version < 7) {
		printf("skipped: %s is not there or older than 7\n", program);
		free(twin);
		return EXIT_SKIPPED;
	}
	for (unsigned i = 0; i < twin_group_count && is_good; i++)
		is_good = run_group(twin, &options, i, program, &tally);
	for (unsigned i = 0; i < NAME_COUNT; i++)
		if (twin->explained[i])
			printf("difference explained: %s, %" PRIu64 " times: %s\n", twin_explanations[i].name,
			       twin->explained[i], twin_explanations[i].text);
	printf("QEMU %u: cases %" PRIu64 ", steps %" PRIu64 " (requests moved %" PRIu64 ", blocked %" PRIu64
	       "), skipped %" PRIu64 ", differences %" PRIu64 "\n",
	       twin->version, tally.run, twin->steps, twin->moved, twin->blocked, tally.skipped, tally.differences);
	free(twin);
	return !is_good || tally.differences ? 1 : 0;
}
