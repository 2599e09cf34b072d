/* SPDX-License-Identifier: Apache-2.0 */
/* iommufd on the host of host_fixture.h: who maps, and a domain over its table. */
#ifndef IOMMUSIM_TESTS_IOMMUFD_FIXTURE_H
#define IOMMUSIM_TESTS_IOMMUFD_FIXTURE_H

#include "models/software/iommufd_hwpt.h"
#include "models/software/iommufd_mock.h"
#include "models/software/iommufd_vtd.h"
#include "tests/models/software/host_fixture.h"

#define RW (PT_READ | PT_WRITE)

static inline struct iommufd_source host_source(struct host *host, enum account_mode mode)
{
	return (struct iommufd_source){
		.process = &host->process, .user = &host->process.account, .mode = mode, .pin_batch_pages = 512
	};
}

static inline struct iommufd_domain host_iommufd_domain(struct page_table *table)
{
	return (struct iommufd_domain){ .table = host_table_of(table),
					.page_sizes = PAGE_BYTES | UINT64_C(1) << 21 | UINT64_C(1) << 30,
					.iova_last = (UINT64_C(1) << 48) - 1,
					.needs_permission = true };
}

/* Maps where it is told. */
static inline int map_at(struct ioas *ioas, const struct iommufd_source *source, iova_t iova, uint64_t vaddr,
			 uint64_t bytes, unsigned permissions, struct host_work *work)
{
	struct ioas_place place = { .iova = iova, .bytes = bytes, .fixed = true };

	return ioas_map(ioas, source, NULL, vaddr, permissions, &place, work);
}

static inline int copy_at(struct ioas *to, const struct ioas *from, iova_t to_iova, iova_t iova, uint64_t bytes,
			  unsigned permissions, struct host_work *work)
{
	struct ioas_place place = { .iova = to_iova, .bytes = bytes, .fixed = true };

	return ioas_copy(to, from, iova, permissions, &place, work);
}

/* The error; *unmapped is right either way. */
static inline int unmap_range(struct ioas *ioas, iova_t iova, uint64_t bytes, uint64_t *unmapped,
			      struct host_work *work)
{
	struct ioas_unmap_call call;
	int error = ioas_unmap_begin(&call, iova, bytes, work);

	*unmapped = 0;
	if (error)
		return error;
	error = ioas_unmap_finish(ioas, &call, work);
	*unmapped = call.bytes;
	return error;
}

/* ---- an open iommufd ---- */

#define KERNEL_6_6  ((struct kernel){ 6, 6 })
#define KERNEL_6_12 ((struct kernel){ 6, 12 })
#define KERNEL_6_18 ((struct kernel){ 6, 18 })
#define KERNEL_7_3  ((struct kernel){ 7, 3 })

/* The emulated unit of the recordings: 48 bits, 2 MiB and 1 GiB pages, no scalable mode. */
#define RECORDED_CAPABILITY          UINT64_C(0xd2008c222f0686)
#define RECORDED_EXTENDED_CAPABILITY UINT64_C(0xf00f4a)

/* One process with an iommufd, an IOAS in it, and two IOMMUs that devices may be behind. */
struct iommufd_host {
	struct host host;
	struct iommufd iommufd;
	struct iommufd_vtd vtd;
	struct iommufd_unit mock;
	struct iommufd_caller caller;
	uint32_t ioas;
};

static const struct iova_span interrupt_window = { INTERRUPT_RANGE_FIRST, INTERRUPT_RANGE_LAST };

static inline void iommufd_host_init(struct iommufd_host *host, struct kernel kernel)
{
	host_init(&host->host, 0x1000000, 12, 0);
	iommufd_init(&host->iommufd, kernel, false);
	iommufd_vtd_init(&host->vtd, kernel, RECORDED_CAPABILITY, RECORDED_EXTENDED_CAPABILITY, false,
			 host->host.table.view, &host->host.frames);
	iommufd_mock_init(&host->mock, kernel);
	host->caller = (struct iommufd_caller){ .process = &host->host.process,
						.user = &host->host.process.account,
						.pin_batch_pages = 512 };
	if (iommufd_ioas_alloc(&host->iommufd, 0, &host->ioas))
		abort();
}

static inline void iommufd_host_fini(struct iommufd_host *host)
{
	iommufd_fini(&host->iommufd);
	if (host->host.pins.pins)
		abort();
	host_fini(&host->host);
}

static inline struct vfio_cdev vtd_cdev(struct iommufd_host *host)
{
	return (struct vfio_cdev){ .unit = &host->vtd.unit, .reserved = &interrupt_window, .reserved_count = 1 };
}

/* Through the ioctl, readable and writable. */
static inline int host_map(struct iommufd_host *host, uint32_t ioas, iova_t iova, uint64_t vaddr, uint64_t bytes)
{
	uint32_t flags = IOMMUFD_MAP_FIXED | IOMMUFD_MAP_READABLE | IOMMUFD_MAP_WRITABLE;

	return iommufd_ioas_map(&host->iommufd, &host->caller, ioas, flags, vaddr, bytes, &iova, &host->host.work);
}

#endif
