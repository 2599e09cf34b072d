/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/command_line.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

char folder[64];
char out[1 << 20];
char errors[65536];

void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/iommusim-command-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

void remove_folder(void)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", folder);
	ck_assert_int_eq(system(line), 0);
}

void slurp(const char *name, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *in = fopen(path, "r");

	ck_assert_ptr_nonnull(in);
	text[fread(text, 1, size - 1, in)] = '\0';
	fclose(in);
}

/* Runs `iommusim ARGUMENTS` in the folder; its exit code. */
int iommusim(const char *arguments)
{
	char line[4096];

	snprintf(line, sizeof(line), "cd %s && %s %s >stdout.txt 2>stderr.txt </dev/null", folder, IOMMUSIM, arguments);
	int status = system(line);

	slurp("stdout.txt", out, sizeof(out));
	slurp("stderr.txt", errors, sizeof(errors));
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void write_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

bool same_bytes(const char *a, const char *b)
{
	char line[512];

	snprintf(line, sizeof(line), "cmp -s %s/%s %s/%s", folder, a, folder, b);
	return system(line) == 0;
}

size_t files_like(const char *pattern)
{
	char path[128];
	glob_t found;

	snprintf(path, sizeof(path), "%s/%s", folder, pattern);
	size_t count = glob(path, 0, NULL, &found) == 0 ? found.gl_pathc : 0;

	globfree(&found);
	return count;
}

int lines_in(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* A short trace, imported from the smallest recording that ships. */
void import_small(void)
{
	ck_assert_msg(iommusim("trace import " SAMPLES "/B3-vtd-nvme-lazy-cm/trace.txt.xz -o t.h5") == 0, "%s", errors);
}

void write_scenario(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "title: small\ntrace: t.h5\nprofile: server-x86\nseed: 1\n"
		 "schemes: [pin-on-map, preregister, nested, nested-hwq, passthrough]\n%s",
		 more);
	write_file("s.yaml", text);
}

struct result *open_result(const char *name)
{
	struct err err = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	struct result *result = result_open(path, &err);

	ck_assert_msg(result != NULL, "%s", err.text);
	return result;
}

const struct result_scheme *scheme_named(const struct result *result, const char *name)
{
	for (size_t i = 0; i < result_scheme_count(result); i++)
		if (strcmp(result_scheme(result, i)->name, name) == 0)
			return result_scheme(result, i);
	ck_abort_msg("no scheme %s", name);
	return NULL;
}

uint64_t counted(const struct result *result, const char *scheme, enum result_counter counter)
{
	return scheme_named(result, scheme)->counter[counter];
}

int run_cases(const char *name, TCase *const *cases, size_t count)
{
	Suite *suite = suite_create(name);

	for (size_t i = 0; i < count; i++) {
		tcase_add_checked_fixture(cases[i], make_folder, remove_folder);
		tcase_set_timeout(cases[i], 600); /* sanitized builds on a busy machine are slow */
		suite_add_tcase(suite, cases[i]);
	}

	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed != 0;
}
