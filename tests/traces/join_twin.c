/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random recordings from a small machine that knows what it does: tasks that
 * move between CPUs and interrupts on top of them map and unmap for devices that
 * share IOVA spaces, and every line of one may fall between two lines of another.
 * The imported rows must be those that the machine noted.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/base/random.h"
#include "tests/suite.h"
#include "tests/traces/importing.h"

#define DEVICES  5u
#define GROUPS   3u
#define CPUS     3u
#define TASKS    4u
#define CONTEXTS (TASKS + 2 * CPUS) /* tasks, soft interrupts, hard interrupts */
#define PAGES    96u                /* of each IOVA space */
#define ROWS     4000u
#define PAGE     UINT64_C(4096)

static const char *const DIRECTIONS[] = { "BIDIRECTIONAL", "TO_DEVICE", "FROM_DEVICE" };

/* What an operation will still print. */
enum step { STEP_ANNOUNCE, STEP_IOMMU, STEP_FLUSH, STEP_SUBMIT, STEP_NAME, STEP_DONE };

struct mapping {
	bool used, complete; /* its call has returned: it may be unmapped */
	uint64_t row, first_page, pages, offset, bytes;
	unsigned device;
	enum trace_api api;
	enum trace_direction direction;
};

struct actor {
	enum step step;
	bool unmap;
	struct mapping *mapping;
	uint64_t row, mapped_pages;
	ps_t announced_ps;
};

struct machine {
	struct random random;
	char *text, *at;
	uint64_t line;
	ps_t now_us;
	bool strict;
	struct actor actor[CONTEXTS];
	unsigned task_cpu[TASKS];
	struct mapping mapping[64];
	/* By group and page. */
	bool busy[GROUPS][PAGES];
	uint64_t freed_row[GROUPS][PAGES];
	struct trace_op op[ROWS];
	uint64_t rows;
};

static unsigned group_of(unsigned device)
{
	return device % GROUPS;
}

__attribute__((format(printf, 3, 4))) static void print(struct machine *machine, unsigned context, const char *format,
							...)
{
	bool task = context < TASKS;
	if (task && random_below(&machine->random, 4) == 0)
		machine->task_cpu[context] = (unsigned)random_below(&machine->random, CPUS);
	unsigned cpu = task ? machine->task_cpu[context] : (context - TASKS) % CPUS;
	const char *flags = task ? "....." : context < TASKS + CPUS ? "..s1." : "d.h1.";
	unsigned pid = task ? 100 + context : (unsigned)random_below(&machine->random, 3);
	machine->at += sprintf(machine->at, "%16s-%-7u [%03u] %s %4" PRIu64 ".%06" PRIu64 ": ", "task", pid, cpu, flags,
			       machine->now_us / 1000000, machine->now_us % 1000000);
	va_list arguments;
	va_start(arguments, format);
	machine->at += vsprintf(machine->at, format, arguments);
	va_end(arguments);
	*machine->at++ = '\n';
	machine->line++;
}

static ps_t now_ps(const struct machine *machine)
{
	return (machine->now_us - 1000000) * PS_PER_US;
}

/* Starts a map: chooses free pages; false when it finds none. */
static bool begin_map(struct machine *machine, struct actor *actor)
{
	struct random *random = &machine->random;
	struct mapping *mapping = &machine->mapping[random_below(random, 64)];
	if (mapping->used)
		return false;
	unsigned device = (unsigned)random_below(random, DEVICES);
	enum trace_api api = (enum trace_api)random_below(random, 3);
	uint64_t pages = api == TRACE_API_SG ? 1 + random_below(random, 6) : 1, first = random_below(random, PAGES - 6);
	for (uint64_t page = first; page < first + pages; page++)
		if (machine->busy[group_of(device)][page])
			return false;
	for (uint64_t page = first; page < first + pages; page++)
		machine->busy[group_of(device)][page] = true;
	uint64_t offset = random_below(random, PAGE);
	*mapping = (struct mapping){ .used = true,
				     .first_page = first,
				     .pages = pages,
				     .offset = offset,
				     .bytes = 1 + random_below(random, pages * PAGE - offset),
				     .device = device,
				     .api = api,
				     .direction = api == TRACE_API_COHERENT
							  ? TRACE_BIDIRECTIONAL
							  : (enum trace_direction)random_below(random, 3) };
	*actor = (struct actor){ .step = STEP_IOMMU, .mapping = mapping };
	return true;
}

static bool begin_unmap(struct machine *machine, struct actor *actor)
{
	struct mapping *mapping = &machine->mapping[random_below(&machine->random, 64)];
	if (!mapping->used || !mapping->complete)
		return false;
	mapping->complete = false;
	*actor = (struct actor){ .step = mapping->api == TRACE_API_PAGE ? STEP_IOMMU : STEP_ANNOUNCE,
				 .unmap = true,
				 .mapping = mapping };
	return true;
}

static struct trace_op *note_row(struct machine *machine, struct actor *actor, unsigned context)
{
	const struct mapping *mapping = actor->mapping;
	struct trace_op *op = &machine->op[machine->rows];
	bool task = context < TASKS;
	*op = (struct trace_op){ .line = machine->line,
				 .begin_ps = now_ps(machine),
				 .cpu = (uint16_t)(task ? machine->task_cpu[context] : (context - TASKS) % CPUS),
				 .context = task                     ? 100 + context
					    : context < TASKS + CPUS ? 0x80000001
								     : 0x80000002,
				 .kind = actor->unmap ? TRACE_UNMAP : TRACE_MAP,
				 .api = mapping->api,
				 .direction = mapping->direction,
				 .device = (uint16_t)mapping->device,
				 .iova = mapping->first_page * PAGE,
				 .bytes = mapping->pages * PAGE,
				 .after = TRACE_NONE };
	actor->row = machine->rows++;
	return op;
}

static void print_unmap(struct machine *machine, struct actor *actor, unsigned context)
{
	struct mapping *mapping = actor->mapping;
	uint64_t start = mapping->first_page * PAGE, bytes = mapping->pages * PAGE;
	print(machine, context,
	      "unmap: IOMMU: iova=0x%016" PRIx64 " - 0x%016" PRIx64 " size=%" PRIu64 " unmapped_size=%" PRIu64, start,
	      start + bytes, bytes, bytes);
	struct trace_op *op = note_row(machine, actor, context);
	op->after = mapping->row;
	if (mapping->api != TRACE_API_PAGE)
		op->begin_ps = actor->announced_ps;
	for (uint64_t page = mapping->first_page; page < mapping->first_page + mapping->pages; page++) {
		machine->busy[group_of(mapping->device)][page] = false; /* from here on another may map it */
		machine->freed_row[group_of(mapping->device)][page] = actor->row;
	}
	actor->step = machine->strict ? STEP_FLUSH : mapping->api == TRACE_API_PAGE ? STEP_NAME : STEP_DONE;
}

/* One of the map's pieces: a page or two. */
static void print_map(struct machine *machine, struct actor *actor, unsigned context)
{
	struct mapping *mapping = actor->mapping;
	uint64_t start = (mapping->first_page + actor->mapped_pages) * PAGE,
		 left = mapping->pages - actor->mapped_pages;
	uint64_t pages = left > 1 ? 1 + random_below(&machine->random, 2) : 1;
	print(machine, context,
	      "map: IOMMU: iova=0x%016" PRIx64 " - 0x%016" PRIx64 " paddr=0x%016" PRIx64 " size=%" PRIu64, start,
	      start + pages * PAGE, random_below(&machine->random, 1000) * PAGE, pages * PAGE);
	if (actor->mapped_pages == 0) {
		struct trace_op *op = note_row(machine, actor, context);
		mapping->row = actor->row;
		for (uint64_t page = mapping->first_page; page < mapping->first_page + mapping->pages; page++) {
			uint64_t freed = machine->freed_row[group_of(mapping->device)][page];
			if (freed != TRACE_NONE && (op->after == TRACE_NONE || freed > op->after))
				op->after = freed;
		}
	}
	machine->op[actor->row].segment_count++;
	actor->mapped_pages += pages;
	if (actor->mapped_pages == mapping->pages)
		actor->step = machine->strict ? STEP_FLUSH : STEP_NAME;
}

/* The event that names the device: after a map, around an unmap. */
static void print_name(struct machine *machine, struct actor *actor, unsigned context, bool announce)
{
	const struct mapping *mapping = actor->mapping;
	static const char *const CALLS[2][3] = { { "dma_map_page", "dma_map_sg", "dma_alloc" },
						 { "dma_unmap_page", "dma_unmap_sg", "dma_free" } };
	const char *direction = DIRECTIONS[mapping->direction];
	uint64_t address = mapping->first_page * PAGE + mapping->offset;
	char list[160] = "";
	if (mapping->api == TRACE_API_SG && !actor->unmap)
		sprintf(list, " nents=1/1 ents=1/1 dma_addrs={0x%" PRIx64 "} sizes={0x%" PRIx64 "} phys_addrs={0x0}",
			address, mapping->bytes);
	else if (mapping->api == TRACE_API_SG)
		sprintf(list, " phys_addrs={0x0}");
	else
		sprintf(list, " dma_addr=%" PRIx64 " size=%" PRIu64, address, mapping->bytes);
	print(machine, context, "%s: 0000:00:%02x.0 dir=%s%s attrs=", CALLS[actor->unmap][mapping->api],
	      mapping->device, direction, list);
	if (announce) {
		actor->announced_ps = now_ps(machine);
		actor->step = STEP_IOMMU;
		return;
	}
	machine->op[actor->row].end_ps = now_ps(machine);
	actor->step = STEP_DONE;
}

static void advance(struct machine *machine, unsigned context)
{
	struct actor *actor = &machine->actor[context];
	struct mapping *mapping = actor->mapping;
	switch (actor->step) {
	case STEP_ANNOUNCE:
		print_name(machine, actor, context, true);
		break;
	case STEP_IOMMU:
		if (actor->unmap)
			print_unmap(machine, actor, context);
		else
			print_map(machine, actor, context);
		machine->op[actor->row].end_ps = now_ps(machine);
		break;
	case STEP_FLUSH:
		print(machine, context,
		      "cache_tag_flush_range%s: dmar0 dmar0[0] type iotlb did 1 [0x0-0x1] addr 0x0 pages 0x1 mask 0x0",
		      actor->unmap ? "" : "_np");
		machine->op[actor->row].sync_line = machine->line;
		machine->op[actor->row].end_ps = now_ps(machine);
		actor->step = STEP_SUBMIT;
		break;
	case STEP_SUBMIT:
		print(machine, context, "qi_submit: iotlb_inv dmar0: 0x1 0x2 0x3 0x4");
		machine->op[actor->row].end_ps = now_ps(machine);
		actor->step = actor->unmap && mapping->api != TRACE_API_PAGE ? STEP_DONE : STEP_NAME;
		break;
	case STEP_NAME:
		print_name(machine, actor, context, false);
		break;
	case STEP_DONE:
		break;
	}
	if (actor->step != STEP_DONE || !mapping)
		return;
	if (actor->unmap)
		mapping->used = false;
	else
		mapping->complete = true;
	actor->mapping = NULL;
}

static struct machine *run_machine(uint64_t seed)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	machine->text = machine->at = malloc(ROWS * 1600);
	machine->now_us = 1000000;
	random_init(&machine->random, seed);
	machine->strict = seed % 2;
	memset(machine->freed_row, 0xff, sizeof(machine->freed_row));
	for (unsigned i = 0; i < CONTEXTS; i++)
		machine->actor[i].step = STEP_DONE;
	for (unsigned device = 0; device < DEVICES; device++, machine->rows++) {
		print(machine, 0, "add_device_to_group: IOMMU: groupID=%u device=0000:00:%02x.0", group_of(device),
		      device);
		machine->op[machine->rows] = (struct trace_op){ .line = machine->line,
								.cpu = (uint16_t)machine->task_cpu[0],
								.context = 100,
								.kind = TRACE_GROUP,
								.api = TRACE_API_NONE,
								.direction = TRACE_DIRECTION_NONE,
								.device = (uint16_t)device,
								.iova = group_of(device),
								.after = TRACE_NONE };
	}
	for (bool running = true; running;) {
		unsigned context = (unsigned)random_below(&machine->random, CONTEXTS);
		struct actor *actor = &machine->actor[context];
		machine->now_us += random_below(&machine->random, 3);
		if (actor->step == STEP_DONE && machine->rows < ROWS - CONTEXTS) {
			if (random_below(&machine->random, 2))
				begin_map(machine, actor);
			else
				begin_unmap(machine, actor);
		}
		if (actor->step != STEP_DONE)
			advance(machine, context);
		running = machine->rows < ROWS - CONTEXTS;
		for (unsigned i = 0; i < CONTEXTS; i++)
			running = running || machine->actor[i].step != STEP_DONE;
	}
	return machine;
}

static void compare(const struct trace_op *got, const struct trace_op *expected, uint64_t seed)
{
#define SAME(member) \
	ck_assert_msg(got->member == expected->member, "seed %ju row %ju: " #member " is %jx, not %jx", \
		      (uintmax_t)seed, (uintmax_t)got->index, (uintmax_t)got->member, (uintmax_t)expected->member)
	SAME(line);
	SAME(kind);
	SAME(context);
	SAME(cpu);
	SAME(device);
	SAME(api);
	SAME(direction);
	SAME(iova);
	SAME(bytes);
	SAME(segment_count);
	SAME(sync_line);
	SAME(begin_ps);
	SAME(after);
	if (got->kind != TRACE_GROUP)
		SAME(end_ps);
#undef SAME
}

static void compare_rows(struct trace *trace, const struct machine *machine, uint64_t seed)
{
	struct err err = { .kind = ERR_NONE };
	struct trace_cursor *cursor = trace_cursor_open(trace, -1);
	uint64_t rows = 0;
	for (struct trace_op op; trace_cursor_next(cursor, &op, &err); rows++)
		compare(&op, &machine->op[rows], seed);
	trace_cursor_close(cursor);
	ck_assert_uint_eq(rows, machine->rows);
}

START_TEST(random_recordings_give_the_rows_that_were_done)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct machine *machine = run_machine(seed);
		*machine->at = '\0';
		struct imported got;
		importing_good(&got, machine->text);
		const struct trace_summary *summary = &got.summary;
		ck_assert_msg(summary->unjoined + summary->unmaps_without_map + summary->maps_over_live +
					      summary->bypass_events ==
				      0,
			      "seed %ju", (uintmax_t)seed);
		compare_rows(got.trace, machine, seed);
		importing_end(&got);
		free(machine->text);
		free(machine);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { random_recordings_give_the_rows_that_were_done, NULL };
	return suite_run("join twin", tests);
}
