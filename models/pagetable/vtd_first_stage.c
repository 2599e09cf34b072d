/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/vtd_first_stage.h"

#include "models/pagetable/vtd_layouts.h"

/* Leaves: low address bits that are reserved, and the address, by level. */
static const uint64_t leaf_reserved[3] = { 0, VTD_FSPDE2M_RSVD_20_13, VTD_FSPDPE1G_RSVD_29_13 };
static const uint64_t leaf_address[3] = { VTD_FSPTE_ADDR, VTD_FSPDE2M_ADDR, VTD_FSPDPE1G_ADDR };

/* Canonical: every bit above the ones that select entries repeats the topmost of those. */
static bool in_range(const struct pt_rules *rules, iova_t iova)
{
	unsigned shift = pt_entry_lg2(rules->levels) - 1;

	return iova >> shift == 0 || iova >> shift == UINT64_MAX >> shift;
}

static bool is_leaf(uint64_t word, unsigned level)
{
	return level == 0 || (level <= 2 && (word & VTD_FSPDE_PS));
}

static uint64_t reserved_bits(const struct pt_rules *rules, unsigned level, bool leaf)
{
	uint64_t reserved = VTD_FSPTE_ADDR & (UINT64_MAX << rules->output_width_lg2);

	if (leaf)
		reserved |= leaf_reserved[level];
	if ((level == 2 && !rules->size_1g) || level > 2)
		reserved |= VTD_FSPDE_PS;
	return reserved;
}

static uint64_t present(const struct pt_rules *rules)
{
	(void)rules;
	return VTD_FSPTE_P;
}

static void decode(const struct pt_rules *rules, uint64_t word, unsigned level, struct pt_entry *entry)
{
	bool leaf = is_leaf(word, level);

	*entry = (struct pt_entry){ .kind = PT_NOT_PRESENT };
	if (!(word & VTD_FSPTE_P))
		return;

	if (word & reserved_bits(rules, level, leaf))
		entry->kind = PT_RESERVED_BIT;
	else
		entry->kind = leaf ? PT_LEAF : PT_TABLE;
	entry->permissions = PT_READ;
	if (word & VTD_FSPTE_RW)
		entry->permissions |= PT_WRITE;
	if (word & VTD_FSPTE_US)
		entry->permissions |= PT_USER;
	if (!rules->execute_disable || !(word & VTD_FSPTE_XD))
		entry->permissions |= PT_EXECUTE;
	entry->address = word & (leaf ? leaf_address[level] : VTD_FSPDE_ADDR);
	entry->accessed = word & VTD_FSPTE_A;
	entry->dirty = !leaf || (word & VTD_FSPTE_D);
}

static struct pt_usual_table usual_table(const struct pt_rules *rules)
{
	uint64_t value = VTD_FSPDE_P | VTD_FSPDE_RW | VTD_FSPDE_US;

	if (rules->accessed_dirty)
		value |= VTD_FSPDE_A;
	if (rules->accessed_dirty && rules->extended_accessed)
		value |= VTD_FSPTE_EA;
	return (struct pt_usual_table){ .care = value | reserved_bits(rules, 1, false) | VTD_FSPDE_PS | VTD_FSPTE_XD,
					.value = value,
					.address = VTD_FSPDE_ADDR };
}

static phys_t next_table(uint64_t word)
{
	return word & VTD_FSPDE_PS ? PHYS_NONE : word & VTD_FSPDE_ADDR;
}

static uint64_t make_leaf(const struct pt_rules *rules, phys_t page, unsigned level, unsigned permissions)
{
	uint64_t word = page | VTD_FSPTE_P | VTD_FSPTE_A;

	if (permissions & PT_WRITE)
		word |= VTD_FSPTE_RW | VTD_FSPTE_D;
	if (permissions & PT_USER)
		word |= VTD_FSPTE_US;
	if (rules->execute_disable && !(permissions & PT_EXECUTE))
		word |= VTD_FSPTE_XD;
	if (level > 0)
		word |= VTD_FSPDE_PS;
	return word;
}

static uint64_t make_table(const struct pt_rules *rules, phys_t table)
{
	(void)rules;
	return table | VTD_FSPDE_P | VTD_FSPDE_RW | VTD_FSPDE_US | VTD_FSPDE_A;
}

static uint64_t flags_to_set(const struct pt_rules *rules, uint64_t word, const struct pt_entry *entry, bool write)
{
	uint64_t flags = VTD_FSPTE_A;

	if (!rules->accessed_dirty)
		return 0;
	if (rules->extended_accessed)
		flags |= VTD_FSPTE_EA;
	if (write && entry->kind == PT_LEAF)
		flags |= VTD_FSPTE_D;
	return flags & ~word;
}

static uint64_t reserved(const struct pt_rules *rules, uint64_t word, unsigned level)
{
	return reserved_bits(rules, level, is_leaf(word, level));
}

const struct pt_format vtd_first_stage = {
	.name = "vtd-first-stage",
	.source = "[VTD] \"First-Stage Paging Entries\"",
	.levels_min = 4,
	.levels_max = 5,
	.leaf_levels = 3,
	.present = present,
	.knows_privilege = true,
	.in_range = in_range,
	.decode = decode,
	.usual_table = usual_table,
	.next_table = next_table,
	.make_leaf = make_leaf,
	.make_table = make_table,
	.flags_to_set = flags_to_set,
	.layout = vtd_first_stage_layout,
	.reserved = reserved,
};
