/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"
#include "traces/snapshot.h"

#define SAMPLE SAMPLES "/F2-vtd-scalable-fl/snap-s1"

static char folder[64], prefix[128];

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/iommusim-snapshot-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(prefix, sizeof(prefix), "%s/s", folder);
}

static void teardown(void)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
}

static void write_bytes(const char *suffix, const void *bytes, size_t count)
{
	char path[256];

	snprintf(path, sizeof(path), "%s.%s", prefix, suffix);
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
	fclose(file);
}

static void write_registers(const char *text)
{
	write_bytes("vtdregs.txt", text, strlen(text));
}

/* One page at this address, its first word 0x1122334455667788. */
static void write_page(uint64_t address)
{
	unsigned char record[8 + PAGE_BYTES] = { 0 };

	for (unsigned i = 0; i < 8; i++) {
		record[i] = (unsigned char)(address >> 8 * i);
		record[8 + i] = (unsigned char)(0x1122334455667788 >> 8 * i);
	}
	write_bytes("pages.bin", record, sizeof(record));
}

/* Opening fails, and says this; the snapshot is empty then. */
static void expect_refused(const char *complaint)
{
	struct snapshot snapshot;
	struct err err = { 0 };

	ck_assert(!snapshot_open(&snapshot, prefix, &err));
	ck_assert_int_eq(err.kind, ERR_FILE);
	ck_assert_msg(strstr(err.text, complaint), "%s", err.text);
	ck_assert_msg(strstr(err.text, prefix), "%s", err.text);
	ck_assert_ptr_null(strchr(err.text, '\n'));
	ck_assert_ptr_null(snapshot.memory);
	snapshot_close(&snapshot);
}

static void expect_register(struct snapshot *snapshot, unsigned offset, unsigned bytes, uint64_t expected)
{
	uint64_t value;

	ck_assert(snapshot_register(snapshot, offset, bytes, &value));
	ck_assert_uint_eq(value, expected);
}

static void expect_no_register(struct snapshot *snapshot, unsigned offset, unsigned bytes)
{
	uint64_t value;

	ck_assert(!snapshot_register(snapshot, offset, bytes, &value));
}

START_TEST(a_recorded_snapshot_has_its_registers_and_its_pages)
{
	/* As its tables.json, which another program wrote, has them. */
	struct snapshot snapshot;
	struct err err = { 0 };

	ck_assert_msg(snapshot_open(&snapshot, SAMPLE, &err), "%s", err.text);
	ck_assert_str_eq(snapshot.family, "vtd");
	ck_assert_uint_eq(memory_page_count(snapshot.memory), 61);
	expect_register(&snapshot, 0x00, 4, 0x10);
	expect_register(&snapshot, 0x08, 8, 0x01d2008c222f0606);
	expect_register(&snapshot, 0x10, 8, 0x0000880000000f42);
	expect_register(&snapshot, 0x1c, 4, 0xc4000000);
	expect_register(&snapshot, 0x18, 4, 0);
	expect_register(&snapshot, 0x20, 8, 0x101b7d400);
	expect_register(&snapshot, 0x228, 8, 0);
	expect_no_register(&snapshot, 0x230, 8);
	expect_no_register(&snapshot, 0x230, 4);
	ck_assert(memory_present(snapshot.memory, 0x101b7d000));
	ck_assert_uint_eq(memory_read64(snapshot.memory, 0x101b7d000), 0x101b82001);
	ck_assert(!memory_present(snapshot.memory, 0x101b7c000));
	snapshot_close(&snapshot);
}
END_TEST

START_TEST(files_may_be_packed_or_not_and_words_of_32_or_64_bits)
{
	struct snapshot snapshot;
	struct err err = { 0 };
	char line[512];

	write_registers("00000000fed90000: 0x00000010 0x00000000 0x222f0606 0x01d2008c\r\n"
			"\n"
			"00000000fed90010: 0x0000880000000f42 0xc400000000000000\n"
			"00000000fed90028: 0xffffFFFF");
	write_page(0x123456000);
	ck_assert_msg(snapshot_open(&snapshot, prefix, &err), "%s", err.text);
	expect_register(&snapshot, 0x08, 8, 0x01d2008c222f0606);
	expect_register(&snapshot, 0x1c, 4, 0xc4000000);
	expect_register(&snapshot, 0x28, 4, 0xffffffff);
	expect_no_register(&snapshot, 0x28, 8); /* only its lower half */
	expect_no_register(&snapshot, 0x20, 8);
	ck_assert_uint_eq(memory_read64(snapshot.memory, 0x123456000), 0x1122334455667788);
	ck_assert_uint_eq(memory_page_count(snapshot.memory), 1);
	snapshot_close(&snapshot);

	snprintf(line, sizeof(line), "xz %s.vtdregs.txt && gzip %s.pages.bin", prefix, prefix);
	ck_assert_int_eq(system(line), 0);
	ck_assert_msg(snapshot_open(&snapshot, prefix, &err), "%s", err.text);
	expect_register(&snapshot, 0x08, 8, 0x01d2008c222f0606);
	ck_assert_uint_eq(memory_read64(snapshot.memory, 0x123456000), 0x1122334455667788);
	snapshot_close(&snapshot);
}
END_TEST

START_TEST(a_unit_anywhere_has_its_registers_at_offsets)
{
	struct snapshot snapshot;
	struct err err = { 0 };

	write_registers("00000000d1234020: 0x0000000101b7d400\n00000000d1234008: 0x0000000000000606\n"
			"00000000d1234008: 0x0000000000000707\n");
	write_page(0xfffffffffffff000);
	ck_assert_msg(snapshot_open(&snapshot, prefix, &err), "%s", err.text);
	expect_register(&snapshot, 0x20, 8, 0x101b7d400);
	expect_register(&snapshot, 0x08, 8, 0x707); /* printed twice: the last counts */
	ck_assert_uint_eq(memory_read64(snapshot.memory, 0xfffffffffffff000), 0x1122334455667788);
	snapshot_close(&snapshot);
}
END_TEST

START_TEST(the_registers_tell_the_family)
{
	struct snapshot snapshot;
	struct err err = { 0 };

	write_page(0);
	write_bytes("smmuregs.txt", "0000000009050000: 0x0d40080b\n", 29);
	ck_assert_msg(snapshot_open(&snapshot, prefix, &err), "%s", err.text);
	ck_assert_str_eq(snapshot.family, "smmuv3");
	snapshot_close(&snapshot);
	write_bytes("amdregs.txt", "00000000fed80000: 0x0000000000000000\n", 37);
	ck_assert_msg(snapshot_open(&snapshot, prefix, &err), "%s", err.text);
	ck_assert_str_eq(snapshot.family, "amdvi");
	snapshot_close(&snapshot);
}
END_TEST

START_TEST(absent_files_are_named)
{
	expect_refused(
		"s.vtdregs.txt: no such file, nor amdregs.txt or smmuregs.txt: give what a snapshot's files begin");
	write_registers("00000000fed90000: 0x0000000000000010\n");
	expect_refused("s.pages.bin[.xz]: no such file: give what a snapshot's files begin");
	write_bytes("pages.bin", "", 0);
	expect_refused("s.pages.bin: is empty");
	write_page(0);
	write_registers("");
	expect_refused("s.vtdregs.txt: is empty");
}
END_TEST

START_TEST(registers_that_make_no_sense_name_the_line)
{
	static const struct {
		const char *line, *complaint;
	} bad[] = {
		{ "fed90010 0x0000000000000010", "not of the form ADDRESS" },
		{ ": 0x0000000000000010", "not of the form ADDRESS" },
		{ "Cannot access memory", "not of the form ADDRESS" },
		{ "11112222333344445: 0x0000000000000010", "not of the form ADDRESS" },
		{ "fed90010: 10", "not hexadecimal" },
		{ "fed90010: 0x0000000000000010, 0x0000000000000010", "neither 8 nor 16" },
		{ "fed90010: 0x10", "neither 8 nor 16" },
		{ "fed90010: 0x", "neither 8 nor 16" },
		{ "fed90010: 0x00000000000000100", "neither 8 nor 16" },
		{ "fed90010: 0x000000000000001g", "neither 8 nor 16" },
		{ "fed90012: 0x0000000000000010", "not of the same unit" },
		{ "fedd0000: 0x0000000000000010", "not of the same unit" },
		{ "fed8fff8: 0x0000000000000010", "not of the same unit" },
		{ "ffffffffffffffff: 0x0000000000000010", "not of the same unit" },
	};
	char text[256];

	write_page(0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "00000000fed90000: 0x0000000000000010\n%s\n", bad[i].line);
		write_registers(text);
		expect_refused(bad[i].complaint);
		expect_refused("s.vtdregs.txt:2: ");
		expect_refused(": print registers with QEMU's `xp");
	}

	char *long_line = malloc(4096);

	ck_assert_ptr_nonnull(long_line);
	memset(long_line, '0', 4096);
	write_bytes("vtdregs.txt", long_line, 4096);
	expect_refused("s.vtdregs.txt:1: not a line of registers");
	free(long_line);
	write_bytes("vtdregs.txt", "fed90000: \0 0x0000000000000010\n", 31);
	expect_refused("s.vtdregs.txt:1: not a line of registers");
}
END_TEST

START_TEST(cut_pages_name_the_record_and_the_byte)
{
	unsigned char records[2 * (8 + PAGE_BYTES)] = { 0 };

	write_registers("00000000fed90000: 0x0000000000000010\n");
	records[8 + PAGE_BYTES + 1] = 0x10;
	for (size_t cut = 1; cut < 8 + PAGE_BYTES; cut += 511) {
		write_bytes("pages.bin", records, sizeof(records) - cut);
		expect_refused("s.pages.bin: page record 1 at byte 4104: cut after ");
		expect_refused("copy it again from where it was recorded");
	}
	records[8 + PAGE_BYTES] = 1;
	write_bytes("pages.bin", records, sizeof(records));
	expect_refused("s.pages.bin: page record 1 at byte 4104: address 0x1001 is not a multiple of 4096");
}
END_TEST

START_TEST(pages_cut_or_damaged_while_packed_name_the_byte)
{
	size_t bytes;
	char path[256], line[512];

	write_registers("00000000fed90000: 0x0000000000000010\n");
	snprintf(line, sizeof(line), "cp " SAMPLE ".pages.bin.xz %s.pages.bin.xz && chmod u+w %s.pages.bin.xz", prefix,
		 prefix);
	ck_assert_int_eq(system(line), 0);
	snprintf(path, sizeof(path), "%s.pages.bin.xz", prefix);

	FILE *file = fopen(path, "rb");
	char *packed = malloc(1 << 20);

	ck_assert(file && packed);
	bytes = fread(packed, 1, 1 << 20, file);
	fclose(file);
	for (size_t cut = 1; cut < bytes - 12; cut += 97) {
		write_bytes("pages.bin.xz", packed, bytes - cut);
		expect_refused("s.pages.bin.xz: the .xz data ends early at byte ");
	}
	packed[bytes / 2] ^= 0x40;
	write_bytes("pages.bin.xz", packed, bytes);
	expect_refused("s.pages.bin.xz: the .xz data is damaged at byte ");
	free(packed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *all = tcase_create("snapshot");

	tcase_set_timeout(all, SUITE_TIMEOUT_SECONDS);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, a_recorded_snapshot_has_its_registers_and_its_pages);
	tcase_add_test(all, files_may_be_packed_or_not_and_words_of_32_or_64_bits);
	tcase_add_test(all, a_unit_anywhere_has_its_registers_at_offsets);
	tcase_add_test(all, the_registers_tell_the_family);
	tcase_add_test(all, absent_files_are_named);
	tcase_add_test(all, registers_that_make_no_sense_name_the_line);
	tcase_add_test(all, cut_pages_name_the_record_and_the_byte);
	tcase_add_test(all, pages_cut_or_damaged_while_packed_name_the_byte);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
