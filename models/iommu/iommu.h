/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The face of an IOMMU: what a machine around it does with one, whatever its
 * family.  Three conversations, each of the shape "say what you want, be fed":
 *
 *   translation   a device's request goes in; the unit reads its structures
 *                 and tables; an address or an architected fault comes out
 *   command       the unit takes one descriptor from its invalidation queue in
 *                 memory, changes its caches, and writes a status when told to
 *   registers     what a driver reads and writes
 *
 * The unit never fetches memory and never waits, so the caller decides what
 * each access costs and who is served first; many translations may be under
 * way at once on one unit.  Not here: time (sim/), and what software does.
 */
#ifndef IOMMUSIM_IOMMU_IOMMU_H
#define IOMMUSIM_IOMMU_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "models/base/units.h"
#include "models/cache/cache.h"
#include "models/pagetable/walk.h"

struct iommu_describe_ops;
struct iommu; /* a unit; its family's own struct begins with it, see pipeline.h */

/* ---- what the unit wants of memory ---- */

enum iommu_want {
	IOMMU_WANTS_NOTHING, /* done */
	IOMMU_WANTS_READ,    /* words 64-bit words at address */
	IOMMU_WANTS_UPDATE,  /* atomic: expected -> desired at address */
	IOMMU_WANTS_WRITE,   /* desired at address, bytes long (status, fault or event record) */
};

/* What an access is for; each is priced and counted on its own. */
enum iommu_purpose {
	IOMMU_FOR_DEVICE,       /* device structures: root, context, PASID directory and entry */
	IOMMU_FOR_FIRST_STAGE,  /* first-stage table entry */
	IOMMU_FOR_SECOND_STAGE, /* second-stage table entry */
	IOMMU_FOR_QUEUE,        /* descriptor, status */
	IOMMU_PURPOSES
};

#define IOMMU_WORDS_MAX 8u

struct iommu_access {
	enum iommu_want want;
	enum iommu_purpose purpose;
	phys_t address; /* host-physical */
	unsigned words; /* read: 1, 2, 4 or 8; 1 otherwise */
	unsigned bytes; /* write: 4 or 8 */
	uint64_t expected, desired;
};

/* ---- translation ---- */

/* What a device sends upstream.  [PCIE] "Address Type (AT) field" and the Address Translation Services chapter. */
enum iommu_request_type {
	IOMMU_UNTRANSLATED,        /* a read or a write at an I/O virtual address */
	IOMMU_TRANSLATION_REQUEST, /* ATS: what does iova lead to?  write: not asked with no-write (NW) */
	IOMMU_TRANSLATED_REQUEST,  /* a read or a write whose address came from a device-TLB: iova is the output */
	IOMMU_PAGE_REQUEST,        /* PRI: a page request message; iova is its page, read may be clear */
};

struct iommu_request {
	enum iommu_request_type type;
	uint16_t source_id; /* requester ID: bus 15:8, device 7:3, function 2:0 */
	bool has_pasid;
	uint32_t pasid; /* 20 bits */
	iova_t iova;
	bool write; /* else a read (or execute) */
	bool execute;
	bool privileged;  /* supervisor-mode, with PASID only */
	bool zero_length; /* a read of no byte (a flush): asks for less where the unit says so */
	bool atomic;      /* an AtomicOp: reads and writes */

	/* Page requests only. */
	bool read;      /* asks for read permission; write, execute as above */
	bool last;      /* in its group: a response is due */
	uint16_t group; /* page request group index, 9 bits */
};

enum iommu_status {
	IOMMU_TRANSLATED, /* or, for a page request: written to the queue */
	IOMMU_FAULT,      /* blocked; fault_reason is the family's architected code, recorded in its registers */
};

/* What goes back to the device.  [PCIE] "Completion Status", "Page Request Group Response" */
enum iommu_completion {
	IOMMU_SUCCESS,       /* of a translation request: permissions and size_lg2 hold, permissions may be none */
	IOMMU_UNSUPPORTED,   /* unsupported request (UR) */
	IOMMU_ABORT,         /* completer abort (CA) */
	IOMMU_NO_COMPLETION, /* a page request that was queued, or dropped without a response */
	IOMMU_PAGE_SUCCESS,  /* page group responses, given by the unit itself */
	IOMMU_PAGE_INVALID,  /* invalid request (IR) */
	IOMMU_PAGE_FAILURE,  /* response failure (RF) */
};

/* One translation under way; the caller's storage, may be copied only when done. */
struct iommu_translation {
	struct iommu_request request;
	struct iommu_access access; /* what is wanted now */

	/* The outcome, when access.want is IOMMU_WANTS_NOTHING. */
	enum iommu_status status;
	enum iommu_completion completion;
	unsigned fault_reason;  /* 0: none; a translation request that ends without permissions has none either */
	bool untranslated_only; /* translation request: the device must not use translated requests there (U) */
	bool must_snoop;        /* translation request: translated requests must snoop (N) */
	bool is_privileged;     /* translation request: permissions are those of supervisor mode (Priv) */
	phys_t output;
	unsigned size_lg2;    /* of the translation, smaller of the stages */
	unsigned permissions; /* set of enum pt_permission */
	bool iotlb_hit;
	bool from_cache;                /* any cache took part: the result may be stale */
	bool blocked_fill;              /* an invalidation overtook the walk: used once, not cached */
	unsigned reads[IOMMU_PURPOSES]; /* words (structures: fetches) read, exactly */

	/* The unit's own state of the walk. */
	unsigned phase;
	unsigned host_permissions; /* of host_table: what the second stage grants there */
	bool nested_for_table;     /* the second stage is translating a first-stage table's address */
	bool page_is_known;        /* it has translated the first stage's output, whose leaf is waiting for flags */
	unsigned page_permissions; /* and grants this there */
	bool is_plain;             /* what the walk wants goes to the caller as it is, nothing is kept on the way */
	uint64_t epoch;
	uint64_t structure[IOMMU_WORDS_MAX];
	uint64_t tag[2];   /* domain, PASID ... as the family tags its caches */
	phys_t host_table; /* of the first-stage table being read, once the second stage told; else PHYS_NONE */
	const struct pt_format *first_format, *second_format; /* NULL: stage absent */
	phys_t first_root, second_root;
	struct pt_rules first_rules, second_rules;
	struct walk first, second;
	struct walk *at_work; /* the one of these two that wants something, or that ended it all */
};

/* ---- commands ---- */

enum iommu_command_kind {
	IOMMU_COMMAND_NONE,
	IOMMU_COMMAND_CONTEXT, /* device-structure caches */
	IOMMU_COMMAND_IOTLB,
	IOMMU_COMMAND_DEVICE_TLB, /* the caller carries device_invalidation out, then calls device_answered */
	IOMMU_COMMAND_PAGE_RESPONSE,
	IOMMU_COMMAND_WAIT,
	IOMMU_COMMAND_ERROR, /* the queue stopped with its architected error */
};

/* An invalidation request that goes to a device, as a command asks for it. */
struct iommu_device_invalidation {
	uint16_t source_id;
	bool has_pasid;
	uint32_t pasid;
	bool global;          /* of all PASIDs of the device */
	uint64_t first, last; /* addresses */
};

/* A page group response that goes to a device, as a command asks for it. */
struct iommu_page_response {
	uint16_t source_id;
	bool has_pasid;
	uint32_t pasid;
	uint16_t group;
	enum iommu_completion code; /* IOMMU_PAGE_SUCCESS, _INVALID or _FAILURE */
};

/* How a device answered an invalidation request. */
enum iommu_device_answer {
	IOMMU_DEVICE_DONE,
	IOMMU_DEVICE_TIMED_OUT,  /* it did not */
	IOMMU_DEVICE_UNEXPECTED, /* a completion that no request asked for */
};

/* One command under way; the caller's storage. */
struct iommu_command {
	struct iommu_access access;

	/* Known once the descriptor was fed. */
	enum iommu_command_kind kind;
	bool drain_reads, drain_writes;                       /* requests under way must end before the command does */
	bool interrupt;                                       /* an invalidation-completion event is raised */
	uint64_t invalidated;                                 /* cache entries removed */
	uint64_t word[4];                                     /* the raw descriptor */
	struct iommu_device_invalidation device_invalidation; /* IOMMU_COMMAND_DEVICE_TLB */
	struct iommu_page_response page_response;             /* IOMMU_COMMAND_PAGE_RESPONSE */
	unsigned phase;
};

/* ---- a unit ---- */

struct iommu_stats {
	uint64_t iotlb_hits, iotlb_misses;
	uint64_t device_hits, device_misses;  /* context/PASID caches */
	uint64_t walk_hits[2][PT_LEVELS_MAX]; /* [first, second][level of the table found] */
	uint64_t walk_misses[2];              /* walks that began at their root */
	uint64_t reads[IOMMU_PURPOSES];
	uint64_t commands;
	uint64_t invalidated; /* cache entries removed by commands */
};

struct iommu_cache_config {
	struct cache_geometry iotlb;
	struct cache_geometry device; /* context and PASID caches, each */
	struct cache_geometry walk
		[PT_LEVELS_MAX]; /* paging-structure cache by level of the table found (0: leaf tables); per stage */
};

struct iommu_ops {
	const char *family; /* "vtd" */

	/* access.want says what follows; the request is copied. */
	void (*translate_begin)(struct iommu *iommu, struct iommu_translation *translation,
				const struct iommu_request *request);
	/*
	 * words: what was read; for IOMMU_WANTS_UPDATE words[0] is 1 (stored) or 0 (word had changed).
	 * NULL: the access failed, there is no memory; the family's fault of such an access follows.
	 */
	void (*translate_feed)(struct iommu *iommu, struct iommu_translation *translation, const uint64_t *words);

	/*
	 * False: nothing to do (queue off, empty or stopped, or a wait is held until devices have answered or page
	 * requests are written).  A wait that is held is seen twice, as a command that ends without having done
	 * anything and, when nothing holds it any more, as the one that completes.
	 */
	bool (*command_begin)(struct iommu *iommu, struct iommu_command *command);
	/* NULL as above. */
	void (*command_feed)(struct iommu *iommu, struct iommu_command *command, const uint64_t *words);
	/* A device answered (or failed to answer) one invalidation request; a wait that was held may go on. */
	void (*device_answered)(struct iommu *iommu, uint16_t source_id, enum iommu_device_answer answer);

	/* offset within the register page; bytes 4 or 8.  Unknown offsets read 0 and ignore writes. */
	uint64_t (*register_read)(struct iommu *iommu, unsigned offset, unsigned bytes);
	void (*register_write)(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value);

	void (*destroy)(struct iommu *iommu);

	/* Names for what the unit reads; describe.h. */
	const struct iommu_describe_ops *describe;
};

/* An interrupt message that the unit itself sends: a write of data to address.  NULL: nobody listens. */
typedef void iommu_message_fn(void *argument, uint64_t address, uint32_t data);

struct iommu {
	const struct iommu_ops *ops;
	struct iommu_stats stats;
	iommu_message_fn *message; /* the machine's; may be set at any time */
	void *message_argument;
};

/*
 * Drives a translation to its end against memory, at once: what tests,
 * `iommusim walk` and the stale check use.  The simulator drives it itself.
 */
struct memory;
void iommu_translate_now(struct iommu *iommu, struct memory *memory, struct iommu_translation *translation,
			 const struct iommu_request *request);

/*
 * The same through a caller's own memory: `access` fills words and says true, or says false where there is
 * no memory (a snapshot without the page, an address beyond RAM).
 */
typedef bool iommu_access_fn(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX]);
void iommu_translate_through(struct iommu *iommu, iommu_access_fn *access, void *argument,
			     struct iommu_translation *translation, const struct iommu_request *request);

/* Takes commands until the queue is empty or stopped; returns how many.  Devices answer invalidations at once. */
uint64_t iommu_drain_queue_now(struct iommu *iommu, struct memory *memory);

/* One access as memory answers it: fills words for the feed. */
void iommu_access_now(struct memory *memory, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX]);

#endif
