/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of VFIO type1, as programs/type1.c of the recordings made them. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/pagetable/vtd_second_stage.h"
#include "models/software/vfio_type1.h"
#include "tests/kernel_oracle/interface.h"
#include "tests/kernel_oracle/type1_stale.h"

#define TABLES_FIRST UINT64_C(0x1000000)
#define TABLES_END   UINT64_C(0x100000000)
#define BITMAP_WORDS 0x1000u

#define MANY_MAPS  70000u /* what case limit_real tries */
#define MANY_IOVA  UINT64_C(0x10000000)
#define MANY_VADDR UINT64_C(0x200000000)

/* Two groups behind one VT-d unit, and up to two containers. */
struct type1_case {
	struct oracle_world *world;
	struct memory *memory;
	struct frames frames;
	struct type1_iommu iommu;
	struct vfio_host host;
	struct vfio_group group[2];
	struct vfio_container container[2];
	struct host_work work;
	struct type1_stale stale; /* as_recorded */
	uint64_t bitmap[BITMAP_WORDS];
};

static const struct vfio_driver *const drivers[] = { &vfio_type1 };
static const struct type1_reserved messages = { INTERRUPT_RANGE_FIRST, INTERRUPT_RANGE_LAST, false };

static bool create_domain(void *argument, struct host_table *table)
{
	const struct pt_rules rules = {
		.levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 48, .size_2m = true, .size_1g = true
	};
	struct type1_case *state = argument;
	struct page_table *pages = heap_zeroed(1, sizeof(*pages));

	if (page_table_init(pages, &vtd_second_stage, &rules, (struct memory_view){ .memory = state->memory },
			    &state->frames) != MAP_OK)
		abort();
	*table = host_table_of(pages);
	return true;
}

static void destroy_domain(void *argument, const struct host_table *table)
{
	(void)argument;
	page_table_fini(table->argument);
	free(table->argument);
}

/* Opens a container with a group and the family's type, and the group's device. */
static void open_container(struct type1_case *state, unsigned index)
{
	struct vfio_group *group = &state->group[index];
	uint64_t type = strcmp(state->world->family, "type1v1") == 0 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU;

	vfio_container_init(&state->container[index], &state->host);
	REQUIRE(vfio_group_open(group) == 0);
	REQUIRE(vfio_group_set_container(group, &state->container[index], &state->work) == 0);
	REQUIRE(vfio_set_iommu(&state->container[index], type, &state->work) == 0);
	REQUIRE(vfio_device_open(group) == 0);
}

static void *begin(struct oracle_world *world)
{
	struct type1_case *state = heap_zeroed(1, sizeof(*state));

	state->world = world;
	state->memory = memory_create();
	frames_init(&state->frames, TABLES_FIRST, TABLES_END);
	world->process->shares_reads = kernel_pin_shares_reads(&world->kernel);
	state->iommu = (struct type1_iommu){ .driver = &vtd_second_stage,
					     .aperture_last = (UINT64_C(1) << 48) - 1,
					     .page_sizes = UINT64_C(0x40201000),
					     .reserved = &messages,
					     .reserved_count = 1,
					     .domain_create = create_domain,
					     .domain_destroy = destroy_domain,
					     .argument = state };
	state->host = (struct vfio_host){ .kernel = world->kernel,
					  .driver = drivers,
					  .driver_count = 1,
					  .dma_entry_limit = (uint32_t)world->dma_entry_limit };
	for (unsigned i = 0; i < 2; i++)
		state->group[i] = (struct vfio_group){ .iommu = &state->iommu };
	if (strcmp(world->name, "setup") != 0 && strcmp(world->name, "nesting") != 0) {
		open_container(state, 0);
		return state;
	}
	vfio_container_init(&state->container[0], &state->host);
	vfio_group_open(&state->group[0]);
	if (strcmp(world->name, "nesting") == 0)
		vfio_group_set_container(&state->group[0], &state->container[0], &state->work);
	return state;
}

static void event(void *argument, const struct oracle_event *event)
{
	struct type1_case *state = argument;

	if (strcmp(event->what, "second container") == 0)
		open_container(state, 1);
	else if (strcmp(event->what, "close device") == 0 && state->group[0].devices_open)
		vfio_device_close(&state->group[0], &state->work);
	else if (strcmp(event->what, "close group") == 0 && state->group[0].file_open)
		vfio_group_close(&state->group[0], &state->work);
	else if (strcmp(event->what, "child") == 0)
		state->world->process->shares_reads = kernel_pin_shares_reads(&state->world->kernel);
	else if (strcmp(event->what, "exit") == 0)
		process_exit(state->world->process);
	/* "close container": the group holds it. */
}

/* ---- calls ---- */

__attribute__((format(printf, 2, 3))) static void print(struct oracle_answer *answer, const char *format, ...)
{
	size_t used = strlen(answer->out);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(answer->out + used, sizeof(answer->out) - used, format, arguments);
	va_end(arguments);
}

static void result(struct oracle_answer *answer, int error)
{
	answer->ret = error ? -1 : 0;
	answer->error = error;
}

/* The container that an operation is for: MAP2 means the second. */
static struct vfio_container *container_for(struct type1_case *state, const struct oracle_call *call)
{
	return &state->container[call->op[strlen(call->op) - 1] == '2'];
}

/* The driver of a container, or NULL. */
static const struct type1 *type1_of(const struct vfio_container *container)
{
	return container->driver ? container->state : NULL;
}

static void answer_map(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct vfio_container *container = container_for(state, call);
	struct type1_map_call map = { .argsz = (uint32_t)oracle_argument(call, "argsz"),
				      .flags = (uint32_t)oracle_argument(call, "flags"),
				      .vaddr = oracle_argument(call, "vaddr"),
				      .iova = oracle_argument(call, "iova"),
				      .size = oracle_argument(call, "size") };
	int error = vfio_call(container, state->world->process, VFIO_IOMMU_MAP_DMA, &map, &state->work);

	if (!error)
		type1_stale_forget(&state->stale, map.iova, map.size);
	result(answer, error);
}

static void answer_unmap(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct type1_unmap_call unmap = { .argsz = (uint32_t)oracle_argument(call, "argsz"),
					  .flags = (uint32_t)oracle_argument(call, "flags"),
					  .iova = oracle_argument(call, "iova"),
					  .size = oracle_argument(call, "size") };

	result(answer, vfio_call(container_for(state, call), state->world->process, VFIO_IOMMU_UNMAP_DMA, &unmap,
				 &state->work));
	print(answer, "size=%#" PRIx64, unmap.size);
}

static void answer_maps(struct type1_case *state, struct oracle_answer *answer)
{
	unsigned done = 0;
	int error = 0;

	for (; done < MANY_MAPS && !error; done += !error) {
		struct type1_map_call map = { .argsz = TYPE1_MAP_ARGSZ,
					      .flags = TYPE1_MAP_READ | TYPE1_MAP_WRITE,
					      .vaddr = MANY_VADDR,
					      .iova = MANY_IOVA + done * PAGE_BYTES,
					      .size = PAGE_BYTES };

		error = vfio_call(&state->container[0], state->world->process, VFIO_IOMMU_MAP_DMA, &map, &state->work);
	}
	answer->ret = -1;
	answer->error = error;
	print(answer, "succeeded=%u", done);
}

static void answer_info(struct type1_case *state, struct oracle_answer *answer)
{
	struct type1_info_call info = { .argsz = 4096 };

	result(answer,
	       vfio_call(&state->container[0], state->world->process, VFIO_IOMMU_GET_INFO, &info, &state->work));
	print(answer, "flags=%#" PRIx32 " pgsizes=%#" PRIx64 " argsz=%" PRIu32, info.flags, info.page_sizes,
	      info.argsz);
	if (info.has_migration)
		print(answer, " migr{pgsz=%#" PRIx64 " max_bitmap=%#" PRIx64 "}", info.migration_page_sizes,
		      info.migration_bitmap_max);
	if (info.has_dma_avail)
		print(answer, " dma_avail=%" PRIu32, info.dma_avail);
	for (size_t i = 0; i < info.window_count; i++)
		print(answer, " iova[%#" PRIx64 "-%#" PRIx64 "]", info.window[i].first, info.window[i].last);
}

/* What the recorded kernel's bitmap would say, where it answers as_recorded. */
static void as_recorded(struct type1_case *state, uint64_t iova, uint64_t size, bool unmap,
			struct oracle_answer *answer)
{
	const uint64_t words[2] = { state->bitmap[0], state->bitmap[1] };

	memset(state->bitmap, 0, sizeof(state->bitmap));
	type1_stale_read(&state->stale, iova, size, unmap, state->bitmap);
	if (words[0] != state->bitmap[0] || words[1] != state->bitmap[1])
		answer->difference = "TYPE1-BITMAP-SHIFT";
}

static void answer_get(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct type1_dirty_call dirty = { .argsz = TYPE1_DIRTY_ARGSZ + TYPE1_DIRTY_GET_ARGSZ,
					  .flags = TYPE1_DIRTY_GET,
					  .iova = oracle_argument(call, "iova"),
					  .size = oracle_argument(call, "size"),
					  .bitmap = { oracle_argument(call, "pgsize"), oracle_argument(call, "bmsize"),
						      state->bitmap } };

	memset(state->bitmap, 0, sizeof(state->bitmap));
	if (state->world->as_recorded)
		type1_stale_look(&state->stale, type1_of(&state->container[0]));
	result(answer,
	       vfio_call(&state->container[0], state->world->process, VFIO_IOMMU_DIRTY_PAGES, &dirty, &state->work));
	if (!answer->error && state->world->as_recorded)
		as_recorded(state, dirty.iova, dirty.size, false, answer);
	print(answer, "bm[0]=%#" PRIx64 " bm[1]=%#" PRIx64, state->bitmap[0], state->bitmap[1]);
}

static void answer_unmap_dirty(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct type1_unmap_call unmap = { .argsz = TYPE1_UNMAP_ARGSZ + TYPE1_BITMAP_ARGSZ,
					  .flags = (uint32_t)oracle_argument(call, "flags"),
					  .iova = oracle_argument(call, "iova"),
					  .size = oracle_argument(call, "size"),
					  .bitmap = { oracle_argument(call, "pgsize"), oracle_argument(call, "bmsize"),
						      state->bitmap } };
	uint64_t size = unmap.size;

	memset(state->bitmap, 0, sizeof(state->bitmap));
	if (state->world->as_recorded)
		type1_stale_look(&state->stale, type1_of(&state->container[0]));
	result(answer,
	       vfio_call(&state->container[0], state->world->process, VFIO_IOMMU_UNMAP_DMA, &unmap, &state->work));
	if (!answer->error && state->world->as_recorded)
		as_recorded(state, unmap.iova, size, true, answer);
	print(answer, "size=%#" PRIx64 " bm[0]=%#" PRIx64 " bm[1]=%#" PRIx64, unmap.size, state->bitmap[0],
	      state->bitmap[1]);
}

static void answer_dirty(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct type1_dirty_call dirty = { .argsz = TYPE1_DIRTY_ARGSZ,
					  .flags = (uint32_t)oracle_argument(call, "flags") };
	const struct type1 *type1 = type1_of(&state->container[0]);
	bool tracked = type1 && type1->dirty_tracking;

	result(answer,
	       vfio_call(&state->container[0], state->world->process, VFIO_IOMMU_DIRTY_PAGES, &dirty, &state->work));
	if (type1 && type1->dirty_tracking != tracked)
		type1_stale_forget(&state->stale, 0, UINT64_MAX);
}

/* CHECK_EXTENSION names its extension by number or by name. */
static void answer_extension(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t extension;

	if (!oracle_number(call, "ext", &extension))
		extension = strcmp(call->args, "VFIO_UPDATE_VADDR") == 0 ? VFIO_UPDATE_VADDR : UINT64_MAX;
	answer->modelled = extension != UINT64_MAX;
	answer->ret = vfio_check_extension(&state->container[0], extension);
}

static void answer_group(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct vfio_group *group = &state->group[strstr(call->op, "2nd group") != NULL];

	if (strncmp(call->op, "SET_CONTAINER", strlen("SET_CONTAINER")) == 0)
		result(answer, vfio_group_set_container(group, &state->container[0], &state->work));
	else if (strncmp(call->op, "UNSET_CONTAINER", strlen("UNSET_CONTAINER")) == 0)
		result(answer, vfio_group_unset_container(group, &state->work));
	else if (strncmp(call->op, "GET_DEVICE_FD", strlen("GET_DEVICE_FD")) == 0)
		result(answer, vfio_device_open(group));
	else if (strcmp(call->op, "open group 2nd time") == 0)
		result(answer, vfio_group_open(group));
	else
		answer->modelled = false;
}

static void answer_status(struct type1_case *state, struct oracle_answer *answer)
{
	uint32_t flags;

	result(answer, vfio_group_status(&state->group[0], 8, &flags));
	print(answer, "flags=%#" PRIx32, flags);
}

static void answer_set_iommu(struct type1_case *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t type = VFIO_TYPE1_NESTING_IOMMU; /* whose call has no arguments */

	oracle_number(call, "type", &type);
	result(answer, vfio_set_iommu(&state->container[0], type, &state->work));
}

static void answer(void *argument, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct type1_case *state = argument;

	if (strcmp(call->op, "MAP") == 0 || strcmp(call->op, "MAP2") == 0)
		answer_map(state, call, answer);
	else if (strcmp(call->op, "UNMAP") == 0 || strcmp(call->op, "UNMAP2") == 0)
		answer_unmap(state, call, answer);
	else if (strncmp(call->op, "MAP x N", strlen("MAP x N")) == 0)
		answer_maps(state, answer);
	else if (strcmp(call->op, "GET_INFO") == 0)
		answer_info(state, answer);
	else if (strcmp(call->op, "DIRTY_PAGES") == 0)
		answer_dirty(state, call, answer);
	else if (strcmp(call->op, "DIRTY_GET_BITMAP") == 0)
		answer_get(state, call, answer);
	else if (strcmp(call->op, "UNMAP+DIRTY") == 0)
		answer_unmap_dirty(state, call, answer);
	else if (strcmp(call->op, "GET_API_VERSION") == 0)
		answer->ret = VFIO_API_VERSION;
	else if (strncmp(call->op, "CHECK_EXTENSION", strlen("CHECK_EXTENSION")) == 0)
		answer_extension(state, call, answer);
	else if (strncmp(call->op, "SET_IOMMU", strlen("SET_IOMMU")) == 0)
		answer_set_iommu(state, call, answer);
	else if (strcmp(call->op, "GROUP_GET_STATUS") == 0)
		answer_status(state, answer);
	else
		answer_group(state, call, answer);
}

static void locked(void *argument, uint64_t *vm_lck_bytes, uint64_t *vm_pin_bytes)
{
	const struct type1_case *state = argument;

	*vm_lck_bytes = state->world->process->account.pages[ACCOUNT_MM] << PAGE_LG2;
	*vm_pin_bytes = 0;
}

static void end(void *argument)
{
	struct type1_case *state = argument;

	for (unsigned i = 0; i < 2; i++)
		while (state->group[i].devices_open)
			vfio_device_close(&state->group[i], &state->work);
	for (unsigned i = 0; i < 2; i++)
		if (state->group[i].container)
			vfio_group_unset_container(&state->group[i], &state->work);
	type1_stale_forget(&state->stale, 0, UINT64_MAX);
	frames_fini(&state->frames);
	memory_destroy(state->memory);
	free(state);
}

const struct oracle_interface type1_interface = {
	.prefix = "type1", .begin = begin, .event = event, .answer = answer, .locked = locked, .end = end
};
