/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/profile.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>

#include "sim/machine.h"

uint64_t profile_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void profile_begin(struct profile *profile)
{
	*profile = (struct profile){ .begun = profile_cpu_ns() };
}

void profile_created(struct profile *profile)
{
	profile->create_ns = profile_cpu_ns() - profile->begun;
}

void profile_end(struct profile *profile, const struct machine *machine)
{
	struct rusage usage;

	profile->replay_ns = profile_cpu_ns() - profile->begun - profile->create_ns;
	profile->touches = machine->engine.touches;
	profile->steps = machine->engine.steps;
	profile->entries = machine->engine.entries;
	profile->operations = machine->result->counter[COUNT_OPERATIONS_REPLAYED];
	profile->tlps = machine->result->counter[COUNT_TLPS];
	profile->read_ns = trace_read_ns(machine->trace);
	getrusage(RUSAGE_SELF, &usage);
	profile->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

uint64_t profile_events(const struct profile *profile)
{
	return profile->touches + profile->steps;
}

static double ratio(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

double profile_ns_per_event(const struct profile *profile)
{
	return ratio(profile->replay_ns, profile_events(profile));
}

double profile_run_ahead(const struct profile *profile)
{
	return 1 - ratio(profile->entries, profile_events(profile));
}

void profile_print_head(FILE *out)
{
	fprintf(out, "%-16s %11s %11s %11s %11s %9s %8s %8s %8s %7s %9s\n", "engine", "operations", "touches", "steps",
		"entries", "ahead", "start s", "replay s", "ns/event", "read", "peak MiB");
}

void profile_print(FILE *out, const char *scheme, const struct profile *profile)
{
	fprintf(out,
		"%-16s %11" PRIu64 " %11" PRIu64 " %11" PRIu64 " %11" PRIu64
		" %8.1f%% %8.3f %8.3f %8.1f %6.1f%% %9.1f\n",
		scheme, profile->operations, profile->touches, profile->steps, profile->entries,
		100 * profile_run_ahead(profile), (double)profile->create_ns * 1e-9, (double)profile->replay_ns * 1e-9,
		profile_ns_per_event(profile), 100 * ratio(profile->read_ns, profile->create_ns + profile->replay_ns),
		(double)profile->peak_bytes / (1 << 20));
}
