/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays of made traces: all that `iommusim run` does for one scheme, but the result file.  SimGrid has one engine per
 * process, so each run is a process of its own, which tells its profile through shared memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/base/require.h"
#include "scenarios/config.h"
#include "sim/bench.h"
#include "sim/machine.h"
#include "sim/profile.h"
#include "traces/synth.h"

struct replay {
	const char *scheme;
	uint64_t maps;  /* on each of CPUS processors */
	uint64_t bytes; /* of each */
	bool dma;       /* the device writes them */
	uint64_t (*count)(const struct profile *profile);
};

#define CPUS 2u

/* What the parent hears. */
struct report {
	struct profile profile;
	struct err err;
	bool done;
};

static uint64_t count_operations(const struct profile *profile)
{
	return profile->operations;
}

static uint64_t count_tlps(const struct profile *profile)
{
	return profile->tlps;
}

static bool make_trace(const char *path, const struct replay *replay, unsigned share, struct err *err)
{
	static const struct trace_device device = { "0000:00:04.0", 0x20, 0x020000, 0 };
	struct synth_stream streams[CPUS];
	const struct synth synth = { .title = "benchmark",
				     .seed = 1,
				     .devices = &device,
				     .device_count = 1,
				     .streams = streams,
				     .stream_count = CPUS };

	for (uint16_t cpu = 0; cpu < CPUS; cpu++)
		streams[cpu] = (struct synth_stream){ .cpu = cpu,
						      .maps = replay->maps / share,
						      .bytes = replay->bytes,
						      .dma_bytes = replay->dma ? replay->bytes : 0,
						      .window = 64,
						      .batch = 1,
						      .gap = PS_PER_US,
						      .direction = TRACE_FROM_DEVICE };
	return synth_write(&synth, path, err);
}

static bool make_scenario(const char *path, const char *trace, const char *scheme, struct scenario *scenario,
			  struct err *err)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
	fprintf(out, "title: benchmark\ntrace: %s\nprofile: server-x86\nschemes: [%s]\n", trace, scheme);
	if (fclose(out) != 0)
		return err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
	return scenario_load(path, scenario, err) && scenario_check(scenario, err);
}

static struct report *own_report; /* of a child, for child_fail */

static void child_fail(const struct err *err)
{
	own_report->err = *err;
	_exit(1);
}

static void child_run(const struct scenario *scenario, struct report *report)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct result_scheme *result = malloc(sizeof(*result));
	struct err err = { 0 };

	REQUIRE(machine && result);
	own_report = report;
	result_scheme_init(result, scenario->scheme[0].name, "");
	machine->result = result;
	machine->fail = child_fail;
	machine->trace = trace_open(scenario->trace.path, &err);
	if (!machine->trace)
		child_fail(&err);
	profile_begin(&report->profile);
	if (!machine_create(machine, &scenario->config, &scenario->scheme[0], false, &err))
		child_fail(&err);
	profile_created(&report->profile);
	machine_run(machine);
	profile_end(&report->profile, machine);
	report->done = true;
	_exit(0);
}

static bool replay_once(const struct scenario *scenario, struct report *report, struct err *err)
{
	int status = 0;

	memset(report, 0, sizeof(*report));
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0)
		child_run(scenario, report);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return err_set(err, ERR_FILE, "cannot start a process: %s", strerror(errno));
	if (report->err.kind != ERR_NONE)
		*err = report->err;
	else if (!report->done)
		err_set(err, ERR_CHECK, "scheme %s: its process ended with status %d", scenario->scheme[0].name,
			status);
	return err->kind == ERR_NONE;
}

static bool measure_runs(const struct replay *replay, const struct scenario *scenario, struct bench_result *result,
			 struct err *err)
{
	enum { RUNS = 5 };
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct profile *profile = &report->profile;
	double ns[RUNS];
	bool well = true;

	REQUIRE(report != MAP_FAILED);
	for (unsigned i = 0; well && i < RUNS; i++) {
		well = replay_once(scenario, report, err);
		if (!well)
			break;
		result->operations = replay->count(profile);
		ns[i] = replay->count == profile_events
				? profile_ns_per_event(profile)
				: (double)(profile->create_ns + profile->replay_ns) / (double)result->operations;
		result->entries_per_event = 1 - profile_run_ahead(profile);
		result->run_ahead = profile_run_ahead(profile);
		if (profile->peak_bytes > result->peak_bytes)
			result->peak_bytes = profile->peak_bytes;
	}
	munmap(report, sizeof(*report));
	if (well)
		bench_summarize(result, ns, RUNS);
	return well;
}

static bool measure_replay(const struct bench *bench, unsigned share, struct bench_result *result, struct err *err)
{
	static const char *const files[] = { "trace.h5", "scenario.yaml", NULL };
	const struct replay *replay = bench->what;
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	struct bench_folder folder;
	char trace[BENCH_PATH], path[BENCH_PATH];
	bool well = false;

	REQUIRE(scenario);
	if (bench_folder_make(&folder, err)) {
		well = make_trace(bench_file(&folder, files[0], trace), replay, share, err) &&
		       make_scenario(bench_file(&folder, files[1], path), trace, replay->scheme, scenario, err) &&
		       measure_runs(replay, scenario, result, err);
		bench_folder_remove(&folder, files);
		scenario_fini(scenario);
	}
	free(scenario);
	return well;
}

#define MAP_UNMAP(scheme) (&(const struct replay){ scheme, 100000, 4096, false, count_operations })
#define TLPS(scheme)      (&(const struct replay){ scheme, 2500, 65536, true, count_tlps })
#define MAP_UNMAP_BAR_NS  2000  /* 500,000 per second */
#define TLP_BAR_NS        333.3 /* 3,000,000 per second */

const struct bench replay_benches[] = {
	{ "replay-map-unmap-passthrough", "replay of map and unmap without DMA, passthrough", "map or unmap",
	  MAP_UNMAP_BAR_NS, measure_replay, MAP_UNMAP("passthrough") },
	{ "replay-map-unmap-pin-on-map", "the same, pin-on-map", "map or unmap", MAP_UNMAP_BAR_NS, measure_replay,
	  MAP_UNMAP("pin-on-map") },
	{ "replay-map-unmap-preregister", "the same, preregister", "map or unmap", MAP_UNMAP_BAR_NS, measure_replay,
	  MAP_UNMAP("preregister") },
	{ "replay-map-unmap-nested", "the same, nested", "map or unmap", MAP_UNMAP_BAR_NS, measure_replay,
	  MAP_UNMAP("nested") },
	{ "replay-tlp-passthrough", "replay of DMA, 64 KiB to a mapping, passthrough", "TLP", TLP_BAR_NS,
	  measure_replay, TLPS("passthrough") },
	{ "replay-tlp-pin-on-map", "the same, pin-on-map", "TLP", TLP_BAR_NS, measure_replay, TLPS("pin-on-map") },
	{ "replay-tlp-nested", "the same, nested", "TLP", TLP_BAR_NS, measure_replay, TLPS("nested") },
	{ "engine",
	  "an event of the engine: a touch of shared state or a step of hardware; nested, 4 KiB of DMA to a mapping",
	  "event", 0, measure_replay, &(const struct replay){ "nested", 25000, 4096, true, profile_events } },
	{ 0 },
};
