/* SPDX-License-Identifier: Apache-2.0 */
/* iommufd on the host of host_fixture.h: who maps, and a domain over its table. */
#ifndef IOMMUSIM_TESTS_IOMMUFD_FIXTURE_H
#define IOMMUSIM_TESTS_IOMMUFD_FIXTURE_H

#include "models/software/iommufd_ioas.h"
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

#endif
