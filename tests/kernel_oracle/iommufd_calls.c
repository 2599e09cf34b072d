/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/heap.h"
#include "tests/kernel_oracle/iommufd_state.h"

#define NOTHING_THERE 777u

/* The emulated unit's registers, as the recording prints them. */
#define CAPABILITY          UINT64_C(0xd2008c222f0686)
#define EXTENDED_CAPABILITY UINT64_C(0xf00f4a)
#define TABLES_FIRST        UINT64_C(0x1000000)
#define TABLES_END          UINT64_C(0x9000000)

/* ---- objects, devices ---- */

static void ioas_alloc(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t *id = state->ioas ? &state->second_ioas : &state->ioas;

	(void)call;
	fail_or(answer, iommufd_ioas_alloc(&state->iommufd, 0, id));
	strcpy(answer->out, answer->ret ? "" : "id>0");
}

static void ioas_alloc_odd(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	bool flags = strstr(call->op, "flags=1"), small = strstr(call->op, "small"),
	     bigger = strstr(call->op, "bigger");
	bool nonzero = strstr(call->op, "nonzero");
	uint32_t bytes = small ? 8 : bigger ? 24 : 12, id;

	if (is_known(state, 0x81, bytes, nonzero ? 17 : 12, answer))
		fail_or(answer, iommufd_ioas_alloc(&state->iommufd, flags, &id));
}

static void unknown_ioctl(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	is_known(state, 0xf0, 12, 12, answer);
}

static void probe(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
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

static void device_info(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	fail_or(answer, vfio_cdev_use(&state->cdev));
}

static void bind(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	fail_or(answer, vfio_cdev_bind(&state->cdev, &state->iommufd, &state->device));
}

static void attach(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t pt = state->ioas ? state->ioas : IOMMUFD_NO_OBJECT;

	(void)call;
	fail_or(answer, vfio_cdev_attach(&state->cdev, &pt, &state->work));
	state->hwpt = pt;
}

static void attach_mock(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t pt = state->ioas, mock;

	(void)call;
	fail_or(answer, iommufd_mock_device(&state->iommufd, &state->mock, &pt, &mock, &state->device, &state->work));
	state->hwpt = pt;
}

static void detach(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)call;
	fail_or(answer, vfio_cdev_detach(&state->cdev, &state->work));
}

static void destroy(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
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

/* ---- IOAS ---- */

static uint32_t ioas_of(const struct iommufd_state *state, const struct oracle_call *call)
{
	if (!strstr(call->op, "(ioas2)"))
		return state->ioas;
	return state->second_ioas ? state->second_ioas : IOMMUFD_NO_OBJECT;
}

static void map(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	iova_t iova = oracle_argument(call, "iova");

	fail_or(answer, iommufd_ioas_map(&state->iommufd, &caller, ioas_of(state, call),
					 (uint32_t)oracle_argument(call, "flags"), oracle_argument(call, "va"),
					 oracle_argument(call, "len"), &iova, &state->work));
	print_field(answer, "iova", iova);
}

static void map_many(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
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

static void unmap(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bytes = oracle_argument(call, "len");

	fail_or(answer, iommufd_ioas_unmap(&state->iommufd, ioas_of(state, call), oracle_argument(call, "iova"), &bytes,
					   &state->work));
	print_field(answer, "length", bytes);
}

static void copy(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	iova_t to = oracle_argument(call, "dst_iova");
	bool is_same = oracle_argument(call, "same_ioas");
	/* Once the program copies to an IOAS that does not exist: its 11th copy of case copy, to where there is one. */
	bool is_missing = !strcmp(state->world->name, "copy") && ++state->copies == 11;
	uint32_t target = is_missing ? IOMMUFD_NO_OBJECT : is_same ? state->ioas : state->second_ioas;

	fail_or(answer,
		iommufd_ioas_copy(&state->iommufd, target, state->ioas, (uint32_t)oracle_argument(call, "flags"),
				  oracle_argument(call, "len"), &to, oracle_argument(call, "src_iova"), &state->work));
	print_field(answer, "dst_iova", to);
}

static void ranges(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iova_span span[16] = { 0 }; /* as many as the program has room for */
	uint64_t asked = oracle_argument(call, "num");
	uint32_t room = asked < 16 ? (uint32_t)asked : 16, count = room;
	uint64_t alignment = 0;
	char number[2][24];
	size_t at;

	answer->modelled = asked <= 16;
	if (!answer->modelled)
		return;
	fail_or(answer, iommufd_ioas_ranges(&state->iommufd, state->ioas, span, &count, &alignment));
	at = (size_t)snprintf(answer->out, sizeof(answer->out), "num=%u align=%s", count, hex(number[0], alignment));
	for (uint32_t i = 0; i < count && i < room; i++)
		at += (size_t)snprintf(answer->out + at, sizeof(answer->out) - at, " [%s-%s]",
				       hex(number[0], span[i].first), hex(number[1], span[i].last));
}

static void allow(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iova_span span[2]; /* as many as the program has */
	uint64_t count = oracle_argument(call, "num");

	if (count > 2 || sscanf(call->args, "[%" SCNx64 "-%" SCNx64 "][%" SCNx64 "-%" SCNx64 "]", &span[0].first,
				&span[0].last, &span[1].first, &span[1].last) != 4)
		answer->modelled = false;
	else
		fail_or(answer, iommufd_ioas_allow(&state->iommufd, state->ioas, span, (uint32_t)count));
}

static void option(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t id = has_word(call, "RLIMIT_MODE") ? 0 : has_word(call, "HUGE_PAGES") ? 1 : 7;
	uint16_t operation = has_word(call, " SET ") ? 0 : has_word(call, " GET ") ? 1 : 5;
	uint64_t value = oracle_argument(call, "val");

	fail_or(answer, iommufd_option(&state->iommufd, id, operation,
				       has_word(call, "obj=ioas")     ? state->ioas
				       : has_word(call, "obj=second") ? state->second_ioas
								      : 0,
				       &value));
	print_field(answer, "val64", value);
}

static void map_file(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
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

static void change_process(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);

	(void)call;
	if (is_known(state, 0x92, 8, 4, answer))
		fail_or(answer, iommufd_change_process(&state->iommufd, &caller, &state->work));
}

/* ---- the interface ---- */

static struct iommufd_unit *unit_of(struct iommufd_state *state)
{
	return state->world->machine == ORACLE_X86_MOCK ? &state->mock : &state->vtd.unit;
}

static void *begin(struct oracle_world *world)
{
	static const struct iova_span interrupts = { INTERRUPT_RANGE_FIRST, INTERRUPT_RANGE_LAST };
	struct iommufd_state *state = heap_zeroed(1, sizeof(*state));

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
	struct iommufd_state *state = opaque;

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

static const struct iommufd_op own_ops[] = {
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
	{ 0 },
};

static void answer_call(void *opaque, const struct oracle_call *call, struct oracle_answer *answer)
{
	const struct iommufd_op *const all[] = { own_ops, iommufd_hwpt_ops, iommufd_vfio_ops, iommufd_slot_ops };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct iommufd_op *each = all[i]; each->op; each++)
			if (!strcmp(call->op, each->op)) {
				each->answer(opaque, call, answer);
				return;
			}
	answer->modelled = false;
}

static void locked(void *opaque, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes)
{
	const struct iommufd_state *state = opaque;

	*vm_lck_bytes = state->world->process->account.pages[ACCOUNT_MM] << PAGE_LG2;
	*vm_pin_bytes = state->world->process->pinned_vm << PAGE_LG2;
}

static void end(void *opaque)
{
	struct iommufd_state *state = opaque;

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
