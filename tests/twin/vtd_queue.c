/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The invalidation queue: each step puts a descriptor and a wait, mostly right ones, or a tail that is wrong.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/twin/vtd_explain.h"

#define UNIT UINT64_C(0xfed90000)
#define MAMV 18u

static unsigned descriptor_bytes(const struct twin *twin)
{
	return twin->wide ? 32 : 16;
}

/* ---- descriptors ---- */

static void context_cache(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	uint64_t sid = twin->devices[twin_below(twin, twin->device_count)].source_id;

	word[0] = VTD_INV_CONTEXT | FIELD_PUT(VTD_CC_INV0_G, 1 + twin_below(twin, 3)) |
		  FIELD_PUT(VTD_CC_INV0_DID, scope->domain) | FIELD_PUT(VTD_CC_INV0_SID, sid) |
		  FIELD_PUT(VTD_CC_INV0_FM, twin_below(twin, 4));
}

static void iotlb(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	uint64_t granularity = 1 + twin_below(twin, 3);

	scope->address_mask = twin_random_mask(twin);
	scope->global = granularity == VTD_IOTLB_GLOBAL;
	scope->by_page = granularity == VTD_IOTLB_PAGE;
	word[0] = VTD_INV_IOTLB | FIELD_PUT(VTD_IOTLB_INV0_G, granularity) |
		  FIELD_PUT(VTD_IOTLB_INV0_DID, scope->domain) |
		  (twin_one_in(twin, 2) ? VTD_IOTLB_INV0_DR | VTD_IOTLB_INV0_DW : 0);
	word[1] = scope->by_page ? scope->address | scope->address_mask | (twin_one_in(twin, 3) ? VTD_IOTLB_INV1_IH : 0)
				 : 0;
}

static void pasid_iotlb(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	scope->by_pasid = true;
	scope->by_page = twin_one_in(twin, 2);
	scope->pasid = twin->devices[twin_below(twin, twin->device_count)].rid_pasid;
	scope->address_mask = (unsigned)twin_below(twin, 12);
	word[0] = VTD_INV_PASID_IOTLB |
		  FIELD_PUT(VTD_P_IOTLB_INV0_G, scope->by_page ? VTD_P_IOTLB_PAGE : VTD_P_IOTLB_PASID) |
		  FIELD_PUT(VTD_P_IOTLB_INV0_DID, scope->domain) | FIELD_PUT(VTD_P_IOTLB_INV0_PASID, scope->pasid);
	word[1] = scope->by_page ? scope->address | scope->address_mask : 0;
}

static void pasid_cache(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	uint64_t pasid = twin->devices[twin_below(twin, twin->device_count)].rid_pasid;
	uint64_t granularity = twin_one_in(twin, 2) ? VTD_PC_GLOBAL : twin_below(twin, 2);

	word[0] = VTD_INV_PASID_CACHE | FIELD_PUT(VTD_PC_INV0_G, granularity) |
		  FIELD_PUT(VTD_PC_INV0_DID, scope->domain) | FIELD_PUT(VTD_PC_INV0_PASID, pasid);
}

static void device_tlb(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	word[0] = VTD_INV_DEVICE_TLB | FIELD_PUT(VTD_DEV_TLB_INV0_SID, twin->devices[0].source_id);
	word[1] = scope->address | twin_below(twin, 2);
}

static void interrupt_entry(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	(void)scope;
	word[0] = VTD_INV_INTERRUPT | (twin_one_in(twin, 2) ? VTD_IEC_INV0_G : 0);
}

static void unknown(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	uint64_t type = twin_below(twin, 128);

	(void)scope;
	/* Waits have a place of their own; QEMU 7.2 gives up at some. */
	if ((type & 15) == VTD_INV_WAIT)
		type++;
	word[0] = (type & 15) | (type >> 4) << 9;
}

static void random_descriptor(struct twin *twin, uint64_t word[4], struct twin_scope *scope)
{
	static void (*const often[])(struct twin *, uint64_t[4], struct twin_scope *) = { context_cache, iotlb, iotlb };
	static void (*const scalable[])(struct twin *, uint64_t[4], struct twin_scope *) = { pasid_iotlb, pasid_cache };
	static void (*const seldom[])(struct twin *, uint64_t[4], struct twin_scope *) = { pasid_iotlb, pasid_cache,
											   device_tlb, interrupt_entry,
											   unknown };

	*scope = (struct twin_scope){ .domain = twin_random_domain(twin), .address = twin_random_page(twin) };
	word[0] = word[1] = word[2] = word[3] = 0;
	if (twin_one_in(twin, 8))
		seldom[twin_below(twin, 5)](twin, word, scope);
	else if (twin->scalable && twin_one_in(twin, 3))
		scalable[twin_below(twin, 2)](twin, word, scope);
	else
		often[twin_below(twin, 3)](twin, word, scope);
	/* A bit, mostly a reserved one, as most are; granularity 0. */
	if (twin_one_in(twin, 10) && VTD_INV_TYPE(word[0]) != VTD_INV_WAIT)
		word[twin_below(twin, twin->wide ? 4 : 2)] ^= UINT64_C(1) << (4 + twin_below(twin, 60));
}

/* ---- what QEMU does with one ---- */

struct masks {
	uint64_t low, high;
};

/* Bits that QEMU wants clear. */
static struct masks reserved_of(const struct twin *twin, uint64_t type)
{
	const bool old = twin->version < 10;

	switch (type) {
	case VTD_INV_CONTEXT:
		return (struct masks){ UINT64_C(0xfffc00000000f1c0) | (old ? 0xe00 : 0), UINT64_MAX };
	case VTD_INV_IOTLB:
		return (struct masks){ UINT64_C(0xffffffff0000f100) | (old ? 0xe00 : 0), 0xf80 };
	case VTD_INV_DEVICE_TLB:
		return (struct masks){ UINT64_C(0xffff0000ffe0f1f0) | (old ? 0xe08 : 0), 0xffe };
	case VTD_INV_INTERRUPT:
		return (struct masks){ old ? 0 : UINT64_C(0xffff000007fff1e0), old ? 0 : UINT64_MAX };
	case VTD_INV_PASID_IOTLB:
		return (struct masks){ old ? 0 : UINT64_C(0xfff000000000f1c0), old ? 0 : 0xf80 };
	case VTD_INV_PASID_DEVICE_TLB:
		return (struct masks){ UINT64_C(0xfff000000000f000), 0x7fe };
	default:
		return (struct masks){ 0, 0 };
	}
}

static bool qemu_takes(const struct twin *twin, const uint64_t word[4])
{
	const bool old = twin->version < 10;
	uint64_t type = old ? word[0] & 15 : VTD_INV_TYPE(word[0]);
	uint64_t granularity = word[0] >> 4 & 3;
	struct masks reserved = reserved_of(twin, type);

	if ((word[0] & reserved.low) || (word[1] & reserved.high))
		return false;
	if (!old && type != VTD_INV_PASID_CACHE && (word[2] || word[3]))
		return false;
	switch (type) {
	case VTD_INV_CONTEXT:
		return granularity != 0;
	case VTD_INV_IOTLB:
		return granularity != 0 && (granularity != VTD_IOTLB_PAGE || (word[1] & 63) <= MAMV);
	case VTD_INV_PASID_IOTLB:
		return old || (twin->wide && granularity >= VTD_P_IOTLB_PASID &&
			       (granularity != VTD_P_IOTLB_PAGE || (word[1] & 63) <= MAMV));
	case VTD_INV_PASID_CACHE:
		return old || twin->group->scalable;
	case VTD_INV_DEVICE_TLB:
	case VTD_INV_INTERRUPT:
		return true;
	case VTD_INV_PASID_DEVICE_TLB:
		return !old && twin->wide;
	default:
		return false;
	}
}

/* ---- a step ---- */

static void put(struct twin *twin, const uint64_t word[4])
{
	unsigned words = descriptor_bytes(twin) / 8;
	unsigned room = (unsigned)((PAGE_BYTES << twin->queue_size) / descriptor_bytes(twin));

	for (unsigned i = 0; i < words; i++)
		twin_put(twin, twin->queue_page + (twin->tail * words + i) * 8, word[i]);
	twin->tail = (twin->tail + 1) % room;
}

static void ring(struct twin *twin)
{
	twin_register(twin, VTD_REG_IQT, 8, twin->tail * descriptor_bytes(twin));
}

struct status {
	phys_t address; /* 0: an interrupt instead */
	uint32_t data, before;
};

/* A status or an interrupt: QEMU 7.2 gives up at both together. */
static struct status put_wait(struct twin *twin)
{
	uint64_t kind = twin_one_in(twin, 4) ? VTD_WAIT0_IF : VTD_WAIT0_SW;
	uint64_t data = random_next(&twin->random) & UINT32_MAX;
	phys_t status = kind == VTD_WAIT0_SW ? twin->status_page + twin_below(twin, 64) * 4 : 0;
	const uint64_t word[4] = { VTD_INV_WAIT | kind | (twin_one_in(twin, 2) ? VTD_WAIT0_FN : 0) |
					   FIELD_PUT(VTD_WAIT0_STDATA, data),
				   status };
	struct status result = { status, (uint32_t)data, 0 };

	memory_read(twin->memory, status, &result.before, sizeof(result.before));
	put(twin, word);
	return result;
}

static bool has_error(const struct twin *twin)
{
	return twin_ours(twin, VTD_REG_FSTS, 4) & VTD_FSTS_IQE;
}

static void carried_out(struct twin *twin, const uint64_t word[4], const struct twin_scope *scope)
{
	switch (VTD_INV_TYPE(word[0])) {
	case VTD_INV_CONTEXT:
		twin_contexts_invalidated(twin, FIELD_GET(VTD_CC_INV0_G, word[0]) == VTD_CC_DOMAIN);
		break;
	case VTD_INV_IOTLB:
	case VTD_INV_PASID_IOTLB:
		twin_invalidated(twin, scope);
		break;
	default:
		break;
	}
}

/* Software's answer to an error: the descriptor at the head becomes a wait, then status and tail. */
static void recover(struct twin *twin)
{
	uint64_t head = twin_ours(twin, VTD_REG_IQH, 8);

	for (unsigned i = 0; i < descriptor_bytes(twin) / 8; i++)
		twin_put(twin, twin->queue_page + head + i * 8,
			 i == 0   ? (uint64_t)VTD_INV_WAIT | VTD_WAIT0_SW
			 : i == 1 ? twin->status_page
				  : 0);
	/* In the model the status lets the queue go on, in QEMU the tail. */
	qtest_write32(twin->qtest, UNIT + VTD_REG_FSTS, VTD_FSTS_IQE);
	ring(twin);
	twin_register(twin, VTD_REG_FSTS, 4, VTD_FSTS_IQE);
	twin_compare_status(twin, "after a queue error");
}

/* One of the two stopped.  That they part is explained when QEMU did what was foreseen; then the case is over. */
static void explain(struct twin *twin, const uint64_t word[4], const struct status *status, bool is_taken)
{
	uint64_t ours = FIELD_GET(VTD_IQERCD_IQEI, twin_ours(twin, VTD_REG_IQERCD, 8));
	uint64_t theirs = twin_theirs(twin, VTD_REG_FSTS, 4);
	enum twin_name name = is_taken ? (ours == VTD_IQEI_TYPE ? NAME_QI_ABSENT : NAME_QI_UNCHECKED) : NAME_QI_REFUSED;

	twin->ends = true;
	if (status->address)
		memory_write(twin->memory, status->address, is_taken ? &status->data : &status->before, 4);
	if (!(theirs & VTD_FSTS_IQE) == is_taken)
		twin->explained[name]++;
	else
		twin_fail(twin, "descriptor %016" PRIx64 " %016" PRIx64 ": FSTS is 0x%" PRIx64 " in QEMU, the model %s",
			  word[0], word[1], theirs, ours ? "refuses it" : "takes it");
}

static void descriptor(struct twin *twin)
{
	uint64_t word[4];
	struct twin_scope scope;
	struct status status;
	bool is_taken;

	random_descriptor(twin, word, &scope);
	is_taken = qemu_takes(twin, word);
	put(twin, word);
	status = put_wait(twin);
	ring(twin);
	if (twin->verbose)
		fprintf(stderr,
			"  descriptor %016" PRIx64 " %016" PRIx64 ", model %s (IQERCD 0x%" PRIx64 "), QEMU %s\n",
			word[0], word[1], has_error(twin) ? "stops" : "takes it", twin_ours(twin, VTD_REG_IQERCD, 8),
			is_taken ? "takes it" : "stops");
	if (is_taken == has_error(twin)) {
		explain(twin, word, &status, is_taken);
		return;
	}
	if (!has_error(twin)) {
		/* A flipped bit may have changed what is asked for. */
		scope.domain = (uint16_t)FIELD_GET(VTD_IOTLB_INV0_DID, word[0]);
		scope.pasid = (uint32_t)FIELD_GET(VTD_P_IOTLB_INV0_PASID, word[0]);
		scope.address = word[1] & VTD_IOTLB_INV1_ADDR;
		scope.address_mask = (unsigned)FIELD_GET(VTD_IOTLB_INV1_AM, word[1]);
		scope.global = VTD_INV_TYPE(word[0]) == VTD_INV_IOTLB &&
			       FIELD_GET(VTD_IOTLB_INV0_G, word[0]) == VTD_IOTLB_GLOBAL;
		scope.by_page = FIELD_GET(VTD_IOTLB_INV0_G, word[0]) == VTD_IOTLB_PAGE;
		carried_out(twin, word, &scope);
	}
	twin_compare_status(twin, "descriptor");
	if (!twin->ends && has_error(twin))
		recover(twin);
	else if (twin_one_in(twin, 2))
		twin_register(twin, VTD_REG_ICS, 4, VTD_ICS_IWC);
}

/* Beyond the queue, or not a multiple of a descriptor. */
static void wrong_tail(struct twin *twin)
{
	bool is_misaligned = twin->wide && twin_one_in(twin, 2);
	uint64_t tail = is_misaligned
				? twin->tail * 32u ^ 16u
				: (PAGE_BYTES << twin->queue_size) + twin_below(twin, 64) * descriptor_bytes(twin);

	twin_register(twin, VTD_REG_IQT, 8, tail);
	if (is_misaligned && twin->version < 10) {
		if (twin_theirs(twin, VTD_REG_FSTS, 4) & VTD_FSTS_IQE)
			twin_fail(twin, "QEMU stops at a misaligned tail");
		twin->explained[NAME_QI_TAIL]++;
	} else {
		twin_compare_status(twin, "wrong tail");
	}
	/* Nothing was fetched: the right tail is all that is needed. */
	twin_register(twin, VTD_REG_IQT, 8, twin->tail * descriptor_bytes(twin));
	twin_register(twin, VTD_REG_FSTS, 4, VTD_FSTS_IQE);
	put_wait(twin);
	ring(twin);
	twin_compare_status(twin, "after a wrong tail");
}

/* Waits up to the queue's end, so that the next descriptors wrap. */
static void fill(struct twin *twin)
{
	unsigned room = (unsigned)((PAGE_BYTES << twin->queue_size) / descriptor_bytes(twin));

	while (twin->tail != room - 1)
		put_wait(twin);
	ring(twin);
	twin_compare_status(twin, "a full queue");
}

void twin_queue(struct twin *twin)
{
	if (twin_one_in(twin, 24))
		fill(twin);
	if (twin_one_in(twin, 12))
		wrong_tail(twin);
	else
		descriptor(twin);
}
