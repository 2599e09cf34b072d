/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/host.h"

#include <stddef.h>

#include "models/base/require.h"
#include "models/pagetable/split.h"
#include "models/pagetable/walk.h"

static enum map_status map_in_page_table(void *argument, iova_t iova, phys_t output, uint64_t bytes,
					 unsigned permissions, struct map_work *work)
{
	return page_table_map(argument, iova, output, bytes, permissions, pt_entry_lg2(PT_LEVELS_MAX - 1), work);
}

static void unmap_in_page_table(void *argument, iova_t iova, uint64_t bytes, struct map_work *work)
{
	REQUIRE(page_table_unmap(argument, iova, bytes, work, NULL, NULL) == MAP_OK);
}

static uint64_t leaf_of(const struct page_table *table, iova_t iova)
{
	struct walk walk;

	walk_begin(&walk, table->format, &table->rules, table->root, iova, 0);
	while (walk_wants_read(&walk))
		walk_feed(&walk, view_read64(table->view, walk.want_address));
	return walk.status == WALK_OK ? UINT64_C(1) << walk.size_lg2 : 0;
}

static uint64_t leaf_in_page_table(void *argument, iova_t iova)
{
	return leaf_of(argument, iova);
}

static enum map_status split_in_page_table(void *argument, iova_t at, struct map_work *work)
{
	struct split_range range;

	return page_table_split(argument, at, &range, work);
}

struct host_table host_table_of(struct page_table *table)
{
	return (struct host_table){
		.argument = table,
		.map = map_in_page_table,
		.unmap = unmap_in_page_table,
		.leaf = leaf_in_page_table,
		.split = split_in_page_table,
	};
}

static enum map_status map_in_domain(void *argument, iova_t iova, phys_t output, uint64_t bytes, unsigned permissions,
				     struct map_work *work)
{
	struct host_domain *host = argument;
	enum map_status status = vtd_domain_map(host->domain, iova, output, bytes, permissions, work);

	if (status == MAP_OK)
		vtd_domain_sync_map(host->domain, iova, bytes, host->list);
	return status;
}

static void unmap_in_domain(void *argument, iova_t iova, uint64_t bytes, struct map_work *work)
{
	struct host_domain *host = argument;

	REQUIRE(vtd_domain_unmap(host->domain, iova, bytes, &host->gather, host->list, work) == MAP_OK);
}

static uint64_t leaf_in_domain(void *argument, iova_t iova)
{
	const struct host_domain *host = argument;

	return leaf_of(vtd_domain_table(host->domain), iova);
}

static enum map_status split_in_domain(void *argument, iova_t at, struct map_work *work)
{
	struct host_domain *host = argument;

	return vtd_domain_split(host->domain, at, host->list, work);
}

struct host_table host_table_of_domain(struct host_domain *domain)
{
	return (struct host_table){
		.argument = domain,
		.map = map_in_domain,
		.unmap = unmap_in_domain,
		.leaf = leaf_in_domain,
		.split = split_in_domain,
	};
}
