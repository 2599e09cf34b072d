/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/origin.h"

#include <stdlib.h>
#include <string.h>

#include "models/base/require.h"

struct origin *origin_create(void)
{
	struct origin *origin = calloc(parameter_count, sizeof(*origin));

	REQUIRE(origin);
	return origin;
}

static void origin_clear(struct origin *origin)
{
	free(origin->where);
	free(origin->source);
	*origin = (struct origin){ 0 };
}

void origin_destroy(struct origin *origin)
{
	for (size_t i = 0; origin && i < parameter_count; i++)
		origin_clear(&origin[i]);
	free(origin);
}

void origin_set(struct origin *origin, const char *where, const char *source)
{
	origin_clear(origin);
	origin->where = strdup(where);
	REQUIRE(origin->where);
	if (source) {
		origin->source = strdup(source);
		REQUIRE(origin->source);
	}
}

const char *scenario_parameter_source(const struct scenario *scenario, const struct parameter *parameter)
{
	const struct origin *origin = scenario->origin ? &scenario->origin[parameter - parameters] : NULL;

	if (origin && origin->source)
		return origin->source;
	return origin && origin->where ? origin->where : parameter->source;
}
