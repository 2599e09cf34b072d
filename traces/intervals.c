/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/intervals.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "traces/trace.h"

#define RUN_LENGTH 64u

struct interval_run {
	struct interval *at; /* [RUN_LENGTH], ascending, never empty */
	size_t count;
};

/* An interval's position; run == run_count is the end. */
struct place {
	size_t run, index;
};

void intervals_init(struct intervals *intervals)
{
	memset(intervals, 0, sizeof(*intervals));
}

void intervals_fini(struct intervals *intervals)
{
	for (size_t i = 0; i < intervals->run_count; i++)
		free(intervals->runs[i].at);
	free(intervals->runs);
	intervals_init(intervals);
}

/* The first interval whose last is not below iova. */
static struct place find_place(const struct intervals *intervals, iova_t iova)
{
	size_t low = 0, high = intervals->run_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct interval_run *run = &intervals->runs[middle];
		if (run->at[run->count - 1].last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	struct place place = { .run = low, .index = 0 };
	if (low == intervals->run_count)
		return place;
	high = intervals->runs[low].count;
	for (low = 0; low < high;) {
		size_t middle = (low + high) / 2;
		if (intervals->runs[place.run].at[middle].last < iova)
			low = middle + 1;
		else
			high = middle;
	}
	place.index = low;
	return place;
}

static struct interval *at_place(const struct intervals *intervals, struct place place)
{
	return place.run < intervals->run_count ? &intervals->runs[place.run].at[place.index] : NULL;
}

const struct interval *intervals_find(const struct intervals *intervals, iova_t iova)
{
	const struct interval *found = at_place(intervals, find_place(intervals, iova));
	return found && found->first <= iova ? found : NULL;
}

size_t intervals_count(const struct intervals *intervals)
{
	size_t count = 0;
	for (size_t i = 0; i < intervals->run_count; i++)
		count += intervals->runs[i].count;
	return count;
}

/* An empty run before position `index`. */
static bool insert_run(struct intervals *intervals, size_t index)
{
	if (intervals->run_count == intervals->run_capacity) {
		size_t capacity = intervals->run_capacity ? 2 * intervals->run_capacity : 16;
		struct interval_run *runs = realloc(intervals->runs, capacity * sizeof(*runs));
		if (!runs)
			return false;
		intervals->runs = runs;
		intervals->run_capacity = capacity;
	}
	struct interval *at = malloc(RUN_LENGTH * sizeof(*at));
	if (!at)
		return false;
	struct interval_run *run = &intervals->runs[index];
	memmove(run + 1, run, (intervals->run_count - index) * sizeof(*run));
	*run = (struct interval_run){ .at = at, .count = 0 };
	intervals->run_count++;
	return true;
}

static bool split_run(struct intervals *intervals, size_t index)
{
	if (!insert_run(intervals, index + 1))
		return false;
	struct interval_run *low = &intervals->runs[index], *high = low + 1;
	high->count = RUN_LENGTH / 2;
	low->count = RUN_LENGTH - high->count;
	memcpy(high->at, low->at + low->count, high->count * sizeof(*high->at));
	return true;
}

/* Puts interval before the one at *place, and leaves *place behind it. */
static bool insert(struct intervals *intervals, struct place *place, const struct interval *interval)
{
	if (place->run == intervals->run_count) {
		if (intervals->run_count == 0 && !insert_run(intervals, 0))
			return false;
		place->run = intervals->run_count - 1;
		place->index = intervals->runs[place->run].count;
	}
	if (intervals->runs[place->run].count == RUN_LENGTH) {
		if (!split_run(intervals, place->run))
			return false;
		size_t low = intervals->runs[place->run].count;
		if (place->index > low) {
			place->run++;
			place->index -= low;
		}
	}
	struct interval_run *run = &intervals->runs[place->run];
	REQUIRE(run->at);
	struct interval *at = &run->at[place->index];
	memmove(at + 1, at, (run->count - place->index) * sizeof(*at));
	*at = *interval;
	run->count++;
	if (++place->index == run->count)
		*place = (struct place){ .run = place->run + 1, .index = 0 };
	return true;
}

static void remove_run(struct intervals *intervals, size_t index)
{
	struct interval_run *run = &intervals->runs[index];
	free(run->at);
	intervals->run_count--;
	memmove(run, run + 1, (intervals->run_count - index) * sizeof(*run));
}

/* Makes one run of run `index` and the next when they are short: so none stays nearly empty among others. */
static bool merge_runs(struct intervals *intervals, size_t index)
{
	if (index + 1 >= intervals->run_count)
		return false;
	struct interval_run *low = &intervals->runs[index], *high = low + 1;
	if (low->count + high->count > RUN_LENGTH / 2)
		return false;
	memcpy(low->at + low->count, high->at, high->count * sizeof(*low->at));
	low->count += high->count;
	remove_run(intervals, index + 1);
	return true;
}

/* Removes the interval at *place; *place is then the one behind it. */
static void erase(struct intervals *intervals, struct place *place)
{
	struct interval_run *run = &intervals->runs[place->run];
	struct interval *at = &run->at[place->index];
	run->count--;
	memmove(at, at + 1, (run->count - place->index) * sizeof(*at));
	if (run->count == 0) {
		remove_run(intervals, place->run);
		return;
	}
	merge_runs(intervals, place->run);
	size_t before = place->run ? intervals->runs[place->run - 1].count : 0;
	if (place->run && merge_runs(intervals, place->run - 1)) {
		place->run--;
		place->index += before;
	}
	if (place->index == intervals->runs[place->run].count)
		*place = (struct place){ .run = place->run + 1, .index = 0 };
}

static void note(struct interval_overlap *overlap, const struct interval *held, iova_t first, iova_t last)
{
	uint64_t *row = held->live ? &overlap->live_row : &overlap->freed_row;
	if (*row == TRACE_NONE || held->row > *row)
		*row = held->row;
	if (held->live)
		overlap->live_bytes +=
			(held->last < last ? held->last : last) - (held->first > first ? held->first : first) + 1;
}

bool intervals_set(struct intervals *intervals, iova_t first, iova_t last, uint64_t row, bool live,
		   struct interval_overlap *overlap)
{
	REQUIRE(first <= last);
	*overlap = (struct interval_overlap){ .live_row = TRACE_NONE, .freed_row = TRACE_NONE, .live_bytes = 0 };
	struct interval added = { .first = first, .last = last, .row = row, .live = live };
	struct place place = find_place(intervals, first);
	struct interval *held = at_place(intervals, place);
	bool ok = true;
	if (held && held->first == first && held->last == last) {
		note(overlap, held, first, last);
		*held = added;
	} else {
		struct interval left = { .first = 1, .last = 0 }, right = left;
		for (; held && held->first <= last; held = at_place(intervals, place)) {
			note(overlap, held, first, last);
			if (held->first < first) {
				left = *held;
				left.last = first - 1;
			}
			if (held->last > last) {
				right = *held;
				right.first = last + 1;
			}
			erase(intervals, &place);
		}
		ok = left.first > left.last || insert(intervals, &place, &left);
		ok = ok && insert(intervals, &place, &added);
		ok = ok && (right.first > right.last || insert(intervals, &place, &right));
	}
	intervals->live_bytes -= overlap->live_bytes;
	if (live)
		intervals->live_bytes += last - first + 1;
	return ok;
}
