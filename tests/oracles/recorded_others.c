/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded guests whose IOMMU family has no driver model: AMD-Vi and SMMUv3.  The counts of the import, and
 * at each snapshot the pages that the trace has mapped, are those of the guest's memory: same address, same
 * page, same permission.  A page table in the second-stage format, 4 KiB leaves only, is the set of pages.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/pagetable/map.h"
#include "models/pagetable/vtd_second_stage.h"
#include "tests/oracles/order.h"
#include "tests/oracles/recording.h"
#include "tests/suite.h"

#define DEVICES_MAX 32u
#define FRAMES      65536u

/* The doorbell of message-signalled interrupts on QEMU's arm64 board: mapped for each device, by no DMA operation. */
#define MSI_DOORBELL UINT64_C(0x8090000)

struct guest {
	struct recording recording;
	bool write_reads; /* the format cannot forbid reads of a page that may be written */
	struct memory *memory;
	struct frames frames;
	struct page_table pages[DEVICES_MAX];
	uint64_t segments, unmaps, snapshots;
	struct map_work work;
};

static void init(struct guest *guest)
{
	static const struct pt_rules rules = { .levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 48 };
	struct memory_view view;

	guest->memory = memory_create();
	view = (struct memory_view){ .memory = guest->memory };
	frames_init(&guest->frames, 0, FRAMES * PAGE_BYTES);
	ck_assert_uint_le(trace_summary(guest->recording.trace)->devices, DEVICES_MAX);
	for (unsigned i = 0; i < DEVICES_MAX; i++)
		ck_assert_int_eq(MAP_OK,
				 page_table_init(&guest->pages[i], &vtd_second_stage, &rules, view, &guest->frames));
}

static void fini(struct guest *guest)
{
	frames_fini(&guest->frames);
	memory_destroy(guest->memory);
	recording_close(&guest->recording);
}

static struct page_table *pages_of(struct guest *guest, const struct trace_op *op)
{
	MUST(op->device < DEVICES_MAX, "line %" PRIu64 ": no device", op->line);
	return &guest->pages[op->device];
}

static unsigned permissions(const struct guest *guest, enum trace_direction direction)
{
	if (direction == TRACE_TO_DEVICE)
		return PT_READ;
	return direction == TRACE_FROM_DEVICE && !guest->write_reads ? PT_WRITE : PT_READ | PT_WRITE;
}

/* ---- snapshots ---- */

struct page_check {
	const struct recorded_leaf *leaf;
	size_t count, next;
	uint64_t offset; /* within leaf[next] */
	unsigned source_id;
};

static void skip_doorbell(struct page_check *check)
{
	while (check->next < check->count && check->leaf[check->next].output == MSI_DOORBELL)
		check->next++;
}

static bool check_page(void *argument, const struct page_table_leaf *page)
{
	struct page_check *check = argument;

	if (page->entry.address == MSI_DOORBELL)
		return true;
	skip_doorbell(check);
	MUST(check->next < check->count, "device %04x: %#" PRIx64 " is mapped, not so in the guest", check->source_id,
	     page->iova);

	const struct recorded_leaf *leaf = &check->leaf[check->next];

	MUST(page->iova == leaf->iova + check->offset && page->entry.address == leaf->output + check->offset,
	     "device %04x: page %#" PRIx64 " at %#" PRIx64 ", in the guest %#" PRIx64 " at %#" PRIx64, check->source_id,
	     page->entry.address, page->iova, leaf->output + check->offset, leaf->iova + check->offset);
	MUST(!(page->permissions & PT_READ) == !leaf->read && !(page->permissions & PT_WRITE) == !leaf->write,
	     "device %04x: page at %#" PRIx64 ": the permission is another", check->source_id, page->iova);
	check->offset += PAGE_BYTES;
	if (check->offset == leaf->bytes) {
		check->offset = 0;
		check->next++;
	}
	return true;
}

static void check_snapshot(struct guest *guest, const struct trace_op *mark)
{
	const char *snapshot = recording_snapshot_of(&guest->recording, mark);

	if (!snapshot)
		return;
	for (uint16_t i = 0; i < trace_summary(guest->recording.trace)->devices; i++) {
		struct page_check check = { .source_id = trace_device(guest->recording.trace, i)->source_id };
		struct recorded_leaf *leaves =
			recording_leaves(&guest->recording, snapshot, check.source_id, &check.count);

		check.leaf = leaves;
		page_table_for_each(&guest->pages[i], check_page, &check);
		skip_doorbell(&check);
		MUST(check.next == check.count, "device %04x: %zu leaves, the guest has %zu", check.source_id,
		     check.next, check.count);
		free(leaves);
	}
	guest->snapshots++;
}

/* ---- the sets ---- */

static void step(struct guest *guest, const struct order_event *event)
{
	const struct trace_segment *segment = &event->segment;
	const struct trace_op *op = &event->op;
	uint64_t before = guest->work.bytes;

	if (event->kind == ORDER_SEGMENT) {
		guest->segments++;
		if (op->device == TRACE_NO_DEVICE) {
			MUST(segment->phys == MSI_DOORBELL, "line %" PRIu64 ": no device", event->line);
			return;
		}
		MUST(page_table_map(pages_of(guest, op), segment->iova, segment->phys, segment->bytes,
				    permissions(guest, op->direction), PAGE_LG2, &guest->work) == MAP_OK,
		     "line %" PRIu64 ": cannot be mapped", event->line);
	} else if (event->kind == ORDER_ROW && op->kind == TRACE_UNMAP) {
		guest->unmaps++;
		MUST(page_table_unmap(pages_of(guest, op), op->iova, op->bytes, &guest->work, NULL, NULL) == MAP_OK &&
			     guest->work.bytes - before == op->bytes,
		     "line %" PRIu64 ": was not mapped", op->line);
	} else if (event->kind == ORDER_ROW && op->kind == TRACE_MARK) {
		check_snapshot(guest, op);
	}
}

static void check_set(const char *name, bool write_reads)
{
	struct guest guest = { .write_reads = write_reads };
	struct order_event event;
	struct order order;

	if (!recording_open(&guest.recording, name))
		return;
	recording_check_counts(&guest.recording);
	init(&guest);
	order_init(&order, guest.recording.trace);
	while (order_next(&order, &event))
		step(&guest, &event);
	order_fini(&order);
	ck_assert_uint_eq(guest.segments, recording_count(&guest.recording, "map"));
	ck_assert_uint_eq(guest.unmaps, recording_count(&guest.recording, "unmap"));
	ck_assert_uint_eq(guest.snapshots, strstr(guest.recording.json, "ask/SNAP/s1") ? 2 : 0);
	printf("%s: %" PRIu64 " map events, %" PRIu64 " unmaps, %" PRIu64 " snapshots\n", name, guest.segments,
	       guest.unmaps, guest.snapshots);
	fini(&guest);
}

#define SET(test, name, write_reads) \
	START_TEST(test) \
	{ \
		check_set(name, write_reads); \
	} \
	END_TEST

SET(the_trace_maps_what_guest_D_mapped, "D-amdvi-nvme-strict", false)
SET(the_trace_maps_what_guest_D3_mapped, "D3-amdvi-oracle-strict", false)
SET(the_trace_maps_what_guest_E_mapped, "E-smmuv3-nvme-strict", true)
SET(the_trace_maps_what_guest_E3_mapped, "E3-smmuv3-oracle-strict", true)

static Suite *suite(void)
{
	Suite *s = suite_create("recorded_others");
	TCase *t = tcase_create("sets");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_trace_maps_what_guest_D_mapped);
	tcase_add_test(t, the_trace_maps_what_guest_D3_mapped);
	tcase_add_test(t, the_trace_maps_what_guest_E_mapped);
	tcase_add_test(t, the_trace_maps_what_guest_E3_mapped);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
