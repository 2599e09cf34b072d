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
#include "models/base/heap.h"
#include "sim/input.h"
#include "sim/machine.h"
#include "sim/point_traces.h"
#include "sim/worker_memory.h"

/* What a worker process shares with its parent. */
struct worker {
	volatile uint64_t rows_done;
	struct err err;
	struct profile profile;
};

#define PART_PATH 640u

/* One scheme at one point. */
struct run_job {
	const struct scheme *scheme;
	size_t point;
	uint64_t operations; /* that it replays */
	pid_t pid;           /* 0: not started, -1: ended */
	bool failed;
	struct worker *worker; /* shared memory */
	struct err err;        /* when it failed */
};

/* All of them, and where their parts lie. */
struct run_jobs {
	struct run_job *job; /* scheme by scheme, of each its points */
	size_t count;
	char folder[560];
	size_t limit;    /* side by side */
	size_t *running; /* [running_count], places in job */
	size_t running_count;
};

static void part_path(char path[PART_PATH], const struct run_jobs *jobs, size_t i, const char *ending)
{
	snprintf(path, PART_PATH, "%s/%zu.%s", jobs->folder, i, ending);
}

static volatile sig_atomic_t interrupted_by_signal;

static void on_signal(int number)
{
	interrupted_by_signal = number;
}

/* That it came is enough: it ends the parent's sleep. */
static void on_child(int number)
{
	(void)number;
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

/* "nested machine.guests=4" */
static void run_text(const struct scenario *scenario, const struct run_job *job, char *text, size_t size)
{
	int length = snprintf(text, size, "%s%s", job->scheme->name, scenario->sweep_count > 0 ? " " : "");

	scenario_point_text(scenario, job->point, text + length, size - (size_t)length);
}

static FILE *timeline_create(struct timeline *timeline, const struct scenario *scenario, const struct run_jobs *jobs,
			     size_t i)
{
	char path[PART_PATH], text[300];
	struct err err = { 0 };

	part_path(path, jobs, i, "json");
	FILE *out = fopen(path, "w");

	if (!out) {
		err_set(&err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
		worker_fail(&err);
	}
	run_text(scenario, &jobs->job[i], text, sizeof(text));
	timeline_begin(timeline, out, (unsigned)i, text);
	return out;
}

static void worker_run(const struct scenario *scenario, const struct run_options *options, const char *trace_path,
		       const struct run_jobs *jobs, size_t i)
{
	const struct run_job *job = &jobs->job[i];
	struct err err = { 0 };
	struct timeline timeline;
	FILE *spans = NULL;
	char axes[160], part[PART_PATH];
	struct machine *machine = calloc(1, sizeof(*machine));
	struct result_scheme *result = malloc(sizeof(*result));

	REQUIRE(machine && result);
	own_worker = job->worker;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	if (options->begun)
		options->begun(i);
	scheme_axes_text(job->scheme, axes, sizeof(axes));
	result_scheme_init(result, job->scheme->name, axes);
	result->point = (uint32_t)job->point;
	machine->trace = trace_open(trace_path, &err);
	if (!machine->trace)
		worker_fail(&err);
	machine->result = result;
	machine->progress = &job->worker->rows_done;
	machine->fail = worker_fail;
	if (options->timeline_path) {
		spans = timeline_create(&timeline, scenario, jobs, i);
		machine->timeline = &timeline;
	}
	profile_begin(&job->worker->profile);
	if (!machine_create(machine, &scenario->config, job->scheme, options->exact, &err))
		worker_fail(&err);
	profile_created(&job->worker->profile);
	machine_run(machine);
	profile_end(&job->worker->profile, machine);
	part_path(part, jobs, i, "h5");
	if (!result_write_part(part, result, &err))
		worker_fail(&err);
	if (spans && fclose(spans) != 0) {
		err_set(&err, ERR_FILE, "%s: cannot write the timeline: %s", jobs->folder, strerror(errno));
		worker_fail(&err);
	}
	worker_end(0); /* the process is the arena: nothing is taken apart */
}

/* ---- in the parent ---- */

static void show_progress(const struct run_jobs *jobs, time_t since)
{
	uint64_t done = 0, all = 0;
	size_t ended = 0;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct run_job *job = &jobs->job[i];

		all += job->operations;
		done += job->pid < 0 ? job->operations : job->worker->rows_done;
		ended += job->pid < 0;
	}
	double share = all ? (double)done / (double)all : 1;
	double elapsed = difftime(time(NULL), since);

	fprintf(stderr, "\r\033[Kreplaying %3.0f%%  %zu of %zu runs", 100 * share, ended, jobs->count);
	if (share > 0.01 && elapsed >= 1)
		fprintf(stderr, "  about %.0f s left", elapsed / share - elapsed);
}

/* Starts the next one; false when there can be no process. */
static bool start_job(struct scenario *scenario, const struct run_options *options, const struct point_traces *traces,
		      struct run_jobs *jobs, size_t i, struct err *err)
{
	struct run_job *job = &jobs->job[i];

	scenario_go_to(scenario, job->point);
	fflush(NULL);
	job->pid = fork();
	if (job->pid == 0)
		worker_run(scenario, options, point_trace(traces, scenario)->path, jobs, i);
	if (job->pid < 0) {
		job->pid = -1;
		return err_set(err, ERR_FILE, "cannot start a process: %s", strerror(errno));
	}
	jobs->running[jobs->running_count++] = i;
	return true;
}

/* Takes note of one process that ended. */
static void reap(struct run_jobs *jobs, pid_t pid, int status)
{
	size_t place = 0;

	while (place < jobs->running_count && jobs->job[jobs->running[place]].pid != pid)
		place++;
	if (place == jobs->running_count)
		return;

	struct run_job *job = &jobs->job[jobs->running[place]];

	jobs->running[place] = jobs->running[--jobs->running_count];
	job->pid = -1;
	job->failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	if (!job->failed)
		return;
	if (job->worker->err.kind != ERR_NONE)
		job->err = job->worker->err;
	else if (WIFSIGNALED(status))
		err_set(&job->err, ERR_CHECK, "its process was ended by signal %d (%s)%s", WTERMSIG(status),
			strsignal(WTERMSIG(status)),
			WTERMSIG(status) == SIGKILL ? ": was memory short?" : ": please report it");
	else
		err_set(&job->err, ERR_CHECK, "its process ended with code %d: please report it", WEXITSTATUS(status));
}

/* Runs all, so many at a time; false when a signal came or no process can be started, and then none is left running. */
static bool run_all(struct scenario *scenario, const struct run_options *options, const struct point_traces *traces,
		    struct run_jobs *jobs, struct err *err)
{
	time_t since = time(NULL);
	size_t next = 0;
	bool well = !interrupted_by_signal;

	while ((well && next < jobs->count) || jobs->running_count > 0) {
		int status;

		while (well && jobs->running_count < jobs->limit && next < jobs->count)
			well = start_job(scenario, options, traces, jobs, next++, err);

		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0)
			reap(jobs, pid, status);
		if (interrupted_by_signal)
			well = false;
		for (size_t i = 0; !well && i < jobs->running_count; i++)
			kill(jobs->job[jobs->running[i]].pid, SIGKILL);
		if (pid <= 0 && jobs->running_count > 0) {
			if (options->progress)
				show_progress(jobs, since);
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		}
	}
	if (options->progress)
		fputs("\r\033[K", stderr);
	return well;
}

/* ---- the result ---- */

/* Nothing ended well: the first problem, and of which run it is. */
static bool refuse_all(const struct scenario *scenario, const struct run_jobs *jobs, struct err *err)
{
	const struct run_job *first = &jobs->job[0];
	char text[200];

	run_text(scenario, first, text, sizeof(text));
	if (scenario->sweep_count == 0 && first->worker->err.kind != ERR_NONE) /* it says which scheme it is */
		return err_set(err, first->err.kind, "%s", first->err.text);
	return err_set(err, first->err.kind, "scheme %s: %s", text, first->err.text);
}

static bool merge(const struct scenario *scenario, const struct run_options *options, const struct point_traces *traces,
		  const struct run_jobs *jobs, struct err *err)
{
	struct result_failure *failure = heap_zeroed(jobs->count, sizeof(*failure));
	char(*part)[PART_PATH] = heap_zeroed(jobs->count, sizeof(*part));
	char(*timeline)[PART_PATH] = heap_zeroed(jobs->count, sizeof(*timeline));
	const char **parts = heap_zeroed(2 * jobs->count, sizeof(*parts)), **timelines = parts + jobs->count;
	size_t ended = 0, failures = 0;
	struct input input;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct run_job *job = &jobs->job[i];

		if (job->failed) {
			failure[failures++] = (struct result_failure){ .scheme = job->scheme->name,
								       .point = (uint32_t)job->point,
								       .problem = job->err.text };
			continue;
		}
		part_path(part[ended], jobs, i, "h5");
		part_path(timeline[ended], jobs, i, "json");
		parts[ended] = part[ended];
		timelines[ended] = timeline[ended];
		ended++;
	}
	input_of_scenario(&input, scenario, traces);
	input.result.failure = failure;
	input.result.failures = failures;

	bool well = (ended > 0 || refuse_all(scenario, jobs, err)) &&
		    result_merge(options->out_path, &input.result, parts, ended, err) &&
		    (!options->timeline_path || timeline_join(options->timeline_path, timelines, ended, err));

	input_fini(&input);
	free(failure);
	free(part);
	free(timeline);
	free(parts);
	return well;
}

/* ---- before and after ---- */

static size_t side_by_side(const struct run_options *options, uint64_t most_bytes)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t available = options->memory_bytes ? options->memory_bytes : worker_memory_available();
	uint64_t wanted = options->jobs ? options->jobs : processors > 0 ? (uint64_t)processors : 1;

	return worker_memory_fit(available, most_bytes, wanted);
}

static struct worker *jobs_create(struct run_jobs *jobs, struct scenario *scenario, const struct point_traces *traces)
{
	size_t points = scenario_point_count(scenario);
	size_t bytes;

	jobs->count = scenario->scheme_count * points;
	bytes = jobs->count * sizeof(struct worker);
	jobs->job = heap_zeroed(jobs->count, sizeof(*jobs->job));
	jobs->running = heap_zeroed(jobs->limit, sizeof(*jobs->running));

	struct worker *workers = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(workers != MAP_FAILED);
	for (size_t point = 0; point < points; point++) {
		scenario_go_to(scenario, point);
		for (size_t i = 0; i < scenario->scheme_count; i++) {
			size_t place = i * points + point;

			jobs->job[place] = (struct run_job){ .scheme = &scenario->scheme[i],
							     .point = point,
							     .operations = point_operations(traces, scenario),
							     .worker = &workers[place] };
		}
	}
	return workers;
}

static void jobs_destroy(struct run_jobs *jobs, struct worker *workers)
{
	char path[PART_PATH];

	for (size_t i = 0; i < jobs->count; i++) {
		part_path(path, jobs, i, "h5");
		unlink(path);
		part_path(path, jobs, i, "json");
		unlink(path);
	}
	munmap(workers, jobs->count * sizeof(*workers));
	free(jobs->job);
	free(jobs->running);
}

/* With the traces there and the folder made. */
static bool run_points(struct scenario *scenario, const struct run_options *options, const struct point_traces *traces,
		       struct run_jobs *jobs, struct err *err)
{
	struct worker *workers = jobs_create(jobs, scenario, traces);
	bool well = run_all(scenario, options, traces, jobs, err);

	scenario_go_to(scenario, 0);
	well = well && merge(scenario, options, traces, jobs, err);
	for (size_t i = 0; options->profiles && i < jobs->count; i++)
		options->profiles[i] = workers[i].profile;
	jobs_destroy(jobs, workers);
	return well;
}

static bool run_in_folder(struct scenario *scenario, const struct run_options *options, struct run_jobs *jobs,
			  struct err *err)
{
	struct point_traces traces;

	if ((size_t)snprintf(jobs->folder, sizeof(jobs->folder), "%s.parts-XXXXXX", options->out_path) >=
		    sizeof(jobs->folder) ||
	    !mkdtemp(jobs->folder))
		return err_set(err, ERR_FILE, "%s: cannot write there: %s", options->out_path, strerror(errno));

	bool well = point_traces_open(&traces, scenario, jobs->folder, err);

	if (well) {
		well = run_points(scenario, options, &traces, jobs, err);
		point_traces_close(&traces);
	}
	rmdir(jobs->folder);
	return well;
}

bool run_scenario(struct scenario *scenario, const struct run_options *options, bool *interrupted, struct err *err)
{
	const int number[] = { SIGINT, SIGTERM, SIGCHLD };
	struct run_jobs jobs = { .job = NULL };
	struct sigaction old[3];
	struct stat status;
	uint64_t most_bytes;

	*interrupted = false;
	if (stat(options->out_path, &status) == 0 && !S_ISREG(status.st_mode))
		return err_set(err, ERR_FILE, "%s: is not a regular file: name another with -o", options->out_path);
	if (!worker_memory_check(scenario, options->memory_bytes ? options->memory_bytes : worker_memory_all(),
				 &most_bytes, err))
		return false;
	jobs.limit = side_by_side(options, most_bytes);
	interrupted_by_signal = 0;
	for (size_t i = 0; i < 3; i++)
		sigaction(number[i], &(struct sigaction){ .sa_handler = number[i] == SIGCHLD ? on_child : on_signal },
			  &old[i]);

	bool well = run_in_folder(scenario, options, &jobs, err);

	for (size_t i = 0; i < 3; i++)
		sigaction(number[i], &old[i], NULL);
	*interrupted = interrupted_by_signal != 0;
	return well;
}
