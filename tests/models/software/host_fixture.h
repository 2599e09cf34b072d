/* SPDX-License-Identifier: Apache-2.0 */
/* A host for the tests of its software: memory, one second-stage table, one process with memory. */
#ifndef IOMMUSIM_TESTS_HOST_FIXTURE_H
#define IOMMUSIM_TESTS_HOST_FIXTURE_H

#include <stdlib.h>

#include "models/pagetable/vtd_second_stage.h"
#include "models/pagetable/walk.h"
#include "models/software/container.h"

#define RAM_BASE      UINT64_C(0x40000000)
#define RAM_VADDR     UINT64_C(0x200000000)
#define TABLES_FIRST  UINT64_C(0x1000000)
#define TABLES_FRAMES 4096u

struct host {
	struct memory *memory;
	struct frames frames;
	struct page_table table;
	struct pins pins;
	struct process process;
	struct registrations registrations;
	struct host_work work;
};

static inline struct pt_rules host_rules(void)
{
	return (struct pt_rules){
		.levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 46, .size_2m = true, .size_1g = true
	};
}

static inline void host_init(struct host *host, uint64_t ram_bytes, unsigned page_lg2, uint64_t limit_bytes)
{
	struct pt_rules rules = host_rules();
	struct area ram = { .vaddr = RAM_VADDR,
			    .bytes = ram_bytes,
			    .permissions = PT_READ | PT_WRITE,
			    .base = RAM_BASE,
			    .page_lg2 = page_lg2,
			    .backed_bytes = ram_bytes };

	*host = (struct host){ .memory = memory_create() };
	frames_init(&host->frames, TABLES_FIRST, TABLES_FIRST + TABLES_FRAMES * PAGE_BYTES);
	if (page_table_init(&host->table, &vtd_second_stage, &rules, (struct memory_view){ .memory = host->memory },
			    &host->frames) != MAP_OK)
		abort();
	pins_init(&host->pins, RAM_BASE, ram_bytes);
	process_init(&host->process, &host->pins, limit_bytes);
	process_add_area(&host->process, &ram);
	registrations_init(&host->registrations, &host->process, PAGE_LG2, 512);
}

static inline void host_fini(struct host *host)
{
	registrations_fini(&host->registrations);
	process_fini(&host->process);
	pins_fini(&host->pins);
	page_table_fini(&host->table);
	frames_fini(&host->frames);
	memory_destroy(host->memory);
}

static inline struct container_config host_container(struct host *host)
{
	return (struct container_config){ .process = &host->process,
					  .table = host_table_of(&host->table),
					  .pin_batch_pages = 512,
					  .flush_runs = 512 };
}

/* Where the table leads: the page and the permissions, by walking memory; PHYS_NONE when nowhere. */
static inline phys_t host_translate(struct host *host, iova_t iova, unsigned *permissions)
{
	struct walk walk;

	walk_begin(&walk, host->table.format, &host->table.rules, host->table.root, iova, 0);
	while (walk_wants_read(&walk))
		walk_feed(&walk, memory_read64(host->memory, walk.want_address));
	*permissions = walk.leaf.permissions & (PT_READ | PT_WRITE);
	return walk.status == WALK_OK ? walk.output : PHYS_NONE;
}

#endif
