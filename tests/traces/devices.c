/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/devices.h"

#include <stdio.h>
#include <string.h>

#include "tests/suite.h"

static uint16_t intern(struct devices *devices, const char *name)
{
	struct source_text text = { .at = name, .length = strlen(name) };
	struct err err = { .kind = ERR_NONE };
	return devices_intern(devices, &text, &err);
}

START_TEST(devices_are_numbered_as_they_appear)
{
	struct devices devices;
	devices_init(&devices, NULL, 0);
	ck_assert_uint_eq(intern(&devices, "0000:00:04.0"), 0);
	ck_assert_uint_eq(intern(&devices, "0000:00:04.1"), 1);
	ck_assert_uint_eq(intern(&devices, "0000:00:04.0"), 0);
	struct source_text part = { .at = "0000:00:04.0x", .length = 12 },
			   unknown = { .at = "0000:00:04", .length = 10 };
	ck_assert_uint_eq(devices_find(&devices, &part), 0);
	ck_assert_uint_eq(devices_find(&devices, &unknown), TRACE_NO_DEVICE);
	ck_assert_uint_eq(devices.at[0].group, UINT32_MAX);
	devices_fini(&devices);
}
END_TEST

START_TEST(the_requester_id_is_read_from_the_name)
{
	static const struct {
		const char *name;
		uint16_t source_id;
	} NAMES[] = {
		{ "0000:00:04.0", 0x0020 },  { "0000:00:1f.3", 0x00fb },  { "0000:ff:1f.7", 0xffff },
		{ "10000:e1:00.0", 0xe100 }, { "0000:3a:00.1", 0x3a01 },  { "9050000.smmuv3", 0xffff },
		{ "0000:0g:04.0", 0xffff },  { "0000:00:20.0", 0xffff },  { "0000:00:04.8", 0xffff },
		{ "virtio3", 0xffff },       { "0000-00-04-00", 0xffff },
	};
	struct devices devices;
	devices_init(&devices, NULL, 0);
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		uint16_t device = intern(&devices, NAMES[i].name);
		ck_assert_msg(devices.at[device].source_id == NAMES[i].source_id, "%s", NAMES[i].name);
	}
	devices_fini(&devices);
}
END_TEST

START_TEST(what_the_meta_text_knows_is_taken_over)
{
	static const struct trace_device KNOWN[] = {
		{ .name = "0000:00:04.0", .class_code = 0x010802, .group = 7 },
		{ .name = "0000:00:05.0", .class_code = 0x020000, .group = 8 },
	};
	struct devices devices;
	devices_init(&devices, KNOWN, 2);
	uint16_t device = intern(&devices, "0000:00:05.0");
	ck_assert_uint_eq(devices.at[device].class_code, 0x020000);
	ck_assert_uint_eq(devices.at[device].group, 8);
	ck_assert_uint_eq(devices.at[device].source_id, 0x28);
	ck_assert_uint_eq(devices.count, 1);
	devices_fini(&devices);
}
END_TEST

START_TEST(thousands_are_found_again)
{
	struct devices devices;
	devices_init(&devices, NULL, 0);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 5000; i++) {
			char name[32];
			snprintf(name, sizeof(name), "%04x:%02x:%02x.%x", i >> 8, i & 0xff, i % 32, i % 8);
			ck_assert_uint_eq(intern(&devices, name), i);
		}
	devices_fini(&devices);
}
END_TEST

START_TEST(a_name_too_long_is_refused)
{
	struct devices devices;
	devices_init(&devices, NULL, 0);
	char name[TRACE_NAME_BYTES + 1];
	memset(name, 'x', TRACE_NAME_BYTES);
	struct source_text longest = { .at = name, .length = TRACE_NAME_BYTES - 1 },
			   longer = { .at = name, .length = TRACE_NAME_BYTES };
	struct err err = { .kind = ERR_NONE };
	ck_assert_uint_eq(devices_intern(&devices, &longest, &err), 0);
	ck_assert_uint_eq(devices_intern(&devices, &longer, &err), TRACE_NO_DEVICE);
	ck_assert_int_eq(err.kind, ERR_FILE);
	devices_fini(&devices);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		devices_are_numbered_as_they_appear,
		the_requester_id_is_read_from_the_name,
		what_the_meta_text_knows_is_taken_over,
		thousands_are_found_again,
		a_name_too_long_is_refused,
		NULL,
	};
	return suite_run("devices", tests);
}
