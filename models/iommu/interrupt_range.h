/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where x86 takes an access for an interrupt message: what a unit keeps from being translated, and software from
 * being mapped.  [VTD] "Handling Requests to Interrupt Address Range"
 */
#ifndef IOMMUSIM_IOMMU_INTERRUPT_RANGE_H
#define IOMMUSIM_IOMMU_INTERRUPT_RANGE_H

#define INTERRUPT_RANGE_FIRST UINT64_C(0xfee00000)
#define INTERRUPT_RANGE_LAST  UINT64_C(0xfeefffff)

#endif
