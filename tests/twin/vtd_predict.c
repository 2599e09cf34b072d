/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/twin/vtd_predict.h"

#define UNREADABLE UINT64_MAX

struct path {
	const struct twin *twin;
	const struct iommu_request *request;
	struct twin_prediction *prediction;
	bool first_stage;
	bool fpd;
	phys_t table;
	uint64_t aw;
};

static uint64_t word_at(const struct twin *twin, phys_t address)
{
	return address < TWIN_RAM_BYTES ? memory_read64(twin->memory, address) : UNREADABLE;
}

static uint64_t high_bits(const struct twin *twin)
{
	return UINT64_MAX << twin->group->width;
}

static bool can(const struct twin *twin, uint64_t bit)
{
	return twin->config.extended_capability & bit;
}

static bool is_width(const struct twin *twin, uint64_t aw)
{
	return aw == VTD_AW_39 || (aw == VTD_AW_48 && twin->group->width == 48);
}

/* ---- page tables; each returns the fault reason, or 0 and the output ---- */

/* Bits of a second-stage entry that QEMU reserves. */
static uint64_t second_reserved(const struct twin *twin, unsigned level, bool large)
{
	const uint64_t ignored = UINT64_C(0xbff0000000000000);
	bool is_leaf = level == 0 || large, ignores_tm = twin->version < 10 && can(twin, VTD_ECAP_DT);
	uint64_t reserved = VTD_SSPTE_SNP | (high_bits(twin) & ~ignored);

	if (large)
		reserved |= level == 1 ? VTD_SSPDE2M_RSVD_20_12 : VTD_SSPDPE1G_RSVD_29_12;
	if (level == 3)
		reserved |= VTD_SSPDE_PS;
	if (is_leaf && (twin->group->scalable || can(twin, VTD_ECAP_SC)))
		reserved &= ~VTD_SSPTE_SNP;
	return is_leaf && ignores_tm ? reserved & ~VTD_SSPTE_IW : reserved;
}

static unsigned second_stage(struct path *path, phys_t *output, unsigned *size_lg2)
{
	const struct twin *twin = path->twin;
	unsigned level = (unsigned)path->aw + 1, top = level;
	unsigned width = PAGE_LG2 + 9 * (level + 1);
	uint64_t wanted = path->request->write ? VTD_SSPTE_W : VTD_SSPTE_R;
	phys_t table = path->table;

	if (path->request->iova >> (width < twin->group->width ? width : twin->group->width))
		return VTD_FAULT_ADDRESS_WIDTH;
	for (;; level--) {
		uint64_t word = word_at(twin, table + (path->request->iova >> (PAGE_LG2 + 9 * level) & 511) * 8);
		bool large = level > 0 && level < 3 && (word & VTD_SSPDE_PS);

		if (word == UNREADABLE)
			return level == top ? VTD_FAULT_CONTEXT_INVALID : VTD_FAULT_PAGING_ACCESS;
		if (!(word & wanted))
			return path->request->write ? VTD_FAULT_WRITE_DENIED : VTD_FAULT_READ_DENIED;
		if (word & second_reserved(twin, level, large))
			return VTD_FAULT_PAGING_RESERVED;
		if (level == 0 || large) {
			path->prediction->ignored_snoop = (word & VTD_SSPTE_SNP) && !can(twin, VTD_ECAP_SC);
			path->prediction->ignored_tm = word & VTD_SSPTE_IW;
			*size_lg2 = PAGE_LG2 + 9 * level;
			*output = word & VTD_SSPTE_ADDR & ~high_bits(twin);
			return 0;
		}
		table = word & VTD_SSPTE_ADDR & ~high_bits(twin);
	}
}

static uint64_t first_reserved(const struct twin *twin, unsigned level, bool large)
{
	uint64_t reserved = high_bits(twin) & VTD_FSPTE_ADDR;

	if (large)
		reserved |= level == 1 ? VTD_FSPDE2M_RSVD_20_13 : VTD_FSPDPE1G_RSVD_29_13;
	return level == 3 ? reserved | VTD_FSPDE_PS : reserved;
}

static unsigned first_stage(struct path *path, phys_t *output, unsigned *size_lg2)
{
	const struct twin *twin = path->twin;
	unsigned width = 30 + 9 * (unsigned)path->aw, level = 3;
	unsigned top_bit = (width < twin->group->width ? width : twin->group->width) - 1;
	phys_t table = path->table;

	if (path->request->iova >> top_bit != 0 && path->request->iova >> top_bit != UINT64_MAX >> top_bit)
		return VTD_FAULT_NOT_CANONICAL;
	for (;; level--) {
		uint64_t word = word_at(twin, table + (path->request->iova >> (PAGE_LG2 + 9 * level) & 511) * 8);
		bool large = level > 0 && level < 3 && (word & VTD_FSPDE_PS);

		if (word == UNREADABLE)
			return level == 3 ? VTD_FAULT_FS_ROOT_ACCESS : VTD_FAULT_FS_ACCESS;
		if (!(word & VTD_FSPTE_P))
			return VTD_FAULT_FS_NOT_PRESENT;
		if (!(word & VTD_FSPTE_US))
			return VTD_FAULT_USER_DENIED;
		if (path->request->write && !(word & VTD_FSPTE_RW))
			return VTD_FAULT_SM_WRITE_DENIED;
		if (word & first_reserved(twin, level, large))
			return VTD_FAULT_FS_RESERVED;
		if (level == 0 || large) {
			path->prediction->ignored_1g = level == 2 && !(twin->config.capability & VTD_CAP_FS1GP);
			*size_lg2 = PAGE_LG2 + 9 * level;
			*output = word & VTD_FSPTE_ADDR & ~high_bits(twin);
			return 0;
		}
		table = word & VTD_FSPTE_ADDR & ~high_bits(twin);
	}
}

static unsigned walk(struct path *path)
{
	struct twin_prediction *prediction = path->prediction;
	phys_t output = 0;
	unsigned size_lg2 = PAGE_LG2;
	unsigned reason =
		path->first_stage ? first_stage(path, &output, &size_lg2) : second_stage(path, &output, &size_lg2);

	if (reason)
		return reason;

	uint64_t mask = (UINT64_C(1) << size_lg2) - 1;

	output &= ~mask;
	prediction->theirs.output = output | (path->request->iova & mask);
	/* The whole page counts. */
	if (output <= 0xfeefffff && output + mask >= 0xfee00000) {
		prediction->large_interrupt = prediction->theirs.output - 0xfee00000 >= 0x100000;
		return path->twin->group->scalable ? VTD_FAULT_SM_INTERRUPT_ADDRESS : VTD_FAULT_INTERRUPT_ADDRESS;
	}
	return 0;
}

static unsigned passed(struct path *path)
{
	path->prediction->pass_through = true;
	path->prediction->theirs.output = path->request->iova;
	return 0;
}

/* ---- device structures ---- */

static unsigned legacy(struct path *path)
{
	const struct twin *twin = path->twin;
	uint64_t low = word_at(twin, twin->root), high = word_at(twin, twin->root + 8);
	phys_t entry = (low & VTD_ROOT0_CTP) + (path->request->source_id & 0xff) * VTD_CONTEXT_BYTES;
	uint64_t context[2] = { word_at(twin, entry), word_at(twin, entry + 8) };

	if (!(low & VTD_ROOT0_P))
		return VTD_FAULT_ROOT_NOT_PRESENT;
	if (high || (low & (VTD_ROOT0_RSVD_11_1 | high_bits(twin))))
		return VTD_FAULT_ROOT_RESERVED;
	if (context[0] == UNREADABLE)
		return VTD_FAULT_CONTEXT_ACCESS;
	path->fpd = context[0] & VTD_CONTEXT0_FPD;
	path->aw = FIELD_GET(VTD_CONTEXT1_AW, context[1]);
	path->prediction->unused_pointer =
		FIELD_GET(VTD_CONTEXT0_TT, context[0]) == VTD_TT_PASS_THROUGH && (context[0] & high_bits(twin));
	if (!(context[0] & VTD_CONTEXT0_P))
		return VTD_FAULT_CONTEXT_NOT_PRESENT;
	if ((context[0] & (VTD_CONTEXT0_RSVD_11_4 | high_bits(twin))) ||
	    (context[1] & (VTD_CONTEXT1_RSVD_7 | VTD_CONTEXT1_RSVD_63_24)))
		return VTD_FAULT_CONTEXT_RESERVED;
	path->table = context[0] & VTD_CONTEXT0_SSPTPTR;
	if (!is_width(twin, path->aw))
		return VTD_FAULT_CONTEXT_INVALID;
	switch (FIELD_GET(VTD_CONTEXT0_TT, context[0])) {
	case VTD_TT_UNTRANSLATED:
		return walk(path);
	case VTD_TT_DEVICE_TLB:
		return can(twin, VTD_ECAP_DT) ? walk(path) : VTD_FAULT_CONTEXT_INVALID;
	case VTD_TT_PASS_THROUGH:
		return can(twin, VTD_ECAP_PT) ? passed(path) : VTD_FAULT_CONTEXT_INVALID;
	default:
		return VTD_FAULT_CONTEXT_INVALID;
	}
}

/* Is the type of a PASID entry, with its widths, one that QEMU takes? */
static bool takes_type(const struct path *path, uint64_t type, const uint64_t entry[8])
{
	const struct twin *twin = path->twin;

	if (twin->version < 10) {
		bool is_known = (type >= VTD_PGTT_FIRST_STAGE && type <= VTD_PGTT_NESTED) ||
				(type == VTD_PGTT_PASS_THROUGH && can(twin, VTD_ECAP_PT));

		return is_known && is_width(twin, path->aw);
	}
	switch (type) {
	case VTD_PGTT_FIRST_STAGE:
		return can(twin, VTD_ECAP_FSTS) && FIELD_GET(VTD_PASID2_FSPM, entry[2]) == VTD_FSPM_4_LEVEL;
	case VTD_PGTT_SECOND_STAGE:
		return can(twin, VTD_ECAP_SSTS) && is_width(twin, path->aw);
	case VTD_PGTT_PASS_THROUGH:
		return can(twin, VTD_ECAP_PT);
	default:
		return false;
	}
}

static void note(struct path *path, bool is_present, unsigned reason)
{
	path->prediction->present |= is_present ? UINT64_C(1) << (reason - 0x40) : 0;
}

/* Every condition of Table 30 that a PASID entry meets, whichever is reported. */
static void note_entry(struct path *path, const uint64_t entry[8], bool is_taken)
{
	const uint64_t high = high_bits(path->twin);
	uint64_t others = entry[3] | entry[4] | entry[5] | entry[6] | entry[7];
	uint64_t reserved0 = BITS64(11, 9) | BIT64(5) | high, reserved2 = BITS64(11, 5) | BIT64(1) | high;

	/* All that belongs to a stage which the unit has not. */
	reserved0 |= can(path->twin, VTD_ECAP_SSTS) ? 0 : VTD_PASID0_SSPTPTR;
	reserved2 |= can(path->twin, VTD_ECAP_FSTS) ? 0 : UINT64_MAX;
	reserved2 |= can(path->twin, VTD_ECAP_SRS) ? 0 : VTD_PASID2_SRE;

	bool has_reserved =
		(entry[0] & reserved0) || (entry[1] & ~(BITS64(15, 0) | BIT64(23))) || (entry[2] & reserved2) || others;

	note(path, !(entry[0] & VTD_PASID0_P), VTD_FAULT_PASID_NOT_PRESENT);
	note(path, has_reserved, VTD_FAULT_PASID_RESERVED);
	note(path, !is_taken || !is_width(path->twin, path->aw) || FIELD_GET(VTD_PASID2_FSPM, entry[2]),
	     VTD_FAULT_PASID_INVALID);
	note(path, path->twin->version < 10 && FIELD_GET(VTD_PASID0_PGTT, entry[0]) != VTD_PGTT_SECOND_STAGE,
	     VTD_FAULT_PASID_INVALID);
}

static unsigned pasid(struct path *path, const uint64_t context[4])
{
	const struct twin *twin = path->twin;
	const bool old = twin->version < 10;
	uint64_t number = FIELD_GET(VTD_SCONTEXT1_RID_PASID, context[1]);
	uint64_t directory = word_at(twin, (context[0] & VTD_SCONTEXT0_PASIDDIRPTR) +
						   FIELD_GET(VTD_PASID_DIRECTORY_INDEX, number) * VTD_PASIDDIR_BYTES);
	phys_t address =
		(directory & VTD_PASIDDIR_SMPTBLPTR) + FIELD_GET(VTD_PASID_TABLE_INDEX, number) * VTD_PASID_BYTES;
	uint64_t entry[8], type;

	note(path, FIELD_GET(VTD_PASID_DIRECTORY_INDEX, number) >> (FIELD_GET(VTD_SCONTEXT0_PDTS, context[0]) + 7),
	     VTD_FAULT_SCONTEXT_INVALID);
	note(path, (context[0] & BITS64(4, 2)) || (context[1] & BIT64(20)), VTD_FAULT_SCONTEXT_RESERVED);
	note(path, (context[0] & BIT64(4)) != 0, VTD_FAULT_SCONTEXT_INVALID);
	note(path, directory == UNREADABLE, VTD_FAULT_PASIDDIR_ACCESS);
	note(path, !(directory & VTD_PASIDDIR_P), VTD_FAULT_PASIDDIR_NOT_PRESENT);
	note(path, directory & (VTD_PASIDDIR_RSVD_11_2 | high_bits(twin)), VTD_FAULT_PASIDDIR_RESERVED);
	if (directory != UNREADABLE)
		path->prediction->fpd = directory & VTD_PASIDDIR_FPD;
	if (directory == UNREADABLE)
		return old ? VTD_FAULT_PASID_ACCESS : VTD_FAULT_PASIDDIR_ACCESS;
	if (!(directory & VTD_PASIDDIR_P))
		return old ? VTD_FAULT_PASID_ACCESS : VTD_FAULT_PASIDDIR_NOT_PRESENT;
	for (unsigned i = 0; i < 8; i++)
		entry[i] = word_at(twin, address + 8 * i);
	note(path, entry[0] == UNREADABLE, VTD_FAULT_PASID_ACCESS);
	if (entry[0] == UNREADABLE)
		return VTD_FAULT_PASID_ACCESS;
	path->prediction->fpd |= entry[0] & VTD_PASID0_FPD;
	type = FIELD_GET(VTD_PASID0_PGTT, entry[0]);
	path->aw = FIELD_GET(VTD_PASID0_AW, entry[0]);
	note_entry(path, entry, takes_type(path, type, entry));
	path->prediction->pass_through = type == VTD_PGTT_PASS_THROUGH;
	if (!takes_type(path, type, entry))
		return old ? VTD_FAULT_PASID_ACCESS : VTD_FAULT_PASID_INVALID;
	if (!(entry[0] & VTD_PASID0_P))
		return old ? VTD_FAULT_PASID_ACCESS : VTD_FAULT_PASID_NOT_PRESENT;
	path->fpd |= (directory & VTD_PASIDDIR_FPD) || (entry[0] & VTD_PASID0_FPD);
	if (type == VTD_PGTT_PASS_THROUGH)
		return passed(path);
	path->first_stage = twin->group->first_stage;
	path->prediction->not_snooped = path->first_stage && !(entry[1] & VTD_PASID1_PWSNP);
	path->table = path->first_stage ? entry[2] & VTD_PASID2_FSPTPTR : entry[0] & VTD_PASID0_SSPTPTR;
	return walk(path);
}

static unsigned scalable(struct path *path)
{
	const struct twin *twin = path->twin;
	uint64_t half[2] = { word_at(twin, twin->root), word_at(twin, twin->root + 8) };
	uint64_t mine = half[path->request->source_id >> 7 & 1];
	phys_t entry = (mine & VTD_SROOT_CTP) + (path->request->source_id & 0x7f) * VTD_SCONTEXT_BYTES;
	uint64_t context[4];

	if (!(mine & VTD_SROOT_P))
		return VTD_FAULT_ROOT_NOT_PRESENT;
	if ((half[0] | half[1]) & (VTD_SROOT_RSVD_11_1 | high_bits(twin)))
		return VTD_FAULT_ROOT_RESERVED;
	for (unsigned i = 0; i < 4; i++)
		context[i] = word_at(twin, entry + 8 * i);
	if (context[0] == UNREADABLE)
		return VTD_FAULT_CONTEXT_ACCESS;
	path->fpd = context[0] & VTD_SCONTEXT0_FPD;
	if (!(context[0] & VTD_SCONTEXT0_P))
		return VTD_FAULT_CONTEXT_NOT_PRESENT;
	if ((context[0] & (BITS64(8, 5) | high_bits(twin))) || (context[1] & BITS64(63, 21)) || context[2] ||
	    context[3])
		return VTD_FAULT_CONTEXT_RESERVED;
	return pasid(path, context);
}

/* Reasons that QEMU holds back where FPD says so. */
static bool heeds_fpd(const struct twin *twin, unsigned reason)
{
	switch (reason) {
	case VTD_FAULT_ROOT_NOT_PRESENT:
	case VTD_FAULT_ROOT_ACCESS:
	case VTD_FAULT_CONTEXT_ACCESS:
	case VTD_FAULT_ROOT_RESERVED:
	case VTD_FAULT_CONTEXT_RESERVED:
	case VTD_FAULT_PASID_ACCESS:
		return false;
	case VTD_FAULT_PASIDDIR_ACCESS:
		return twin->version < 10;
	default:
		return true;
	}
}

void twin_predict(const struct twin *twin, const struct twin_device *device, const struct iommu_request *request,
		  struct twin_prediction *prediction)
{
	const struct twin_cached *cached = twin_cached_find(twin, device->source_id, request->iova);
	struct path path = { .twin = twin, .request = request, .prediction = prediction };
	unsigned reason;

	if (cached) {
		prediction->theirs = prediction->ours;
		prediction->cached = !(request->write ? cached->write : cached->read);
		prediction->outlived = cached->outlived;
		prediction->dropped = cached->dropped;
		/* The model walks again, for the dirty flag or as it has none any more, and sees what changed. */
		prediction->kept = !prediction->cached &&
				   (cached->outlived || cached->dropped || (request->write && cached->first_stage));
		if (prediction->cached)
			prediction->theirs = (struct twin_outcome){ .moved = false };
		else if (prediction->kept)
			prediction->theirs =
				(struct twin_outcome){ .moved = true,
						       .output = cached->output + (request->iova - cached->base) };
		return;
	}
	reason = twin->scalable ? scalable(&path) : legacy(&path);
	prediction->fpd |= path.fpd;
	prediction->theirs.reason = reason;
	prediction->theirs.moved = reason == 0;
	prediction->theirs.recorded = reason != 0 && !(path.fpd && heeds_fpd(twin, reason));
}
