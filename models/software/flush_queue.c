/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/flush_queue.h"

#include <stdlib.h>

#include "models/base/require.h"

struct ring {
	unsigned head, tail;             /* oldest entry; slot filled next */
	struct flush_queue_entry *entry; /* [slots] */
};

struct flush_queue {
	struct flush_queue_config config;
	uint64_t begun, ended; /* flushes */
	ps_t due;
	struct ring *ring; /* [cpus] */
};

struct flush_queue *flush_queue_create(const struct flush_queue_config *config)
{
	struct flush_queue *queue = calloc(1, sizeof(*queue));

	REQUIRE(config->cpus >= 1 && config->slots >= 2 && (config->slots & (config->slots - 1)) == 0);
	REQUIRE(queue);
	queue->config = *config;
	queue->due = FLUSH_QUEUE_NEVER;
	queue->ring = calloc(config->cpus, sizeof(*queue->ring));
	REQUIRE(queue->ring);
	for (unsigned cpu = 0; cpu < config->cpus; cpu++) {
		queue->ring[cpu].entry = calloc(config->slots, sizeof(*queue->ring[cpu].entry));
		REQUIRE(queue->ring[cpu].entry);
	}
	return queue;
}

void flush_queue_destroy(struct flush_queue *queue)
{
	if (!queue)
		return;
	for (unsigned cpu = 0; cpu < queue->config.cpus; cpu++) {
		for (unsigned i = 0; i < queue->config.slots; i++)
			table_list_fini(&queue->ring[cpu].entry[i].freed);
		free(queue->ring[cpu].entry);
	}
	free(queue->ring);
	free(queue);
}

static struct ring *ring_of(const struct flush_queue *queue, unsigned cpu)
{
	REQUIRE(cpu < queue->config.cpus);
	return &queue->ring[cpu];
}

static unsigned after(const struct flush_queue *queue, unsigned slot)
{
	return (slot + 1) & (queue->config.slots - 1);
}

unsigned flush_queue_pending(const struct flush_queue *queue, unsigned cpu)
{
	const struct ring *ring = ring_of(queue, cpu);

	return (ring->tail - ring->head) & (queue->config.slots - 1);
}

bool flush_queue_full(const struct flush_queue *queue, unsigned cpu)
{
	const struct ring *ring = ring_of(queue, cpu);

	return after(queue, ring->tail) == ring->head;
}

void flush_queue_add(struct flush_queue *queue, unsigned cpu, ps_t now, iova_t iova, uint64_t bytes,
		     struct table_list *freed)
{
	struct ring *ring = ring_of(queue, cpu);
	struct flush_queue_entry *entry = &ring->entry[ring->tail];

	REQUIRE(!flush_queue_full(queue, cpu));
	entry->iova = iova;
	entry->bytes = bytes;
	entry->flushes_begun = queue->begun;
	if (freed)
		table_list_move(freed, &entry->freed);
	ring->tail = after(queue, ring->tail);
	if (queue->due == FLUSH_QUEUE_NEVER)
		queue->due = now + queue->config.period_ps;
}

void flush_queue_begin(struct flush_queue *queue)
{
	queue->begun++;
}

void flush_queue_end(struct flush_queue *queue)
{
	REQUIRE(queue->ended < queue->begun);
	queue->ended++;
}

unsigned flush_queue_release(struct flush_queue *queue, unsigned cpu,
			     void (*done)(void *argument, struct flush_queue_entry *entry), void *argument)
{
	struct ring *ring = ring_of(queue, cpu);
	unsigned released = 0;

	while (ring->head != ring->tail && ring->entry[ring->head].flushes_begun < queue->ended) {
		struct flush_queue_entry *entry = &ring->entry[ring->head];

		if (done)
			done(argument, entry);
		entry->freed.count = 0;
		ring->head = after(queue, ring->head);
		released++;
	}
	return released;
}

ps_t flush_queue_due(const struct flush_queue *queue)
{
	return queue->due;
}

void flush_queue_fired(struct flush_queue *queue)
{
	queue->due = FLUSH_QUEUE_NEVER;
}
