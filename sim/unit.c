/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/unit.h"

#include <string.h>

#include "models/base/require.h"
#include "models/iommu/vtd/vtd.h"

/* ---- translation ---- */

static struct miss **miss_chain(struct unit *unit, const struct miss *miss)
{
	return &unit->misses[(miss->page ^ miss->page >> 10 ^ (iova_t)miss->source_id * 61) % UNIT_MISS_CHAINS];
}

static struct miss *miss_find(struct unit *unit, const struct miss *like)
{
	for (struct miss *miss = *miss_chain(unit, like); miss; miss = miss->next)
		if (miss->page == like->page && miss->source_id == like->source_id && miss->pasid == like->pasid)
			return miss;
	return NULL;
}

static void miss_remove(struct unit *unit, struct miss *gone)
{
	struct miss **link = miss_chain(unit, gone);

	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
}

/* The translation has ended. */
static void unit_record(struct unit *unit, struct actor *actor, struct unit_request *own, bool missed)
{
	struct result_scheme *result = unit->result;
	ps_t spent[RESULT_CAUSES];

	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		spent[i] = actor->parts[i] - own->before[i];
	if (own->translation.status == IOMMU_FAULT) {
		result->counter[COUNT_FAULTS]++;
		result_operation(result, RESULT_FAULT, spent);
		return;
	}
	result->counter[missed ? COUNT_IOTLB_MISSES : COUNT_IOTLB_HITS]++;
	series_record(&result->series[missed ? RESULT_IOTLB_MISSES : RESULT_IOTLB_HITS], actor->now, 1);
	result_operation(result, missed ? RESULT_TRANSLATE_MISS : RESULT_TRANSLATE_HIT, spent);
	if (unit->audit.auditor && own->translation.from_cache) {
		result->counter[COUNT_STALE_CHECKED]++;
		result->counter[COUNT_STALE_USED] += audit_is_stale(&unit->audit, &own->translation);
	}
}

void unit_begin(struct unit *unit, struct actor *actor, struct unit_request *own, const struct iommu_request *request)
{
	own->translation.request = *request;
	own->miss.source_id = request->source_id;
	own->miss.pasid = request->has_pasid ? request->pasid : UINT32_MAX;
	own->miss.page = request->iova >> PAGE_LG2;
	own->waited = false;
	memcpy(own->before, actor->parts, sizeof(own->before));
	actor_spend(actor, unit->timing->iommu.iotlb_lookup, CAUSE_IOTLB);
	own->phase = UNIT_LOOKS_UP;
}

/* The next read or update of the walk takes its time; or the walk has ended. */
static void unit_walk_on(struct unit *unit, struct actor *actor, struct unit_request *own)
{
	const struct timing *timing = unit->timing;
	const struct iommu_access *access = &own->translation.access;

	if (access->want == IOMMU_WANTS_NOTHING) {
		own->phase = UNIT_WALKED;
		return;
	}
	if (access->purpose != own->walking) { /* a stage's walk begins, or goes on after the other's */
		unit->result->counter[COUNT_WALKS] += own->walking == IOMMU_FOR_DEVICE;
		own->walking = access->purpose;
		actor_spend(actor, timing->iommu.walk_cache_lookup, CAUSE_IOTLB);
	}
	actor_spend(actor, access->want == IOMMU_WANTS_UPDATE ? timing->iommu.memory_update : timing->iommu.memory_read,
		    CAUSE_WALK);
	own->phase = UNIT_READS;
}

static void unit_start_walk(struct unit *unit, struct actor *actor, struct unit_request *own)
{
	const struct iommu_request request = own->translation.request;

	if (actor->now != own->asked) /* what the caches held may have changed meanwhile */
		unit->iommu->ops->translate_begin(unit->iommu, &own->translation, &request);
	own->walking = IOMMU_FOR_DEVICE;
	actor_spend(actor, unit->timing->iommu.device_lookup, CAUSE_IOTLB);
	unit_walk_on(unit, actor, own);
}

/*
 * True: an IOTLB hit, or blocked before any table.  Else waits for the walk that another request began, or begins one
 * as soon as there is a walker.
 */
static bool unit_look_up(struct unit *unit, struct actor *actor, struct unit_request *own)
{
	const struct iommu_request request = own->translation.request;

	unit->iommu->ops->translate_begin(unit->iommu, &own->translation, &request);
	if (own->translation.access.want == IOMMU_WANTS_NOTHING) {
		unit_record(unit, actor, own, own->waited);
		return true;
	}
	struct miss *other = miss_find(unit, &own->miss);

	if (other) {
		own->waited = true;
		own->phase = UNIT_ASKS;
		actor_wait(actor, &other->waiters, CAUSE_WALK_WAIT);
		return false;
	}
	own->miss.waiters = (struct waiters){ 0 };
	own->miss.next = *miss_chain(unit, &own->miss);
	*miss_chain(unit, &own->miss) = &own->miss;
	own->asked = actor->now;
	own->phase = UNIT_HAS_WALKER;
	if (slots_take(&unit->walkers, actor, CAUSE_WALK_WAIT))
		unit_start_walk(unit, actor, own);
	return false;
}

static void unit_end_walk(struct unit *unit, struct actor *actor, struct unit_request *own)
{
	slots_give(&unit->walkers, actor);
	miss_remove(unit, &own->miss);
	waiters_wake_all(&own->miss.waiters, actor, 0);
	unit_record(unit, actor, own, own->waited || !own->translation.iotlb_hit);
}

bool unit_step(struct unit *unit, struct actor *actor, struct unit_request *own)
{
	uint64_t words[IOMMU_WORDS_MAX];

	switch (own->phase) {
	case UNIT_ASKS:
		actor_spend(actor, unit->timing->iommu.iotlb_lookup, CAUSE_IOTLB);
		own->phase = UNIT_LOOKS_UP;
		return false;
	case UNIT_LOOKS_UP:
		return unit_look_up(unit, actor, own);
	case UNIT_HAS_WALKER:
		unit_start_walk(unit, actor, own);
		return false;
	case UNIT_READS:
		iommu_access_now(unit->memory, &own->translation.access, words);
		unit->iommu->ops->translate_feed(unit->iommu, &own->translation, words);
		unit_walk_on(unit, actor, own);
		if (own->phase != UNIT_WALKED)
			return false;
		break; /* it has ended with this read */
	case UNIT_WALKED:
		break;
	}
	unit_end_walk(unit, actor, own);
	return true;
}

void unit_translate(struct unit *unit, struct actor *actor, struct unit_request *own,
		    const struct iommu_request *request)
{
	unit_begin(unit, actor, own, request);
	do
		actor_touch(actor);
	while (!unit_step(unit, actor, own));
}

/* ---- requests under way, for the commands that drain them ---- */

unsigned unit_enter(struct unit *unit, struct actor *actor)
{
	actor_touch(actor);
	unit->under_way[unit->generation]++;
	return unit->generation;
}

void unit_leave(struct unit *unit, struct actor *actor, unsigned generation)
{
	actor_touch(actor);
	REQUIRE(unit->under_way[generation] > 0);
	if (--unit->under_way[generation] == 0 && generation != unit->generation)
		waiters_wake_all(&unit->drain, actor, 0);
}

/* ---- commands ---- */

enum { ENGINE_LOOKS, ENGINE_ACCESSES, ENGINE_DRAINS, ENGINE_HAS_DRAINER, ENGINE_DRAINED };

/* Requests that came before must end: true when none is under way. */
static bool unit_flip_generation(struct unit *unit)
{
	unsigned old = unit->generation;

	unit->generation = !old;
	return unit->under_way[old] == 0;
}

/* For an actor with a story. */
static void unit_drain(struct unit *unit, struct actor *actor)
{
	slots_take(&unit->drainer, actor, CAUSE_QUEUE_WAIT);
	if (!unit_flip_generation(unit))
		actor_wait(actor, &unit->drain, CAUSE_INVALIDATION);
	slots_give(&unit->drainer, actor);
}

/* The access of the command takes its time, or the command is done. */
static void engine_go_on(struct unit *unit, struct actor *actor)
{
	const struct timing *timing = unit->timing;

	if (unit->command.access.want == IOMMU_WANTS_NOTHING) {
		unit->phase = ENGINE_LOOKS;
		return;
	}
	actor_spend(actor,
		    unit->command.access.want == IOMMU_WANTS_WRITE ? timing->iommu.status_write
								   : timing->iommu.descriptor_fetch,
		    CAUSE_INVALIDATION);
	unit->phase = ENGINE_ACCESSES;
}

static void engine_access(struct unit *unit, struct actor *actor)
{
	struct iommu_command *command = &unit->command;
	bool is_status = command->access.want == IOMMU_WANTS_WRITE;
	phys_t address = command->access.address;
	uint64_t words[IOMMU_WORDS_MAX];

	iommu_access_now(unit->memory, &command->access, words);
	unit->iommu->ops->command_feed(unit->iommu, command, words);
	if (is_status)
		unit_status_written(unit, actor, address);
	else if (command->kind == IOMMU_COMMAND_IOTLB || command->kind == IOMMU_COMMAND_CONTEXT)
		actor_spend(actor, unit->timing->iommu.invalidate, CAUSE_INVALIDATION);
	if (command->drain_reads || command->drain_writes)
		unit->phase = ENGINE_DRAINS;
	else
		engine_go_on(unit, actor);
}

static void engine_wait_for_older(struct unit *unit, struct actor *actor)
{
	unit->phase = ENGINE_DRAINED;
	if (!unit_flip_generation(unit))
		actor_wait(actor, &unit->drain, CAUSE_INVALIDATION);
}

/* The engine that takes commands from the queue. */
static void engine_step(struct actor *actor)
{
	struct unit *unit = (struct unit *)((char *)actor - offsetof(struct unit, engine));

	switch (unit->phase) {
	case ENGINE_LOOKS:
		if (unit->iommu->ops->command_begin(unit->iommu, &unit->command))
			engine_go_on(unit, actor);
		else
			actor_wait(actor, &unit->engine_idle, CAUSE_QUEUE_WAIT);
		break;
	case ENGINE_ACCESSES:
		engine_access(unit, actor);
		break;
	case ENGINE_DRAINS:
		unit->phase = ENGINE_HAS_DRAINER;
		if (slots_take(&unit->drainer, actor, CAUSE_QUEUE_WAIT))
			engine_wait_for_older(unit, actor);
		break;
	case ENGINE_HAS_DRAINER:
		engine_wait_for_older(unit, actor);
		break;
	case ENGINE_DRAINED:
		slots_give(&unit->drainer, actor);
		engine_go_on(unit, actor);
		break;
	}
}

void unit_invalidated(struct unit *unit, struct actor *actor, bool drain)
{
	actor_spend(actor, unit->timing->iommu.invalidate, CAUSE_INVALIDATION);
	if (drain)
		unit_drain(unit, actor);
}

void unit_execute(struct unit *unit, struct actor *actor, const uint64_t word[4])
{
	struct iommu_command command;

	actor_touch(actor);
	bool done = vtd_execute(unit->iommu, word, &command);

	REQUIRE(done);
	unit_invalidated(unit, actor, command.drain_reads || command.drain_writes);
}

void unit_doorbell(struct unit *unit, struct actor *actor)
{
	actor_touch(actor);
	waiters_wake_all(&unit->engine_idle, actor, 0);
}

/* ---- status words ---- */

struct poll {
	phys_t address;
	struct waiters waiters;
	struct poll *next;
};

static struct poll **poll_chain(struct unit *unit, phys_t address)
{
	return &unit->polls[(address >> 2 ^ address >> PAGE_LG2) % UNIT_POLL_CHAINS];
}

void unit_status_written(struct unit *unit, struct actor *actor, phys_t address)
{
	for (struct poll *poll = *poll_chain(unit, address); poll; poll = poll->next)
		if (poll->address == address)
			waiters_wake_all(&poll->waiters, actor, 0);
}

void unit_poll_status(struct unit *unit, struct actor *actor, phys_t address, uint32_t value)
{
	struct poll own = { .address = address }, **link = poll_chain(unit, address);
	bool spins = false;
	uint32_t status;

	own.next = *link;
	*link = &own;
	for (;;) {
		actor_spend(actor, unit->timing->guest.status_poll, CAUSE_INVALIDATION);
		actor_touch(actor);
		memory_read(unit->memory, address, &status, sizeof(status));
		if (status == value)
			break;
		if (!spins)
			cores_spin(unit->cores, actor);
		spins = true;
		actor_wait(actor, &own.waiters, CAUSE_INVALIDATION);
	}
	if (spins)
		cores_spin_end(unit->cores, actor);
	for (link = poll_chain(unit, address); *link != &own;)
		link = &(*link)->next;
	*link = own.next;
}

void unit_init(struct unit *unit, struct engine *engine, const struct config *config, struct iommu *iommu,
	       struct iommu *auditor, struct memory *memory, struct result_scheme *result)
{
	*unit = (struct unit){ .iommu = iommu, .memory = memory, .timing = &config->timing, .result = result };
	audit_init(&unit->audit, auditor, memory);
	slots_init(&unit->walkers, config->iommu.walkers, 0);
	slots_init(&unit->drainer, 1, 0);
	engine_stepper(engine, &unit->engine, "iommu", engine_step);
}
