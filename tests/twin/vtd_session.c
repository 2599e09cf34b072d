/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QEMU for a group of cases, and the beginning and end of each case: the same empty state on both sides, and the
 * comparison of all memory.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "tests/twin/vtd_explain.h"

#define UNIT      UINT64_C(0xfed90000) /* the unit's registers */
#define IOTLB     0x0f0u
#define RECORD    0x220u
#define EDU_BAR   UINT64_C(0xfe000000)
#define EDU_BYTES UINT64_C(0x100000)
#define BOUNCE    (TWIN_DATA - PAGE_BYTES) /* a page for filling and reading the devices' buffers */

const struct twin_group twin_groups[] = {
	{ "legacy-48", "aw-bits=48", 48, false, false, 7 },
	{ "legacy-39", "aw-bits=39", 39, false, false, 7 },
	{ "legacy-48-caching", "aw-bits=48,caching-mode=on,snoop-control=on", 48, false, false, 7 },
	{ "legacy-48-device-tlb", "aw-bits=48,device-iotlb=on,pt=off,dma-drain=off", 48, false, false, 7 },
	{ "scalable-48", "aw-bits=48,x-scalable-mode=on", 48, true, false, 7 },
	{ "scalable-39", "aw-bits=39,x-scalable-mode=on,caching-mode=on,snoop-control=on", 39, true, false, 7 },
	{ "first-stage-48", "aw-bits=48,x-scalable-mode=on,x-flts=on", 48, true, true, 10 },
	{ "first-stage-48-no-1g", "aw-bits=48,x-scalable-mode=on,x-flts=on,fs1gp=off", 48, true, true, 10 },
	{ "legacy-57", "aw-bits=57", 57, false, false, 0 },
	{ "first-stage-57", "aw-bits=57,x-scalable-mode=on,x-flts=on", 57, true, true, 0 },
};

const unsigned twin_group_count = sizeof(twin_groups) / sizeof(twin_groups[0]);

/* ---- QEMU ---- */

static const struct edu edus[TWIN_DEVICES] = {
	{ .devfn = 0x20, .bar = EDU_BAR },             /* 00:04.0 */
	{ .devfn = 0xa0, .bar = EDU_BAR + EDU_BYTES }, /* 00:14.0, in the upper half of a scalable root entry */
};

/* What the model's unit can do: QEMU's words, less interrupt remapping, and with what QEMU does without saying so. */
static void configure(struct twin *twin, uint64_t cap, uint64_t ecap)
{
	const struct cache_geometry kept = { .entries = 512, .ways = 512, .replacement = CACHE_LRU };

	twin->config = (struct vtd_config){
		.capability = cap,
		.extended_capability = ecap & ~(VTD_ECAP_IR | VTD_ECAP_EIM),
		.host_address_width = twin->group->width,
		.collapses_faults = true,
		.caches = { .iotlb = kept, .device = { 64, 64, CACHE_LRU } },
	};
	if (twin->group->scalable)
		twin->config.extended_capability |= VTD_ECAP_RPS | VTD_ECAP_SMPWC;
}

bool twin_open(struct twin *twin, const struct twin_group *group, const char *program, struct err *err)
{
	char unit[128];
	const char *arguments[] = { "-device", unit,
				    "-device", "edu,addr=04.0,dma_mask=0xffffffffffffffff",
				    "-device", "edu,addr=14.0,dma_mask=0xffffffffffffffff",
				    NULL };
	uint64_t cap = 0, ecap = 0;

	twin->group = group;
	twin->broken = false;
	snprintf(unit, sizeof(unit), "intel-iommu,intremap=off,%s", group->options);
	twin->qtest = qtest_create(program, &qtest_pc, arguments, twin->verbose, err);
	if (!twin->qtest)
		return false;
	for (unsigned i = 0; i < TWIN_DEVICES; i++)
		edu_enable(twin->qtest, &edus[i]);
	qtest_read64(twin->qtest, UNIT + VTD_REG_CAP, &cap);
	qtest_read64(twin->qtest, UNIT + VTD_REG_ECAP, &ecap);
	if (!qtest_sync(twin->qtest, err)) {
		twin_close(twin);
		return false;
	}
	configure(twin, cap, ecap);
	return true;
}

void twin_close(struct twin *twin)
{
	qtest_destroy(twin->qtest);
	twin->qtest = NULL;
}

bool twin_sync(struct twin *twin)
{
	struct err err = { 0 };

	if (twin->broken)
		return false;
	twin->broken = !qtest_sync(twin->qtest, &err);
	if (twin->broken)
		twin_fail(twin, "%s", err.text);
	return !twin->broken;
}

void twin_fail(struct twin *twin, const char *format, ...)
{
	va_list list;

	twin->ends = true;
	if (twin->failed)
		return;
	twin->failed = true;
	va_start(list, format);
	vsnprintf(twin->text, sizeof(twin->text), format, list);
	va_end(list);
}

/* ---- memory ---- */

void twin_put(struct twin *twin, uint64_t address, uint64_t value)
{
	memory_write64(twin->memory, address, value);
	qtest_write64(twin->qtest, address, value);
}

void twin_watch(struct twin *twin, uint64_t address)
{
	phys_t page = address & ~UINT64_C(0xfff);

	if (page >= TWIN_RAM_BYTES)
		return;
	for (unsigned i = 0; i < twin->page_count; i++)
		if (twin->pages[i] == page)
			return;
	REQUIRE(twin->page_count < TWIN_PAGES_MAX);
	twin->pages[twin->page_count++] = page;
}

phys_t twin_page(struct twin *twin)
{
	unsigned before = twin->page_count;
	phys_t page = 0;

	while (twin->page_count == before) {
		page = TWIN_TABLES + (twin_below(twin, TWIN_TABLES_BYTES >> 12) << 12);
		twin_watch(twin, page);
	}
	return page;
}

/* ---- registers ---- */

bool twin_answer(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	if (access->address >= TWIN_RAM_BYTES)
		return false;
	iommu_access_now(argument, access, words);
	return true;
}

/* QEMU carries descriptors out as soon as the tail is written; so does the model here. */
static void drain(struct twin *twin)
{
	const struct iommu_ops *ops = twin->iommu->ops;
	uint64_t words[IOMMU_WORDS_MAX];
	struct iommu_command command;

	while (ops->command_begin(twin->iommu, &command)) {
		while (command.access.want != IOMMU_WANTS_NOTHING) {
			bool is_answered = twin_answer(twin->memory, &command.access, words);

			ops->command_feed(twin->iommu, &command, is_answered ? words : NULL);
		}
		if (command.kind == IOMMU_COMMAND_DEVICE_TLB)
			ops->device_answered(twin->iommu, command.device_invalidation.source_id, IOMMU_DEVICE_DONE);
	}
}

void twin_register(struct twin *twin, unsigned offset, unsigned bytes, uint64_t value)
{
	if (bytes == 8)
		qtest_write64(twin->qtest, UNIT + offset, value);
	else
		qtest_write32(twin->qtest, UNIT + offset, (uint32_t)value);
	twin->iommu->ops->register_write(twin->iommu, offset, bytes, value);
	drain(twin);
}

uint64_t twin_theirs(struct twin *twin, unsigned offset, unsigned bytes)
{
	uint64_t value = 0;

	if (bytes == 8)
		qtest_read64(twin->qtest, UNIT + offset, &value);
	else
		qtest_read32(twin->qtest, UNIT + offset, &value);
	twin_sync(twin);
	return value;
}

uint64_t twin_ours(const struct twin *twin, unsigned offset, unsigned bytes)
{
	return twin->iommu->ops->register_read(twin->iommu, offset, bytes);
}

void twin_clear_faults(struct twin *twin)
{
	twin_register(twin, RECORD + 12, 4, 0x80000000);
	twin_register(twin, VTD_REG_FSTS, 4, VTD_FSTS_PFO);
}

void twin_random_clear(struct twin *twin)
{
	uint64_t choice = twin_below(twin, 8);

	if (choice < 6 && choice != 1)
		twin_register(twin, RECORD + 12, 4, 0x80000000);
	if (choice == 5) {
		/* QEMU looks at what is pending only when FSTS is written. */
		if (twin_theirs(twin, VTD_REG_FECTL, 4) == (twin_ours(twin, VTD_REG_FECTL, 4) | VTD_ECTL_IP))
			twin->explained[NAME_PENDING_LATE]++;
		twin_register(twin, VTD_REG_FSTS, 4, 0);
	}
	if (choice < 5)
		twin_register(twin, VTD_REG_FSTS, 4, VTD_FSTS_PFO);
}

void twin_compare_status(struct twin *twin, const char *what)
{
	static const struct {
		unsigned offset;
		const char *name;
	} registers[] = {
		{ VTD_REG_GSTS, "GSTS" },   { VTD_REG_IQH, "IQH" },     { VTD_REG_ICS, "ICS" },
		{ VTD_REG_IECTL, "IECTL" }, { VTD_REG_FECTL, "FECTL" }, { VTD_REG_FSTS, "FSTS" },
	};
	const unsigned count = sizeof(registers) / sizeof(registers[0]);
	uint64_t theirs[sizeof(registers) / sizeof(registers[0])] = { 0 };

	for (unsigned i = 0; i < count; i++)
		qtest_read32(twin->qtest, UNIT + registers[i].offset, &theirs[i]);
	if (!twin_sync(twin))
		return;
	for (unsigned i = 0; i < count; i++) {
		uint64_t ours = twin_ours(twin, registers[i].offset, 4);

		if (ours != theirs[i])
			twin_fail(twin, "%s: %s is 0x%" PRIx64 " in QEMU, 0x%" PRIx64 " in the model", what,
				  registers[i].name, theirs[i], ours);
	}
}

/* ---- a case ---- */

static void begin_qemu(struct twin *twin)
{
	static const struct {
		unsigned offset, bytes;
		uint64_t value;
	} writes[] = {
		{ VTD_REG_GCMD, 4, 0 },
		{ RECORD + 12, 4, 0x80000000 },
		{ VTD_REG_FSTS, 4, VTD_FSTS_PFO | VTD_FSTS_IQE },
		{ VTD_REG_ICS, 4, VTD_ICS_IWC },
		{ VTD_REG_FECTL, 4, VTD_ECTL_IM },
		{ VTD_REG_FEDATA, 4, 0 },
		{ VTD_REG_FEADDR, 4, 0 },
		{ VTD_REG_IECTL, 4, VTD_ECTL_IM },
		{ VTD_REG_IEDATA, 4, 0 },
		{ VTD_REG_IEADDR, 4, 0 },
		{ VTD_REG_IQT, 8, 0 },
		{ VTD_REG_IQA, 8, 0 },
		{ VTD_REG_RTADDR, 8, 0 },
		/* Invalidations of granularity 0: the granularity performed becomes 0, too. */
		{ VTD_REG_CCMD, 8, VTD_CCMD_ICC },
		{ IOTLB, 8, 0 },
		{ IOTLB + 8, 8, VTD_IOTLB_IVT },
		{ VTD_REG_GCMD, 4, VTD_GCMD_SRTP },
	};

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		if (writes[i].bytes == 8)
			qtest_write64(twin->qtest, UNIT + writes[i].offset, writes[i].value);
		else
			qtest_write32(twin->qtest, UNIT + writes[i].offset, (uint32_t)writes[i].value);
	}
	twin->iommu->ops->register_write(twin->iommu, VTD_REG_GCMD, 4, VTD_GCMD_SRTP);
}

void twin_begin(struct twin *twin, uint64_t index)
{
	struct err err = { 0 };

	twin->index = index;
	random_init(&twin->random, index);
	random_init(&twin->random, random_next(&twin->random) ^ twin->seed);
	twin->iommu = vtd_create(&twin->config, &err);
	twin->memory = memory_create();
	twin->entry_count = 0;
	twin->mapping_count = 0;
	twin->page_count = 0;
	twin->cached_count = 0;
	twin->tail = 0;
	twin->step = 0;
	twin->ends = false;
	twin->parted = false;
	twin->failed = false;
	if (!twin->iommu) {
		twin_fail(twin, "the model cannot be QEMU's unit: %s", err.text);
		return;
	}
	for (unsigned i = 0; i < TWIN_DEVICES; i++)
		twin->devices[i] = (struct twin_device){ .edu = edus[i], .source_id = (uint16_t)edus[i].devfn };
	begin_qemu(twin);
}

/* Leaves QEMU's queue as it must be to be switched off: the last descriptor a wait, nothing to do. */
static void settle_queue(struct twin *twin)
{
	const uint64_t wait = VTD_INV_WAIT | VTD_WAIT0_SW;
	unsigned bytes = twin->wide ? 32 : 16;
	uint64_t head = 0, status = 0;
	uint64_t page[512];

	for (unsigned i = 0; i < 512; i++)
		page[i] = i % (bytes / 8) == 0 ? wait : i % (bytes / 8) == 1 ? twin->status_page : 0;
	for (unsigned i = 0; i < TWIN_QUEUE_PAGES; i++)
		qtest_write(twin->qtest, twin->queue_page + i * PAGE_BYTES, page, sizeof(page));
	qtest_write64(twin->qtest, UNIT + VTD_REG_IQT, 0);
	qtest_write32(twin->qtest, UNIT + VTD_REG_FSTS, VTD_FSTS_IQE);
	qtest_read64(twin->qtest, UNIT + VTD_REG_IQH, &head);
	if (!twin_sync(twin))
		return;
	head = (head + bytes) % (PAGE_BYTES << twin->queue_size);
	qtest_write64(twin->qtest, UNIT + VTD_REG_IQT, head);
	qtest_write32(twin->qtest, UNIT + VTD_REG_GCMD, 0);
	qtest_read32(twin->qtest, UNIT + VTD_REG_GSTS, &status);
	if (twin_sync(twin) && (status & VTD_GSTS_QIES))
		twin_fail(twin, "QEMU's queue does not end: GSTS is 0x%" PRIx64, status);
}

/* Accessed and dirty flags of an entry, where one of the two refused what the other did: whose walk set them? */
static uint64_t flags_apart(const struct twin *twin, phys_t address)
{
	if (twin->parted)
		for (unsigned i = 0; i < twin->entry_count; i++)
			if (twin->entries[i].address == address && twin->entries[i].part == TWIN_PAGING &&
			    twin->devices[twin->entries[i].device].first_stage)
				return VTD_FSPTE_A | VTD_FSPTE_D;
	return 0;
}

static void compare_page(struct twin *twin, phys_t page, const unsigned char *theirs)
{
	for (unsigned byte = 0; byte < PAGE_BYTES; byte += 8) {
		uint64_t ours = memory_read64(twin->memory, page + byte), word;

		memcpy(&word, theirs + byte, sizeof(word));
		if (word != ours && ((word ^ ours) & ~flags_apart(twin, page + byte)))
			twin_fail(twin,
				  "memory at 0x%" PRIx64 " is 0x%016" PRIx64 " in QEMU, 0x%016" PRIx64 " in the model",
				  page + byte, word, ours);
	}
}

static void compare_pages(struct twin *twin)
{
	unsigned char(*theirs)[PAGE_BYTES] = calloc(TWIN_PAGES_MAX, PAGE_BYTES);

	REQUIRE(theirs);
	for (unsigned i = 0; i < twin->page_count; i++)
		qtest_read(twin->qtest, twin->pages[i], theirs[i], PAGE_BYTES);
	if (twin_sync(twin) && !twin->failed)
		for (unsigned i = 0; i < twin->page_count; i++)
			compare_page(twin, twin->pages[i], theirs[i]);
	free(theirs);
}

/* A transfer while remapping is off, to its end; bytes, of which there are count, may be asked for at its end. */
static bool transfer(struct twin *twin, const struct twin_device *device, bool write, unsigned char *bytes,
		     unsigned count)
{
	uint64_t busy = 1;

	if (!write)
		qtest_write(twin->qtest, BOUNCE, bytes, count);
	edu_start(twin->qtest, &device->edu, write, BOUNCE, 0, count);
	while (busy & 1) {
		edu_poll(twin->qtest, &device->edu, &busy);
		if (write)
			qtest_read(twin->qtest, BOUNCE, bytes, count);
		if (!twin_sync(twin))
			return false;
	}
	return true;
}

void twin_fill_buffers(struct twin *twin)
{
	for (unsigned i = 0; i < twin->device_count; i++) {
		struct twin_device *device = &twin->devices[i];

		for (unsigned byte = 0; byte < TWIN_BUFFER_BYTES; byte++)
			device->buffer[byte] = (unsigned char)random_next(&twin->random);
		transfer(twin, device, false, device->buffer, TWIN_BUFFER_BYTES);
	}
}

/* What the devices have read. */
static void compare_buffers(struct twin *twin)
{
	unsigned char theirs[TWIN_BUFFER_BYTES];

	for (unsigned i = 0; i < twin->device_count; i++) {
		struct twin_device *device = &twin->devices[i];

		if (device->buffer_used == 0)
			continue;
		if (!transfer(twin, device, true, theirs, device->buffer_used))
			return;
		if (memcmp(theirs, device->buffer, device->buffer_used) != 0)
			twin_fail(twin, "what device %02x:%02x.%x has read differs", device->source_id >> 8,
				  device->source_id >> 3 & 31, device->source_id & 7);
	}
}

void twin_end(struct twin *twin)
{
	if (!twin->broken && twin->iommu) {
		compare_pages(twin);
		qtest_write32(twin->qtest, UNIT + VTD_REG_GCMD, twin->queue ? VTD_GCMD_QIE : 0);
		if (twin->queue)
			settle_queue(twin);
		if (!twin->failed)
			compare_buffers(twin);
		for (unsigned i = 0; i < twin->page_count; i++)
			qtest_fill(twin->qtest, twin->pages[i], PAGE_BYTES, 0);
		twin_sync(twin);
	}
	if (twin->iommu)
		twin->iommu->ops->destroy(twin->iommu);
	memory_destroy(twin->memory);
	twin->iommu = NULL;
	twin->memory = NULL;
}
