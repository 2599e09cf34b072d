/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "models/pagetable/leaves.h"
#include "sim/walk.h"

struct listing {
	FILE *out;
	struct walk_memory *memory;
	const struct iommu_table *table;
};

static bool read_word(struct listing *listing, phys_t address, uint64_t *word)
{
	struct iommu_access access = { .want = IOMMU_WANTS_READ, .address = address, .words = 1 };
	uint64_t words[IOMMU_WORDS_MAX];
	bool is_there = walk_memory_access(listing->memory, &access, words);

	*word = is_there ? words[0] : 0;
	return is_there;
}

/* Where the word of a first-stage table lies that itself goes through a second stage; false: nowhere. */
static bool outer_address(struct listing *listing, phys_t address, phys_t *host)
{
	const struct iommu_table *table = listing->table;
	struct walk walk;
	uint64_t word;

	walk_begin(&walk, table->outer_format, &table->outer_rules, table->outer_root, address, PT_READ);
	while (walk_wants_read(&walk)) {
		if (!read_word(listing, walk.want_address, &word))
			return false;
		walk_feed(&walk, word);
	}
	*host = walk.output;
	return walk.state == WALK_DONE && walk.status == WALK_OK;
}

static bool read_table(void *argument, phys_t address, uint64_t *word)
{
	struct listing *listing = argument;

	if (listing->table->outer_format && !outer_address(listing, address, &address))
		return false;
	return read_word(listing, address, word);
}

static void print_leaf(FILE *out, const struct iommu_table *table, const struct page_table_leaf *leaf)
{
	char pasid[16] = "";

	if (table->has_pasid)
		snprintf(pasid, sizeof(pasid), "%" PRIu32, table->pasid);
	fprintf(out, "%04x,%s,%u,%s,%u,%" PRIx64 ",%" PRIx64 ",%" PRIx64 ",%c%c,%016" PRIx64 ",%" PRIx64 "\n",
		table->source_id, pasid, table->domain, table->stage, leaf->level + 1, leaf->iova,
		UINT64_C(1) << leaf->size_lg2, leaf->entry.address, leaf->permissions & PT_READ ? 'R' : '-',
		leaf->permissions & PT_WRITE ? 'W' : '-', leaf->word, leaf->word_address);
}

static void print_table(void *argument, const struct iommu_table *table)
{
	struct listing *listing = argument;
	struct page_table_leaf leaf;
	struct leaves leaves;

	listing->table = table;
	leaves_begin(&leaves, table->format, &table->rules, table->root, read_table, listing);
	while (leaves_next(&leaves, &leaf))
		print_leaf(listing->out, table, &leaf);
}

void walk_print_leaves(FILE *out, const struct iommu *iommu, struct walk_memory *memory)
{
	struct listing listing = { out, memory, NULL };

	fputs("sid,pasid,did,stage,level,iova,size,gpa,perm,leaf_pte,leaf_pte_gpa\n", out);
	iommu->ops->describe->tables(iommu, walk_memory_access, memory, print_table, &listing);
}
