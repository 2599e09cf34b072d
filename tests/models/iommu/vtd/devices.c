/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the invalidation queue sends to devices, their answers, and waits for them.  [VTD] "Device-TLB Invalidate
 * Descriptor", "Handling of Device-TLB Invalidations", "Hardware Handling of Queued Invalidation Interface
 * Errors", "Page Group Response Descriptor".
 */
#include "tests/models/iommu/vtd/world.h"

#define IQH    0x80
#define IQT    0x88
#define IQERCD 0xb0
#define FSTS   0x34
#define IQE    (1 << 4)
#define ICE    (1 << 5)
#define ITE    (1 << 6)
#define STATUS UINT64_C(0x50000)
#define WAIT   (1 << 5 | 5)

#define DEVICE_TLB(sid) (0x03 | (uint64_t)(sid) << 32)

static struct world w;
static struct iommu_command command;

static void begin_with(uint64_t extended_capability)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_no_caches };
	struct err err = { 0 };

	features.page_requests = true;
	world_init(&w, &features, &world_no_caches);
	vtd_capabilities(&features, &config);
	config.extended_capability |= extended_capability;
	w.unit->ops->destroy(w.unit);
	w.unit = vtd_create(&config, &err);
	ck_assert_msg(w.unit != NULL, "%s", err.text);
	world_start(&w);
}

static void begin(void)
{
	begin_with(0);
}

/* Puts a descriptor into the queue. */
static void put(uint64_t word0, uint64_t word1)
{
	memory_write64(w.memory, w.queue + w.tail, word0);
	memory_write64(w.memory, w.queue + w.tail + 8, word1);
	w.tail = (w.tail + 32) % 0x2000;
	world_set_register(&w, IQT, 8, w.tail);
}

/* Lets the unit take one, without answers of devices; false: it takes none. */
static bool take(void)
{
	uint64_t words[IOMMU_WORDS_MAX];

	if (!w.unit->ops->command_begin(w.unit, &command))
		return false;
	while (command.access.want != IOMMU_WANTS_NOTHING) {
		iommu_access_now(w.memory, &command.access, words);
		w.unit->ops->command_feed(w.unit, &command, words);
	}
	return true;
}

static void answer(uint16_t source_id, enum iommu_device_answer answer)
{
	w.unit->ops->device_answered(w.unit, source_id, answer);
}

/* ---- what is sent ---- */

/* S: the lowest zero bit of the address from bit 12 up tells the size. */
START_TEST(an_invalidation_at_a_device_tells_its_addresses)
{
	static const struct {
		uint64_t address;
		bool size;
		uint64_t first, last;
	} ranges[] = {
		{ 0x12345000, false, 0x12345000, 0x12345fff },
		{ 0x12344000, true, 0x12344000, 0x12345fff },
		{ 0x12345000, true, 0x12344000, 0x12347fff },
		{ 0x12343000, true, 0x12340000, 0x12347fff },
		{ 0x123ff000, true, 0x12000000, 0x127fffff }, /* ten ones: 2^11 pages */
		{ UINT64_C(0x7ffffffffffff000), true, 0, UINT64_MAX },
		{ UINT64_C(0xfffffffffffff000), true, 0, UINT64_MAX },
		{ UINT64_C(0x3ffffffffffff000), true, 0, UINT64_C(0x7fffffffffffffff) },
		{ UINT64_C(0xfffffffffffff000), false, UINT64_C(0xfffffffffffff000), UINT64_MAX },
	};

	begin();
	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		put(DEVICE_TLB(0xabcd), ranges[i].address | ranges[i].size);
		ck_assert(take());
		ck_assert_int_eq(command.kind, IOMMU_COMMAND_DEVICE_TLB);
		ck_assert_uint_eq(command.device_invalidation.source_id, 0xabcd);
		ck_assert(!command.device_invalidation.has_pasid);
		ck_assert(!command.device_invalidation.global);
		ck_assert_uint_eq(command.device_invalidation.first, ranges[i].first);
		ck_assert_uint_eq(command.device_invalidation.last, ranges[i].last);

		put(0x08 | UINT64_C(0xabcd) << 16 | UINT64_C(0xfedcb) << 32,
		    ranges[i].address | (uint64_t)ranges[i].size << 11);
		ck_assert(take());
		ck_assert_int_eq(command.kind, IOMMU_COMMAND_DEVICE_TLB);
		ck_assert_uint_eq(command.device_invalidation.source_id, 0xabcd);
		ck_assert(command.device_invalidation.has_pasid);
		ck_assert(!command.device_invalidation.global);
		ck_assert_uint_eq(command.device_invalidation.pasid, 0xfedcb);
		ck_assert_uint_eq(command.device_invalidation.first, ranges[i].first);
		ck_assert_uint_eq(command.device_invalidation.last, ranges[i].last);
	}
	world_fini(&w);
}
END_TEST

START_TEST(a_global_invalidation_is_of_all_pasids)
{
	begin();
	put(0x08 | 0x0308 << 16 | UINT64_C(0xfedcb) << 32, 1);
	ck_assert(take());
	ck_assert(command.device_invalidation.has_pasid);
	ck_assert(command.device_invalidation.global);
	ck_assert_uint_eq(command.device_invalidation.pasid, 0);
	world_fini(&w);
}
END_TEST

/* MIP is a hint; PFSID is reserved without ECAP.DIT. */
START_TEST(the_physical_function_is_reserved_without_throttling)
{
	static const uint64_t pfsid[] = { 0x03 | 1 << 12, 0x03 | UINT64_C(1) << 52, 0x08 | 1 << 15,
					  0x08 | UINT64_C(1) << 63 };

	for (unsigned i = 0; i < 4; i++) {
		begin();
		put(pfsid[i], 0);
		ck_assert(take());
		ck_assert_int_eq(command.kind, IOMMU_COMMAND_ERROR);
		ck_assert_uint_eq(world_register(&w, IQERCD, 8), 4);
		world_fini(&w);
		begin_with(UINT64_C(1) << 41);
		put(pfsid[i], 0);
		ck_assert(take());
		ck_assert_int_eq(command.kind, IOMMU_COMMAND_DEVICE_TLB);
		world_fini(&w);
	}
	begin();
	put(0x03 | 0x1f << 16, 0);
	put(0x08 | 0x1f << 4, 0);
	ck_assert(take() && command.kind == IOMMU_COMMAND_DEVICE_TLB);
	ck_assert(take() && command.kind == IOMMU_COMMAND_DEVICE_TLB);
	world_fini(&w);
}
END_TEST

START_TEST(a_page_group_response_goes_to_the_device)
{
	static const struct {
		unsigned rc;
		enum iommu_completion code;
	} codes[] = { { 0, IOMMU_PAGE_SUCCESS },
		      { 1, IOMMU_PAGE_INVALID },
		      { 15, IOMMU_PAGE_FAILURE },
		      { 7, IOMMU_PAGE_FAILURE } };

	begin();
	for (unsigned i = 0; i < 4; i++) {
		put(0x09 | codes[i].rc << 12 | UINT64_C(0xabcd) << 16 | UINT64_C(0x12345) << 32, 0x1ff << 3 | 4);
		ck_assert(take());
		ck_assert_int_eq(command.kind, IOMMU_COMMAND_PAGE_RESPONSE);
		ck_assert_uint_eq(command.page_response.source_id, 0xabcd);
		ck_assert(!command.page_response.has_pasid);
		ck_assert_uint_eq(command.page_response.pasid, 0);
		ck_assert_uint_eq(command.page_response.group, 0x1ff);
		ck_assert_int_eq(command.page_response.code, codes[i].code);
	}
	put(0x09 | 1 << 4 | UINT64_C(0x12345) << 32, 5 << 3);
	ck_assert(take());
	ck_assert(command.page_response.has_pasid);
	ck_assert_uint_eq(command.page_response.pasid, 0x12345);
	ck_assert_uint_eq(command.page_response.group, 5);
	world_fini(&w);
}
END_TEST

/* ---- waits: [VTD] "Queued Invalidation Ordering Considerations" ---- */

START_TEST(a_wait_is_held_until_every_device_answered)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	put(0x08 | (DEVICE + 1) << 16, 0);
	put(UINT64_C(7) << 32 | WAIT, STATUS);
	put(0x12, 0);
	ck_assert(take() && take());
	ck_assert(take()); /* the wait is fetched */
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_WAIT);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 64);
	ck_assert(!take());
	answer(DEVICE + 1, IOMMU_DEVICE_DONE);
	ck_assert(!take());
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 0);
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert(take());
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_WAIT);
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 7);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 96);
	ck_assert(take());
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_IOTLB);
	ck_assert_uint_eq(w.unit->stats.commands, 4);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 0);
	world_fini(&w);
}
END_TEST

/* Also one that writes nothing: its interrupt waits. */
START_TEST(a_held_wait_raises_its_event_late)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	put(1 << 6 | 1 << 4 | 5, 0);
	ck_assert(take() && take());
	ck_assert(!command.interrupt);
	ck_assert_uint_eq(world_register(&w, 0x9c, 4), 0);
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert(take());
	ck_assert(command.interrupt);
	ck_assert_uint_eq(world_register(&w, 0x9c, 4), 1);
	world_fini(&w);
}
END_TEST

START_TEST(other_commands_need_no_answer)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	put(0x12, 0);
	put(0x11, 0);
	ck_assert(take() && take() && take());
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_CONTEXT);
	world_fini(&w);
}
END_TEST

/* [VTD] "Handling of Device-TLB Invalidations": an ITag for each; without one the queue waits. */
START_TEST(there_are_as_many_invalidations_under_way_as_tags)
{
	begin();
	for (unsigned i = 0; i < 33; i++)
		put(DEVICE_TLB(DEVICE), 0);
	for (unsigned i = 0; i < 32; i++)
		ck_assert(take());
	ck_assert(!take());
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert(take());
	ck_assert(!take());
	world_fini(&w);
}
END_TEST

START_TEST(draining_the_queue_answers_for_the_devices)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	put(UINT64_C(7) << 32 | WAIT, STATUS);
	ck_assert_uint_eq(iommu_drain_queue_now(w.unit, w.memory), 2);
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 7);
	world_fini(&w);
}
END_TEST

/* ---- errors ---- */

START_TEST(a_time_out_stops_the_queue_and_aborts_the_wait)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	put(DEVICE_TLB(DEVICE + 1), 0);
	put(UINT64_C(7) << 32 | WAIT, STATUS);
	ck_assert(take() && take() && take());
	answer(DEVICE + 1, IOMMU_DEVICE_TIMED_OUT);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), ITE);
	ck_assert_uint_eq(world_register(&w, IQERCD, 8), (uint64_t)(DEVICE + 1) << 32);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 64);
	ck_assert(!take());

	/* Answers are taken meanwhile; a second time-out leaves the source of the first. */
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), ITE);
	ck_assert(!take());
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 0);
	world_set_register(&w, FSTS, 4, ITE);

	/* The descriptor at the head is fetched again. */
	ck_assert(w.unit->ops->command_begin(w.unit, &command));
	ck_assert_int_eq(command.access.want, IOMMU_WANTS_READ);
	ck_assert_uint_eq(command.access.address, w.queue + 64);
	ck_assert(take());
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 7);
	world_fini(&w);
}
END_TEST

START_TEST(the_first_source_of_an_error_is_kept)
{
	begin();
	put(DEVICE_TLB(1), 0);
	put(DEVICE_TLB(2), 0);
	ck_assert(take() && take());
	answer(2, IOMMU_DEVICE_TIMED_OUT);
	answer(1, IOMMU_DEVICE_TIMED_OUT);
	answer(3, IOMMU_DEVICE_UNEXPECTED);
	answer(4, IOMMU_DEVICE_UNEXPECTED);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), ITE | ICE);
	ck_assert_uint_eq(world_register(&w, IQERCD, 8), UINT64_C(0x0003000200000000));
	world_set_register(&w, FSTS, 4, ICE);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), ITE);
	answer(5, IOMMU_DEVICE_UNEXPECTED);
	ck_assert_uint_eq(world_register(&w, IQERCD, 8), UINT64_C(0x0005000200000000));
	world_fini(&w);
}
END_TEST

/* ICE does not stop the queue.  A completion of a device that was not asked is unexpected, whatever it says. */
START_TEST(an_unexpected_completion_is_reported)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	ck_assert(take());
	answer(DEVICE + 1, IOMMU_DEVICE_DONE);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), ICE);
	ck_assert_uint_eq(world_register(&w, IQERCD, 8), (uint64_t)(DEVICE + 1) << 48);
	put(UINT64_C(7) << 32 | WAIT, STATUS);
	ck_assert(take());
	ck_assert(!take()); /* DEVICE has not answered */
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert(take());
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 7);
	answer(DEVICE, IOMMU_DEVICE_TIMED_OUT); /* nothing is under way: no timer runs */
	ck_assert_uint_eq(world_register(&w, FSTS, 4), ICE);
	world_fini(&w);
}
END_TEST

START_TEST(a_unit_without_device_tlbs_takes_no_answers)
{
	struct vtd_features features = world_features();

	features.device_tlb = false;
	world_init(&w, &features, &world_no_caches);
	world_start(&w);
	answer(DEVICE, IOMMU_DEVICE_UNEXPECTED);
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 0);
	world_fini(&w);
}
END_TEST

/* Switching the queue off forgets the wait, not what devices owe. */
START_TEST(a_held_wait_is_gone_when_the_queue_was_off)
{
	begin();
	put(DEVICE_TLB(DEVICE), 0);
	put(UINT64_C(7) << 32 | WAIT, STATUS);
	ck_assert(take() && take());
	world_set_register(&w, 0x18, 4, 1u << 31);
	world_set_register(&w, IQT, 8, 0);
	world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 26);
	answer(DEVICE, IOMMU_DEVICE_DONE);
	ck_assert(!take());
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 0);
	ck_assert_uint_eq(memory_read64(w.memory, STATUS), 0);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_invalidation_at_a_device_tells_its_addresses,
		a_global_invalidation_is_of_all_pasids,
		the_physical_function_is_reserved_without_throttling,
		a_page_group_response_goes_to_the_device,
		a_wait_is_held_until_every_device_answered,
		a_held_wait_raises_its_event_late,
		other_commands_need_no_answer,
		there_are_as_many_invalidations_under_way_as_tags,
		draining_the_queue_answers_for_the_devices,
		a_time_out_stops_the_queue_and_aborts_the_wait,
		the_first_source_of_an_error_is_kept,
		an_unexpected_completion_is_reported,
		a_unit_without_device_tlbs_takes_no_answers,
		a_held_wait_is_gone_when_the_queue_was_off,
		NULL,
	};

	return suite_run("vtd invalidations at devices", tests);
}
