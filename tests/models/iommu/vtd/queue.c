/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The invalidation queue: head, tail, wrap, wait descriptors, and what stops it.
 * [VTD] "Queued Invalidation Interface".
 */
#include "tests/models/iommu/vtd/world.h"

#define IQH    0x80
#define IQT    0x88
#define IQA    0x90
#define ICS    0x9c
#define IECTL  0xa0
#define IQERCD 0xb0
#define FSTS   0x34
#define FECTL  0x38
#define IQE    (1 << 4)
#define STATUS UINT64_C(0x50004)

static struct world w;

static void begin(bool scalable)
{
	struct vtd_features features = world_features();

	features.scalable = scalable;
	world_init(&w, &features, &world_caches);
	world_start(&w);
}

static void expect_stopped(uint64_t reason, uint64_t head)
{
	struct iommu_command command;

	ck_assert_uint_eq(world_register(&w, FSTS, 4), IQE);
	ck_assert_uint_eq(world_register(&w, IQERCD, 8), reason);
	ck_assert_uint_eq(world_register(&w, IQH, 8), head);
	ck_assert(!w.unit->ops->command_begin(w.unit, &command));
}

START_TEST(a_wait_descriptor_writes_its_status)
{
	for (unsigned wide = 0; wide <= 1; wide++) {
		begin(wide);
		memory_write64(w.memory, STATUS - 4, UINT64_MAX);
		memory_write64(w.memory, STATUS + 4, UINT64_MAX);
		world_command(&w, UINT64_C(0xcafe1234) << 32 | 1 << 5 | 5, STATUS);
		ck_assert_uint_eq(memory_read64(w.memory, STATUS - 4),
				  UINT64_C(0xcafe1234ffffffff)); /* 4 bytes, no more */
		ck_assert_uint_eq(memory_read64(w.memory, STATUS + 4), UINT64_MAX);
		ck_assert_uint_eq(world_register(&w, IQH, 8), wide ? 32 : 16);
		ck_assert_uint_eq(world_register(&w, ICS, 4), 0);
		world_fini(&w);
	}
}
END_TEST

/* IF: ICS.IWC is set; masked (IECTL.IM), the event stays pending until IWC is cleared. */
START_TEST(a_wait_descriptor_may_raise_the_completion_event)
{
	begin(true);
	ck_assert_uint_eq(world_register(&w, IECTL, 4), 1u << 31);
	world_command(&w, 1 << 4 | 5, 0);
	ck_assert_uint_eq(world_register(&w, ICS, 4), 1);
	ck_assert_uint_eq(world_register(&w, IECTL, 4), 3u << 30);
	world_set_register(&w, ICS, 4, 0);
	ck_assert_uint_eq(world_register(&w, ICS, 4), 1);
	world_set_register(&w, ICS, 4, 1);
	ck_assert_uint_eq(world_register(&w, ICS, 4), 0);
	ck_assert_uint_eq(world_register(&w, IECTL, 4), 1u << 31);
	world_set_register(&w, IECTL, 4, 0);
	world_command(&w, 1 << 4 | 5, 0);
	ck_assert_uint_eq(world_register(&w, ICS, 4), 1);
	ck_assert_uint_eq(world_register(&w, IECTL, 4), 0);
	world_fini(&w);
}
END_TEST

/* What the caller is told while a command is under way. */
START_TEST(a_command_says_what_it_wants_and_does)
{
	static const struct {
		uint64_t word0;
		enum iommu_command_kind kind;
		bool drain_reads, drain_writes;
	} commands[] = {
		{ 0x11, IOMMU_COMMAND_CONTEXT, false, false },
		{ 0x37, IOMMU_COMMAND_CONTEXT, false, false },
		{ 0x12, IOMMU_COMMAND_IOTLB, false, false },
		{ 0x12 | 1 << 6, IOMMU_COMMAND_IOTLB, false, true },
		{ 0x12 | 1 << 7, IOMMU_COMMAND_IOTLB, true, false },
		{ 0x26, IOMMU_COMMAND_IOTLB, true, true },
		{ 0x04, IOMMU_COMMAND_NONE, false, false }, /* interrupt entries, of which there are none */
		{ 0x45, IOMMU_COMMAND_WAIT, false, false }, /* a fence, and nothing else */
		{ 0x03, IOMMU_COMMAND_DEVICE_TLB, false, false },
		{ 0x08, IOMMU_COMMAND_DEVICE_TLB, false, false },
	};
	uint64_t words[IOMMU_WORDS_MAX];

	begin(true);
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct iommu_command command;

		memory_write64(w.memory, w.queue + i * 32, commands[i].word0);
		world_set_register(&w, IQT, 8, (i + 1) * 32);
		ck_assert(w.unit->ops->command_begin(w.unit, &command));
		ck_assert_int_eq(command.access.want, IOMMU_WANTS_READ);
		ck_assert_int_eq(command.access.purpose, IOMMU_FOR_QUEUE);
		ck_assert_uint_eq(command.access.address, w.queue + i * 32);
		ck_assert_uint_eq(command.access.words, 4);
		iommu_access_now(w.memory, &command.access, words);
		w.unit->ops->command_feed(w.unit, &command, words);
		ck_assert_int_eq(command.access.want, IOMMU_WANTS_NOTHING);
		ck_assert_int_eq(command.kind, commands[i].kind);
		ck_assert_int_eq(command.drain_reads, commands[i].drain_reads);
		ck_assert_int_eq(command.drain_writes, commands[i].drain_writes);
		ck_assert_uint_eq(command.word[0], commands[i].word0);
	}
	ck_assert_uint_eq(w.unit->stats.commands, sizeof(commands) / sizeof(commands[0]));
	world_fini(&w);
}
END_TEST

START_TEST(the_queue_wraps)
{
	begin(false);
	for (unsigned i = 0; i < 2 * 512 + 3; i++)
		world_command(&w, (uint64_t)i << 32 | 1 << 5 | 5, STATUS);
	ck_assert_uint_eq(memory_read64(w.memory, STATUS - 4) >> 32, 2 * 512 + 2);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 3 * 16);
	world_fini(&w);
}
END_TEST

START_TEST(nothing_is_taken_while_the_queue_is_off)
{
	struct iommu_command command;

	begin(false);
	world_command(&w, 0x12, 0);
	world_set_register(&w, 0x18, 4, 1u << 31); /* TE only */
	ck_assert_uint_eq(world_register(&w, IQH, 8), 0);
	ck_assert(!w.unit->ops->command_begin(w.unit, &command));
	world_set_register(&w, 0x18, 4, 1u << 31 | 1u << 26);
	ck_assert(w.unit->ops->command_begin(w.unit, &command)); /* from the start again */
	ck_assert_uint_eq(command.access.address, w.queue);
	world_fini(&w);
}
END_TEST

/* A descriptor that came by another queue: done without this unit's head, tail or errors. */
START_TEST(a_descriptor_of_another_queue_is_carried_out)
{
	static const uint64_t good[4] = { 0x12 | 1 << 7 }, waits[4] = { 0x25 }, bad[4] = { 0x02 };
	struct iommu_command command;

	begin(true);
	ck_assert(vtd_execute(w.unit, good, &command));
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_IOTLB);
	ck_assert(command.drain_reads);
	ck_assert_uint_eq(w.unit->stats.commands, 1);
	ck_assert(!vtd_execute(w.unit, waits, &command));
	ck_assert(!vtd_execute(w.unit, bad, &command));
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 0);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 0);
	world_fini(&w);
}
END_TEST

/* ---- errors: [VTD] "Invalidation Queue Error Record Register" ---- */

START_TEST(an_invalid_type_stops_the_queue)
{
	/* 0, page-group response without page requests, host permission tables, 11, and a type with bits in 11:9. */
	static const uint64_t words[] = { 0x00, 0x09, 0x0a, 0x0b, 0x12 | 1 << 9 };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		begin(true);
		world_command(&w, words[i], 0);
		expect_stopped(3, 0);
		world_fini(&w);
	}
}
END_TEST

START_TEST(a_unit_without_scalable_mode_and_device_tlbs_does_not_know_their_types)
{
	static const uint64_t words[] = { 0x03, 0x26, 0x37, 0x08 };
	struct vtd_features features = world_features();

	features.scalable = false;
	features.device_tlb = false;
	for (unsigned i = 0; i < 4; i++) {
		world_init(&w, &features, &world_caches);
		world_start(&w);
		world_command(&w, words[i], 0);
		expect_stopped(3, 0);
		world_fini(&w);
	}
}
END_TEST

START_TEST(a_reserved_field_stops_the_queue)
{
	static const uint64_t words[][4] = {
		/* context-cache: reserved bits, granularity 00b */
		{ 0x11 | 1 << 6 },
		{ 0x11 | 1 << 12 },
		{ 0x11 | UINT64_C(1) << 50 },
		{ 0x11, 1 },
		{ 0x01 },
		/* PASID-cache: granularity 10b */
		{ 0x37 | 1 << 6 },
		{ 0x37 | 1 << 15 },
		{ 0x37 | UINT64_C(1) << 52 },
		{ 0x37, 1 },
		{ 0x27 },
		/* IOTLB: granularity 00b; an address mask above CAP.MAMV = 18 */
		{ 0x12 | 1 << 8 },
		{ 0x12 | 1 << 12 },
		{ 0x12 | UINT64_C(1) << 32 },
		{ 0x32, 1 << 7 },
		{ 0x02 },
		{ 0x32, 19 },
		/* PASID-based IOTLB: granularities 00b and 01b */
		{ 0x26 | 1 << 6 },
		{ 0x26 | 1 << 12 },
		{ 0x26 | UINT64_C(1) << 52 },
		{ 0x36, 1 << 11 },
		{ 0x06 },
		{ 0x16 },
		/* device-TLB, PASID-based device-TLB */
		{ 0x03 | 1 << 4 },
		{ 0x03 | 1 << 21 },
		{ 0x03 | UINT64_C(1) << 48 },
		{ 0x03, 2 },
		{ 0x08, 2 },
		/* wait */
		{ 0x05 | 1 << 8 },
		{ 0x05 | 1 << 12 },
		{ 0x25, 2 },
		/* words 2 and 3 */
		{ 0x12, 0, 1 },
		{ 0x12, 0, 0, UINT64_C(1) << 63 },
		{ 0x05, 0, 1 },
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		begin(true);
		memory_write64(w.memory, w.queue + 16, words[i][2]);
		memory_write64(w.memory, w.queue + 24, words[i][3]);
		world_command(&w, words[i][0], words[i][1]);
		expect_stopped(4, 0);
		world_fini(&w);
	}
}
END_TEST

/* Software mends the descriptor and clears IQE; the queue goes on at it. */
START_TEST(a_stopped_queue_goes_on_when_the_error_is_cleared)
{
	begin(true);
	world_command(&w, 0x12, 0);
	world_command(&w, 0x0f, 0);
	expect_stopped(3, 32);
	ck_assert_uint_eq(world_register(&w, FECTL, 4), 3u << 30); /* the fault event is masked and pending */
	world_command(&w, UINT64_C(1) << 32 | 1 << 5 | 5, STATUS);
	ck_assert_uint_eq(memory_read64(w.memory, STATUS - 4), 0);
	memory_write64(w.memory, w.queue + 32, 0x12);
	world_set_register(&w, FSTS, 4, IQE);
	ck_assert_uint_eq(world_register(&w, FECTL, 4), 1u << 31);
	ck_assert_uint_eq(iommu_drain_queue_now(w.unit, w.memory), 2);
	ck_assert_uint_eq(memory_read64(w.memory, STATUS - 4) >> 32, 1);
	world_fini(&w);
}
END_TEST

START_TEST(a_tail_beyond_the_queue_or_between_descriptors_stops_it)
{
	struct iommu_command command;

	begin(true);
	world_set_register(&w, IQT, 8, 0x2000);
	ck_assert(!w.unit->ops->command_begin(w.unit, &command));
	expect_stopped(1, 0);
	world_set_register(&w, IQT, 8, 0x1010);
	world_set_register(&w, FSTS, 4, IQE);
	ck_assert(!w.unit->ops->command_begin(w.unit, &command));
	expect_stopped(6, 0);
	world_fini(&w);
}
END_TEST

START_TEST(scalable_mode_takes_no_narrow_descriptors)
{
	struct iommu_command command;

	begin(true);
	world_set_register(&w, IQA, 8, w.queue | 1);
	world_set_register(&w, IQT, 8, 0x10);
	ck_assert(!w.unit->ops->command_begin(w.unit, &command));
	expect_stopped(5, 0);
	world_fini(&w);
}
END_TEST

/* A unit with these features whose table mode and descriptor width are set so; legacy mode at reset. */
static void begin_mode(bool scalable, bool abort_dma, unsigned mode, bool wide)
{
	struct vtd_features features = world_features();

	features.scalable = features.page_requests = scalable;
	features.abort_dma = abort_dma;
	world_init(&w, &features, &world_caches);
	world_set_register(&w, 0x20, 8, w.root | mode << 10);
	world_set_register(&w, IQA, 8, w.queue | 1 | (uint64_t)wide << 11);
	world_set_register(&w, 0x18, 4, 1u << 30);
	world_set_register(&w, 0x18, 4, 1u << 26);
	w.scalable = wide; /* how far world_command goes */
}

/* IQEI 5 and 7, and the list of valid descriptor types for each mode (their codes, with valid fields). */
START_TEST(each_table_mode_takes_its_widths_and_types)
{
	static const struct {
		bool scalable, abort_dma;
		unsigned mode;
		bool wide;
		unsigned error; /* of the queue's registers */
		unsigned last_type;
	} modes[] = {
		{ true, true, 0, false, 0, 5 },  { true, true, 0, true, 0, 5 },   { true, true, 1, false, 5, 0 },
		{ true, true, 1, true, 0, 9 },   { true, true, 2, false, 7, 0 },  { true, true, 2, true, 7, 0 },
		{ true, true, 3, false, 5, 0 },  { true, true, 3, true, 0, 9 },   { false, false, 0, false, 0, 5 },
		{ false, false, 0, true, 5, 0 }, { false, false, 1, true, 7, 0 }, { true, false, 3, true, 7, 0 },
		{ false, true, 0, true, 0, 5 },  { false, true, 3, true, 0, 8 },  { false, true, 1, true, 7, 0 },
	};
	static const uint64_t words[] = { 0x11, 0x12, 0x03, 0x04, 0x05, 0x26, 0x37, 0x08, 0x09 };

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		for (unsigned type = 1; type <= 9; type++) {
			unsigned error = modes[i].error ? modes[i].error : type <= modes[i].last_type ? 0 : 3;

			begin_mode(modes[i].scalable, modes[i].abort_dma, modes[i].mode, modes[i].wide);
			world_command(&w, words[type - 1], 0);
			ck_assert_msg(world_register(&w, IQERCD, 8) == error, "mode %u type %u: %llu", i, type,
				      (unsigned long long)world_register(&w, IQERCD, 8));
			ck_assert_uint_eq(world_register(&w, FSTS, 4), error ? IQE : 0);
			world_fini(&w);
		}
	}
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_fetched_stops_the_queue)
{
	struct iommu_command command;

	begin(true);
	memory_write64(w.memory, w.queue, 0x12);
	world_set_register(&w, IQT, 8, 32);
	ck_assert(w.unit->ops->command_begin(w.unit, &command));
	w.unit->ops->command_feed(w.unit, &command, NULL);
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_ERROR);
	ck_assert_int_eq(command.access.want, IOMMU_WANTS_NOTHING);
	expect_stopped(2, 0);
	world_set_register(&w, FSTS, 4, IQE);
	ck_assert_uint_eq(iommu_drain_queue_now(w.unit, w.memory), 1);
	world_fini(&w);
}
END_TEST

/* "Hardware ignores bits [127:HAW+64] of the Status Address field"; a posted write that finds no memory is lost. */
START_TEST(the_status_write_goes_to_host_memory)
{
	struct iommu_command command;
	uint64_t words[IOMMU_WORDS_MAX];

	begin(true);
	memory_write64(w.memory, w.queue, UINT64_C(7) << 32 | 0x25);
	memory_write64(w.memory, w.queue + 8, UINT64_C(0xffffc00000050004));
	world_set_register(&w, IQT, 8, 32);
	ck_assert(w.unit->ops->command_begin(w.unit, &command));
	iommu_access_now(w.memory, &command.access, words);
	w.unit->ops->command_feed(w.unit, &command, words);
	ck_assert_uint_eq(command.access.address, STATUS);
	ck_assert_uint_eq(command.access.bytes, 4);
	ck_assert_uint_eq(command.access.desired, 7);
	w.unit->ops->command_feed(w.unit, &command, NULL);
	ck_assert_int_eq(command.access.want, IOMMU_WANTS_NOTHING);
	ck_assert_int_eq(command.kind, IOMMU_COMMAND_WAIT);
	ck_assert_uint_eq(world_register(&w, FSTS, 4), 0);
	world_fini(&w);
}
END_TEST

/* [VTD] "Invalidation Queue Head Register", QH */
START_TEST(the_head_is_a_multiple_of_wide_descriptors)
{
	begin_mode(true, false, 0, false);
	world_command(&w, 0x12, 0);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 16);
	world_set_register(&w, IQA, 8, w.queue | 1 << 11);
	ck_assert_uint_eq(world_register(&w, IQH, 8), 0);
	world_fini(&w);
}
END_TEST

/* [VTD] "Page Group Response Descriptor", "Interrupt Entry Cache Invalidate Descriptor" */
START_TEST(reserved_fields_of_the_other_descriptors_stop_the_queue_too)
{
	static const uint64_t words[][4] = {
		{ 0x09 | 1 << 5 },    { 0x09 | 1 << 8 },  { 0x09 | UINT64_C(1) << 52 },
		{ 0x09, 1 },          { 0x09, 2 },        { 0x09, 1 << 12 },
		{ 0x09, 0, 1 },       { 0x09, 0, 0, 1 },  { 0x04 | 1 << 5 },
		{ 0x04 | 1 << 12 },   { 0x04 | 1 << 26 }, { 0x04 | UINT64_C(1) << 48 },
		{ 0x04 | 1 << 4, 1 },
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		begin_mode(true, false, 1, true);
		memory_write64(w.memory, w.queue + 16, words[i][2]);
		memory_write64(w.memory, w.queue + 24, words[i][3]);
		world_command(&w, words[i][0], words[i][1]);
		expect_stopped(4, 0);
		world_fini(&w);
	}
}
END_TEST

/* [VTD] "IOTLB Invalidate", DR and DW: ignored without CAP.DRD and DWD; always done since major version 2. */
START_TEST(draining_is_what_the_unit_can_do)
{
	static const struct {
		uint64_t absent; /* CAP bits 54 and 55 */
		uint8_t version;
		uint64_t word0;
		bool reads, writes;
	} cases[] = {
		{ 0, 0x10, 0x12, false, false },
		{ 0, 0x10, 0x12 | 3 << 6, true, true },
		{ UINT64_C(1) << 54, 0x10, 0x12 | 3 << 6, true, false },
		{ UINT64_C(1) << 55, 0x10, 0x12 | 3 << 6, false, true },
		{ 0, 0x20, 0x12, true, true },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t word[4] = { cases[i].word0 };
		struct vtd_features features = world_features();
		struct vtd_config config = { .caches = world_no_caches, .version = cases[i].version };
		struct iommu_command command;
		struct err err = { 0 };
		struct iommu *unit;

		vtd_capabilities(&features, &config);
		config.capability &= ~cases[i].absent;
		unit = vtd_create(&config, &err);
		ck_assert_msg(unit != NULL, "%s", err.text);
		ck_assert(vtd_execute(unit, word, &command));
		ck_assert_int_eq(command.drain_reads, cases[i].reads);
		ck_assert_int_eq(command.drain_writes, cases[i].writes);
		unit->ops->destroy(unit);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_wait_descriptor_writes_its_status,
		a_wait_descriptor_may_raise_the_completion_event,
		a_command_says_what_it_wants_and_does,
		the_queue_wraps,
		nothing_is_taken_while_the_queue_is_off,
		a_descriptor_of_another_queue_is_carried_out,
		an_invalid_type_stops_the_queue,
		a_unit_without_scalable_mode_and_device_tlbs_does_not_know_their_types,
		a_reserved_field_stops_the_queue,
		a_stopped_queue_goes_on_when_the_error_is_cleared,
		a_tail_beyond_the_queue_or_between_descriptors_stops_it,
		scalable_mode_takes_no_narrow_descriptors,
		each_table_mode_takes_its_widths_and_types,
		a_descriptor_that_cannot_be_fetched_stops_the_queue,
		the_status_write_goes_to_host_memory,
		the_head_is_a_multiple_of_wide_descriptors,
		reserved_fields_of_the_other_descriptors_stop_the_queue_too,
		draining_is_what_the_unit_can_do,
		NULL,
	};

	return suite_run("vtd invalidation queue", tests);
}
