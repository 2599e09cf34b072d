/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest on POWER: it sees no IOMMU, but DMA windows, whose translation control entries (TCEs) it has the host set and
 * clear by hypercalls; the host checks each and writes the table that its bridge reads.
 */
#include "sim/power_guest.h"
#include "sim/power_host.h"
#include "sim/translation.h"

static iova_t iova_limit(const struct config *config, const char **what)
{
	(void)config;
	*what = "";
	return UINT64_MAX; /* the guest maps where its windows are, not where the recording did */
}

static bool create_guest(struct guest *guest, struct err *err)
{
	(void)err;
	power_guest_create(guest);
	return true;
}

const struct translation translation_paravirt = {
	.hugetlb = true,
	.kernel_page_lg2 = power_host_kernel_page_lg2,
	.iova_limit = iova_limit,
	.create_host = power_host_create,
	.create_guest = create_guest,
	.create_domain = power_guest_create_domain,
	.assign = power_host_assign,
	.start_memory = power_host_start_memory,
	.start = power_host_start,
	.map = power_guest_map,
	.unmap = power_guest_unmap,
	.attach = power_guest_attach,
};
