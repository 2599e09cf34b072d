/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/vtd/describe.h"

#include <string.h>

#include "models/iommu/vtd/unit.h"
#include "models/iommu/vtd/vtd.h"

static const struct {
	const char *name, *index_name;
} names[VTD_ENTRIES] = {
	[VTD_ENTRY_ROOT] = { "root entry", "bus" },
	[VTD_ENTRY_SROOT] = { "scalable-mode root entry", "bus" },
	[VTD_ENTRY_CONTEXT] = { "context entry", "device, function" },
	[VTD_ENTRY_SCONTEXT] = { "scalable-mode context entry", "device, function" },
	[VTD_ENTRY_PASIDDIR] = { "PASID directory entry", "PASID 19:6" },
	[VTD_ENTRY_PASID] = { "PASID table entry", "PASID 5:0" },
};

/* Only a root and a context entry of legacy mode are of one size, and the root entry is the first that is read. */
static enum vtd_entry entry_of_read(const struct vtd *unit, const struct iommu_translation *translation)
{
	switch (translation->access.words * 8) {
	case VTD_PASIDDIR_BYTES:
		return VTD_ENTRY_PASIDDIR;
	case VTD_SCONTEXT_BYTES:
		return VTD_ENTRY_SCONTEXT;
	case VTD_PASID_BYTES:
		return VTD_ENTRY_PASID;
	default:
		if (unit->ttm == VTD_TTM_SCALABLE)
			return VTD_ENTRY_SROOT;
		return translation->reads[IOMMU_FOR_DEVICE] == 0 ? VTD_ENTRY_ROOT : VTD_ENTRY_CONTEXT;
	}
}

static enum vtd_entry entry_named(const char *name)
{
	unsigned entry = 0;

	while (entry + 1 < VTD_ENTRIES && strcmp(names[entry].name, name) != 0)
		entry++;
	return entry;
}

static void structure(const struct iommu *iommu, const struct iommu_translation *translation,
		      const struct iommu_entry *before, struct iommu_entry *entry)
{
	const struct vtd *unit = (const struct vtd *)iommu;
	phys_t address = translation->access.address;
	enum vtd_entry kind = entry_of_read(unit, translation);

	entry->name = names[kind].name;
	entry->index_name = names[kind].index_name;
	entry->words = translation->access.words;
	entry->table = address & ~(PAGE_BYTES - 1);
	/* A PASID directory may be larger than a page: where it begins, the context entry has told. */
	if (kind == VTD_ENTRY_PASIDDIR && before->words)
		entry->table = before->word[0] & VTD_SCONTEXT0_PASIDDIRPTR;
	entry->index = (unsigned)((address - entry->table) / (entry->words * 8));
}

/* Does the unit say of this entry that a reserved bit is set in it? */
static bool is_refused(const struct vtd *unit, enum vtd_entry kind, const uint64_t *words)
{
	phys_t table;
	uint16_t source_id = words[0] & VTD_SROOT_P ? 0 : 0x80;

	switch (kind) {
	case VTD_ENTRY_ROOT:
		return vtd_check_root(unit, words, 0, &table) == VTD_FAULT_ROOT_RESERVED;
	case VTD_ENTRY_SROOT:
		return vtd_check_root(unit, words, source_id, &table) == VTD_FAULT_SROOT_RESERVED;
	case VTD_ENTRY_CONTEXT:
		return vtd_check_context(unit, words) == VTD_FAULT_CONTEXT_RESERVED;
	case VTD_ENTRY_SCONTEXT:
		return vtd_check_scalable_context(unit, words) == VTD_FAULT_SCONTEXT_RESERVED;
	case VTD_ENTRY_PASIDDIR:
		return vtd_check_pasid_directory(unit, words[0]) == VTD_FAULT_PASIDDIR_RESERVED;
	default:
		return vtd_check_pasid(unit, words) == VTD_FAULT_PASID_RESERVED;
	}
}

/* Which bits are reserved depends on the unit's capabilities: each bit is tried alone in an entry that is present. */
static uint64_t reserved_bits(const struct vtd *unit, enum vtd_entry kind, unsigned word)
{
	uint64_t reserved = 0;

	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t words[IOMMU_WORDS_MAX] = { 0 };

		words[kind == VTD_ENTRY_SROOT ? word : 0] = VTD_SROOT_P; /* bit 0 in every entry */
		words[word] |= BIT64(bit);
		if (is_refused(unit, kind, words))
			reserved |= BIT64(bit);
	}
	return reserved;
}

static void structure_words(const struct iommu *iommu, struct iommu_entry *entry)
{
	enum vtd_entry kind = entry_named(entry->name);

	for (unsigned i = 0; i < entry->words; i++) {
		entry->layout[i] = &vtd_entry_layouts[kind][i];
		entry->reserved[i] = reserved_bits((const struct vtd *)iommu, kind, i);
	}
}

const struct iommu_describe_ops vtd_describe_ops = {
	.registers = vtd_described_registers,
	.structure = structure,
	.structure_words = structure_words,
	.fault_text = vtd_fault_text,
	.tables = vtd_tables,
};
