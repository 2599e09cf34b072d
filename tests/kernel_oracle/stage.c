/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/stage.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"
#include "models/pagetable/format.h"

#define FRAMES_BASE     (UINT64_C(1) << 32) /* the machine's memory: callers' pages come from here */
#define FRAMES_BYTES    (UINT64_C(1) << 30)
#define BAR_BASE        UINT64_C(0xfe800000)
#define HUGE_LG2        21u
#define MEMLOCK_DEFAULT (UINT64_C(8) << 20) /* limits nobody: all programs begin with CAP_IPC_LOCK */
#define ENTRY_LIMIT     65535u              /* [LINUX] drivers/vfio/vfio_iommu_type1.c (dma_entry_limit) */

void stage_init(struct stage *stage, const struct recorded_case *recorded, bool as_recorded)
{
	*stage = (struct stage){ .callers = { { .exists = true } } };
	stage->world = (struct oracle_world){
		.machine = recorded->machine,
		.kernel = recorded->kernel,
		.page_lg2 = recorded->page_lg2,
		.as_recorded = as_recorded,
		.name = recorded->name,
		.family = recorded->family,
		.cap_ipc_lock = true,
		.memlock_bytes = MEMLOCK_DEFAULT,
		.dma_entry_limit = ENTRY_LIMIT,
		.frames_next = FRAMES_BASE,
	};
	pins_init(&stage->world.pins, FRAMES_BASE, FRAMES_BYTES);
	process_init(&stage->callers[0].process, &stage->world.pins, 0);
	stage->world.process = &stage->callers[0].process;
}

void stage_fini(struct stage *stage)
{
	for (unsigned i = 0; i < 2; i++)
		if (stage->callers[i].exists)
			process_fini(&stage->callers[i].process);
	pins_fini(&stage->world.pins);
	*stage = (struct stage){ 0 };
}

static uint64_t bytes_of(const struct stage *stage, const struct setting_quantity *quantity)
{
	return quantity->bytes + (quantity->pages << stage->world.page_lg2);
}

/* Fresh memory whose beginning is aligned as a page of that size is. */
static phys_t take_frames(struct oracle_world *world, uint64_t bytes, unsigned page_lg2)
{
	uint64_t page = UINT64_C(1) << page_lg2;
	phys_t base = (world->frames_next + (page - 1)) & ~(page - 1);

	world->frames_next = base + ((bytes + (page - 1)) & ~(page - 1));
	REQUIRE(world->frames_next <= FRAMES_BASE + FRAMES_BYTES);
	return base;
}

static struct stage_file *file_named(struct stage *stage, const char *name)
{
	for (unsigned i = 0; i < STAGE_FILES; i++)
		if (stage->files[i].name && strcmp(stage->files[i].name, name) == 0)
			return &stage->files[i];
	return NULL;
}

static void make_file(struct stage *stage, const char *name, uint64_t bytes)
{
	unsigned i = 0;

	while (i < STAGE_FILES && stage->files[i].name)
		i++;
	REQUIRE(i < STAGE_FILES);
	stage->files[i] = (struct stage_file){ name, take_frames(&stage->world, bytes, stage->world.page_lg2), bytes };
}

static enum area_kind area_kind_of(enum setting_verb verb)
{
	switch (verb) {
	case SETTING_UNTOUCHED:
		return AREA_UNTOUCHED;
	case SETTING_SHARED:
		return AREA_SHARED;
	case SETTING_PRIVATE:
		return AREA_PRIVATE;
	case SETTING_BAR:
		return AREA_DEVICE;
	default:
		return AREA_ANONYMOUS;
	}
}

static void add_area(struct stage *stage, const struct setting *setting)
{
	bool huge = setting->verb == SETTING_HUGETLB || setting->verb == SETTING_HUGE;
	struct area area = {
		.vaddr = SETTING_BASE + bytes_of(stage, &setting->at),
		.bytes = bytes_of(stage, &setting->size),
		.kind = area_kind_of(setting->verb),
		.permissions = setting->permissions,
		.page_lg2 = huge ? HUGE_LG2 : stage->world.page_lg2,
		.hugetlb = setting->verb == SETTING_HUGETLB,
	};

	area.backed_bytes = area.bytes;
	if (setting->verb == SETTING_SHARED || setting->verb == SETTING_PRIVATE) {
		const struct stage_file *file = file_named(stage, setting->name);

		REQUIRE(file);
		area.base = file->base;
		if (setting->verb == SETTING_PRIVATE)
			area.copies = take_frames(&stage->world, area.bytes, area.page_lg2);
		area.backed_bytes = file->bytes < area.bytes ? file->bytes : area.bytes;
	} else if (setting->verb == SETTING_BAR) {
		area.base = BAR_BASE;
	} else {
		area.base = take_frames(&stage->world, area.bytes, area.page_lg2);
	}
	process_add_area(stage->world.process, &area);
}

static void follow_limits(struct oracle_world *world)
{
	world->process->account.limit_pages =
		world->cap_ipc_lock ? ACCOUNT_UNLIMITED : world->memlock_bytes >> PAGE_LG2;
}

static void lock_memory(struct oracle_world *world, uint64_t bytes)
{
	if (account_charge(&world->process->account, ACCOUNT_MM, bytes >> PAGE_LG2) == 0)
		world->mlocked_bytes += bytes;
}

/* The child has copies of the private memory and shares the rest; nothing is locked. */
static void fork_child(struct stage *stage)
{
	const struct process *parent = &stage->callers[0].process;
	struct process *child = &stage->callers[1].process;

	process_init(child, &stage->world.pins, 0);
	stage->callers[1].exists = true;
	for (size_t i = 0; i < parent->area_count; i++) {
		struct area area = parent->area[i];

		if (area.kind == AREA_ANONYMOUS || area.kind == AREA_UNTOUCHED)
			area.base = take_frames(&stage->world, area.bytes, area.page_lg2);
		process_add_area(child, &area);
	}
}

static void call_as(struct stage *stage, unsigned caller)
{
	struct oracle_world *world = &stage->world;

	stage->callers[stage->calling].mlocked_bytes = world->mlocked_bytes;
	stage->calling = caller;
	world->process = &stage->callers[caller].process;
	world->mlocked_bytes = stage->callers[caller].mlocked_bytes;
	follow_limits(world);
}

static void tell(const struct oracle_interface *interface, void *state, const char *what, const struct stage_file *file)
{
	struct oracle_event event = { .what = what };

	if (file) {
		event.value[0] = file->base;
		event.value[1] = file->bytes;
	}
	if (interface)
		interface->event(state, &event);
}

static void set_world(struct stage *stage, const struct setting *setting)
{
	struct oracle_world *world = &stage->world;
	uint64_t size = bytes_of(stage, &setting->size);

	switch (setting->verb) {
	case SETTING_UNMAP:
		process_remove_areas(world->process, SETTING_BASE + bytes_of(stage, &setting->at), size);
		break;
	case SETTING_FILE:
		make_file(stage, setting->name, size);
		break;
	case SETTING_MEMLOCK:
		world->memlock_bytes = size;
		follow_limits(world);
		break;
	case SETTING_DROP_IPC_LOCK:
		world->cap_ipc_lock = false;
		follow_limits(world);
		break;
	case SETTING_MLOCK:
		lock_memory(world, size);
		break;
	case SETTING_ENTRY_LIMIT:
		world->dma_entry_limit = size;
		break;
	default:
		add_area(stage, setting);
		break;
	}
}

void stage_set(struct stage *stage, const struct setting *setting, const struct oracle_interface *interface,
	       void *state)
{
	switch (setting->verb) {
	case SETTING_NOTHING:
		break;
	case SETTING_USE_FILE:
		tell(interface, state, "file", setting->name ? file_named(stage, setting->name) : NULL);
		break;
	case SETTING_CHILD:
		if (!stage->callers[1].exists)
			fork_child(stage);
		call_as(stage, 1);
		tell(interface, state, "child", NULL);
		break;
	case SETTING_CHILD_EXIT:
		if (!stage->callers[1].exists)
			break;
		if (stage->calling != 1)
			call_as(stage, 1);
		tell(interface, state, "exit", NULL);
		call_as(stage, 0);
		tell(interface, state, "parent", NULL);
		break;
	case SETTING_PARENT:
		call_as(stage, 0);
		tell(interface, state, "parent", NULL);
		break;
	case SETTING_EVENT:
		tell(interface, state, setting->name, NULL);
		break;
	default:
		set_world(stage, setting);
		break;
	}
}

void stage_note(struct stage *stage, const char *note)
{
	static const char failed[] = "mmap 0x";
	char *end;

	if (strncmp(note, failed, sizeof(failed) - 1) != 0)
		return;
	uint64_t vaddr = strtoull(note + strlen("mmap "), &end, 16);
	const struct area *area = process_area(stage->world.process, vaddr);

	if (strncmp(end, " failed", strlen(" failed")) == 0 && area)
		process_remove_areas(stage->world.process, area->vaddr, area->bytes);
}
