/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/split.h"

#include <errno.h>

#include "models/base/require.h"

/* A leaf begins at iova in this table afterwards. */
static int split_table(const struct host_table *table, iova_t iova, struct host_work *work)
{
	if (!table->split)
		return EOPNOTSUPP;

	enum map_status status = table->split(table->argument, iova, &work->table);

	work->table_calls++;
	REQUIRE(status == MAP_OK || status == MAP_NO_MEMORY);
	return status == MAP_OK ? 0 : ENOMEM;
}

int container_split(struct container *container, iova_t iova, struct host_work *work)
{
	if (iova & (PAGE_BYTES - 1))
		return EINVAL;

	const struct range *range = ranges_find(&container->mappings, iova, iova);
	struct region *region;
	int error = 0;

	work->container_finds++;
	if (!range || range->first == iova)
		return 0;
	for (uint32_t i = 0; i < container->table_count && !error; i++)
		error = split_table(&container->table[i], iova, work);
	if (error)
		return error;
	if (container_mapping(container, range)->region)
		REQUIRE(registration_use(container->config.registrations,
					 container_mapping(container, range)->vaddr + (iova - range->first),
					 range->last - iova + 1, &region, work) == 0);
	container_cut(container, iova);
	work->mappings_inserted++;
	return 0;
}

int ioas_split(struct ioas *ioas, iova_t iova, struct host_work *work)
{
	bool had_large_pages = !ioas->no_large_pages;
	int error = 0;

	if (iova & (PAGE_BYTES - 1))
		return EINVAL;

	const struct ioas_area *area = ioas_find(ioas, iova, iova);

	work->container_finds++;
	if (!area || area->iova.first == iova)
		return 0;
	for (size_t i = 0; area->held && i < ioas->domain_count && !error; i++)
		error = split_table(&ioas->domain[i]->table, iova, work);
	if (error)
		return error;
	ioas->no_large_pages = true; /* none lies across, which is what ioas_cut must know */
	error = ioas_cut(ioas, iova - 1);
	ioas->no_large_pages = !had_large_pages;
	work->mappings_inserted += !error;
	return error;
}
