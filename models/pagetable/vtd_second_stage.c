/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/vtd_second_stage.h"

#include "models/pagetable/vtd_layouts.h"

/*
 * Every layout has R, W, PS, A, SNP (or the reserved bit 11) and IW in the same
 * place, so the names of the 4 KiB leaf and of the directory stand for all.
 */

/* Leaves: low address bits that are reserved, and the address, by level. */
static const uint64_t leaf_reserved[3] = { 0, VTD_SSPDE2M_RSVD_20_12, VTD_SSPDPE1G_RSVD_29_12 };
static const uint64_t leaf_address[3] = { VTD_SSPTE_ADDR, VTD_SSPDE2M_ADDR, VTD_SSPDPE1G_ADDR };

static bool in_range(const struct pt_rules *rules, iova_t iova)
{
	return iova >> rules->input_width_lg2 == 0;
}

static bool is_leaf(uint64_t word, unsigned level)
{
	return level == 0 || (level <= 2 && (word & VTD_SSPDE_PS));
}

static uint64_t reserved_bits(const struct pt_rules *rules, unsigned level, bool leaf)
{
	uint64_t reserved = VTD_SSPTE_ADDR & (UINT64_MAX << rules->output_width_lg2);

	if (!rules->io_permissions)
		reserved |= VTD_SSPTE_IW;
	if (leaf)
		reserved |= leaf_reserved[level];
	if (!leaf || rules->snoop_reserved)
		reserved |= VTD_SSPTE_SNP;
	if ((level == 1 && !rules->size_2m) || (level == 2 && !rules->size_1g) || level > 2)
		reserved |= VTD_SSPDE_PS;
	return reserved;
}

static uint64_t read_bit(const struct pt_rules *rules)
{
	return rules->io_permissions ? VTD_SSPTE_IR : VTD_SSPTE_R;
}

static uint64_t write_bit(const struct pt_rules *rules)
{
	return rules->io_permissions ? VTD_SSPTE_IW : VTD_SSPTE_W;
}

static uint64_t present(const struct pt_rules *rules)
{
	return read_bit(rules) | write_bit(rules);
}

static void decode(const struct pt_rules *rules, uint64_t word, unsigned level, struct pt_entry *entry)
{
	bool leaf = is_leaf(word, level);

	*entry = (struct pt_entry){ .kind = PT_NOT_PRESENT };
	if (!(word & present(rules)))
		return;

	if (word & reserved_bits(rules, level, leaf))
		entry->kind = PT_RESERVED_BIT;
	else
		entry->kind = leaf ? PT_LEAF : PT_TABLE;
	entry->permissions = PT_USER;
	if (word & read_bit(rules))
		entry->permissions |= PT_READ | PT_EXECUTE;
	if (word & write_bit(rules))
		entry->permissions |= PT_WRITE;
	if (rules->execute_permission && !(word & VTD_SSPTE_X))
		entry->permissions &= ~(unsigned)PT_EXECUTE;
	entry->address = word & (leaf ? leaf_address[level] : VTD_SSPDE_ADDR);
	entry->accessed = word & VTD_SSPTE_A;
	entry->dirty = !leaf || (word & VTD_SSPTE_D);
	entry->snoop = leaf && (word & VTD_SSPTE_SNP);
}

static struct pt_usual_table usual_table(const struct pt_rules *rules)
{
	uint64_t value = present(rules);

	if (rules->execute_permission)
		value |= VTD_SSPTE_X;
	if (rules->accessed_dirty)
		value |= VTD_SSPDE_A;
	return (struct pt_usual_table){ .care = value | reserved_bits(rules, 1, false) | VTD_SSPDE_PS,
					.value = value,
					.address = VTD_SSPDE_ADDR };
}

static phys_t next_table(uint64_t word)
{
	return word & VTD_SSPDE_PS ? PHYS_NONE : word & VTD_SSPDE_ADDR;
}

static uint64_t make_leaf(const struct pt_rules *rules, phys_t page, unsigned level, unsigned permissions)
{
	uint64_t word = page;

	if (permissions & PT_READ)
		word |= read_bit(rules);
	if (permissions & PT_WRITE)
		word |= write_bit(rules);
	if (rules->execute_permission && (permissions & PT_EXECUTE))
		word |= VTD_SSPTE_X;
	if (level > 0)
		word |= VTD_SSPDE_PS;
	if (rules->force_snoop)
		word |= VTD_SSPTE_SNP;
	return word;
}

static uint64_t make_table(const struct pt_rules *rules, phys_t table)
{
	return table | present(rules) | (rules->execute_permission ? VTD_SSPTE_X : 0);
}

static uint64_t flags_to_set(const struct pt_rules *rules, uint64_t word, const struct pt_entry *entry, bool write)
{
	uint64_t flags = VTD_SSPTE_A;

	if (!rules->accessed_dirty)
		return 0;
	if (write && entry->kind == PT_LEAF)
		flags |= VTD_SSPTE_D;
	return flags & ~word;
}

static uint64_t reserved(const struct pt_rules *rules, uint64_t word, unsigned level)
{
	return reserved_bits(rules, level, is_leaf(word, level));
}

const struct pt_format vtd_second_stage = {
	.name = "vtd-second-stage",
	.source = "[VTD] \"Second-Stage Paging Entries\"",
	.levels_min = 3,
	.levels_max = 5,
	.leaf_levels = 3,
	.present = present,
	.knows_privilege = false,
	.in_range = in_range,
	.decode = decode,
	.usual_table = usual_table,
	.next_table = next_table,
	.make_leaf = make_leaf,
	.make_table = make_table,
	.flags_to_set = flags_to_set,
	.layout = vtd_second_stage_layout,
	.reserved = reserved,
};
