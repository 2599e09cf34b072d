/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events and their messages: fault, invalidation completion, page request.  All three behave alike.  [VTD]
 * "Non-Recoverable Fault Event", "Hardware Generation of Invalidation Completion Events", "Recoverable Fault Event"
 * and the event control registers.
 */
#include "models/iommu/vtd/unit.h"
#include "tests/models/iommu/vtd/world.h"

#define IM (1u << 31)
#define IP (1u << 30)

static struct world w;
static unsigned messages;
static uint64_t message_address;
static uint32_t message_data;

static void note_message(void *argument, uint64_t address, uint32_t data)
{
	ck_assert_ptr_eq(argument, &w);
	messages++;
	message_address = address;
	message_data = data;
}

static void begin(void)
{
	struct vtd_features features = world_features();

	features.page_requests = true;
	world_init(&w, &features, &world_no_caches);
	world_start(&w);
	world_set_register(&w, 0xd0, 8, 0x90000); /* PQA: one page */
	w.unit->message = note_message;
	w.unit->message_argument = &w;
	messages = 0;
}

/* ---- a cause of each event, and what software does about it ---- */

static void fault(void)
{
	world_dma(&w, DEVICE, 5, 0x1000, true);
}

static void service_faults(void)
{
	for (unsigned i = 0; i < 8; i++)
		world_set_register(&w, 0x220 + 16 * i + 8, 8, UINT64_MAX);
}

static void complete(void)
{
	world_command(&w, 1 << 4 | 5, 0);
}

static void service_completion(void)
{
	world_set_register(&w, 0x9c, 4, 1);
}

static void queue_error(void)
{
	world_set_register(&w, 0x88, 8, 0x2000); /* a tail beyond the queue */
	iommu_drain_queue_now(w.unit, w.memory);
}

static void service_queue_error(void)
{
	world_set_register(&w, 0x88, 8, w.tail);
	world_set_register(&w, 0x34, 4, 1 << 4);
}

static void unexpected_completion(void)
{
	w.unit->ops->device_answered(w.unit, DEVICE, IOMMU_DEVICE_UNEXPECTED);
}

static void service_unexpected_completion(void)
{
	world_set_register(&w, 0x34, 4, 1 << 5);
}

static void time_out(void)
{
	memory_write64(w.memory, w.queue + w.tail, 0x3 | UINT64_C(0x0308) << 32);
	memory_write64(w.memory, w.queue + w.tail + 8, 0);
	w.tail += 32;
	world_set_register(&w, 0x88, 8, w.tail);

	struct iommu_command command;
	uint64_t words[IOMMU_WORDS_MAX];

	ck_assert(w.unit->ops->command_begin(w.unit, &command));
	iommu_access_now(w.memory, &command.access, words);
	w.unit->ops->command_feed(w.unit, &command, words);
	w.unit->ops->device_answered(w.unit, DEVICE, IOMMU_DEVICE_TIMED_OUT);
}

static void service_time_out(void)
{
	world_set_register(&w, 0x34, 4, 1 << 6);
}

/* A full queue: the head is made one entry ahead of the tail. */
static void page_overflow(void)
{
	static const uint64_t entry[2] = { 4 << 6 | 1, 7 };
	struct iommu_translation translation = { .request = { .type = IOMMU_PAGE_REQUEST, .source_id = DEVICE } };

	world_set_register(&w, 0xc0, 8, (world_register(&w, 0xc8, 8) + 32) % 0x1000);
	vtd_page_request_begin((struct vtd *)w.unit, &translation, entry, 0);
	ck_assert_int_eq(translation.status, IOMMU_FAULT);
}

static void service_page_overflow(void)
{
	world_set_register(&w, 0xdc, 4, 2);
}

static const struct event {
	unsigned control;
	unsigned status;
	uint32_t bit; /* of the status, that the cause sets */
	void (*cause)(void);
	void (*service)(void);
} events[] = {
	{ 0x38, 0x34, 1 << 1, fault, service_faults },
	{ 0x38, 0x34, 1 << 4, queue_error, service_queue_error },
	{ 0x38, 0x34, 1 << 5, unexpected_completion, service_unexpected_completion },
	{ 0x38, 0x34, 1 << 6, time_out, service_time_out },
	{ 0xa0, 0x9c, 1 << 0, complete, service_completion },
	{ 0xe0, 0xdc, 1 << 1, page_overflow, service_page_overflow },
};

#define EVENTS (sizeof(events) / sizeof(events[0]))

static void set_message(const struct event *event, uint32_t data, uint64_t address)
{
	world_set_register(&w, event->control + 4, 4, data);
	world_set_register(&w, event->control + 8, 4, (uint32_t)address);
	world_set_register(&w, event->control + 12, 4, address >> 32);
}

START_TEST(an_unmasked_event_sends_its_data_to_its_address)
{
	const struct event *event = &events[_i];

	begin();
	set_message(event, 0xabcd1234, UINT64_C(0x12345678fee01004));
	world_set_register(&w, event->control, 4, 0);
	event->cause();
	ck_assert_uint_eq(messages, 1);
	ck_assert_uint_eq(message_address, UINT64_C(0x12345678fee01004));
	ck_assert_uint_eq(message_data, 0x1234); /* 31:16 are reserved */
	ck_assert_uint_eq(world_register(&w, event->status, 4) & event->bit, event->bit);
	ck_assert_uint_eq(world_register(&w, event->control, 4), 0);
	world_fini(&w);
}
END_TEST

START_TEST(a_masked_event_is_pending_and_goes_out_when_it_is_unmasked)
{
	const struct event *event = &events[_i];

	begin();
	set_message(event, 0x51, 0xfee00000);
	ck_assert_uint_eq(world_register(&w, event->control, 4), IM); /* at reset */
	event->cause();
	ck_assert_uint_eq(messages, 0);
	ck_assert_uint_eq(world_register(&w, event->control, 4), IM | IP);
	world_set_register(&w, event->control, 4, IM | IP); /* IP is read-only */
	ck_assert_uint_eq(world_register(&w, event->control, 4), IM | IP);
	world_set_register(&w, event->control, 4, 0);
	ck_assert_uint_eq(messages, 1);
	ck_assert_uint_eq(message_data, 0x51);
	ck_assert_uint_eq(world_register(&w, event->control, 4), 0);
	world_set_register(&w, event->control, 4, IM);
	world_set_register(&w, event->control, 4, 0); /* nothing is pending any more */
	ck_assert_uint_eq(messages, 1);
	world_fini(&w);
}
END_TEST

START_TEST(a_serviced_cause_is_no_longer_pending)
{
	const struct event *event = &events[_i];

	begin();
	event->cause();
	ck_assert_uint_eq(world_register(&w, event->control, 4), IM | IP);
	event->service();
	ck_assert_uint_eq(world_register(&w, event->status, 4) & event->bit, 0);
	ck_assert_uint_eq(world_register(&w, event->control, 4), IM);
	world_set_register(&w, event->control, 4, 0);
	ck_assert_uint_eq(messages, 0);
	world_fini(&w);
}
END_TEST

START_TEST(the_next_cause_sends_a_message_only_when_the_first_was_serviced)
{
	const struct event *event = &events[_i];

	begin();
	world_set_register(&w, event->control, 4, 0);
	event->cause();
	ck_assert_uint_eq(messages, 1);
	if (event->cause != queue_error && event->cause != time_out) { /* these stop what could cause them again */
		event->cause();
		ck_assert_uint_eq(messages, 1);
	}
	event->service();
	event->cause();
	ck_assert_uint_eq(messages, 2);
	world_fini(&w);
}
END_TEST

/* Any status bit of the register that is set holds back messages of the others. */
START_TEST(causes_of_one_register_share_its_message)
{
	begin();
	world_set_register(&w, 0x38, 4, 0);
	fault();
	unexpected_completion();
	queue_error();
	ck_assert_uint_eq(messages, 1);
	service_faults();
	service_unexpected_completion();
	fault(); /* IQE is not serviced yet */
	ck_assert_uint_eq(messages, 1);
	service_faults();
	service_queue_error();
	unexpected_completion();
	ck_assert_uint_eq(messages, 2);
	world_fini(&w);
}
END_TEST

/* Masked while several causes are there: IP stays until the last is gone. */
START_TEST(an_event_is_pending_until_all_its_causes_are_serviced)
{
	begin();
	fault();
	unexpected_completion();
	service_faults();
	ck_assert_uint_eq(world_register(&w, 0x38, 4), IM | IP);
	service_unexpected_completion();
	ck_assert_uint_eq(world_register(&w, 0x38, 4), IM);
	world_fini(&w);
}
END_TEST

/* The message comes after the status write of the same wait descriptor. */
START_TEST(a_completion_message_follows_the_status_write)
{
	struct iommu_command command;
	uint64_t words[IOMMU_WORDS_MAX];

	begin();
	world_set_register(&w, 0xa0, 4, 0);
	memory_write64(w.memory, w.queue, 1 << 4 | 1 << 5 | 5);
	memory_write64(w.memory, w.queue + 8, 0x50000);
	world_set_register(&w, 0x88, 8, 32);
	ck_assert(w.unit->ops->command_begin(w.unit, &command));
	iommu_access_now(w.memory, &command.access, words);
	w.unit->ops->command_feed(w.unit, &command, words);
	ck_assert_int_eq(command.access.want, IOMMU_WANTS_WRITE);
	ck_assert_uint_eq(messages, 0);
	ck_assert_uint_eq(world_register(&w, 0x9c, 4), 0);
	w.unit->ops->command_feed(w.unit, &command, words);
	ck_assert(command.interrupt);
	ck_assert_uint_eq(messages, 1);
	world_fini(&w);
}
END_TEST

START_TEST(without_a_listener_messages_go_nowhere)
{
	begin();
	w.unit->message = NULL;
	world_set_register(&w, 0x38, 4, 0);
	fault();
	ck_assert_uint_eq(world_register(&w, 0x38, 4), 0);
	world_fini(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd events");
	TCase *each = tcase_create("each event"), *all = tcase_create("all");

	tcase_add_loop_test(each, an_unmasked_event_sends_its_data_to_its_address, 0, EVENTS);
	tcase_add_loop_test(each, a_masked_event_is_pending_and_goes_out_when_it_is_unmasked, 0, EVENTS);
	tcase_add_loop_test(each, a_serviced_cause_is_no_longer_pending, 0, EVENTS);
	tcase_add_loop_test(each, the_next_cause_sends_a_message_only_when_the_first_was_serviced, 0, EVENTS);
	tcase_add_test(all, causes_of_one_register_share_its_message);
	tcase_add_test(all, an_event_is_pending_until_all_its_causes_are_serviced);
	tcase_add_test(all, a_completion_message_follows_the_status_write);
	tcase_add_test(all, without_a_listener_messages_go_nowhere);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
