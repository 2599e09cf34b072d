/* SPDX-License-Identifier: Apache-2.0 */
#include "models/base/random.h"

#include "models/base/require.h"
#include "models/base/units.h"

uint64_t random_below(struct random *random, uint64_t bound)
{
	REQUIRE(bound > 0);
	uint64_t threshold = (UINT64_MAX - bound + 1) % bound;

	for (;;) {
		u128_t product = (u128_t)random_next(random) * bound;

		if ((uint64_t)product >= threshold)
			return (uint64_t)(product >> 64);
	}
}
