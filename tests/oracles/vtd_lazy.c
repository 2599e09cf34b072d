/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flush queue under recorded lazy guests: what it asks for is what they did.  The trace tells when a
 * flush of a domain began, not when it ended; that is some time before the same CPU's next event.
 */
#include <check.h>
#include <inttypes.h>

#include "tests/oracles/vtd_guest.h"

/*
 * Debian's kernel ticks every 4 ms (CONFIG_HZ=250): a timer of 10 ms is one of three ticks, the first of
 * which is under way already.  An emulated CPU's ticks come late at times and are made up for, so that a
 * timer fires one tick early; not often.
 */
#define TICK_PS      (4 * PS_PER_MS)
#define PERIOD_PS    (2 * TICK_PS)
#define EARLY_IN_100 2u

static void released(void *argument, struct flush_queue_entry *entry)
{
	vtd_domain_free_tables(argument, &entry->freed);
}

static void enqueue(struct vtd_group *group, const struct trace_op *op, ps_t now, struct table_list *freed)
{
	flush_queue_add(group->queue, op->cpu, now, op->iova, op->bytes, freed);
}

/* The unmap that found its ring full goes on: the ring has room by now. */
static void waiting_goes_on(struct vtd_group *group, unsigned cpu, ps_t now)
{
	const struct trace_op *op = &group->waiting[cpu];

	flush_queue_release(group->queue, cpu, released, group->domain);
	MUST(!flush_queue_full(group->queue, cpu), "line %" PRIu64 ": a full ring was not flushed", op->line);
	enqueue(group, op, now, &group->waiting_tables[cpu]);
	table_list_fini(&group->waiting_tables[cpu]);
	group->full[cpu] = false;
}

static void end_flush(struct vtd_group *group, unsigned cpu, ps_t now)
{
	if (!group->flushing[cpu])
		return;
	group->flushing[cpu] = false;
	flush_queue_end(group->queue);
	if (group->full[cpu])
		waiting_goes_on(group, cpu, now);
}

void vtd_guest_moved_on(struct vtd_guest *guest, unsigned cpu, ps_t now)
{
	for (unsigned i = 0; i < GROUPS_MAX; i++)
		end_flush(&guest->group[i], cpu, now);
}

void vtd_guest_defer(struct vtd_group *group, const struct trace_op *op, struct table_list *freed)
{
	if (!group->queue)
		group->queue = flush_queue_create(&(struct flush_queue_config){
			.cpus = CPUS_MAX,
			.slots = 256, /* [LINUX] IOVA_DEFAULT_FQ_SIZE */
			.period_ps = PERIOD_PS,
		});
	if (group->full[op->cpu]) {
		/* It did not flush, so a flush by another CPU had ended in time. */
		for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
			end_flush(group, cpu, op->begin_ps);
		waiting_goes_on(group, op->cpu, op->begin_ps);
	}
	flush_queue_release(group->queue, op->cpu, released, group->domain);
	if (flush_queue_full(group->queue, op->cpu)) {
		group->full[op->cpu] = true;
		group->waiting[op->cpu] = *op;
		table_list_move(freed, &group->waiting_tables[op->cpu]);
	} else {
		enqueue(group, op, op->begin_ps, freed);
	}
}

void vtd_guest_flush_all(struct vtd_guest *guest, const struct trace_op *op)
{
	struct vtd_group *group = guest->group;

	while (!group->domain || vtd_domain_id(group->domain) != op->iova)
		MUST(++group < guest->group + GROUPS_MAX, "line %" PRIu64 ": domain unknown", op->line);
	ck_assert_ptr_nonnull(group->queue);

	flush_queue_begin(group->queue);
	group->flushing[op->cpu] = true;
	vtd_domain_flush_all(group->domain, &guest->list);
	vtd_guest_submit(guest);
	guest->flushes++;
	if (group->full[op->cpu]) {
		guest->flushes_full++;
		return;
	}
	MUST(flush_queue_due(group->queue) != FLUSH_QUEUE_NEVER, "line %" PRIu64 ": no ring is full, and no timer runs",
	     op->line);
	if (op->begin_ps < flush_queue_due(group->queue)) {
		MUST(op->begin_ps >= flush_queue_due(group->queue) - TICK_PS,
		     "line %" PRIu64 ": no ring is full, and the timer is due %" PRIu64 " us later", op->line,
		     (flush_queue_due(group->queue) - op->begin_ps) / PS_PER_US);
		guest->flushes_early++;
	}
	flush_queue_fired(group->queue);
}

void vtd_guest_end_lazy(struct vtd_guest *guest)
{
	MUST(guest->flushes_early * 100 <= guest->flushes * EARLY_IN_100,
	     "%" PRIu64 " of %" PRIu64 " timers were early", guest->flushes_early, guest->flushes);
	for (unsigned i = 0; i < GROUPS_MAX; i++) {
		struct vtd_group *group = &guest->group[i];

		if (!group->queue)
			continue;
		for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
			end_flush(group, cpu, 0);
		flush_queue_begin(group->queue);
		flush_queue_end(group->queue);
		for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
			MUST(!group->full[cpu], "a full ring was never flushed");
			flush_queue_release(group->queue, cpu, released, group->domain);
		}
		flush_queue_destroy(group->queue);
	}
}
