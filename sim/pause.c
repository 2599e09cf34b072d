/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/pause.h"

#include "models/base/require.h"

void pause_init(struct pause *pause, bool is_possible)
{
	*pause = (struct pause){ .is_possible = is_possible, .since = UINT64_MAX, .until = UINT64_MAX };
}

static bool is_paused(const struct pause *pause)
{
	return pause->since != UINT64_MAX && pause->until == UINT64_MAX;
}

void pause_enter(struct pause *pause, struct actor *actor)
{
	if (!pause->is_possible)
		return;
	actor_touch(actor);
	while (is_paused(pause))
		actor_wait(actor, &pause->outside, CAUSE_HANDOVER);
	pause->inside++;
}

void pause_leave(struct pause *pause, struct actor *actor)
{
	if (!pause->is_possible)
		return;
	actor_touch(actor);
	if (--pause->inside == 0)
		waiters_wake_all(&pause->drained, actor, 0);
}

void pause_computed(struct pause *pause, struct actor *actor, ps_t begin)
{
	if (!pause->is_possible || begin == actor->now)
		return;
	actor_touch(actor);

	ps_t first = pause->since > begin ? pause->since : begin, last = actor->now;

	if (pause->since > actor->now)
		return;
	while (is_paused(pause))
		actor_wait(actor, &pause->outside, CAUSE_HANDOVER);
	if (pause->until < last)
		last = pause->until;
	if (last > first)
		actor_spend(actor, last - first, CAUSE_GUEST_CPU);
}

void pause_begin(struct pause *pause, struct actor *actor)
{
	REQUIRE(pause->is_possible && pause->since == UINT64_MAX);
	actor_touch(actor);
	pause->since = actor->now;
	while (pause->inside > 0)
		actor_wait(actor, &pause->drained, CAUSE_QUEUE_WAIT);
}

void pause_end(struct pause *pause, struct actor *actor)
{
	actor_touch(actor);
	pause->until = actor->now;
	waiters_wake_all(&pause->outside, actor, 0);
}
