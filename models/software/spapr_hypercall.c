/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr_hypercall.h"

#include <errno.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "models/pagetable/tce.h"

#define H_TOO_HARD INT64_C(9999) /* of KVM only: the device model is asked */

#define ENTRY_LG2 3u
#define VALID     (TCE_R | TCE_W)
#define LIST_PAGE UINT64_C(4096)

#define STT_BYTES 128u /* struct kvmppc_spapr_tce_table, about: a page is charged for it and its page list */

/* ---- the window ---- */

static uint64_t page_bytes(const struct spapr_liobn *liobn)
{
	return UINT64_C(1) << liobn->page_lg2;
}

/* kvmppc_stt_pages: the table, and the list of its pages. */
static uint64_t accounted_bytes(const struct spapr_liobn *liobn)
{
	uint64_t page = UINT64_C(1) << liobn->host_page_lg2;
	uint64_t pages = ((liobn->entries << ENTRY_LG2) + page - 1) >> liobn->host_page_lg2;
	uint64_t list = (STT_BYTES + (pages << ENTRY_LG2) + page - 1) >> liobn->host_page_lg2;

	return (pages + list) << liobn->host_page_lg2;
}

int spapr_liobn_init(struct spapr_liobn *liobn, const struct spapr_guest *guest, unsigned host_page_lg2, iova_t start,
		     unsigned page_lg2, uint64_t entries, bool in_kernel, struct host_work *work)
{
	REQUIRE(page_lg2 >= PAGE_LG2 && page_lg2 <= 34 && entries > 0);
	*liobn = (struct spapr_liobn){ .guest = guest,
				       .host_page_lg2 = host_page_lg2,
				       .start = start,
				       .page_lg2 = page_lg2,
				       .entries = entries,
				       .in_kernel = in_kernel };
	if (in_kernel) {
		liobn->accounted_bytes = accounted_bytes(liobn);
		work->account_operations++;
		if (account_charge(&guest->process->account, ACCOUNT_MM, liobn->accounted_bytes >> PAGE_LG2))
			return ENOMEM;
	}
	liobn->tces = memory_create();
	return 0;
}

void spapr_liobn_fini(struct spapr_liobn *liobn, struct host_work *work)
{
	if (liobn->in_kernel) {
		work->account_operations++;
		account_uncharge(&liobn->guest->process->account, ACCOUNT_MM, liobn->accounted_bytes >> PAGE_LG2);
	}
	memory_destroy(liobn->tces);
	free(liobn->attached);
	*liobn = (struct spapr_liobn){ 0 };
}

int spapr_liobn_attach(struct spapr_liobn *liobn, struct vfio_container *container)
{
	struct spapr_window *window = NULL;

	if (liobn->in_kernel) {
		window = spapr_window_at(container->state, liobn->start);
		if (!window || window->place.start != liobn->start || window->page_lg2 > liobn->page_lg2 ||
		    window->place.bytes < liobn->entries << liobn->page_lg2)
			return EINVAL;
	}
	liobn->attached = heap_resized(liobn->attached, liobn->attached_count + 1, sizeof(*liobn->attached));
	liobn->attached[liobn->attached_count++] =
		(struct spapr_attachment){ .container = container, .window = window };
	return 0;
}

void spapr_liobn_detach(struct spapr_liobn *liobn, const struct vfio_container *container)
{
	for (size_t i = liobn->attached_count; i-- > 0;)
		if (liobn->attached[i].container == container)
			liobn->attached[i] = liobn->attached[--liobn->attached_count];
}

/* Where the device model has so many bytes of the guest; false: not all of them are one piece of memory. */
static bool vaddr_of(const struct spapr_liobn *liobn, uint64_t gpa, uint64_t bytes, uint64_t *vaddr)
{
	for (size_t i = 0; i < liobn->guest->slot_count; i++) {
		const struct spapr_slot *slot = &liobn->guest->slot[i];

		if (gpa - slot->gpa < slot->bytes && bytes <= slot->bytes - (gpa - slot->gpa)) {
			*vaddr = slot->vaddr + (gpa - slot->gpa);
			return true;
		}
	}
	return false;
}

static unsigned permissions_of(uint64_t tce)
{
	return (tce & TCE_R ? PT_READ : 0u) | (tce & TCE_W ? PT_WRITE : 0u);
}

static uint64_t list_read(const struct spapr_liobn *liobn, uint64_t list, uint64_t index)
{
	return pt_word(&tce_format, view_read64(liobn->guest->memory, list + (index << ENTRY_LG2)));
}

static void table_write(struct spapr_liobn *liobn, uint64_t index, uint64_t tce, struct host_work *work)
{
	memory_write64(liobn->tces, index << ENTRY_LG2, tce);
	work->tces_put++;
}

/* ---- in userspace: [QEMU] ---- */

/* What the container says of it is written to a log. */
static void notify(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, struct host_work *work)
{
	struct process *process = liobn->guest->process;
	uint64_t vaddr;

	if (tce & VALID && !vaddr_of(liobn, tce & ~(page_bytes(liobn) - 1), page_bytes(liobn), &vaddr))
		return; /* no memory: nothing is mapped, and what was stays */
	for (size_t i = 0; i < liobn->attached_count; i++) {
		struct vfio_container *container = liobn->attached[i].container;

		if (tce & VALID) {
			struct spapr_map_call map = { .flags = SPAPR_MAP_READ | (tce & TCE_W ? SPAPR_MAP_WRITE : 0),
						      .vaddr = vaddr,
						      .iova = ioba,
						      .bytes = page_bytes(liobn) };

			vfio_call(container, process, VFIO_IOMMU_MAP_DMA, &map, work);
		} else {
			struct spapr_unmap_call unmap = { .iova = ioba, .bytes = page_bytes(liobn) };

			vfio_call(container, process, VFIO_IOMMU_UNMAP_DMA, &unmap, work);
		}
	}
}

static int64_t user_put(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, struct host_work *work)
{
	uint64_t index = (ioba - liobn->start) >> liobn->page_lg2;

	if (index >= liobn->entries)
		return H_PARAMETER;
	table_write(liobn, index, tce, work);
	notify(liobn, ioba & ~(page_bytes(liobn) - 1), tce, work);
	return H_SUCCESS;
}

/* No TCEs at all are a bad parameter. */
static int64_t user_put_indirect(struct spapr_liobn *liobn, uint64_t ioba, uint64_t list, uint64_t count,
				 struct host_work *work)
{
	int64_t result = H_PARAMETER;

	if (count > SPAPR_INDIRECT_MAX || list & (LIST_PAGE - 1))
		return H_PARAMETER;
	for (uint64_t i = 0; i < count; i++) {
		result = user_put(liobn, ioba + (i << liobn->page_lg2), list_read(liobn, list, i), work);
		if (result != H_SUCCESS)
			break;
	}
	return result;
}

static int64_t user_stuff(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, uint64_t count,
			  struct host_work *work)
{
	int64_t result = H_PARAMETER;

	if (count > liobn->entries)
		return H_PARAMETER;
	for (uint64_t i = 0; i < count; i++) {
		result = user_put(liobn, ioba + (i << liobn->page_lg2), tce, work);
		if (result != H_SUCCESS)
			break;
	}
	return result;
}

/* ---- in the kernel: [LINUX] KVM ---- */

/*
 * Aligned, and all entries in the window.  Linux looks at the first only (iommu_tce_check_ioba is given the number and does
 * not use it) and writes past its table; that defect is not here.
 */
static bool is_in_window(const struct spapr_liobn *liobn, uint64_t ioba, uint64_t count)
{
	uint64_t index = (ioba - liobn->start) >> liobn->page_lg2;

	return !(ioba & (page_bytes(liobn) - 1)) && ioba >= liobn->start && index < liobn->entries &&
	       count <= liobn->entries - index;
}

/* Whatever the device model may yet mend is too hard. */
static int64_t kernel_check(struct spapr_liobn *liobn, uint64_t tce, struct host_work *work)
{
	struct registrations *registrations = liobn->guest->process->registrations;
	uint64_t vaddr, gpa = tce & ~VALID;

	work->tces_checked++;
	if (!(tce & VALID))
		return H_SUCCESS;
	if (gpa & (page_bytes(liobn) - 1) || !vaddr_of(liobn, gpa, 1, &vaddr))
		return H_TOO_HARD;
	for (size_t i = 0; i < liobn->attached_count; i++) {
		const struct spapr_window *window = liobn->attached[i].window;
		const struct region *region =
			registration_find(registrations, vaddr, spapr_window_page_bytes(window), work);

		if (!region || region->page_lg2 < window->page_lg2)
			return H_TOO_HARD;
	}
	return H_SUCCESS;
}

/*
 * One page of the guest's window, checked, in one of the host's, whose pages may be smaller: false when not all of it is
 * registered, or no frame is left for a table; then nothing of it is mapped.  Killed as a whole.  (Linux forgets to count
 * back what it takes out again; that defect is not here.)
 */
static bool window_put(struct spapr_liobn *liobn, struct spapr_window *window, iova_t iova, uint64_t tce,
		       struct host_work *work)
{
	struct registrations *registrations = liobn->guest->process->registrations;
	uint64_t count = UINT64_C(1) << (liobn->page_lg2 - window->page_lg2), vaddr = 0;
	bool is_put = true;

	REQUIRE(!(tce & VALID) || vaddr_of(liobn, tce & ~VALID, 1, &vaddr));
	for (uint64_t i = 0; i < count && is_put; i++) {
		uint64_t offset = i << window->page_lg2;

		if (!(tce & VALID)) {
			spapr_window_clear_one(window, registrations, iova + offset, work);
			continue;
		}
		struct region *region =
			registration_find(registrations, vaddr + offset, spapr_window_page_bytes(window), work);

		is_put = region && !spapr_window_put_region(window, registrations, iova + offset, region,
							    vaddr + offset, permissions_of(tce), work);
	}
	for (uint64_t i = 0; i < count && !is_put; i++)
		spapr_window_clear_one(window, registrations, iova + (i << window->page_lg2), work);
	spapr_window_kill(window, iova, count, work);
	return is_put;
}

static int64_t kernel_put_one(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, struct host_work *work)
{
	for (size_t i = 0; i < liobn->attached_count; i++)
		if (!window_put(liobn, liobn->attached[i].window, ioba, tce, work))
			return H_TOO_HARD;
	table_write(liobn, (ioba - liobn->start) >> liobn->page_lg2, tce, work);
	return H_SUCCESS;
}

static int64_t kernel_put(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, struct host_work *work)
{
	if (!is_in_window(liobn, ioba, 1))
		return H_PARAMETER;

	int64_t result = kernel_check(liobn, tce, work);

	return result == H_SUCCESS ? kernel_put_one(liobn, ioba, tce, work) : result;
}

/* All are checked before the first is put. */
static int64_t kernel_put_indirect(struct spapr_liobn *liobn, uint64_t ioba, uint64_t list, uint64_t count,
				   struct host_work *work)
{
	int64_t result = H_SUCCESS;
	uint64_t vaddr;

	if (count > SPAPR_INDIRECT_MAX || list & (LIST_PAGE - 1) || !is_in_window(liobn, ioba, count))
		return H_PARAMETER;
	if (!vaddr_of(liobn, list, 1, &vaddr))
		return H_TOO_HARD;
	for (uint64_t i = 0; i < count && result == H_SUCCESS; i++)
		result = kernel_check(liobn, list_read(liobn, list, i), work);
	for (uint64_t i = 0; i < count && result == H_SUCCESS; i++)
		result = kernel_put_one(liobn, ioba + (i << liobn->page_lg2), list_read(liobn, list, i), work);
	return result;
}

/* Only to take entries out. */
static int64_t kernel_stuff(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, uint64_t count,
			    struct host_work *work)
{
	if (!is_in_window(liobn, ioba, count) || tce & VALID)
		return H_PARAMETER;
	for (size_t i = 0; i < liobn->attached_count; i++)
		for (uint64_t at = 0; at < count; at++)
			window_put(liobn, liobn->attached[i].window, ioba + (at << liobn->page_lg2), tce, work);
	for (uint64_t at = 0; at < count; at++)
		table_write(liobn, ((ioba - liobn->start) >> liobn->page_lg2) + at, tce, work);
	return H_SUCCESS;
}

/* ---- the calls ---- */

/* Is the call still to be handled, by the device model? */
static bool exits(int64_t result, struct host_work *work)
{
	if (result != H_TOO_HARD)
		return false;
	work->hypercall_exits++;
	return true;
}

int64_t spapr_hypercall_put(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, struct host_work *work)
{
	int64_t result = liobn->in_kernel ? kernel_put(liobn, ioba, tce, work) : H_TOO_HARD;

	work->hypercalls++;
	return exits(result, work) ? user_put(liobn, ioba, tce, work) : result;
}

int64_t spapr_hypercall_put_indirect(struct spapr_liobn *liobn, uint64_t ioba, uint64_t list, uint64_t count,
				     struct host_work *work)
{
	int64_t result = liobn->in_kernel ? kernel_put_indirect(liobn, ioba, list, count, work) : H_TOO_HARD;

	work->hypercalls++;
	return exits(result, work) ? user_put_indirect(liobn, ioba, list, count, work) : result;
}

int64_t spapr_hypercall_stuff(struct spapr_liobn *liobn, uint64_t ioba, uint64_t tce, uint64_t count,
			      struct host_work *work)
{
	int64_t result = liobn->in_kernel ? kernel_stuff(liobn, ioba, tce, count, work) : H_TOO_HARD;

	work->hypercalls++;
	return exits(result, work) ? user_stuff(liobn, ioba, tce, count, work) : result;
}

int64_t spapr_hypercall_get(struct spapr_liobn *liobn, uint64_t ioba, uint64_t *tce, struct host_work *work)
{
	uint64_t index = (ioba - liobn->start) >> liobn->page_lg2;

	work->hypercalls++;
	work->hypercall_exits += !liobn->in_kernel;
	if (index >= liobn->entries || (liobn->in_kernel && ioba & (page_bytes(liobn) - 1)))
		return H_PARAMETER;
	*tce = memory_read64(liobn->tces, index << ENTRY_LG2);
	return H_SUCCESS;
}
