/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A POWER guest's DMA windows as its hypervisor has them: H_PUT_TCE, H_PUT_TCE_INDIRECT, H_STUFF_TCE and H_GET_TCE on
 * one logical bus number (LIOBN), whose device is a VFIO container's.
 *
 * Two ways to handle a call.  In userspace: every call exits to the device model (QEMU), which writes the guest's table
 * and makes a VFIO map or unmap call for each entry, and tells the guest of success whatever those say.  In the kernel
 * (KVM with the container's windows attached): each entry is checked against the registered memory and exchanged
 * there; what the kernel finds too hard goes on to the device model, and is then done again as a whole.
 *
 * Not here: time, and the guest's own code, which chooses the calls.
 *
 * Sources: [LINUX] arch/powerpc/kvm/book3s_64_vio.c (kvmppc_h_put_tce, kvmppc_h_put_tce_indirect, kvmppc_h_stuff_tce,
 * kvmppc_tce_iommu_do_map, kvm_spapr_tce_attach_iommu_group), [QEMU] hw/ppc/spapr_iommu.c (put_tce_emu,
 * h_put_tce_indirect, h_stuff_tce), hw/vfio/container.c, listener.c (vfio_iommu_map_notify).
 */
#ifndef IOMMUSIM_SOFTWARE_SPAPR_HYPERCALL_H
#define IOMMUSIM_SOFTWARE_SPAPR_HYPERCALL_H

#include "models/software/spapr.h"

/* Return codes of hypercalls ([LINUX] arch/powerpc/include/asm/hvcall.h). */
#define H_SUCCESS   INT64_C(0)
#define H_PARAMETER INT64_C(-4)

#define SPAPR_INDIRECT_MAX 512u /* TCEs of one H_PUT_TCE_INDIRECT: a page of them */

/* Guest memory of one guest: where its device model has it, and what it holds. */
struct spapr_slot {
	uint64_t gpa, bytes;
	uint64_t vaddr;
};

struct spapr_guest {
	struct process *process;       /* the device model; not owned */
	const struct spapr_slot *slot; /* [slot_count], disjoint */
	size_t slot_count;
	struct memory_view memory; /* guest-physical: lists of TCEs are read here, big-endian */
};

struct spapr_attachment {
	struct vfio_container *container;
	struct spapr_window *window; /* in the kernel: the one that holds the guest's window */
};

/* One DMA window of a guest. */
struct spapr_liobn {
	const struct spapr_guest *guest;
	unsigned host_page_lg2; /* of the host's kernel */
	iova_t start;
	unsigned page_lg2; /* 12 to 34 */
	uint64_t entries;
	bool in_kernel;
	struct memory *tces; /* the guest's table: any words, entry i at 8 * i */
	uint64_t accounted_bytes;
	struct spapr_attachment *attached; /* [attached_count] */
	size_t attached_count;
};

/* In the kernel the table is the process's locked memory: ENOMEM. */
int spapr_liobn_init(struct spapr_liobn *liobn, const struct spapr_guest *guest, unsigned host_page_lg2, iova_t start,
		     unsigned page_lg2, uint64_t entries, bool in_kernel, struct host_work *work);
void spapr_liobn_fini(struct spapr_liobn *liobn, struct host_work *work);

/*
 * A container's device is on this bus.  In the kernel it must have a window that starts here, is at least as large, and
 * has pages at most as large: EINVAL.  Detach it before that window is removed.
 */
int spapr_liobn_attach(struct spapr_liobn *liobn, struct vfio_container *container);
void spapr_liobn_detach(struct spapr_liobn *liobn, const struct vfio_container *container);

/*
 * The hypercalls; H_SUCCESS or H_PARAMETER.  ioba: an address in the window.  tce: guest-physical address, TCE_R, TCE_W;
 * without either, the entry is taken out (and the word is kept).  list: guest-physical, a multiple of 4 KiB.
 * work: hypercalls, hypercall_exits, tces_checked, tces_put, and what maps and unmaps of windows add.
 */
int64_t spapr_hypercall_put(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, struct host_work *work);
int64_t spapr_hypercall_put_indirect(struct spapr_liobn *liobn, uint64_t ioba, uint64_t list, uint64_t count,
				     struct host_work *work);
int64_t spapr_hypercall_stuff(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, uint64_t count,
			      struct host_work *work);
int64_t spapr_hypercall_get(struct spapr_liobn *liobn, uint64_t ioba, uint64_t *tce, struct host_work *work);

#endif
