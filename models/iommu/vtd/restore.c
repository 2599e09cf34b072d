/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/vtd/restore.h"

#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"

/*
 * No register has the host address width; the DMAR table has it.  ASSUMED: the widest, so that no bit of an address
 * counts as reserved for being beyond it.
 */
#define HOST_ADDRESS_WIDTH 52u

/* Of one register; false and *err when it was not recorded. */
static bool recorded_value(iommu_recorded_fn *recorded, void *argument, unsigned offset, unsigned bytes,
			   const char *name, uint64_t *value, struct err *err)
{
	return recorded(argument, offset, bytes, value) ||
	       err_set(err, ERR_FILE, "no %s (%u bits at offset 0x%x): record the unit's first 0x%x bytes of registers",
		       name, 8 * bytes, offset, VTD_REG_RTADDR + 8);
}

/* Regions that requests are kept out of.  Recorded or not: units without them have no such registers. */
static void restore_protected_memory(struct iommu *iommu, iommu_recorded_fn *recorded, void *argument)
{
	static const struct {
		enum vtd_register offset;
		unsigned bytes;
	} registers[] = {
		{ VTD_REG_PLMBASE, 4 },  { VTD_REG_PLMLIMIT, 4 }, { VTD_REG_PHMBASE, 8 },
		{ VTD_REG_PHMLIMIT, 8 }, { VTD_REG_PMEN, 4 },
	};
	uint64_t value;

	for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (recorded(argument, registers[i].offset, registers[i].bytes, &value))
			iommu->ops->register_write(iommu, registers[i].offset, registers[i].bytes, value);
}

struct iommu *vtd_restore(iommu_recorded_fn *recorded, void *argument, struct iommu_not_modelled *not_modelled,
			  struct err *err)
{
	struct vtd_config config = { .host_address_width = HOST_ADDRESS_WIDTH };
	uint64_t status, root;

	if (!recorded_value(recorded, argument, VTD_REG_CAP, 8, "CAP", &config.capability, err) ||
	    !recorded_value(recorded, argument, VTD_REG_ECAP, 8, "ECAP", &config.extended_capability, err) ||
	    !recorded_value(recorded, argument, VTD_REG_GSTS, 4, "GSTS", &status, err) ||
	    !recorded_value(recorded, argument, VTD_REG_RTADDR, 8, "RTADDR", &root, err))
		return NULL;

	struct vtd_config modelled = config;

	vtd_keep_modelled(&modelled);
	*not_modelled = (struct iommu_not_modelled){
		.capability = config.capability ^ modelled.capability,
		.extended_capability = config.extended_capability ^ modelled.extended_capability,
	};

	struct iommu *iommu = vtd_create(&modelled, err);

	if (!iommu)
		return NULL;
	restore_protected_memory(iommu, recorded, argument);
	iommu->ops->register_write(iommu, VTD_REG_RTADDR, 8, root);
	if (status & VTD_GSTS_RTPS)
		iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_SRTP);
	if (status & VTD_GSTS_TES)
		iommu->ops->register_write(iommu, VTD_REG_GCMD, 4, VTD_GCMD_TE);
	return iommu;
}
