/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit, its queue and its command registers.  [LINUX] drivers/iommu/intel/iommu.c: init_dmars,
 * iommu_set_root_entry, __iommu_flush_context, __iommu_flush_iotlb, iommu_flush_write_buffer;
 * dmar.c: dmar_enable_qi, qi_submit_sync, reclaim_free_desc.
 */
#include <stdlib.h>
#include <string.h>

#include "models/software/vtd_driver_private.h"

/* Status words of the queue's slots.  [LINUX] QI_IN_USE, QI_DONE */
#define STATUS_IN_USE 1u
#define STATUS_DONE   2u

void *vtd_driver_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity ? 2 * *capacity : 4;
	array = reallocarray(array, *capacity, size);
	REQUIRE(array);
	return array;
}

phys_t vtd_driver_frames(struct vtd_driver *driver, size_t count)
{
	static const uint8_t zeros[PAGE_BYTES];
	phys_t first = count == 1 ? frames_alloc(driver->frames) : frames_alloc_contiguous(driver->frames, count);

	for (size_t i = 0; first != PHYS_NONE && i < count; i++)
		memory_write(driver->view.memory, first + i * PAGE_BYTES + driver->view.offset, zeros, PAGE_BYTES);
	return first;
}

/* ---- what the unit can ---- */

/*
 * The most levels that a table of the driver may have.  In scalable mode a unit with
 * both stages must walk them in both.  [LINUX] __iommu_calculate_sagaw
 */
static unsigned usable_levels(const struct vtd_driver_config *config, bool scalable)
{
	uint64_t cap = config->capability, ecap = config->extended_capability;
	bool first = scalable && (ecap & VTD_ECAP_FSTS);
	bool second = !scalable || (ecap & VTD_ECAP_SSTS);
	bool three = !first && (cap & VTD_CAP_SAGAW_39);
	bool four = !second || (cap & VTD_CAP_SAGAW_48);
	bool five = (!first || (cap & VTD_CAP_FS5LP)) && (!second || (cap & VTD_CAP_SAGAW_57));

	if (!first && !second)
		return 0;
	return five ? 5 : four ? 4 : three ? 3 : 0;
}

static bool usable(const struct vtd_driver_config *config, bool scalable, struct err *err)
{
	if (config->host_address_width < 36 || config->host_address_width > 52)
		return err_set(err, ERR_USAGE, "host address width %u: must be 36..52", config->host_address_width);
	if (scalable && !(config->extended_capability & VTD_ECAP_QI))
		return err_set(err, ERR_USAGE, "ECAP.QI = 0: scalable mode has no other way to invalidate");
	if (!usable_levels(config, scalable))
		return err_set(err, ERR_USAGE, "CAP.SAGAW, ECAP.FSTS and ECAP.SSTS leave no usable table");
	return true;
}

bool vtd_driver_scalable(const struct vtd_driver *driver)
{
	return driver->scalable;
}

static bool has_queue(const struct vtd_driver *driver)
{
	return driver->config.extended_capability & VTD_ECAP_QI;
}

bool vtd_driver_caching_mode(const struct vtd_driver *driver)
{
	return driver->config.capability & VTD_CAP_CM;
}

bool vtd_driver_strict(const struct vtd_driver *driver)
{
	return driver->config.strict || vtd_driver_caching_mode(driver);
}

/* ---- life ---- */

struct vtd_driver *vtd_driver_create(const struct vtd_driver_config *config, struct memory_view view,
				     struct frames *frames, struct err *err)
{
	bool scalable = config->scalable && (config->extended_capability & VTD_ECAP_SMTS);
	struct vtd_driver *driver;

	if (!usable(config, scalable, err))
		return NULL;

	driver = calloc(1, sizeof(*driver));
	REQUIRE(driver);
	driver->config = *config;
	driver->view = view;
	driver->frames = frames;
	driver->scalable = scalable;
	driver->levels = usable_levels(config, scalable);
	driver->slot_bytes = config->extended_capability & VTD_ECAP_SMTS ? 32 : 16;
	driver->free_slots = VTD_DRIVER_QUEUE_LENGTH;
	driver->id_count = 1u << (4 + 2 * FIELD_GET(VTD_CAP_ND, config->capability));
	driver->ids = calloc((driver->id_count + 63) / 64, sizeof(*driver->ids));
	REQUIRE(driver->ids);

	driver->root = vtd_driver_frames(driver, 1);
	driver->queue = vtd_driver_frames(driver, driver->slot_bytes * VTD_DRIVER_QUEUE_LENGTH / PAGE_BYTES);
	driver->status = vtd_driver_frames(driver, 1);
	if (driver->root == PHYS_NONE || driver->queue == PHYS_NONE || driver->status == PHYS_NONE) {
		err_set(err, ERR_USAGE, "no memory left for the driver's root table and queue");
		vtd_driver_destroy(driver);
		return NULL;
	}
	return driver;
}

void vtd_driver_destroy(struct vtd_driver *driver)
{
	if (!driver)
		return;
	REQUIRE(driver->domains == 0);
	if (driver->root != PHYS_NONE)
		vtd_driver_free_structures(driver);
	if (driver->queue != PHYS_NONE)
		for (phys_t page = 0; page < driver->slot_bytes * VTD_DRIVER_QUEUE_LENGTH; page += PAGE_BYTES)
			frames_free(driver->frames, driver->queue + page);
	if (driver->status != PHYS_NONE)
		frames_free(driver->frames, driver->status);
	free(driver->attachment);
	free(driver->ids);
	free(driver);
}

static void write_command(struct vtd_driver *driver, const struct vtd_driver_registers *registers, uint64_t once)
{
	registers->write(registers->argument, VTD_REG_GCMD, 4, driver->command | once);
}

void vtd_driver_start(struct vtd_driver *driver, const struct vtd_driver_registers *registers,
		      struct vtd_invalidations *list)
{
	uint64_t queue = driver->queue;
	uint64_t root = driver->root;

	if (has_queue(driver)) {
		if (driver->slot_bytes == 32)
			queue |= VTD_IQA_DW | FIELD_PUT(VTD_IQA_QS, 1);
		registers->write(registers->argument, VTD_REG_IQT, 4, 0);
		registers->write(registers->argument, VTD_REG_IQA, 8, queue);
		driver->command |= (uint32_t)VTD_GCMD_QIE;
		write_command(driver, registers, 0);
	}
	if (driver->config.capability & VTD_CAP_RWBF)
		write_command(driver, registers, VTD_GCMD_WBF);
	if (driver->scalable)
		root |= FIELD_PUT(VTD_RTADDR_TTM, VTD_TTM_SCALABLE);
	registers->write(registers->argument, VTD_REG_RTADDR, 8, root);
	write_command(driver, registers, VTD_GCMD_SRTP);

	if (driver->config.capability & VTD_CAP_ESRTPS)
		return;
	vtd_driver_flush_context(driver, list, VTD_CC_GLOBAL, 0, 0);
	if (driver->scalable)
		vtd_driver_flush_pasid_cache(list, VTD_PC_GLOBAL, 0, 0);
	vtd_driver_flush_iotlb(driver, list, VTD_IOTLB_GLOBAL, 0, 0, true);
}

void vtd_driver_enable(struct vtd_driver *driver, const struct vtd_driver_registers *registers)
{
	if (driver->config.capability & VTD_CAP_RWBF)
		write_command(driver, registers, VTD_GCMD_WBF);
	driver->command |= (uint32_t)VTD_GCMD_TE;
	write_command(driver, registers, 0);
}

/* ---- descriptors ---- */

void vtd_invalidations_fini(struct vtd_invalidations *list)
{
	free(list->item);
	table_list_fini(&list->replaced);
	*list = (struct vtd_invalidations){ 0 };
}

static void append_by(struct vtd_invalidations *list, enum vtd_way way, uint64_t word0, uint64_t word1, bool ends)
{
	list->item = vtd_driver_grow(list->item, list->count, &list->capacity, sizeof(*list->item));
	list->item[list->count++] = (struct vtd_invalidation){ .word = { word0, word1 }, .way = way, .ends = ends };
}

static void append(struct vtd_invalidations *list, uint64_t word0, uint64_t word1, bool ends)
{
	append_by(list, VTD_BY_QUEUE, word0, word1, ends);
}

void vtd_driver_flush_context(const struct vtd_driver *driver, struct vtd_invalidations *list,
			      enum vtd_cc_granularity granularity, uint16_t id, uint16_t source_id)
{
	if (!has_queue(driver)) {
		append_by(list, VTD_BY_CONTEXT_REGISTER,
			  VTD_CCMD_ICC | FIELD_PUT(VTD_CCMD_CIRG, granularity) | FIELD_PUT(VTD_CCMD_DID, id) |
				  FIELD_PUT(VTD_CCMD_SID, source_id),
			  0, true);
		return;
	}
	append(list,
	       FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_CONTEXT) | FIELD_PUT(VTD_CC_INV0_G, granularity) |
		       FIELD_PUT(VTD_CC_INV0_DID, id) | FIELD_PUT(VTD_CC_INV0_SID, source_id),
	       0, true);
}

void vtd_driver_flush_write_buffer(const struct vtd_driver *driver, struct vtd_invalidations *list)
{
	if (driver->config.capability & VTD_CAP_RWBF)
		append_by(list, VTD_BY_GLOBAL_COMMAND, 0, 0, true);
}

/*
 * By registers: address, hint and mask have the same places in IVA_REG as in the descriptor.  Linux asks to drain
 * writes only.  [LINUX] __iommu_flush_iotlb
 */
static void flush_iotlb_by_registers(const struct vtd_driver *driver, struct vtd_invalidations *list,
				     enum vtd_iotlb_granularity granularity, uint16_t id, uint64_t address_word)
{
	uint64_t command = VTD_IOTLB_IVT | FIELD_PUT(VTD_IOTLB_IIRG, granularity) | FIELD_PUT(VTD_IOTLB_DID, id);

	if (driver->config.capability & VTD_CAP_DWD)
		command |= VTD_IOTLB_DW;
	append_by(list, VTD_BY_IOTLB_REGISTERS, address_word, command, true);
}

void vtd_driver_flush_pasid_cache(struct vtd_invalidations *list, enum vtd_pc_granularity granularity, uint16_t id,
				  uint32_t pasid)
{
	append(list,
	       FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_PASID_CACHE) | FIELD_PUT(VTD_PC_INV0_G, granularity) |
		       FIELD_PUT(VTD_PC_INV0_DID, id) | FIELD_PUT(VTD_PC_INV0_PASID, pasid),
	       0, true);
}

void vtd_driver_flush_iotlb(const struct vtd_driver *driver, struct vtd_invalidations *list,
			    enum vtd_iotlb_granularity granularity, uint16_t id, uint64_t address_word, bool ends)
{
	uint64_t word0 = FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_IOTLB) | FIELD_PUT(VTD_IOTLB_INV0_G, granularity) |
			 FIELD_PUT(VTD_IOTLB_INV0_DID, id);

	if (!has_queue(driver)) {
		flush_iotlb_by_registers(driver, list, granularity, id, address_word);
		return;
	}
	if (driver->config.capability & VTD_CAP_DWD)
		word0 |= VTD_IOTLB_INV0_DW;
	if (driver->config.capability & VTD_CAP_DRD)
		word0 |= VTD_IOTLB_INV0_DR;
	append(list, word0, address_word, ends);
}

void vtd_driver_flush_pasid_iotlb(struct vtd_invalidations *list, enum vtd_p_iotlb_granularity granularity, uint16_t id,
				  uint32_t pasid, uint64_t address_word, bool ends)
{
	append(list,
	       FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_PASID_IOTLB) | FIELD_PUT(VTD_P_IOTLB_INV0_G, granularity) |
		       FIELD_PUT(VTD_P_IOTLB_INV0_DID, id) | FIELD_PUT(VTD_P_IOTLB_INV0_PASID, pasid),
	       address_word, ends);
}

/* ---- the queue ---- */

static void write_slot(struct vtd_driver *driver, const uint64_t word[4])
{
	phys_t slot = driver->queue + driver->head * driver->slot_bytes;

	for (unsigned i = 0; i < driver->slot_bytes / 8; i++)
		view_write64(driver->view, slot + 8 * i, word[i]);
	driver->in_use[driver->head] = true;
	driver->head = (driver->head + 1) % VTD_DRIVER_QUEUE_LENGTH;
	driver->free_slots--;
}

/* The wait descriptor, and the status word it will overwrite. */
static void write_wait(struct vtd_driver *driver, struct vtd_submission *submission)
{
	phys_t status = driver->status + sizeof(uint32_t) * driver->head;
	uint8_t in_use[4] = { STATUS_IN_USE };
	uint64_t word[4] = {
		FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_WAIT) | VTD_WAIT0_SW | FIELD_PUT(VTD_WAIT0_STDATA, STATUS_DONE),
		status,
	};

	memory_write(driver->view.memory, status + driver->view.offset, in_use, sizeof(in_use));
	write_slot(driver, word);
	submission->status_address = status;
	submission->status_value = STATUS_DONE;
}

/* ---- commands by registers ---- */

static void add_write(struct vtd_register_command *command, unsigned offset, unsigned bytes, uint64_t value)
{
	unsigned i = command->writes++;

	command->write[i].offset = offset;
	command->write[i].bytes = bytes;
	command->write[i].value = value;
}

static void command_of(const struct vtd_driver *driver, const struct vtd_invalidation *item,
		       struct vtd_register_command *command)
{
	unsigned iotlb = 16u * (unsigned)FIELD_GET(VTD_ECAP_IRO, driver->config.extended_capability);

	*command = (struct vtd_register_command){ .way = item->way };
	switch (item->way) {
	case VTD_BY_QUEUE:
		break;
	case VTD_BY_CONTEXT_REGISTER:
		add_write(command, VTD_REG_CCMD, 8, item->word[0]);
		command->done.busy = VTD_CCMD_ICC;
		break;
	case VTD_BY_IOTLB_REGISTERS:
		if (FIELD_GET(VTD_IOTLB_IIRG, item->word[1]) == VTD_IOTLB_PAGE)
			add_write(command, iotlb, 8, item->word[0]);
		add_write(command, iotlb + 8, 8, item->word[1]);
		command->done.busy = VTD_IOTLB_IVT;
		break;
	case VTD_BY_GLOBAL_COMMAND:
		add_write(command, VTD_REG_GCMD, 4, driver->command | VTD_GCMD_WBF);
		command->done.busy = VTD_GSTS_WBFS;
		break;
	}
	command->done.offset =
		item->way == VTD_BY_GLOBAL_COMMAND ? VTD_REG_GSTS : command->write[command->writes - 1].offset;
	command->done.bytes = command->write[command->writes - 1].bytes;
}

enum vtd_way vtd_invalidations_way(const struct vtd_invalidations *list)
{
	REQUIRE(list->next < list->count);
	return list->item[list->next].way;
}

/* ---- submission ---- */

enum vtd_submit vtd_driver_submit(struct vtd_driver *driver, struct vtd_invalidations *list,
				  struct vtd_submission *submission)
{
	size_t end = list->next;

	if (list->next == list->count) {
		list->next = list->count = 0;
		return VTD_NOTHING;
	}
	if (list->item[list->next].way != VTD_BY_QUEUE) {
		command_of(driver, &list->item[list->next++], &submission->command);
		return VTD_COMMAND;
	}
	while (!list->item[end++].ends)
		REQUIRE(end < list->count);

	unsigned count = (unsigned)(end - list->next);

	/* One slot more for the wait descriptor; one stays empty, since a full queue would look like an empty one. */
	if (driver->free_slots < count + 2)
		return VTD_QUEUE_FULL;

	submission->first = driver->head;
	submission->descriptors = count + 1;
	while (list->next < end)
		write_slot(driver, list->item[list->next++].word);
	write_wait(driver, submission);
	submission->tail = driver->head * driver->slot_bytes;
	return VTD_SUBMITTED;
}

void vtd_driver_complete(struct vtd_driver *driver, const struct vtd_submission *submission)
{
	for (unsigned i = 0; i < submission->descriptors; i++)
		driver->in_use[(submission->first + i) % VTD_DRIVER_QUEUE_LENGTH] = false;
	while (driver->free_slots < VTD_DRIVER_QUEUE_LENGTH && !driver->in_use[driver->oldest]) {
		driver->oldest = (driver->oldest + 1) % VTD_DRIVER_QUEUE_LENGTH;
		driver->free_slots++;
	}
}
