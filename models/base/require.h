/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A programmer's error: always compiled in.  Bad input never ends here (see
 * err.h), nor does an architected fault (that is data in a result).
 */
#ifndef IOMMUSIM_BASE_REQUIRE_H
#define IOMMUSIM_BASE_REQUIRE_H

#define REQUIRE(condition) \
	do { \
		if (!(condition)) \
			__builtin_trap(); \
	} while (0)

#endif
