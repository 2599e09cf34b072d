/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation control entries (TCEs) of POWER's PCI host bridges, IODA2 and IODA3: the tables that a TVE points to.
 * Not here: TVEs, PEs and faults (models/iommu/tce), and how Linux lays a table out (models/software/tce_table.h).
 *
 * Source: [LINUX] arch/powerpc/include/asm/tce.h (the permissions), powernv/pci-ioda-tce.c pnv_tce (levels and what is
 * written); [QEMU] pnv_phb4_translate_tve (levels, what is ignored).
 * Levels: the table of the last, direct, TCEs is level 0; those of indirect TCEs are above it.  A table of n levels
 * has n tables of one size on the way, so that there are no large leaves: the page size is the window's.
 *
 * Words are big-endian in memory.  IBM's bit 0 is the most significant one: RPN is its bits 0:51, R its bit 63.
 *
 * There is no valid bit: a TCE without permission is invalid.  In an indirect TCE either permission makes it valid,
 * and neither restricts what is below it ([QEMU]; Linux sets both).
 *
 * An entry's place in its table is ored to the table's address ([QEMU]), which drivers align to the table's size.
 *
 * ASSUMED: an address beyond the unit's real addresses (rules->output_width_lg2) is as a reserved bit.  Bits of RPN
 * below the page size, and 11:2, are ignored ([QEMU]).
 */
#ifndef IOMMUSIM_PAGETABLE_TCE_H
#define IOMMUSIM_PAGETABLE_TCE_H

#include "models/base/bits.h"
#include "models/pagetable/format.h"

#define TCE_R        BIT64(0) /* TCE_PCI_READ */
#define TCE_W        BIT64(1) /* TCE_PCI_WRITE */
#define TCE_IGN_11_2 BITS64(11, 2)
#define TCE_RPN      BITS64(63, 12) /* real page number, in 4 KiB pages; indirect: of the next table */
LAYOUT64(TCE, TCE_R + TCE_W + TCE_IGN_11_2 + TCE_RPN, TCE_R | TCE_W | TCE_IGN_11_2 | TCE_RPN);

/* POWER9's: the widest that a base address register of PHB4 takes.  [SKIBOOT] PHB_RTT_BASE_ADDRESS, bits 8 and on */
#define TCE_REAL_ADDRESS_BITS 56u

/*
 * Rules of a window: pages of 2^page_lg2 bytes, tables of 2^table_lg2 entries (9 at least), levels of them; real
 * addresses of output_width_lg2 bits.  An entry of the highest table must cover less than 2^64 bytes.
 */
struct pt_rules tce_rules(unsigned page_lg2, unsigned table_lg2, unsigned levels, unsigned output_width_lg2);

extern const struct pt_format tce_format;

#endif
