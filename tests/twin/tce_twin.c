/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tce_twin: seeded windows and TCE tables on QEMU's POWER9 bridge (pnv-phb4) and on the model's, with the transfers of an
 * `edu` device through them.  The bridge is reached through XSCOM, as firmware reaches it first.
 *
 * Differences by name, of which the model is right ([SKIBOOT], [EEH-LOGS]): QEMU does not check a TVE's bounds ("range":
 * the address wraps within the tables, or passes) and it does not freeze PEs, so that each case thaws the model's.
 *
 * Exit code: 0 no difference without a name, 1 a difference, 2 wrong usage, 77 QEMU cannot be run.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/random.h"
#include "models/iommu/tce/tce.h"
#include "models/memory/memory.h"
#include "tests/twin/qtest.h"

#define EXIT_SKIPPED 77

/* QEMU, powernv9, first PHB of the first PEC.  [QEMU] pnv_xscom.h, pnv_phb4_regs.h */
#define XSCOM    UINT64_C(0x603fc00000000)
#define PHB_IND  UINT64_C(0xd010900) /* indirect address; data is the next */
#define PEC_NEST UINT64_C(0x4010c40)
#define MMIO     UINT64_C(0x600c000000000)
#define M32      UINT64_C(0x80000000)

#define RID        0x0100u
#define PE         3u
#define RTT        UINT64_C(0x1000000)
#define TABLES     UINT64_C(0x2000000)
#define SOURCE     UINT64_C(0x3000000)
#define DATA       UINT64_C(0x10000000)
#define DATA_N     4u
#define DATA_BYTES UINT64_C(0x200000)
#define AREA_BYTES UINT64_C(0x10000)
#define LEVELS     4u
#define BIT59      (UINT64_C(1) << 59)
#define BYPASS     UINT64_C(0x0000000100001080) /* 1 TiB: phb4_map_pe_dma_window_real(0, 1 << 40) */

struct twin {
	struct qtest *qtest;
	struct edu edu;
	struct iommu *iommu;
	struct memory *memory;
	struct random random;
	uint64_t tve[2], address;
	uint64_t data[DATA_N]; /* what lies at the case's offset in each page of data */
	bool write;
	uint64_t cases, differences, ranges, translated;
	struct err err;
};

static void big_endian(uint64_t value, unsigned char bytes[8])
{
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (56 - 8 * i));
}

static unsigned below(struct twin *twin, unsigned bound)
{
	return (unsigned)random_below(&twin->random, bound);
}

/* ---- both sides ---- */

static void sync(struct twin *twin)
{
	if (qtest_sync(twin->qtest, &twin->err))
		return;
	fprintf(stderr, "tce_twin: %s\n", twin->err.text);
	exit(EXIT_FAILURE);
}

static void scom(struct twin *twin, uint64_t address, uint64_t value)
{
	qtest_write64(twin->qtest, XSCOM + (address << 3), value);
}

static void qemu_reg(struct twin *twin, unsigned offset, uint64_t value)
{
	scom(twin, PHB_IND, UINT64_C(1) << 63 | offset);
	scom(twin, PHB_IND + 1, value);
}

/* Registers of configuration space are little-endian and have four bytes. */
static void qemu_reg32(struct twin *twin, unsigned offset, uint32_t value)
{
	scom(twin, PHB_IND, UINT64_C(3) << 62 | offset);
	scom(twin, PHB_IND + 1, __builtin_bswap32(value));
}

static uint64_t qemu_get(struct twin *twin, unsigned offset)
{
	uint64_t value;

	scom(twin, PHB_IND, UINT64_C(1) << 63 | offset);
	qtest_read64(twin->qtest, XSCOM + ((PHB_IND + 1) << 3), &value);
	sync(twin);
	return value;
}

static void reg(struct twin *twin, unsigned offset, uint64_t value)
{
	qemu_reg(twin, offset, value);
	twin->iommu->ops->register_write(twin->iommu, offset, 8, value);
}

static void ioda(struct twin *twin, unsigned table, unsigned index, uint64_t value)
{
	reg(twin, 0x220, (uint64_t)table << 48 | index);
	reg(twin, 0x228, value);
}

static void word(struct twin *twin, uint64_t address, uint64_t value)
{
	unsigned char bytes[8];

	big_endian(value, bytes);
	qtest_write(twin->qtest, address, bytes, sizeof(bytes));
	memory_write(twin->memory, address, bytes, sizeof(bytes));
}

/* ---- the machine ---- */

static bool start(struct twin *twin)
{
	static const char *const arguments[] = { "-device", "edu,bus=pcie.0,addr=0,dma_mask=0xffffffffffffffff", NULL };
	const char *program = getenv("IOMMUSIM_QEMU_PPC64");
	struct tce_config config = { .pes = 512,
				     .page_sizes = TCE_PAGE_SIZES_POWER9,
				     .caches = { .iotlb = { .entries = 64, .ways = 64 },
						 .device = { .entries = 16, .ways = 16 } } };

	twin->qtest =
		qtest_create(program ? program : "qemu-system-ppc64", &qtest_powernv9, arguments, false, &twin->err);
	if (!twin->qtest)
		return false;
	twin->memory = memory_create();
	twin->iommu = tce_create(&config, &twin->err);
	twin->edu = (struct edu){ .bar = MMIO };

	/* The stack's MMIO, 2 GiB of it; of that 16 MiB are the M32 window, from 2 GiB on the bus. */
	scom(twin, PEC_NEST + 0xe, MMIO << 8);
	scom(twin, PEC_NEST + 0xf, UINT64_C(0xffffff8000000000));
	scom(twin, PEC_NEST + 0x14, UINT64_C(1) << 63);
	qemu_reg(twin, 0x1a0, M32);
	qemu_reg(twin, 0x220, UINT64_C(16) << 48 | 1);
	qemu_reg(twin, 0x228, UINT64_C(0x80fffffff0000000) | UINT64_C(0xff000000));
	qemu_reg(twin, 0x220, UINT64_C(16) << 48);
	qemu_reg(twin, 0x228, UINT64_C(3) << 62 | MMIO);
	qemu_reg32(twin, 0x1018, 0x00010100); /* the root port's buses, its window, its command */
	qemu_reg32(twin, 0x1020, 0x80f08000);
	qemu_reg32(twin, 0x1004, 6);
	qemu_reg(twin, 0x140, UINT64_C(1) << 63 | (uint64_t)RID << 44 | UINT64_C(0x10) << 32);
	qemu_reg32(twin, 0x130, M32);
	qemu_reg(twin, 0x140, UINT64_C(1) << 63 | (uint64_t)RID << 44 | UINT64_C(4) << 32);
	qemu_reg32(twin, 0x130, 6);

	word(twin, RTT + 2 * RID, 0x0003000300030003);
	reg(twin, 0x168, RTT | UINT64_C(1) << 63);
	sync(twin);
	return true;
}

static void transfer(struct twin *twin, bool write, uint64_t address)
{
	uint64_t busy = 1;

	edu_start(twin->qtest, &twin->edu, write, address, 0, 8);
	for (unsigned i = 0; i < 100000 && (busy & 1); i++) {
		edu_poll(twin->qtest, &twin->edu, &busy);
		sync(twin);
	}
}

/* Moves the device's buffer from or to plain memory, through a window 1 that is a bypass for so long. */
static void buffer(struct twin *twin, bool write, uint64_t address)
{
	ioda(twin, 9, 2 * PE + 1, BYPASS);
	transfer(twin, write, BIT59 | address);
	ioda(twin, 9, 2 * PE + 1, twin->tve[1]);
}

/* ---- a case ---- */

static uint64_t area(unsigned level, unsigned which)
{
	return TABLES + (level * 2 + which) * AREA_BYTES;
}

static uint64_t random_tve(struct twin *twin)
{
	static const unsigned pages[] = { 1, 5, 10, 19 };
	unsigned levels = 1 + below(twin, LEVELS), psize = pages[below(twin, 4)], size = 1 + below(twin, 5);

	if (below(twin, 12) == 0)
		return 0;
	while (psize + 11 + levels * (size + 8) > 58)
		levels--;
	return area(levels - 1, below(twin, 2)) >> 12 << 16 | (levels - 1) << 13 | size << 8 | psize;
}

static void make_tables(struct twin *twin)
{
	for (unsigned level = 0; level < LEVELS; level++)
		for (unsigned i = 0; i < 8; i++) {
			uint64_t to = level ? area(level - 1, below(twin, 2)) : DATA + below(twin, DATA_N) * DATA_BYTES;
			unsigned permissions = below(twin, 4) ? 3 : below(twin, 4);

			word(twin, area(level, i / 4) + i % 4 * 8,
			     to | permissions | (level ? 0 : below(twin, 0x400) << 2));
		}
}

static void make_address(struct twin *twin, uint64_t offset)
{
	unsigned window = below(twin, 2);
	uint64_t tve = twin->tve[window];
	unsigned page_lg2 = (unsigned)(tve & 31) + 11, table_lg2 = (unsigned)(tve >> 8 & 31) + 8;
	unsigned levels = (unsigned)(tve >> 13 & 7) + 1, width = page_lg2 + levels * table_lg2;

	/* A page of 1 GiB is at 0: the data are in it. */
	twin->address = (window ? BIT59 : 0) | (page_lg2 == 30 ? DATA : 0) | offset;
	for (unsigned level = 0; level < levels; level++)
		twin->address |= (uint64_t)below(twin, 4) << (page_lg2 + level * table_lg2);
	if (width < 58 && below(twin, 12) == 0)
		twin->address |= UINT64_C(1) << (width + below(twin, 59 - width));
}

/* What the model makes of an address now. */
static struct iommu_translation model(struct twin *twin, uint64_t address)
{
	struct iommu_request request = { .source_id = RID, .iova = address, .write = twin->write };
	struct iommu_translation translation;

	twin->iommu->ops->register_write(twin->iommu, 0x220, 8, UINT64_C(8) << 48 | PE); /* PESTB: DMA goes on */
	twin->iommu->ops->register_write(twin->iommu, 0x228, 8, 0);
	iommu_translate_now(twin->iommu, twin->memory, &translation, &request);
	return translation;
}

/* The same, as QEMU goes past bounds: bits above the tables select nothing. */
static struct iommu_translation foretell(struct twin *twin)
{
	struct iommu_translation translation = model(twin, twin->address);
	uint64_t tve = twin->tve[twin->address >> 59 & 1];
	unsigned width = (unsigned)((tve & 31) + 11 + ((tve >> 13 & 7) + 1) * ((tve >> 8 & 31) + 8));

	if (translation.fault_reason != TCE_FAULT_TVE_RANGE)
		return translation;
	twin->ranges++;
	return model(twin, (twin->address & BIT59) | (twin->address & ((UINT64_C(1) << width) - 1)));
}

static uint64_t qemu_word(struct twin *twin, uint64_t address)
{
	unsigned char bytes[8];
	uint64_t value = 0;

	qtest_read(twin->qtest, address, bytes, sizeof(bytes));
	sync(twin);
	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static bool agrees(struct twin *twin, const struct iommu_translation *foretold, uint64_t offset, uint64_t pattern)
{
	bool goes = foretold->status == IOMMU_TRANSLATED;

	if (!twin->write) {
		buffer(twin, true, SOURCE + 0x1000);

		uint64_t read = qemu_word(twin, SOURCE + 0x1000);

		for (unsigned i = 0; i < DATA_N; i++)
			if ((read == twin->data[i]) != (goes && foretold->output == DATA + i * DATA_BYTES + offset))
				return false;
		return true;
	}
	for (unsigned i = 0; i < DATA_N; i++) {
		uint64_t at = DATA + i * DATA_BYTES + offset;
		bool hit = goes && foretold->output == at;

		if (qemu_word(twin, at) != (hit ? pattern : twin->data[i]))
			return false;
	}
	return true;
}

static void run_case(struct twin *twin, uint64_t seed, uint64_t index)
{
	uint64_t offset, pattern;

	random_init(&twin->random, seed * 1000003 + index);
	offset = below(twin, 0x1ff) * 8;
	pattern = random_next(&twin->random);
	twin->write = below(twin, 2);
	for (unsigned i = 0; i < DATA_N; i++) {
		twin->data[i] = random_next(&twin->random);
		word(twin, DATA + i * DATA_BYTES + offset, twin->data[i]);
	}
	word(twin, SOURCE, pattern);
	for (unsigned window = 0; window < 2; window++) {
		twin->tve[window] = random_tve(twin);
		ioda(twin, 9, 2 * PE + window, twin->tve[window]);
	}
	make_tables(twin);
	make_address(twin, offset);
	reg(twin, 0x210, UINT64_C(1) << 63);
	reg(twin, 0x208, UINT64_C(1) << 63);
	buffer(twin, false, SOURCE);
	transfer(twin, twin->write, twin->address);

	struct iommu_translation foretold = foretell(twin);

	twin->cases++;
	twin->translated += foretold.status == IOMMU_TRANSLATED;
	if (agrees(twin, &foretold, offset, pattern))
		return;
	twin->differences++;
	printf("difference %" PRIu64 ":%" PRIu64 ": %s of 0x%" PRIx64 ", TVEs 0x%" PRIx64 " 0x%" PRIx64
	       ": the model: %s 0x%" PRIx64 "\n",
	       seed, index, twin->write ? "write" : "read", twin->address, twin->tve[0], twin->tve[1],
	       tce_fault_text(foretold.fault_reason), foretold.output);
}

/* ---- registers ---- */

static void check_registers(struct twin *twin)
{
	static const unsigned same[] = { 0x250, 0x258, 0x260, 0x268, 0x800, 0x220, 0x168, 0x210 };

	reg(twin, 0x220, UINT64_C(1) << 63 | UINT64_C(9) << 48 | 1022);
	for (uint64_t i = 1; i <= 4; i++)
		reg(twin, 0x228, i);
	for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		uint64_t ours = twin->iommu->ops->register_read(twin->iommu, same[i], 8),
			 theirs = qemu_get(twin, same[i]);

		if (ours == theirs)
			continue;
		twin->differences++;
		printf("difference: register 0x%x: 0x%" PRIx64 ", QEMU 0x%" PRIx64 "\n", same[i], ours, theirs);
	}
	reg(twin, 0x220, UINT64_C(1) << 63 | UINT64_C(9) << 48 | 1023);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t ours = twin->iommu->ops->register_read(twin->iommu, 0x228, 8), theirs = qemu_get(twin, 0x228);

		twin->differences += ours != theirs || ours != 2 + i;
	}
}

int main(int argc, char **argv)
{
	struct twin twin = { 0 };
	uint64_t cases = 500, seed = 1, first = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--cases") == 0)
			cases = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (strcmp(argv[i], "--first") == 0)
			first = strtoull(argv[i + 1], NULL, 0);
		else
			argc = 0;
	}
	if (argc % 2 == 0) {
		fprintf(stderr, "usage: tce_twin [--seed N] [--cases N] [--first INDEX]\n"
				"IOMMUSIM_QEMU_PPC64 names the program, qemu-system-ppc64 unless set.\n");
		return 2;
	}
	if (!start(&twin)) {
		printf("skipped: %s\n", twin.err.text);
		return EXIT_SKIPPED;
	}
	check_registers(&twin);
	for (uint64_t index = first; index < first + cases; index++)
		run_case(&twin, seed, index);
	printf("%" PRIu64 " cases, %" PRIu64 " translated, %" PRIu64 " explained (range), %" PRIu64 " differences\n",
	       twin.cases, twin.translated, twin.ranges, twin.differences);
	qtest_destroy(twin.qtest);
	twin.iommu->ops->destroy(twin.iommu);
	memory_destroy(twin.memory);
	return twin.differences ? EXIT_FAILURE : EXIT_SUCCESS;
}
