/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind describe.h; the meanings are those of the enumerations beside the masks. */
#include "models/iommu/vtd/describe.h"

#include "models/iommu/vtd/layout.h"

/* clang-format off */

static const struct field root0[] = {
	FIELD_NUMBER(VTD_ROOT0, P),
	FIELD_RESERVED(VTD_ROOT0, RSVD_11_1),
	FIELD_ADDRESS(VTD_ROOT0, CTP),
};

static const struct field root1[] = {
	FIELD_RESERVED(VTD_ROOT1, RSVD),
};

static const struct field sroot[] = {
	FIELD_NUMBER(VTD_SROOT, P),
	FIELD_RESERVED(VTD_SROOT, RSVD_11_1),
	FIELD_ADDRESS(VTD_SROOT, CTP),
};

static const struct field context0[] = {
	FIELD_NUMBER(VTD_CONTEXT0, P),
	FIELD_NUMBER(VTD_CONTEXT0, FPD),
	FIELD_CHOICE(VTD_CONTEXT0, TT, "untranslated requests only", "with device-TLB", "pass-through"),
	FIELD_RESERVED(VTD_CONTEXT0, RSVD_11_4),
	FIELD_ADDRESS(VTD_CONTEXT0, SSPTPTR),
};

static const struct field context1[] = {
	FIELD_CHOICE(VTD_CONTEXT1, AW, NULL, "39 bits, 3 levels", "48 bits, 4 levels", "57 bits, 5 levels"),
	FIELD_IGNORED(VTD_CONTEXT1, IGN_6_3),
	FIELD_RESERVED(VTD_CONTEXT1, RSVD_7),
	FIELD_NUMBER(VTD_CONTEXT1, DID),
	FIELD_RESERVED(VTD_CONTEXT1, RSVD_63_24),
};

static const struct field scontext0[] = {
	FIELD_NUMBER(VTD_SCONTEXT0, P),
	FIELD_NUMBER(VTD_SCONTEXT0, FPD),
	FIELD_NUMBER(VTD_SCONTEXT0, DTE),
	FIELD_NUMBER(VTD_SCONTEXT0, PASIDE),
	FIELD_NUMBER(VTD_SCONTEXT0, PRE),
	FIELD_NUMBER(VTD_SCONTEXT0, HPTE),
	FIELD_NUMBER(VTD_SCONTEXT0, EPTR),
	FIELD_RESERVED(VTD_SCONTEXT0, RSVD_8_7),
	FIELD_NUMBER(VTD_SCONTEXT0, PDTS),
	FIELD_ADDRESS(VTD_SCONTEXT0, PASIDDIRPTR),
};

static const struct field scontext1[] = {
	FIELD_NUMBER(VTD_SCONTEXT1, RID_PASID),
	FIELD_NUMBER(VTD_SCONTEXT1, RID_PRIV),
	FIELD_RESERVED(VTD_SCONTEXT1, RSVD_63_21),
};

static const struct field scontext23[] = {
	FIELD_RESERVED(VTD_SCONTEXT23, RSVD),
};

static const struct field pasiddir[] = {
	FIELD_NUMBER(VTD_PASIDDIR, P),
	FIELD_NUMBER(VTD_PASIDDIR, FPD),
	FIELD_RESERVED(VTD_PASIDDIR, RSVD_11_2),
	FIELD_ADDRESS(VTD_PASIDDIR, SMPTBLPTR),
};

static const struct field pasid0[] = {
	FIELD_NUMBER(VTD_PASID0, P),
	FIELD_NUMBER(VTD_PASID0, FPD),
	FIELD_CHOICE(VTD_PASID0, AW, NULL, "39 bits, 3 levels", "48 bits, 4 levels", "57 bits, 5 levels"),
	FIELD_NUMBER(VTD_PASID0, SSEE),
	FIELD_CHOICE(VTD_PASID0, PGTT, NULL, "first stage", "second stage", "nested", "pass-through"),
	FIELD_NUMBER(VTD_PASID0, SSADE),
	FIELD_RESERVED(VTD_PASID0, RSVD_11_10),
	FIELD_ADDRESS(VTD_PASID0, SSPTPTR),
};

static const struct field pasid1[] = {
	FIELD_NUMBER(VTD_PASID1, DID),
	FIELD_RESERVED(VTD_PASID1, RSVD_22_16),
	FIELD_NUMBER(VTD_PASID1, PWSNP),
	FIELD_NUMBER(VTD_PASID1, PGSNP),
	FIELD_NUMBER(VTD_PASID1, CD),
	FIELD_NUMBER(VTD_PASID1, EMTE),
	FIELD_RESERVED(VTD_PASID1, RSVD_31_27),
	FIELD_NUMBER(VTD_PASID1, PAT),
};

static const struct field pasid2[] = {
	FIELD_NUMBER(VTD_PASID2, SRE),
	FIELD_NUMBER(VTD_PASID2, ERE),
	FIELD_CHOICE(VTD_PASID2, FSPM, "4 levels", "5 levels"),
	FIELD_NUMBER(VTD_PASID2, WPE),
	FIELD_NUMBER(VTD_PASID2, NXE),
	FIELD_NUMBER(VTD_PASID2, SMEP),
	FIELD_NUMBER(VTD_PASID2, EAFE),
	FIELD_RESERVED(VTD_PASID2, RSVD_11_8),
	FIELD_ADDRESS(VTD_PASID2, FSPTPTR),
};

static const struct field pasid3_7[] = {
	FIELD_RESERVED(VTD_PASID3_7, RSVD),
};

const struct layout vtd_entry_layouts[VTD_ENTRIES][IOMMU_WORDS_MAX] = {
	[VTD_ENTRY_ROOT] = { LAYOUT_OF(NULL, root0), LAYOUT_OF(NULL, root1) },
	[VTD_ENTRY_SROOT] = { LAYOUT_OF(NULL, sroot), LAYOUT_OF(NULL, sroot) },
	[VTD_ENTRY_CONTEXT] = { LAYOUT_OF(NULL, context0), LAYOUT_OF(NULL, context1) },
	[VTD_ENTRY_SCONTEXT] = { LAYOUT_OF(NULL, scontext0), LAYOUT_OF(NULL, scontext1), LAYOUT_OF(NULL, scontext23),
				 LAYOUT_OF(NULL, scontext23) },
	[VTD_ENTRY_PASIDDIR] = { LAYOUT_OF(NULL, pasiddir) },
	[VTD_ENTRY_PASID] = { LAYOUT_OF(NULL, pasid0), LAYOUT_OF(NULL, pasid1), LAYOUT_OF(NULL, pasid2),
			      LAYOUT_OF(NULL, pasid3_7), LAYOUT_OF(NULL, pasid3_7), LAYOUT_OF(NULL, pasid3_7),
			      LAYOUT_OF(NULL, pasid3_7), LAYOUT_OF(NULL, pasid3_7) },
};

/* clang-format on */
