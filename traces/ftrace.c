/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/ftrace.h"

#include <string.h>

/* Width of the task name that the kernel pads every event line to. */
#define COMM_WIDTH 16

/*
 * A cursor over a line.  Functions that want something return false and leave
 * the cursor anywhere when it is not there.
 */
struct scan {
	const char *at, *end;
};

static bool want(struct scan *scan, const char *literal)
{
	size_t length = strlen(literal);
	if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, literal, length) != 0)
		return false;
	scan->at += length;
	return true;
}

static void skip_spaces(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at == ' ')
		scan->at++;
}

static bool want_decimal(struct scan *scan, uint64_t *value)
{
	const char *start = scan->at;
	uint64_t result = 0;
	for (; scan->at < scan->end; scan->at++) {
		unsigned digit = (unsigned char)*scan->at - (unsigned)'0';
		if (digit > 9)
			break;
		if (__builtin_mul_overflow(result, 10, &result) || __builtin_add_overflow(result, digit, &result))
			return false;
	}
	*value = result;
	return scan->at > start;
}

/* With or without 0x. */
static bool want_hex(struct scan *scan, uint64_t *value)
{
	if (scan->end - scan->at > 2 && scan->at[0] == '0' && scan->at[1] == 'x')
		scan->at += 2;
	const char *start = scan->at;
	uint64_t result = 0;
	for (; scan->at < scan->end; scan->at++) {
		unsigned character = (unsigned char)*scan->at, digit = character - (unsigned)'0';
		if (digit > 9) {
			digit = (character | 0x20u) - (unsigned)'a';
			if (digit > 5)
				break;
			digit += 10;
		}
		if (result >> 60)
			return false;
		result = result << 4 | digit;
	}
	*value = result;
	return scan->at > start;
}

/* Up to the next space or the end; not empty. */
static bool want_word(struct scan *scan, struct source_text *word)
{
	word->at = scan->at;
	while (scan->at < scan->end && *scan->at != ' ')
		scan->at++;
	word->length = (size_t)(scan->at - word->at);
	return word->length > 0;
}

static bool want_list(struct scan *scan, struct source_text *list)
{
	if (!want(scan, "{"))
		return false;
	const char *brace = memchr(scan->at, '}', (size_t)(scan->end - scan->at));
	if (!brace)
		return false;
	*list = (struct source_text){ .at = scan->at, .length = (size_t)(brace - scan->at) };
	scan->at = brace + 1;
	return true;
}

bool ftrace_list_next(struct source_text *list, uint64_t *value)
{
	if (list->length == 0) /* nor is there an `at` where the line has no list */
		return false;
	struct scan scan = { .at = list->at, .end = list->at + list->length };
	if (scan.at < scan.end && *scan.at == ',')
		scan.at++;
	bool found = want_hex(&scan, value);
	*list = (struct source_text){ .at = scan.at, .length = (size_t)(scan.end - scan.at) };
	return found;
}

static bool want_direction(struct scan *scan, enum trace_direction *direction)
{
	struct source_text word;
	if (!want(scan, " dir=") || !want_word(scan, &word))
		return false;
	switch (word.at[0]) {
	case 'B':
		*direction = TRACE_BIDIRECTIONAL;
		return true;
	case 'T':
		*direction = TRACE_TO_DEVICE;
		return true;
	case 'F':
		*direction = TRACE_FROM_DEVICE;
		return true;
	case 'N':
		*direction = TRACE_DIRECTION_NONE;
		return true;
	}
	return false;
}

/* Payloads, one function per form.  All return false when the payload has another form. */

static bool scan_range(struct scan *scan, struct ftrace_event *event)
{
	uint64_t end;
	return want(scan, "IOMMU: iova=") && want_hex(scan, &event->address) && want(scan, " - ") &&
	       want_hex(scan, &end);
}

static bool scan_map(struct scan *scan, struct ftrace_event *event)
{
	return scan_range(scan, event) && want(scan, " paddr=") && want_hex(scan, &event->phys) &&
	       want(scan, " size=") && want_decimal(scan, &event->bytes) && event->bytes > 0 &&
	       event->address + (event->bytes - 1) >= event->address;
}

static bool scan_unmap(struct scan *scan, struct ftrace_event *event)
{
	/* What was unmapped counts, not what was asked for. */
	uint64_t asked;
	return scan_range(scan, event) && want(scan, " size=") && want_decimal(scan, &asked) &&
	       want(scan, " unmapped_size=") && want_decimal(scan, &event->bytes) &&
	       (event->bytes == 0 || event->address + (event->bytes - 1) >= event->address);
}

static bool scan_dma(struct scan *scan, struct ftrace_event *event)
{
	event->has_address = true;
	return want_word(scan, &event->device) && want_direction(scan, &event->direction) && want(scan, " dma_addr=") &&
	       want_hex(scan, &event->address) && want(scan, " size=") && want_decimal(scan, &event->bytes);
}

/* A line that the kernel cut in its lists still names its device; then no list is given. */
static bool scan_dma_map_sg(struct scan *scan, struct ftrace_event *event)
{
	struct source_text word;
	uint64_t shown, real;
	if (!want_word(scan, &event->device) || !want_direction(scan, &event->direction))
		return false;
	event->truncated = true;
	if (!want(scan, " nents=") || !want_word(scan, &word) || !want(scan, " ents=") || !want_decimal(scan, &shown) ||
	    !want(scan, "/") || !want_decimal(scan, &real))
		return true;
	want(scan, " [TRUNCATED]");
	struct source_text addresses, sizes;
	if (!want(scan, " dma_addrs=") || !want_list(scan, &addresses))
		return true;
	event->addresses = addresses;
	if (!want(scan, " sizes=") || !want_list(scan, &sizes))
		return true;
	event->sizes = sizes;
	event->truncated = shown != real;
	return true;
}

static bool scan_dma_unmap_sg(struct scan *scan, struct ftrace_event *event)
{
	return want_word(scan, &event->device) && want_direction(scan, &event->direction);
}

static bool scan_group(struct scan *scan, struct ftrace_event *event)
{
	return want(scan, "IOMMU: groupID=") && want_decimal(scan, &event->id) && want(scan, " device=") &&
	       want_word(scan, &event->device);
}

static bool scan_attach(struct scan *scan, struct ftrace_event *event)
{
	return want(scan, "IOMMU: device=") && want_word(scan, &event->device);
}

/* IOMMU/DEV type T did N ... */
static bool scan_tag(struct scan *scan, struct ftrace_event *event)
{
	struct source_text word;
	return want_word(scan, &word) && want(scan, " type ") && want_word(scan, &word) && want(scan, " did ") &&
	       want_decimal(scan, &event->id);
}

/* IOMMU DEV[pasid] type T did N ... */
static bool scan_flush_range(struct scan *scan, struct ftrace_event *event)
{
	struct source_text word;
	return want_word(scan, &word) && want(scan, " ") && scan_tag(scan, event);
}

static bool scan_qi_submit(struct scan *scan, struct ftrace_event *event)
{
	struct source_text word;
	bool ok = want_word(scan, &word) && want(scan, " ") && want_word(scan, &word);
	for (unsigned i = 0; ok && i < 4; i++)
		ok = want(scan, " ") && want_hex(scan, &event->word[i]);
	return ok;
}

static bool scan_mark(struct scan *scan, struct ftrace_event *event)
{
	event->text = (struct source_text){ .at = scan->at, .length = (size_t)(scan->end - scan->at) };
	return true;
}

struct event_form {
	const char *name;
	size_t length;
	enum ftrace_type type;
	enum trace_api api;
	bool (*scan)(struct scan *scan, struct ftrace_event *event);
};

/* clang-format off */
#define FORM(name, type, api, scan) { name, sizeof(name) - 1, type, api, scan }
/* clang-format on */

/* The most frequent first. */
static const struct event_form FORMS[] = {
	FORM("map", FTRACE_MAP, TRACE_API_NONE, scan_map),
	FORM("unmap", FTRACE_UNMAP, TRACE_API_NONE, scan_unmap),
	FORM("qi_submit", FTRACE_QI_SUBMIT, TRACE_API_NONE, scan_qi_submit),
	FORM("dma_map_page", FTRACE_DMA_MAP, TRACE_API_PAGE, scan_dma),
	FORM("dma_unmap_page", FTRACE_DMA_UNMAP, TRACE_API_PAGE, scan_dma),
	FORM("cache_tag_flush_range", FTRACE_FLUSH_UNMAP, TRACE_API_NONE, scan_flush_range),
	FORM("cache_tag_flush_range_np", FTRACE_FLUSH_MAP, TRACE_API_NONE, scan_flush_range),
	FORM("dma_map_sg", FTRACE_DMA_MAP_SG, TRACE_API_SG, scan_dma_map_sg),
	FORM("dma_unmap_sg", FTRACE_DMA_ANNOUNCE, TRACE_API_SG, scan_dma_unmap_sg),
	FORM("cache_tag_flush_all", FTRACE_FLUSH_ALL, TRACE_API_NONE, scan_tag),
	FORM("dma_alloc", FTRACE_DMA_MAP, TRACE_API_COHERENT, scan_dma),
	FORM("dma_free", FTRACE_DMA_ANNOUNCE, TRACE_API_COHERENT, scan_dma),
	FORM("dma_alloc_pages", FTRACE_DMA_MAP, TRACE_API_COHERENT, scan_dma),
	FORM("dma_free_pages", FTRACE_DMA_ANNOUNCE, TRACE_API_COHERENT, scan_dma),
	FORM("dma_alloc_sgt", FTRACE_DMA_MAP, TRACE_API_COHERENT, scan_dma),
	FORM("dma_free_sgt", FTRACE_DMA_ANNOUNCE, TRACE_API_COHERENT, scan_dma_unmap_sg),
	FORM("dma_map_phys", FTRACE_DMA_MAP, TRACE_API_PAGE, scan_dma), /* Linux 6.18's dma_map_page and _resource */
	FORM("dma_unmap_phys", FTRACE_DMA_UNMAP, TRACE_API_PAGE, scan_dma),
	FORM("dma_map_resource", FTRACE_DMA_MAP, TRACE_API_PAGE, scan_dma),
	FORM("dma_unmap_resource", FTRACE_DMA_UNMAP, TRACE_API_PAGE, scan_dma),
	FORM("tracing_mark_write", FTRACE_MARK, TRACE_API_NONE, scan_mark),
	FORM("add_device_to_group", FTRACE_GROUP, TRACE_API_NONE, scan_group),
	FORM("attach_device_to_domain", FTRACE_ATTACH, TRACE_API_NONE, scan_attach),
	FORM("cache_tag_assign", FTRACE_TAG_ASSIGN, TRACE_API_NONE, scan_tag),
};

static const struct event_form *find_form(const struct source_text *name)
{
	for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++)
		if (FORMS[i].length == name->length && !memcmp(FORMS[i].name, name->at, name->length))
			return &FORMS[i];
	return NULL;
}

/* "-PID [CPU] ", perhaps with "(TGID) " between. */
static bool scan_pid_cpu(struct scan *scan, struct ftrace_event *event)
{
	uint64_t pid, cpu;
	if (!want(scan, "-") || !want_decimal(scan, &pid) || pid > INT32_MAX)
		return false;
	skip_spaces(scan);
	if (want(scan, "(")) {
		const char *close = memchr(scan->at, ')', (size_t)(scan->end - scan->at));
		if (!close)
			return false;
		scan->at = close + 1;
		skip_spaces(scan);
	}
	if (!want(scan, "[") || !want_decimal(scan, &cpu) || cpu >= UINT16_MAX || !want(scan, "] "))
		return false;
	event->pid = (uint32_t)pid;
	event->cpu = (uint16_t)cpu;
	return true;
}

/* A task's name may hold anything: its end is in a fixed column, or wherever a PID and a CPU follow. */
static bool scan_task(struct scan *scan, struct ftrace_event *event)
{
	const char *start = scan->at;
	if (scan->end - start > COMM_WIDTH && start[COMM_WIDTH] == '-') {
		scan->at = start + COMM_WIDTH;
		if (scan_pid_cpu(scan, event))
			return true;
	}
	for (const char *dash = start; (dash = memchr(dash, '-', (size_t)(scan->end - dash))); dash++) {
		scan->at = dash;
		if (scan_pid_cpu(scan, event))
			return true;
	}
	return false;
}

/* The interrupt level is the third character of the flags; a recording without flags has none. */
static bool scan_level(struct scan *scan, struct ftrace_event *event)
{
	struct source_text flags;
	skip_spaces(scan);
	event->level = 0;
	if (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		return true;
	if (!want_word(scan, &flags) || flags.length < 3)
		return false;
	switch (flags.at[2]) {
	case '.':
		break;
	case 's':
		event->level = 1;
		break;
	case 'h':
	case 'H':
		event->level = 2;
		break;
	case 'z':
	case 'Z':
		event->level = 3;
		break;
	default:
		return false;
	}
	skip_spaces(scan);
	return true;
}

/* "SECONDS.FRACTION: ", the fraction of 1 to 12 digits. */
static bool scan_time(struct scan *scan, struct ftrace_event *event)
{
	uint64_t seconds, fraction;
	if (!want_decimal(scan, &seconds) || seconds >= UINT64_MAX / PS_PER_S || !want(scan, "."))
		return false;
	const char *start = scan->at;
	if (!want_decimal(scan, &fraction) || scan->at - start > 12)
		return false;
	for (long digits = scan->at - start; digits < 12; digits++)
		fraction *= 10;
	event->time_ps = seconds * PS_PER_S + fraction;
	return want(scan, ": ");
}

static void scan_event(struct scan *scan, struct ftrace_event *event)
{
	event->type = FTRACE_BAD;
	event->about = "not an event line of ftrace (\"TASK-PID [CPU] FLAGS SECONDS: NAME: ...\")";
	if (!scan_task(scan, event))
		return;
	event->about = "the flags behind [CPU] are not those of ftrace's default format";
	if (!scan_level(scan, event))
		return;
	event->about = "no time in seconds: record with a clock that counts seconds, e.g. mono";
	if (!scan_time(scan, event))
		return;
	event->type = FTRACE_OTHER;
	const char *colon = memchr(scan->at, ':', (size_t)(scan->end - scan->at));
	event->name =
		(struct source_text){ .at = scan->at, .length = (size_t)((colon ? colon : scan->end) - scan->at) };
	const struct event_form *form = colon ? find_form(&event->name) : NULL;
	if (!form)
		return;
	scan->at = colon + 1;
	skip_spaces(scan);
	event->api = form->api;
	event->type = form->scan(scan, event) ? form->type : FTRACE_BAD;
	event->about = "the event's text is cut or not as Linux prints it";
}

/* "CPU:3 [LOST 17 EVENTS]", "CPU:3 [LOST EVENTS]", or trace-cmd's "CPU:3 [17 EVENTS DROPPED]". */
static bool scan_lost(struct scan scan, struct ftrace_event *event)
{
	uint64_t cpu;
	if (want(&scan, "CPU:") && !want_decimal(&scan, &cpu))
		return false;
	skip_spaces(&scan);
	if (!want(&scan, "["))
		return false;
	bool lost = want(&scan, "LOST ");
	event->type = FTRACE_LOST;
	event->count = 0;
	if (want_decimal(&scan, &event->count))
		want(&scan, " ");
	return want(&scan, "EVENTS") && (lost || want(&scan, " DROPPED"));
}

static bool scan_header(struct scan scan, struct ftrace_event *event)
{
	uint64_t cpus = 0;
	if (!want(&scan, "# entries-in-buffer/entries-written: ") || !want_decimal(&scan, &event->count) ||
	    !want(&scan, "/") || !want_decimal(&scan, &event->written))
		return false;
	skip_spaces(&scan);
	event->type = FTRACE_HEADER;
	event->cpu = want(&scan, "#P:") && want_decimal(&scan, &cpus) && cpus <= UINT16_MAX ? (uint16_t)cpus : 0;
	return true;
}

void ftrace_scan(const struct source_text *line, struct ftrace_event *event)
{
	struct scan scan = { .at = line->at, .end = line->at + line->length };
	*event = (struct ftrace_event){ .type = FTRACE_BLANK, .direction = TRACE_DIRECTION_NONE };
	if (line->length && (line->at[0] == '#' || line->at[0] == 'C' || line->at[0] == '[') &&
	    (scan_header(scan, event) || scan_lost(scan, event)))
		return;
	struct scan rest = scan;
	skip_spaces(&rest);
	event->type = FTRACE_BLANK;
	if (rest.at == rest.end || line->at[0] == '#' || want(&rest, "=> ") || want(&rest, "cpus="))
		return;
	scan_event(&scan, event);
}
