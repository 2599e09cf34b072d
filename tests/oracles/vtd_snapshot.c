/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/iommu/vtd/layout.h"
#include "tests/oracles/vtd_guest.h"

#define ADDRESS BITS64(51, 12)

struct leaf_check {
	const struct recorded_leaf *recorded;
	size_t count, next;
	unsigned source_id;
};

static bool check_leaf(void *argument, const struct page_table_leaf *leaf)
{
	struct leaf_check *check = argument;

	MUST(check->next < check->count, "device %04x: %#" PRIx64 " is mapped, not so in the guest", check->source_id,
	     leaf->iova);

	const struct recorded_leaf *recorded = &check->recorded[check->next++];

	MUST(leaf->iova == recorded->iova && leaf->level == recorded->level && leaf->word == recorded->word,
	     "device %04x: leaf %#" PRIx64 " at %#" PRIx64 ", level %u; in the guest %#" PRIx64 " at %#" PRIx64
	     ", level %u",
	     check->source_id, leaf->word, leaf->iova, leaf->level, recorded->word, recorded->iova, recorded->level);
	MUST(leaf->word_address % PAGE_BYTES == recorded->word_address % PAGE_BYTES &&
		     pt_entry_bytes(leaf->level) == recorded->bytes && leaf->entry.address == recorded->output &&
		     !(leaf->permissions & PT_READ) == !recorded->read &&
		     !(leaf->permissions & PT_WRITE) == !recorded->write,
	     "device %04x: the same leaf at %#" PRIx64 " decodes to something else", check->source_id, leaf->iova);
	return true;
}

static void check_leaves(struct vtd_guest *guest, const char *snapshot)
{
	for (uint16_t i = 0; i < trace_summary(guest->recording.trace)->devices; i++) {
		struct leaf_check check = { .source_id = trace_device(guest->recording.trace, i)->source_id };
		struct vtd_domain *domain =
			vtd_driver_attached(guest->driver, (uint16_t)check.source_id, VTD_DRIVER_NO_PASID);
		struct recorded_leaf *recorded =
			recording_leaves(&guest->recording, snapshot, check.source_id, &check.count);

		check.recorded = recorded;
		if (domain)
			page_table_for_each(vtd_domain_table(domain), check_leaf, &check);
		MUST(check.next == check.count, "device %04x: %zu leaves, the guest has %zu", check.source_id,
		     check.next, check.count);
		free(recorded);
	}
}

/* Two structures of count words, equal but for the addresses in their words (mask: which of them hold one). */
static void check_words(const struct vtd_guest *guest, const struct memory *snapshot, phys_t ours, phys_t theirs,
			unsigned count, unsigned with_address)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t differ = vtd_guest_word(guest, ours + 8 * i) ^ memory_read64(snapshot, theirs + 8 * i);

		if (with_address & (1u << i))
			differ &= ~ADDRESS;
		MUST(differ == 0, "entry in the guest at %#" PRIx64 ": word %u differs by %#" PRIx64, theirs, i,
		     differ);
	}
}

/* The table that an entry in our memory, and the same entry in the guest's, point to; false: not present. */
static bool tables_at(const struct vtd_guest *guest, const struct memory *snapshot, phys_t *ours, phys_t *theirs)
{
	uint64_t word = vtd_guest_word(guest, *ours);

	*ours = word & ADDRESS;
	*theirs = memory_read64(snapshot, *theirs) & ADDRESS;
	return word & VTD_ROOT0_P; /* bit 0 in every entry of this kind */
}

static void check_pasid_directory(const struct vtd_guest *guest, const struct memory *snapshot, phys_t ours,
				  phys_t theirs)
{
	/* 2^9 entries: one page, as for devices without PASIDs. */
	for (unsigned i = 0; i < 512; i++) {
		phys_t table = ours + 8 * i, recorded = theirs + 8 * i;

		check_words(guest, snapshot, table, recorded, 1, 1);
		if (!tables_at(guest, snapshot, &table, &recorded))
			continue;
		for (phys_t entry = 0; entry < PAGE_BYTES; entry += VTD_PASID_BYTES)
			check_words(guest, snapshot, table + entry, recorded + entry, 8, 1u << 0 | 1u << 2);
	}
}

static void check_structures(const struct vtd_guest *guest, const struct memory *snapshot, phys_t theirs)
{
	unsigned bytes = vtd_driver_scalable(guest->driver) ? VTD_SCONTEXT_BYTES : VTD_CONTEXT_BYTES;

	for (phys_t root = 0; root < PAGE_BYTES; root += 8) {
		phys_t table = guest->root + root, recorded = theirs + root;

		check_words(guest, snapshot, table, recorded, 1, 1);
		if (!tables_at(guest, snapshot, &table, &recorded))
			continue;
		for (phys_t slot = 0; slot < PAGE_BYTES; slot += bytes) {
			phys_t entry = table + slot, other = recorded + slot;

			check_words(guest, snapshot, entry, other, bytes / 8, 1);
			if (bytes == VTD_SCONTEXT_BYTES && tables_at(guest, snapshot, &entry, &other))
				check_pasid_directory(guest, snapshot, entry, other);
		}
	}
}

/* The whole ring, wait descriptors too: their status words lie at the place of their slot in some table. */
static void check_queue(const struct vtd_guest *guest, const struct memory *snapshot, phys_t theirs)
{
	const uint64_t status = VTD_DRIVER_QUEUE_LENGTH * sizeof(uint32_t);

	for (unsigned slot = 0; slot < VTD_DRIVER_QUEUE_LENGTH; slot++) {
		phys_t offset = slot * guest->slot_bytes;
		bool wait = VTD_INV_TYPE(vtd_guest_word(guest, guest->queue + offset)) == VTD_INV_WAIT;

		for (unsigned word = 0; word < guest->slot_bytes / 8; word++) {
			uint64_t ours = vtd_guest_word(guest, guest->queue + offset + 8 * word);
			uint64_t recorded = memory_read64(snapshot, theirs + offset + 8 * word);

			if (wait && word == 1) {
				ours %= status;
				recorded %= status;
			}
			MUST(ours == recorded, "slot %u: word %u is %#" PRIx64 ", in the guest %#" PRIx64, slot, word,
			     ours, recorded);
		}
	}
}

void vtd_guest_check_snapshot(struct vtd_guest *guest, const struct trace_op *mark)
{
	const char *name = recording_snapshot_of(&guest->recording, mark);
	struct err err = { 0 };
	char file[64];
	size_t bytes;

	if (!name)
		return;
	snprintf(file, sizeof(file), "snap-%s.pages.bin.xz", name);

	char *pages = recording_file(&guest->recording, file, &bytes);
	struct memory *snapshot = memory_create();

	MUST(pages && memory_load_pages(snapshot, pages, bytes, &err), "%s: %s", file, err.text);
	snprintf(file, sizeof(file), "snap-%s.tables.json", name);

	char *tables = recording_file(&guest->recording, file, &bytes);

	MUST(tables != NULL, "%s: no %s", guest->recording.name, file);
	ck_assert_uint_eq(recording_number(tables, "IQT"), guest->tail);
	check_leaves(guest, name);
	check_structures(guest, snapshot, recording_number(tables, "RTADDR") & VTD_RTADDR_RTA);
	check_queue(guest, snapshot, recording_number(tables, "IQA") & VTD_IQA_IQA);
	guest->snapshots++;
	free(tables);
	free(pages);
	memory_destroy(snapshot);
}
