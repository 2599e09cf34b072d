/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locked memory of one process, as the kernel accounts pinned pages.  There
 * is no notion of "the same page": what is pinned through two containers, or at
 * two IOVAs, is charged twice; what is registered is charged once.
 *
 * Sources: [LINUX] drivers/vfio/vfio_iommu_type1.c, mm/util.c (account_locked_vm),
 * drivers/iommu/iommufd/pages.c; recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_ACCOUNT_H
#define IOMMUSIM_SOFTWARE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

/* Where pages are charged. */
enum account_mode {
	ACCOUNT_MM,   /* the process (mm->locked_vm, VmLck): type1, sPAPR, iommufd's VFIO compatibility */
	ACCOUNT_USER, /* its user (user->locked_vm) under the limit, shown in VmPin: iommufd */
	ACCOUNT_NONE, /* no limit; shown in VmPin only */
	ACCOUNT_MODES
};

#define ACCOUNT_UNLIMITED UINT64_MAX

struct account {
	uint64_t limit_pages; /* RLIMIT_MEMLOCK in pages; ACCOUNT_UNLIMITED with CAP_IPC_LOCK */
	uint64_t pages[ACCOUNT_MODES];
	uint64_t total, peak; /* over all modes; 4 KiB pages */
};

/* limit_bytes 0: unlimited, as the parameter machine.memlock_limit_bytes.  A limit is rounded down to pages. */
void account_init(struct account *account, uint64_t limit_bytes);

/* Could pages more be charged? */
bool account_fits(const struct account *account, enum account_mode mode, uint64_t pages);

/* All of it (0) or nothing (ENOMEM). */
int account_charge(struct account *account, enum account_mode mode, uint64_t pages);
/* The same for who had CAP_IPC_LOCK when it asked: no limit holds. */
void account_charge_unlimited(struct account *account, enum account_mode mode, uint64_t pages);
void account_uncharge(struct account *account, enum account_mode mode, uint64_t pages);

#endif
