/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/json.h"
#include "analysis/table.h"
#include "tests/analysis/synthetic.h"
#include "tests/suite.h"

/* ---- a checker of RFC 8259, for documents of objects, arrays, strings and unsigned numbers ---- */

static const char *skip_space(const char *c)
{
	return c + strspn(c, " \n\t\r");
}

/* The character behind the string, NULL when it is none. */
static const char *check_string(const char *c)
{
	if (*c++ != '"')
		return NULL;
	for (; *c != '"'; c++) {
		if ((unsigned char)*c < 0x20)
			return NULL;
		if (*c == '\\') {
			c++;
			if (!*c || !strchr("\"\\/bfnrtu", *c))
				return NULL;
			for (unsigned i = 0; *c == 'u' && i < 4; i++)
				if (!isxdigit((unsigned char)c[1 + i]))
					return NULL;
		}
	}
	return c + 1;
}

/* The character behind the document, NULL when it is malformed: a stack of the open brackets, no recursion. */
static const char *check_document(const char *c)
{
	char open[64];
	unsigned depth = 0;
	bool value_wanted = true;

	for (c = skip_space(c);; c = skip_space(c)) {
		if (value_wanted && (*c == '{' || *c == '[')) {
			if (depth == sizeof(open))
				return NULL;
			open[depth++] = *c++;
			c = skip_space(c);
			value_wanted = *c != '}' && *c != ']';
			if (value_wanted && open[depth - 1] == '{') {
				c = check_string(c);
				if (!c || *c++ != ':')
					return NULL;
			}
			continue;
		}
		if (value_wanted) {
			const char *start = c;

			if (*c == '"')
				c = check_string(c);
			else
				c += strspn(c, "0123456789");
			if (!c || c == start || (*start == '0' && c > start + 1))
				return NULL;
			value_wanted = false;
			continue;
		}
		if (depth == 0)
			return c;
		if (*c == ',') {
			c = skip_space(c + 1);
			value_wanted = true;
			if (open[depth - 1] == '{') {
				c = check_string(c);
				if (!c || *c++ != ':')
					return NULL;
			}
			continue;
		}
		if (*c++ != (open[--depth] == '{' ? '}' : ']'))
			return NULL;
	}
}

START_TEST(the_checker_itself_tells_good_from_bad)
{
	static const char *const good[] = { "{}", "[ ]", "{\"a\": [1, 2, {\"b\": \"\\u0001\\n\"}], \"c\": {}}", "7" };
	static const char *const bad[] = { "{",         "[1,]",  "{\"a\"}", "{\"a\": 01}", "[1}", "{\"a\": \"\n\"}",
					   "[\"\\x\"]", "[1 2]", "" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(check_document(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!check_document(bad[i]) || *check_document(bad[i]), "%s", bad[i]);
}
END_TEST

static void print_small(FILE *out, void *argument)
{
	struct json json = { .out = out };

	(void)argument;
	json_object(&json, NULL);
	json_text(&json, "quoted", "a \"b\" \\ /\n\t\x01 \x7f");
	json_text(&json, "utf-8", "µs \xf0\x9f\x98\x80");
	json_text(&json, "broken", "\xff \xc0\xaf \xe2\x82 \xed\xa0\x80");
	json_number(&json, "large", (u128_t)1 << 64);
	json_object(&json, "empty");
	json_object_end(&json);
	json_array(&json, "rows");
	json_array(&json, NULL);
	json_number(&json, NULL, 1);
	json_number(&json, NULL, 2);
	json_array_end(&json);
	json_array(&json, NULL);
	json_array_end(&json);
	json_array_end(&json);
	json_object_end(&json);
}

START_TEST(strings_are_escaped_and_bytes_that_are_not_utf_8_are_replaced)
{
	char *text = synthetic_printed(print_small, NULL);

	ck_assert_str_eq(text, "{\n"
			       "  \"quoted\": \"a \\\"b\\\" \\\\ /\\n\\u0009\\u0001 \x7f\",\n"
			       "  \"utf-8\": \"µs \xf0\x9f\x98\x80\",\n"
			       "  \"broken\": \"\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd\",\n"
			       "  \"large\": 18446744073709551616,\n"
			       "  \"empty\": {},\n"
			       "  \"rows\": [[1, 2], []]\n"
			       "}\n");
	free(text);
}
END_TEST

static void print_json(FILE *out, void *argument)
{
	table_print_json(out, argument);
}

/* The number after each key in turn, found in this order. */
static uint64_t number_at(const char *text, const char *const *key, size_t keys)
{
	char quoted[80];

	for (size_t i = 0; i < keys; i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\": ", key[i]);
		text = strstr(text, quoted);
		ck_assert_msg(text, "no %s", quoted);
		text += strlen(quoted);
	}
	return strtoull(text, NULL, 10);
}

START_TEST(a_result_is_one_well_formed_document_with_all_its_content)
{
	char folder[64], path[128];
	struct result_scheme *scheme[2] = { synthetic_scheme("nested", 5, 500), synthetic_scheme("none", 6, 0) };
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };

	synthetic_folder(folder);
	snprintf(path, sizeof(path), "%s/r.h5", folder);
	synthetic_write(path, &input, scheme, 2);
	struct result *result = result_open(path, &err);
	char *text = synthetic_printed(print_json, result), *again = synthetic_printed(print_json, result);
	const char *end = check_document(text);

	ck_assert_msg(end && *end == '\0', "malformed");
	ck_assert_str_eq(text, again);
	ck_assert_ptr_nonnull(
		strstr(text, "\"scenario_text\": \"# how much a trapped doorbell costs\\ntitle: \\\"NVMe <random>"));
	ck_assert_ptr_nonnull(strstr(text, "\"iommu.walkers\": {\n"));
	ck_assert_uint_eq(number_at(text, (const char *[]){ "nested", "unmap", "max_ps" }, 3),
			  scheme[0]->latency[RESULT_UNMAP].max_ps);
	ck_assert_uint_eq(number_at(text, (const char *[]){ "nested", "causes_ps", "map", "exit" }, 4),
			  scheme[0]->cause_ps[RESULT_MAP][CAUSE_EXIT]);
	ck_assert_uint_eq(number_at(text, (const char *[]){ "nested", "counters", "vm_exits", "value" }, 4),
			  scheme[0]->counter[COUNT_VM_EXITS]);
	ck_assert_uint_eq(number_at(text, (const char *[]){ "nested", "series", "dma_bytes", "width_ps" }, 4),
			  scheme[0]->series[RESULT_DMA_BYTES].width_ps);
	ck_assert_uint_eq(number_at(text, (const char *[]){ "none", "latency", "map", "count" }, 4), 0);
	free(text);
	free(again);
	free(scheme[0]);
	free(scheme[1]);
	result_close(result);
	synthetic_remove(folder);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_test(tcase, the_checker_itself_tells_good_from_bad);
	tcase_add_test(tcase, strings_are_escaped_and_bytes_that_are_not_utf_8_are_replaced);
	tcase_add_test(tcase, a_result_is_one_well_formed_document_with_all_its_content);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
