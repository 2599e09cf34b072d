/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/list.h"

#include <stdlib.h>
#include <string.h>

#include "scenarios/config.h"
#include "tests/scenarios/folder.h"

static char *printed; /* of the test's own process */
static size_t printed_bytes;

static FILE *begin(void)
{
	FILE *out = open_memstream(&printed, &printed_bytes);

	ck_assert_ptr_nonnull(out);
	return out;
}

/* Non-ASCII text would be narrower than its bytes; there is none. */
static void check_columns(void)
{
	for (const char *line = printed; *line;) {
		size_t length = strcspn(line, "\n");

		ck_assert_msg(length <= 100, "wider than 100 columns: %.*s", (int)length, line);
		ck_assert_msg(length == 0 || line[length - 1] != ' ', "ends with a space: '%.*s'", (int)length, line);
		line += length;
		ck_assert_int_eq(*line, '\n');
		line++;
	}
}

START_TEST(docs_parameters_md_is_the_table)
{
	char *kept = folder_read(SCENARIOS "/../docs/parameters.md");
	FILE *out = begin();

	list_print_parameters(out, true);
	fclose(out);
	ck_assert_msg(strcmp(kept, printed) == 0,
		      "write it anew: iommusim list parameters --markdown > docs/parameters.md");
	free(kept);
	free(printed);
}
END_TEST

START_TEST(the_document_has_every_parameter_in_its_group)
{
	FILE *out = begin();

	list_print_parameters(out, true);
	fclose(out);
	for (size_t i = 0; i < parameter_count; i++) {
		char row[96];

		snprintf(row, sizeof(row), "\n| `%s` | ", parameters[i].name);

		char *first = strstr(printed, row);

		ck_assert_msg(first != NULL, "%s", parameters[i].name);
		ck_assert_ptr_null(strstr(first + 1, row));
	}
	ck_assert_ptr_nonnull(strstr(printed, "\n## timing.guest\n"));
	ck_assert_ptr_nonnull(strstr(printed, "\n## seed\n"));
	ck_assert_ptr_null(strstr(printed, "\n## iommu.walk_entries\n"));
	ck_assert_ptr_nonnull(strstr(printed, "\n| `device.mps_bytes` | 256 B | 128 B to 4 KiB | "));
	ck_assert_ptr_nonnull(strstr(printed, "\n| `timing.host.exit` | by profile | "));
	ck_assert_ptr_nonnull(strstr(printed, "\n| `iommu.walkers` | 5 walkers | 1 to 1024 | "));
	free(printed);
}
END_TEST

START_TEST(parameters_fit_a_terminal)
{
	FILE *out = begin();

	list_print_parameters(out, false);
	fclose(out);
	check_columns();
	for (size_t i = 0; i < parameter_count; i++)
		ck_assert_msg(strstr(printed, parameters[i].name) != NULL, "%s", parameters[i].name);
	free(printed);
}
END_TEST

START_TEST(schemes_fit_a_terminal)
{
	FILE *out = begin();

	list_print_schemes(out);
	fclose(out);
	check_columns();
	for (size_t i = 0; i < scheme_preset_count; i++)
		ck_assert_ptr_nonnull(strstr(printed, scheme_presets[i].scheme.name));
	ck_assert_ptr_nonnull(strstr(printed, "\nunmap        strict deferred\n"));
	free(printed);
}
END_TEST

START_TEST(profiles_fit_a_terminal)
{
	struct err err = { 0 };
	FILE *out = begin();

	ck_assert_msg(list_print_profiles(out, &err), "%s", err.text);
	fclose(out);
	check_columns();
	ck_assert_int_eq(strncmp(printed, "power9       POWER9 server", 26), 0);
	ck_assert_ptr_nonnull(strstr(printed, "\nserver-x86   x86 server"));
	free(printed);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		docs_parameters_md_is_the_table, the_document_has_every_parameter_in_its_group,
		parameters_fit_a_terminal,       schemes_fit_a_terminal,
		profiles_fit_a_terminal,         NULL,
	};

	return folder_suite_run("scenarios/list", tests);
}
