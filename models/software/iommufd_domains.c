/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/software/iommufd_ioas.h"

/* ---- one area in one domain ---- */

/* The contiguous run at offset of the area, as one call of the driver maps it; without large pages, 4 KiB. */
static struct process_run area_run(const struct ioas *ioas, const struct ioas_area *area, uint64_t offset)
{
	uint64_t bytes = ioas_area_bytes(area) - offset;

	if (ioas->no_large_pages && bytes > PAGE_BYTES)
		bytes = PAGE_BYTES;
	return iommufd_pages_run(area->pages, area->start_byte + offset, bytes);
}

/* Takes the first bytes of the area out of the domain's table, in the pieces they went in. */
static void unmap_area(const struct ioas *ioas, const struct iommufd_domain *domain, const struct ioas_area *area,
		       uint64_t bytes, struct host_work *work)
{
	for (uint64_t done = 0; done < bytes;) {
		uint64_t run = area_run(ioas, area, done).bytes;

		work->table_calls++;
		work->flushes++;
		domain->table.unmap(domain->table.argument, area->iova.first + done, run, &work->table);
		done += run;
	}
}

/* On failure nothing of it remains. */
static int map_area(const struct ioas *ioas, const struct iommufd_domain *domain, const struct ioas_area *area,
		    struct host_work *work)
{
	const struct host_table *table = &domain->table;

	if (domain->needs_permission && !area->permissions)
		return EINVAL;
	for (uint64_t done = 0; done < ioas_area_bytes(area);) {
		struct process_run run = area_run(ioas, area, done);
		iova_t iova = area->iova.first + done;
		uint64_t before = work->table.bytes;

		work->table_calls++;
		enum map_status status =
			table->map(table->argument, iova, run.phys, run.bytes, area->permissions, &work->table);

		REQUIRE(status != MAP_EXISTS);
		if (status != MAP_OK) {
			if (work->table.bytes > before)
				table->unmap(table->argument, iova, work->table.bytes - before, &work->table);
			unmap_area(ioas, domain, area, done, work);
			return status == MAP_NO_MEMORY ? ENOMEM : EINVAL;
		}
		done += run.bytes;
	}
	return 0;
}

void ioas_clear_area(struct ioas *ioas, struct ioas_area *area, struct host_work *work)
{
	if (!area->held)
		return;
	for (size_t i = 0; i < ioas->domain_count; i++)
		unmap_area(ioas, ioas->domain[i], area, ioas_area_bytes(area), work);
}

static void release_area(struct ioas_area *area, struct host_work *work)
{
	iommufd_pages_release(area->pages, ioas_area_span(area), work);
	area->held = false;
}

/* Pins the area unless it is, maps it into count domains, charges; on failure it is as before. */
static int fill(const struct ioas *ioas, struct iommufd_domain *const *domain, size_t count, struct ioas_area *area,
		struct host_work *work)
{
	bool was_held = area->held;
	size_t mapped = 0;
	int error = was_held ? 0 : iommufd_pages_hold(area->pages, ioas_area_span(area), work);

	if (error)
		return error;
	area->held = true;
	while (!error && mapped < count) {
		error = map_area(ioas, domain[mapped], area, work);
		mapped += !error;
	}
	if (!error)
		error = iommufd_pages_charge(area->pages, work);
	if (!error)
		return 0;
	while (mapped-- > 0)
		unmap_area(ioas, domain[mapped], area, ioas_area_bytes(area), work);
	if (!was_held)
		release_area(area, work);
	return error;
}

int ioas_fill_area(struct ioas *ioas, struct ioas_area *area, struct host_work *work)
{
	return ioas->domain_count ? fill(ioas, ioas->domain, ioas->domain_count, area, work) : 0;
}

/* ---- all areas in one domain ---- */

/* The lowest area from iova on; *end: where to look for the next, 0: there is none. */
static struct ioas_area *next_area(const struct ioas *ioas, iova_t from, iova_t *end)
{
	struct ioas_area *area = ioas_find(ioas, from, UINT64_MAX);

	*end = area ? area->iova.last + 1 : 0;
	return area;
}

/* Takes the areas below end out of domain, and unpins them when nothing else holds them; end 0: all. */
static void unfill_domain(struct ioas *ioas, struct iommufd_domain *domain, iova_t end, struct host_work *work)
{
	iova_t next = 0;

	for (struct ioas_area *area; (area = next_area(ioas, next, &next)) && (!end || area->iova.first < end);) {
		unmap_area(ioas, domain, area, ioas_area_bytes(area), work);
		if (!ioas->domain_count)
			release_area(area, work);
		if (!next)
			break;
	}
}

static int fill_domain(struct ioas *ioas, struct iommufd_domain *domain, struct host_work *work)
{
	iova_t next = 0;

	for (struct ioas_area *area; (area = next_area(ioas, next, &next));) {
		int error = fill(ioas, &domain, 1, area, work);

		if (error) {
			if (area->iova.first)
				unfill_domain(ioas, domain, area->iova.first, work);
			return error;
		}
		if (!next)
			break;
	}
	return 0;
}

/* ---- alignment ---- */

static uint64_t least_page(const struct iommufd_domain *domain)
{
	return domain->page_sizes & (~domain->page_sizes + 1);
}

static int check_alignment(const struct ioas *ioas, uint64_t alignment)
{
	iova_t next = 0;

	for (const struct ioas_area *area; (area = next_area(ioas, next, &next));) {
		uint64_t offset = area->start_byte & (PAGE_BYTES - 1);

		if ((area->iova.first | ioas_area_bytes(area) | offset) & (alignment - 1))
			return EADDRINUSE;
		if (!next)
			break;
	}
	return 0;
}

static int update_alignment(struct ioas *ioas)
{
	uint64_t alignment = ioas->no_large_pages ? PAGE_BYTES : 1;

	for (size_t i = 0; i < ioas->domain_count; i++)
		if (alignment < least_page(ioas->domain[i]))
			alignment = least_page(ioas->domain[i]);
	int error = alignment > ioas->alignment ? check_alignment(ioas, alignment) : 0;

	if (!error)
		ioas->alignment = alignment;
	return error;
}

int ioas_disable_large_pages(struct ioas *ioas)
{
	if (ioas->no_large_pages)
		return 0;
	if (ioas->domain_count && ioas->areas.count)
		return EINVAL;
	ioas->no_large_pages = true;
	int error = update_alignment(ioas);

	ioas->no_large_pages = !error;
	return error;
}

void ioas_enable_large_pages(struct ioas *ioas)
{
	ioas->no_large_pages = false;
	REQUIRE(!update_alignment(ioas));
}

/* ---- attach and detach ---- */

/* Keeps IOVAs outside the aperture free for good. */
static int reserve_outside(struct ioas *ioas, const struct iommufd_domain *domain)
{
	int error = 0;

	if (domain->iova_first)
		error = ioas_reserve(ioas, (struct iova_span){ 0, domain->iova_first - 1 }, domain);
	if (!error && domain->iova_last != UINT64_MAX)
		error = ioas_reserve(ioas, (struct iova_span){ domain->iova_last + 1, UINT64_MAX }, domain);
	return error;
}

int ioas_attach(struct ioas *ioas, struct iommufd_domain *domain, struct host_work *work)
{
	uint64_t alignment = least_page(domain) > ioas->alignment ? least_page(domain) : ioas->alignment;

	if (alignment > PAGE_BYTES)
		return EINVAL;
	int error = alignment != ioas->alignment ? check_alignment(ioas, alignment) : 0;

	if (!error)
		error = reserve_outside(ioas, domain);
	if (!error)
		error = fill_domain(ioas, domain, work);
	if (error) {
		ioas_unreserve(ioas, domain);
		return error;
	}
	if (ioas->domain_count == ioas->domain_capacity) {
		ioas->domain_capacity = ioas->domain_capacity ? 2 * ioas->domain_capacity : 2;
		ioas->domain = heap_resized(ioas->domain, ioas->domain_capacity, sizeof(struct iommufd_domain *));
	}
	ioas->domain[ioas->domain_count++] = domain;
	ioas->alignment = alignment;
	return 0;
}

void ioas_detach(struct ioas *ioas, struct iommufd_domain *domain, struct host_work *work)
{
	size_t i = 0;

	while (i < ioas->domain_count && ioas->domain[i] != domain)
		i++;
	REQUIRE(i < ioas->domain_count);
	ioas->domain[i] = ioas->domain[--ioas->domain_count];
	unfill_domain(ioas, domain, 0, work);
	ioas_unreserve(ioas, domain);
	REQUIRE(!update_alignment(ioas));
}
