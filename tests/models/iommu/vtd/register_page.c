/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register page, every bit of it, by a table typed from the specification.  [VTD] "Register Descriptions".
 */
#include "tests/models/iommu/vtd/world.h"

static struct world w;

/* What a word needs to be there. */
enum needs { ALWAYS, QI, PRS, PLMR, PHMR, PMR, SSIRWS };

/*
 * Every word of the page that is not always 0: its value at reset, the bits that software sets and clears, and
 * what it reads as beside what was written into them.  [VTD] "Register Descriptions"
 */
static const struct word {
	unsigned offset;
	enum needs needs;
	uint32_t reset, writable;
} words[] = {
	{ 0x020, ALWAYS, 0, 0xfffffc00 },          /* RTADDR: RTA 31:12, TTM */
	{ 0x020, SSIRWS, 0, 0x00000080 },          /* SSIRWE */
	{ 0x024, ALWAYS, 0, 0x00003fff },          /* RTA up to the host address width, 46 bits */
	{ 0x028, ALWAYS, 0, 0xffffffff },          /* CCMD: SID, DID */
	{ 0x02c, ALWAYS, 0, 0xe0000003 },          /* ICC, CIRG, FM */
	{ 0x038, ALWAYS, 0x80000000, 0x80000000 }, /* FECTL: IM */
	{ 0x03c, ALWAYS, 0, 0x0000ffff },          /* FEDATA */
	{ 0x040, ALWAYS, 0, 0xfffffffc },          /* FEADDR */
	{ 0x044, ALWAYS, 0, 0xffffffff },          /* FEUADDR */
	{ 0x064, PMR, 0, 0x80000000 },             /* PMEN: EPM */
	{ 0x068, PLMR, 0, 0xffe00000 },            /* PLMBASE: 2 MiB */
	{ 0x06c, PLMR, 0, 0xffe00000 },
	{ 0x070, PHMR, 0, 0xffe00000 },
	{ 0x074, PHMR, 0, 0x00003fff },
	{ 0x078, PHMR, 0, 0xffe00000 },
	{ 0x07c, PHMR, 0, 0x00003fff },
	{ 0x088, QI, 0, 0x0007fff0 }, /* IQT 18:4; IQH before it is read-only */
	{ 0x090, QI, 0, 0xfffff807 }, /* IQA: base, DW, QS */
	{ 0x094, QI, 0, 0x00003fff },
	{ 0x0a0, QI, 0x80000000, 0x80000000 }, /* IECTL */
	{ 0x0a4, QI, 0, 0x0000ffff },
	{ 0x0a8, QI, 0, 0xfffffffc },
	{ 0x0ac, QI, 0, 0xffffffff },
	{ 0x0c0, PRS, 0, 0x0007ffe0 }, /* PQH 18:5 */
	{ 0x0c8, PRS, 0, 0x0007ffe0 }, /* PQT */
	{ 0x0d0, PRS, 0, 0xfffff007 }, /* PQA: base, PQS */
	{ 0x0d4, PRS, 0, 0x00003fff },
	{ 0x0e0, PRS, 0x80000000, 0x80000000 }, /* PECTL */
	{ 0x0e4, PRS, 0, 0x0000ffff },
	{ 0x0e8, PRS, 0, 0xfffffffc },
	{ 0x0ec, PRS, 0, 0xffffffff },
	{ 0x0f0, ALWAYS, 0, 0xfffff07f }, /* IVA: address, IH, AM */
	{ 0x0f4, ALWAYS, 0, 0xffffffff },
	{ 0x0fc, ALWAYS, 0, 0xb003ffff }, /* IOTLB: IVT, IIRG, DR, DW, DID; nothing in 31:0 */
};

static struct vtd_config kind_of_unit(unsigned kind)
{
	struct vtd_features features = world_features();
	struct vtd_config config = { .caches = world_no_caches };

	features.page_requests = features.protected_memory = kind != 1;
	if (kind == 1)
		features.scalable = features.queued_invalidation = features.device_tlb = false;
	vtd_capabilities(&features, &config);
	if (kind == 2) { /* only one of the protected regions, and I/O permission bits */
		config.capability &= ~UINT64_C(0x20);
		config.extended_capability |= UINT64_C(1) << 57;
	}
	if (kind == 3)
		config.capability &= ~UINT64_C(0x40);
	return config;
}

static bool is_there(const struct vtd_config *config, enum needs needs)
{
	bool low = config->capability >> 5 & 1, high = config->capability >> 6 & 1;

	switch (needs) {
	case ALWAYS:
		return true;
	case QI:
		return config->extended_capability >> 1 & 1;
	case PRS:
		return config->extended_capability >> 29 & 1;
	case PLMR:
		return low;
	case PHMR:
		return high;
	case PMR:
		return low || high;
	default:
		return config->extended_capability >> 57 & 1;
	}
}

static struct word expected_word(const struct vtd_config *config, unsigned offset)
{
	struct word word = { .offset = offset };

	if (offset == 0x00)
		word.reset = 0x10;
	if (offset == 0x08 || offset == 0x0c)
		word.reset = (uint32_t)(config->capability >> 8 * (offset - 0x08));
	if (offset == 0x10 || offset == 0x14)
		word.reset = (uint32_t)(config->extended_capability >> 8 * (offset - 0x10));
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].offset == offset && is_there(config, words[i].needs)) {
			word.reset |= words[i].reset;
			word.writable |= words[i].writable;
		}
	}
	return word;
}

/* ICC and IVT start a command and clear: not written here. */
static bool starts_command(unsigned offset, unsigned bit)
{
	return offset == 0x18 || ((offset == 0x2c || offset == 0xfc) && bit == 31);
}

/* Each bit of each word, alone; PMEN.PRS follows EPM. */
START_TEST(every_bit_of_the_page_is_as_described)
{
	struct vtd_config config = kind_of_unit((unsigned)_i);
	struct err err = { 0 };

	w.unit = vtd_create(&config, &err);
	ck_assert_msg(w.unit != NULL, "%s", err.text);
	for (unsigned offset = 0; offset < 0x1000; offset += 4) {
		struct word word = expected_word(&config, offset);
		uint32_t fixed = word.reset & ~word.writable;

		ck_assert_msg(world_register(&w, offset, 4) == word.reset, "reset of 0x%x", offset);
		for (unsigned bit = 0; bit < 32; bit++) {
			uint32_t value = UINT32_C(1) << bit, reads = fixed | (value & word.writable);

			if (starts_command(offset, bit))
				continue;
			if (offset == 0x64 && reads)
				reads |= 1;
			world_set_register(&w, offset, 4, value);
			ck_assert_msg(world_register(&w, offset, 4) == reads, "0x%x bit %u", offset, bit);
		}
		if (!starts_command(offset, 0))
			world_set_register(&w, offset, 4, 0);
		ck_assert_msg(world_register(&w, offset, 4) == fixed, "0x%x cleared", offset);
	}
	w.unit->ops->destroy(w.unit);
}
END_TEST

/* A quadword is two doublewords. */
START_TEST(a_wide_access_is_two_narrow_ones)
{
	struct vtd_config config = kind_of_unit(0);
	struct err err = { 0 };

	w.unit = vtd_create(&config, &err);
	ck_assert_msg(w.unit != NULL, "%s", err.text);
	for (unsigned offset = 0; offset < 0x1000; offset += 8) {
		struct word low = expected_word(&config, offset), high = expected_word(&config, offset + 4);
		uint64_t value = offset == 0x28 || offset == 0xf8 ? UINT64_C(0x3fffffffffffffff) : UINT64_MAX;
		uint64_t writable = (uint64_t)high.writable << 32 | low.writable;
		uint64_t reads = ((uint64_t)high.reset << 32 | low.reset) | (value & writable);

		if (offset == 0x18)
			continue;
		if (offset == 0x60)
			reads |= UINT64_C(1) << 32; /* PRS */
		world_set_register(&w, offset, 8, value);
		ck_assert_msg(world_register(&w, offset, 8) == reads, "0x%x", offset);
		ck_assert_msg(world_register(&w, offset, 4) == (uint32_t)reads, "0x%x", offset);
		ck_assert_msg(world_register(&w, offset + 4, 4) == reads >> 32, "0x%x", offset + 4);
	}
	w.unit->ops->destroy(w.unit);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vtd register page");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, SUITE_TIMEOUT_SECONDS);
	tcase_add_loop_test(all, every_bit_of_the_page_is_as_described, 0, 4);
	tcase_add_test(all, a_wide_access_is_two_narrow_ones);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}
