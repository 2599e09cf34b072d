/* SPDX-License-Identifier: Apache-2.0 */
#include "models/endpoint/endpoint.h"

#include <stdlib.h>

#include "models/base/random.h"
#include "tests/suite.h"

#define TLPS_MAX 4096u

static struct endpoint endpoint;
static struct tlp tlps[TLPS_MAX];
static unsigned count;

static void start(enum endpoint_kind kind, uint32_t mps, uint32_t mrrs, uint32_t batch)
{
	struct endpoint_config config = {
		.kind = kind, .mps_bytes = mps, .mrrs_bytes = mrrs, .nic_descriptor_batch = batch
	};

	endpoint_init(&endpoint, &config);
}

static void move(iova_t iova, uint64_t bytes, bool read, bool write)
{
	struct transfer transfer;

	transfer_begin(&transfer, &endpoint, iova, bytes, read, write);
	for (count = 0; count < TLPS_MAX && transfer_next(&transfer, &tlps[count]); count++)
		;
	ck_assert_uint_lt(count, TLPS_MAX);
	ck_assert(!transfer_next(&transfer, &tlps[count]));
}

static void expect(unsigned which, enum tlp_purpose purpose, bool write, iova_t iova, uint32_t bytes)
{
	ck_assert_uint_lt(which, count);
	ck_assert_int_eq(tlps[which].purpose, purpose);
	ck_assert_int_eq(tlps[which].write, write);
	ck_assert_uint_eq(tlps[which].iova, iova);
	ck_assert_uint_eq(tlps[which].bytes, bytes);
}

/* The least number of aligned blocks of limit bytes that hold [iova, iova + bytes). */
static uint64_t blocks(iova_t iova, uint64_t bytes, uint32_t limit)
{
	return bytes ? (iova + bytes - 1) / limit - iova / limit + 1 : 0;
}

static bool tiles(iova_t iova, uint64_t bytes, uint32_t limit)
{
	iova_t next = iova;

	for (unsigned i = 0; i < count; i++) {
		if (tlps[i].iova != next || tlps[i].bytes == 0 || tlps[i].bytes > limit ||
		    tlps[i].iova / 4096 != (tlps[i].iova + tlps[i].bytes - 1) / 4096)
			return false;
		next += tlps[i].bytes;
	}
	return next == iova + bytes && count == blocks(iova, bytes, limit);
}

START_TEST(tlps_tile_every_transfer_and_never_cross_4_kib)
{
	uint32_t payload = 128u << _i; /* 128..4096 */

	for (unsigned reading = 0; reading < 2; reading++) {
		/* The other direction's limit must not matter. */
		start(ENDPOINT_NVME, reading ? 128 : payload, reading ? payload : 128, 1);
		for (iova_t offset = 0; offset < 4096; offset += offset < 130 ? 1 : 61) {
			for (uint64_t bytes = 0; bytes < 9000; bytes += bytes < 5 ? 1 : 509) {
				move(0xfff000 + offset, bytes, reading, !reading);
				if (!tiles(0xfff000 + offset, bytes, payload))
					ck_abort_msg("offset %lu bytes %lu payload %u", offset, bytes, payload);
			}
		}
	}
}
END_TEST

START_TEST(random_transfers_are_tiled_too)
{
	struct random random;
	uint64_t seed = 77;

	random_init(&random, seed);
	start(ENDPOINT_NIC, 256, 512, 8);
	for (unsigned i = 0; i < 5000; i++) {
		iova_t iova = random_next(&random) >> 8;
		uint64_t bytes = random_below(&random, 70000);
		bool reading = random_below(&random, 2);

		move(iova, bytes, reading, !reading);
		ck_assert_msg(tiles(iova, bytes, reading ? 512 : 256), "seed %lu transfer %u", seed, i);
	}
}
END_TEST

START_TEST(the_first_tlp_runs_up_to_the_boundary)
{
	start(ENDPOINT_NVME, 256, 512, 1);
	move(0x1010, 1024, false, true);
	ck_assert_uint_eq(count, 5);
	expect(0, TLP_DATA, true, 0x1010, 0xf0);
	expect(1, TLP_DATA, true, 0x1100, 0x100);
	expect(4, TLP_DATA, true, 0x1400, 0x10);
	move(0x1010, 1024, true, false);
	ck_assert_uint_eq(count, 3);
	expect(0, TLP_DATA, false, 0x1010, 0x1f0);
}
END_TEST

START_TEST(a_bidirectional_transfer_reads_all_and_then_writes_all)
{
	start(ENDPOINT_NVME, 256, 512, 1);
	move(0x2000, 1024, true, true);
	ck_assert_uint_eq(count, 2 + 4);
	expect(1, TLP_DATA, false, 0x2200, 512);
	expect(2, TLP_DATA, true, 0x2000, 256);
	expect(5, TLP_DATA, true, 0x2300, 256);
}
END_TEST

START_TEST(an_nvme_command_is_fetched_and_completed_around_its_data)
{
	start(ENDPOINT_NVME, 256, 512, 1);
	endpoint_add_ring(&endpoint, 0xc000, 0x1000); /* completion */
	endpoint_add_ring(&endpoint, 0x5000, 0x1000); /* submission */
	move(0x2000, 512, true, false);
	ck_assert_uint_eq(count, 3);
	expect(0, TLP_DESCRIPTOR_FETCH, false, 0x5000, 64);
	expect(1, TLP_DATA, false, 0x2000, 512);
	expect(2, TLP_COMPLETION, true, 0xc000, 16);
	move(0x2000, 512, true, false);
	expect(0, TLP_DESCRIPTOR_FETCH, false, 0x5040, 64);
	expect(2, TLP_COMPLETION, true, 0xc010, 16);
}
END_TEST

START_TEST(nvme_queues_wrap)
{
	start(ENDPOINT_NVME, 256, 512, 1);
	endpoint_add_ring(&endpoint, 0xc000, 3 * 16 + 5); /* a part of a slot is not used */
	endpoint_add_ring(&endpoint, 0x5000, 2 * 64);
	for (unsigned i = 0; i < 7; i++) {
		move(0x2000, 64, true, false);
		expect(0, TLP_DESCRIPTOR_FETCH, false, 0x5000 + i % 2 * 64, 64);
		expect(2, TLP_COMPLETION, true, 0xc000 + i % 3 * 16, 16);
	}
}
END_TEST

START_TEST(a_prp_list_is_read_for_more_than_two_pages_only)
{
	start(ENDPOINT_NVME, 256, 512, 1);
	endpoint_add_ring(&endpoint, 0xc000, 0x1000);
	endpoint_add_ring(&endpoint, 0x5000, 0x1000);
	endpoint_add_ring(&endpoint, 0x7000, 0x1000); /* lists */
	move(0x2000, 0x2000, true, false);
	expect(1, TLP_DATA, false, 0x2000, 512);
	move(0x2000, 0x5000, true, false); /* five pages: one in the command, four in the list */
	expect(1, TLP_DESCRIPTOR_FETCH, false, 0x7000, 32);
	expect(2, TLP_DATA, false, 0x2000, 512);
	move(0x2800, 0x2000, true, false); /* 8 KiB over three pages */
	expect(1, TLP_DESCRIPTOR_FETCH, false, 0x7020, 16);
}
END_TEST

START_TEST(without_rings_only_data_moves)
{
	start((enum endpoint_kind)_i, 256, 512, 8);
	endpoint_add_ring(&endpoint, 0x5000, 15); /* too small for a slot */
	move(0x2000, 0x5000, true, false);
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(tlps[i].purpose, TLP_DATA);
	ck_assert_uint_eq(count, 40);
}
END_TEST

START_TEST(a_ring_that_was_freed_is_not_accessed)
{
	start(ENDPOINT_NVME, 256, 512, 1);
	endpoint_add_ring(&endpoint, 0xc000, 0x1000);
	endpoint_add_ring(&endpoint, 0x5000, 0x1000);
	endpoint_remove_ring(&endpoint, 0x5000);
	endpoint_remove_ring(&endpoint, 0x9000); /* never known */
	move(0x2000, 64, true, false);
	ck_assert_uint_eq(count, 2);
	expect(0, TLP_DATA, false, 0x2000, 64);
	expect(1, TLP_COMPLETION, true, 0xc000, 16);
	endpoint_add_ring(&endpoint, 0x6000, 0x1000); /* the next one takes its place, from the start */
	move(0x2000, 64, true, false);
	expect(0, TLP_DESCRIPTOR_FETCH, false, 0x6000, 64);
}
END_TEST

START_TEST(a_nic_fetches_a_batch_and_writes_each_descriptor_back)
{
	start(ENDPOINT_NIC, 256, 512, 4);
	endpoint_add_ring(&endpoint, 0x8000, 0x1000);
	for (unsigned i = 0; i < 8; i++) {
		move(0x2000, 256, false, true);
		ck_assert_uint_eq(count, i % 4 == 0 ? 3 : 2);
		if (i % 4 == 0)
			expect(0, TLP_DESCRIPTOR_FETCH, false, 0x8000 + i * 16, 64);
		expect(count - 2, TLP_DATA, true, 0x2000, 256);
		expect(count - 1, TLP_COMPLETION, true, 0x8000 + i * 16, 16);
	}
}
END_TEST

START_TEST(a_batch_that_passes_the_rings_end_is_two_reads)
{
	start(ENDPOINT_NIC, 256, 512, 4);
	endpoint_add_ring(&endpoint, 0x8000, 6 * 16);
	for (unsigned i = 0; i < 4; i++)
		move(0x2000, 64, true, false);
	move(0x2000, 64, true, false);
	expect(0, TLP_DESCRIPTOR_FETCH, false, 0x8040, 32);
	expect(1, TLP_DESCRIPTOR_FETCH, false, 0x8000, 32);
	expect(3, TLP_COMPLETION, true, 0x8040, 16);
	move(0x2000, 64, true, false);
	expect(1, TLP_COMPLETION, true, 0x8050, 16);
	move(0x2000, 64, true, false);
	expect(1, TLP_COMPLETION, true, 0x8000, 16);
}
END_TEST

START_TEST(a_batch_is_never_more_than_the_ring)
{
	start(ENDPOINT_NIC, 256, 512, 64);
	endpoint_add_ring(&endpoint, 0x8000, 2 * 16);
	move(0x2000, 64, true, false);
	expect(0, TLP_DESCRIPTOR_FETCH, false, 0x8000, 32);
	move(0x2000, 64, true, false);
	ck_assert_uint_eq(count, 2);
	expect(1, TLP_COMPLETION, true, 0x8010, 16);
}
END_TEST

START_TEST(the_largest_allocation_is_a_nics_ring)
{
	start(ENDPOINT_NIC, 256, 512, 1);
	endpoint_add_ring(&endpoint, 0x8000, 0x100);
	endpoint_add_ring(&endpoint, 0xa000, 0x1000);
	endpoint_add_ring(&endpoint, 0xc000, 0x1000);
	move(0x2000, 64, true, false);
	expect(0, TLP_DESCRIPTOR_FETCH, false, 0xa000, 16);
}
END_TEST

START_TEST(the_class_code_tells_network_from_storage)
{
	ck_assert_int_eq(endpoint_kind_of_class(0x010802), ENDPOINT_NVME);
	ck_assert_int_eq(endpoint_kind_of_class(0x020000), ENDPOINT_NIC);
	ck_assert_int_eq(endpoint_kind_of_class(0x030000), ENDPOINT_NVME);
	ck_assert_int_eq(endpoint_kind_of_class(0), ENDPOINT_NVME);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("endpoint");
	TCase *test = tcase_create("endpoint");

	tcase_add_loop_test(test, tlps_tile_every_transfer_and_never_cross_4_kib, 0, 6);
	tcase_add_test(test, random_transfers_are_tiled_too);
	tcase_add_test(test, the_first_tlp_runs_up_to_the_boundary);
	tcase_add_test(test, a_bidirectional_transfer_reads_all_and_then_writes_all);
	tcase_add_test(test, an_nvme_command_is_fetched_and_completed_around_its_data);
	tcase_add_test(test, nvme_queues_wrap);
	tcase_add_test(test, a_prp_list_is_read_for_more_than_two_pages_only);
	tcase_add_loop_test(test, without_rings_only_data_moves, 0, 2);
	tcase_add_test(test, a_ring_that_was_freed_is_not_accessed);
	tcase_add_test(test, a_nic_fetches_a_batch_and_writes_each_descriptor_back);
	tcase_add_test(test, a_batch_that_passes_the_rings_end_is_two_reads);
	tcase_add_test(test, a_batch_is_never_more_than_the_ring);
	tcase_add_test(test, the_largest_allocation_is_a_nics_ring);
	tcase_add_test(test, the_class_code_tells_network_from_storage);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
