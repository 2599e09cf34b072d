/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains: page tables, and the flushes that their changes need.
 * [LINUX] drivers/iommu/intel/iommu.c: __domain_mapping, intel_iommu_unmap, intel_iommu_tlb_sync;
 * cache.c: cache_tag_flush_range, cache_tag_flush_all, cache_tag_flush_range_np;
 * drivers/iommu/iommu.c: iommu_pgsize, iommu_iotlb_gather_add_page.
 */
#include <stdlib.h>

#include "models/pagetable/split.h"
#include "models/pagetable/vtd_first_stage.h"
#include "models/pagetable/vtd_second_stage.h"
#include "models/software/vtd_driver_private.h"

/* Descriptors of one submission at most, the wait descriptor not counted.  [LINUX] QI_MAX_BATCHED_DESC_COUNT */
#define BATCH_MAX 16u

/* ---- life ---- */

static struct vtd_domain *domain_alloc(struct vtd_driver *driver, enum vtd_domain_kind kind)
{
	struct vtd_domain *domain = calloc(1, sizeof(*domain));

	REQUIRE(domain);
	domain->driver = driver;
	domain->kind = kind;
	driver->domains++;
	return domain;
}

/* Which stage a table of the driver's own is for.  [LINUX] first_level_by_default */
static bool chooses_first_stage(const struct vtd_driver *driver, enum vtd_domain_kind kind)
{
	uint64_t ecap = driver->config.extended_capability;

	if (!driver->scalable || !(ecap & VTD_ECAP_FSTS))
		return false;
	return kind == VTD_DOMAIN_DMA || !(ecap & VTD_ECAP_SSTS);
}

static struct pt_rules table_rules(const struct vtd_driver *driver, enum vtd_domain_kind kind, bool first_stage)
{
	uint64_t cap = driver->config.capability;
	bool snoop_control = driver->config.extended_capability & VTD_ECAP_SC;
	struct pt_rules rules = {
		.levels = driver->levels,
		.input_width_lg2 = pt_entry_lg2(driver->levels),
		.output_width_lg2 = driver->config.host_address_width,
	};

	if (first_stage) {
		rules.size_2m = true;
		rules.size_1g = cap & VTD_CAP_FS1GP;
		return rules;
	}
	if (rules.input_width_lg2 > FIELD_GET(VTD_CAP_MGAW, cap) + 1)
		rules.input_width_lg2 = (unsigned)FIELD_GET(VTD_CAP_MGAW, cap) + 1;
	rules.size_2m = cap & VTD_CAP_SSLPS_2M;
	rules.size_1g = rules.size_2m && (cap & VTD_CAP_SSLPS_1G);
	rules.snoop_reserved = !snoop_control;
	rules.force_snoop = snoop_control && kind == VTD_DOMAIN_UNMANAGED;
	return rules;
}

static void table_replaced(void *argument, iova_t iova, unsigned level, phys_t page)
{
	struct vtd_domain *domain = argument;
	iova_t last = iova + (pt_entry_bytes(level + 1) - 1);

	if (domain->replaced.count == 0 || iova < domain->replaced_start)
		domain->replaced_start = iova;
	if (domain->replaced.count == 0 || last > domain->replaced_last)
		domain->replaced_last = last;
	table_list_add(&domain->replaced, page);
}

struct vtd_domain *vtd_domain_create(struct vtd_driver *driver, enum vtd_domain_kind kind)
{
	REQUIRE(kind == VTD_DOMAIN_DMA || kind == VTD_DOMAIN_UNMANAGED);

	bool first_stage = chooses_first_stage(driver, kind);
	struct pt_rules rules = table_rules(driver, kind, first_stage);
	struct vtd_domain *domain = domain_alloc(driver, kind);

	domain->first_stage = first_stage;
	if (page_table_init(&domain->table, first_stage ? &vtd_first_stage : &vtd_second_stage, &rules, driver->view,
			    driver->frames) != MAP_OK) {
		vtd_domain_destroy(domain);
		return NULL;
	}
	domain->table.keep_frames = true;
	domain->table.replaced = table_replaced;
	domain->table.replaced_argument = domain;
	return domain;
}

static struct vtd_domain *create_over(struct vtd_driver *driver, enum vtd_domain_kind kind, phys_t root,
				      unsigned levels)
{
	uint64_t cap = driver->config.capability, ecap = driver->config.extended_capability;
	struct vtd_domain *domain;

	REQUIRE(root % PAGE_BYTES == 0 && (levels == 4 || levels == 5));
	if (!driver->scalable || !(ecap & VTD_ECAP_FSTS) || (levels == 5 && !(cap & VTD_CAP_FS5LP)))
		return NULL;
	domain = domain_alloc(driver, kind);
	domain->first_stage = true;
	domain->first_stage_root = root;
	domain->first_stage_levels = levels;
	domain->table.root = PHYS_NONE;
	return domain;
}

struct vtd_domain *vtd_domain_create_nested(struct vtd_driver *driver, struct vtd_domain *parent,
					    phys_t first_stage_root, unsigned levels)
{
	struct vtd_domain *domain;

	REQUIRE(parent->driver == driver && parent->kind == VTD_DOMAIN_UNMANAGED);
	if (parent->first_stage || !(driver->config.extended_capability & VTD_ECAP_NEST))
		return NULL;
	domain = create_over(driver, VTD_DOMAIN_NESTED, first_stage_root, levels);
	if (domain) {
		domain->parent = parent;
		parent->children++;
	}
	return domain;
}

struct vtd_domain *vtd_domain_create_sva(struct vtd_driver *driver, phys_t root, unsigned levels)
{
	return create_over(driver, VTD_DOMAIN_SVA, root, levels);
}

void vtd_domain_destroy(struct vtd_domain *domain)
{
	if (!domain)
		return;
	REQUIRE(domain->attachments == 0 && domain->children == 0);
	if (domain->parent)
		domain->parent->children--;
	vtd_domain_free_tables(domain, &domain->replaced);
	table_list_fini(&domain->replaced);
	if (domain->table.root != PHYS_NONE)
		page_table_fini(&domain->table);
	domain->driver->domains--;
	free(domain->tag);
	free(domain);
}

enum vtd_domain_kind vtd_domain_kind(const struct vtd_domain *domain)
{
	return domain->kind;
}

bool vtd_domain_first_stage(const struct vtd_domain *domain)
{
	return domain->first_stage;
}

uint16_t vtd_domain_id(const struct vtd_domain *domain)
{
	return domain->id;
}

const struct page_table *vtd_domain_table(const struct vtd_domain *domain)
{
	return domain->table.root == PHYS_NONE ? NULL : &domain->table;
}

/* ---- tags ---- */

void vtd_domain_tag(struct vtd_domain *domain, uint16_t id, uint32_t pasid)
{
	for (size_t i = 0; i < domain->tags; i++)
		if (domain->tag[i].id == id && domain->tag[i].pasid == pasid) {
			domain->tag[i].users++;
			return;
		}
	domain->tag = vtd_driver_grow(domain->tag, domain->tags, &domain->tag_capacity, sizeof(*domain->tag));
	domain->tag[domain->tags++] = (struct vtd_tag){ .id = id, .pasid = pasid, .users = 1 };
}

void vtd_domain_untag(struct vtd_domain *domain, uint16_t id, uint32_t pasid)
{
	size_t i = 0;

	while (domain->tag[i].id != id || domain->tag[i].pasid != pasid)
		REQUIRE(++i < domain->tags);
	if (--domain->tag[i].users > 0)
		return;
	for (domain->tags--; i < domain->tags; i++)
		domain->tag[i] = domain->tag[i + 1];
}

/* ---- flush ---- */

iova_t vtd_driver_page_mask(iova_t start, iova_t last, unsigned *mask)
{
	uint64_t differ = (start ^ last) >> PAGE_LG2;

	*mask = differ ? 64u - (unsigned)__builtin_clzll(differ) : 0;
	return start >> PAGE_LG2 >> *mask << *mask << PAGE_LG2;
}

/* The words of one flush: ADDR, IH and AM have the same places in both IOTLB descriptors. */
static uint64_t address_word(iova_t address, unsigned mask, bool leaf_only)
{
	return (address & VTD_IOTLB_INV1_ADDR) | (leaf_only ? VTD_IOTLB_INV1_IH : 0) |
	       FIELD_PUT(VTD_IOTLB_INV1_AM, mask);
}

void vtd_domain_flush_range(struct vtd_domain *domain, iova_t iova, iova_t last, bool leaf_only,
			    struct vtd_invalidations *list)
{
	const struct vtd_driver *driver = domain->driver;
	uint64_t cap = driver->config.capability;
	unsigned mask;
	iova_t address = vtd_driver_page_mask(iova, last, &mask);
	uint64_t word = address_word(address, mask, leaf_only);
	bool by_page = (cap & VTD_CAP_PSI) && mask <= FIELD_GET(VTD_CAP_MAMV, cap);

	for (size_t i = 0; i < domain->tags; i++) {
		const struct vtd_tag *tag = &domain->tag[i];
		bool ends = i + 1 == domain->tags || (i + 1) % BATCH_MAX == 0;

		if (domain->first_stage)
			vtd_driver_flush_pasid_iotlb(list, VTD_P_IOTLB_PAGE, tag->id, tag->pasid, word, ends);
		else if (by_page)
			vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_PAGE, tag->id, word, ends);
		else
			vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_DOMAIN, tag->id, 0, ends);
	}
}

void vtd_domain_flush_all(struct vtd_domain *domain, struct vtd_invalidations *list)
{
	for (size_t i = 0; i < domain->tags; i++) {
		const struct vtd_tag *tag = &domain->tag[i];
		bool ends = i + 1 == domain->tags || (i + 1) % BATCH_MAX == 0;

		if (domain->first_stage)
			vtd_driver_flush_pasid_iotlb(list, VTD_P_IOTLB_PASID, tag->id, tag->pasid, 0, ends);
		else
			vtd_driver_flush_iotlb(domain->driver, list, VTD_IOTLB_DOMAIN, tag->id, 0, ends);
	}
}

/* ---- map ---- */

/* The largest leaf that may be made now (log2). */
static unsigned leaf_limit_lg2(const struct vtd_domain *domain)
{
	const struct pt_rules *rules = &domain->table.rules;

	if (domain->kind == VTD_DOMAIN_DMA && domain->attachments == 0)
		return pt_entry_lg2(0);
	return pt_entry_lg2(rules->size_1g ? 2 : rules->size_2m ? 1 : 0);
}

enum map_status vtd_domain_map(struct vtd_domain *domain, iova_t iova, phys_t phys, uint64_t bytes,
			       unsigned permissions, struct map_work *work)
{
	return page_table_map(&domain->table, iova, phys, bytes, permissions | PT_READ | PT_USER,
			      leaf_limit_lg2(domain), work);
}

void vtd_domain_sync_map(struct vtd_domain *domain, iova_t iova, uint64_t bytes, struct vtd_invalidations *list)
{
	if (domain->replaced.count > 0) {
		vtd_domain_flush_range(domain, domain->replaced_start, domain->replaced_last, false, list);
		table_list_move(&domain->replaced, &list->replaced);
	}
	if (vtd_driver_caching_mode(domain->driver) && !domain->first_stage)
		vtd_domain_flush_range(domain, iova, iova + bytes - 1, false, list);
	else
		for (size_t i = 0; i < domain->tags; i++)
			vtd_driver_flush_write_buffer(domain->driver, list);
}

/* ---- unmap ---- */

/* Bytes of the next piece that Linux unmaps in one call: pages of one size, up to where a larger size fits. */
static uint64_t piece_bytes(const struct vtd_domain *domain, iova_t iova, uint64_t bytes)
{
	const unsigned limit = leaf_limit_lg2(domain);
	unsigned level = 0;

	while (pt_entry_lg2(level + 1) <= limit && iova % pt_entry_bytes(level + 1) == 0 &&
	       bytes >= pt_entry_bytes(level + 1))
		level++;

	uint64_t page = pt_entry_bytes(level);

	if (pt_entry_lg2(level + 1) <= limit) {
		uint64_t larger = pt_entry_bytes(level + 1);
		uint64_t offset = larger - iova % larger;

		if (offset + larger <= bytes)
			bytes = offset;
	}
	return bytes - bytes % page;
}

/*
 * As in Linux, tables taken out with this piece count for the flush of the pieces before it, when
 * that is due now.
 */
static void gather_add(struct vtd_domain *domain, struct vtd_gather *gather, iova_t iova, uint64_t bytes,
		       struct vtd_invalidations *list)
{
	iova_t last = iova + bytes - 1;
	bool disjoint = gather->piece_bytes && (last + 1 < gather->start || iova > gather->last + 1);

	if (disjoint || gather->piece_bytes != bytes)
		vtd_domain_sync_unmap(domain, gather, list);
	if (!gather->piece_bytes || iova < gather->start)
		gather->start = iova;
	if (!gather->piece_bytes || last > gather->last)
		gather->last = last;
	gather->piece_bytes = bytes;
}

static void table_freed(void *argument, phys_t page)
{
	table_list_add(argument, page);
}

enum map_status vtd_domain_unmap(struct vtd_domain *domain, iova_t iova, uint64_t bytes, struct vtd_gather *gather,
				 struct vtd_invalidations *list, struct map_work *work)
{
	if (!gather->piece_bytes)
		gather->flushed = gather->freed.count;
	while (bytes > 0) {
		uint64_t before = work->bytes;
		uint64_t piece = piece_bytes(domain, iova, bytes);
		enum map_status status =
			page_table_unmap(&domain->table, iova, piece, work, table_freed, &gather->freed);

		if (status != MAP_OK)
			return status;
		if (work->bytes - before > piece) /* a larger leaf went as a whole */
			piece = work->bytes - before;
		if (list)
			gather_add(domain, gather, iova, piece, list);
		iova += piece;
		bytes -= piece < bytes ? piece : bytes;
	}
	return MAP_OK;
}

void vtd_domain_sync_unmap(struct vtd_domain *domain, struct vtd_gather *gather, struct vtd_invalidations *list)
{
	if (!gather->piece_bytes)
		return;
	vtd_domain_flush_range(domain, gather->start, gather->last, gather->freed.count == gather->flushed, list);
	gather->piece_bytes = 0;
	gather->flushed = gather->freed.count;
}

void vtd_domain_free_tables(struct vtd_domain *domain, struct table_list *freed)
{
	for (size_t i = 0; i < freed->count; i++)
		frames_free(domain->driver->frames, freed->page[i]);
	freed->count = 0;
}

/* ---- split ---- */

enum map_status vtd_domain_split(struct vtd_domain *domain, iova_t at, struct vtd_invalidations *list,
				 struct map_work *work)
{
	struct split_range range;
	enum map_status status = page_table_split(&domain->table, at, &range, work);

	if (range.bytes > 0)
		vtd_domain_flush_range(domain, range.first, range.first + range.bytes - 1, false, list);
	return status;
}
