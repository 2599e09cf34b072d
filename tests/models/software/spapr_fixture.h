/* SPDX-License-Identifier: Apache-2.0 */
/* A POWER host for tests: one process with memory, containers and groups of VFIO's sPAPR driver. */
#ifndef IOMMUSIM_TESTS_SPAPR_FIXTURE_H
#define IOMMUSIM_TESTS_SPAPR_FIXTURE_H

#include <errno.h>

#include "models/base/require.h"
#include "models/software/spapr.h"

#define RAM_BASE     UINT64_C(0x100000000)
#define RAM_VADDR    UINT64_C(0x200000000)
#define RAM_BYTES    UINT64_C(0x1000000)
#define TABLES_FIRST (UINT64_C(1) << 44)
#define TABLES_END   (UINT64_C(1) << 47)
#define CONTAINERS   3u
#define GROUPS       4u

struct power_host {
	struct memory *memory;
	struct frames frames;
	struct pins pins;
	struct process process;
	struct registrations registrations;
	struct spapr_platform platform;
	struct spapr_host spapr;
	const struct vfio_driver *driver[1];
	struct vfio_host host;
	struct spapr_group pe[GROUPS];
	struct vfio_group group[GROUPS];
	struct vfio_container container[CONTAINERS];
	struct host_work work;
};

/* Memory of RAM_BYTES at RAM_VADDR, nothing open. */
static inline void power_host_init(struct power_host *host, const struct spapr_platform *platform, unsigned page_lg2)
{
	struct area ram = { .vaddr = RAM_VADDR,
			    .bytes = RAM_BYTES,
			    .permissions = PT_READ | PT_WRITE,
			    .base = RAM_BASE,
			    .page_lg2 = page_lg2,
			    .backed_bytes = RAM_BYTES };

	*host = (struct power_host){ .memory = memory_create(), .platform = *platform, .driver = { &spapr_driver } };
	frames_init(&host->frames, TABLES_FIRST, TABLES_END);
	pins_init(&host->pins, RAM_BASE, RAM_BYTES);
	process_init(&host->process, &host->pins, 0);
	process_add_area(&host->process, &ram);
	registrations_init(&host->registrations, &host->process, page_lg2, 512);
	host->spapr = (struct spapr_host){ .platform = &host->platform,
					   .page_lg2 = page_lg2,
					   .view = { .memory = host->memory },
					   .frames = &host->frames };
	host->host = (struct vfio_host){
		.kernel = KERNEL_DEFAULT, .driver = host->driver, .driver_count = 1, .spapr = &host->spapr
	};
	for (unsigned i = 0; i < GROUPS; i++) {
		host->pe[i].pe = i;
		host->group[i].iommu = &host->pe[i];
	}
}

static inline int power_attach(struct power_host *host, unsigned group, unsigned container)
{
	vfio_group_open(&host->group[group]);

	int error = vfio_group_set_container(&host->group[group], &host->container[container], &host->work);

	if (error)
		vfio_group_close(&host->group[group], &host->work);
	return error;
}

/* Group and container of that number, of VFIO_SPAPR_TCE_IOMMU or VFIO_SPAPR_TCE_v2_IOMMU. */
static inline void power_open(struct power_host *host, unsigned number, uint64_t type)
{
	vfio_container_init(&host->container[number], &host->host);
	REQUIRE(!power_attach(host, number, number));
	REQUIRE(!vfio_set_iommu(&host->container[number], type, &host->work));
}

/* The container's groups leave it: it loses everything. */
static inline void power_close(struct power_host *host, unsigned container)
{
	for (unsigned i = 0; i < GROUPS; i++)
		if (host->group[i].container == &host->container[container])
			vfio_group_close(&host->group[i], &host->work);
}

static inline void power_host_fini(struct power_host *host)
{
	for (unsigned i = 0; i < CONTAINERS; i++)
		power_close(host, i);
	registrations_fini(&host->registrations);
	process_fini(&host->process);
	pins_fini(&host->pins);
	frames_fini(&host->frames);
	memory_destroy(host->memory);
}

static inline struct spapr_container *power_container(struct power_host *host, unsigned number)
{
	return host->container[number].state;
}

static inline uint64_t power_locked(const struct power_host *host)
{
	return host->process.account.pages[ACCOUNT_MM] << PAGE_LG2;
}

static inline int power_call(struct power_host *host, unsigned c, enum vfio_request request, void *argument)
{
	return vfio_call(&host->container[c], &host->process, request, argument, &host->work);
}

static inline int power_register(struct power_host *host, unsigned c, uint64_t vaddr, uint64_t bytes)
{
	struct spapr_memory_call call = { .vaddr = vaddr, .bytes = bytes };

	return power_call(host, c, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &call);
}

static inline int power_unregister(struct power_host *host, unsigned c, uint64_t vaddr, uint64_t bytes)
{
	struct spapr_memory_call call = { .vaddr = vaddr, .bytes = bytes };

	return power_call(host, c, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, &call);
}

static inline int power_map(struct power_host *host, unsigned c, unsigned flags, uint64_t vaddr, iova_t iova,
			    uint64_t bytes)
{
	struct spapr_map_call call = { .flags = flags, .vaddr = vaddr, .iova = iova, .bytes = bytes };

	return power_call(host, c, VFIO_IOMMU_MAP_DMA, &call);
}

static inline int power_unmap(struct power_host *host, unsigned c, unsigned flags, iova_t iova, uint64_t bytes)
{
	struct spapr_unmap_call call = { .flags = flags, .iova = iova, .bytes = bytes };

	return power_call(host, c, VFIO_IOMMU_UNMAP_DMA, &call);
}

static inline int power_create(struct power_host *host, unsigned c, unsigned flags, unsigned page_lg2, uint64_t bytes,
			       unsigned levels, iova_t *start)
{
	struct spapr_create_call call = { .flags = flags, .page_lg2 = page_lg2, .bytes = bytes, .levels = levels };
	int error = power_call(host, c, VFIO_IOMMU_SPAPR_TCE_CREATE, &call);

	*start = call.start;
	return error;
}

static inline int power_remove(struct power_host *host, unsigned c, iova_t start)
{
	struct spapr_remove_call call = { .start = start };

	return power_call(host, c, VFIO_IOMMU_SPAPR_TCE_REMOVE, &call);
}

#endif
