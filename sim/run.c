/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analysis/result.h"
#include "models/base/require.h"
#include "sim/input.h"
#include "sim/machine.h"

/* What a worker process shares with its parent. */
struct worker {
	volatile uint64_t rows_done;
	struct err err;
	struct profile profile;
};

struct job_process {
	const struct scheme *scheme;
	pid_t pid;             /* 0: not started, -1: ended */
	struct worker *worker; /* shared memory */
	char part[600], timeline[600];
};

static volatile sig_atomic_t interrupted_by_signal;

static void on_signal(int number)
{
	interrupted_by_signal = number;
}

/* ---- in the worker ---- */

static struct worker *own_worker; /* of this process, for worker_fail */

/* Written by gcov's library where it is linked in; a worker ends without the exit handlers that would call it. */
extern void __gcov_dump(void) __attribute__((weak));

static void __attribute__((no_sanitize("address"))) worker_end(int code)
{
	if (__gcov_dump)
		__gcov_dump();
	_exit(code);
}

/* On an actor's stack, of which the address sanitizer knows nothing that could be unwound. */
static void __attribute__((no_sanitize("address"))) worker_fail(const struct err *err)
{
	own_worker->err = *err;
	worker_end(err->kind);
}

static void worker_run(const struct scenario *scenario, const struct run_options *options, struct job_process *job,
		       unsigned number)
{
	struct err err = { 0 };
	struct timeline timeline;
	char axes[160];
	struct machine *machine = calloc(1, sizeof(*machine));
	struct result_scheme *result = malloc(sizeof(*result));

	REQUIRE(machine && result);
	own_worker = job->worker;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	scheme_axes_text(job->scheme, axes, sizeof(axes));
	result_scheme_init(result, job->scheme->name, axes);
	machine->trace = trace_open(scenario->trace_path, &err);
	if (!machine->trace)
		worker_fail(&err);
	machine->result = result;
	machine->progress = &job->worker->rows_done;
	machine->fail = worker_fail;
	if (options->timeline_path) {
		FILE *out = fopen(job->timeline, "w");

		if (!out) {
			err_set(&err, ERR_FILE, "%s: cannot write: %s", job->timeline, strerror(errno));
			worker_fail(&err);
		}
		timeline_begin(&timeline, out, number, job->scheme->name);
		machine->timeline = &timeline;
	}
	profile_begin(&job->worker->profile);
	if (!machine_create(machine, &scenario->config, job->scheme, options->exact, &err))
		worker_fail(&err);
	profile_created(&job->worker->profile);
	machine_run(machine);
	profile_end(&job->worker->profile, machine);
	if (!result_write_part(job->part, result, &err))
		worker_fail(&err);
	if (options->timeline_path && fclose(timeline.out) != 0) {
		err_set(&err, ERR_FILE, "%s: cannot write: %s", job->timeline, strerror(errno));
		worker_fail(&err);
	}
	worker_end(0); /* the process is the arena: nothing is taken apart */
}

/* ---- in the parent ---- */

static void show_progress(const struct job_process *jobs, size_t count, uint64_t rows_each, time_t since)
{
	uint64_t done = 0, all = rows_each * count;

	for (size_t i = 0; i < count; i++)
		done += jobs[i].worker->rows_done;
	double share = all ? (double)done / (double)all : 1;
	double elapsed = difftime(time(NULL), since);

	if (share > 0.01 && elapsed >= 1)
		fprintf(stderr, "\r\033[Kreplaying %3.0f%%  about %.0f s left", 100 * share, elapsed / share - elapsed);
	else
		fprintf(stderr, "\r\033[Kreplaying %3.0f%%", 100 * share);
}

static void start_job(const struct scenario *scenario, const struct run_options *options, struct job_process *job,
		      unsigned number)
{
	fflush(NULL);
	job->pid = fork();
	if (job->pid == 0)
		worker_run(scenario, options, job, number);
}

/* Takes note of one process that ended; false when its scheme failed. */
static bool reap(struct job_process *jobs, size_t count, pid_t pid, int status, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].pid != pid)
			continue;
		jobs[i].pid = -1;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return true;
		if (jobs[i].worker->err.kind != ERR_NONE)
			*err = jobs[i].worker->err;
		else if (WIFSIGNALED(status))
			err_set(err, ERR_CHECK, "scheme %s: its process was ended by signal %d (%s): please report it",
				jobs[i].scheme->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
		else
			err_set(err, ERR_CHECK, "scheme %s: its process ended with code %d: please report it",
				jobs[i].scheme->name, WEXITSTATUS(status));
		return false;
	}
	return true;
}

/* Runs all jobs, so many at a time; false when one failed or a signal came, and then none is left running. */
static bool run_jobs(const struct scenario *scenario, const struct run_options *options, struct job_process *jobs,
		     size_t count, uint64_t rows_each, struct err *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t limit = options->jobs ? options->jobs : processors > 0 ? (size_t)processors : 1, next = 0, running = 0;
	time_t since = time(NULL);
	bool well = true;

	while ((well && next < count) || running > 0) {
		int status;

		while (well && running < limit && next < count) {
			start_job(scenario, options, &jobs[next], (unsigned)next);
			if (jobs[next].pid < 0) {
				jobs[next].pid = -1;
				well = err_set(err, ERR_FILE, "cannot start a process: %s", strerror(errno));
				break;
			}
			next++;
			running++;
		}
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0) {
			running--;
			well = reap(jobs, count, pid, status, err) && well;
		}
		if (interrupted_by_signal)
			well = false;
		for (size_t i = 0; !well && i < count; i++)
			if (jobs[i].pid > 0)
				kill(jobs[i].pid, SIGKILL);
		if (pid <= 0 && running > 0) {
			if (options->progress)
				show_progress(jobs, count, rows_each, since);
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		}
	}
	if (options->progress)
		fputs("\r\033[K", stderr);
	return well;
}

static bool merge(const struct scenario *scenario, const struct run_options *options, const struct job_process *jobs,
		  size_t count, struct err *err)
{
	const char *parts[SCENARIO_SCHEMES_MAX], *timelines[SCENARIO_SCHEMES_MAX];
	struct input input;

	for (size_t i = 0; i < count; i++) {
		parts[i] = jobs[i].part;
		timelines[i] = jobs[i].timeline;
	}
	if (!input_of_scenario(&input, scenario, err))
		return false;
	return result_merge(options->out_path, &input.result, parts, count, err) &&
	       (!options->timeline_path || timeline_join(options->timeline_path, timelines, count, err));
}

/* Rows that each scheme replays, having checked that the trace can be replayed at all. */
static bool rows_to_replay(const struct scenario *scenario, uint64_t *rows, struct err *err)
{
	struct trace *trace = trace_open(scenario->trace_path, err);

	if (!trace)
		return false;
	const struct trace_summary *summary = trace_summary(trace);
	uint64_t anomalies = summary->lost_events + summary->unmaps_without_map + summary->maps_over_live;

	*rows = summary->ops;
	if (scenario->config.replay.max_operations > 0 && scenario->config.replay.max_operations < *rows)
		*rows = scenario->config.replay.max_operations;
	if (summary->cpus == 0 || *rows == 0)
		err_set(err, ERR_FILE, "%s: holds no operations: import a recording with iommu map and unmap events",
			scenario->trace_path);
	else if (scenario->config.replay.strict && anomalies > 0)
		err_set(err, ERR_CHECK,
			"%s: %llu events lost, %llu unmaps without a map, %llu maps over a live mapping, and "
			"replay.strict is on: see "
			"iommusim trace check",
			scenario->trace_path, (unsigned long long)summary->lost_events,
			(unsigned long long)summary->unmaps_without_map, (unsigned long long)summary->maps_over_live);
	trace_close(trace);
	return err->kind == ERR_NONE;
}

bool run_scenario(const struct scenario *scenario, const struct run_options *options, bool *interrupted,
		  struct err *err)
{
	size_t count = scenario->scheme_count;
	struct job_process jobs[SCENARIO_SCHEMES_MAX] = { 0 };
	struct worker *workers;
	struct sigaction action = { .sa_handler = on_signal }, old_int, old_term;
	uint64_t rows;
	char folder[560];

	*interrupted = false;
	struct stat status;

	if (stat(options->out_path, &status) == 0 && !S_ISREG(status.st_mode))
		return err_set(err, ERR_FILE, "%s: is not a regular file: name another with -o", options->out_path);
	if (!rows_to_replay(scenario, &rows, err))
		return false;
	if ((size_t)snprintf(folder, sizeof(folder), "%s.parts-XXXXXX", options->out_path) >= sizeof(folder) ||
	    !mkdtemp(folder))
		return err_set(err, ERR_FILE, "%s: cannot write there: %s", options->out_path, strerror(errno));
	workers = mmap(NULL, count * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(workers != MAP_FAILED);
	for (size_t i = 0; i < count; i++) {
		jobs[i].scheme = &scenario->scheme[i];
		jobs[i].worker = &workers[i];
		snprintf(jobs[i].part, sizeof(jobs[i].part), "%s/%zu.h5", folder, i);
		snprintf(jobs[i].timeline, sizeof(jobs[i].timeline), "%s/%zu.json", folder, i);
	}
	interrupted_by_signal = 0;
	sigaction(SIGINT, &action, &old_int);
	sigaction(SIGTERM, &action, &old_term);
	bool well = run_jobs(scenario, options, jobs, count, rows, err) && merge(scenario, options, jobs, count, err);

	for (size_t i = 0; options->profiles && i < count; i++)
		options->profiles[i] = workers[i].profile;
	for (size_t i = 0; i < count; i++) {
		unlink(jobs[i].part);
		unlink(jobs[i].timeline);
	}
	rmdir(folder);
	munmap(workers, count * sizeof(*workers));
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	*interrupted = interrupted_by_signal != 0;
	return well;
}
