/* SPDX-License-Identifier: Apache-2.0 */
/* A host for the tests of VFIO type1: two IOMMUs with groups behind them, a container, a process with memory and a child. */
#ifndef IOMMUSIM_TESTS_TYPE1_FIXTURE_H
#define IOMMUSIM_TESTS_TYPE1_FIXTURE_H

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/pagetable/vtd_second_stage.h"
#include "models/pagetable/walk.h"
#include "models/software/vfio_type1.h"

#define RAM_BASE  UINT64_C(0x40000000)
#define RAM_VADDR UINT64_C(0x200000000) /* as the recordings' BASE */
#define RAM_BYTES UINT64_C(0x800000)    /* then 2 MiB never written, then a BAR */
#define UNTOUCHED (RAM_VADDR + RAM_BYTES)
#define BAR       (RAM_VADDR + UINT64_C(0x10000000))

#define FIXTURE_TABLES 4096u

struct fixture;

/* A page table for a domain, with who made it. */
struct fixture_domain {
	struct page_table table;
	struct fixture *fixture;
};

struct fixture {
	struct memory *memory;
	struct frames frames;
	struct pins pins;
	struct process process, child;
	struct type1_iommu iommu[2]; /* of different drivers */
	struct type1_reserved reserved;
	struct vfio_host host;
	struct vfio_group group[3]; /* 0, 1: behind iommu[0]; 2: behind iommu[1] */
	struct vfio_group mediated; /* a group without an IOMMU */
	struct vfio_container container;
	struct host_work work;
	struct fixture_domain *domain[8]; /* [domains], by age */
	unsigned domains;
	unsigned live_domains;
};

static inline bool fixture_create_domain(void *argument, struct host_table *table)
{
	const struct pt_rules rules = {
		.levels = 4, .input_width_lg2 = 48, .output_width_lg2 = 46, .size_2m = true, .size_1g = true
	};
	struct fixture *fixture = argument;
	struct fixture_domain *domain = heap_zeroed(1, sizeof(*domain));

	domain->fixture = fixture;
	if (page_table_init(&domain->table, &vtd_second_stage, &rules,
			    (struct memory_view){ .memory = fixture->memory }, &fixture->frames) != MAP_OK) {
		free(domain);
		return false;
	}
	fixture->domain[fixture->domains++] = domain;
	fixture->live_domains++;
	*table = host_table_of(&domain->table);
	return true;
}

static inline void fixture_destroy_domain(void *argument, const struct host_table *table)
{
	struct fixture *fixture = argument;

	page_table_fini(table->argument);
	for (unsigned i = 0; i < fixture->domains; i++)
		if (fixture->domain[i] && &fixture->domain[i]->table == table->argument) {
			free(fixture->domain[i]);
			fixture->domain[i] = NULL;
		}
	fixture->live_domains--;
}

static const struct vfio_driver *const fixture_drivers[] = { &vfio_type1 };

static inline void fixture_memory(struct fixture *fixture, struct process *process, phys_t base)
{
	const struct area ram = { .vaddr = RAM_VADDR,
				  .bytes = RAM_BYTES,
				  .permissions = PT_READ | PT_WRITE,
				  .base = base,
				  .page_lg2 = 12,
				  .backed_bytes = RAM_BYTES };
	const struct area untouched = { .vaddr = UNTOUCHED,
					.bytes = 0x200000,
					.kind = AREA_UNTOUCHED,
					.permissions = PT_READ | PT_WRITE,
					.base = base + RAM_BYTES,
					.page_lg2 = 12,
					.backed_bytes = 0x200000 };
	const struct area bar = { .vaddr = BAR,
				  .bytes = 0x100000,
				  .kind = AREA_DEVICE,
				  .permissions = PT_READ | PT_WRITE,
				  .base = 0xfe800000,
				  .page_lg2 = 12,
				  .backed_bytes = 0x100000 };

	process_init(process, &fixture->pins, 0);
	process->shares_reads = kernel_pin_shares_reads(&fixture->host.kernel);
	process_add_area(process, &ram);
	process_add_area(process, &untouched);
	process_add_area(process, &bar);
}

static inline void fixture_init(struct fixture *fixture, struct kernel kernel)
{
	*fixture = (struct fixture){ .memory = memory_create(), .reserved = { 0xfee00000, 0xfeefffff, false } };
	fixture->host = (struct vfio_host){
		.kernel = kernel, .driver = fixture_drivers, .driver_count = 1, .dma_entry_limit = TYPE1_ENTRY_LIMIT
	};
	frames_init(&fixture->frames, 0x1000000, 0x1000000 + FIXTURE_TABLES * PAGE_BYTES);
	pins_init(&fixture->pins, RAM_BASE, 2 * (RAM_BYTES + 0x200000));
	fixture_memory(fixture, &fixture->process, RAM_BASE);
	fixture_memory(fixture, &fixture->child, RAM_BASE + RAM_BYTES + 0x200000);
	for (unsigned i = 0; i < 2; i++)
		fixture->iommu[i] = (struct type1_iommu){ .driver = &fixture->iommu[i],
							  .aperture_last = (UINT64_C(1) << 48) - 1,
							  .page_sizes = 0x40201000,
							  .reserved = &fixture->reserved,
							  .reserved_count = 1,
							  .domain_create = fixture_create_domain,
							  .domain_destroy = fixture_destroy_domain,
							  .argument = fixture };
	for (unsigned i = 0; i < 3; i++)
		fixture->group[i].iommu = &fixture->iommu[i / 2];
	fixture->mediated.kind = VFIO_GROUP_EMULATED;
	vfio_container_init(&fixture->container, &fixture->host);
}

/* The container with the first group and a type; false: refused. */
static inline bool fixture_open(struct fixture *fixture, uint64_t type)
{
	return !vfio_group_set_container(&fixture->group[0], &fixture->container, &fixture->work) &&
	       !vfio_set_iommu(&fixture->container, type, &fixture->work);
}

static inline void fixture_fini(struct fixture *fixture)
{
	for (unsigned i = 0; i < 3; i++)
		if (fixture->group[i].container)
			vfio_group_unset_container(&fixture->group[i], &fixture->work);
	if (fixture->mediated.container)
		vfio_group_unset_container(&fixture->mediated, &fixture->work);
	process_fini(&fixture->process);
	process_fini(&fixture->child);
	pins_fini(&fixture->pins);
	frames_fini(&fixture->frames);
	memory_destroy(fixture->memory);
}

static inline struct type1 *fixture_type1(struct fixture *fixture)
{
	return fixture->container.state;
}

static inline int fixture_map(struct fixture *fixture, uint32_t flags, uint64_t vaddr, iova_t iova, uint64_t size)
{
	struct type1_map_call call = {
		.argsz = TYPE1_MAP_ARGSZ, .flags = flags, .vaddr = vaddr, .iova = iova, .size = size
	};

	return vfio_call(&fixture->container, &fixture->process, VFIO_IOMMU_MAP_DMA, &call, &fixture->work);
}

/* *size: in and out. */
static inline int fixture_unmap(struct fixture *fixture, uint32_t flags, iova_t iova, uint64_t *size)
{
	struct type1_unmap_call call = { .argsz = TYPE1_UNMAP_ARGSZ, .flags = flags, .iova = iova, .size = *size };
	int error = vfio_call(&fixture->container, &fixture->process, VFIO_IOMMU_UNMAP_DMA, &call, &fixture->work);

	*size = call.size;
	return error;
}

static inline uint64_t fixture_locked_kib(const struct fixture *fixture)
{
	return fixture->process.account.pages[ACCOUNT_MM] * 4;
}

/* Where the domain of that age leads; PHYS_NONE: nowhere. */
static inline phys_t fixture_translate(const struct fixture *fixture, unsigned age, iova_t iova)
{
	const struct page_table *table = &fixture->domain[age]->table;
	struct walk walk;

	walk_begin(&walk, table->format, &table->rules, table->root, iova, 0);
	while (walk_wants_read(&walk))
		walk_feed(&walk, memory_read64(fixture->memory, walk.want_address));
	return walk.status == WALK_OK ? walk.output : PHYS_NONE;
}

#endif
