/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCIe function's accesses for one mapping of the trace, cut into TLPs.
 * NVMe-like: fetch a 64-byte submission entry, move the data, write a 16-byte
 * completion entry.  NIC-like: fetch descriptors (batched), move the data, write the
 * descriptor back.  Rings live in the function's coherent allocations.
 *
 * A request is cut at multiples of the largest payload (writes: MPS) or read request (reads: MRRS), so the
 * first TLP runs up to the next multiple and none crosses 4 KiB.
 *
 * SIMPLIFIED: one ring of each kind; a PRP list is read for transfers of more than two pages only, one piece
 * of 8 bytes per page after the first; lists are not chained.
 *
 * Sources: [PCIE] "Transaction Layer Protocol - Packet Definition" (4 KiB rule, MPS, MRRS); NVM Express Base
 * Specification, "Submission Queue Entry", "Completion Queue Entry", "Physical Region Page Entry and List".
 */
#ifndef IOMMUSIM_ENDPOINT_ENDPOINT_H
#define IOMMUSIM_ENDPOINT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/units.h"

enum endpoint_kind { ENDPOINT_NVME, ENDPOINT_NIC };

/* By PCI class code 23:0 (base class 01h storage, 02h network); storage when unknown. */
enum endpoint_kind endpoint_kind_of_class(uint32_t class_code);

struct endpoint_config {
	enum endpoint_kind kind;
	uint32_t mps_bytes;            /* writes are cut to this: 128..4096, power of two */
	uint32_t mrrs_bytes;           /* reads are cut to this */
	uint32_t nic_descriptor_batch; /* >= 1 */
};

enum tlp_purpose { TLP_DESCRIPTOR_FETCH, TLP_DATA, TLP_COMPLETION };

struct tlp {
	iova_t iova;
	uint32_t bytes; /* never crosses a 4 KiB boundary */
	bool write;
	enum tlp_purpose purpose;
};

#define ENDPOINT_SUBMISSION_BYTES 64u
#define ENDPOINT_COMPLETION_BYTES 16u
#define ENDPOINT_DESCRIPTOR_BYTES 16u /* of a NIC */
#define ENDPOINT_PRP_BYTES        8u

struct endpoint_ring {
	iova_t base;
	uint64_t bytes; /* a whole number of slots; 0: no ring known, no accesses */
	uint64_t next;  /* byte offset of the next slot */
};

/* One function: its rings and how far they are. */
struct endpoint {
	struct endpoint_config config;
	struct endpoint_ring fetch;      /* submission queue / descriptor ring */
	struct endpoint_ring completion; /* completion queue; a NIC writes back into `fetch` */
	struct endpoint_ring list;       /* NVMe: where PRP lists are */
	uint32_t prefetched;             /* NIC descriptors fetched and not used */
};

void endpoint_init(struct endpoint *endpoint, const struct endpoint_config *config);

/*
 * A coherent allocation of the function.  NVMe: the first is taken as completion queue, the second as submission
 * queue, the third for PRP lists; NIC: the largest is the ring.  One too small for a slot is left out.
 */
void endpoint_add_ring(struct endpoint *endpoint, iova_t base, uint64_t bytes);
/* It was freed: forget it. */
void endpoint_remove_ring(struct endpoint *endpoint, iova_t base);

/* The accesses of one transfer, as an iterator. */
struct transfer {
	struct endpoint *endpoint;
	iova_t iova, end;
	bool read, write;  /* of the data, by the device; both: read, then write */
	unsigned stage;    /* of the TLP last given: fetch, list, read, write, completion */
	iova_t next, stop; /* of the stage: what is left */
	iova_t wrap_base;  /* ring's start, and what follows there */
	uint64_t wrap_bytes;
	uint64_t slot; /* NIC: offset of the descriptor in use; UINT64_MAX: none */
};
void transfer_begin(struct transfer *transfer, struct endpoint *endpoint, iova_t iova, uint64_t bytes, bool read,
		    bool write);
/* False when the transfer has no more TLPs. */
bool transfer_next(struct transfer *transfer, struct tlp *tlp);

#endif
