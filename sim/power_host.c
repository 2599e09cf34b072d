/* SPDX-License-Identifier: Apache-2.0 */
/* SIMPLIFIED: one bridge for all devices, so that there can be no more groups than it has endpoints. */
#include "sim/power_host.h"

#include <errno.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/base/require.h"
#include "sim/power_guest.h"
#include "sim/units.h"

/* [QEMU] spapr-pci-host-bridge, dma_win_size */
#define DEFAULT_WINDOW_BYTES (UINT64_C(1) << 30)

/* ---- the bridge ---- */

static uint64_t bridge_read(struct iommu *iommu, unsigned offset, unsigned bytes)
{
	struct machine *machine = iommu->message_argument;

	return machine->unit.iommu->ops->register_read(machine->unit.iommu, offset, bytes);
}

static void bridge_write(struct iommu *iommu, unsigned offset, unsigned bytes, uint64_t value)
{
	struct machine *machine = iommu->message_argument;

	machine->unit.iommu->ops->register_write(machine->unit.iommu, offset, bytes, value);
	audit_register_write(&machine->unit.audit, offset, bytes, value);
}

static const struct iommu_ops bridge_ops = { .register_read = bridge_read, .register_write = bridge_write };

static void set_window(void *argument, unsigned pe, unsigned number, const struct tce_table *table)
{
	struct machine *machine = argument;
	struct opal_phb *bridge = &machine->power->bridge;
	enum opal_status status = OPAL_SUCCESS;

	if (table)
		status =
			opal_pci_map_pe_dma_window(bridge, pe, 2 * pe + number, table->window.levels, table->root,
						   tce_table_level_bytes(table), UINT64_C(1) << table->window.page_lg2);
	else
		status = opal_pci_map_pe_dma_window(bridge, pe, 2 * pe + number, 1, 0, 0, 0);
	REQUIRE(status == OPAL_SUCCESS);
}

static void kill(void *argument, unsigned pe, iova_t iova, unsigned page_lg2, uint64_t entries)
{
	struct machine *machine = argument;
	enum opal_status status = opal_pci_tce_kill(&machine->power->bridge, OPAL_PCI_TCE_KILL_PAGES, pe,
						    UINT64_C(1) << page_lg2, iova, entries);

	REQUIRE(status == OPAL_SUCCESS);
}

static bool create_bridge(struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	struct power_host *host = machine->power;
	struct iommu *auditor = NULL, *iommu = units_bridge(config, true, err);

	if (!iommu)
		return false;
	if (config->check.stale_translations)
		auditor = units_bridge(config, false, err);
	unit_init(&machine->unit, &machine->engine, config, iommu, auditor, machine->memory, machine->result);
	host->registers = (struct iommu){ .ops = &bridge_ops, .message_argument = machine };

	enum opal_status status =
		opal_phb_init(&host->bridge, &host->registers, UNITS_BRIDGE_PES,
			      (struct memory_view){ .memory = machine->memory }, &machine->host_frames);

	REQUIRE(status == OPAL_SUCCESS);
	return auditor || !config->check.stale_translations;
}

/* ---- the kernel ---- */

static const struct vfio_driver *const drivers[] = { &spapr_driver };

bool power_host_create(struct machine *machine, struct err *err)
{
	const struct config *config = machine->config;
	struct power_host *host = machine->power = heap_zeroed(1, sizeof(*host));

	host->hardware = (struct spapr_hardware){ .argument = machine, .set_window = set_window, .kill = kill };
	host->spapr = (struct spapr_host){ .platform = &spapr_powernv,
					   .page_lg2 = config->spapr.kernel_page_lg2,
					   .view = { .memory = machine->memory },
					   .frames = &machine->host_frames };
	host->vfio = (struct vfio_host){ .kernel = KERNEL_DEFAULT,
					 .driver = drivers,
					 .driver_count = sizeof(drivers) / sizeof(drivers[0]),
					 .spapr = &host->spapr };
	return create_bridge(machine, err);
}

unsigned power_host_kernel_page_lg2(const struct config *config)
{
	return config->spapr.kernel_page_lg2;
}

/* ---- devices ---- */

/* A PE, an IOMMU group and a container for an IOVA space of the guest. */
static bool create_container(struct power_host *host, const struct machine *machine, struct power_domain *own,
			     struct err *err)
{
	uint64_t type = machine->scheme.backend == SCHEME_SPAPR_V1 ? VFIO_SPAPR_TCE_IOMMU : VFIO_SPAPR_TCE_v2_IOMMU;
	struct host_work unpriced = { 0 };

	if (host->endpoints + 2 >= UNITS_BRIDGE_PES) /* the last one is reserved, and PE 0 */
		return err_set(
			err, ERR_USAGE,
			"machine.guests = %u: more groups of devices than the %u endpoints of a bridge: lower it",
			machine->guest_count, UNITS_BRIDGE_PES - 2);
	own->endpoint = (struct spapr_group){ .pe = ++host->endpoints, .hardware = &host->hardware };
	own->group = (struct vfio_group){ .kind = VFIO_GROUP_IOMMU, .iommu = &own->endpoint };
	vfio_container_init(&own->container, &host->vfio);

	int error = vfio_group_open(&own->group);

	REQUIRE(!error);
	error = vfio_group_set_container(&own->group, &own->container, &unpriced);
	REQUIRE(!error);
	error = vfio_set_iommu(&own->container, type, &unpriced);
	REQUIRE(!error);

	enum opal_status status = opal_pci_set_peltv(&host->bridge, own->endpoint.pe, own->endpoint.pe, true);

	REQUIRE(status == OPAL_SUCCESS);
	own->is_assigned = true;
	return true;
}

bool power_host_assign(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err)
{
	struct machine *machine = guest->machine;
	struct power_host *host = machine->power;
	struct power_domain *own = to->domain->power;

	(void)guest_id;
	if (!own->is_assigned && !create_container(host, machine, own, err))
		return false;

	enum opal_status status = opal_pci_set_pe(&host->bridge, own->endpoint.pe, to->device.source_id, 1);
	int error = vfio_device_open(&own->group);

	REQUIRE(status == OPAL_SUCCESS && !error);
	to->device.freezes = true;
	return true;
}

/* ---- start ---- */

int power_host_start_memory(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work)
{
	struct spapr_memory_call call = { .vaddr = guest->vaddr + gpa, .bytes = bytes };
	int error = 0;

	for (uint32_t i = 0; i < guest->domain_count && !error; i++)
		if (guest->domains[i].power->is_assigned)
			error = vfio_call(&guest->domains[i].power->container, guest->process,
					  VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &call, work);
	return error;
}

static int create_window(struct domain *domain, const struct spapr_create_call *call, struct host_work *work)
{
	struct spapr_create_call own = *call;

	return vfio_call(&domain->power->container, domain->owner->process, VFIO_IOMMU_SPAPR_TCE_CREATE, &own, work);
}

/* The window that the guest maps into, as KVM or the device model has it, over the container's. */
static int create_liobn(struct domain *domain, struct host_work *work)
{
	const struct machine *machine = domain->owner->machine;
	const struct config *config = machine->config;
	struct spapr_liobn *liobn = &domain->power->liobn;
	int error = spapr_liobn_init(liobn, &domain->owner->power->memory, config->spapr.kernel_page_lg2,
				     power_guest_window_start(config), config->spapr.page_lg2,
				     config->spapr.window_bytes >> config->spapr.page_lg2,
				     machine->scheme.doorbell == SCHEME_KERNEL, work);

	return error ? error : spapr_liobn_attach(liobn, &domain->power->container);
}

static bool refuse(const struct machine *machine, int error, struct err *err)
{
	if (error == ENOMEM)
		return err_set(err, ERR_CHECK,
			       "scheme %s: the guest's DMA window was refused (ENOMEM): raise "
			       "machine.memlock_limit_bytes = %llu or set it to 0; or take more spapr.levels, as one "
			       "piece of a "
			       "table has 16 MiB at most",
			       machine->scheme.name, (unsigned long long)machine->config->machine.memlock_limit_bytes);
	return err_set(
		err, ERR_CHECK,
		"scheme %s: the guest's DMA window was refused (%s): spapr.levels = %u of tables of a page and more "
		"reach too far with spapr.page_lg2 = %u: lower one",
		machine->scheme.name, strerror(error), machine->config->spapr.levels, machine->config->spapr.page_lg2);
}

bool power_host_add_window(struct domain *domain, struct host_work *work, struct err *err)
{
	const struct config *config = domain->owner->machine->config;
	struct spapr_create_call call = { .page_lg2 = config->spapr.page_lg2,
					  .bytes = config->spapr.window_bytes,
					  .levels = config->spapr.levels };
	int error = create_window(domain, &call, work);

	if (!error)
		error = create_liobn(domain, work);
	return !error || refuse(domain->owner->machine, error, err);
}

/*
 * v1: the container may map, its window is accounted.  v2: the guest's default window takes the place of the host's.
 * [QEMU] vfio_spapr_container_init, vfio_spapr_container_add_section_window
 */
static int start_container(struct domain *domain, struct host_work *work)
{
	struct guest *guest = domain->owner;
	const struct config *config = guest->machine->config;
	struct vfio_container *container = &domain->power->container;
	bool is_default = config->spapr.window == SPAPR_WINDOW_DEFAULT;
	struct spapr_create_call create = { .page_lg2 = PAGE_LG2,
					    .bytes = is_default ? config->spapr.window_bytes : DEFAULT_WINDOW_BYTES,
					    .levels = 1 };
	struct spapr_remove_call remove = { .start = 0 };
	int error;

	if (guest->machine->scheme.backend == SCHEME_SPAPR_V1) {
		error = vfio_call(container, guest->process, VFIO_IOMMU_ENABLE, NULL, work);
		return error ? error : create_liobn(domain, work);
	}
	error = vfio_call(container, guest->process, VFIO_IOMMU_SPAPR_TCE_REMOVE, &remove, work);
	if (!error)
		error = create_window(domain, &create, work);
	return error || !is_default ? error : create_liobn(domain, work);
}

bool power_host_start(struct guest *guest, struct host_work *work, struct err *err)
{
	const struct machine *machine = guest->machine;
	int error = 0;

	for (uint32_t i = 0; i < guest->domain_count && !error; i++)
		if (guest->domains[i].power->is_assigned)
			error = start_container(&guest->domains[i], work);
	return !error || refuse(machine, error, err);
}
