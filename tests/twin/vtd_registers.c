/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers that start nothing: random values are written, and what is read back is compared.
 */
#include <inttypes.h>

#include "tests/twin/vtd_explain.h"

#define UNIT UINT64_C(0xfed90000)

struct rule {
	unsigned offset;
	const char *name;
	uint32_t compared; /* where QEMU and the specification agree */
};


static const struct rule rules[] = {
	{ VTD_REG_FEDATA, "FEDATA", 0x0000ffff },
	{ VTD_REG_FEADDR, "FEADDR", UINT32_MAX },
	{ VTD_REG_IEDATA, "IEDATA", 0x0000ffff },
	{ VTD_REG_IEADDR, "IEADDR", UINT32_MAX },
	{ VTD_REG_VER, "VER", UINT32_MAX },
	{ VTD_REG_GSTS, "GSTS", UINT32_MAX },
	{ VTD_REG_CAP + 4, "CAP", UINT32_MAX },
	{ 0x114, "reserved", UINT32_MAX },
};

void twin_registers(struct twin *twin)
{
	const struct rule *rule = &rules[twin_below(twin, sizeof(rules) / sizeof(rules[0]))];
	uint64_t theirs = 0, ours;

	twin_register(twin, rule->offset, 4, random_next(&twin->random) & UINT32_MAX);
	qtest_read32(twin->qtest, UNIT + rule->offset, &theirs);
	if (!twin_sync(twin))
		return;
	ours = twin_ours(twin, rule->offset, 4);
	if ((ours ^ theirs) & rule->compared)
		twin_fail(twin, "%s reads 0x%" PRIx64 " in QEMU, 0x%" PRIx64 " in the model", rule->name, theirs, ours);
}
