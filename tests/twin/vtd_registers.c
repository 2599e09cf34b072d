/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers that start nothing: random values are written, and what is read back is compared.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tests/twin/vtd_explain.h"

#define UNIT  UINT64_C(0xfed90000)
#define IOTLB 0x0f0u

struct rule {
	unsigned offset, bytes;
	const char *name;
	uint64_t held;    /* written as 0: it would start something, or be more than an interrupt */
	uint64_t differs; /* bits that QEMU has otherwise, as it may ... */
	uint64_t taken;   /* ... and of these the ones that it lets software write; the others are 0 */
	uint64_t ignored; /* not compared */
};

#define DELIVERY UINT64_C(0x700) /* of a message: fixed, or the halted processor would wake up */

/*
 * Ignored: the granularity that a coarser invalidation reports.  Differences: address bits beyond the host's width,
 * fields whose value read is undefined, and what only units with extended interrupts need.
 */
static const struct rule rules[] = {
	{ VTD_REG_VER, 4, "VER", 0, 0, 0, 0 },
	{ VTD_REG_CAP, 8, "CAP", 0, 0, 0, 0 },
	{ VTD_REG_GSTS, 4, "GSTS", 0, 0, 0, 0 },
	{ VTD_REG_RTADDR, 8, "RTADDR", 0, BITS64(63, 39), UINT64_MAX, 0 },
	{ VTD_REG_CCMD, 8, "CCMD", VTD_CCMD_ICC, VTD_CCMD_SID | VTD_CCMD_FM, 0, VTD_CCMD_CAIG },
	{ VTD_REG_FSTS, 4, "FSTS", 0, 0, 0, 0 },
	{ VTD_REG_FEDATA, 4, "FEDATA", DELIVERY, 0, 0, 0 },
	{ VTD_REG_FEADDR, 4, "FEADDR", 0, 0, 0, 0 },
	{ VTD_REG_FEUADDR, 4, "FEUADDR", 0, UINT32_MAX, 0, 0 },
	{ VTD_REG_IQH, 8, "IQH", 0, 0, 0, 0 },
	{ VTD_REG_ICS, 4, "ICS", 0, 0, 0, 0 },
	{ VTD_REG_IEDATA, 4, "IEDATA", DELIVERY, BITS64(31, 16), UINT64_MAX, 0 },
	{ VTD_REG_IEADDR, 4, "IEADDR", 0, 0, 0, 0 },
	{ VTD_REG_IEUADDR, 4, "IEUADDR", 0, UINT32_MAX, 0, 0 },
	{ IOTLB, 8, "IVA", 0, UINT64_MAX, 0, 0 },
	{ IOTLB + 8, 8, "IOTLB", VTD_IOTLB_IVT, 0, 0, 0 },
	{ 0x054, 4, "reserved 0x54", 0, 0, 0, 0 },
	{ 0x064, 4, "PMEN", 0, 0, 0, 0 },
	{ 0x0c0, 8, "PQH", 0, 0, 0, 0 },
	{ 0x114, 4, "reserved 0x114", 0, 0, 0, 0 },
};

/* Masks or unmasks an event; one that is pending is then sent. */
static void events(struct twin *twin)
{
	unsigned control = twin_one_in(twin, 2) ? VTD_REG_FECTL : VTD_REG_IECTL;

	twin_register(twin, control, 4, twin_one_in(twin, 2) ? VTD_ECTL_IM : random_next(&twin->random) & ~VTD_ECTL_IM);
	twin_compare_status(twin, "events");
}

void twin_registers(struct twin *twin)
{
	const struct rule *rule = &rules[twin_below(twin, sizeof(rules) / sizeof(rules[0]))];
	uint64_t all = rule->bytes == 8 ? UINT64_MAX : UINT32_MAX;
	uint64_t value = random_next(&twin->random) & all & ~rule->held, theirs, ours;

	if (twin_one_in(twin, 4)) {
		events(twin);
		return;
	}
	twin_register(twin, rule->offset, rule->bytes, value);
	theirs = twin_theirs(twin, rule->offset, rule->bytes);
	theirs &= ~rule->ignored;
	ours = twin_ours(twin, rule->offset, rule->bytes) & ~rule->ignored;
	if (twin->verbose)
		fprintf(stderr, "  %s: 0x%" PRIx64 " written, 0x%" PRIx64 " in QEMU, 0x%" PRIx64 " in the model\n",
			rule->name, value, theirs, ours);
	if (ours == theirs || twin->broken)
		return;
	if (((ours ^ theirs) & ~rule->differs) || (theirs & rule->differs) != (value & rule->differs & rule->taken))
		twin_fail(twin,
			  "%s, where 0x%" PRIx64 " was written, is 0x%" PRIx64 " in QEMU, 0x%" PRIx64 " in the model",
			  rule->name, value, theirs, ours);
	else
		twin->explained[NAME_REGISTER_MASK]++;
}
