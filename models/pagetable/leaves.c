/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/leaves.h"

#include "models/base/require.h"

#define EVERY_PERMISSION (PT_READ | PT_WRITE | PT_EXECUTE | PT_USER)

static void enter(struct leaves *leaves, unsigned level, phys_t table, iova_t iova, unsigned permissions)
{
	leaves->level = level;
	leaves->at[level].table = table;
	leaves->at[level].iova = iova;
	leaves->at[level].next = 0;
	leaves->at[level].permissions = permissions;
}

void leaves_begin(struct leaves *leaves, const struct pt_format *format, const struct pt_rules *rules, phys_t root,
		  leaves_read_fn *read, void *argument)
{
	REQUIRE(rules->levels >= format->levels_min && rules->levels <= format->levels_max);
	*leaves = (struct leaves){ .format = format, .rules = rules, .read = read, .argument = argument };
	enter(leaves, rules->levels - 1, root, 0, EVERY_PERMISSION);
}

/* The leaf's address as the device issues it: canonical where the format wants that. */
static iova_t device_address(const struct leaves *leaves, iova_t iova)
{
	if (leaves->format->in_range(leaves->rules, iova))
		return iova;

	iova_t upper = iova | UINT64_MAX << pt_rules_entry_lg2(leaves->rules, leaves->rules->levels);

	return leaves->format->in_range(leaves->rules, upper) ? upper : iova;
}

/* Entries of a table that an address of 64 bits can select. */
static uint64_t entries_within(const struct pt_rules *rules, unsigned level)
{
	unsigned table_lg2 = pt_rules_table_lg2(rules), left_lg2 = 64 - pt_rules_entry_lg2(rules, level);

	return UINT64_C(1) << (table_lg2 < left_lg2 ? table_lg2 : left_lg2);
}

bool leaves_next(struct leaves *leaves, struct page_table_leaf *leaf)
{
	const struct pt_format *format = leaves->format;

	for (;;) {
		unsigned level = leaves->level;
		uint64_t index = leaves->at[level].next++;

		if (index == entries_within(leaves->rules, level)) {
			if (level + 1 == leaves->rules->levels)
				return false;
			leaves->level++;
			continue;
		}
		leaf->word_address = leaves->at[level].table | index * sizeof(leaf->word);
		if (!leaves->read(leaves->argument, leaf->word_address, &leaf->word))
			continue;
		leaf->word = pt_word(format, leaf->word);
		leaf->size_lg2 = pt_rules_entry_lg2(leaves->rules, level);
		format->decode(leaves->rules, leaf->word, level, &leaf->entry);
		if (leaf->entry.kind == PT_NOT_PRESENT)
			continue;
		leaf->permissions = leaves->at[level].permissions & leaf->entry.permissions;
		leaf->iova = leaves->at[level].iova + (index << leaf->size_lg2);
		if (level > 0 && format->next_table(leaf->word) != PHYS_NONE) {
			enter(leaves, level - 1, format->next_table(leaf->word), leaf->iova, leaf->permissions);
			continue;
		}
		leaf->level = level;
		leaf->entry.address &= UINT64_MAX << leaf->size_lg2;
		leaf->iova = device_address(leaves, leaf->iova);
		return true;
	}
}
