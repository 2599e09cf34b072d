/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <simgrid/actor.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/version.h>

#include "models/base/heap.h"

static const double ps_per_unit = 1000.0; /* SimGrid's second is one nanosecond */

static double units_of(ps_t duration)
{
	return (double)duration / ps_per_unit;
}

/* SimGrid takes a platform only as a file. */
static bool load_platform(unsigned cores, struct err *err)
{
	char path[] = "/tmp/iommusim-platform-XXXXXX.xml";
	int fd = mkstemps(path, 4);

	if (fd < 0)
		return err_set(err, ERR_FILE, "%s: cannot make a temporary file for the SimGrid platform: %s", path,
			       strerror(errno));
	int length = dprintf(fd,
			     "<?xml version='1.0'?>\n"
			     "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
			     "<platform version=\"4.1\"><zone id=\"machine\" routing=\"None\">"
			     "<host id=\"cpus\" speed=\"1f\" core=\"%u\"/></zone></platform>\n",
			     cores);
	bool written = length > 0 && close(fd) == 0;

	if (written)
		simgrid_load_platform(path);
	unlink(path);
	if (!written)
		return err_set(err, ERR_FILE, "%s: cannot write the SimGrid platform", path);
	return true;
}

bool clock_start(unsigned cores, struct err *err)
{
	/* SimGrid says nothing on its own: what there is to say (a deadlock) is said by engine_deadlock. */
	char *arguments[] = { (char[]){ "iommusim" }, (char[]){ "--log=root.thres:critical" },
			      (char[]){ "--log=root.app:file:/dev/null" }, (char[]){ "--cfg=contexts/stack-size:256" },
			      NULL };
	int count = 4;

	simgrid_init(&count, arguments);
	return load_platform(cores, err);
}

void clock_run(void)
{
	simgrid_run();
}

void clock_sleep_until(ps_t date)
{
	double wait = units_of(date) - simgrid_get_clock();

	if (wait > 0)
		sg_actor_sleep_for(wait);
}

void clock_let_others(unsigned attempt)
{
	if (attempt == 0)
		sg_actor_yield(); /* others at this very date */
	else
		sg_actor_sleep_for(1.0 / ps_per_unit); /* others whose date was rounded up */
}

struct start {
	void (*code)(void *argument);
	void *argument;
	bool is_daemon;
};

static void actor_main(int count, char **arguments)
{
	(void)count;
	(void)arguments;
	struct start start = *(struct start *)sg_actor_self_get_data();

	free(sg_actor_self_get_data());
	if (start.is_daemon)
		sg_actor_daemonize(sg_actor_self());
	start.code(start.argument);
}

struct clock_actor *clock_actor_start(const char *name, void (*code)(void *argument), void *argument, bool is_daemon)
{
	struct start *start = malloc(sizeof(*start));
	sg_actor_t actor = sg_actor_init(name, sg_host_by_name("cpus"));

	if (!start)
		abort();
	*start = (struct start){ .code = code, .argument = argument, .is_daemon = is_daemon };
	sg_actor_set_data(actor, start);
	sg_actor_start_(actor, actor_main, 0, NULL);
	return (struct clock_actor *)actor;
}

/* Suspended and resumed: a third of the price of a SimGrid semaphore, for the one actor that waits at a gate. */
struct clock_gate {
	sg_actor_t waiting; /* NULL: nobody */
	unsigned open;      /* times that it may be passed */
};

struct clock_gate *clock_gate_create(void)
{
	return heap_zeroed(1, sizeof(struct clock_gate));
}

void clock_gate_destroy(struct clock_gate *gate)
{
	free(gate);
}

void clock_gate_wait(struct clock_gate *gate)
{
	while (gate->open == 0) {
		gate->waiting = sg_actor_self();
		sg_actor_suspend(gate->waiting);
	}
	gate->open--;
}

void clock_gate_open(struct clock_gate *gate)
{
	gate->open++;
	if (gate->waiting) {
		sg_actor_t waiting = gate->waiting;

		gate->waiting = NULL;
		sg_actor_resume(waiting);
	}
}

const char *clock_engine_version(void)
{
	static char text[32];
	int major, minor, patch;

	sg_version_get(&major, &minor, &patch);
	snprintf(text, sizeof(text), "%d.%d", major, minor);
	return text;
}
