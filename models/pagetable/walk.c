/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access rights are judged once there is a translation: [VTD] "First-Stage
 * Translation" and "Second-Stage Translation", "Access Rights".  So an entry
 * that is absent or has a reserved bit set outranks a missing permission above it, and accessed
 * flags are set on the way to a permission fault, but not in the leaf.
 */
#include "models/pagetable/walk.h"

#include "models/base/require.h"

#define EVERY_PERMISSION (PT_READ | PT_WRITE | PT_EXECUTE | PT_USER)

static void want_entry(struct walk *walk)
{
	walk->state = WALK_WANTS_READ;
	walk->want_address = walk->table | walk_offset(walk);
}

static void fault(struct walk *walk, enum walk_status status)
{
	walk->state = WALK_DONE;
	walk->status = status;
	walk->fault_level = walk->level;
}

void walk_begin_at(struct walk *walk, const struct pt_format *format, const struct pt_rules *rules, unsigned level,
		   phys_t table, unsigned permissions, iova_t iova, unsigned access)
{
	REQUIRE(rules->levels >= format->levels_min && rules->levels <= format->levels_max && level < rules->levels);
	/* One by one: clearing the rest, which only later steps give a meaning, costs as much as a step. */
	walk->format = format;
	walk->rules = rules;
	walk->iova = iova;
	walk->access = access;
	walk->level = level;
	walk->entry_lg2 = pt_rules_entry_lg2(rules, level);
	walk->table_lg2 = pt_rules_table_lg2(rules);
	walk->slot_mask = ((UINT64_C(1) << walk->table_lg2) - 1) * sizeof(uint64_t);
	walk->table = table;
	walk->permissions = permissions;
	walk->reads = 0;
	walk->usual = format->usual_table(rules);
	if (format->in_range(rules, iova))
		want_entry(walk);
	else
		fault(walk, WALK_OUT_OF_RANGE);
}

void walk_begin(struct walk *walk, const struct pt_format *format, const struct pt_rules *rules, phys_t root,
		iova_t iova, unsigned access)
{
	walk_begin_at(walk, format, rules, rules->levels - 1, root, EVERY_PERMISSION, iova, access);
}

/* Past the entry in walk->leaf, which is in order and has its flags. */
static void pass(struct walk *walk)
{
	walk->permissions &= walk->leaf.permissions;
	if (walk->leaf.kind == PT_TABLE) {
		walk->table = walk->leaf.address;
		walk->state = WALK_WANTS_READ;
		walk_descend(walk);
		return;
	}
	walk->state = WALK_DONE;
	walk->status = WALK_OK;
}

/* The entry in walk->leaf, which is word, is in order: what flags are missing, else past it. */
static void set_flags(struct walk *walk, uint64_t word)
{
	uint64_t flags = 0;

	if (walk->rules->accessed_dirty)
		flags = walk->format->flags_to_set(walk->rules, word, &walk->leaf,
						   walk->access & (PT_WRITE | PT_WRITE_IF_GRANTED));
	if (!flags) {
		pass(walk);
		return;
	}
	walk->state = WALK_WANTS_UPDATE;
	walk->want_expected = pt_word(walk->format, word);
	walk->want_desired = pt_word(walk->format, word | flags);
}

void walk_feed(struct walk *walk, uint64_t word)
{
	const struct pt_format *format = walk->format;
	struct pt_entry *entry = &walk->leaf;

	REQUIRE(walk->state == WALK_WANTS_READ);
	walk->reads++;
	word = pt_word(format, word);
	format->decode(walk->rules, word, walk->level, entry);

	if (entry->kind == PT_NOT_PRESENT) {
		fault(walk, WALK_NOT_PRESENT);
		return;
	}
	if (entry->kind == PT_RESERVED_BIT) {
		fault(walk, WALK_RESERVED_BIT);
		return;
	}
	if (entry->kind == PT_LEAF) {
		unsigned permissions = walk->permissions & entry->permissions;

		if (!(permissions & (PT_READ | PT_WRITE))) {
			fault(walk, WALK_NOT_PRESENT);
			return;
		}
		if (!walk_permits(format, walk->rules, permissions, walk->access & ~(unsigned)PT_WRITE_IF_GRANTED)) {
			fault(walk, WALK_PERMISSION);
			return;
		}
		if ((walk->access & PT_WRITE_IF_GRANTED) &&
		    !walk_permits(format, walk->rules, permissions, PT_WRITE | (walk->access & PT_USER)))
			walk->access &= ~(unsigned)PT_WRITE_IF_GRANTED;
		walk->size_lg2 = walk->entry_lg2;
		walk->output = entry->address | (walk->iova & ((UINT64_C(1) << walk->entry_lg2) - 1));
	}
	set_flags(walk, word);
}

void walk_forgo_write(struct walk *walk)
{
	REQUIRE(walk->state == WALK_WANTS_UPDATE && walk->leaf.kind == PT_LEAF);
	walk->access &= ~(unsigned)PT_WRITE_IF_GRANTED;
	set_flags(walk, pt_word(walk->format, walk->want_expected));
}

void walk_updated(struct walk *walk, bool done)
{
	REQUIRE(walk->state == WALK_WANTS_UPDATE);
	if (!done) {
		walk->state = WALK_WANTS_READ;
		return;
	}
	walk->format->decode(walk->rules, pt_word(walk->format, walk->want_desired), walk->level, &walk->leaf);
	pass(walk);
}
