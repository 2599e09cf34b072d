/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/worker_memory.h"

#include <stdio.h>
#include <unistd.h>

#include "sim/translation.h"

/* A table entry of 8 bytes, and 8 more for the counts of pins that pages below 2 MiB have. */
#define BYTES_PER_PAGE UINT64_C(16)
/* Of any process, whatever it simulates.  ASSUMED: measured 40 to 80 MiB. */
#define BYTES_PER_WORKER (UINT64_C(64) << 20)

uint64_t worker_memory(const struct config *config, const struct scheme *scheme)
{
	uint64_t pages = config->machine.guest_ram_bytes >> config->machine.host_page_lg2;

	if (!translations[scheme->translation]->all_memory) /* tables of what is mapped only */
		return BYTES_PER_WORKER;
	return BYTES_PER_WORKER + pages * BYTES_PER_PAGE * config->machine.guests;
}

uint64_t worker_memory_all(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);

	return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes : UINT64_MAX;
}

uint64_t worker_memory_available(void)
{
	unsigned long long kib = 0;
	char line[160];
	FILE *in = fopen("/proc/meminfo", "re");

	while (in && kib == 0 && fgets(line, sizeof(line), in))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) != 1)
			kib = 0;
	if (in)
		fclose(in);
	return kib > 0 ? (uint64_t)kib << 10 : worker_memory_all();
}

static bool refuse(const struct scenario *scenario, const struct scheme *scheme, uint64_t need, uint64_t all,
		   struct err *err)
{
	char ram[64], page[64], point[200];
	size_t points = scenario_point_count(scenario);

	parameter_format(parameter_find("machine.guest_ram_bytes"), &scenario->config, ram, sizeof(ram));
	parameter_format(parameter_find("machine.host_page_lg2"), &scenario->config, page, sizeof(page));
	scenario_point_text(scenario, scenario->point, point, sizeof(point));
	return err_set(
		err, ERR_USAGE,
		"%s: machine.guest_ram_bytes = %s: scheme %s needs about %llu MiB for its tables (machine.guests = %u, "
		"machine.host_page_lg2 = %s), more than the %llu MiB of this computer%s%s%s",
		scenario->path, ram, scheme->name, (unsigned long long)(need >> 20), scenario->config.machine.guests,
		page, (unsigned long long)(all >> 20), points > 1 ? " (at " : "", point, points > 1 ? ")" : "");
}

bool worker_memory_check(struct scenario *scenario, uint64_t all, uint64_t *most, struct err *err)
{
	*most = 0;
	for (size_t point = 0; point < scenario_point_count(scenario); point++) {
		scenario_go_to(scenario, point);
		for (size_t i = 0; i < scenario->scheme_count; i++) {
			uint64_t need = worker_memory(&scenario->config, &scenario->scheme[i]);

			if (need > all)
				return refuse(scenario, &scenario->scheme[i], need, all, err);
			*most = need > *most ? need : *most;
		}
	}
	scenario_go_to(scenario, 0);
	return true;
}

size_t worker_memory_fit(uint64_t available, uint64_t most, uint64_t wanted)
{
	uint64_t room = available / most;

	return (size_t)(wanted < room ? wanted : room > 0 ? room : 1);
}
