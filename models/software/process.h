/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of the host as its memory manager answers for it: which addresses have what behind them, where that
 * lies, and what is locked.  A VFIO or iommufd call takes its memory from here; which calls are legal is not here.
 *
 * An area is a mapping of the process (a VMA): addresses with one kind of backing.  A pin of a page asks for the
 * run from it on that is physically contiguous, and is refused where the kernel's get_user_pages() would give
 * EFAULT: no area, an area without the permission, a page beyond the end of its file.
 *
 * Sources: [LINUX] mm/gup.c (check_vma_flags, pin_user_pages), drivers/vfio/vfio_iommu_type1.c (vaddr_get_pfns),
 * include/linux/mm_types.h (locked_vm, pinned_vm); recorded answers of kernels.
 */
#ifndef IOMMUSIM_SOFTWARE_PROCESS_H
#define IOMMUSIM_SOFTWARE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/base/units.h"
#include "models/software/account.h"
#include "models/software/pins.h"

enum area_kind {
	AREA_ANONYMOUS, /* private memory that was written: anonymous, transparent huge or hugetlb pages */
	AREA_UNTOUCHED, /* private memory that was never written: reads would find the zero page */
	AREA_SHARED,    /* a file's or memfd's page cache */
	AREA_PRIVATE,   /* a file mapped privately: what is written is copied first */
	AREA_DEVICE,    /* a device's BAR: addresses without pages, neither pinned nor accounted */
};

struct area {
	uint64_t vaddr, bytes; /* multiples of the page */
	enum area_kind kind;
	unsigned permissions;  /* PT_READ, PT_WRITE of the process itself; 0: PROT_NONE */
	phys_t base;           /* where vaddr lies */
	phys_t copies;         /* AREA_PRIVATE: where the process's own pages of it lie, base being the file's */
	unsigned page_lg2;     /* of the pages behind it, 12 to 30: a run ends at their physical multiples.
				  SIMPLIFIED: a real host's small pages are neighbours by chance */
	bool hugetlb;          /* they are of hugetlb: a TCE may be as large (registration.h) */
	uint64_t backed_bytes; /* of a file: up to its end, rounded up to pages; otherwise bytes */
};

struct registrations;

struct process {
	struct account account;
	struct pins *pins;                   /* of the machine's memory; not owned */
	struct registrations *registrations; /* of its memory (registration.h); NULL: none can be */
	struct area *area;                   /* [area_count] by vaddr, disjoint */
	size_t area_count, area_capacity;
	/* A pin for reading takes what private memory shares with others: the zero page, a file's page.  Kernels that do
	 * not, and pins for writing, give it a page of its own: kernel_pin_shares_reads().  SIMPLIFIED: an area stays as it
	 * was when a page of it has become its own; the zero page lies in the area's own frames. */
	bool shares_reads;
	bool exited;        /* process_exit() */
	uint64_t pinned_vm; /* VmPin in pages, as iommufd keeps it (mm->pinned_vm): it wraps where the kernel's does */
};

/* limit_bytes as account_init.  No areas. */
void process_init(struct process *process, struct pins *pins, uint64_t limit_bytes);
void process_fini(struct process *process);

/*
 * The process ends: its areas go; pages that are pinned stay pinned, and who unpins them later finds no one to uncharge.
 * The struct stays until no mapping refers to it.
 */
void process_exit(struct process *process);

/* mmap: the area's addresses must be free. */
void process_add_area(struct process *process, const struct area *area);
/* munmap: what lies in [vaddr, vaddr + bytes) goes, areas are cut; pages that are pinned stay pinned. */
void process_remove_areas(struct process *process, uint64_t vaddr, uint64_t bytes);
/* The area that holds vaddr, or NULL.  Valid until areas are added or removed. */
const struct area *process_area(const struct process *process, uint64_t vaddr);

struct process_run {
	phys_t phys;
	uint64_t bytes;    /* 0: EFAULT */
	bool is_memory;    /* false: of a device, or the zero page: nothing to pin or to account */
	unsigned page_lg2; /* a longer run would have ended at its physical multiples */
};

/* The contiguous run from vaddr on, at most bytes, that a pin for reading, or writing too, gives. */
struct process_run process_run(const struct process *process, uint64_t vaddr, uint64_t bytes, bool write);

#endif
