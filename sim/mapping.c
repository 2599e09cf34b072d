/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"

struct mapping *mapping_create(struct mappings *mappings, uint64_t row, const struct piece *pieces,
			       uint32_t piece_count)
{
	struct mapping *mapping = calloc(1, sizeof(*mapping) + piece_count * sizeof(mapping->pieces[0]));

	REQUIRE(mapping);
	mapping->row = row;
	mapping->piece_count = piece_count;
	memcpy(mapping->pieces, pieces, piece_count * sizeof(mapping->pieces[0]));
	mapping->next = mappings->chain[row % MAPPING_CHAINS];
	mappings->chain[row % MAPPING_CHAINS] = mapping;
	mappings->live++;
	return mapping;
}

struct mapping *mapping_find(const struct mappings *mappings, uint64_t row)
{
	struct mapping *mapping = mappings->chain[row % MAPPING_CHAINS];

	while (mapping && mapping->row != row)
		mapping = mapping->next;
	return mapping;
}

void mapping_destroy(struct mappings *mappings, struct mapping *mapping)
{
	struct mapping **link = &mappings->chain[mapping->row % MAPPING_CHAINS];

	while (*link != mapping)
		link = &(*link)->next;
	*link = mapping->next;
	mappings->live--;
	free(mapping);
}

void rows_done_init(struct rows_done *rows, uint64_t count)
{
	*rows = (struct rows_done){ .capacity = count };
	rows->word = calloc(count / 64 + 1, sizeof(*rows->word));
	REQUIRE(rows->word);
}

void rows_done_mark(struct rows_done *rows, struct actor *actor, uint64_t row)
{
	REQUIRE(row < rows->capacity);
	actor_touch(actor);
	rows->word[row / 64] |= UINT64_C(1) << (row % 64);
	waiters_wake_all(&rows->waiters, actor, 0);
}

static bool is_done(const struct rows_done *rows, uint64_t row)
{
	return rows->word[row / 64] >> (row % 64) & 1;
}

void rows_done_wait(struct rows_done *rows, struct actor *actor, uint64_t row)
{
	REQUIRE(row < rows->capacity);
	if (is_done(rows, row)) /* and has been since a date that is past: nothing to wait for */
		return;
	actor_touch(actor);
	while (!is_done(rows, row))
		actor_wait(actor, &rows->waiters, CAUSE_QUEUE_WAIT);
}
