/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's own log of its VT-d unit (qemu-iommu.log of a recorded set), line by line: the trace events vtd_* with
 * their numbers.  The log's prefix PID@SECONDS: may be absent.
 */
#ifndef IOMMUSIM_TESTS_ORACLES_QEMU_LOG_H
#define IOMMUSIM_TESTS_ORACLES_QEMU_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers of each, in the order of its line. */
enum qemu_log_kind {
	QEMU_LOG_OTHER,              /* an event that says nothing new about translation */
	QEMU_LOG_REGISTER_WRITE,     /* offset, bytes, value */
	QEMU_LOG_QUEUE_TAIL,         /* slot */
	QEMU_LOG_QUEUE_HEAD,         /* slot */
	QEMU_LOG_DESCRIPTOR,         /* word 1, word 0; type names what it is */
	QEMU_LOG_CONTEXT_GLOBAL,     /* decoded: - */
	QEMU_LOG_CONTEXT_DEVICES,    /* decoded: source ID, function mask */
	QEMU_LOG_CONTEXT_DEVICE,     /* carried out on: bus, device, function */
	QEMU_LOG_IOTLB_GLOBAL,       /* decoded: - */
	QEMU_LOG_IOTLB_DOMAIN,       /* decoded: domain */
	QEMU_LOG_IOTLB_PAGES,        /* decoded: domain, address, mask */
	QEMU_LOG_WAIT_STATUS,        /* decoded: address, data */
	QEMU_LOG_CONTEXT_CACHE_HIT,  /* bus, devfn, word 1, word 0 of the entry */
	QEMU_LOG_CONTEXT_CACHE_FILL, /* the same */
	QEMU_LOG_CONTEXT_CACHE_RESET,
	QEMU_LOG_IOTLB_HIT,   /* source ID, address, leaf's word, domain */
	QEMU_LOG_IOTLB_FILL,  /* the same */
	QEMU_LOG_IOTLB_RESET, /* before a fill: QEMU's IOTLB was full */
	QEMU_LOG_TRANSLATION, /* bus, device, function, page, output page, mask of the offset */
};

#define QEMU_LOG_NUMBERS 6u

struct qemu_log_event {
	enum qemu_log_kind kind;
	unsigned line;    /* from 1 */
	const char *text; /* the event's name and what follows */
	char type[16];    /* of QEMU_LOG_DESCRIPTOR */
	uint64_t number[QEMU_LOG_NUMBERS];
};

struct qemu_log {
	char *at;      /* the rest of the text, which is written to */
	unsigned line; /* read so far */
};

/* The next event; false at the end.  A line that is not understood ends the test. */
bool qemu_log_next(struct qemu_log *log, struct qemu_log_event *event);

#endif
