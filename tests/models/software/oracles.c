/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays what real kernels were asked (tests/data/oracles/) and compares: return value, errno, bytes unmapped, and
 * locked memory after every single call.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "models/software/type1.h"
#include "tests/models/software/host_fixture.h"
#include "tests/suite.h"

#define APERTURE_LAST ((UINT64_C(1) << 48) - 1)

struct recorded_call {
	char op[32];
	uint64_t flags, vaddr, iova, size;
	int error;
	uint64_t out;        /* of an unmap that succeeded: bytes */
	uint64_t locked_kib; /* VmLck and VmPin */
};

/* The number after key in line from start; *found says whether it was there. */
static uint64_t number(const char *line, const char *key, bool *found)
{
	const char *at = strstr(line, key);

	*found = at != NULL;
	return at ? strtoull(at + strlen(key), NULL, 0) : 0;
}

static int error_number(const char *line)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "errno=0 ", 0 },           { "errno=EINVAL ", EINVAL }, { "errno=ENOMEM ", ENOMEM },
		{ "errno=EFAULT ", EFAULT }, { "errno=EEXIST ", EEXIST }, { "errno=ENOSPC ", ENOSPC },
		{ "errno=ENOENT ", ENOENT }, { "errno=EBUSY ", EBUSY },   { "errno=EOVERFLOW ", EOVERFLOW },
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(line, names[i].name))
			return names[i].number;
	ck_abort_msg("unknown errno in: %s", line);
	return -1;
}

static struct recorded_call parse(const char *line)
{
	struct recorded_call call = { 0 };
	const char *out = strstr(line, "out={"), *op = strstr(line, "op=");
	bool found;

	ck_assert_msg(op && out, "%s", line);
	ck_assert_int_eq(sscanf(op, "op=%31s", call.op), 1);
	call.flags = number(line, "flags=", &found);
	call.vaddr = number(line, " vaddr=", &found) | number(line, "{vaddr=", &found) | number(line, " va=", &found);
	call.iova = number(line, " iova=", &found) | number(line, "{iova=", &found);
	call.size = number(line, " size=", &found) | number(line, " len=", &found);
	call.error = error_number(line);
	call.out = number(out, "size=", &found) | number(out, "length=", &found);
	call.locked_kib = number(line, "VmLck=", &found) + number(line, "VmPin=", &found);
	return call;
}

/* What the calls of one case act on. */
struct replay {
	struct host host;
	struct page_table second_table;
	struct type1 type1[2]; /* the second is another container of the process */
	uint32_t entries;
	bool live;
};

static void replay_start(struct replay *replay, uint64_t bytes, unsigned page_lg2)
{
	struct host *host = &replay->host;

	host_init(host, bytes, page_lg2, 0);
	ck_assert_int_eq(page_table_init(&replay->second_table, &vtd_second_stage, &host->table.rules, host->table.view,
					 &host->frames),
			 MAP_OK);
	struct container_config config = host_container(host);

	type1_init(&replay->type1[0], &config, TYPE1_ENTRY_LIMIT, APERTURE_LAST);
	config.table = host_table_of(&replay->second_table);
	type1_init(&replay->type1[1], &config, TYPE1_ENTRY_LIMIT, APERTURE_LAST);
	replay->live = true;
}

static void replay_end(struct replay *replay)
{
	if (!replay->live)
		return;
	type1_fini(&replay->type1[0]);
	type1_fini(&replay->type1[1]);
	page_table_fini(&replay->second_table);
	host_fini(&replay->host);
	replay->live = false;
}

static int type1_unmap_all(struct type1 *type1, uint64_t *out, struct host_work *work)
{
	struct unmap_call unmap;

	type1_unmap_all_begin(type1, &unmap, work);
	while (type1_unmap_step(type1, &unmap, work))
		;
	*out = unmap.bytes;
	return 0;
}

static int answer(struct replay *replay, const struct recorded_call *call, uint64_t *out)
{
	struct host_work *work = &replay->host.work;
	struct type1 *type1 = &replay->type1[call->op[strlen(call->op) - 1] == '2'];

	if (!strcmp(call->op, "MAP") || !strcmp(call->op, "MAP2"))
		return type1_map(type1, call->iova, call->vaddr, call->size, (unsigned)call->flags, work);
	if (!strcmp(call->op, "UNMAP") || !strcmp(call->op, "UNMAP2"))
		return call->flags ? type1_unmap_all(type1, out, work)
				   : type1_unmap_now(type1, call->iova, call->size, out, work);
	if (!strcmp(call->op, "mlock")) /* of 8 pages, by the process itself */
		return account_charge(&replay->host.process.account, ACCOUNT_MM, 8);
	if (!strcmp(call->op, "REGISTER"))
		return registration_add(&replay->host.registrations, call->vaddr, call->size, work);
	if (!strcmp(call->op, "UNREGISTER"))
		return registration_remove(&replay->host.registrations, call->vaddr, call->size, work);
	ck_abort_msg("unknown call %s", call->op);
	return -1;
}

static void set_up(struct replay *replay, const char *line)
{
	bool has_bytes, has_limit, has_entries, found;
	uint64_t bytes = number(line, "bytes=", &has_bytes);
	uint64_t limit = number(line, "memlock=", &has_limit), entries = number(line, "entries=", &has_entries);

	if (has_bytes) {
		replay_end(replay);
		ck_assert_uint_eq(number(line, "vaddr=", &found), RAM_VADDR);
		replay_start(replay, bytes, (unsigned)number(line, "page_lg2=", &found));
	}
	if (has_limit)
		replay->host.process.account.limit_pages = limit >> PAGE_LG2;
	if (has_entries)
		replay->type1[0].entries_left = (uint32_t)entries;
}

static unsigned replay_file(const char *name)
{
	char path[512], line[512];
	struct replay replay = { .live = false };
	unsigned calls = 0, at = 0;

	snprintf(path, sizeof(path), "%s/oracles/%s", TESTS_DATA, name);
	FILE *file = fopen(path, "r");

	ck_assert_msg(file != NULL, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		at++;
		if (line[0] == 'M')
			set_up(&replay, line);
		if (line[0] != 'R')
			continue;

		struct recorded_call call = parse(line);
		uint64_t out = 0;
		int error = answer(&replay, &call, &out);

		calls++;
		ck_assert_msg(error == call.error, "%s:%u: %d, recorded %d: %s", name, at, error, call.error, line);
		ck_assert_msg(replay.host.process.account.total * 4 == call.locked_kib, "%s:%u: %lu KiB locked: %s",
			      name, at, replay.host.process.account.total * 4, line);
		if (!error && strstr(call.op, "UNMAP"))
			ck_assert_msg(out == call.out, "%s:%u: %#lx bytes unmapped: %s", name, at, out, line);
	}
	fclose(file);
	replay_end(&replay);
	return calls;
}

START_TEST(type1_answers_as_a_kernel_did)
{
	ck_assert_uint_ge(replay_file("type1v2-x86-6.12.txt"), 130);
}
END_TEST

START_TEST(registration_answers_as_a_kernel_did)
{
	ck_assert_uint_ge(replay_file("spapr-register-ppc64-6.12.txt"), 28);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracles");
	TCase *test = tcase_create("recorded answers");

	tcase_add_test(test, type1_answers_as_a_kernel_did);
	tcase_add_test(test, registration_answers_as_a_kernel_did);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
