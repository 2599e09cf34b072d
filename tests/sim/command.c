/* SPDX-License-Identifier: Apache-2.0 */
/* The command as a user meets it: results, errors, exit codes, files left behind. */
#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/result.h"
#include "scenarios/config.h"

static char folder[64];    /* of this test, removed at its end */
static char out[1 << 20];  /* stdout of the last command */
static char errors[65536]; /* its stderr */

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/iommusim-command-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
}

static void slurp(const char *name, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *in = fopen(path, "r");

	ck_assert_ptr_nonnull(in);
	text[fread(text, 1, size - 1, in)] = '\0';
	fclose(in);
}

/* Runs `iommusim ARGUMENTS` in the folder; its exit code. */
static int iommusim(const char *arguments)
{
	char line[4096];

	snprintf(line, sizeof(line), "cd %s && %s %s >stdout.txt 2>stderr.txt </dev/null", folder, IOMMUSIM, arguments);
	int status = system(line);

	slurp("stdout.txt", out, sizeof(out));
	slurp("stderr.txt", errors, sizeof(errors));
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static bool same_bytes(const char *a, const char *b)
{
	char line[512];

	snprintf(line, sizeof(line), "cmp -s %s/%s %s/%s", folder, a, folder, b);
	return system(line) == 0;
}

static size_t files_like(const char *pattern)
{
	char path[128];
	glob_t found;

	snprintf(path, sizeof(path), "%s/%s", folder, pattern);
	size_t count = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;

	globfree(&found);
	return count;
}

static int lines_in(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* A short trace, imported from the smallest recording that ships. */
static void import_small(void)
{
	ck_assert_msg(iommusim("trace import " SAMPLES "/B3-vtd-nvme-lazy-cm/trace.txt.xz -o t.h5") == 0, "%s", errors);
}

static void write_scenario(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "title: small\ntrace: t.h5\nprofile: server-x86\nseed: 1\n"
		 "schemes: [pin-on-map, preregister, nested, nested-hwq, passthrough]\n%s",
		 more);
	write_file("s.yaml", text);
}

/* ---- results ---- */

START_TEST(the_same_scenario_twice_gives_the_same_bytes)
{
	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet -j1") == 0, "%s", errors);
	ck_assert_msg(iommusim("run s.yaml -o b.h5 --quiet -j2") == 0, "%s", errors);
	ck_assert(same_bytes("a.h5", "b.h5"));
}
END_TEST

START_TEST(exact_mode_gives_the_same_result_to_the_picosecond)
{
	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet") == 0, "%s", errors);
	ck_assert_msg(iommusim("run s.yaml -o b.h5 --quiet --exact") == 0, "%s", errors);
	ck_assert(same_bytes("a.h5", "b.h5"));
}
END_TEST

static const struct result_scheme *scheme_named(const struct result *result, const char *name)
{
	for (size_t i = 0; i < result_scheme_count(result); i++)
		if (strcmp(result_scheme(result, i)->name, name) == 0)
			return result_scheme(result, i);
	ck_abort_msg("no scheme %s", name);
	return NULL;
}

static ps_t mean(const struct result *result, const char *scheme, enum result_op op)
{
	return histogram_mean(&scheme_named(result, scheme)->latency[op]);
}

static uint64_t counted(const struct result *result, const char *scheme, enum result_counter counter)
{
	return scheme_named(result, scheme)->counter[counter];
}

/* The scenario and the trace that ship: the orders that the schemes' mechanisms imply. */
START_TEST(the_shipped_comparison_has_the_orders_that_its_schemes_imply)
{
	struct err err = { 0 };
	char path[128];
	const uint64_t ram = UINT64_C(3) << 30;

	ck_assert_msg(iommusim("run " SCENARIOS "/pin-vs-prereg-vs-nested.yaml -o r.h5 --quiet") == 0, "%s", errors);
	snprintf(path, sizeof(path), "%s/r.h5", folder);
	struct result *r = result_open(path, &err);

	ck_assert_msg(r != NULL, "%s", err.text);
	ck_assert_uint_gt(mean(r, "pin-on-map", RESULT_MAP), mean(r, "preregister", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "preregister", RESULT_MAP), mean(r, "nested", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "nested", RESULT_MAP), mean(r, "passthrough", RESULT_MAP));
	ck_assert_uint_gt(mean(r, "nested", RESULT_UNMAP), mean(r, "nested-hwq", RESULT_UNMAP));
	ck_assert_uint_gt(mean(r, "nested", RESULT_TRANSLATE_MISS), mean(r, "pin-on-map", RESULT_TRANSLATE_MISS));
	ck_assert_uint_gt(mean(r, "nested", RESULT_TRANSLATE_MISS), mean(r, "passthrough", RESULT_TRANSLATE_MISS));
	/* causes: only pin-on-map pins in a map; only schemes with an exit per map have exits there */
	ck_assert_uint_gt(scheme_named(r, "pin-on-map")->cause_ps[RESULT_MAP][CAUSE_PIN], 0);
	ck_assert_uint_eq(scheme_named(r, "preregister")->cause_ps[RESULT_MAP][CAUSE_PIN], 0);
	ck_assert_uint_gt(scheme_named(r, "preregister")->cause_ps[RESULT_MAP][CAUSE_EXIT], 0);
	ck_assert_uint_eq(scheme_named(r, "nested")->cause_ps[RESULT_MAP][CAUSE_EXIT], 0);
	ck_assert_uint_gt(scheme_named(r, "nested")->cause_ps[RESULT_UNMAP][CAUSE_EXIT], 0);
	ck_assert_uint_eq(scheme_named(r, "nested-hwq")->cause_ps[RESULT_UNMAP][CAUSE_EXIT], 0);
	/* locked memory: all of it at start, or what was mapped at once */
	ck_assert_uint_eq(counted(r, "passthrough", COUNT_LOCKED_PEAK_BYTES), ram);
	ck_assert_uint_eq(counted(r, "preregister", COUNT_LOCKED_PEAK_BYTES), ram);
	ck_assert_uint_eq(counted(r, "nested", COUNT_LOCKED_PEAK_BYTES), ram);
	ck_assert_uint_gt(counted(r, "pin-on-map", COUNT_LOCKED_PEAK_BYTES), 0);
	ck_assert_uint_lt(counted(r, "pin-on-map", COUNT_LOCKED_PEAK_BYTES), ram);
	/* every page pinned on a map is one 4 KiB page of a mapping, and nothing stale, lost or blocked */
	for (size_t i = 0; i < result_scheme_count(r); i++) {
		const struct result_scheme *scheme = result_scheme(r, i);

		ck_assert_uint_eq(scheme->counter[COUNT_FAULTS], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_STALE_USED], 0);
		ck_assert_uint_gt(scheme->counter[COUNT_STALE_CHECKED], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_OPERATIONS_SKIPPED], 0);
		ck_assert_uint_eq(scheme->counter[COUNT_DMA_BYTES_WRITTEN],
				  result_scheme(r, 0)->counter[COUNT_DMA_BYTES_WRITTEN]);
	}
	result_close(r);
}
END_TEST

/* ---- parameters ---- */

/* 2 MiB in 4 KiB leaves, so that an unmap takes whole tables out: kernel ftrace text, written for this test. */
static const char whole_tables[] =
	"# entries-in-buffer/entries-written: 5/5   #P:1\n"
	"  t-1  [000] .....  1.000000: add_device_to_group: IOMMU: groupID=1 device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000001: attach_device_to_domain: IOMMU: device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000002: map: IOMMU: iova=0x0000000080000000 - 0x0000000080200000 "
	"paddr=0x0000000040001000 "
	"size=2097152\n"
	"  t-1  [000] .....  1.000003: dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 "
	"phys_addr=40001000 attrs=\n"
	"  t-1  [000] .....  1.000004: unmap: IOMMU: iova=0x0000000080000000 - 0x0000000080200000 size=2097152 "
	"unmapped_size=2097152\n"
	"  t-1  [000] .....  1.000005: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 attrs=\n";

#define BUSY    "--set replay.think_time=0"
#define CROWDED BUSY " --set iommu.iotlb_entries=16 --set iommu.iotlb_ways=16 --set iommu.walk_ways=1"
#define WHOLE   "--trace whole.h5"

/*
 * What to set, and under which further settings it shows, where half the default or the like would be
 * no legal value, or the plain scenario does not make it show.  A parameter that is not here must show
 * in the plain one.
 */
static const struct {
	const char *name, *value, *with;
} special[] = {
	{ "machine.guest_ram_bytes", "4 GiB", "" },
	{ "machine.host_page_lg2", "12", "" },
	{ "machine.host_cores", "1", BUSY " --set replay.max_operations=2500" },
	{ "machine.memlock_limit_bytes", NULL, "" }, /* its own test */
	{ "machine.guest_low_bytes", NULL, "" },     /* its own test */
	{ "replay.strict", NULL, "" },               /* its own test */
	{ "replay.flush_queue_entries", "16",
	  BUSY " --set replay.max_operations=2500 --set schemes.nested.unmap=deferred" },
	{ "replay.flush_period", "50 us", "--set schemes.nested.unmap=deferred" },
	{ "iommu.iotlb_entries", "8", BUSY " --set iommu.iotlb_ways=1 --set iommu.iotlb_entries=128" },
	{ "iommu.iotlb_ways", "1", CROWDED },
	{ "iommu.device_entries", "0", "" },
	{ "iommu.device_ways", "1",
	  BUSY " --set replay.max_operations=2500 --set iommu.device_entries=2 --set iommu.device_ways=2" },
	{ "iommu.walk_entries.level0", "1", CROWDED },
	{ "iommu.walk_entries.level1", "1", CROWDED " --set iommu.walk_entries.level0=0" },
	{ "iommu.walk_entries.level2", "1",
	  CROWDED " --set iommu.walk_entries.level0=0 --set iommu.walk_entries.level1=0" },
	{ "iommu.walk_entries.level3", "0",
	  "--set iommu.host_levels=5 --set iommu.walk_entries.level0=0 --set iommu.walk_entries.level1=0 "
	  "--set iommu.walk_entries.level2=0" },
	{ "iommu.walk_ways", "1", BUSY " --set iommu.walk_entries.level0=2 --set iommu.walk_ways=2" },
	{ "iommu.walkers", "1", BUSY },
	{ "iommu.host_levels", "5", "" },
	{ "iommu.guest_levels", "5", "" },
	{ "iommu.replacement", "random", CROWDED },
	{ "seed", "77", CROWDED " --set iommu.replacement=random" },
	{ "device.reads_in_flight", "1", BUSY },
	{ "device.writes_in_flight", "1", BUSY },
	{ "device.nic_descriptor_batch", "3", "" },
	{ "timing.guest.table_free", "911 ns", WHOLE },
	{ "timing.guest.entry_flush", "911 ns", "--set iommu.snoop=false" },
	{ "timing.guest.lock_handover", "911 ns", BUSY },
	{ "timing.iommu.memory_update", "911 ns", "--set iommu.dirty_tracking=true" },
	{ "timing.pcie.completion_interrupt", "911 ns", BUSY },
};

/* Another value of a parameter, legal beside the defaults. */
static void other_value(const struct parameter *parameter, const struct config *config, char *text, size_t size)
{
	char now[64];

	parameter_format(parameter, config, now, sizeof(now));
	switch (parameter->type) {
	case PARAMETER_PS:
		snprintf(text, size, "%s", strcmp(now, "911 ns") == 0 ? "912 ns" : "911 ns");
		return;
	case PARAMETER_BOOL:
		snprintf(text, size, "%s", strcmp(now, "true") == 0 ? "false" : "true");
		return;
	case PARAMETER_ENUM:
		for (const char *const *value = parameter->values; *value; value++)
			if (strcmp(*value, now) != 0)
				snprintf(text, size, "%s", *value);
		return;
	case PARAMETER_PPM:
		snprintf(text, size, "%s", strcmp(now, "0.5") == 0 ? "0.25" : "0.5");
		return;
	default:
		break;
	}
	uint64_t value = strtoull(now, NULL, 10);

	/* numbers with a geometry of their own are halved or doubled, which keeps them legal */
	snprintf(text, size, "%s", now);
	char *unit = text + strcspn(text, " ");
	char kept[32];

	snprintf(kept, sizeof(kept), "%s", unit);
	snprintf(text, size, "%llu%s", (unsigned long long)(value >= 2 ? value / 2 : value + 1), kept);
}

/* The result under these settings, kept by number so that each baseline is made once. */
static void baseline(const char *with, char *name, size_t size)
{
	static const char *known[64];
	static unsigned count;
	char line[1024];
	unsigned i = 0;

	while (i < count && strcmp(known[i], with) != 0)
		i++;
	snprintf(name, size, "base-%u.h5", i);
	if (i < count)
		return;
	known[count++] = with;
	snprintf(line, sizeof(line), "run s.yaml -o %s --quiet %s", name, with);
	ck_assert_msg(iommusim(line) == 0, "%s: %s", with, errors);
}

/* Does setting it change what the run measures?  Says so on stderr when not. */
static bool shows(const struct parameter *parameter, const struct config *config)
{
	char line[1024], value[64], base[32];
	const char *with = "", *chosen = value;

	other_value(parameter, config, value, sizeof(value));
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(special[i].name, parameter->name) == 0) {
			with = special[i].with;
			chosen = special[i].value;
		}
	if (!chosen)
		return true;
	baseline(with, base, sizeof(base));
	snprintf(line, sizeof(line), "run s.yaml -o set.h5 --quiet %s --set '%s=%s'", with, parameter->name, chosen);
	if (iommusim(line) != 0) {
		fprintf(stderr, "%s = %s: %s", parameter->name, chosen, errors);
		return false;
	}
	snprintf(line, sizeof(line), "compare %s set.h5", base);
	if (iommusim(line) == 1)
		return true;
	fprintf(stderr, "%s = %s %s changes nothing\n", parameter->name, chosen, with);
	return false;
}

START_TEST(setting_any_parameter_changes_the_result)
{
	struct scenario scenario = { 0 };
	struct err err = { 0 };
	char path[128];
	unsigned silent = 0;

	write_file("whole.txt", whole_tables);
	ck_assert_msg(iommusim("trace import whole.txt -o whole.h5") == 0, "%s", errors);
	write_file("s.yaml", "title: parameters\ntrace: " SAMPLES "/q-vtd-mixed.h5\nprofile: server-x86\nseed: 1\n"
			     "schemes: [pin-on-map, preregister, nested, nested-hwq, passthrough]\n"
			     "parameters: {replay.max_operations: 500}\n");
	snprintf(path, sizeof(path), "%s/s.yaml", folder);
	ck_assert_msg(scenario_load(path, &scenario, &err), "%s", err.text);
	for (size_t i = 0; i < parameter_count; i++)
		silent += !shows(&parameters[i], &scenario.config);
	ck_assert_uint_eq(silent, 0);
	scenario_fini(&scenario);
}
END_TEST

/* An arm64 guest's memory lies from 1 GiB to 3 GiB. */
START_TEST(memory_between_2_and_4_gib_needs_a_guest_whose_low_memory_reaches_there)
{
	char text[sizeof(whole_tables) + 16], *where;

	snprintf(text, sizeof(text), "%s", whole_tables);
	while ((where = strstr(text, "40001000")) != NULL)
		where[0] = '9';
	write_file("high.txt", text);
	ck_assert_msg(iommusim("trace import high.txt -o t.h5") == 0, "%s", errors);
	write_scenario("");
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5"), 2);
	ck_assert_ptr_nonnull(strstr(errors, "machine.guest_low_bytes = 2147483648"));
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --set machine.guest_low_bytes=3GiB") == 0, "%s", errors);
}
END_TEST

START_TEST(a_locked_memory_limit_that_is_met_ends_the_run_and_says_which_parameter)
{
	import_small();
	write_scenario("");
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --schemes pin-on-map --set machine.memlock_limit_bytes=64KiB"),
			 1);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_ptr_nonnull(strstr(errors, "machine.memlock_limit_bytes = 65536"));
	ck_assert_uint_eq(files_like("a.h5*"), 0);
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --schemes nested --set machine.memlock_limit_bytes=1GiB"), 1);
	ck_assert_ptr_nonnull(strstr(errors, "machine.memlock_limit_bytes"));
}
END_TEST

/* An unmap of what was never mapped and a second map of a live page, among sound operations. */
static const char unsound[] =
	"# entries-in-buffer/entries-written: 9/9   #P:1\n"
	"  t-1  [000] .....  1.000000: add_device_to_group: IOMMU: groupID=1 device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000001: attach_device_to_domain: IOMMU: device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000002: unmap: IOMMU: iova=0x0000000090000000 - 0x0000000090001000 size=4096 "
	"unmapped_size=4096\n"
	"  t-1  [000] .....  1.000003: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=90000000 size=4096 attrs=\n"
	"  t-1  [000] .....  1.000004: map: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 "
	"paddr=0x0000000040001000 size=4096\n"
	"  t-1  [000] .....  1.000005: dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 "
	"phys_addr=40001000 attrs=\n"
	"  t-1  [000] .....  1.000006: map: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 "
	"paddr=0x0000000040002000 size=4096\n"
	"  t-1  [000] .....  1.000007: dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 "
	"phys_addr=40002000 attrs=\n"
	"  t-1  [000] .....  1.000008: unmap: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 size=4096 "
	"unmapped_size=4096\n"
	"  t-1  [000] .....  1.000009: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 attrs=\n";

START_TEST(an_unsound_trace_is_replayed_by_stated_rules_and_refused_with_replay_strict)
{
	struct err err = { 0 };
	char path[128];

	write_file("unsound.txt", unsound);
	ck_assert_msg(iommusim("trace import unsound.txt -o t.h5") == 0, "%s", errors);
	ck_assert_int_eq(iommusim("trace check t.h5"), 1);
	ck_assert_int_eq(iommusim("trace import unsound.txt -o strict.h5 --strict"), 1);
	ck_assert_uint_eq(files_like("strict.h5*"), 0);
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet") == 0, "%s", errors);
	snprintf(path, sizeof(path), "%s/a.h5", folder);
	struct result *result = result_open(path, &err);

	ck_assert_msg(result != NULL, "%s", err.text);
	/* the unmap without a map and the second map; the last unmap is the first map's under an IOMMU's table */
	ck_assert_uint_ge(counted(result, "nested", COUNT_OPERATIONS_SKIPPED), 2);
	ck_assert_uint_eq(counted(result, "nested", COUNT_FAULTS), 0);
	result_close(result);
	ck_assert_int_eq(iommusim("run s.yaml -o b.h5 --set replay.strict=true"), 1);
	ck_assert_ptr_nonnull(strstr(errors, "replay.strict"));
	ck_assert_uint_eq(files_like("b.h5*"), 0);
}
END_TEST

/* ---- bad input ---- */

static const struct {
	const char *scenario, *arguments;
	int code;
	const char *says;
} bad[] = {
	{ "", "run none.yaml", 3, "none.yaml" },
	{ "", "run s.yaml --trace none.h5", 3, "none.h5" },
	{ "", "run s.yaml --trace s.yaml", 3, "s.yaml" },
	{ "", "run s.yaml --set iommu.iotlb_entreis=4", 2, "iommu.iotlb_entries" },
	{ "", "run s.yaml --set iommu.iotlb_entries=many", 2, "iommu.iotlb_entries" },
	{ "", "run s.yaml --set iommu.iotlb_entries=64 --set iommu.iotlb_ways=3", 2, "must divide" },
	{ "parameters:\n  iommu:\n    iotlb_entreis: 4\n", "run s.yaml", 2, "s.yaml:8:" },
	{ "", "run s.yaml --schemes pin-on-mop", 2, "pin-on-map" },
	{ "", "run s.yaml --set machine.guest_ram_bytes=1GiB", 2, "machine.guest_ram_bytes" },
	{ "", "run s.yaml -o nowhere/x.h5", 3, "nowhere/x.h5" },
	{ "", "run s.yaml -o .", 3, "not a regular file" },
	{ "", "run", 2, "scenario" },
	{ "", "run s.yaml --frobnicate", 2, "frobnicate" },
	{ "", "report none.h5", 3, "none.h5" },
	{ "", "report s.yaml", 3, "s.yaml" },
	{ "", "compare s.yaml s.yaml", 3, "s.yaml" },
	{ "", "trace info none.h5", 3, "none.h5" },
	{ "", "trace check s.yaml", 3, "s.yaml" },
	{ "", "trace import none.txt -o x.h5", 3, "none.txt" },
	{ "", "trace import s.yaml -o x.h5", 3, "s.yaml" },
	{ "", "list colours", 2, "colours" },
	{ "", "bench warp-drive", 2, "warp-drive" },
	{ "", "frobnicate", 2, "frobnicate" },
};

START_TEST(bad_input_gets_one_clear_line_the_documented_code_and_no_file)
{
	import_small();
	write_scenario(bad[_i].scenario);
	int code = iommusim(bad[_i].arguments);

	ck_assert_msg(code == bad[_i].code, "%s: exit code %d: %s", bad[_i].arguments, code, errors);
	ck_assert_msg(strstr(errors, bad[_i].says) != NULL, "%s: %s", bad[_i].arguments, errors);
	ck_assert_msg(lines_in(errors) <= 2, "%s: %s", bad[_i].arguments, errors); /* argp adds where to find help */
	ck_assert_str_eq(out, "");
	ck_assert_uint_eq(files_like("x.h5*") + files_like("s.h5*") + files_like("*.parts*"), 0);
}
END_TEST

START_TEST(a_cut_trace_file_is_refused_by_name)
{
	char line[256];

	import_small();
	write_scenario("");
	snprintf(line, sizeof(line), "cd %s && head -c 3000 t.h5 > cut.h5", folder);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(iommusim("run s.yaml --trace cut.h5"), 3);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_ptr_nonnull(strstr(errors, "cut.h5"));
}
END_TEST

START_TEST(an_interrupted_run_leaves_the_earlier_result_as_it_was)
{
	char line[512];

	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --set replay.max_operations=50") == 0, "%s", errors);
	snprintf(line, sizeof(line), "cp %s/a.h5 %s/before.h5", folder, folder);
	ck_assert_int_eq(system(line), 0);
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		dup2(null, 2);
		if (chdir(folder) == 0)
			execl(IOMMUSIM, "iommusim", "run", SCENARIOS "/pin-vs-prereg-vs-nested.yaml", "-o", "a.h5",
			      (char *)NULL);
		_exit(127);
	}
	while (files_like("a.h5.parts*") == 0)
		usleep(1000);
	usleep(50000);
	kill(pid, SIGINT);
	int status;

	waitpid(pid, &status, 0);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 130);
	ck_assert(same_bytes("a.h5", "before.h5"));
	ck_assert_uint_eq(files_like("a.h5.*"), 0);
}
END_TEST

START_TEST(help_names_every_command_and_each_command_has_its_own)
{
	static const char *const names[] = { "run", "report", "compare", "trace", "list", "bench" };
	char line[64];

	ck_assert_int_eq(iommusim("--help"), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_ptr_nonnull(strstr(out, names[i]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "help %s", names[i]);
		ck_assert_int_eq(iommusim(line), 0);
		ck_assert_str_ne(out, "");
	}
	ck_assert_int_eq(iommusim("--version"), 0);
	ck_assert_ptr_nonnull(strstr(out, "iommusim 0."));
}
END_TEST

START_TEST(a_benchmark_tells_its_numbers_also_as_json)
{
	ck_assert_int_eq(iommusim("bench iotlb-hit-64"), 0);
	ck_assert_ptr_nonnull(strstr(out, "iotlb-hit-64"));
	ck_assert_int_eq(iommusim("bench --json iotlb-hit-64 map-unmap-4k"), 0);
	ck_assert_ptr_nonnull(strstr(out, "{\"name\": \"map-unmap-4k\", \"min_ns\": "));
}
END_TEST

START_TEST(a_timeline_is_json_with_a_span_for_each_map)
{
	char line[512];

	import_small();
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --timeline t.json") == 0, "%s", errors);
	snprintf(line, sizeof(line), "grep -c '\"name\":\"map\"' %s/t.json > %s/count.txt", folder, folder);
	ck_assert_int_eq(system(line), 0);
	slurp("count.txt", out, sizeof(out));
	ck_assert_str_eq(out, "3115\n"); /* 623 map operations of this recording's JSON, five schemes */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim/command");
	TCase *results = tcase_create("results"), *input = tcase_create("bad input"), *shown = tcase_create("shown");
	TCase *all[] = { results, input, shown };

	for (size_t i = 0; i < 3; i++) {
		tcase_add_checked_fixture(all[i], make_folder, remove_folder);
		tcase_set_timeout(all[i], 300);
		suite_add_tcase(suite, all[i]);
	}
	tcase_add_test(results, the_same_scenario_twice_gives_the_same_bytes);
	tcase_add_test(results, exact_mode_gives_the_same_result_to_the_picosecond);
	tcase_add_test(results, the_shipped_comparison_has_the_orders_that_its_schemes_imply);
	tcase_add_test(results, setting_any_parameter_changes_the_result);
	tcase_add_test(results, a_locked_memory_limit_that_is_met_ends_the_run_and_says_which_parameter);
	tcase_add_test(results, memory_between_2_and_4_gib_needs_a_guest_whose_low_memory_reaches_there);
	tcase_add_test(results, an_unsound_trace_is_replayed_by_stated_rules_and_refused_with_replay_strict);
	tcase_add_loop_test(input, bad_input_gets_one_clear_line_the_documented_code_and_no_file, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(input, a_cut_trace_file_is_refused_by_name);
	tcase_add_test(input, an_interrupted_run_leaves_the_earlier_result_as_it_was);
	tcase_add_test(shown, help_names_every_command_and_each_command_has_its_own);
	tcase_add_test(shown, a_benchmark_tells_its_numbers_also_as_json);
	tcase_add_test(shown, a_timeline_is_json_with_a_span_for_each_map);
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
