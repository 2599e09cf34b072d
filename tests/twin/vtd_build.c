/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structures for one case: mostly as software would write them, then with a bit or two of them wrong.
 */
#include "tests/twin/vtd_twin.h"

static void note(struct twin *twin, struct twin_entry entry)
{
	if (twin->entry_count < TWIN_ENTRIES_MAX)
		twin->entries[twin->entry_count++] = entry;
}

/* A structure's word, in both memories. */
static void put_word(struct twin *twin, enum twin_part part, unsigned device, phys_t address, unsigned word,
		     uint64_t value)
{
	twin_put(twin, address + word * 8, value);
	note(twin, (struct twin_entry){ .part = part, .word = word, .address = address + word * 8, .device = device });
}

/* ---- page tables ---- */

static uint64_t table_bits(struct twin *twin, bool first_stage)
{
	if (first_stage)
		return VTD_FSPDE_P | (twin_one_in(twin, 20) ? 0 : VTD_FSPDE_RW) |
		       (twin_one_in(twin, 40) ? 0 : VTD_FSPDE_US) | (twin_one_in(twin, 4) ? VTD_FSPDE_A : 0);
	return twin_one_in(twin, 20) ? twin_below(twin, 4) : VTD_SSPDE_R | VTD_SSPDE_W;
}

/* Also bits that the walk ignores. */
static uint64_t leaf_bits(struct twin *twin, bool first_stage, unsigned level)
{
	uint64_t word = level > 0 ? VTD_SSPDE_PS : 0;

	if (first_stage) {
		word |= VTD_FSPTE_P | (twin_one_in(twin, 3) ? 0 : VTD_FSPTE_RW);
		word |= twin_one_in(twin, 24) ? 0 : VTD_FSPTE_US;
		word |= twin_one_in(twin, 4) ? VTD_FSPTE_A : 0;
		word |= twin_one_in(twin, 4) ? VTD_FSPTE_D : 0;
		word |= twin_one_in(twin, 4) ? twin_below(twin, 0x400) << 52 : 0;
	} else {
		word |= twin_one_in(twin, 16) ? 0 : !twin_one_in(twin, 3) ? 3 : 1 + twin_below(twin, 2);
		word |= twin_one_in(twin, 4) ? twin_below(twin, 0x200) << 52 : 0;
		word |= twin_one_in(twin, 4) ? twin_below(twin, 32) << 2 : 0;
	}
	return word;
}

/* Writes the entries that lead from the device's table to a page of this size. */
static void map(struct twin *twin, unsigned number, iova_t iova, unsigned size_lg2, phys_t target)
{
	struct twin_device *device = &twin->devices[number];
	unsigned leaf = (size_lg2 - PAGE_LG2) / 9;
	phys_t table = device->table;

	for (unsigned level = device->levels; level-- > leaf;) {
		phys_t address = table + (iova >> (PAGE_LG2 + 9 * level) & 511) * 8;
		uint64_t word = memory_read64(twin->memory, address);

		if (level == leaf) {
			/* Where a larger or smaller page lies already, that stays. */
			if (word)
				return;
			twin_put(twin, address, target | leaf_bits(twin, device->first_stage, level));
			note(twin, (struct twin_entry){ .part = TWIN_PAGING,
							.address = address,
							.device = number,
							.level = level,
							.leaf = true });
			twin->mappings[twin->mapping_count++] =
				(struct twin_mapping){ number, iova, size_lg2, target, address };
			return;
		}
		if (word & VTD_SSPDE_PS)
			return;
		if (!word) {
			word = twin_page(twin) | table_bits(twin, device->first_stage);
			twin_put(twin, address, word);
			note(twin, (struct twin_entry){
					   .part = TWIN_PAGING, .address = address, .device = number, .level = level });
		}
		table = word & VTD_SSPDE_ADDR;
	}
}

static phys_t random_target(struct twin *twin, unsigned size_lg2)
{
	/* A page of 1 GiB holds all memory; one in sixteen leads where there is none. */
	if (twin_one_in(twin, 16) && twin->group->width > 39)
		return (UINT64_C(1) << 40 | twin_below(twin, 64) << 30) >> size_lg2 << size_lg2;
	if (size_lg2 == 30)
		return 0;
	if (twin_one_in(twin, 40))
		return UINT64_C(0xfee00000) >> size_lg2 << size_lg2;
	return (TWIN_DATA + twin_below(twin, TWIN_DATA_BYTES)) >> size_lg2 << size_lg2;
}

static void map_pages(struct twin *twin, unsigned number)
{
	struct twin_device *device = &twin->devices[number];
	unsigned width = PAGE_LG2 + 9 * device->levels;
	unsigned count = 2 + (unsigned)twin_below(twin, 4);
	iova_t iova = twin_below(twin, UINT64_C(1) << (width < 48 ? width : 48));

	for (unsigned i = 0; i < count && twin->mapping_count < TWIN_MAPPINGS_MAX; i++) {
		unsigned size_lg2 = twin_one_in(twin, 2) ? 12 : twin_one_in(twin, 3) ? 30 : 21;

		/* Near the last one, for tables shared by pages; or anywhere. */
		if (twin_one_in(twin, 3))
			iova = twin_below(twin, UINT64_C(1) << (width < 48 ? width : 48));
		else
			iova += PAGE_BYTES << (twin_one_in(twin, 2) ? 0 : twin_below(twin, 20));
		if (width < 48)
			iova &= (UINT64_C(1) << width) - 1;
		/* Interrupts are not translated. */
		if (iova >> 30 == 3)
			continue;
		if (device->first_stage && (iova >> 47 & 1))
			iova |= UINT64_MAX << 48;
		map(twin, number, iova >> size_lg2 << size_lg2, size_lg2, random_target(twin, size_lg2));
	}
}

/* ---- device structures ---- */

static uint64_t random_aw(struct twin *twin)
{
	if (twin_one_in(twin, 30))
		return twin_below(twin, 8);
	return twin->group->width == 39 || twin_one_in(twin, 3) ? VTD_AW_39 : VTD_AW_48;
}

/* Levels of the tables that are written: some table is there also for a width that means none. */
static unsigned levels_of(uint64_t aw)
{
	return aw >= VTD_AW_39 && aw <= VTD_AW_57 ? (unsigned)aw + 2 : 3;
}

static void legacy_context(struct twin *twin, unsigned number, phys_t table)
{
	struct twin_device *device = &twin->devices[number];
	uint64_t type = twin_one_in(twin, 10) ? twin_below(twin, 4) : VTD_TT_UNTRANSLATED;
	uint64_t aw = type == VTD_TT_PASS_THROUGH && !twin_one_in(twin, 4)
			      ? (twin->group->width == 39 ? VTD_AW_39 : VTD_AW_48)
			      : random_aw(twin);

	device->context = table + (device->source_id & 0xff) * VTD_CONTEXT_BYTES;
	device->levels = levels_of(aw);
	device->pass_through = type == VTD_TT_PASS_THROUGH;
	put_word(twin, TWIN_CONTEXT, number, device->context, 0,
		 device->table | FIELD_PUT(VTD_CONTEXT0_TT, type) | (twin_one_in(twin, 12) ? VTD_CONTEXT0_FPD : 0) |
			 (twin_one_in(twin, 30) ? 0 : VTD_CONTEXT0_P));
	put_word(twin, TWIN_CONTEXT, number, device->context, 1,
		 FIELD_PUT(VTD_CONTEXT1_DID, device->domain) | aw |
			 FIELD_PUT(VTD_CONTEXT1_IGN_6_3, twin_one_in(twin, 4) ? 5 : 0));
}

static void pasid_entry(struct twin *twin, unsigned number)
{
	struct twin_device *device = &twin->devices[number];
	uint64_t usual = twin->group->first_stage ? VTD_PGTT_FIRST_STAGE : VTD_PGTT_SECOND_STAGE;
	uint64_t type = twin_one_in(twin, 10) ? twin_below(twin, 6) : usual;
	uint64_t aw = random_aw(twin);
	uint64_t fpd = twin_one_in(twin, 12) ? VTD_PASID0_FPD : 0, present = twin_one_in(twin, 30) ? 0 : VTD_PASID0_P;

	if (type == VTD_PGTT_PASS_THROUGH && !twin_one_in(twin, 4))
		aw = twin->group->width == 39 ? VTD_AW_39 : VTD_AW_48;
	device->first_stage = type == VTD_PGTT_FIRST_STAGE;
	if (device->first_stage && !twin_one_in(twin, 16))
		aw = VTD_AW_48;
	device->levels = device->first_stage ? 4 : levels_of(aw);
	device->pass_through = type == VTD_PGTT_PASS_THROUGH;
	put_word(twin, TWIN_PASID, number, device->pasid, 0,
		 (device->first_stage ? 0 : device->table) | FIELD_PUT(VTD_PASID0_AW, aw) |
			 FIELD_PUT(VTD_PASID0_PGTT, type) | fpd | present);
	/* PWSNP: QEMU sets flags of the first stage whatever it says; the unit only so. */
	put_word(twin, TWIN_PASID, number, device->pasid, 1, device->domain | VTD_PASID1_PWSNP);
	put_word(twin, TWIN_PASID, number, device->pasid, 2, device->first_stage ? device->table : 0);
	put_word(twin, TWIN_PASID, number, device->pasid, 3, 0);
}

static void scalable_context(struct twin *twin, unsigned number, phys_t table)
{
	struct twin_device *device = &twin->devices[number];
	phys_t directory = twin_page(twin), pasids = twin_page(twin);
	uint64_t size = twin_below(twin, 3);
	uint64_t fpd = twin_one_in(twin, 16) ? VTD_SCONTEXT0_FPD : 0, present = twin_one_in(twin, 30) ? 0 : 1;

	/* The directory is one page: 512 entries. */
	device->rid_pasid = (uint32_t)(twin_one_in(twin, 2) ? twin_below(twin, 128) : twin_below(twin, 512 * 64));
	device->context = table + (device->source_id & 0x7f) * VTD_SCONTEXT_BYTES;
	device->directory = directory + FIELD_GET(VTD_PASID_DIRECTORY_INDEX, device->rid_pasid) * VTD_PASIDDIR_BYTES;
	device->pasid = pasids + FIELD_GET(VTD_PASID_TABLE_INDEX, device->rid_pasid) * VTD_PASID_BYTES;
	while (device->rid_pasid >> 6 >> (size + 7))
		size++;
	put_word(twin, TWIN_CONTEXT, number, device->context, 0,
		 directory | FIELD_PUT(VTD_SCONTEXT0_PDTS, size) | fpd | present);
	put_word(twin, TWIN_CONTEXT, number, device->context, 1, device->rid_pasid);
	put_word(twin, TWIN_CONTEXT, number, device->context, 2, 0);
	put_word(twin, TWIN_CONTEXT, number, device->context, 3, 0);
	put_word(twin, TWIN_DIRECTORY, number, device->directory, 0,
		 pasids | (twin_one_in(twin, 16) ? VTD_PASIDDIR_FPD : 0) |
			 (twin_one_in(twin, 30) ? 0 : VTD_PASIDDIR_P));
	pasid_entry(twin, number);
}

static void build_devices(struct twin *twin)
{
	phys_t root = twin_page(twin), contexts[2] = { twin_page(twin), twin->scalable ? twin_page(twin) : 0 };

	twin->root = root;
	put_word(twin, TWIN_ROOT, 0, root, 0, contexts[0] | (twin_one_in(twin, 50) ? 0 : VTD_ROOT0_P));
	put_word(twin, TWIN_ROOT, 1, root, 1,
		 twin->scalable ? contexts[1] | (twin_one_in(twin, 50) ? 0 : VTD_ROOT0_P) : 0);
	for (unsigned i = 0; i < twin->device_count; i++) {
		struct twin_device *device = &twin->devices[i];

		/* Entries that outlive their table are compared only where each domain is one device's. */
		device->domain = (uint16_t)twin_below(twin, 0x10000);
		if (i > 0 && (device->domain == twin->devices[0].domain || !twin->stale))
			device->domain = twin->stale || twin_one_in(twin, 2) ? twin->devices[0].domain ^ 1
									     : twin->devices[0].domain;
		device->table = twin_page(twin);
		if (twin->scalable)
			scalable_context(twin, i, contexts[device->source_id >> 7 & 1]);
		else
			legacy_context(twin, i, contexts[0]);
		if (!device->pass_through)
			map_pages(twin, i);
	}
}

/* ---- what is wrong ---- */

/* Bits that some unit reserves in a structure's word; 0: any bit. */
static uint64_t reserved_of(const struct twin *twin, const struct twin_entry *entry)
{
	const bool s = twin->scalable;
	const uint64_t high = UINT64_MAX << twin->group->width;

	switch (entry->part) {
	case TWIN_ROOT:
		return s ? VTD_SROOT_RSVD_11_1 | high : entry->word ? VTD_ROOT1_RSVD : VTD_ROOT0_RSVD_11_1 | high;
	case TWIN_CONTEXT:
		if (entry->word == 0)
			return (s ? BITS64(8, 5) : VTD_CONTEXT0_RSVD_11_4) | high;
		if (s)
			return entry->word == 1 ? BITS64(63, 21) : UINT64_MAX;
		return VTD_CONTEXT1_RSVD_7 | VTD_CONTEXT1_RSVD_63_24;
	case TWIN_DIRECTORY:
		return VTD_PASIDDIR_RSVD_11_2 | high;
	case TWIN_PASID:
		return entry->word == 0 ? BITS64(11, 10) | high : UINT64_C(1) << 63;
	case TWIN_PAGING:
		break;
	}
	if (twin->devices[entry->device].first_stage)
		return (high & BITS64(51, 0)) | (entry->level > 2 ? VTD_FSPDE_PS : 0) |
		       (entry->leaf && entry->level ? VTD_FSPDE2M_RSVD_20_13 : 0);
	return (high & BITS64(51, 0)) | VTD_SSPTE_SNP | VTD_SSPTE_IW | (entry->level > 2 ? VTD_SSPDE_PS : 0) |
	       (entry->leaf && entry->level ? VTD_SSPDE2M_RSVD_20_12 : 0);
}

static void flip(struct twin *twin, const struct twin_entry *entry)
{
	uint64_t reserved = reserved_of(twin, entry), bit;

	/* A pointer to where no memory is. */
	if (twin_one_in(twin, 8)) {
		bit = UINT64_C(1) << (28 + twin_below(twin, twin->group->width - 28));
		twin_put(twin, entry->address, memory_read64(twin->memory, entry->address) ^ bit);
		return;
	}
	/* The few low ones as often as the many high ones. */
	if ((reserved & UINT32_MAX) && twin_one_in(twin, 2))
		reserved &= UINT32_MAX;
	do
		bit = UINT64_C(1) << twin_below(twin, 64);
	while (reserved && !(reserved & bit) && !twin_one_in(twin, 16));
	twin_put(twin, entry->address, memory_read64(twin->memory, entry->address) ^ bit);
}

/* Paging entries are the most, structures decide the most: each has half. */
static void break_something(struct twin *twin)
{
	bool is_paging = twin_one_in(twin, 2);

	for (unsigned tries = 0; tries < 64; tries++) {
		const struct twin_entry *entry = &twin->entries[twin_below(twin, twin->entry_count)];

		if ((entry->part == TWIN_PAGING) == is_paging) {
			flip(twin, entry);
			return;
		}
	}
}

/* A domain may be what is wrong. */
static void read_domains(struct twin *twin)
{
	for (unsigned i = 0; i < twin->device_count; i++) {
		struct twin_device *device = &twin->devices[i];
		uint64_t word = memory_read64(twin->memory, (twin->scalable ? device->pasid : device->context) + 8);

		device->domain = (uint16_t)FIELD_GET(twin->scalable ? VTD_PASID1_DID : VTD_CONTEXT1_DID, word);
		twin->stale &= i == 0 || device->domain != twin->devices[0].domain;
	}
}

/* ---- all of it ---- */

static void switch_on(struct twin *twin)
{
	uint64_t queue = twin->queue ? VTD_GCMD_QIE : 0;

	if (twin->queue) {
		twin_register(twin, VTD_REG_IQT, 8, 0);
		twin_register(twin, VTD_REG_IQA, 8,
			      twin->queue_page | (twin->wide ? VTD_IQA_DW : 0) | twin->queue_size);
	}
	twin_register(twin, VTD_REG_RTADDR, 8,
		      twin->root | FIELD_PUT(VTD_RTADDR_TTM, twin->scalable ? VTD_TTM_SCALABLE : VTD_TTM_LEGACY));
	twin_register(twin, VTD_REG_GCMD, 4, VTD_GCMD_SRTP);
	if (twin->queue)
		twin_register(twin, VTD_REG_GCMD, 4, VTD_GCMD_QIE);
	twin_register(twin, VTD_REG_GCMD, 4, (uint32_t)(queue | VTD_GCMD_TE));
}

void twin_build(struct twin *twin)
{
	unsigned broken = twin_one_in(twin, 2) ? 0 : 1 + (unsigned)twin_below(twin, 2);

	twin->device_count = 1 + (unsigned)twin_below(twin, TWIN_DEVICES);
	twin->scalable = twin->group->scalable && !twin_one_in(twin, 6);
	twin->stale = twin_one_in(twin, 2);
	twin->queue = !twin_one_in(twin, 3) || twin->scalable;
	twin->wide = twin->group->scalable && (twin->scalable || twin_one_in(twin, 2));
	twin->queue_size = (unsigned)twin_below(twin, TWIN_QUEUE_PAGES);
	/* The first of the pages, so that the one beside is free: a queue may have two. */
	twin->queue_page = twin_page(twin);
	twin_watch(twin, twin->queue_page + PAGE_BYTES);
	twin->status_page = twin_page(twin);
	build_devices(twin);
	for (unsigned i = 0; i < broken; i++)
		break_something(twin);
	read_domains(twin);
	twin_fill_buffers(twin);
	switch_on(twin);
}
