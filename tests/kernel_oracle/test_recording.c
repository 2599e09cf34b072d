/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/recording.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/suite.h"

#define ANSWER " -> ret=0 errno=0 out={} VmLck=0kB VmPin=0kB\n"

static struct recording recording;

/* Reads text as a recording. */
static bool read_text(const char *text, struct err *err)
{
	char path[] = "/tmp/test_recording.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);

	bool ok = recording_read(&recording, path, err);

	unlink(path);
	return ok;
}

static void read_good(const char *text)
{
	struct err err = { 0 };

	ck_assert_msg(read_text(text, &err), "%s", err.text);
}

static const struct recorded_line *line_of(unsigned number)
{
	for (size_t i = 0; i < recording.line_count; i++)
		if (recording.lines[i].number == number)
			return &recording.lines[i];
	ck_abort_msg("no line %u", number);
}

START_TEST(a_call_is_cut_into_its_operation_arguments_and_answer)
{
	read_good("C type1v1/setup\n"
		  "R type1v1/setup op=CHECK_EXTENSION(group, no iommu) args={ext=1 flags=0x1(START)} -> ret=-1 "
		  "errno=ENOTSUPP out={argsz=48 migr{pgsz=0x1000 max=0x10} a[0-1]} VmLck=16kB VmPin=-1kB\n");
	const struct recorded_line *line = line_of(2);
	uint64_t value = 7;

	ck_assert_int_eq(line->kind, RECORDED_CALL);
	ck_assert_str_eq(line->call.op, "CHECK_EXTENSION(group, no iommu)");
	ck_assert_str_eq(line->call.args, "ext=1 flags=0x1(START)");
	ck_assert_int_eq(line->answer.ret, -1);
	ck_assert_str_eq(line->answer.error, "ENOTSUPP");
	ck_assert_str_eq(line->answer.out, "argsz=48 migr{pgsz=0x1000 max=0x10} a[0-1]");
	ck_assert_int_eq(line->answer.vm_lck_kib, 16);
	ck_assert_int_eq(line->answer.vm_pin_kib, -1);
	ck_assert(oracle_number(&line->call, "flags", &value) && value == 1);
	ck_assert(!oracle_number(&line->call, "lags", &value));
	ck_assert_uint_eq(oracle_argument(&line->call, "ext"), 1);
	ck_assert_uint_eq(oracle_argument(&line->call, "iova"), 0);
	recording_free(&recording);
}
END_TEST

START_TEST(a_number_has_all_sixty_four_bits)
{
	const struct oracle_call call = { "MAP", "flags=0x80000003 vaddr=0xfffffffffffff000 size=010" };

	ck_assert_uint_eq(oracle_argument(&call, "vaddr"), UINT64_C(0xfffffffffffff000));
	ck_assert_uint_eq(oracle_argument(&call, "flags"), UINT64_C(0x80000003));
}
END_TEST

START_TEST(cases_begin_where_they_are_named_and_hold_their_lines)
{
	read_good("I kernel Linux (none) 7.3.4 #1 SMP x86_64 GNU/Linux\r\n"
		  "[    0.1] R what a console says\n"
		  "C iommufd-mock-attached/map\r\n"
		  "R iommufd-mock-attached/map op=IOAS_ALLOC args={flags=0}" ANSWER
		  "N iommufd-mock-attached/map not fixed\n"
		  "R iommufd-mock-attached/hole op=IOAS_ALLOC args={flags=0}" ANSWER
		  "X iommufd-mock-attached/hole child status 0x8b\n"
		  "C iommufd-mock-attached/hole\n");
	ck_assert_uint_eq(recording.case_count, 3);
	ck_assert_str_eq(recording.cases[0].family, "iommufd-mock-attached");
	ck_assert_str_eq(recording.cases[0].name, "map");
	ck_assert_str_eq(recording.cases[0].full_name, "iommufd-mock-attached/map");
	ck_assert_uint_eq(recording.cases[0].count, 2);
	ck_assert_str_eq(recording.cases[1].name, "hole");
	ck_assert_uint_eq(recording.cases[1].count, 2);
	ck_assert_uint_eq(recording.cases[2].count, 0);
	ck_assert_str_eq(line_of(5)->text, "not fixed");
	ck_assert_int_eq(line_of(7)->kind, RECORDED_DEATH);
	recording_free(&recording);
}
END_TEST

#define SPAPR_CALL(op, args, out) \
	"R spaprv2/reg op=" op " args={" args "} -> ret=0 errno=0 out={" out "} VmLck=0kB VmPin=0kB\n"

static const struct {
	const char *text;
	unsigned version, patchlevel, page_lg2;
	enum oracle_machine machine;
} machines[] = {
	{ "I kernel Linux (none) 6.1.0-35-amd64 #1\nR type1v1/hole op=MAP args={}" ANSWER, 6, 1, 12, ORACLE_X86_VTD },
	{ "I kernel Linux (none) 7.3.4 #1\nR iommufd-mock-detached/map op=X args={}" ANSWER, 7, 3, 12,
	  ORACLE_X86_MOCK },
	{ "I kernel Linux (none) 7.3.4 #1\nR iommufd-vtd-attached/map op=X args={}" ANSWER, 7, 3, 12, ORACLE_X86_VTD },
	{ "I kernel Linux h 6.12.95+deb12-powerpc64le-64k #1\n" SPAPR_CALL("ENABLE", "", ""), 6, 12, 16,
	  ORACLE_POWERNV },
	{ "I kernel Linux h 6.12.95 #1\n" SPAPR_CALL("REGISTER", "vaddr=0x200000800 size=0x10000", ""), 6, 12, 16,
	  ORACLE_POWERNV },
	{ "I kernel Linux h 6.1.0 #1\n" SPAPR_CALL("REGISTER", "vaddr=0x200000800 size=0x1000", "")
		  SPAPR_CALL("TCE_GET_INFO", "", "flags=0x1 ddw{pgsizes=0x11000 maxwin=1 levels=1}"),
	  6, 1, 12, ORACLE_PSERIES },
	{ "I kernel Linux h 6.1.0 #1\n" SPAPR_CALL("TCE_GET_INFO", "",
						   "ddw{maxwin=1 levels=5}") "N spaprv2/reg page size "
									     "65536\n",
	  6, 1, 16, ORACLE_POWERNV },
};

START_TEST(a_recording_says_on_which_machine_it_was_made)
{
	read_good(machines[_i].text);
	ck_assert(recording.kernel_is_known);
	ck_assert_uint_eq(recording.cases[0].kernel.version, machines[_i].version);
	ck_assert_uint_eq(recording.cases[0].kernel.patchlevel, machines[_i].patchlevel);
	ck_assert_uint_eq(recording.cases[0].page_lg2, machines[_i].page_lg2);
	ck_assert_int_eq(recording.cases[0].machine, machines[_i].machine);
	recording_free(&recording);
}
END_TEST

START_TEST(a_second_kernel_in_one_file_is_that_of_the_cases_after_it)
{
	read_good("R type1v1/a op=MAP args={}" ANSWER
		  "I kernel Linux (none) 6.1.2 #1\nR type1v1/b op=MAP args={}" ANSWER);
	ck_assert_uint_eq(recording.cases[0].kernel.patchlevel, KERNEL_DEFAULT.patchlevel);
	ck_assert_uint_eq(recording.cases[1].kernel.patchlevel, 1);
	recording_free(&recording);
}
END_TEST

static const struct {
	const char *line, *what;
} damages[] = {
	{ "R type1v1/hole op=MAP args={} -> ret=0 errno=0 out={} VmLck=0kB VmPi", "is no call" },
	{ "R type1v1/hole op=MAP args={} -> ret=0 errno=0 out={} VmLck=0kB VmPin=0k", "no number of kB" },
	{ "R type1v1/hole op=MAP args={} -> ret=0 errno=0 out={} VmLck=kB VmPin=0kB", "no number of kB" },
	{ "R type1v1/hole op=MAP args={} -> ret=0x errno=0 out={} VmLck=0kB VmPin=0kB", "ret= is no number" },
	{ "R type1v1/hole op=MAP args={} -> ret= errno=0 out={} VmLck=0kB VmPin=0kB", "ret= is no number" },
	{ "R type1v1/hole op=MAP args={} -> ret=99999999999999999999 errno=0 out={} VmLck=0kB VmPin=0kB",
	  "ret= is no number" },
	{ "R type1v1/hole op=MAP args={} -> ret=0 errno= out={} VmLck=0kB VmPin=0kB", "errno= is no name" },
	{ "R type1v1/hole MAP", "is no call" },
	{ "R type1v1/hole", "is no call" },
	{ "C ", "names no case" },
	{ "C type1v1/hole and more", "names no case" },
	{ "R  op=MAP args={}" ANSWER, "names no case" },
};

START_TEST(a_damaged_line_is_told_by_its_number_and_the_others_are_kept)
{
	char text[512];

	snprintf(text, sizeof(text), "R type1v1/hole op=MAP args={}%s%s", ANSWER, damages[_i].line);
	read_good(text);
	ck_assert_int_eq(line_of(1)->kind, RECORDED_CALL);
	ck_assert_int_eq(line_of(2)->kind, RECORDED_DAMAGED);
	ck_assert_msg(strstr(line_of(2)->text, damages[_i].what), "%s", line_of(2)->text);
	recording_free(&recording);
}
END_TEST

START_TEST(a_file_that_is_no_recording_is_refused_with_its_name)
{
	static const char *const texts[] = { "hello\n", "", "C type1v1/hole\n", "R type1v1/hole op=\n" };

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err err = { 0 };

		ck_assert(!read_text(texts[i], &err));
		ck_assert_int_eq(err.kind, ERR_FILE);
		ck_assert_msg(strstr(err.text, "/tmp/test_recording."), "%s", err.text);
	}
}
END_TEST

/* Every prefix of a recording, and every one with a byte less: nothing worse than damaged lines. */
START_TEST(no_cut_makes_the_reader_stumble)
{
	static const char text[] = "I kernel Linux (none) 6.12 #1\nC a/b\nR a/b op=X args={y=0x1} -> ret=-1 errno=EIO "
				   "out={z{}} VmLck=4kB VmPin=0kB\nN a/b page size 65536\nX a/b died\n";
	char cut[sizeof(text)];

	for (size_t i = 1; i < sizeof(text); i++) {
		struct err err = { 0 };

		memcpy(cut, text, i);
		cut[i] = '\0';
		if (read_text(cut, &err))
			recording_free(&recording);
		memmove(cut, text, sizeof(text));
		memmove(cut + i - 1, text + i, sizeof(text) - i);
		if (read_text(cut, &err))
			recording_free(&recording);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recording");
	TCase *test = tcase_create("recording");

	tcase_set_timeout(test, SUITE_TIMEOUT_SECONDS);
	tcase_add_test(test, a_call_is_cut_into_its_operation_arguments_and_answer);
	tcase_add_test(test, a_number_has_all_sixty_four_bits);
	tcase_add_test(test, cases_begin_where_they_are_named_and_hold_their_lines);
	tcase_add_loop_test(test, a_recording_says_on_which_machine_it_was_made, 0,
			    sizeof(machines) / sizeof(machines[0]));
	tcase_add_test(test, a_second_kernel_in_one_file_is_that_of_the_cases_after_it);
	tcase_add_loop_test(test, a_damaged_line_is_told_by_its_number_and_the_others_are_kept, 0,
			    sizeof(damages) / sizeof(damages[0]));
	tcase_add_test(test, a_file_that_is_no_recording_is_refused_with_its_name);
	tcase_add_test(test, no_cut_makes_the_reader_stumble);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
