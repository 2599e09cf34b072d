/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `iommusim walk`: what it prints, its exit codes and its complaints.  tests/sim/walk.c has the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/err.h"
#include "tests/sim/command_line.h"

#define Q  "--snapshot " SAMPLES "/Q-vtd-oracle-strict-cm/snap-s1 "
#define F2 "--snapshot " SAMPLES "/F2-vtd-scalable-fl/snap-s1 "

/* Wrong usage: exit code 2, nothing on stdout, one line on stderr that says this (argp adds where to find help). */
static void expect_usage(const char *arguments, const char *complaint)
{
	ck_assert_msg(iommusim(arguments) == ERR_USAGE, "%s: %s", arguments, errors);
	ck_assert_str_eq(out, "");
	ck_assert_msg(strstr(errors, complaint), "%s: %s", arguments, errors);
	ck_assert_msg(lines_in(errors) == 1 || strstr(strchr(errors, '\n'), "--help"), "%s: %s", arguments, errors);
}

static void expect_file(const char *arguments, const char *complaint)
{
	ck_assert_msg(iommusim(arguments) == ERR_FILE, "%s: %s", arguments, errors);
	ck_assert_str_eq(out, "");
	ck_assert_msg(strstr(errors, complaint), "%s: %s", arguments, errors);
	ck_assert_int_eq(lines_in(errors), 1);
}

START_TEST(a_legacy_translation_is_printed_entry_by_entry)
{
	/* The words are those of the recording's tables.json and map.csv. */
	static const char expected[] = "request  00:03.0 (source ID 0x0018), writes 0xffeff010\n";
	static const char walk[] =
		"root entry, table 0x101361000, index 0x0 (bus)\n"
		"    0x101361000   0x0000000101368001    P=1  CTP=0x101368000\n"
		"    0x101361008   0x0000000000000000\n"
		"    => context entry at 0x101368180\n"
		"\n"
		"context entry, table 0x101368000, index 0x18 (device, function)\n"
		"    0x101368180   0x000000010136b001    P=1  FPD=0  TT=0 (untranslated requests only)  "
		"SSPTPTR=0x10136b000\n"
		"    0x101368188   0x0000000000000302    AW=2 (48 bits, 4 levels)  DID=3\n"
		"    => second stage of 4 levels, table 0x10136b000\n";
	static const char end[] = "    => page 0x13aa65000 of 4 KiB, RW\n"
				  "\n"
				  "translated: 0xffeff010 -> 0x13aa65010, page of 4 KiB, RW; 6 reads\n";

	ck_assert_msg(iommusim("walk " Q "--source 00:03.0 --iova 0xffeff010 --write") == 0, "%s", errors);
	ck_assert_str_eq(errors, "");
	ck_assert_ptr_nonnull(strstr(out, expected));
	ck_assert_msg(strstr(out, walk), "%s", out);
	ck_assert_msg(strstr(out, end), "%s", out);
}
END_TEST

START_TEST(a_scalable_translation_is_printed_entry_by_entry)
{
	ck_assert_msg(iommusim("walk " F2 "--source 0018 --iova 0xffeff010") == 0, "%s", errors);
	ck_assert_msg(strstr(out, "scalable-mode root entry, table 0x101b7d000, index 0x0 (bus)\n"), "%s", out);
	ck_assert_msg(strstr(out, "scalable-mode context entry, table 0x101b82000, index 0x18 (device, function)\n"),
		      "%s", out);
	ck_assert_msg(strstr(out, "PASID directory entry, table 0x101b83000, index 0x0 (PASID 19:6)\n"), "%s", out);
	ck_assert_msg(strstr(out, "PGTT=1 (first stage)"), "%s", out);
	ck_assert_msg(strstr(out, "    => first stage of 4 levels, table 0x101b92000\n"), "%s", out);
	ck_assert_msg(strstr(out, "first stage, level 1: FS-PTE, table 0x135af7000, index 0xff\n"), "%s", out);
	ck_assert_msg(strstr(out, "\ntranslated: 0xffeff010 -> 0x12eb11010, page of 4 KiB, RWX for users; 8 reads\n"),
		      "%s", out);
}
END_TEST

START_TEST(a_fault_has_exit_code_1_its_code_and_its_name)
{
	ck_assert_int_eq(iommusim("walk " Q "--source 00:03.0 --iova 0xff123000"), ERR_CHECK);
	ck_assert_msg(strstr(out, "    => fault\n\nfault 0x06: [LGN.3]"), "%s", out);
	/* A device without a context entry: [VTD] LCT.2. */
	ck_assert_int_eq(iommusim("walk " Q "--source 00:1e.7 --iova 0x1000"), ERR_CHECK);
	ck_assert_msg(strstr(out, "    => fault\n\nfault 0x02: [LCT.2]"), "%s", out);
	/* A bus without a root entry: LRT.2, in scalable mode SRT.2. */
	ck_assert_int_eq(iommusim("walk " Q "--source 0000:17:00.0 --iova 0x1000"), ERR_CHECK);
	ck_assert_msg(strstr(out, "    => fault\n\nfault 0x01: [LRT.2]"), "%s", out);
	ck_assert_int_eq(iommusim("walk " F2 "--source 17:1f.0 --iova 0x1000"), ERR_CHECK);
	ck_assert_msg(strstr(out, "    => fault\n\nfault 0x39: [SRT.2]"), "%s", out);
	/* A PASID where the context entry has PASIDE clear: SCT.6. */
	ck_assert_int_eq(iommusim("walk " F2 "--source 00:03.0 --pasid 0x12 --execute --privileged --iova 0x1000"),
			 ERR_CHECK);
	ck_assert_msg(strstr(out, ", PASID 18, privileged, executes 0x1000\n"), "%s", out);
	ck_assert_msg(strstr(out, "fault 0x45: [SCT.6]"), "%s", out);
}
END_TEST

START_TEST(the_list_is_map_csv)
{
	char line[512];

	ck_assert_int_eq(iommusim("walk " F2 "--list"), 0);
	ck_assert_str_eq(errors, "");
	snprintf(line, sizeof(line),
		 "xz -dc " SAMPLES "/F2-vtd-scalable-fl/snap-s1.map.csv.xz | cmp -s - %s/stdout.txt", folder);
	ck_assert_int_eq(system(line), 0);
}
END_TEST

START_TEST(wrong_options_are_told_in_a_line)
{
	expect_usage("walk", "which snapshot?");
	expect_usage("walk --list", "which snapshot?");
	expect_usage("walk " Q, "which device?");
	expect_usage("walk " Q "--source 00:03.0", "which address?");
	expect_usage("walk " Q "--list --iova 0x1000", "--list takes no request");
	expect_usage("walk " Q "--source 00:03.0 --iova 0x1000 --privileged", "give --pasid");
	expect_usage("walk " Q "--source 00:03.0 --iova 0x1000 --pasid 1 --write --execute", "not with --write");
	expect_usage("walk " Q "0x1000", "0x1000: an option's name is missing before it");
	expect_usage("walk " Q "--sources 1", "unrecognized option");
	expect_usage("walk --snapshot", "requires an argument");
}
END_TEST

START_TEST(numbers_that_make_no_sense_are_told_in_a_line)
{
	static const char *const sources[] = { "",        "3",        "00:03", "00:20.0",      "00:03.8",  "0g:03.0",
					       "000:3.0", "00:03.0x", "18",    "0001:00:03.0", "00:03.-1", "00-03.0" };
	static const char *const addresses[] = { "1000", "0x", "0x1g", "x", "-0x1", "0x-1", "0x12345678901234567" };
	static const char *const pasids[] = { "", "-1", "1048576", "0x100000", "1k", "0x", "18446744073709551617" };
	char line[1024];

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		snprintf(line, sizeof(line), "walk " Q "--iova 0x0 --source '%s'", sources[i]);
		expect_usage(line, "not a PCI function");
	}
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		snprintf(line, sizeof(line), "walk " Q "--source 00:03.0 --iova '%s'", addresses[i]);
		expect_usage(line, "not an address");
	}
	for (size_t i = 0; i < sizeof(pasids) / sizeof(pasids[0]); i++) {
		snprintf(line, sizeof(line), "walk " Q "--source 00:03.0 --iova 0x0 --pasid '%s'", pasids[i]);
		expect_usage(line, "not a PASID");
	}
}
END_TEST

/* A snapshot of this test: pages of F2, registers as given. */
static void write_snapshot(const char *registers)
{
	char line[512];

	snprintf(line, sizeof(line), "cp " SAMPLES "/F2-vtd-scalable-fl/snap-s1.pages.bin.xz %s/s.pages.bin.xz",
		 folder);
	ck_assert_int_eq(system(line), 0);
	write_file("s.vtdregs.txt", registers);
}

START_TEST(a_snapshot_that_cannot_be_used_is_told_in_a_line)
{
	expect_file("walk --snapshot nothing --list", "nothing.vtdregs.txt: no such file");
	write_snapshot("00000000fed90000: 0x0000000000000010 0x01d2008c222f0606\n");
	expect_file("walk --snapshot s --list", "s.vtdregs.txt: no ECAP (64 bits at offset 0x10)");
	/* No address width: nothing can be translated. */
	write_snapshot("00000000fed90000: 0x0000000000000010 0x0000000000000000\n"
		       "00000000fed90010: 0x0000880000000f42 0xc400000000000000\n"
		       "00000000fed90020: 0x0000000101b7d400 0x0000000000000000\n");
	ck_assert_int_eq(iommusim("walk --snapshot s --list"), ERR_FILE);
	ck_assert_msg(strstr(errors, "s.vtdregs.txt: capability: "), "%s", errors);
	write_file("a.amdregs.txt", "00000000fed80000: 0x0000000000000010\n");
	write_file("a.pages.bin", "");
	ck_assert_int_eq(iommusim("walk --snapshot a --list"), ERR_FILE);
}
END_TEST

START_TEST(what_the_model_lacks_is_a_note_and_pages_that_are_missing_are_told)
{
	/* Posted interrupts (CAP 59) and performance monitoring (ECAP 51) do not touch translation. */
	write_snapshot("00000000fed90000: 0x0000000000000010 0x09d2008c222f0606\n"
		       "00000000fed90010: 0x0008880000000f42 0xc400000000000000\n"
		       "00000000fed90020: 0x0000000101b7d400 0x0000000000000000\n");
	ck_assert_msg(iommusim("walk --snapshot s --source 00:03.0 --iova 0xffeff010") == 0, "%s", errors);
	ck_assert_msg(strstr(errors, "capability bits 0x800000000000000, extended 0x8000000000000\n"), "%s", errors);
	ck_assert_int_eq(lines_in(errors), 1);
	/* A root table that was not recorded: SRT.1. */
	write_snapshot("00000000fed90000: 0x0000000000000010 0x01d2008c222f0606\n"
		       "00000000fed90010: 0x0000880000000f42 0xc400000000000000\n"
		       "00000000fed90020: 0x0000000501b7d400 0x0000000000000000\n");
	ck_assert_int_eq(iommusim("walk --snapshot s --list"), ERR_CHECK);
	ck_assert_int_eq(lines_in(out), 1);
	ck_assert_msg(strstr(errors,
			     "s: 1 pages that entries point to are not in the snapshot, the first at 0x501b7d000"),
		      "%s", errors);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_int_eq(iommusim("walk --snapshot s --source 00:03.0 --iova 0xffeff010"), ERR_CHECK);
	ck_assert_msg(strstr(out, "not in the snapshot\n    => fault\n\nfault 0x38: [SRT.1]"), "%s", out);
	/* Translation off (GSTS.TES clear): nothing is read. */
	write_snapshot("00000000fed90000: 0x0000000000000010 0x01d2008c222f0606\n"
		       "00000000fed90010: 0x0000880000000f42 0x4400000000000000\n"
		       "00000000fed90020: 0x0000000101b7d400 0x0000000000000000\n");
	ck_assert_int_eq(iommusim("walk --snapshot s --source 00:03.0 --iova 0xffeff010"), 0);
	ck_assert_msg(strstr(out, "translated: 0xffeff010 -> 0xffeff010; no table was read: translation is off"), "%s",
		      out);
}
END_TEST

START_TEST(help_names_every_option)
{
	static const char *const options[] = { "--snapshot", "--source",  "--pasid",      "--iova",
					       "--write",    "--execute", "--privileged", "--list" };

	ck_assert_int_eq(iommusim("help walk"), 0);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		ck_assert_msg(strstr(out, options[i]), "%s", out);
	ck_assert_int_eq(iommusim("--help"), 0);
	ck_assert_ptr_nonnull(strstr(out, "iommusim walk"));
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("walk");

	tcase_add_test(all, a_legacy_translation_is_printed_entry_by_entry);
	tcase_add_test(all, a_scalable_translation_is_printed_entry_by_entry);
	tcase_add_test(all, a_fault_has_exit_code_1_its_code_and_its_name);
	tcase_add_test(all, the_list_is_map_csv);
	tcase_add_test(all, wrong_options_are_told_in_a_line);
	tcase_add_test(all, numbers_that_make_no_sense_are_told_in_a_line);
	tcase_add_test(all, a_snapshot_that_cannot_be_used_is_told_in_a_line);
	tcase_add_test(all, what_the_model_lacks_is_a_note_and_pages_that_are_missing_are_told);
	tcase_add_test(all, help_names_every_option);
	return run_cases("walk command", (TCase *const[]){ all }, 1);
}
