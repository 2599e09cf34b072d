/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/table_list.h"

#include <stdlib.h>

#include "models/base/require.h"

void table_list_add(struct table_list *list, phys_t page)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 8;
		list->page = reallocarray(list->page, list->capacity, sizeof(*list->page));
		REQUIRE(list->page);
	}
	list->page[list->count++] = page;
}

void table_list_move(struct table_list *from, struct table_list *into)
{
	for (size_t i = 0; i < from->count; i++)
		table_list_add(into, from->page[i]);
	from->count = 0;
}

void table_list_fini(struct table_list *list)
{
	free(list->page);
	*list = (struct table_list){ 0 };
}
