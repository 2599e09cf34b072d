/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/split.h"

#include <errno.h>

#include "models/base/require.h"

#define MAPPING_VADDR 0 /* as in container.c */

int container_split(struct container *container, iova_t iova, struct host_work *work)
{
	const struct host_table *table = &container->config.table;

	if (iova & (PAGE_BYTES - 1))
		return EINVAL;

	struct range *mapping = ranges_find(&container->mappings, iova, iova);

	work->container_finds++;
	if (!mapping || mapping->first == iova)
		return 0;
	if (!table->split)
		return EOPNOTSUPP;

	enum map_status status = table->split(table->argument, iova, &work->table);
	struct range rest = *mapping;

	work->table_calls++;
	if (status == MAP_NO_MEMORY)
		return ENOMEM;
	REQUIRE(status == MAP_OK);
	rest.first = iova;
	rest.value[MAPPING_VADDR] += iova - mapping->first;
	if (container->config.registrations)
		REQUIRE(registration_use(container->config.registrations, rest.value[MAPPING_VADDR],
					 rest.last - rest.first + 1, work) == 0);
	mapping->last = iova - 1;
	ranges_insert(&container->mappings, &rest);
	work->mappings_inserted++;
	return 0;
}
