/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One access of a device, in the model page by page and in QEMU by its edu device, and the comparison of what it
 * moved and of the faults.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/twin/vtd_explain.h"

#define UNIT         UINT64_C(0xfed90000)
#define RECORD       0x220u
#define CHUNKS       3u
#define PASID_FIELDS (VTD_FRCD1_PV | VTD_FRCD1_PP)

/* The fault log with its one record. */
struct log {
	uint64_t status, record[2];
};

struct chunk {
	struct iommu_request request;
	unsigned count;
	struct twin_outcome outcome;
	bool was_kept;
	struct twin_cached kept; /* once it was translated */
};

static struct log our_log(const struct twin *twin)
{
	return (struct log){ twin_ours(twin, VTD_REG_FSTS, 4),
			     { twin_ours(twin, RECORD, 8), twin_ours(twin, RECORD + 8, 8) } };
}

/* What software may rely on: a record only while F is set, its PASID only with PP. */
static bool same_log(const struct log *a, const struct log *b)
{
	if (a->status != b->status || (a->record[1] ^ b->record[1]) & VTD_FRCD1_F)
		return false;
	return !(a->record[1] & VTD_FRCD1_F) ||
	       (a->record[0] == b->record[0] && !((a->record[1] ^ b->record[1]) & ~PASID_FIELDS));
}

/* ---- a first-stage walk, without checks ---- */

/* The entries that lead to iova, from the root table's on; returns how many there are, absent ones not counted. */
static unsigned path_of(const struct twin *twin, const struct twin_device *device, iova_t iova, phys_t entries[4])
{
	phys_t table = device->table;
	unsigned count = 0;

	for (unsigned level = 4; level-- > 0;) {
		phys_t address = table + (iova >> (PAGE_LG2 + 9 * level) & 511) * 8;
		uint64_t word = address < TWIN_RAM_BYTES ? memory_read64(twin->memory, address) : 0;

		if (!(word & VTD_FSPTE_P))
			break;
		entries[count++] = address;
		if (level < 3 && (word & VTD_FSPDE_PS))
			break;
		table = word & VTD_FSPDE_ADDR;
	}
	return count;
}

/* QEMU keeps whether all entries allow writes; the model whether the page may be written without another walk. */
static bool allows_writes(const struct twin *twin, const struct twin_device *device, iova_t iova)
{
	phys_t entries[4];
	unsigned count = path_of(twin, device, iova, entries);
	bool is_allowed = true;

	for (unsigned i = 0; i < count; i++)
		is_allowed &= (memory_read64(twin->memory, entries[i]) & VTD_FSPTE_RW) != 0;
	return is_allowed;
}

/* ---- the model ---- */

static void translate(struct twin *twin, struct chunk *chunk)
{
	struct iommu_translation translation;
	struct log before = our_log(twin), after;

	iommu_translate_through(twin->iommu, twin_answer, twin->memory, &translation, &chunk->request);
	after = our_log(twin);
	chunk->outcome = (struct twin_outcome){ .moved = translation.status == IOMMU_TRANSLATED,
						.reason = translation.fault_reason,
						.output = translation.output };
	chunk->outcome.recorded = !chunk->outcome.moved && !same_log(&before, &after);
	chunk->outcome.hidden = (before.record[1] & VTD_FRCD1_F) &&
				FIELD_GET(VTD_FRCD1_SID, before.record[1]) == chunk->request.source_id;
	if (chunk->outcome.moved) {
		uint64_t mask = (UINT64_C(1) << translation.size_lg2) - 1;

		chunk->kept = (struct twin_cached){ .source_id = chunk->request.source_id,
						    .read = translation.permissions & PT_READ,
						    .write = translation.permissions & PT_WRITE,
						    .base = chunk->request.iova & ~mask,
						    .output = translation.output & ~mask,
						    .size_lg2 = translation.size_lg2 };
	}
}

/* ---- memory behind the addresses ---- */

static bool is_absent(phys_t output)
{
	return output >= UINT64_C(0x200000000);
}

/* Data, or nothing at all: not the structures, nor the registers and devices below 4 GiB. */
static bool is_harmless(phys_t output)
{
	return output - TWIN_DATA < TWIN_DATA_BYTES - PAGE_BYTES || is_absent(output);
}

/* What is read is random, what is written is what the buffer holds; both in the model's memory and buffer. */
static void move(struct twin *twin, struct twin_device *device, struct chunk *chunk, unsigned offset)
{
	unsigned char bytes[TWIN_TRANSFER_MAX];
	phys_t output = chunk->outcome.output;
	bool is_there = chunk->outcome.moved && !is_absent(output);

	if (is_there)
		twin_watch(twin, output);
	if (chunk->request.write) {
		if (is_there)
			memory_write(twin->memory, output, device->buffer + offset, chunk->count);
		return;
	}
	memset(device->buffer + offset, 0, chunk->count);
	if (!is_there)
		return;
	for (unsigned i = 0; i < chunk->count; i++)
		bytes[i] = (unsigned char)random_next(&twin->random);
	memory_write(twin->memory, output, bytes, chunk->count);
	qtest_write(twin->qtest, output, bytes, chunk->count);
	memcpy(device->buffer + offset, bytes, chunk->count);
}

/* ---- the fault log as QEMU keeps it ---- */

static void log_fault(struct log *log, const struct iommu_request *request, unsigned reason)
{
	if (log->status & VTD_FSTS_PFO)
		return;
	if (log->record[1] & VTD_FRCD1_F) {
		/* Those of one source are collapsed. */
		if (FIELD_GET(VTD_FRCD1_SID, log->record[1]) != request->source_id)
			log->status |= VTD_FSTS_PFO;
		return;
	}
	log->status = (log->status & ~VTD_FSTS_FRI) | VTD_FSTS_PPF;
	log->record[0] = request->iova & VTD_FRCD0_FI;
	log->record[1] = VTD_FRCD1_F | FIELD_PUT(VTD_FRCD1_SID, request->source_id) | FIELD_PUT(VTD_FRCD1_FR, reason) |
			 (request->write ? 0 : VTD_FRCD1_T1);
}

static void count_names(struct twin *twin, const bool named[NAME_COUNT])
{
	for (unsigned i = 0; i < NAME_COUNT; i++)
		twin->explained[i] += named[i];
}

/* theirs: what QEMU's log says; before: what both said before. */
static void compare_log(struct twin *twin, const struct chunk *chunks, unsigned count, const struct log *before,
			const struct log *theirs)
{
	const struct iommu_request *request = &chunks[0].request;
	struct log ours = our_log(twin), expected = *before;
	bool named[NAME_COUNT] = { false }, is_named = false;

	for (unsigned i = 0; i < count; i++) {
		for (unsigned n = 0; n < NAME_COUNT; n++)
			named[n] |= chunks[i].outcome.named[n];
		if (chunks[i].outcome.recorded)
			log_fault(&expected, &chunks[i].request, chunks[i].outcome.reason);
	}
	/* QEMU's address is not cut at MGAW. */
	if ((theirs->record[0] ^ ours.record[0]) >> twin->group->width != 0)
		named[NAME_FI_WIDTH] = (theirs->record[1] & VTD_FRCD1_F) && !(before->record[1] & VTD_FRCD1_F);
	for (unsigned n = 0; n < NAME_COUNT; n++)
		is_named |= named[n];
	if (!same_log(&ours, theirs) && !(is_named && same_log(&expected, theirs))) {
		twin_fail(twin,
			  "%s of %02x:%02x.%x at 0x%" PRIx64 ": FSTS 0x%" PRIx64 ", record %016" PRIx64 " %016" PRIx64
			  " in QEMU, 0x%" PRIx64 ", %016" PRIx64 " %016" PRIx64 " in the model (expected reason 0x%x)",
			  request->write ? "write" : "read", request->source_id >> 8, request->source_id >> 3 & 31,
			  request->source_id & 7, request->iova, theirs->status, theirs->record[0], theirs->record[1],
			  ours.status, ours.record[0], ours.record[1], chunks[0].outcome.reason);
		return;
	}
	count_names(twin, named);
	if ((theirs->record[1] & VTD_FRCD1_F) && (theirs->record[1] & PASID_FIELDS) != (ours.record[1] & PASID_FIELDS))
		twin->explained[NAME_FRCD_PASID]++;
	/* Parted logs are put together again. */
	if (!same_log(&ours, theirs))
		twin_clear_faults(twin);
}

/* ---- QEMU ---- */

/* Moves the data, and reads the log. */
static bool run(struct twin *twin, const struct twin_device *device, const struct chunk *chunks, unsigned offset,
		unsigned count, struct log *log)
{
	uint64_t busy = 1;

	edu_start(twin->qtest, &device->edu, chunks[0].request.write, chunks[0].request.iova, offset, count);
	while (busy & 1) {
		edu_poll(twin->qtest, &device->edu, &busy);
		qtest_read32(twin->qtest, UNIT + VTD_REG_FSTS, &log->status);
		qtest_read64(twin->qtest, UNIT + RECORD, &log->record[0]);
		qtest_read64(twin->qtest, UNIT + RECORD + 8, &log->record[1]);
		if (!twin_sync(twin))
			return false;
	}
	return true;
}

/*
 * Accessed and dirty flags where QEMU sets others than the model.  On the way to a fault either may set some, and
 * QEMU's are taken over.  QEMU sets none for a write through a kept translation, and none in a leaf that has one
 * of the two; there the model's are right.
 */
static void settle_flags(struct twin *twin, const struct twin_device *device, const struct chunk *chunk)
{
	phys_t entries[4];
	unsigned count = device->first_stage ? path_of(twin, device, chunk->request.iova, entries) : 0;
	uint64_t theirs[4];

	for (unsigned i = 0; i < count; i++)
		qtest_read64(twin->qtest, entries[i], &theirs[i]);
	if (!twin_sync(twin))
		return;
	for (unsigned i = 0; i < count; i++) {
		uint64_t ours = memory_read64(twin->memory, entries[i]), extra = ours & ~theirs[i];
		bool is_leaf = i + 1 == count;

		if ((ours ^ theirs[i]) & ~(VTD_FSPTE_A | VTD_FSPTE_D) || ours == theirs[i])
			continue;
		if (!chunk->outcome.moved) {
			twin->explained[NAME_ACCESSED_EARLY]++;
			memory_write64(twin->memory, entries[i], theirs[i]);
			continue;
		}
		if (!is_leaf || !chunk->request.write || (theirs[i] & ~ours))
			continue;
		if (chunk->was_kept)
			twin->explained[NAME_DIRTY_CACHED]++;
		else if (extra != (VTD_FSPTE_A | VTD_FSPTE_D))
			twin->explained[NAME_FLAG_EITHER]++;
		else
			continue;
		qtest_write64(twin->qtest, entries[i], ours);
	}
}

static unsigned split(const struct twin_device *device, bool write, iova_t iova, unsigned count,
		      struct chunk chunks[CHUNKS])
{
	unsigned parts = 0;

	while (count > 0) {
		unsigned room = (unsigned)(PAGE_BYTES - (iova & (PAGE_BYTES - 1)));
		unsigned bytes = count < room ? count : room;

		chunks[parts++] =
			(struct chunk){ .request = { .source_id = device->source_id, .iova = iova, .write = write },
					.count = bytes };
		iova += bytes;
		count -= bytes;
	}
	return parts;
}

void twin_access(struct twin *twin, struct twin_device *device, bool write, iova_t iova, unsigned count)
{
	struct chunk chunks[CHUNKS];
	unsigned parts = split(device, write, iova, count, chunks), offset = device->buffer_used, at = offset;
	struct log before = our_log(twin), theirs = { 0 };

	if (offset + count > TWIN_BUFFER_BYTES)
		return;
	for (unsigned i = 0; i < parts; i++) {
		struct twin_outcome *outcome = &chunks[i].outcome;
		phys_t ours_output;
		bool ours_moved;

		chunks[i].was_kept = twin_cached_find(twin, device->source_id, chunks[i].request.iova);
		translate(twin, &chunks[i]);
		if (device->first_stage)
			chunks[i].kept.write = allows_writes(twin, device, chunks[i].request.iova);
		ours_moved = outcome->moved;
		ours_output = outcome->output;
		twin_expect(twin, device, &chunks[i].request, outcome);
		if (twin->verbose)
			fprintf(stderr,
				"  %s %02x at 0x%" PRIx64 "+%u (2^%u): model %s, QEMU %s 0x%x%s -> 0x%" PRIx64 "\n",
				write ? "write" : "read", device->source_id, chunks[i].request.iova, chunks[i].count,
				chunks[i].kept.size_lg2, ours_moved ? "moved" : "blocked",
				outcome->moved ? "moved" : "blocked", outcome->reason,
				outcome->recorded ? " recorded" : "", outcome->output);
		if (ours_moved && outcome->moved && !device->pass_through &&
		    !twin_cached_find(twin, device->source_id, chunks[i].request.iova))
			twin_cached_add(twin, &chunks[i].kept);
		/* The two part where one moved what the other did not: what they keep is no longer the same. */
		twin->ends |= ours_moved != outcome->moved || (ours_moved && ours_output != outcome->output);
		twin->parted |= twin->ends || outcome->named[NAME_FIRST_STAGE_AW];
		twin->moved += outcome->moved;
		twin->blocked += !outcome->moved;
		if (outcome->moved && !is_harmless(outcome->output)) {
			/* The model's walk has set flags, QEMU's does not take place. */
			twin->ends = true;
			twin->parted = true;
			return;
		}
		move(twin, device, &chunks[i], at);
		at += chunks[i].count;
	}
	device->buffer_used += count;
	if (!run(twin, device, chunks, offset, count, &theirs))
		return;
	compare_log(twin, chunks, parts, &before, &theirs);
	for (unsigned i = 0; i < parts && !twin->failed; i++)
		settle_flags(twin, device, &chunks[i]);
}

void twin_random_access(struct twin *twin)
{
	struct twin_device *device = &twin->devices[twin_below(twin, twin->device_count)];
	unsigned count = 1 + (unsigned)twin_below(twin, twin_one_in(twin, 3) ? TWIN_TRANSFER_MAX : 16);
	bool write = twin_one_in(twin, 2);
	iova_t iova = twin_below(twin, UINT64_C(1) << 48);

	if (device->pass_through && !twin_one_in(twin, 4)) {
		iova = TWIN_DATA + twin_below(twin, TWIN_DATA_BYTES - 2 * PAGE_BYTES);
	} else if (twin->mapping_count > 0 && !twin_one_in(twin, 16)) {
		const struct twin_mapping *mapping = &twin->mappings[twin_below(twin, twin->mapping_count)];
		uint64_t offset = twin_below(twin, UINT64_C(1) << mapping->size_lg2);

		/* Where memory is, in a page of 1 GiB; sometimes the end, to cross it. */
		device = &twin->devices[mapping->device];
		if (mapping->size_lg2 == 30 && mapping->target == 0)
			offset = TWIN_DATA + offset % (TWIN_DATA_BYTES - 2 * PAGE_BYTES);
		else if (twin_one_in(twin, 8))
			offset = (UINT64_C(1) << mapping->size_lg2) - 1 - twin_below(twin, 8);
		iova = mapping->iova + offset;
	} else if (twin_one_in(twin, 4)) {
		iova = random_next(&twin->random);
	}
	/* Interrupts, and what leads there by running on, are no DMA. */
	if (iova - UINT64_C(0xfed00000) < UINT64_C(0x300000) || iova > UINT64_MAX - PAGE_BYTES)
		return;
	twin_access(twin, device, write, iova, count);
}
