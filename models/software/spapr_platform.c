/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr_platform.h"

#include <errno.h>

#include "models/base/bits.h"

#define ENTRY_LG2          3u
#define LEVELS_MAX         5u  /* POWERNV_IOMMU_MAX_LEVELS */
#define ADDRESS_LG2        55u /* bits that a table's levels and page may have together are below this */
#define ALLOCATION_LG2     24u /* 16 MiB: pages of 64 KiB and MAX_PAGE_ORDER 8, or 4 KiB and 12 */
#define WINDOW64_START     BIT64(59)
#define DEFAULT_PAGE_LG2   12u                  /* IOMMU_PAGE_SHIFT_4K */
#define HYPERVISOR_ENTRIES UINT64_C(0x80000000) /* of a window, as QEMU's ibm,query-pe-dma-window says */

static bool is_power_of_two(uint64_t number)
{
	return number && !(number & (number - 1));
}

static unsigned lg2(uint64_t power)
{
	return 63u - (unsigned)__builtin_clzll(power);
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- PowerNV ---- */

/* Bytes (log2) of a table of each level. */
static unsigned level_lg2(unsigned kernel_page_lg2, const struct spapr_request *request)
{
	unsigned entries_lg2 = lg2(request->bytes) - request->page_lg2;

	return (unsigned)max((entries_lg2 + request->levels - 1) / request->levels + ENTRY_LG2, kernel_page_lg2);
}

/* A window of less than a page is refused, too: Linux computes with its page bits as if they were a huge number. */
static bool is_possible(const struct spapr_request *request)
{
	return request->levels >= 1 && request->levels <= LEVELS_MAX && is_power_of_two(request->bytes) &&
	       lg2(request->bytes) >= request->page_lg2;
}

/* The table when all of it is there, and as much for the user view. */
static uint64_t powernv_accounted_bytes(unsigned kernel_page_lg2, const struct spapr_request *request)
{
	if (!is_possible(request))
		return 0;

	uint64_t direct = UINT64_C(1) << level_lg2(kernel_page_lg2, request);
	uint64_t level = max(PAGE_BYTES, request->bytes >> request->page_lg2 << ENTRY_LG2), bytes = 0;

	for (unsigned i = 0; i < request->levels; i++) {
		bytes += (level + direct - 1) & ~(direct - 1);
		level = max(level / direct << ENTRY_LG2, direct);
	}
	return 2 * bytes;
}

/* Its table has at least a kernel's page, so the window has as many pages as that has entries. */
static int powernv_place(unsigned kernel_page_lg2, const struct spapr_request *request, struct spapr_place *place)
{
	unsigned table_lg2 = level_lg2(kernel_page_lg2, request);

	if ((table_lg2 - ENTRY_LG2) * request->levels + request->page_lg2 >= ADDRESS_LG2)
		return EINVAL;
	if (table_lg2 > ALLOCATION_LG2)
		return ENOMEM;
	place->start = request->number ? WINDOW64_START : spapr_powernv.window32_start;
	place->bytes = max(request->bytes, UINT64_C(1) << (kernel_page_lg2 - ENTRY_LG2 + request->page_lg2));
	return 0;
}

const struct spapr_platform spapr_powernv = {
	.name = "powernv",
	.window32_bytes = UINT64_C(0x80000000),
	.page_sizes = BIT64(12) | BIT64(16) | BIT64(21) | BIT64(30),
	.levels = LEVELS_MAX,
	.eeh = true,
	.shares_tables = true,
	.accounted_bytes = powernv_accounted_bytes,
	.place = powernv_place,
};

/* ---- pSeries ---- */

/* The table, wherever it is; no user view.  Of several levels Linux says so many bytes that none can be meant. */
static uint64_t pseries_accounted_bytes(unsigned kernel_page_lg2, const struct spapr_request *request)
{
	(void)kernel_page_lg2;
	return request->levels > 1 ? UINT32_MAX : request->bytes >> (request->page_lg2 - ENTRY_LG2);
}

/*
 * The default window stays the hypervisor's first (QEMU's property for it is too short for Linux to remove it), so a
 * window of any other kind lies where the second does.
 */
static int pseries_place(unsigned kernel_page_lg2, const struct spapr_request *request, struct spapr_place *place)
{
	bool is_default = request->number == 0 && request->page_lg2 == DEFAULT_PAGE_LG2 &&
			  request->bytes <= spapr_pseries.window32_bytes;

	(void)kernel_page_lg2;
	if (!is_power_of_two(request->bytes) || request->levels > 1 ||
	    request->bytes >> request->page_lg2 > HYPERVISOR_ENTRIES)
		return EINVAL;
	if (request->number == 0 && request->other)
		return EPERM; /* to get the default window back, the hypervisor would remove the other */
	if (request->bytes >> request->page_lg2 == 0 || (request->other && request->other->start == WINDOW64_START))
		return ENODEV; /* SIMPLIFIED: Linux also never tries again */
	place->start = is_default ? spapr_pseries.window32_start : WINDOW64_START;
	place->bytes = request->bytes;
	return 0;
}

const struct spapr_platform spapr_pseries = {
	.name = "pseries",
	.window32_bytes = UINT64_C(0x40000000),
	.page_sizes = BIT64(12) | BIT64(16) | BIT64(21) | BIT64(24),
	.levels = 1,
	.by_hypercall = true,
	.accounted_bytes = pseries_accounted_bytes,
	.place = pseries_place,
};
