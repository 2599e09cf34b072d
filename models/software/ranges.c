/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/ranges.h"

#include <stdbool.h>
#include <stdlib.h>

#include "models/base/require.h"

/* A search tree by first; a heap by priority.  Members are disjoint, so last is in the same order. */
struct range_node {
	struct range range;
	uint32_t left, right; /* right links the spare nodes */
	uint64_t priority;
};

void ranges_init(struct ranges *ranges)
{
	*ranges = (struct ranges){ .used = 1 };
	random_init(&ranges->random, 1);
}

void ranges_fini(struct ranges *ranges)
{
	free(ranges->node);
	ranges_init(ranges);
}

static uint32_t node_take(struct ranges *ranges)
{
	uint32_t index = ranges->spare;

	if (index) {
		ranges->spare = ranges->node[index].right;
		return index;
	}
	if (ranges->used >= ranges->capacity) {
		REQUIRE(ranges->capacity < UINT32_MAX / 2);
		ranges->capacity = ranges->capacity ? ranges->capacity * 2 : 16;
		ranges->node = realloc(ranges->node, ranges->capacity * sizeof(*ranges->node));
		REQUIRE(ranges->node);
	}
	return ranges->used++;
}

struct range *ranges_find(const struct ranges *ranges, uint64_t first, uint64_t last)
{
	struct range *found = NULL;

	for (uint32_t index = ranges->root; index;) {
		struct range_node *node = &ranges->node[index];

		if (node->range.last < first) {
			index = node->right;
			continue;
		}
		if (node->range.first <= last)
			found = &node->range;
		if (node->range.first <= first)
			break; /* it holds first: none is lower */
		index = node->left;
	}
	return found;
}

/* Disjoint from a range to be inserted; its neighbours are both on the way to its place. */
static void require_disjoint(const struct range_node *node, const struct range *range)
{
	REQUIRE(node->range.last < range->first || node->range.first > range->last);
}

/* Cuts the tree at index into those below range (*below) and those above (*above). */
static void split(struct ranges *ranges, uint32_t index, const struct range *range, uint32_t *below, uint32_t *above)
{
	while (index) {
		struct range_node *node = &ranges->node[index];

		require_disjoint(node, range);
		if (node->range.first < range->first) {
			*below = index;
			below = &node->right;
			index = node->right;
		} else {
			*above = index;
			above = &node->left;
			index = node->left;
		}
	}
	*below = *above = 0;
}

void ranges_insert(struct ranges *ranges, const struct range *range)
{
	REQUIRE(range->first <= range->last);

	uint32_t index = node_take(ranges);
	struct range_node *node = &ranges->node[index];
	uint32_t *link = &ranges->root;

	*node = (struct range_node){ .range = *range, .priority = random_next(&ranges->random) };
	while (*link && ranges->node[*link].priority >= node->priority) {
		struct range_node *at = &ranges->node[*link];

		require_disjoint(at, range);
		link = range->first < at->range.first ? &at->left : &at->right;
	}
	split(ranges, *link, range, &node->left, &node->right);
	*link = index;
	ranges->count++;
}

void ranges_remove(struct ranges *ranges, uint64_t first)
{
	uint32_t *link = &ranges->root;

	while (*link && ranges->node[*link].range.first != first) {
		struct range_node *at = &ranges->node[*link];

		link = first < at->range.first ? &at->left : &at->right;
	}
	REQUIRE(*link);

	uint32_t index = *link;
	uint32_t below = ranges->node[index].left, above = ranges->node[index].right;

	/* Joins the two subtrees in its place. */
	while (below && above) {
		if (ranges->node[below].priority >= ranges->node[above].priority) {
			*link = below;
			link = &ranges->node[below].right;
			below = *link;
		} else {
			*link = above;
			link = &ranges->node[above].left;
			above = *link;
		}
	}
	*link = below ? below : above;
	ranges->node[index].right = ranges->spare;
	ranges->spare = index;
	ranges->count--;
}
