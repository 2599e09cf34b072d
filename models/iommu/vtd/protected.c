/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protected memory.  [VTD] "Protected Memory Range Registers".
 *
 * As units since major version 2 do, all requests to a region are blocked, whether they are remapped or not;
 * older units may let remapped ones through.
 */
#include "models/iommu/vtd/unit.h"

/* A limit below the base switches the region off. */
static bool overlaps(phys_t base, phys_t limit, phys_t first, phys_t last)
{
	return base <= limit && first <= limit && base <= last;
}

bool vtd_is_protected(const struct vtd *unit, phys_t first, phys_t last)
{
	const uint32_t *reg = unit->reg;
	const phys_t ones = (UINT64_C(1) << VTD_PROTECTED_LG2) - 1;

	if (!(reg[VTD_REG_PMEN / 4] & VTD_PMEN_PRS))
		return false;
	if ((unit->capability & VTD_CAP_PLMR) &&
	    overlaps(reg[VTD_REG_PLMBASE / 4], reg[VTD_REG_PLMLIMIT / 4] | ones, first, last))
		return true;
	return (unit->capability & VTD_CAP_PHMR) &&
	       overlaps(vtd_reg64(unit, VTD_REG_PHMBASE), vtd_reg64(unit, VTD_REG_PHMLIMIT) | ones, first, last);
}
