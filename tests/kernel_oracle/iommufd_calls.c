/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iommufd's calls, as the program iofd made them: which object a call without a number in its arguments meant is the
 * program's text, told here; what it answers is models/software/iommufd*.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/software/iommufd_hwpt.h"
#include "models/software/iommufd_mock.h"
#include "models/software/iommufd_vfio.h"
#include "models/software/iommufd_vtd.h"
#include "tests/kernel_oracle/interface.h"
#include "tests/kernel_oracle/setting.h"

#define NO_OBJECT     9999u /* the program's numbers of objects that do not exist */
#define NOTHING_THERE 777u
#define BITMAP_WORDS  512u

/* The emulated unit's registers, as the recording prints them. */
#define CAPABILITY          UINT64_C(0xd2008c222f0686)
#define EXTENDED_CAPABILITY UINT64_C(0xf00f4a)
#define TABLES_FIRST        UINT64_C(0x1000000)
#define TABLES_END          UINT64_C(0x9000000)

struct state {
	struct oracle_world *world;
	struct memory *memory;
	struct frames frames;
	struct iommufd_vtd vtd;
	struct iommufd_unit mock;
	struct iommufd iommufd;
	struct account user;
	struct vfio_cdev cdev;
	struct host_work work;

	/* The program's variables: numbers of objects, 0 before. */
	uint32_t ioas, second_ioas, device, hwpt;
	uint32_t plain, parent, nested, tracking;

	struct iommufd_file file; /* of the next IOAS_MAP_FILE */
	bool has_file;
	uint32_t dirty_flags; /* of the last GET_DIRTY_BITMAP; the one after a bad flag asks the IOAS */
	unsigned copies, set_calls, get_calls;
};

/* ---- helpers ---- */

static void fail_or(struct oracle_answer *answer, int error)
{
	answer->ret = error ? -1 : 0;
	answer->error = error;
}

/* "0x1f", and "0" for 0: %#lx. */
static const char *hex(char buffer[24], uint64_t value)
{
	snprintf(buffer, 24, "%#" PRIx64, value);
	return buffer;
}

static void print_field(struct oracle_answer *answer, const char *name, uint64_t value)
{
	char number[24];

	snprintf(answer->out, sizeof(answer->out), "%s=%s", name, hex(number, value));
}

static bool has_word(const struct oracle_call *call, const char *word)
{
	return strstr(call->args, word) != NULL;
}

static struct iommufd_caller caller_of(struct state *state)
{
	return (struct iommufd_caller){ .process = state->world->process,
					.user = &state->user,
					.cap_ipc_lock = state->world->cap_ipc_lock,
					.pin_batch_pages = 512 };
}

static struct iommufd_unit *unit_of(struct state *state)
{
	return state->world->machine == ORACLE_X86_MOCK ? &state->mock : &state->vtd.unit;
}

/* Would the kernel look at a structure of that many bytes? */
static bool is_known(struct state *state, unsigned number, uint32_t bytes, uint32_t used, struct oracle_answer *answer)
{
	int error = iommufd_check_call(&state->iommufd, number, bytes, used);

	if (error)
		fail_or(answer, error);
	return !error;
}

/* ---- objects, devices ---- */

static void ioas_alloc(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t *id = state->ioas ? &state->second_ioas : &state->ioas;

	(void)call;
	fail_or(answer, iommufd_ioas_alloc(&state->iommufd, 0, id));
	strcpy(answer->out, answer->ret ? "" : "id>0");
}

static void ioas_alloc_odd(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	bool flags = strstr(call->op, "flags=1"), small = strstr(call->op, "small"),
	     bigger = strstr(call->op, "bigger");
	bool nonzero = strstr(call->op, "nonzero");
	uint32_t bytes = small ? 8 : bigger ? 24 : 12, id;

	if (is_known(state, 0x81, bytes, nonzero ? 17 : 12, answer))
		fail_or(answer, iommufd_ioas_alloc(&state->iommufd, flags, &id));
}

static void unknown_ioctl(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	is_known(state, 0xf0, 12, 12, answer);
}

static void probe(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	unsigned number = (unsigned)oracle_argument(call, "nr");

	if (!is_known(state, number, 8, 4, answer))
		return;
	if (number == 0x80)
		fail_or(answer, iommufd_destroy(&state->iommufd, 0, &state->work));
	else if (number == 0x92)
		fail_or(answer, iommufd_change_process(&state->iommufd, &caller, &state->work));
	else
		answer->modelled = false;
}

static void device_info(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	fail_or(answer, vfio_cdev_use(&state->cdev));
}

static void bind(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	fail_or(answer, vfio_cdev_bind(&state->cdev, &state->iommufd, &state->device));
}

static void attach(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t pt = state->ioas ? state->ioas : NO_OBJECT;

	(void)call;
	fail_or(answer, vfio_cdev_attach(&state->cdev, &pt, &state->work));
	state->hwpt = pt;
}

static void attach_mock(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t pt = state->ioas, mock;

	(void)call;
	fail_or(answer, iommufd_mock_device(&state->iommufd, &state->mock, &pt, &mock, &state->device, &state->work));
	state->hwpt = pt;
}

static void detach(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	fail_or(answer, vfio_cdev_detach(&state->cdev, &state->work));
}

static void destroy(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	const struct {
		const char *what;
		uint32_t id;
	} objects[] = {
		{ "ioas", state->ioas },     { "hwpt attached", state->hwpt }, { "auto hwpt", state->hwpt },
		{ "device", state->device }, { "nonexistent", NOTHING_THERE }, { "parent", state->parent },
		{ "nested", state->nested }, { "plain", state->plain },
	};

	answer->modelled = false;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]) && !answer->modelled; i++)
		if (strncmp(call->args, objects[i].what, strlen(objects[i].what)) == 0) {
			answer->modelled = true;
			fail_or(answer, iommufd_destroy(&state->iommufd, objects[i].id, &state->work));
		}
}

static void hw_info(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_hw_info info = { .bytes = 64 };
	char number[4][24];

	(void)call;
	if (is_known(state, 0x8a, 40, 24, answer))
		fail_or(answer, iommufd_get_hw_info(&state->iommufd, state->device, &info));
	snprintf(answer->out, sizeof(answer->out), "type=%#x len=%u caps=%s data=%s %s %s", info.type, info.bytes,
		 hex(number[0], info.capabilities), hex(number[1], info.word[0]), hex(number[2], info.word[1]),
		 hex(number[3], info.word[2]));
}

/* ---- IOAS ---- */

static uint32_t ioas_of(const struct state *state, const struct oracle_call *call)
{
	if (!strstr(call->op, "(ioas2)"))
		return state->ioas;
	return state->second_ioas ? state->second_ioas : NO_OBJECT;
}

static void map(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	iova_t iova = oracle_argument(call, "iova");

	fail_or(answer, iommufd_ioas_map(&state->iommufd, &caller, ioas_of(state, call),
					 (uint32_t)oracle_argument(call, "flags"), oracle_argument(call, "va"),
					 oracle_argument(call, "len"), &iova, &state->work));
	print_field(answer, "iova", iova);
}

static void map_many(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	uint32_t flags = IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITABLE, count = 70000, i;
	int error = 0;

	(void)call;
	for (i = 0; i < count; i++) {
		iova_t iova = 0x10000000 + i * PAGE_BYTES;

		error = iommufd_ioas_map(&state->iommufd, &caller, state->ioas, flags, SETTING_BASE, PAGE_BYTES, &iova,
					 &state->work);
		if (error)
			break;
	}
	fail_or(answer, error);
	snprintf(answer->out, sizeof(answer->out), "succeeded=%u of %u", i, count);
}

static void unmap(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bytes = oracle_argument(call, "len");

	fail_or(answer, iommufd_ioas_unmap(&state->iommufd, ioas_of(state, call), oracle_argument(call, "iova"), &bytes,
					   &state->work));
	print_field(answer, "length", bytes);
}

static void copy(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	iova_t to = oracle_argument(call, "dst_iova");
	bool is_same = oracle_argument(call, "same_ioas");
	/* Once the program copies to an IOAS that does not exist: its 11th copy of case copy, to where there is one. */
	bool is_missing = !strcmp(state->world->name, "copy") && ++state->copies == 11;
	uint32_t target = is_missing ? NO_OBJECT : is_same ? state->ioas : state->second_ioas;

	fail_or(answer,
		iommufd_ioas_copy(&state->iommufd, target, state->ioas, (uint32_t)oracle_argument(call, "flags"),
				  oracle_argument(call, "len"), &to, oracle_argument(call, "src_iova"), &state->work));
	print_field(answer, "dst_iova", to);
}

static void ranges(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iova_span span[16] = { 0 };
	uint32_t room = (uint32_t)oracle_argument(call, "num"), count = room;
	uint64_t alignment = 0;
	char number[2][24];
	size_t at;

	fail_or(answer, iommufd_ioas_ranges(&state->iommufd, state->ioas, span, &count, &alignment));
	at = (size_t)snprintf(answer->out, sizeof(answer->out), "num=%u align=%s", count, hex(number[0], alignment));
	for (uint32_t i = 0; i < count && i < room; i++)
		at += (size_t)snprintf(answer->out + at, sizeof(answer->out) - at, " [%s-%s]",
				       hex(number[0], span[i].first), hex(number[1], span[i].last));
}

static void allow(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iova_span span[2];

	if (sscanf(call->args, "[%" SCNx64 "-%" SCNx64 "][%" SCNx64 "-%" SCNx64 "]", &span[0].first, &span[0].last,
		   &span[1].first, &span[1].last) != 4)
		answer->modelled = false;
	else
		fail_or(answer,
			iommufd_ioas_allow(&state->iommufd, state->ioas, span, (uint32_t)oracle_argument(call, "num")));
}

static void option(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t id = has_word(call, "RLIMIT_MODE") ? 0 : has_word(call, "HUGE_PAGES") ? 1 : 7;
	uint16_t operation = has_word(call, " SET ") ? 0 : has_word(call, " GET ") ? 1 : 5;
	uint64_t value = oracle_argument(call, "val");

	fail_or(answer,
		iommufd_option(&state->iommufd, id, operation, has_word(call, "obj=ioas") ? state->ioas : 0, &value));
	print_field(answer, "val64", value);
}

static void map_file(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	uint32_t flags = IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITABLE;
	iova_t iova = oracle_argument(call, "iova");

	if (is_known(state, 0x8f, 40, 40, answer))
		fail_or(answer,
			iommufd_ioas_map_file(&state->iommufd, &caller, state->ioas, flags,
					      state->has_file ? &state->file : NULL, oracle_argument(call, "start"),
					      oracle_argument(call, "len"), &iova, &state->work));
}

static void change_process(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);

	(void)call;
	if (is_known(state, 0x92, 8, 4, answer))
		fail_or(answer, iommufd_change_process(&state->iommufd, &caller, &state->work));
}

/* ---- HWPT ---- */

static void hwpt_alloc(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t base = state->parent ? state->parent : state->plain, made = 0;
	const struct {
		const char *what; /* the last word of the arguments, in the program's order */
		uint32_t pt;
		uint32_t *keep;
	} calls[] = {
		{ " DIRTY_TRACKING", state->ioas, &state->tracking },
		{ " plain", state->ioas, &state->plain },
		{ " bad flag", state->ioas, NULL },
		{ " bad pt_id", NO_OBJECT, NULL },
		{ " NEST_PARENT", state->ioas, &state->parent },
		{ " NEST_PARENT|DIRTY", state->ioas, NULL },
		{ " FAULT_ID_VALID fault_id=0", state->ioas, NULL },
		{ " on plain hwpt, no data", state->plain, NULL },
		{ " nested on plain hwpt", state->plain, NULL },
		{ " nested on parent", base, &state->nested },
		{ " nested data on ioas", state->ioas, NULL },
		{ " nested short data", base, NULL },
		{ " nested + NEST_PARENT", base, NULL },
		{ " nested + DIRTY", base, NULL },
		{ " nested unknown data type", base, NULL },
		{ " nested on nested", state->nested, NULL },
	};
	bool is_mock = state->world->machine == ORACLE_X86_MOCK;
	uint32_t bytes = is_mock ? 4 : 24;
	struct iommufd_data data = { .type = (uint32_t)oracle_argument(call, "data_type") };
	const char *what = strstr(call->args, "data_type=");

	what = what ? strchr(what, ' ') : NULL;
	if (data.type) {
		data.bytes = bytes - (has_word(call, "short data") ? 1 : 0);
		data.word[0] = 0;
		data.word[1] = is_mock ? 0 : 0x1000;
		data.word[2] = is_mock ? 0 : 48;
	}
	answer->modelled = false;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!what || strcmp(what, calls[i].what) != 0)
			continue;
		answer->modelled = true;
		if (is_known(state, 0x89, 48, data.type ? 40 : 24, answer))
			fail_or(answer, iommufd_hwpt_alloc(&state->iommufd, (uint32_t)oracle_argument(call, "flags"),
							   state->device, calls[i].pt, &data, &made, &state->work));
		if (calls[i].keep)
			*calls[i].keep = made;
	}
}

/* The table that the program tracks: the first call of each kind is on the plain one. */
static uint32_t tracked(const struct state *state, bool is_first)
{
	return is_first || !state->tracking ? state->plain : state->tracking;
}

static void set_dirty(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t id = tracked(state, state->set_calls++ == 0);

	if (is_known(state, 0x8b, 16, 12, answer))
		fail_or(answer,
			iommufd_hwpt_set_dirty_tracking(&state->iommufd, id, (uint32_t)oracle_argument(call, "flags")));
}

static void get_dirty(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bitmap[BITMAP_WORDS] = { 0 };
	struct iommufd_dirty_query query = { .iova = oracle_argument(call, "iova"),
					     .bytes = oracle_argument(call, "len"),
					     .page_bytes = oracle_argument(call, "pgsz"),
					     .bitmap = bitmap,
					     .words = BITMAP_WORDS };
	uint32_t id = tracked(state, state->get_calls++ == 0), flags = (uint32_t)oracle_argument(call, "flags");
	char number[2][24];

	if (state->dirty_flags & ~IOMMUFD_DIRTY_NO_CLEAR)
		id = state->ioas;
	state->dirty_flags = flags;
	if (is_known(state, 0x8c, 48, 48, answer))
		fail_or(answer, iommufd_hwpt_get_dirty(&state->iommufd, id, flags, &query));
	snprintf(answer->out, sizeof(answer->out), "bm[0]=%s bm[1]=%s", hex(number[0], bitmap[0]),
		 hex(number[1], bitmap[1]));
}

static void mark_dirty(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bits = oracle_argument(call, "bits"), count = 0;
	struct iommufd_object *object = iommufd_find(&state->iommufd, tracked(state, false), IOMMUFD_HWPT);

	fail_or(answer, object ? iommufd_mock_mark_dirty(&((struct iommufd_hwpt *)object)->table, 0x2000000, 0x10000,
							 0x800, (const uint64_t[1]){ bits }, &count)
			       : ENOENT);
	snprintf(answer->out, sizeof(answer->out), "nr=%" PRIu64, count);
}

/* ---- VFIO's container ---- */

static void vfio_ioas(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	bool is_set = strstr(call->op, "SET"), is_get = strstr(call->op, "GET");
	uint32_t id = is_set ? state->ioas : 0;

	fail_or(answer, iommufd_vfio_ioas(&state->iommufd, is_get ? 0 : is_set ? 1 : 2, &id));
	if (is_get && !answer->ret)
		strcpy(answer->out, id == state->ioas ? "=ioas" : "other");
}

static void compat(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	uint32_t flags = (uint32_t)oracle_argument(call, "flags");
	uint64_t iova = oracle_argument(call, "iova"), bytes = oracle_argument(call, "size");
	const char *op = call->op + strlen("compat ");
	struct iommufd_vfio_info info = { .bytes = 24 };
	char number[24];

	if (!strcmp(op, "CHECK_EXTENSION")) {
		answer->ret = iommufd_vfio_check_extension(&state->iommufd, oracle_argument(call, "ext"));
	} else if (!strcmp(op, "GET_API_VERSION")) {
		answer->ret = 0;
	} else if (!strcmp(op, "SET_IOMMU")) {
		fail_or(answer, iommufd_vfio_set_iommu(&state->iommufd, oracle_argument(call, "type")));
	} else if (!strcmp(op, "GET_INFO")) {
		fail_or(answer, iommufd_vfio_get_info(&state->iommufd, &info));
		snprintf(answer->out, sizeof(answer->out), "flags=%#x pgsizes=%s argsz=%u", info.flags,
			 hex(number, info.page_sizes), info.bytes);
	} else if (!strcmp(op, "MAP_DMA")) {
		fail_or(answer,
			iommufd_vfio_map(&state->iommufd, &caller, flags, SETTING_BASE, iova, bytes, &state->work));
	} else if (!strcmp(op, "UNMAP_DMA")) {
		fail_or(answer, iommufd_vfio_unmap(&state->iommufd, flags, iova, &bytes, &state->work));
		print_field(answer, "size", bytes);
	} else {
		answer->modelled = false;
	}
}

/* IOMMU_TEST_OP_MD_CHECK_REFS: has each page of the buffer so many pins? */
static void check_refs(struct state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	const char *expected = strstr(call->args, "expect>=");
	uint64_t refs = expected ? strtoull(expected + strlen("expect>="), NULL, 0) : 0;

	for (uint64_t at = 0; at < 0x4000 && !answer->error; at += PAGE_BYTES) {
		struct process_run run = process_run(state->world->process, SETTING_BASE + at, PAGE_BYTES, false);

		if (!run.bytes)
			fail_or(answer, EFAULT);
		else if (pins_count(&state->world->pins, run.phys) != refs)
			fail_or(answer, EIO);
	}
}

/* ---- the interface ---- */

static void *begin(struct oracle_world *world)
{
	static const struct iova_span interrupts = { INTERRUPT_RANGE_FIRST, INTERRUPT_RANGE_LAST };
	struct state *state = heap_zeroed(1, sizeof(*state));

	state->world = world;
	state->memory = memory_create();
	frames_init(&state->frames, TABLES_FIRST, TABLES_END);
	iommufd_vtd_init(&state->vtd, world->kernel, CAPABILITY, EXTENDED_CAPABILITY, false,
			 (struct memory_view){ .memory = state->memory }, &state->frames);
	iommufd_mock_init(&state->mock, world->kernel);
	iommufd_init(&state->iommufd, world->kernel, false);
	account_init(&state->user, 0);
	state->cdev = (struct vfio_cdev){ .unit = unit_of(state), .reserved = &interrupts, .reserved_count = 1 };
	return state;
}

static void event(void *opaque, const struct oracle_event *event)
{
	struct state *state = opaque;

	if (!strcmp(event->what, "close device") && state->cdev.device) {
		iommufd_device_unbind(&state->iommufd, state->cdev.device, &state->work);
		state->cdev.device = NULL;
	} else if (!strcmp(event->what, "close iommufd")) {
		iommufd_fini(&state->iommufd);
		iommufd_init(&state->iommufd, state->world->kernel, false);
	} else if (!strcmp(event->what, "file")) {
		state->has_file = event->value[1] != 0;
		state->file = (struct iommufd_file){ event->value[0], event->value[1], PAGE_LG2 };
	}
}

static void answer_call(void *opaque, const struct oracle_call *call, struct oracle_answer *answer)
{
	static const struct {
		const char *op;
		void (*answer)(struct state *state, const struct oracle_call *call, struct oracle_answer *answer);
	} calls[] = {
		{ "IOAS_ALLOC", ioas_alloc },
		{ "IOAS_ALLOC small size", ioas_alloc_odd },
		{ "IOAS_ALLOC flags=1", ioas_alloc_odd },
		{ "IOAS_ALLOC bigger struct, zero tail", ioas_alloc_odd },
		{ "IOAS_ALLOC bigger struct, nonzero tail", ioas_alloc_odd },
		{ "unknown ioctl", unknown_ioctl },
		{ "probe ioctl nr (size=8)", probe },
		{ "DEVICE_GET_INFO before bind", device_info },
		{ "ATTACH before bind", attach },
		{ "BIND_IOMMUFD", bind },
		{ "BIND again", bind },
		{ "ATTACH_IOMMUFD_PT", attach },
		{ "MOCK_DOMAIN(attach)", attach_mock },
		{ "DETACH", detach },
		{ "DETACH again", detach },
		{ "DESTROY", destroy },
		{ "GET_HW_INFO", hw_info },
		{ "IOAS_MAP", map },
		{ "IOAS_MAP(ioas2)", map },
		{ "IOAS_MAP x N", map_many },
		{ "IOAS_UNMAP", unmap },
		{ "IOAS_UNMAP(ioas2)", unmap },
		{ "IOAS_COPY", copy },
		{ "IOVA_RANGES", ranges },
		{ "ALLOW_IOVAS", allow },
		{ "OPTION", option },
		{ "IOAS_MAP_FILE", map_file },
		{ "IOAS_CHANGE_PROCESS", change_process },
		{ "HWPT_ALLOC", hwpt_alloc },
		{ "SET_DIRTY_TRACKING", set_dirty },
		{ "GET_DIRTY_BITMAP", get_dirty },
		{ "TEST mark dirty", mark_dirty },
		{ "VFIO_IOAS GET", vfio_ioas },
		{ "VFIO_IOAS SET", vfio_ioas },
		{ "VFIO_IOAS CLEAR", vfio_ioas },
		{ "MD_CHECK_REFS", check_refs },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(call->op, calls[i].op)) {
			calls[i].answer(opaque, call, answer);
			return;
		}
	if (!strncmp(call->op, "compat ", strlen("compat ")))
		compat(opaque, call, answer);
	else
		answer->modelled = false;
}

static void locked(void *opaque, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes)
{
	const struct state *state = opaque;

	*vm_lck_bytes = state->world->process->account.pages[ACCOUNT_MM] << PAGE_LG2;
	*vm_pin_bytes = state->world->process->pinned_vm << PAGE_LG2;
}

static void end(void *opaque)
{
	struct state *state = opaque;

	iommufd_fini(&state->iommufd);
	frames_fini(&state->frames);
	memory_destroy(state->memory);
	free(state);
}

const struct oracle_interface iommufd_interface = {
	.prefix = "iommufd-",
	.begin = begin,
	.event = event,
	.answer = answer_call,
	.locked = locked,
	.end = end,
};
