/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/tce_driver.h"

#include "models/pagetable/tce.h"

void tce_driver_set(struct tce_driver_job *job, uint32_t liobn, iova_t iova, phys_t phys, uint64_t pages,
		    unsigned permissions, unsigned page_lg2, phys_t list)
{
	*job = (struct tce_driver_job){ .by_list = pages > 1,
					.liobn = liobn,
					.page_lg2 = page_lg2,
					.iova = iova,
					.tce = phys | TCE_R | (permissions & PT_WRITE ? TCE_W : 0),
					.pages = pages,
					.list = list };
}

void tce_driver_clear(struct tce_driver_job *job, uint32_t liobn, iova_t iova, uint64_t pages, unsigned page_lg2)
{
	*job = (struct tce_driver_job){
		.clears = true, .liobn = liobn, .page_lg2 = page_lg2, .iova = iova, .pages = pages
	};
}

/* TCEs are big-endian, simulated memory is little-endian. */
static void write_list(const struct tce_driver_job *job, struct memory_view view, uint64_t entries)
{
	for (uint64_t i = 0; i < entries; i++)
		view_write64(view, job->list + i * sizeof(uint64_t),
			     pt_word(&tce_format, job->tce + (i << job->page_lg2)));
}

bool tce_driver_next(struct tce_driver_job *job, struct memory_view view, struct tce_call *call)
{
	uint64_t entries = job->pages < TCE_DRIVER_BATCH ? job->pages : TCE_DRIVER_BATCH;

	if (!entries)
		return false;
	*call = (struct tce_call){ .kind = job->clears    ? H_STUFF_TCE
					   : job->by_list ? H_PUT_TCE_INDIRECT
							  : H_PUT_TCE,
				   .liobn = job->liobn,
				   .ioba = job->iova,
				   .tce = job->by_list ? job->list : job->tce,
				   .entries = entries };
	if (job->by_list)
		write_list(job, view, entries);
	job->iova += entries << job->page_lg2;
	if (!job->clears)
		job->tce += entries << job->page_lg2;
	job->pages -= entries;
	return true;
}
