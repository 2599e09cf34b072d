/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/deferred.h"

#include <stdio.h>

#include "sim/translation.h"

static void released(void *argument, struct flush_queue_entry *entry)
{
	struct domain *domain = argument;

	ranges_remove(&domain->awaiting_flush, entry->iova);
	domain->owner->machine->translation->free_tables(domain, &entry->freed);
}

static void flush_domain(struct domain *domain, struct actor *actor, const struct vcpu *vcpu)
{
	actor_touch(actor);
	flush_queue_begin(domain->flush_queue);
	domain->owner->machine->translation->flush(domain, actor, vcpu);
	flush_queue_end(domain->flush_queue);
}

void deferred_unmap(struct vcpu *vcpu, struct actor *actor, struct domain *domain, iova_t iova, uint64_t bytes,
		    struct table_list *freed)
{
	struct range range = { .first = iova, .last = iova + bytes - 1 };

	actor_touch(actor);
	flush_queue_release(domain->flush_queue, vcpu->number, released, domain);
	if (flush_queue_full(domain->flush_queue, vcpu->number)) {
		flush_domain(domain, actor, vcpu);
		flush_queue_release(domain->flush_queue, vcpu->number, released, domain);
	}
	ranges_insert(&domain->awaiting_flush, &range);
	flush_queue_add(domain->flush_queue, vcpu->number, actor->now, iova, bytes, freed);
	waiters_wake_all(&domain->flush_armed, actor, 0);
}

/* The timer of one domain's flush queue; a daemon. */
static void flush_timer_story(struct actor *actor, void *argument)
{
	struct domain *domain = argument;

	for (;;) {
		actor_touch(actor);
		ps_t due = flush_queue_due(domain->flush_queue);

		if (due == FLUSH_QUEUE_NEVER) {
			actor_wait(actor, &domain->flush_armed, CAUSE_QUEUE_WAIT);
			continue;
		}
		actor_wait_until(actor, due, CAUSE_QUEUE_WAIT);
		actor_touch(actor);
		pause_enter(&domain->owner->pause, actor);
		flush_queue_fired(domain->flush_queue);
		flush_domain(domain, actor, NULL);
		pause_leave(&domain->owner->pause, actor);
		actor_touch(actor);
		for (uint16_t cpu = 0; cpu < domain->owner->vcpu_count; cpu++)
			flush_queue_release(domain->flush_queue, cpu, released, domain);
	}
}

iova_t deferred_place(const struct domain *domain, iova_t recorded, uint64_t bytes)
{
	iova_t iova = recorded;

	if (domain->flush_queue)
		while (ranges_find(&domain->awaiting_flush, iova, iova + bytes - 1))
			iova += UINT64_C(1) << 32;
	return iova;
}

void deferred_init(struct domain *domain)
{
	struct guest *guest = domain->owner;
	const struct config *config = guest->machine->config;
	struct flush_queue_config queues = { .cpus = guest->vcpu_count,
					     .slots = config->replay.flush_queue_entries,
					     .period_ps = config->replay.flush_period };
	char name[32];

	domain->flush_queue = flush_queue_create(&queues);
	snprintf(name, sizeof(name), "flush timer %u", domain->group);
	engine_actor(&guest->machine->engine, name, flush_timer_story, domain, true);
}
