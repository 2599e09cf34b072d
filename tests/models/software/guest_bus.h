/* SPDX-License-Identifier: Apache-2.0 */
/* A guest of a POWER host for tests of hypercalls. */
#ifndef IOMMUSIM_TESTS_GUEST_BUS_H
#define IOMMUSIM_TESTS_GUEST_BUS_H

#include <check.h>

#include "models/pagetable/tce.h"
#include "models/software/spapr_hypercall.h"
#include "tests/models/software/spapr_fixture.h"

#define V1         VFIO_SPAPR_TCE_IOMMU
#define V2         VFIO_SPAPR_TCE_v2_IOMMU
#define RAM_GPA    UINT64_C(0x10000000) /* the guest's memory does not begin at 0 */
#define LIST_GPA   (RAM_GPA + 0x800000)
#define ENTRIES    1024u
#define RW         (TCE_R | TCE_W)
#define W64        (UINT64_C(1) << 59)
#define UNTOUCHED  UINT64_C(0xdead)
#define REGISTERED UINT64_C(0x400000)

/* A guest whose bus is one container's default window, of 4 KiB pages; of its RAM the first 4 MiB are registered. */
struct guest_bus {
	struct power_host host;
	struct spapr_slot slot;
	struct spapr_guest guest;
	struct spapr_liobn liobn;
	struct memory *ram;
};

static inline void bus_init(struct guest_bus *at, uint64_t type, bool in_kernel)
{
	power_host_init(&at->host, &spapr_powernv, 16);
	at->ram = memory_create();
	at->slot = (struct spapr_slot){ .gpa = RAM_GPA, .bytes = RAM_BYTES, .vaddr = RAM_VADDR };
	at->guest = (struct spapr_guest){
		.process = &at->host.process, .slot = &at->slot, .slot_count = 1, .memory = { .memory = at->ram }
	};
	power_open(&at->host, 0, type);
	if (type == V2)
		ck_assert_int_eq(power_register(&at->host, 0, RAM_VADDR, REGISTERED), 0);
	else
		ck_assert_int_eq(power_call(&at->host, 0, VFIO_IOMMU_ENABLE, NULL), 0);
	ck_assert_int_eq(power_unmap(&at->host, 0, 0, 0, 0x1000), 0); /* makes the default window */
	ck_assert_int_eq(spapr_liobn_init(&at->liobn, &at->guest, 16, 0, 12, ENTRIES, in_kernel, &at->host.work), 0);
	ck_assert_int_eq(spapr_liobn_attach(&at->liobn, &at->host.container[0]), 0);
	at->host.work = (struct host_work){ 0 };
}

static inline void bus_fini(struct guest_bus *at)
{
	spapr_liobn_fini(&at->liobn, &at->host.work);
	power_host_fini(&at->host);
	memory_destroy(at->ram);
}

static inline uint64_t hardware(const struct guest_bus *at, uint64_t ioba)
{
	return tce_table_get(&((struct spapr_container *)at->host.container[0].state)->window[0]->table, ioba);
}

static inline void write_list(struct guest_bus *at, unsigned index, uint64_t tce)
{
	view_write64(at->guest.memory, LIST_GPA + 8 * index, __builtin_bswap64(tce));
}

static inline uint64_t mapped(const struct guest_bus *at)
{
	struct host_work work = { 0 };

	return registration_exact(&at->host.registrations, RAM_VADDR, REGISTERED, &work)->mapped;
}

static inline int64_t bus_put(struct guest_bus *at, uint64_t ioba, uint64_t tce)
{
	at->host.work = (struct host_work){ 0 };
	return spapr_hypercall_put(&at->liobn, ioba, tce, &at->host.work);
}

static inline int64_t bus_put_indirect(struct guest_bus *at, uint64_t ioba, uint64_t list, uint64_t count)
{
	at->host.work = (struct host_work){ 0 };
	return spapr_hypercall_put_indirect(&at->liobn, ioba, list, count, &at->host.work);
}

static inline int64_t bus_stuff(struct guest_bus *at, uint64_t ioba, uint64_t tce, uint64_t count)
{
	at->host.work = (struct host_work){ 0 };
	return spapr_hypercall_stuff(&at->liobn, ioba, tce, count, &at->host.work);
}

static inline uint64_t bus_get(struct guest_bus *at, uint64_t ioba)
{
	uint64_t tce = UNTOUCHED;

	ck_assert_int_eq(spapr_hypercall_get(&at->liobn, ioba, &tce, &at->host.work), H_SUCCESS);
	return tce;
}

#endif
