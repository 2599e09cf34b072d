/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deferred flush queue of one domain: a ring per CPU of unmapped ranges that
 * wait for one flush of the whole domain, due when a ring is full or a period after
 * the first entry.  Pure data: the caller passes dates, does the flush, and
 * decides who waits for it.
 *
 *     flush_queue_release(queue, cpu, done, argument);
 *     if (flush_queue_full(queue, cpu)) {
 *         flush_queue_begin(queue);
 *         ... flush the whole domain, wait ...
 *         flush_queue_end(queue);
 *         flush_queue_release(queue, cpu, done, argument);
 *     }
 *     flush_queue_add(queue, cpu, now, iova, bytes, &gather.freed);
 *
 * and at flush_queue_due(): flush_queue_fired, begin, flush, end, release on every CPU.
 *
 * Source: [LINUX] drivers/iommu/dma-iommu.c.
 */
#ifndef IOMMUSIM_SOFTWARE_FLUSH_QUEUE_H
#define IOMMUSIM_SOFTWARE_FLUSH_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/units.h"
#include "models/software/table_list.h"

/* No timer is running. */
#define FLUSH_QUEUE_NEVER UINT64_MAX

struct flush_queue_config {
	unsigned cpus;  /* >= 1 */
	unsigned slots; /* of each ring, a power of two >= 2; one stays empty: full at slots - 1 */
	ps_t period_ps;
};

struct flush_queue_entry {
	iova_t iova;
	uint64_t bytes;
	uint64_t flushes_begun; /* when it was added: it may go once a flush that began later has ended */
	struct table_list freed;
};

struct flush_queue;

struct flush_queue *flush_queue_create(const struct flush_queue_config *config);
/* Entries left are forgotten, their frames not given back: release them first. */
void flush_queue_destroy(struct flush_queue *queue);

/* Entries waiting on cpu. */
unsigned flush_queue_pending(const struct flush_queue *queue, unsigned cpu);
bool flush_queue_full(const struct flush_queue *queue, unsigned cpu);

/* The ring must not be full.  Takes freed's content over (NULL: none); starts the timer unless it runs. */
void flush_queue_add(struct flush_queue *queue, unsigned cpu, ps_t now, iova_t iova, uint64_t bytes,
		     struct table_list *freed);

/* Around a flush of the domain.  Flushes may overlap. */
void flush_queue_begin(struct flush_queue *queue);
void flush_queue_end(struct flush_queue *queue);

/*
 * Takes the entries of cpu out that a finished flush covers, oldest first, telling done of each; done may
 * free entry->freed.  Returns how many.
 */
unsigned flush_queue_release(struct flush_queue *queue, unsigned cpu,
			     void (*done)(void *argument, struct flush_queue_entry *entry), void *argument);

/* When the timer is due, or FLUSH_QUEUE_NEVER. */
ps_t flush_queue_due(const struct flush_queue *queue);
/* The timer has fired; the next add starts it again. */
void flush_queue_fired(struct flush_queue *queue);

#endif
