/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/scenarios/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/suite.h"

#define TIMEOUT_SECONDS 60

static char folder[64];

static void make(void)
{
	strcpy(folder, "/tmp/iommusim-scenarios-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("scenarios", 0700), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static void clean(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int folder_suite_run(const char *name, const TTest *const *tests)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);

	tcase_set_timeout(all, TIMEOUT_SECONDS);
	/* Once around all tests, outside of their processes: the folder goes even when a test fails. */
	tcase_add_unchecked_fixture(all, make, clean);
	for (; *tests; tests++)
		tcase_add_test(all, *tests);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}

void folder_write(const char *path, const char *text)
{
	char parent[256];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
		mkdir(parent, 0700);
	}
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

char *folder_read(const char *path)
{
	FILE *file = fopen(path, "r");

	ck_assert_msg(file != NULL, "%s: cannot be read", path);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);

	size_t bytes = (size_t)ftell(file);
	char *text = calloc(bytes + 1, 1);

	ck_assert_ptr_nonnull(text);
	rewind(file);
	ck_assert_uint_eq(fread(text, 1, bytes, file), bytes);
	fclose(file);
	return text;
}

void folder_write_scenario(const char *text)
{
	char whole[4096];

	ck_assert_int_lt(snprintf(whole, sizeof(whole),
				  "title: A test\n"
				  "trace: t.h5\n"
				  "profile: server-x86\n"
				  "schemes: [nested]\n"
				  "%s",
				  text),
			 (int)sizeof(whole));
	folder_write("scenarios/x.yaml", whole);
}
