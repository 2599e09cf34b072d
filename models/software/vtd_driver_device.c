/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root, context and PASID structures, and what is invalidated when they change.
 * [LINUX] drivers/iommu/intel/iommu.c: iommu_context_addr, domain_context_mapping_one,
 * domain_context_clear_one; pasid.c: intel_pasid_alloc_table, device_pasid_table_setup,
 * intel_pasid_setup_*, intel_pasid_tear_down_entry.
 */
#include <stdlib.h>

#include "models/software/vtd_driver_private.h"

/* A PASID directory is this many pages times a power of two; each of its pages holds 2^9 entries. */
#define DIRECTORY_ENTRIES_LG2         9u
#define PASIDS_PER_DIRECTORY_PAGE_LG2 15u
#define PASID_WORDS                   (VTD_PASID_BYTES / 8)

static phys_t entry_address(uint64_t word)
{
	return word & ~(PAGE_BYTES - 1);
}

/* Where the device's context entry is; its table is made when make is set, else PHYS_NONE. */
static phys_t context_slot(struct vtd_driver *driver, uint16_t source_id, bool make)
{
	unsigned devfn = source_id & 0xff;
	phys_t root = driver->root + (source_id >> 8) * VTD_ROOT_BYTES;
	unsigned bytes = VTD_CONTEXT_BYTES;

	if (driver->scalable) {
		bytes = VTD_SCONTEXT_BYTES;
		if (devfn >= 0x80)
			root += 8; /* upper half of the bus */
		devfn &= 0x7f;
	}

	uint64_t word = view_read64(driver->view, root);

	if (!(word & VTD_ROOT0_P)) {
		phys_t table = make ? vtd_driver_frames(driver, 1) : PHYS_NONE;

		if (table == PHYS_NONE)
			return PHYS_NONE;
		word = table | VTD_ROOT0_P;
		view_write64(driver->view, root, word);
	}
	return entry_address(word) + devfn * bytes;
}

/* The device's entry for a PASID; its table is made when make is set.  PHYS_NONE: none, or no frame left. */
static phys_t pasid_slot(struct vtd_driver *driver, uint16_t source_id, uint32_t pasid, bool make)
{
	phys_t context = context_slot(driver, source_id, false);

	REQUIRE(context != PHYS_NONE && (view_read64(driver->view, context) & VTD_SCONTEXT0_P));

	uint64_t word = view_read64(driver->view, context);
	uint64_t index = FIELD_GET(VTD_PASID_DIRECTORY_INDEX, pasid);

	if (pasid >> 20 || index >> (FIELD_GET(VTD_SCONTEXT0_PDTS, word) + 7))
		return PHYS_NONE;

	phys_t directory = entry_address(word) + index * VTD_PASIDDIR_BYTES;

	word = view_read64(driver->view, directory);
	if (!(word & VTD_PASIDDIR_P)) {
		phys_t table = make ? vtd_driver_frames(driver, 1) : PHYS_NONE;

		if (table == PHYS_NONE)
			return PHYS_NONE;
		word = table | VTD_PASIDDIR_P;
		view_write64(driver->view, directory, word);
	}
	return entry_address(word) + FIELD_GET(VTD_PASID_TABLE_INDEX, pasid) * VTD_PASID_BYTES;
}

/* ---- probe ---- */

/* Pages (log2) of the directory for a device that offers this many PASIDs.  [LINUX] intel_pasid_alloc_table */
static unsigned directory_order(uint32_t pasids)
{
	unsigned order = 0;

	while (UINT64_C(1) << (PASIDS_PER_DIRECTORY_PAGE_LG2 + order) < pasids)
		order++;
	return order;
}

bool vtd_driver_probe(struct vtd_driver *driver, uint16_t source_id, uint32_t pasids, struct vtd_invalidations *list)
{
	uint64_t ecap = driver->config.extended_capability;
	uint64_t most = ecap & VTD_ECAP_PASID ? UINT64_C(2) << FIELD_GET(VTD_ECAP_PSS, ecap) : 0;

	if (!driver->scalable)
		return true;

	phys_t context = context_slot(driver, source_id, true);

	if (context == PHYS_NONE)
		return false;
	if (view_read64(driver->view, context) & VTD_SCONTEXT0_P)
		return true;

	if (pasids > most)
		pasids = (uint32_t)most;

	unsigned order = directory_order(pasids);
	phys_t directory = vtd_driver_frames(driver, (size_t)1 << order);

	if (directory == PHYS_NONE)
		return false;
	view_write64(driver->view, context + 8, FIELD_PUT(VTD_SCONTEXT1_RID_PASID, VTD_DRIVER_NO_PASID));
	view_write64(driver->view, context,
		     directory | FIELD_PUT(VTD_SCONTEXT0_PDTS, order + DIRECTORY_ENTRIES_LG2 - 7) |
			     (pasids ? VTD_SCONTEXT0_PASIDE : 0) | VTD_SCONTEXT0_P);

	if (vtd_driver_caching_mode(driver)) { /* not-present entries are cached under domain 0 */
		vtd_driver_flush_context(driver, list, VTD_CC_DEVICE, 0, source_id);
		vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_DOMAIN, 0, 0, true);
	}
	return true;
}

/* ---- attach ---- */

/* AW of a second stage with these levels. */
static uint64_t address_width(unsigned levels)
{
	return levels - 2;
}

static bool write_context(struct vtd_driver *driver, const struct vtd_domain *domain, uint16_t source_id,
			  struct vtd_invalidations *list)
{
	phys_t context = context_slot(driver, source_id, true);

	if (context == PHYS_NONE)
		return false;
	view_write64(driver->view, context + 8,
		     FIELD_PUT(VTD_CONTEXT1_DID, domain->id) |
			     FIELD_PUT(VTD_CONTEXT1_AW, address_width(domain->table.rules.levels)));
	view_write64(driver->view, context,
		     domain->table.root | FIELD_PUT(VTD_CONTEXT0_TT, VTD_TT_UNTRANSLATED) | VTD_CONTEXT0_P);

	if (vtd_driver_caching_mode(driver)) {
		vtd_driver_flush_context(driver, list, VTD_CC_DEVICE, 0, source_id);
		vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_DOMAIN, domain->id, 0, true);
	} else {
		vtd_driver_flush_write_buffer(driver, list);
	}
	return true;
}

/* Words 0 to 2 of a PASID entry; the others are zero. */
static void make_pasid_entry(const struct vtd_driver *driver, const struct vtd_domain *domain, uint64_t word[3])
{
	const struct vtd_domain *second = domain->kind == VTD_DOMAIN_NESTED ? domain->parent : domain;
	phys_t first_root = domain->first_stage_root;
	unsigned first_levels = domain->first_stage_levels;
	enum vtd_pgtt type = VTD_PGTT_NESTED;

	word[0] = VTD_PASID0_P | FIELD_PUT(VTD_PASID0_AW, address_width(driver->levels));
	word[1] = FIELD_PUT(VTD_PASID1_DID, domain->id);
	word[2] = 0;
	if (domain->kind == VTD_DOMAIN_DMA || domain->kind == VTD_DOMAIN_UNMANAGED) {
		type = domain->first_stage ? VTD_PGTT_FIRST_STAGE : VTD_PGTT_SECOND_STAGE;
		first_root = domain->table.root;
		first_levels = domain->table.rules.levels;
	} else if (domain->kind == VTD_DOMAIN_SVA) {
		type = VTD_PGTT_FIRST_STAGE;
	}

	word[0] |= FIELD_PUT(VTD_PASID0_PGTT, type);
	if (type != VTD_PGTT_FIRST_STAGE) {
		word[0] |= second->table.root;
		if (driver->config.dirty_tracking && (driver->config.extended_capability & VTD_ECAP_SSADS))
			word[0] |= VTD_PASID0_SSADE;
	}
	if (type != VTD_PGTT_SECOND_STAGE)
		word[2] = first_root |
			  FIELD_PUT(VTD_PASID2_FSPM, first_levels == 5 ? VTD_FSPM_5_LEVEL : VTD_FSPM_4_LEVEL);
	if (driver->config.extended_capability & VTD_ECAP_SMPWC)
		word[1] |= VTD_PASID1_PWSNP;
	/* VFIO's coherency, where no leaf has a bit for it.  [LINUX] intel_iommu_enforce_cache_coherency */
	if (domain->kind == VTD_DOMAIN_UNMANAGED && domain->first_stage &&
	    (driver->config.extended_capability & VTD_ECAP_SC))
		word[1] |= VTD_PASID1_PGSNP;
}

static bool write_pasid_entry(struct vtd_driver *driver, const struct vtd_domain *domain, uint16_t source_id,
			      uint32_t pasid, struct vtd_invalidations *list)
{
	phys_t slot = pasid_slot(driver, source_id, pasid, true);
	uint64_t word[3];

	if (slot == PHYS_NONE)
		return false;
	make_pasid_entry(driver, domain, word);
	view_write64(driver->view, slot + 8, word[1]);
	view_write64(driver->view, slot + 16, word[2]);
	view_write64(driver->view, slot, word[0]);

	if (vtd_driver_caching_mode(driver)) {
		vtd_driver_flush_pasid_cache(list, VTD_PC_PASID, domain->id, pasid);
		vtd_driver_flush_pasid_iotlb(list, VTD_P_IOTLB_PASID, domain->id, pasid, 0, true);
	} else {
		vtd_driver_flush_write_buffer(driver, list);
	}
	return true;
}

static struct vtd_attachment *find_attachment(const struct vtd_driver *driver, uint16_t source_id, uint32_t pasid)
{
	for (size_t i = 0; i < driver->attachments; i++)
		if (driver->attachment[i].source_id == source_id && driver->attachment[i].pasid == pasid)
			return &driver->attachment[i];
	return NULL;
}

struct vtd_domain *vtd_driver_attached(const struct vtd_driver *driver, uint16_t source_id, uint32_t pasid)
{
	struct vtd_attachment *attachment = find_attachment(driver, source_id, pasid);

	return attachment ? attachment->domain : NULL;
}

/* The lowest identifier not taken; 0: none. */
static uint16_t free_id(const struct vtd_driver *driver)
{
	for (unsigned id = VTD_DRIVER_FIRST_FREE_ID; id < driver->id_count; id++)
		if (!(driver->ids[id / 64] & BIT64(id % 64)))
			return (uint16_t)id;
	return 0;
}

bool vtd_driver_has_id(const struct vtd_driver *driver)
{
	return free_id(driver) != 0;
}

static uint16_t take_id(struct vtd_driver *driver)
{
	uint16_t id = free_id(driver);

	if (id != 0)
		driver->ids[id / 64] |= BIT64(id % 64);
	return id;
}

static void drop_user(struct vtd_driver *driver, struct vtd_domain *domain)
{
	if (--domain->attachments > 0)
		return;
	if (domain->kind != VTD_DOMAIN_SVA)
		driver->ids[domain->id / 64] &= ~BIT64(domain->id % 64);
	domain->id = 0;
}

bool vtd_driver_attach(struct vtd_driver *driver, struct vtd_domain *domain, uint16_t source_id, uint32_t pasid,
		       struct vtd_invalidations *list)
{
	REQUIRE(domain->driver == driver);
	if (!driver->scalable && (pasid != VTD_DRIVER_NO_PASID || domain->first_stage))
		return false;
	vtd_driver_detach(driver, source_id, pasid, list);

	if (domain->attachments == 0)
		domain->id = domain->kind == VTD_DOMAIN_SVA ? VTD_DRIVER_SVA_ID : take_id(driver);
	if (domain->id == 0)
		return false;
	domain->attachments++;

	if (driver->scalable ? !write_pasid_entry(driver, domain, source_id, pasid, list)
			     : !write_context(driver, domain, source_id, list)) {
		drop_user(driver, domain);
		return false;
	}
	vtd_domain_tag(domain, domain->id, pasid);
	if (domain->parent)
		vtd_domain_tag(domain->parent, domain->id, pasid);
	driver->attachment = vtd_driver_grow(driver->attachment, driver->attachments, &driver->attachment_capacity,
					     sizeof(*driver->attachment));
	driver->attachment[driver->attachments++] =
		(struct vtd_attachment){ .source_id = source_id, .pasid = pasid, .domain = domain };
	return true;
}

static void clear_context(struct vtd_driver *driver, const struct vtd_domain *domain, uint16_t source_id,
			  struct vtd_invalidations *list)
{
	phys_t context = context_slot(driver, source_id, false);

	view_write64(driver->view, context, 0);
	view_write64(driver->view, context + 8, 0);
	vtd_driver_flush_context(driver, list, VTD_CC_DEVICE, domain->id, source_id);
	vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_DOMAIN, domain->id, 0, true);
}

static void clear_pasid_entry(struct vtd_driver *driver, const struct vtd_domain *domain, uint16_t source_id,
			      uint32_t pasid, struct vtd_invalidations *list)
{
	phys_t slot = pasid_slot(driver, source_id, pasid, false);

	for (unsigned i = 0; i < PASID_WORDS; i++)
		view_write64(driver->view, slot + 8 * i, 0);
	vtd_driver_flush_pasid_cache(list, VTD_PC_PASID, domain->id, pasid);
	if (domain->first_stage && domain->kind != VTD_DOMAIN_NESTED)
		vtd_driver_flush_pasid_iotlb(list, VTD_P_IOTLB_PASID, domain->id, pasid, 0, true);
	else
		vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_DOMAIN, domain->id, 0, true);
}

void vtd_driver_detach(struct vtd_driver *driver, uint16_t source_id, uint32_t pasid, struct vtd_invalidations *list)
{
	struct vtd_attachment *attachment = find_attachment(driver, source_id, pasid);

	if (!attachment)
		return;

	struct vtd_domain *domain = attachment->domain;

	if (driver->scalable)
		clear_pasid_entry(driver, domain, source_id, pasid, list);
	else
		clear_context(driver, domain, source_id, list);
	vtd_domain_untag(domain, domain->id, pasid);
	if (domain->parent)
		vtd_domain_untag(domain->parent, domain->id, pasid);
	*attachment = driver->attachment[--driver->attachments];
	drop_user(driver, domain);
}

/* ---- the end ---- */

/* The directory of a scalable-mode context entry, and its tables. */
static void free_directory(struct vtd_driver *driver, uint64_t context)
{
	phys_t directory = entry_address(context);
	phys_t bytes = VTD_PASIDDIR_BYTES << (FIELD_GET(VTD_SCONTEXT0_PDTS, context) + 7);

	for (phys_t slot = 0; slot < bytes; slot += VTD_PASIDDIR_BYTES) {
		uint64_t word = view_read64(driver->view, directory + slot);

		if (word & VTD_PASIDDIR_P)
			frames_free(driver->frames, entry_address(word));
	}
	for (phys_t page = 0; page < bytes; page += PAGE_BYTES)
		frames_free(driver->frames, directory + page);
}

void vtd_driver_free_structures(struct vtd_driver *driver)
{
	/* In legacy mode the second word of a root entry is zero. */
	for (phys_t root = 0; root < PAGE_BYTES; root += 8) {
		uint64_t word = view_read64(driver->view, driver->root + root);
		phys_t table = entry_address(word);

		if (!(word & VTD_ROOT0_P))
			continue;
		for (phys_t slot = 0; driver->scalable && slot < PAGE_BYTES; slot += VTD_SCONTEXT_BYTES) {
			uint64_t context = view_read64(driver->view, table + slot);

			if (context & VTD_SCONTEXT0_P)
				free_directory(driver, context);
		}
		frames_free(driver->frames, table);
	}
	frames_free(driver->frames, driver->root);
}
