/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracles/qemu_log.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/oracles/recording.h"
#include "tests/recorded/recorded.h"

struct line_kind {
	const char *name;
	enum qemu_log_kind kind;
	int numbers;
	const char *format; /* of what follows the name */
};

#define X "%" SCNx64
#define D "%" SCNu64

/* QEMU 10.0's hw/i386/trace-events prints them so. */
static const struct line_kind kinds[] = {
	{ "vtd_dmar_translate", QEMU_LOG_TRANSLATION, 6, "dev " X ":" X "." X " iova " X " -> gpa " X " mask " X },
	{ "vtd_iotlb_page_hit", QEMU_LOG_IOTLB_HIT, 4, "IOTLB page hit sid " X " iova " X " slpte " X " domain " X },
	{ "vtd_iotlb_page_update", QEMU_LOG_IOTLB_FILL, 4,
	  "IOTLB page update sid " X " iova " X " slpte " X " domain " X },
	{ "vtd_iotlb_cc_hit", QEMU_LOG_CONTEXT_CACHE_HIT, 4,
	  "IOTLB context hit bus " X " devfn " X " high " X " low " X },
	{ "vtd_iotlb_cc_update", QEMU_LOG_CONTEXT_CACHE_FILL, 4,
	  "IOTLB context update bus " X " devfn " X " high " X " low " X },
	{ "vtd_iotlb_reset", QEMU_LOG_IOTLB_RESET, 0, "" },
	{ "vtd_context_cache_reset", QEMU_LOG_CONTEXT_CACHE_RESET, 0, "" },
	{ "vtd_inv_desc", QEMU_LOG_DESCRIPTOR, 2, "invalidate desc type %15s high " X " low " X },
	{ "vtd_inv_desc_cc_global", QEMU_LOG_CONTEXT_GLOBAL, 0, "" },
	{ "vtd_inv_desc_cc_devices", QEMU_LOG_CONTEXT_DEVICES, 2, "context invalidate devices sid " X " fmask " X },
	{ "vtd_inv_desc_cc_device", QEMU_LOG_CONTEXT_DEVICE, 3, "context invalidate device " X ":" X "." X },
	{ "vtd_inv_desc_iotlb_global", QEMU_LOG_IOTLB_GLOBAL, 0, "" },
	{ "vtd_inv_desc_iotlb_domain", QEMU_LOG_IOTLB_DOMAIN, 1, "iotlb invalidate whole domain " X },
	{ "vtd_inv_desc_iotlb_pages", QEMU_LOG_IOTLB_PAGES, 3, "iotlb invalidate domain " X " addr " X " mask " X },
	{ "vtd_inv_desc_wait_sw", QEMU_LOG_WAIT_STATUS, 2, "wait invalidate status write addr " X " data " X },
	{ "vtd_inv_qi_tail", QEMU_LOG_QUEUE_TAIL, 1, "write tail " D },
	{ "vtd_inv_qi_head", QEMU_LOG_QUEUE_HEAD, 1, "read head " D },
	{ "vtd_reg_write", QEMU_LOG_REGISTER_WRITE, 3, "addr " X " size " X " value " X },
	{ "vtd_reg_write_gcmd", QEMU_LOG_OTHER, 0, "" }, /* repeats the register write */
	{ "vtd_reg_dmar_root", QEMU_LOG_OTHER, 0, "" },
	{ "vtd_inv_qi_enable", QEMU_LOG_OTHER, 0, "" },
	{ "vtd_inv_qi_setup", QEMU_LOG_OTHER, 0, "" },
	{ "vtd_inv_qi_fetch", QEMU_LOG_OTHER, 0, "" },
	{ "vtd_dmar_enable", QEMU_LOG_OTHER, 0, "" },
	{ "vtd_switch_address_space", QEMU_LOG_OTHER, 0, "" },
};

/* Behind PID@SECONDS: where there is one. */
static const char *event_text(const char *line)
{
	return line[strspn(line, "0123456789")] == '@' ? strchr(line, ':') + 1 : line;
}

static const struct line_kind *kind_of(const char *text, size_t name_bytes)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == name_bytes && strncmp(kinds[i].name, text, name_bytes) == 0)
			return &kinds[i];
	return NULL;
}

bool qemu_log_next(struct qemu_log *log, struct qemu_log_event *event)
{
	const char *line = recorded_line(&log->at);

	if (!line)
		return false;

	const char *text = event_text(line);
	size_t name_bytes = strcspn(text, " ");
	const struct line_kind *kind = kind_of(text, name_bytes);
	const char *rest = text + name_bytes + (text[name_bytes] == ' ');

	log->line++;
	MUST(kind != NULL, "line %u: unknown event: %s", log->line, text);
	*event = (struct qemu_log_event){ .kind = kind->kind, .line = log->line, .text = text };

	uint64_t *n = event->number;
	int found = kind->numbers == 0 ? 0
		    : kind->kind == QEMU_LOG_DESCRIPTOR
			    ? sscanf(rest, kind->format, event->type, &n[0], &n[1]) - 1
			    : sscanf(rest, kind->format, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]);

	MUST(found == kind->numbers, "line %u: not understood: %s", log->line, text);
	return true;
}
