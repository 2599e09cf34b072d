/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "sim/walk.h"

/* ---- memory ---- */

void walk_memory_init(struct walk_memory *memory, struct memory *pages)
{
	*memory = (struct walk_memory){ .memory = pages, .first_missing = PHYS_NONE, .last_missing = PHYS_NONE };
}

bool walk_memory_access(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	struct walk_memory *memory = argument;
	phys_t page = access->address & ~(PAGE_BYTES - 1);

	if (memory_present(memory->memory, access->address)) {
		iommu_access_now(memory->memory, access, words);
		return true;
	}
	if (memory->first_missing == PHYS_NONE)
		memory->first_missing = page;
	memory->missing += page != memory->last_missing;
	memory->last_missing = page;
	return false;
}

/* ---- registers ---- */

void walk_print_registers(FILE *out, struct iommu *iommu, iommu_recorded_fn *recorded, void *argument)
{
	const struct iommu_register *named = iommu->ops->describe->registers;
	uint64_t value;

	if (!named->name)
		return;
	fputs("registers\n", out);
	for (; named->name; named++)
		if (recorded(argument, named->offset, named->bytes, &value))
			walk_print_word(out, named->name, value, named->bytes, &named->layout, 0);
	fputc('\n', out);
}

/* ---- a translation ---- */

/* What the last access was, to tell what became of it. */
struct step {
	enum iommu_purpose purpose;
	const struct walk *walk; /* NULL: device structures */
	unsigned level;
	struct iommu_entry entry;
};

static bool is_nested(const struct iommu_translation *translation)
{
	return translation->first_format && translation->second_format;
}

static const char *stage_name(enum iommu_purpose purpose)
{
	return purpose == IOMMU_FOR_FIRST_STAGE ? "first stage" : "second stage";
}

static const char *size_text(unsigned size_lg2, char text[16])
{
	static const char units[] = "KMGT";
	unsigned unit = (size_lg2 - 10) / 10;

	snprintf(text, 16, "%u %ciB", 1u << (size_lg2 - 10) % 10, units[unit]);
	return text;
}

static void print_permissions(FILE *out, const struct pt_format *format, unsigned permissions)
{
	fprintf(out, "%c%c", permissions & PT_READ ? 'R' : '-', permissions & PT_WRITE ? 'W' : '-');
	if (format && format->knows_privilege)
		fprintf(out, "%c for %s", permissions & PT_EXECUTE ? 'X' : '-',
			permissions & PT_USER ? "users" : "supervisors only");
}

/* "root entry, table 0x101361000, index 0x0 (bus)" */
static void print_heading(FILE *out, const struct iommu_translation *translation, const struct iommu_entry *entry,
			  const struct walk *walk)
{
	if (!walk)
		fputs(entry->name, out);
	else
		fprintf(out, "%s, level %u: %s", stage_name(translation->access.purpose), walk->level + 1,
			walk->format->layout(entry->word[0], walk->level)->name);
	fprintf(out, ", table 0x%" PRIx64 ", index 0x%x", entry->table, entry->index);
	if (entry->index_name)
		fprintf(out, " (%s)", entry->index_name);
	if (walk && is_nested(translation) && translation->access.purpose == IOMMU_FOR_FIRST_STAGE)
		fputs("; the words' addresses are the host's", out);
	fputc('\n', out);
}

static void print_words(FILE *out, const struct iommu_access *access, const struct iommu_entry *entry)
{
	char label[32];

	for (unsigned i = 0; i < entry->words; i++) {
		unsigned last = i;

		while (last < entry->words && walk_is_blank(entry->word[last], entry->layout[last]))
			last++;
		if (last > i + 1) {
			fprintf(out, "    0x%-11" PRIx64 " %u words of 0, all reserved\n", access->address + 8 * i,
				last - i);
			i = last - 1;
			continue;
		}
		snprintf(label, sizeof(label), "0x%" PRIx64, access->address + 8 * i);
		walk_print_word(out, label, entry->word[i], 8, entry->layout[i], entry->reserved[i]);
	}
}

/* The device structures lead to page tables. */
static void print_stages(FILE *out, const struct iommu_translation *translation)
{
	const struct pt_rules *first = &translation->first_rules, *second = &translation->second_rules;

	fputs("    => ", out);
	if (translation->first_format)
		fprintf(out, "first stage of %u levels, table 0x%" PRIx64, first->levels, translation->first_root);
	if (is_nested(translation))
		fputs(", over a ", out);
	if (translation->second_format)
		fprintf(out, "second stage of %u levels, table 0x%" PRIx64, second->levels, translation->second_root);
	fputs("\n\n", out);
}

static void print_page(FILE *out, const struct walk *walk)
{
	char size[16];

	fprintf(out, "    => page 0x%" PRIx64 " of %s, ", walk->leaf.address, size_text(walk->size_lg2, size));
	print_permissions(out, walk->format, walk->permissions);
	fputc('\n', out);
}

/* What follows from the entry, when the walk goes on. */
static void print_next(FILE *out, const struct iommu *iommu, const struct iommu_translation *translation,
		       const struct step *step)
{
	const struct iommu_access *access = &translation->access;
	const struct walk *walk = translation->at_work;
	struct iommu_entry next;

	if (access->purpose == IOMMU_FOR_DEVICE) {
		iommu_describe(iommu, translation, &step->entry, &next);
		fprintf(out, "    => %s at 0x%" PRIx64 "\n\n", next.name, access->address);
	} else if (step->purpose == IOMMU_FOR_DEVICE) {
		print_stages(out, translation);
	} else if (step->walk == walk && step->level == walk->level + 1) {
		fprintf(out, "    => table 0x%" PRIx64 ", ", walk->table);
		print_permissions(out, walk->format, walk->permissions);
		fputs(" so far\n", out);
	} else if (step->purpose == IOMMU_FOR_SECOND_STAGE && access->purpose == IOMMU_FOR_SECOND_STAGE) {
		print_page(out, step->walk);
		fprintf(out,
			"    => flags to be set at guest address 0x%" PRIx64 ", which the second stage translates\n\n",
			walk->iova);
	} else if (step->purpose == IOMMU_FOR_FIRST_STAGE) {
		fprintf(out, "    => %s at guest address 0x%" PRIx64 ", which the second stage translates\n\n",
			translation->nested_for_table ? "table" : "page", walk->iova);
	} else {
		fprintf(out, "    => the first stage's table is at host address 0x%" PRIx64 "\n\n",
			access->address & ~(PAGE_BYTES - 1));
	}
}

static void print_update(FILE *out, const struct iommu_translation *translation, const struct layout *layout)
{
	const struct iommu_access *access = &translation->access;
	uint64_t set = access->desired & ~access->expected;

	fputs("    => sets", out);
	for (size_t i = 0; i < layout->count; i++)
		if (layout->field[i].mask & set)
			fprintf(out, " %s", layout->field[i].name);
	fprintf(out, ": 0x%016" PRIx64 "\n", access->desired);
}

static void print_outcome(FILE *out, const struct iommu *iommu, const struct iommu_translation *translation,
			  const struct walk_memory *memory)
{
	uint64_t reads = 0;
	char size[16];

	for (unsigned i = 0; i < IOMMU_PURPOSES; i++)
		reads += translation->reads[i];
	if (translation->status == IOMMU_FAULT) {
		fprintf(out, "\nfault 0x%02x: %s\n", translation->fault_reason,
			iommu->ops->describe->fault_text(translation->fault_reason));
		if (memory->first_missing != PHYS_NONE)
			fprintf(out,
				"The page at 0x%" PRIx64 " is not in the snapshot, so nothing could be read there.\n",
				memory->first_missing);
		return;
	}
	fprintf(out, "\ntranslated: 0x%" PRIx64 " -> 0x%" PRIx64, translation->request.iova, translation->output);
	if (reads == 0) {
		fputs("; no table was read: translation is off, or such an address is not for memory\n", out);
		return;
	}
	if (translation->first_format || translation->second_format) {
		fprintf(out, ", page of %s, ", size_text(translation->size_lg2, size));
		print_permissions(out, translation->first_format, translation->permissions);
	} else {
		fputs(", passed through", out);
	}
	fprintf(out, "; %" PRIu64 " reads\n", reads);
}

/* After the feed: what was decided of the entry in *step. */
static void print_decision(FILE *out, const struct iommu *iommu, const struct iommu_translation *translation,
			   const struct step *step)
{
	const struct walk *walk = step->walk;

	if (translation->access.want == IOMMU_WANTS_READ) {
		print_next(out, iommu, translation, step);
		return;
	}
	if (translation->access.want != IOMMU_WANTS_NOTHING) {
		if (walk && walk != translation->at_work && translation->page_is_known)
			print_page(out, walk);
		return;
	}
	if (translation->status == IOMMU_FAULT) {
		fputs("    => fault\n", out);
	} else if (walk) {
		print_page(out, walk);
	} else {
		fputs("    => passed through\n", out);
	}
}

/* Prints the entry that is wanted; false: it is not in memory. */
static bool read_entry(FILE *out, const struct iommu *iommu, const struct iommu_translation *translation,
		       struct walk_memory *memory, struct step *step, uint64_t *words)
{
	const struct iommu_access *access = &translation->access;
	struct iommu_entry entry;
	bool is_there = walk_memory_access(memory, access, words);

	step->purpose = access->purpose;
	step->walk = access->purpose == IOMMU_FOR_DEVICE ? NULL : translation->at_work;
	step->level = step->walk ? step->walk->level : 0;
	iommu_describe(iommu, translation, &step->entry, &entry);
	if (is_there)
		iommu_describe_words(iommu, translation, &entry, words);
	print_heading(out, translation, &entry, step->walk);
	if (is_there)
		print_words(out, access, &entry);
	else
		fprintf(out, "    0x%-11" PRIx64 " not in the snapshot\n", access->address);
	step->entry = entry;
	return is_there;
}

/* Flags are to be set in an entry that was read before the last ones: the first stage's leaf. */
static void return_to_entry(FILE *out, const struct iommu *iommu, const struct iommu_translation *translation,
			    struct step *step)
{
	struct iommu_entry entry;

	if (step->walk == translation->at_work)
		return;
	step->purpose = translation->access.purpose;
	step->walk = translation->at_work;
	step->level = step->walk->level;
	iommu_describe(iommu, translation, NULL, &entry);
	iommu_describe_words(iommu, translation, &entry, &translation->access.expected);
	fputc('\n', out);
	print_heading(out, translation, &entry, step->walk);
	step->entry = entry;
}

bool walk_print_translation(FILE *out, struct iommu *iommu, struct walk_memory *memory,
			    const struct iommu_request *request)
{
	struct iommu_translation translation;
	struct step step = { 0 };
	uint64_t words[IOMMU_WORDS_MAX];

	iommu->ops->translate_begin(iommu, &translation, request);
	while (translation.access.want != IOMMU_WANTS_NOTHING) {
		bool is_there;

		if (translation.access.want == IOMMU_WANTS_READ) {
			is_there = read_entry(out, iommu, &translation, memory, &step, words);
		} else {
			if (translation.access.want == IOMMU_WANTS_UPDATE) {
				return_to_entry(out, iommu, &translation, &step);
				print_update(out, &translation, step.entry.layout[0]);
			}
			is_there = walk_memory_access(memory, &translation.access, words);
		}
		iommu->ops->translate_feed(iommu, &translation, is_there ? words : NULL);
		print_decision(out, iommu, &translation, &step);
	}
	print_outcome(out, iommu, &translation, memory);
	return translation.status == IOMMU_TRANSLATED;
}
