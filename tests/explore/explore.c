/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/explore/explore.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"

#define FIRST_STATES (size_t)1024 /* a power of two; grows */
#define NO_PARENT    UINT32_MAX

/* How a state was reached first. */
struct origin {
	uint32_t parent, depth;
	uint8_t actor, choice;
};

struct visited {
	const struct explore_system *system;
	unsigned char *states; /* [capacity][state_bytes] in the order of visits */
	struct origin *origins;
	uint32_t *slots; /* [2 * capacity] number of the state and 1; 0: free */
	size_t count, capacity;
};

static unsigned char *state_at(const struct visited *visited, size_t number)
{
	return visited->states + number * visited->system->state_bytes;
}

/* FNV-1a with a final mix; its value has no influence on the order of visits. */
static uint64_t hash_of(const void *state, size_t bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ ((const unsigned char *)state)[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

/* The slot that has the state, or the free one where it belongs. */
static uint32_t *slot_of(const struct visited *visited, const void *state)
{
	size_t bytes = visited->system->state_bytes, mask = 2 * visited->capacity - 1;
	size_t at = (size_t)hash_of(state, bytes) & mask;

	while (visited->slots[at] && memcmp(state_at(visited, visited->slots[at] - 1), state, bytes) != 0)
		at = (at + 1) & mask;
	return &visited->slots[at];
}

static void grow(struct visited *visited)
{
	visited->capacity = visited->capacity ? 2 * visited->capacity : FIRST_STATES;
	visited->states = heap_resized(visited->states, visited->capacity, visited->system->state_bytes);
	visited->origins = heap_resized(visited->origins, visited->capacity, sizeof(*visited->origins));
	free(visited->slots);
	visited->slots = heap_zeroed(2 * visited->capacity, sizeof(*visited->slots));
	for (size_t i = 0; i < visited->count; i++)
		*slot_of(visited, state_at(visited, i)) = (uint32_t)i + 1;
}

/* False when it was there. */
static bool visit(struct visited *visited, const void *state, const struct origin *origin)
{
	if (visited->count == visited->capacity)
		grow(visited);

	uint32_t *slot = slot_of(visited, state);

	if (*slot)
		return false;
	memcpy(state_at(visited, visited->count), state, visited->system->state_bytes);
	visited->origins[visited->count] = *origin;
	*slot = (uint32_t)++visited->count;
	return true;
}

/* Goes the way to a state, and one step more, again, for its words. */
static void tell(const struct visited *visited, size_t number, const struct origin *more, struct explore_result *result)
{
	const struct explore_system *system = visited->system;
	unsigned char state[EXPLORE_STATE_BYTES];
	const struct origin *way = more ? more : &visited->origins[number];

	result->trace_count = way->depth;
	result->trace = heap_zeroed(result->trace_count + 1, sizeof(*result->trace));
	const struct origin **steps = heap_zeroed(result->trace_count + 1, sizeof(struct origin *));

	for (unsigned i = result->trace_count; i > 0; i--) {
		steps[i - 1] = way;
		way = &visited->origins[way->parent];
	}
	system->begin(system->config, state);
	for (unsigned i = 0; i < result->trace_count; i++)
		system->step(system->config, state, steps[i]->actor, steps[i]->choice, result->trace[i]);
	free(steps);
}

/* All that can come next of a state.  False when a step breaks a rule. */
static bool expand(struct visited *visited, size_t number, struct explore_result *result)
{
	const struct explore_system *system = visited->system;
	unsigned char state[EXPLORE_STATE_BYTES];
	size_t before = result->steps;

	for (unsigned actor = 0; actor < system->actor_count; actor++) {
		unsigned count = system->choices(system->config, state_at(visited, number), actor);

		for (unsigned choice = 0; choice < count; choice++) {
			const struct origin origin = { (uint32_t)number, visited->origins[number].depth + 1,
						       (uint8_t)actor, (uint8_t)choice };

			memcpy(state, state_at(visited, number), system->state_bytes);
			result->steps++;
			result->broken = system->step(system->config, state, actor, choice, NULL);
			if (result->broken) {
				tell(visited, number, &origin, result);
				return false;
			}
			visit(visited, state, &origin);
		}
	}
	result->broken = system->check(system->config, state_at(visited, number), result->steps == before);
	if (result->broken)
		tell(visited, number, NULL, result);
	return !result->broken;
}

void explore(const struct explore_system *system, struct explore_result *result)
{
	struct visited visited = { .system = system };
	unsigned char state[EXPLORE_STATE_BYTES];

	REQUIRE(system->state_bytes <= EXPLORE_STATE_BYTES);
	*result = (struct explore_result){ 0 };
	system->begin(system->config, state);
	visit(&visited, state, &(struct origin){ .parent = NO_PARENT });
	for (size_t i = 0; i < visited.count && expand(&visited, i, result); i++)
		;
	result->states = visited.count;
	result->depth = visited.origins[visited.count - 1].depth;
	free(visited.states);
	free(visited.origins);
	free(visited.slots);
}

void explore_free(struct explore_result *result)
{
	free(result->trace);
	*result = (struct explore_result){ 0 };
}

void explore_print(FILE *out, const char *name, const struct explore_result *result)
{
	fprintf(out, "%s: %zu states, %zu steps tried, ", name, result->states, result->steps);
	if (result->broken)
		fprintf(out, "after %u steps: %s\n", result->trace_count, result->broken);
	else
		fprintf(out, "%u steps deep: no rule broken\n", result->depth);
	for (unsigned i = 0; i < result->trace_count; i++)
		fprintf(out, "  %2u. %s\n", i + 1, result->trace[i]);
}
