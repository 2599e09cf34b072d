/* SPDX-License-Identifier: Apache-2.0 */
#include "models/endpoint/endpoint.h"

#include "models/base/bits.h"
#include "models/base/require.h"

#define CLASS_BASE         BITS64(23, 16)
#define CLASS_BASE_NETWORK 0x02u

enum transfer_stage { STAGE_BEGIN, STAGE_FETCH, STAGE_LIST, STAGE_READ, STAGE_WRITE, STAGE_COMPLETE, STAGE_END };

enum endpoint_kind endpoint_kind_of_class(uint32_t class_code)
{
	return FIELD_GET(CLASS_BASE, class_code) == CLASS_BASE_NETWORK ? ENDPOINT_NIC : ENDPOINT_NVME;
}

static bool payload_size(uint32_t bytes)
{
	return bytes >= 128 && bytes <= 4096 && (bytes & (bytes - 1)) == 0;
}

void endpoint_init(struct endpoint *endpoint, const struct endpoint_config *config)
{
	REQUIRE(payload_size(config->mps_bytes) && payload_size(config->mrrs_bytes) &&
		config->nic_descriptor_batch >= 1);
	*endpoint = (struct endpoint){ .config = *config };
}

/* ---- rings ---- */

static void ring_set(struct endpoint_ring *ring, iova_t base, uint64_t bytes, uint64_t slot_bytes)
{
	*ring = (struct endpoint_ring){ .base = base, .bytes = bytes - bytes % slot_bytes };
}

void endpoint_add_ring(struct endpoint *endpoint, iova_t base, uint64_t bytes)
{
	if (endpoint->config.kind == ENDPOINT_NIC) {
		if (bytes - bytes % ENDPOINT_DESCRIPTOR_BYTES > endpoint->fetch.bytes) {
			ring_set(&endpoint->fetch, base, bytes, ENDPOINT_DESCRIPTOR_BYTES);
			endpoint->prefetched = 0;
		}
	} else if (!endpoint->completion.bytes) {
		ring_set(&endpoint->completion, base, bytes, ENDPOINT_COMPLETION_BYTES);
	} else if (!endpoint->fetch.bytes) {
		ring_set(&endpoint->fetch, base, bytes, ENDPOINT_SUBMISSION_BYTES);
	} else if (!endpoint->list.bytes) {
		ring_set(&endpoint->list, base, bytes, ENDPOINT_PRP_BYTES);
	}
}

void endpoint_remove_ring(struct endpoint *endpoint, iova_t base)
{
	struct endpoint_ring *const rings[] = { &endpoint->fetch, &endpoint->completion, &endpoint->list };

	for (unsigned i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (rings[i]->bytes && rings[i]->base == base)
			*rings[i] = (struct endpoint_ring){ 0 };
	if (!endpoint->fetch.bytes)
		endpoint->prefetched = 0;
}

/* The stage accesses the ring's next bytes, all of it at most, round its end. */
static void use_ring(struct transfer *transfer, struct endpoint_ring *ring, uint64_t bytes)
{
	if (bytes > ring->bytes)
		bytes = ring->bytes;
	if (!bytes)
		return;

	uint64_t to_end = ring->bytes - ring->next, first = bytes < to_end ? bytes : to_end;

	transfer->next = ring->base + ring->next;
	transfer->stop = transfer->next + first;
	transfer->wrap_base = ring->base;
	transfer->wrap_bytes = bytes - first;
	ring->next = (ring->next + bytes) % ring->bytes;
}

/* ---- stages ---- */

/* A NIC takes one of the descriptors it has; none left: it fetches a batch. */
static void take_descriptor(struct transfer *transfer)
{
	struct endpoint *endpoint = transfer->endpoint;
	struct endpoint_ring *ring = &endpoint->fetch;

	if (!ring->bytes)
		return;
	if (!endpoint->prefetched) {
		uint64_t slots = ring->bytes / ENDPOINT_DESCRIPTOR_BYTES;
		uint32_t batch = endpoint->config.nic_descriptor_batch;

		endpoint->prefetched = batch < slots ? batch : (uint32_t)slots;
		use_ring(transfer, ring, (uint64_t)endpoint->prefetched * ENDPOINT_DESCRIPTOR_BYTES);
	}
	transfer->slot =
		(ring->next + ring->bytes - (uint64_t)endpoint->prefetched * ENDPOINT_DESCRIPTOR_BYTES) % ring->bytes;
	endpoint->prefetched--;
}

/* Pages that the data touches. */
static uint64_t page_count(const struct transfer *transfer)
{
	iova_t first = transfer->iova >> PAGE_LG2;

	return transfer->end == transfer->iova ? 0 : ((transfer->end - 1) >> PAGE_LG2) - first + 1;
}

/* Sets what the stage accesses; nothing for a stage that does not apply. */
static void stage_begin(struct transfer *transfer)
{
	struct endpoint *endpoint = transfer->endpoint;
	bool nic = endpoint->config.kind == ENDPOINT_NIC;

	switch ((enum transfer_stage)transfer->stage) {
	case STAGE_FETCH:
		if (nic)
			take_descriptor(transfer);
		else
			use_ring(transfer, &endpoint->fetch, ENDPOINT_SUBMISSION_BYTES);
		break;
	case STAGE_LIST:
		if (!nic && page_count(transfer) > 2)
			use_ring(transfer, &endpoint->list, (page_count(transfer) - 1) * ENDPOINT_PRP_BYTES);
		break;
	case STAGE_READ:
	case STAGE_WRITE:
		if (transfer->stage == STAGE_READ ? transfer->read : transfer->write) {
			transfer->next = transfer->iova;
			transfer->stop = transfer->end;
		}
		break;
	case STAGE_COMPLETE:
		if (!nic) {
			use_ring(transfer, &endpoint->completion, ENDPOINT_COMPLETION_BYTES);
		} else if (transfer->slot < endpoint->fetch.bytes) {
			transfer->next = endpoint->fetch.base + transfer->slot;
			transfer->stop = transfer->next + ENDPOINT_DESCRIPTOR_BYTES;
		}
		break;
	case STAGE_BEGIN:
	case STAGE_END:
		break;
	}
}

static enum tlp_purpose stage_purpose(unsigned stage)
{
	if (stage == STAGE_COMPLETE)
		return TLP_COMPLETION;
	return stage == STAGE_READ || stage == STAGE_WRITE ? TLP_DATA : TLP_DESCRIPTOR_FETCH;
}

void transfer_begin(struct transfer *transfer, struct endpoint *endpoint, iova_t iova, uint64_t bytes, bool read,
		    bool write)
{
	*transfer = (struct transfer){
		.endpoint = endpoint,
		.iova = iova,
		.end = iova + bytes,
		.read = read,
		.write = write,
		.slot = UINT64_MAX,
	};
}

bool transfer_next(struct transfer *transfer, struct tlp *tlp)
{
	while (transfer->next == transfer->stop) {
		if (transfer->wrap_bytes) {
			transfer->next = transfer->wrap_base;
			transfer->stop = transfer->wrap_base + transfer->wrap_bytes;
			transfer->wrap_bytes = 0;
		} else if (transfer->stage == STAGE_END) {
			return false;
		} else {
			transfer->stage++;
			stage_begin(transfer);
		}
	}

	const struct endpoint_config *config = &transfer->endpoint->config;
	bool write = transfer->stage == STAGE_WRITE || transfer->stage == STAGE_COMPLETE;
	uint32_t limit = write ? config->mps_bytes : config->mrrs_bytes;
	uint32_t bytes = limit - (uint32_t)(transfer->next & (limit - 1));

	if (bytes > transfer->stop - transfer->next)
		bytes = (uint32_t)(transfer->stop - transfer->next);
	*tlp = (struct tlp){
		.iova = transfer->next, .bytes = bytes, .write = write, .purpose = stage_purpose(transfer->stage)
	};
	transfer->next += bytes;
	return true;
}
