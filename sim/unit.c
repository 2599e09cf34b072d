/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/unit.h"

#include <string.h>

#include "models/base/require.h"
#include "models/iommu/vtd/vtd.h"

/* ---- translation ---- */

struct miss {
	uint16_t source_id;
	uint32_t pasid;
	iova_t page;
	struct waiters waiters;
	struct miss *next;
};

static struct miss *miss_find(const struct unit *unit, const struct miss *like)
{
	for (struct miss *miss = unit->misses; miss; miss = miss->next)
		if (miss->page == like->page && miss->source_id == like->source_id && miss->pasid == like->pasid)
			return miss;
	return NULL;
}

static void miss_remove(struct unit *unit, struct miss *gone)
{
	struct miss **link = &unit->misses;

	while (*link != gone)
		link = &(*link)->next;
	*link = gone->next;
}

/* Pays for and performs the reads and updates that the translation wants, until it has ended. */
static void unit_walk(struct unit *unit, struct actor *actor, struct iommu_translation *translation)
{
	const struct timing *timing = unit->timing;
	enum iommu_purpose walking = IOMMU_FOR_DEVICE;
	uint64_t words[IOMMU_WORDS_MAX];

	actor_spend(actor, timing->iommu.device_lookup, CAUSE_IOTLB);
	while (translation->access.want != IOMMU_WANTS_NOTHING) {
		bool update = translation->access.want == IOMMU_WANTS_UPDATE;

		if (translation->access.purpose != walking) { /* a stage's walk begins, or goes on after the other's */
			walking = translation->access.purpose;
			actor_spend(actor, timing->iommu.walk_cache_lookup, CAUSE_IOTLB);
		}
		actor_spend(actor, update ? timing->iommu.memory_update : timing->iommu.memory_read, CAUSE_WALK);
		actor_touch(actor);
		iommu_access_now(unit->memory, &translation->access, words);
		unit->iommu->ops->translate_feed(unit->iommu, translation, words);
	}
}

/* Looks up, and on a miss walks or waits for the walk that another request began; true when it missed. */
static bool unit_resolve(struct unit *unit, struct actor *actor, const struct iommu_request *request,
			 struct iommu_translation *translation)
{
	struct miss own = { .source_id = request->source_id,
			    .pasid = request->has_pasid ? request->pasid : UINT32_MAX,
			    .page = request->iova >> PAGE_LG2 };
	bool waited = false;

	for (;;) {
		actor_spend(actor, unit->timing->iommu.iotlb_lookup, CAUSE_IOTLB);
		actor_touch(actor);
		unit->iommu->ops->translate_begin(unit->iommu, translation, request);
		if (translation->access.want == IOMMU_WANTS_NOTHING)
			return waited;
		struct miss *other = miss_find(unit, &own);

		if (!other)
			break;
		actor_wait(actor, &other->waiters, CAUSE_WALK_WAIT);
		waited = true;
	}
	own.next = unit->misses;
	unit->misses = &own;
	ps_t asked = actor->now;

	slots_take(&unit->walkers, actor, CAUSE_WALK_WAIT);
	if (actor->now != asked) { /* what the caches held may have changed meanwhile */
		actor_touch(actor);
		unit->iommu->ops->translate_begin(unit->iommu, translation, request);
	}
	unit->result->counter[COUNT_WALKS] += translation->access.want != IOMMU_WANTS_NOTHING;
	unit_walk(unit, actor, translation);
	slots_give(&unit->walkers, actor);
	miss_remove(unit, &own);
	waiters_wake_all(&own.waiters, actor, 0);
	return waited || !translation->iotlb_hit;
}

/* Compares what a cache answered with what the tables say at this moment. */
static void unit_audit(struct unit *unit, const struct iommu_translation *translation)
{
	struct iommu_translation truth;

	iommu_translate_now(unit->auditor, unit->memory, &truth, &translation->request);
	unit->result->counter[COUNT_STALE_CHECKED]++;
	if (truth.status != translation->status || truth.output != translation->output)
		unit->result->counter[COUNT_STALE_USED]++;
}

void unit_translate(struct unit *unit, struct actor *actor, const struct iommu_request *request,
		    struct iommu_translation *translation)
{
	struct result_scheme *result = unit->result;
	ps_t before[RESULT_CAUSES], spent[RESULT_CAUSES];

	memcpy(before, actor->parts, sizeof(before));
	bool missed = unit_resolve(unit, actor, request, translation);

	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		spent[i] = actor->parts[i] - before[i];
	if (translation->status == IOMMU_FAULT) {
		result->counter[COUNT_FAULTS]++;
		result_operation(result, RESULT_FAULT, spent);
		return;
	}
	result->counter[missed ? COUNT_IOTLB_MISSES : COUNT_IOTLB_HITS]++;
	series_record(&result->series[missed ? RESULT_IOTLB_MISSES : RESULT_IOTLB_HITS], actor->now, 1);
	result_operation(result, missed ? RESULT_TRANSLATE_MISS : RESULT_TRANSLATE_HIT, spent);
	if (unit->auditor && translation->from_cache)
		unit_audit(unit, translation);
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

static void unit_drain(struct unit *unit, struct actor *actor)
{
	slots_take(&unit->drainer, actor, CAUSE_QUEUE_WAIT);
	unsigned old = unit->generation;

	unit->generation = !old;
	if (unit->under_way[old] > 0)
		actor_wait(actor, &unit->drain, CAUSE_INVALIDATION);
	slots_give(&unit->drainer, actor);
}

static void unit_command(struct unit *unit, struct actor *actor, struct iommu_command *command)
{
	const struct timing *timing = unit->timing;
	uint64_t words[IOMMU_WORDS_MAX];

	while (command->access.want != IOMMU_WANTS_NOTHING) {
		bool is_status = command->access.want == IOMMU_WANTS_WRITE;

		actor_spend(actor, is_status ? timing->iommu.status_write : timing->iommu.descriptor_fetch,
			    CAUSE_INVALIDATION);
		actor_touch(actor);
		iommu_access_now(unit->memory, &command->access, words);
		unit->iommu->ops->command_feed(unit->iommu, command, words);
		if (is_status)
			waiters_wake_all(&unit->pollers, actor, 0);
		else if (command->kind == IOMMU_COMMAND_IOTLB || command->kind == IOMMU_COMMAND_CONTEXT)
			actor_spend(actor, timing->iommu.invalidate, CAUSE_INVALIDATION);
		if (command->drain_reads || command->drain_writes)
			unit_drain(unit, actor);
	}
}

void unit_execute(struct unit *unit, struct actor *actor, const uint64_t word[4])
{
	struct iommu_command command;

	actor_touch(actor);
	bool done = vtd_execute(unit->iommu, word, &command);

	REQUIRE(done);
	actor_spend(actor, unit->timing->iommu.invalidate, CAUSE_INVALIDATION);
	if (command.drain_reads || command.drain_writes)
		unit_drain(unit, actor);
}

static void unit_story(struct actor *actor, void *argument)
{
	struct unit *unit = argument;
	struct iommu_command command;

	for (;;) {
		actor_touch(actor);
		if (unit->iommu->ops->command_begin(unit->iommu, &command))
			unit_command(unit, actor, &command);
		else
			actor_wait(actor, &unit->engine_idle, CAUSE_QUEUE_WAIT);
	}
}

void unit_doorbell(struct unit *unit, struct actor *actor)
{
	actor_touch(actor);
	waiters_wake_all(&unit->engine_idle, actor, 0);
}

void unit_poll_status(struct unit *unit, struct actor *actor, phys_t address, uint32_t value)
{
	for (;;) {
		uint32_t status;

		actor_spend(actor, unit->timing->guest.status_poll, CAUSE_INVALIDATION);
		actor_touch(actor);
		memory_read(unit->memory, address, &status, sizeof(status));
		if (status == value)
			return;
		actor_wait(actor, &unit->pollers, CAUSE_INVALIDATION);
	}
}

void unit_init(struct unit *unit, struct engine *engine, const struct config *config, struct iommu *iommu,
	       struct iommu *auditor, struct memory *memory, struct result_scheme *result)
{
	*unit = (struct unit){
		.iommu = iommu, .auditor = auditor, .memory = memory, .timing = &config->timing, .result = result
	};
	slots_init(&unit->walkers, config->iommu.walkers, 0);
	slots_init(&unit->drainer, 1, 0);
	engine_actor(engine, "iommu", unit_story, unit, true);
}
