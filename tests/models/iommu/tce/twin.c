/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second bridge, written from the sources of layout.h without its code, beside the unit under random histories: tables
 * and windows change with and without kills, requesters move, PEs freeze and thaw.  Hardware may have kept what it read
 * until that is killed: the twin knows each TCE that may be kept and asks whether the answer is one of those, or what
 * memory says now.  From caches of the unit's size nothing leaves, so that a miss must be foretold, too.
 */
#include <stdlib.h>

#include "models/base/random.h"
#include "tests/models/iommu/tce/world.h"

#define REQUESTERS 12u
#define PES        8u
#define AREAS      8u /* of 64 KiB, where tables lie */
#define AREA_BYTES UINT64_C(0x10000)
#define KEPT_MAX   4096u

struct kept {
	unsigned pe, page_lg2;
	uint64_t first, output;
	bool reads, writes;
};

struct twin {
	struct world world;
	struct random random;
	uint64_t tve[2 * PES];
	bool frozen[512];
	int pe_of[REQUESTERS]; /* as the bridge knows it; -1: it does not */
	struct kept kept[KEPT_MAX];
	unsigned kept_count;
	bool has_msi32, has_msi64;
};

struct answer {
	enum tce_fault fault;
	uint64_t output;
	unsigned page_lg2, reads;
	bool is_msi, is_plain, allows_read, allows_write;
};

static uint64_t bits(uint64_t word, unsigned high, unsigned low)
{
	return word << (63 - high) >> (63 - high + low);
}

static unsigned below(struct twin *twin, unsigned bound)
{
	return (unsigned)random_below(&twin->random, bound);
}

/* ---- the twin's own walk ---- */

static struct answer twin_walk(struct twin *twin, uint64_t tve, uint64_t offset, bool write)
{
	unsigned levels = (unsigned)bits(tve, 15, 13) + 1, table_lg2 = (unsigned)bits(tve, 12, 8) + 8;
	struct answer answer = { .page_lg2 = (unsigned)bits(tve, 4, 0) + 11 };
	uint64_t table = bits(tve, 63, 16) << 12, tce = 0;

	for (unsigned level = levels; level-- > 0;) {
		uint64_t index = offset >> answer.page_lg2 >> table_lg2 * level;

		tce = world_be64_get(&twin->world, table | index % (UINT64_C(1) << table_lg2) << 3);
		answer.reads++;
		if (!(tce & 3) || tce >> 56) {
			answer.fault = TCE_FAULT_TCE_PAGE;
			return answer;
		}
		table = bits(tce, 63, 12) << 12;
	}
	answer.allows_read = tce & 1;
	answer.allows_write = tce & 2;
	if (!(write ? answer.allows_write : answer.allows_read))
		answer.fault = TCE_FAULT_TCE_ACCESS;
	answer.output = tce >> answer.page_lg2 << answer.page_lg2 | bits(offset, answer.page_lg2 - 1, 0);
	return answer;
}

/* From the PE on, as if nothing were kept. */
static struct answer twin_translate(struct twin *twin, unsigned pe, uint64_t address, bool write)
{
	uint64_t tve = twin->tve[2 * pe + bits(address, 59, 59)], offset = bits(address, 58, 0);
	unsigned width = (unsigned)(bits(tve, 4, 0) + 11 + (bits(tve, 15, 13) + 1) * (bits(tve, 12, 8) + 8));

	if (twin->frozen[pe])
		return (struct answer){ .fault = TCE_FAULT_PE_STOPPED };
	if (write && twin->has_msi32 && address >= 0xffff0000 && address <= 0xffffffff)
		return (struct answer){ .is_plain = true, .output = address };
	if (write && twin->has_msi64 && bits(address, 63, 60) == 1)
		return (struct answer){ .is_plain = true, .output = address };
	if (bits(address, 63, 60))
		return (struct answer){ .fault = TCE_FAULT_TVE_RANGE };
	if (bits(tve, 12, 8) == 0)
		return (struct answer){ .fault = TCE_FAULT_TVE_INVALID };
	if (bits(tve, 4, 0) == 0) {
		uint64_t first = bits(tve, 11, 10) << 48 | bits(tve, 63, 40) << 24;
		uint64_t end = bits(tve, 9, 8) << 48 | bits(tve, 39, 16) << 24;

		if (offset < first || offset >= end)
			return (struct answer){ .fault = TCE_FAULT_TVE_RANGE };
		return (struct answer){ .is_plain = true, .output = offset };
	}
	if (bits(tve, 15, 13) > 4 || width > 59 || !(UINT64_C(0x40211000) >> (bits(tve, 4, 0) + 11) & 1))
		return (struct answer){ .fault = TCE_FAULT_TVE_INVALID };
	if (offset >> width)
		return (struct answer){ .fault = TCE_FAULT_TVE_RANGE };
	return twin_walk(twin, tve, offset, write);
}

/* ---- what may be kept ---- */

static void keep(struct twin *twin, unsigned pe, uint64_t address, const struct answer *answer)
{
	uint64_t first = address >> answer->page_lg2 << answer->page_lg2;
	unsigned i = 0;

	while (i < twin->kept_count &&
	       (twin->kept[i].pe != pe || twin->kept[i].first != first || twin->kept[i].page_lg2 != answer->page_lg2))
		i++;
	ck_assert_uint_lt(i, KEPT_MAX);
	twin->kept[i] = (struct kept){ pe,
				       answer->page_lg2,
				       first,
				       answer->output >> answer->page_lg2 << answer->page_lg2,
				       answer->allows_read,
				       answer->allows_write };
	twin->kept_count += i == twin->kept_count;
}

static void forget(struct twin *twin, int pe, uint64_t first, uint64_t last)
{
	for (unsigned i = twin->kept_count; i-- > 0;) {
		const struct kept *kept = &twin->kept[i];
		uint64_t kept_last = kept->first + (UINT64_C(1) << kept->page_lg2) - 1;

		if ((pe < 0 || kept->pe == (unsigned)pe) && kept->first <= last && kept_last >= first)
			twin->kept[i] = twin->kept[--twin->kept_count];
	}
}

/* Was the unit's hit one of them?  Returns how many cover the address, and how many of these allow the access. */
static unsigned covering(const struct twin *twin, unsigned pe, uint64_t address, bool write, unsigned *allowing,
			 bool *matches)
{
	const struct iommu_translation *translation = &twin->world.translation;
	unsigned count = 0;

	*allowing = 0;
	*matches = false;
	for (unsigned i = 0; i < twin->kept_count; i++) {
		const struct kept *kept = &twin->kept[i];

		if (kept->pe != pe || address >> kept->page_lg2 << kept->page_lg2 != kept->first)
			continue;
		count++;
		if (!(write ? kept->writes : kept->reads))
			continue;
		(*allowing)++;
		if (translation->output == kept->output + (address - kept->first) &&
		    translation->size_lg2 == kept->page_lg2)
			*matches = true;
	}
	return count;
}

/* ---- a request on both ---- */

static bool freezes(enum tce_fault fault)
{
	return fault == TCE_FAULT_TVE_INVALID || fault == TCE_FAULT_TVE_RANGE || fault == TCE_FAULT_TCE_PAGE ||
	       fault == TCE_FAULT_TCE_ACCESS;
}

static void freeze(struct twin *twin, unsigned pe)
{
	twin->frozen[pe] = true;
	for (unsigned other = 0; other < PES; other++)
		if (bits(world_be64_get(&twin->world, PELTV + pe * 64), 63 - other, 63 - other))
			twin->frozen[other] = true;
}

static void check(struct twin *twin, unsigned rid, unsigned pe, uint64_t address, bool write, unsigned round)
{
	const struct iommu_translation *translation = &twin->world.translation;
	struct answer answer = twin_translate(twin, pe, address, write);
	unsigned allowing, count;
	bool matches;

	(void)rid;
	/* Bounds come first: what is kept is asked for only by what would be translated. */
	if (answer.reads) {
		count = covering(twin, pe, address, write, &allowing, &matches);
		ck_assert_msg(!translation->iotlb_hit || matches, "round %u: a hit that nothing explains", round);
		ck_assert_msg(translation->iotlb_hit || allowing == 0 || count > 1, "round %u: a miss", round);
		if (translation->iotlb_hit) {
			ck_assert_int_eq(translation->status, IOMMU_TRANSLATED);
			return;
		}
	}
	ck_assert_msg(translation->fault_reason == answer.fault, "round %u: %s, not %s", round,
		      tce_fault_text(translation->fault_reason), tce_fault_text(answer.fault));
	ck_assert_uint_eq(translation->reads[IOMMU_FOR_SECOND_STAGE], answer.reads);
	if (freezes(answer.fault))
		freeze(twin, pe);
	if (answer.fault)
		return;
	ck_assert_msg(translation->output == answer.output, "round %u", round);
	if (answer.is_plain)
		return;
	ck_assert_uint_eq(translation->size_lg2, answer.page_lg2);
	keep(twin, pe, address, &answer);
}

static void request(struct twin *twin, uint64_t address, bool write, unsigned round)
{
	unsigned i = below(twin, REQUESTERS);
	unsigned rte =
		(unsigned)(world_be64_get(&twin->world, RTT + 2 * (RID + i) / 8 * 8) >> (48 - 16 * ((RID + i) % 4))) &
		0xffff;
	int pe = twin->pe_of[i] >= 0 ? twin->pe_of[i] : rte < 512 ? (int)rte : -1;

	world_dma(&twin->world, RID + i, address, write);
	if (pe < 0) {
		ck_assert_int_eq(twin->world.translation.fault_reason, TCE_FAULT_RTE_PE);
		return;
	}
	twin->pe_of[i] = pe;
	check(twin, i, (unsigned)pe, address, write, round);
}

/* ---- histories ---- */

static uint64_t area(struct twin *twin)
{
	return TABLE + below(twin, AREAS) * AREA_BYTES;
}

static void change_tce(struct twin *twin)
{
	uint64_t at = area(twin) + (below(twin, 8) ? below(twin, 4) : below(twin, 0x2000)) * 8;
	uint64_t word = below(twin, 3) ? area(twin) | below(twin, 2) << 12 : random_next(&twin->random) >> 8;

	word = (word & ~UINT64_C(3)) | below(twin, 4) | (below(twin, 2) ? 3 : 0);
	world_be64(&twin->world, at, below(twin, 40) ? word : word | UINT64_C(1) << 60);
}

static void change_window(struct twin *twin)
{
	static const unsigned pages[] = { 12, 16, 21, 30, 12, 16, 21, 13 };
	unsigned index = below(twin, 2 * PES);
	uint64_t tve = tve_word(area(twin), 1 + below(twin, below(twin, 20) ? 4 : 8), 12 + below(twin, 5),
				pages[below(twin, below(twin, 20) ? 7 : 8)]);

	if (below(twin, 12) == 0)
		tve &= ~UINT64_C(0x1f00);
	if (below(twin, 6) == 0) {
		uint64_t first = (uint64_t)below(twin, 64) << 24, end = first + ((uint64_t)below(twin, 1 << 26) << 24);

		end &= (UINT64_C(1) << 50) - 1;
		tve = bits(first, 47, 24) << 40 | bits(first, 49, 48) << 10 | bits(end, 47, 24) << 16 |
		      bits(end, 49, 48) << 8 | 1 << 12 | 1 << 7;
	}
	twin->tve[index] = tve;
	world_ioda(&twin->world, 9, index, tve);
}

/* Mostly one of the few entries that the tables have, by the shape of some window. */
static uint64_t some_address(struct twin *twin)
{
	uint64_t tve = twin->tve[below(twin, 2 * PES)], address = below(twin, 2) ? BIT59 : 0;
	unsigned page_lg2 = (unsigned)bits(tve, 4, 0) + 11, table_lg2 = (unsigned)bits(tve, 12, 8) + 8;

	if (twin->kept_count && below(twin, 2)) {
		const struct kept *kept = &twin->kept[below(twin, twin->kept_count)];

		return kept->first + random_below(&twin->random, UINT64_C(1) << kept->page_lg2);
	}
	if (below(twin, 20) == 0)
		return 0xfffeff00 + below(twin, 0x20000);
	if (below(twin, 30) == 0)
		return random_next(&twin->random);
	if (below(twin, 30) == 0)
		return UINT64_C(1) << 60 | below(twin, 0x10000);
	for (unsigned level = 0; level <= bits(tve, 15, 13) && page_lg2 + level * table_lg2 < 57; level++)
		address += (uint64_t)below(twin, 4) << (page_lg2 + level * table_lg2);
	return (address & ~(UINT64_C(3) << 60)) | below(twin, 0x1000);
}

static void kill(struct twin *twin)
{
	static const struct {
		unsigned lg2;
		uint64_t word;
	} sizes[] = { { 12, 0 }, { 16, 0x1000000000001000 }, { 21, 0x1000000000002000 }, { 30, 0x1000000000003000 } };
	uint64_t address = some_address(twin) & ((UINT64_C(1) << 60) - 1);
	unsigned size = below(twin, 4), pe = below(twin, PES);

	address = address >> sizes[size].lg2 << sizes[size].lg2;
	switch (below(twin, 6)) {
	case 0:
		world_reg(&twin->world, 0x210, UINT64_C(1) << 63);
		forget(twin, -1, 0, UINT64_MAX);
		break;
	case 1:
		world_reg(&twin->world, 0x210, UINT64_C(1) << 62 | pe);
		forget(twin, (int)pe, 0, UINT64_MAX);
		break;
	default:
		world_reg(&twin->world, 0x210, UINT64_C(1) << 61 | sizes[size].word | address | pe);
		forget(twin, (int)pe, address, address + (UINT64_C(1) << sizes[size].lg2) - 1);
	}
}

static void change_requester(struct twin *twin)
{
	unsigned i = below(twin, REQUESTERS);

	if (below(twin, 2)) {
		world_rte(&twin->world, RID + i, below(twin, 16) ? below(twin, PES) : 512 + below(twin, 0x8000));
		return;
	}
	if (below(twin, 4) == 0) {
		world_reg(&twin->world, 0x208, UINT64_C(1) << 63);
		for (i = 0; i < REQUESTERS; i++)
			twin->pe_of[i] = -1;
		return;
	}
	world_reg(&twin->world, 0x208, (uint64_t)(RID + i) << 32);
	twin->pe_of[i] = -1;
}

static void thaw(struct twin *twin)
{
	for (unsigned pe = 0; pe < PES; pe++) {
		if (!twin->frozen[pe] || below(twin, 4) == 0)
			continue;
		world_ioda(&twin->world, 7, pe, 0);
		world_ioda(&twin->world, 8, pe, 0);
		twin->frozen[pe] = false;
	}
}

static void change_rest(struct twin *twin)
{
	unsigned parent = below(twin, PES);

	if (below(twin, 3)) {
		world_be64(&twin->world, PELTV + parent * 64,
			   below(twin, 2) ? 0 : UINT64_C(1) << (63 - below(twin, PES)));
		return;
	}
	twin->has_msi32 = below(twin, 2);
	twin->has_msi64 = below(twin, 2);
	world_reg(&twin->world, 0x160,
		  (twin->has_msi32 ? UINT64_C(1) << 55 : 0) | (twin->has_msi64 ? UINT64_C(1) << 49 : 0));
}

static void twin_init(struct twin *twin, uint64_t seed)
{
	struct tce_config config = { .pes = 512,
				     .page_sizes = TCE_PAGE_SIZES_POWER9,
				     .caches = { .iotlb = { .entries = KEPT_MAX, .ways = KEPT_MAX },
						 .device = { .entries = 64, .ways = 64 } } };
	struct err err = { 0 };

	random_init(&twin->random, seed);
	world_init(&twin->world);
	twin->world.iommu->ops->destroy(twin->world.iommu);
	twin->world.iommu = tce_create(&config, &err);
	world_reg(&twin->world, 0x168, RTT | UINT64_C(1) << 63);
	world_reg(&twin->world, 0x188, PELTV | UINT64_C(1) << 63);
	world_reg(&twin->world, 0x1a8, PEST | UINT64_C(1) << 63);
	world_reg(&twin->world, 0xda8, 0xd00000b801000060);
	world_reg(&twin->world, 0xea8, 0x6000000000000000);
	for (unsigned i = 0; i < REQUESTERS; i++) {
		twin->pe_of[i] = -1;
		world_rte(&twin->world, RID + i, i % PES);
	}
	for (unsigned i = 0; i < 40; i++)
		change_window(twin);
	for (unsigned i = 0; i < 200; i++)
		change_tce(twin);
}

static void run(uint64_t seed, unsigned rounds, uint64_t *translated, uint64_t *hits)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	twin_init(twin, seed);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned what = below(twin, 100);

		if (what < 70) {
			request(twin, some_address(twin), below(twin, 2), round);
			*translated += twin->world.translation.status == IOMMU_TRANSLATED;
			*hits += twin->world.translation.iotlb_hit;
			if (below(twin, 4))
				thaw(twin);
		} else if (what < 82) {
			change_tce(twin);
		} else if (what < 86) {
			change_window(twin);
		} else if (what < 94) {
			kill(twin);
		} else if (what < 98) {
			change_requester(twin);
		} else {
			change_rest(twin);
		}
	}
	world_fini(&twin->world);
	free(twin);
}

static unsigned rounds = 5000, seeds = 20;
static uint64_t first_seed = 1;

START_TEST(random_histories_are_what_the_twin_foretells)
{
	uint64_t translated = 0, hits = 0;

	for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++)
		run(seed, rounds, &translated, &hits);
	/* So that it is worth something. */
	ck_assert_uint_gt(translated, (uint64_t)rounds * seeds / 10);
	ck_assert_uint_gt(hits, translated / 5);
}
END_TEST

/* A soak: ROUNDS SEED SEEDS. */
int main(int argc, char **argv)
{
	if (argc == 4) {
		rounds = (unsigned)atoi(argv[1]);
		first_seed = strtoull(argv[2], NULL, 0);
		seeds = (unsigned)atoi(argv[3]);
	}
	return suite_run("tce twin", (const TTest *const[]){ random_histories_are_what_the_twin_foretells, NULL });
}
