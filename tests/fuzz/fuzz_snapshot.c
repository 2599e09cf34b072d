/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of guests that were stopped (traces/snapshot.h) under any bytes: registers that make no sense, a cut or
 * misaligned page, pages that are missing.  One line that says what to mend, or a unit whose tables can be listed
 * and which answers any request.
 *
 * A case: 1 byte of choices; 2 bytes: length of the registers' text; the text; then pages: the raw file, or in short
 * 2 bytes where and 8 bytes of a word each.
 */
#include <string.h>

#include "models/iommu/families.h"
#include "models/pagetable/leaves.h"
#include "tests/fuzz/fuzz_files.h"
#include "traces/snapshot.h"

#define ACCESSES       96u
#define READS          20000u
#define TABLES         64u
#define PAGES          16u
#define SAMPLES_LEAVES 32u

struct fuzz {
	struct fuzz_input in;
	struct snapshot snapshot;
	struct iommu *unit;
	unsigned reads, tables, accesses;
};

/* ---- the files ---- */

/* Address of the first of PAGES: around the root tables of the guests Q and F2, whose registers are good seeds. */
static const uint64_t firsts[] = { UINT64_C(0x101360000), UINT64_C(0x101b7d000) };

static void put_le64(uint8_t *bytes, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* Words of PAGES pages in short; which of the pages there are: a bit each. */
static size_t make_pages(struct fuzz_input *in, uint64_t first, uint8_t *records)
{
	unsigned present = (unsigned)fuzz_take(in, 2), count = 0;
	uint8_t *record[PAGES] = { 0 };
	const size_t bytes = 8 + PAGE_BYTES;

	for (unsigned page = 0; page < PAGES; page++) {
		if (present & 1u << page)
			continue;
		record[page] = records + bytes * count++;
		put_le64(record[page], first + page * PAGE_BYTES);
		memset(record[page] + 8, 0, PAGE_BYTES);
	}
	for (unsigned i = fuzz_below(in, 64); i > 0; i--) {
		unsigned where = (unsigned)fuzz_take(in, 2);
		uint64_t word = fuzz_take(in, 8);

		if (where & 1u << 15) /* a pointer */
			word = (first + word % PAGES * PAGE_BYTES) | (word >> 8 & 0xfff);
		if (record[where % PAGES])
			put_le64(record[where % PAGES] + 8 + (where >> 4 & 0x1ff) * 8, word);
	}
	return count * bytes;
}

static void write_files(struct fuzz *fuzz, const struct fuzz_folder *folder)
{
	static const char *const names[] = { "s.vtdregs.txt", "s.vtdregs.txt", "s.amdregs.txt", "s.smmuregs.txt" };
	unsigned choices = (unsigned)fuzz_take(&fuzz->in, 1);
	size_t length = fuzz_take(&fuzz->in, 2);

	length = length < fuzz->in.left ? length : fuzz->in.left;
	fuzz_folder_write(folder, choices & 0x30 ? names[0] : names[choices & 3], fuzz->in.at, length);
	fuzz->in.at += length;
	fuzz->in.left -= length;
	if (choices & 0x80) {
		fuzz_folder_write(folder, "s.pages.bin", fuzz->in.at, fuzz->in.left);
		fuzz->in.left = 0;
		return;
	}

	uint8_t *records = malloc(PAGES * (8 + PAGE_BYTES));

	FUZZ_MUST(records);
	fuzz_folder_write(folder, "s.pages.bin", records, make_pages(&fuzz->in, firsts[choices >> 6 & 1], records));
	free(records);
}

static void remove_files(const struct fuzz_folder *folder)
{
	fuzz_folder_remove(folder, "s.vtdregs.txt");
	fuzz_folder_remove(folder, "s.amdregs.txt");
	fuzz_folder_remove(folder, "s.smmuregs.txt");
	fuzz_folder_remove(folder, "s.pages.bin");
	fuzz_folder_end(folder);
}

/* ---- the unit ---- */

static bool access_snapshot(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	struct fuzz *fuzz = argument;

	FUZZ_MUST(++fuzz->accesses <= READS);
	FUZZ_MUST(access->address % 8 == 0); /* but of any width: a list of tables goes by the present bits alone */
	if (!memory_present(fuzz->snapshot.memory, access->address))
		return false;
	iommu_access_now(fuzz->snapshot.memory, access, words);
	return true;
}

static bool read_word(void *argument, phys_t address, uint64_t *word)
{
	struct fuzz *fuzz = argument;

	if (++fuzz->reads > READS || !memory_present(fuzz->snapshot.memory, address))
		return false;
	*word = memory_read64(fuzz->snapshot.memory, address);
	return true;
}

static void translate(struct fuzz *fuzz, uint16_t source_id, bool has_pasid, uint32_t pasid, iova_t iova)
{
	struct iommu_request request = {
		.source_id = source_id,
		.has_pasid = has_pasid,
		.pasid = pasid,
		.iova = iova,
		.write = fuzz->reads & 1,
	};
	struct iommu_translation translation;
	struct iommu_entry entry = { 0 }, before;
	uint64_t words[IOMMU_WORDS_MAX] = { 0 };

	fuzz->accesses = 0;
	fuzz->unit->ops->translate_begin(fuzz->unit, &translation, &request);
	while (translation.access.want != IOMMU_WANTS_NOTHING) {
		bool is_read = translation.access.want == IOMMU_WANTS_READ;
		bool is_answered = access_snapshot(fuzz, &translation.access, words);

		before = entry;
		if (is_read)
			iommu_describe(fuzz->unit, &translation, &before, &entry);
		if (is_read && is_answered)
			iommu_describe_words(fuzz->unit, &translation, &entry, words);
		fuzz->unit->ops->translate_feed(fuzz->unit, &translation, is_answered ? words : NULL);
	}
	FUZZ_MUST(fuzz->accesses <= ACCESSES);
	FUZZ_MUST(translation.status == IOMMU_TRANSLATED || translation.fault_reason != 0);
}

static void list_table(void *argument, const struct iommu_table *table)
{
	struct fuzz *fuzz = argument;
	struct page_table_leaf leaf;
	struct leaves leaves;

	if (++fuzz->tables > TABLES)
		return;
	leaves_begin(&leaves, table->format, &table->rules, table->root, read_word, fuzz);
	for (unsigned i = 0; i < SAMPLES_LEAVES && leaves_next(&leaves, &leaf); i++)
		translate(fuzz, table->source_id, table->has_pasid, table->pasid, leaf.iova);
}

static iommu_restore_fn *restore_of(const char *family)
{
	for (size_t i = 0; i < iommu_family_count; i++)
		if (strcmp(iommu_families[i].name, family) == 0)
			return iommu_families[i].restore;
	return NULL;
}

static void use(struct fuzz *fuzz)
{
	iommu_restore_fn *restore = restore_of(fuzz->snapshot.family);
	struct iommu_not_modelled not_modelled;
	struct err err = { 0 };

	fuzz->unit = restore ? restore(snapshot_register, &fuzz->snapshot, &not_modelled, &err) : NULL;
	FUZZ_MUST(!restore || (fuzz->unit == NULL) == (err.kind != ERR_NONE));
	if (!fuzz->unit)
		return;
	fuzz->unit->ops->describe->tables(fuzz->unit, access_snapshot, fuzz, list_table, fuzz);
	translate(fuzz, (uint16_t)fuzz_take(&fuzz->in, 2), fuzz_coin(&fuzz->in), (uint32_t)fuzz_take(&fuzz->in, 2),
		  fuzz_take(&fuzz->in, 8));
	fuzz->unit->ops->destroy(fuzz->unit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .in = { data, size } };
	struct fuzz_folder folder;
	struct err err = { 0 };
	char prefix[128];

	fuzz_folder_make(&folder);
	write_files(&fuzz, &folder);
	if (snapshot_open(&fuzz.snapshot, fuzz_folder_path(&folder, "s", prefix), &err)) {
		use(&fuzz);
		snapshot_close(&fuzz.snapshot);
	} else {
		FUZZ_MUST(err.kind != ERR_NONE && strstr(err.text, folder.path) && !strchr(err.text, '\n'));
	}
	remove_files(&folder);
	return 0;
}
