/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr_window.h"

#include <errno.h>

#include "models/base/require.h"
#include "models/pagetable/tce.h"

#define VALID (TCE_R | TCE_W)

int spapr_window_init(struct spapr_window *window, const struct spapr_host *host, const struct spapr_request *request,
		      const struct spapr_place *place, struct host_work *work)
{
	/* pSeries: levels 0 pass for one. */
	struct tce_window shape = { .start = place->start,
				    .bytes = place->bytes,
				    .page_lg2 = request->page_lg2,
				    .levels = request->levels ? request->levels : 1,
				    .host_page_lg2 = host->page_lg2 };

	*window = (struct spapr_window){
		.host = host, .number = request->number, .place = *place, .page_lg2 = request->page_lg2
	};
	if (tce_table_init(&window->table, &shape, host->view, host->frames, &work->table) != MAP_OK)
		return ENOMEM;
	if (tce_table_init(&window->view, &shape, host->view, host->frames, &work->table) != MAP_OK) {
		tce_table_fini(&window->table);
		return ENOMEM;
	}
	return 0;
}

void spapr_window_fini(struct spapr_window *window)
{
	tce_table_fini(&window->table);
	tce_table_fini(&window->view);
}

/* *word in, what was there out. */
static enum map_status exchange(struct spapr_window *window, iova_t iova, uint64_t *word, struct host_work *work)
{
	if (window->host->platform->by_hypercall)
		work->tce_hypercalls += 2; /* H_GET_TCE, H_PUT_TCE */
	work->table_calls++;
	return tce_table_exchange(&window->table, iova, word, &work->table);
}

/* *from, as the user view has it, in, what was there out. */
static enum map_status exchange_view(struct spapr_window *window, iova_t iova, uint64_t *from, struct host_work *work)
{
	struct map_work unpriced = { 0 };

	work->user_view_writes++;
	return tce_table_exchange(&window->view, iova, from, &unpriced);
}

/* An entry from there ended: its region counts back. */
static void release_region(struct spapr_window *window, struct registrations *registrations, uint64_t from,
			   struct host_work *work)
{
	struct region *region = registration_find(registrations, from & TCE_RPN, spapr_window_page_bytes(window), work);

	REQUIRE(from && region);
	region_unmap(registrations, region, work);
}

/* The pin of a v1 entry. */
static void release_page(struct spapr_window *window, uint64_t word, struct host_work *work)
{
	uint64_t page = UINT64_C(1) << window->host->page_lg2;

	pins_unpin(window->pins, word & TCE_RPN & ~(page - 1), page);
	work->pages_unpinned += page >> PAGE_LG2;
}

static uint64_t permission_bits(unsigned permissions)
{
	return (permissions & PT_READ ? TCE_R : 0) | (permissions & PT_WRITE ? TCE_W : 0);
}

int spapr_window_put_region(struct spapr_window *window, struct registrations *registrations, iova_t iova,
			    struct region *region, uint64_t vaddr, unsigned permissions, struct host_work *work)
{
	uint64_t word = region_phys(region, vaddr) | permission_bits(permissions), from = vaddr | TCE_R;

	if (exchange_view(window, iova, &from, work) != MAP_OK)
		return ENOMEM;
	if (exchange(window, iova, &word, work) != MAP_OK) {
		exchange_view(window, iova, &from, work);
		return ENOMEM;
	}
	region_map(region);
	if (word & VALID)
		release_region(window, registrations, from, work);
	return 0;
}

void spapr_window_put_page(struct spapr_window *window, iova_t iova, phys_t phys, unsigned permissions,
			   struct host_work *work)
{
	uint64_t word = phys | permission_bits(permissions);

	REQUIRE(exchange(window, iova, &word, work) == MAP_OK);
	if (word & VALID)
		release_page(window, word, work);
}

void spapr_window_clear_one(struct spapr_window *window, struct registrations *registrations, iova_t iova,
			    struct host_work *work)
{
	uint64_t word = 0, from = 0;

	exchange(window, iova, &word, work);
	if (!(word & VALID))
		return;
	if (window->pins) {
		release_page(window, word, work);
		return;
	}
	exchange_view(window, iova, &from, work);
	release_region(window, registrations, from, work);
}

void spapr_window_clear(struct spapr_window *window, struct registrations *registrations, iova_t iova, uint64_t entries,
			struct host_work *work)
{
	uint64_t page = spapr_window_page_bytes(window);

	for (uint64_t i = 0; i < entries; i++) {
		uint64_t hole = tce_table_hole(&window->table, iova + i * page);

		if (hole)
			i += hole - 1;
		else
			spapr_window_clear_one(window, registrations, iova + i * page, work);
	}
	spapr_window_kill(window, iova, entries, work);
}

void spapr_window_kill(struct spapr_window *window, iova_t iova, uint64_t entries, struct host_work *work)
{
	if (window->host->platform->by_hypercall)
		return;
	for (const struct spapr_group *group = *window->groups; group; group = group->next) {
		work->tce_kills++;
		work->tce_entries_killed += entries;
		if (group->hardware && group->hardware->kill)
			group->hardware->kill(group->hardware->argument, group->pe, iova, window->page_lg2, entries);
	}
}
