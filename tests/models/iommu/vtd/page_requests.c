/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page request queue, from where the device structures have let a request pass (which they let pass: the
 * tests of fault codes).  [VTD] "Handling of Page Requests", "Page Request Descriptor", "Page Request Event ...".
 */
#include "models/iommu/vtd/unit.h"
#include "tests/models/iommu/vtd/world.h"

#define PQH   0xc0
#define PQT   0xc8
#define PQA   0xd0
#define PRS   0xdc
#define PPR   1
#define PRO   2
#define QUEUE UINT64_C(0x90000)

/* PASID table entries: words 0 and 1 by PGTT, domain 7 */
static const uint64_t first_stage[2] = { 1 << 6 | 1, 7 }, second_stage[2] = { 2 << 6 | 1, 7 };
static const uint64_t nested[2] = { 3 << 6 | 1, 7 }, pass_through[2] = { 4 << 6 | 1, 7 };

static struct world w;
static struct tables fs, ss;

static void begin(void)
{
	struct vtd_features features = world_features();

	features.page_requests = true;
	world_init(&w, &features, &world_caches);
	world_set_register(&w, PQA, 8, QUEUE);
	world_start(&w);
}

static void page_request(struct iommu_translation *translation, const struct iommu_request *request,
			 const uint64_t entry[2])
{
	*translation = (struct iommu_translation){ .request = *request, .phase = 77 };
	translation->request.type = IOMMU_PAGE_REQUEST;
	vtd_page_request_begin((struct vtd *)w.unit, translation, entry, request->has_pasid ? request->pasid : 0);
}

/* One of the four writes. */
static void write_word(struct iommu_translation *translation)
{
	uint64_t words[IOMMU_WORDS_MAX];

	ck_assert_int_eq(translation->access.want, IOMMU_WANTS_WRITE);
	ck_assert_int_eq(translation->access.purpose, IOMMU_FOR_QUEUE);
	ck_assert_uint_eq(translation->access.bytes, 8);
	iommu_access_now(w.memory, &translation->access, words);
	vtd_page_request_feed((struct vtd *)w.unit, translation);
}

static void finish(struct iommu_translation *translation)
{
	for (unsigned i = 0; i < 4; i++)
		write_word(translation);
	ck_assert_int_eq(translation->access.want, IOMMU_WANTS_NOTHING);
	ck_assert_int_eq(translation->status, IOMMU_TRANSLATED);
	ck_assert_int_eq(translation->completion, IOMMU_NO_COMPLETION);
	ck_assert_uint_eq(translation->fault_reason, 0);
	ck_assert_uint_eq(translation->phase, 77);
}

static void request_page(const struct iommu_request *request)
{
	struct iommu_translation translation;

	page_request(&translation, request, pass_through);
	finish(&translation);
}

/* [VTD] "Page Request Descriptor" */
START_TEST(a_page_request_is_written_as_a_descriptor)
{
	static const struct {
		struct iommu_request request;
		uint64_t word[2];
	} cases[] = {
		{ { .source_id = 0xabcd, .iova = 0x123456789abcdef0, .read = true },
		  { UINT64_C(0x00000000abcd0001), UINT64_C(0x123456789abcd001) } },
		{ { .source_id = DEVICE, .iova = 0x1000, .write = true, .group = 0x1ff },
		  { UINT64_C(0x0000000003080001), UINT64_C(0x1ffa) } },
		{ { .source_id = DEVICE, .iova = 0x1000, .last = true, .group = 1 }, { 0x3080001, 0x100c } },
		{ { .source_id = DEVICE, .has_pasid = true, .pasid = 0xfedcb, .read = true, .execute = true },
		  { UINT64_C(0x001fedcb03080101), 1 } },
		{ { .source_id = DEVICE, .has_pasid = true, .pasid = 1, .read = true, .privileged = true },
		  { UINT64_C(0x0020000103080101), 1 } },
		/* what only requests with PASID have */
		{ { .source_id = DEVICE, .pasid = 1, .read = true, .privileged = true, .execute = true },
		  { UINT64_C(0x0000000003080001), 1 } },
	};

	begin();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned word = 0; word < 4; word++)
			memory_write64(w.memory, QUEUE + i * 32 + word * 8, UINT64_MAX);
		request_page(&cases[i].request);
		ck_assert_uint_eq(memory_read64(w.memory, QUEUE + i * 32), cases[i].word[0]);
		ck_assert_uint_eq(memory_read64(w.memory, QUEUE + i * 32 + 8), cases[i].word[1]);
		ck_assert_uint_eq(memory_read64(w.memory, QUEUE + i * 32 + 16), 0);
		ck_assert_uint_eq(memory_read64(w.memory, QUEUE + i * 32 + 24), 0);
		ck_assert_uint_eq(world_register(&w, PQT, 8), (i + 1) * 32);
	}
	world_fini(&w);
}
END_TEST

/* The tail and PPR follow when the last word is written, not before. */
START_TEST(the_tail_moves_over_what_is_written)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };
	struct iommu_translation t;

	begin();
	page_request(&t, &request, pass_through);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(t.access.address, QUEUE + i * 8);
		write_word(&t);
		ck_assert_uint_eq(world_register(&w, PQT, 8), 0);
		ck_assert_uint_eq(world_register(&w, PRS, 4), 0);
	}
	write_word(&t);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 32);
	ck_assert_uint_eq(world_register(&w, PRS, 4), PPR);
	world_fini(&w);
}
END_TEST

START_TEST(requests_that_end_out_of_order_are_delivered_in_order)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };
	struct iommu_translation t[3];

	begin();
	for (unsigned i = 0; i < 3; i++) {
		page_request(&t[i], &request, pass_through);
		ck_assert_uint_eq(t[i].access.address, QUEUE + i * 32);
	}
	finish(&t[1]);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 0);
	ck_assert_uint_eq(world_register(&w, PRS, 4), 0);
	finish(&t[0]);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 64);
	finish(&t[2]);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 96);
	world_fini(&w);
}
END_TEST

/* 2^PQS pages of 128 entries; full when all but one are in use. */
START_TEST(the_queue_wraps_at_its_size)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };

	for (unsigned size = 0; size <= 7; size += 7) {
		unsigned entries = 128u << size;

		begin();
		world_set_register(&w, PQA, 8, QUEUE | size);
		for (unsigned i = 0; i < entries + 5; i++) {
			request_page(&request);
			ck_assert_uint_eq(world_register(&w, PQT, 8), (i + 1) % entries * 32);
			world_set_register(&w, PQH, 8, world_register(&w, PQT, 8));
		}
		ck_assert_uint_eq(world_register(&w, PRS, 4), PPR);
		world_fini(&w);
	}
}
END_TEST

static void expect_dropped(const struct iommu_request *request, enum iommu_completion completion)
{
	struct iommu_translation t;
	uint64_t tail = world_register(&w, PQT, 8);

	page_request(&t, request, pass_through);
	ck_assert_int_eq(t.access.want, IOMMU_WANTS_NOTHING);
	ck_assert_int_eq(t.status, IOMMU_FAULT);
	ck_assert_uint_eq(t.fault_reason, 0);
	ck_assert_int_eq(t.completion, completion);
	ck_assert_uint_eq(world_register(&w, PQT, 8), tail);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 0); /* no fault is recorded */
}

/* [VTD] "Handling of Page Requests", the table of error conditions; with and without PASID. */
START_TEST(a_full_queue_overflows_and_answers_the_last_of_a_group)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };
	static const struct iommu_request last = { .source_id = DEVICE, .read = true, .last = true };
	static const struct iommu_request last_with_pasid = {
		.source_id = DEVICE, .has_pasid = true, .pasid = 5, .read = true, .last = true
	};

	begin();
	for (unsigned i = 0; i < 127; i++)
		request_page(&request);
	ck_assert_uint_eq(world_register(&w, PRS, 4), PPR);
	expect_dropped(&request, IOMMU_NO_COMPLETION);
	ck_assert_uint_eq(world_register(&w, PRS, 4), PPR | PRO);
	expect_dropped(&last, IOMMU_PAGE_SUCCESS);
	expect_dropped(&last_with_pasid, IOMMU_PAGE_SUCCESS);

	/* Room alone does not help; PRO must be cleared. */
	world_set_register(&w, PQH, 8, 64);
	expect_dropped(&last, IOMMU_PAGE_SUCCESS);
	expect_dropped(&request, IOMMU_NO_COMPLETION);
	world_set_register(&w, PRS, 4, PPR);
	ck_assert_uint_eq(world_register(&w, PRS, 4), PRO);
	expect_dropped(&last, IOMMU_PAGE_SUCCESS);
	world_set_register(&w, PRS, 4, PRO);
	request_page(&request);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 0);
	ck_assert_uint_eq(world_register(&w, PRS, 4), PPR);
	world_fini(&w);
}
END_TEST

/* Requests under way have their entries already. */
START_TEST(entries_that_are_being_written_are_in_use)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };
	struct iommu_translation t;

	begin();
	world_set_register(&w, PQH, 8, 64);
	page_request(&t, &request, pass_through);
	expect_dropped(&request, IOMMU_NO_COMPLETION);
	ck_assert_uint_eq(world_register(&w, PRS, 4), PRO);
	finish(&t);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 32);
	world_fini(&w);
}
END_TEST

START_TEST(software_may_move_the_queue)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };
	struct iommu_translation t[2];

	begin();
	page_request(&t[0], &request, pass_through);
	page_request(&t[1], &request, pass_through);
	finish(&t[1]);
	world_set_register(&w, PQA, 8, QUEUE + 0x10000);
	world_set_register(&w, PQT, 8, 0);
	finish(&t[0]); /* of the old queue: counts no more */
	ck_assert_uint_eq(world_register(&w, PQT, 8), 0);
	request_page(&request);
	ck_assert_uint_eq(world_register(&w, PQT, 8), 32);
	ck_assert_uint_eq(memory_read64(w.memory, QUEUE + 0x10000), 0x3080001);
	world_fini(&w);
}
END_TEST

/* ---- [VTD] "Implicit Invalidation on Page Requests" ---- */

static void attach(void)
{
	begin();
	world_attach_scalable(&w, DEVICE);
	fs = world_first_stage(&w, 4, false);
	ss = world_second_stage(&w, 4);
	for (uint64_t page = 0x1000; page <= 0x2000; page += 0x1000) {
		world_map(&w, &fs, 0, page, (0x40000 + page) | FS_RW);
		world_map(&w, &ss, 0, page, (0x80000 + page) | SS_RW);
	}
	world_set_pasid(&w, DEVICE, 1, 7, &fs, NULL);
	world_set_pasid(&w, DEVICE, 2, 7, NULL, &ss);
	world_set_pasid(&w, DEVICE, 3, 7, &fs, NULL);
	for (uint32_t pasid = 1; pasid <= 3; pasid++)
		for (uint64_t page = 0x1000; page <= 0x2000; page += 0x1000)
			world_dma(&w, DEVICE, pasid, page, false);
}

START_TEST(a_page_request_forgets_the_translation_of_its_page)
{
	static const struct {
		const uint64_t *entry;
		bool kept[3][2]; /* PASIDs 1 to 3, pages 0x1000 and 0x2000 */
	} cases[] = {
		{ first_stage, { { 0, 1 }, { 1, 1 }, { 1, 1 } } },
		/* page-selective in the domain: first-stage translations of the domain leave whatever their page */
		{ second_stage, { { 0, 0 }, { 0, 1 }, { 0, 0 } } },
		{ nested, { { 0, 0 }, { 0, 0 }, { 0, 0 } } },
		{ pass_through, { { 0, 0 }, { 0, 1 }, { 0, 0 } } },
	};
	static const struct iommu_request request = {
		.source_id = DEVICE, .has_pasid = true, .pasid = 1, .iova = 0x1000, .read = true
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct iommu_translation t;

		attach();
		page_request(&t, &request, cases[i].entry);
		for (uint32_t pasid = 1; pasid <= 3; pasid++)
			for (unsigned page = 0; page < 2; page++) {
				world_dma(&w, DEVICE, pasid, 0x1000 + page * 0x1000, false);
				ck_assert_msg(w.t.iotlb_hit == cases[i].kept[pasid - 1][page],
					      "case %u, PASID %u, page %u", i, pasid, page);
			}
		world_fini(&w);
	}
}
END_TEST

START_TEST(a_dropped_page_request_invalidates_nothing)
{
	static const struct iommu_request request = { .source_id = DEVICE, .iova = 0x1000, .read = true };

	attach();
	world_set_register(&w, PQH, 8, 32);
	expect_dropped(&request, IOMMU_NO_COMPLETION);
	world_dma(&w, DEVICE, 2, 0x1000, false);
	ck_assert(w.t.iotlb_hit);
	world_fini(&w);
}
END_TEST

/* ---- [VTD] "Page Request Ordering and Draining" ---- */

START_TEST(a_draining_wait_is_held_until_page_requests_are_written)
{
	static const struct iommu_request request = { .source_id = DEVICE, .read = true };
	struct iommu_translation t;

	begin();
	page_request(&t, &request, pass_through);
	world_command(&w, UINT64_C(9) << 32 | 1 << 5 | 5, 0x50000); /* without PD: not held */
	ck_assert_uint_eq(memory_read64(w.memory, 0x50000), 9);
	world_command(&w, UINT64_C(10) << 32 | 1 << 7 | 1 << 5 | 5, 0x50000);
	ck_assert_uint_eq(memory_read64(w.memory, 0x50000), 9);
	finish(&t);
	ck_assert_uint_eq(iommu_drain_queue_now(w.unit, w.memory), 1);
	ck_assert_uint_eq(memory_read64(w.memory, 0x50000), 10);
	world_fini(&w);
}
END_TEST

/* [VTD] "Invalidation Wait Descriptor": without ECAP.PDS the bit is reserved. */
START_TEST(without_the_capability_a_draining_wait_is_invalid)
{
	struct vtd_features features = world_features();

	world_init(&w, &features, &world_caches);
	world_start(&w);
	world_command(&w, 1 << 7 | 5, 0);
	ck_assert_uint_eq(world_register(&w, 0x34, 4), 1 << 4);
	ck_assert_uint_eq(world_register(&w, 0xb0, 8), 4);
	world_fini(&w);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_page_request_is_written_as_a_descriptor,
		the_tail_moves_over_what_is_written,
		requests_that_end_out_of_order_are_delivered_in_order,
		the_queue_wraps_at_its_size,
		a_full_queue_overflows_and_answers_the_last_of_a_group,
		entries_that_are_being_written_are_in_use,
		software_may_move_the_queue,
		a_page_request_forgets_the_translation_of_its_page,
		a_dropped_page_request_invalidates_nothing,
		a_draining_wait_is_held_until_page_requests_are_written,
		without_the_capability_a_draining_wait_is_invalid,
		NULL,
	};

	return suite_run("vtd page requests", tests);
}
