/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel-oracle: calls of VFIO sPAPR TCE v1 and v2 (programs/spapr.c), answered by models/software/spapr.h.  As the
 * recorded kernel answers with its defects, foretold by the brute-force twin of the tests of that model.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/software/spapr.h"
#include "tests/kernel_oracle/interface.h"
#include "tests/models/software/spapr_twin.h"

#define TABLES_FIRST     (UINT64_C(1) << 44)
#define TABLES_END       (UINT64_C(1) << 48)
#define PIN_BATCH        512u
#define TYPE1_INFO_BYTES 24u /* struct vfio_iommu_type1_info */

struct spapr_state {
	struct oracle_world *world;
	bool v2;
	struct registrations registrations;
	struct memory *memory;
	struct frames frames;
	struct spapr_host spapr;
	const struct vfio_driver *driver[1];
	struct vfio_host host;
	struct spapr_group pe[2];
	struct vfio_group group[2];
	struct vfio_container container[2];
	struct host_work work;
	struct twin twin;
};

static bool is_foretold(const struct spapr_state *state)
{
	return state->world->as_recorded;
}

/* ---- groups and containers ---- */

static int set_container(struct spapr_state *state, unsigned group, unsigned container)
{
	int error = vfio_group_set_container(&state->group[group], &state->container[container], &state->work);

	if (state->container[container].driver && !error)
		error = (int)-twin_attach(&state->twin, container);
	return error;
}

static int set_iommu(struct spapr_state *state, unsigned container, uint64_t type)
{
	int error = vfio_set_iommu(&state->container[container], type, &state->work);

	if (!error) {
		twin_open(&state->twin, container, type == VFIO_SPAPR_TCE_v2_IOMMU);
		twin_attach(&state->twin, container);
	}
	return error;
}

static void open_container(struct spapr_state *state, unsigned number)
{
	vfio_container_init(&state->container[number], &state->host);
	vfio_group_open(&state->group[number]);
	set_container(state, number, number);
	set_iommu(state, number, state->v2 ? VFIO_SPAPR_TCE_v2_IOMMU : VFIO_SPAPR_TCE_IOMMU);
}

static void *begin(struct oracle_world *world)
{
	struct spapr_state *state = heap_zeroed(1, sizeof(*state));
	bool is_pseries = world->machine == ORACLE_PSERIES;

	state->world = world;
	state->v2 = strstr(world->family, "v2") != NULL;
	state->memory = memory_create();
	frames_init(&state->frames, TABLES_FIRST, TABLES_END);
	registrations_init(&state->registrations, world->process, world->page_lg2, PIN_BATCH);
	state->spapr = (struct spapr_host){ .platform = is_pseries ? &spapr_pseries : &spapr_powernv,
					    .page_lg2 = world->page_lg2,
					    .view = { .memory = state->memory },
					    .frames = &state->frames };
	state->driver[0] = &spapr_driver;
	state->host = (struct vfio_host){
		.kernel = world->kernel, .driver = state->driver, .driver_count = 1, .spapr = &state->spapr
	};
	for (unsigned i = 0; i < 2; i++) {
		state->pe[i].pe = i;
		state->group[i].iommu = &state->pe[i];
	}
	twin_init(&state->twin, world->process, world->page_lg2, is_pseries, true);
	if (strcmp(world->name, "setup") == 0)
		vfio_container_init(&state->container[0], &state->host);
	else
		open_container(state, 0);
	return state;
}

static void close_group(struct spapr_state *state, unsigned number)
{
	if (!state->group[number].file_open)
		return;
	while (state->group[number].devices_open)
		vfio_device_close(&state->group[number], &state->work);
	vfio_group_close(&state->group[number], &state->work);
	twin_close(&state->twin, number);
}

static void event(void *opaque, const struct oracle_event *event)
{
	struct spapr_state *state = opaque;

	if (strcmp(event->what, "second container") == 0)
		open_container(state, 1);
	else if (strcmp(event->what, "close group") == 0)
		close_group(state, 0); /* the last one: its container loses everything with it */
}

static void end(void *opaque)
{
	struct spapr_state *state = opaque;

	for (unsigned i = 0; i < 2; i++)
		close_group(state, i);
	twin_fini(&state->twin);
	registrations_fini(&state->registrations);
	frames_fini(&state->frames);
	memory_destroy(state->memory);
	free(state);
}

static void locked(void *opaque, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes)
{
	const struct spapr_state *state = opaque;

	*vm_lck_bytes =
		is_foretold(state) ? state->twin.locked : state->world->process->account.pages[ACCOUNT_MM] << PAGE_LG2;
	*vm_pin_bytes = 0;
}

/* ---- calls ---- */

/* One call under way. */
struct spapr_call {
	struct spapr_state *state;
	const struct oracle_call *call;
	struct oracle_answer *answer;
	unsigned container;
};

static void say_long(struct spapr_call *at, long result)
{
	at->answer->ret = result < 0 ? -1 : result;
	at->answer->error = result < 0 ? (int)-result : 0;
	at->answer->difference = at->state->twin.defect;
	at->answer->passes = at->state->twin.passes;
}

static void say(struct spapr_call *at, int error)
{
	at->answer->ret = error ? -1 : 0;
	at->answer->error = error;
}

static uint64_t number(const struct spapr_call *at, const char *key)
{
	return oracle_argument(at->call, key);
}

static int ask(struct spapr_call *at, enum vfio_request request, void *argument)
{
	struct spapr_state *state = at->state;

	return vfio_call(&state->container[at->container], state->world->process, request, argument, &state->work);
}

static void answer_info(struct spapr_call *at, uint32_t argsz)
{
	struct spapr_info_call info = { .argsz = argsz };

	say(at, ask(at, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info));
	if (argsz == SPAPR_INFO_DDW_BYTES)
		snprintf(at->answer->out, sizeof(at->answer->out),
			 "flags=%#" PRIx32 " dma32=[%#" PRIx32 "+%#" PRIx32 "] ddw{pgsizes=%#" PRIx64 " maxwin=%" PRIu32
			 " levels=%" PRIu32 "}",
			 info.flags, info.window32_start, info.window32_bytes, info.page_sizes, info.windows,
			 info.levels);
	else if (argsz == SPAPR_INFO_BYTES)
		snprintf(at->answer->out, sizeof(at->answer->out), "argsz=%" PRIu32 " flags=%#" PRIx32 " pgs=%#" PRIx64,
			 info.argsz, info.flags, info.page_sizes);
}

static void answer_map(struct spapr_call *at)
{
	struct spapr_map_call map = { .flags = (uint32_t)number(at, "flags"),
				      .vaddr = number(at, "vaddr"),
				      .iova = number(at, "iova"),
				      .bytes = number(at, "size") };

	if (is_foretold(at->state))
		say_long(at, twin_map(&at->state->twin, at->container, map.flags, map.vaddr, map.iova, map.bytes));
	else
		say(at, ask(at, VFIO_IOMMU_MAP_DMA, &map));
}

static void answer_unmap(struct spapr_call *at)
{
	struct spapr_unmap_call unmap = { .flags = (uint32_t)number(at, "flags"),
					  .iova = number(at, "iova"),
					  .bytes = number(at, "size") };

	if (is_foretold(at->state))
		say_long(at, twin_unmap(&at->state->twin, at->container, unmap.flags, unmap.iova, unmap.bytes));
	else
		say(at, ask(at, VFIO_IOMMU_UNMAP_DMA, &unmap));
	snprintf(at->answer->out, sizeof(at->answer->out), "size=%#" PRIx64, unmap.bytes);
}

static void answer_register(struct spapr_call *at)
{
	struct spapr_memory_call memory = { .vaddr = number(at, "vaddr"), .bytes = number(at, "size") };

	if (is_foretold(at->state))
		say_long(at, twin_register(&at->state->twin, at->container, memory.vaddr, memory.bytes));
	else
		say(at, ask(at, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &memory));
}

static void answer_unregister(struct spapr_call *at)
{
	struct spapr_memory_call memory = { .vaddr = number(at, "vaddr"), .bytes = number(at, "size") };

	if (is_foretold(at->state))
		say_long(at, twin_unregister(&at->state->twin, at->container, memory.vaddr, memory.bytes));
	else
		say(at, ask(at, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &memory));
}

static void answer_create(struct spapr_call *at)
{
	struct spapr_create_call create = { .flags = (uint32_t)number(at, "flags"),
					    .page_lg2 = (uint32_t)number(at, "shift"),
					    .bytes = number(at, "size"),
					    .levels = (uint32_t)number(at, "levels") };

	if (is_foretold(at->state))
		say_long(at, twin_create(&at->state->twin, at->container, create.flags, create.page_lg2, create.bytes,
					 create.levels, &create.start));
	else
		say(at, ask(at, VFIO_IOMMU_SPAPR_TCE_CREATE, &create));
	snprintf(at->answer->out, sizeof(at->answer->out), "start=%#" PRIx64, create.start);
}

static void answer_remove(struct spapr_call *at)
{
	struct spapr_remove_call remove = { .start = number(at, "start") };

	if (is_foretold(at->state))
		say_long(at, twin_remove(&at->state->twin, at->container, remove.start));
	else
		say(at, ask(at, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove));
}

static void answer_enable(struct spapr_call *at)
{
	if (is_foretold(at->state))
		say_long(at, twin_enable(&at->state->twin, at->container));
	else
		say(at, ask(at, VFIO_IOMMU_ENABLE, NULL));
}

static void answer_disable(struct spapr_call *at)
{
	if (is_foretold(at->state))
		say_long(at, twin_disable(&at->state->twin, at->container));
	else
		say(at, ask(at, VFIO_IOMMU_DISABLE, NULL));
}

/* ---- calls about containers and groups: no defects are known ---- */

static void answer_extension(struct spapr_call *at)
{
	at->answer->ret = vfio_check_extension(&at->state->container[0], number(at, "ext"));
}

static void answer_set_container(struct spapr_call *at)
{
	vfio_group_open(&at->state->group[0]);
	say(at, set_container(at->state, 0, 0));
}

static void answer_second_group(struct spapr_call *at)
{
	vfio_group_open(&at->state->group[1]);
	say(at, set_container(at->state, 1, 0));
}

static void answer_set_iommu(struct spapr_call *at)
{
	say(at, set_iommu(at->state, 0, number(at, "type")));
}

static void answer_set_type1(struct spapr_call *at)
{
	say(at, set_iommu(at->state, 0, VFIO_TYPE1_IOMMU));
}

static void answer_device(struct spapr_call *at)
{
	say(at, vfio_device_open(&at->state->group[0]));
}

static void answer_eeh_enable(struct spapr_call *at)
{
	struct spapr_eeh_call eeh = { .op = SPAPR_EEH_ENABLE };

	say(at, ask(at, VFIO_EEH_PE_OP, &eeh));
}

static void answer_full_info(struct spapr_call *at)
{
	answer_info(at, SPAPR_INFO_DDW_BYTES);
}

static void answer_short_info(struct spapr_call *at)
{
	answer_info(at, SPAPR_INFO_BYTES);
}

static void answer_shorter_info(struct spapr_call *at)
{
	answer_info(at, SPAPR_INFO_BYTES / 2);
}

/* VFIO_IOMMU_GET_INFO has the number of VFIO_IOMMU_SPAPR_TCE_GET_INFO. */
static void answer_type1_info(struct spapr_call *at)
{
	answer_info(at, TYPE1_INFO_BYTES);
}

static const struct {
	const char *op;
	void (*answer)(struct spapr_call *at);
} answers[] = {
	{ "CHECK_EXTENSION(no group)", answer_extension },
	{ "CHECK_EXTENSION(set)", answer_extension },
	{ "SET_CONTAINER", answer_set_container },
	{ "SET_CONTAINER 2nd group same container", answer_second_group },
	{ "SET_IOMMU", answer_set_iommu },
	{ "SET_IOMMU type1", answer_set_type1 },
	{ "GET_DEVICE_FD", answer_device },
	{ "EEH_PE_OP ENABLE", answer_eeh_enable },
	{ "TCE_GET_INFO", answer_full_info },
	{ "GET_INFO argsz=16", answer_short_info },
	{ "GET_INFO argsz=8", answer_shorter_info },
	{ "type1 GET_INFO", answer_type1_info },
	{ "ENABLE", answer_enable },
	{ "DISABLE", answer_disable },
	{ "MAP", answer_map },
	{ "UNMAP", answer_unmap },
	{ "REGISTER", answer_register },
	{ "UNREGISTER", answer_unregister },
	{ "TCE_CREATE", answer_create },
	{ "TCE_REMOVE", answer_remove },
};

static void answer(void *opaque, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct spapr_call at = { .state = opaque, .call = call, .answer = answer };
	size_t length = strcspn(call->op, "(");

	at.container = strcmp(call->op + length, "(c2)") == 0;
	if (!at.container)
		length = strlen(call->op);
	at.state->twin.defect = NULL;
	at.state->twin.passes = false;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strlen(answers[i].op) == length && strncmp(answers[i].op, call->op, length) == 0) {
			answers[i].answer(&at);
			return;
		}
	}
	answer->modelled = false;
}

const struct oracle_interface spapr_interface = {
	.prefix = "spapr",
	.begin = begin,
	.event = event,
	.answer = answer,
	.locked = locked,
	.end = end,
};
