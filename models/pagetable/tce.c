/* SPDX-License-Identifier: Apache-2.0 */
#include "models/pagetable/tce.h"

#include "models/base/require.h"

struct pt_rules tce_rules(unsigned page_lg2, unsigned table_lg2, unsigned levels, unsigned output_width_lg2)
{
	struct pt_rules rules = { .levels = levels, .output_width_lg2 = output_width_lg2 };

	REQUIRE(page_lg2 >= PAGE_LG2 && table_lg2 >= PT_TABLE_LG2);
	rules.wider_page_lg2 = page_lg2 - PAGE_LG2;
	rules.wider_table_lg2 = table_lg2 - PT_TABLE_LG2;
	rules.input_width_lg2 = pt_rules_entry_lg2(&rules, levels);
	REQUIRE(pt_rules_entry_lg2(&rules, levels - 1) < 64);
	return rules;
}

static uint64_t present(const struct pt_rules *rules)
{
	(void)rules;
	return TCE_R | TCE_W;
}

static bool in_range(const struct pt_rules *rules, iova_t iova)
{
	return rules->input_width_lg2 >= 64 || iova >> rules->input_width_lg2 == 0;
}

static uint64_t reserved(const struct pt_rules *rules, uint64_t word, unsigned level)
{
	(void)word;
	(void)level;
	return TCE_RPN & (UINT64_MAX << rules->output_width_lg2);
}

static void decode(const struct pt_rules *rules, uint64_t word, unsigned level, struct pt_entry *entry)
{
	*entry = (struct pt_entry){ .kind = PT_NOT_PRESENT };
	if (!(word & present(rules)))
		return;
	if (word & reserved(rules, word, level))
		entry->kind = PT_RESERVED_BIT;
	else
		entry->kind = level == 0 ? PT_LEAF : PT_TABLE;
	entry->permissions = PT_USER;
	if (level > 0 || (word & TCE_R))
		entry->permissions |= PT_READ | PT_EXECUTE;
	if (level > 0 || (word & TCE_W))
		entry->permissions |= PT_WRITE;
	entry->address = word & TCE_RPN;
	if (level == 0)
		entry->address &= UINT64_MAX << pt_rules_entry_lg2(rules, 0);
	entry->accessed = true;
	entry->dirty = true;
}

/* None is: a swapped word has its address where no mask can take it. */
static struct pt_usual_table usual_table(const struct pt_rules *rules)
{
	(void)rules;
	return (struct pt_usual_table){ .care = 0, .value = 1 };
}

static phys_t next_table(uint64_t word)
{
	return word & TCE_RPN;
}

static uint64_t make_leaf(const struct pt_rules *rules, phys_t page, unsigned level, unsigned permissions)
{
	(void)rules;
	REQUIRE(level == 0);
	return page | (permissions & PT_READ ? TCE_R : 0) | (permissions & PT_WRITE ? TCE_W : 0);
}

static uint64_t make_table(const struct pt_rules *rules, phys_t table)
{
	(void)rules;
	return table | TCE_R | TCE_W;
}

static uint64_t flags_to_set(const struct pt_rules *rules, uint64_t word, const struct pt_entry *entry, bool write)
{
	(void)rules;
	(void)word;
	(void)entry;
	(void)write;
	return 0;
}

/* clang-format off */
static const struct field fields[] = {
	FIELD_NUMBER(TCE, R),
	FIELD_NUMBER(TCE, W),
	FIELD_IGNORED(TCE, IGN_11_2),
	FIELD_ADDRESS(TCE, RPN),
};
/* clang-format on */

static const struct layout direct = LAYOUT_OF("TCE", fields), indirect = LAYOUT_OF("indirect TCE", fields);

static const struct layout *layout(uint64_t word, unsigned level)
{
	(void)word;
	return level == 0 ? &direct : &indirect;
}

const struct pt_format tce_format = {
	.name = "tce",
	.source = "[LINUX] arch/powerpc/include/asm/tce.h",
	.levels_min = 1,
	.levels_max = 5,
	.leaf_levels = 1,
	.is_big_endian = true,
	.present = present,
	.knows_privilege = false,
	.in_range = in_range,
	.decode = decode,
	.usual_table = usual_table,
	.next_table = next_table,
	.make_leaf = make_leaf,
	.make_table = make_table,
	.flags_to_set = flags_to_set,
	.layout = layout,
	.reserved = reserved,
};
