/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our unit against QEMU's, as QEMU's own log of running guests tells it (qemu-iommu.log of the sets Q, S, F1, F2), in
 * the log's order:
 *   - each translation of a device gives the same output page, page size, permissions, domain and leaf word, and is a
 *     hit of the IOTLB or a walk as it was there;
 *   - the context entry is read where QEMU filled its context-cache, and nowhere else; its words are the same;
 *   - each descriptor lies in the same slot with the same words and means the same: kind, granularity, domain,
 *     source ID, address range, status write;
 *   - each register is written with the same value (addresses of the driver's own tables differ).
 *
 * How: the guest of the same run is replayed from its trace (vtd_guest.h), so its tables and its queue exist in memory;
 * our unit has the guest's capabilities and takes the descriptors from that queue when QEMU took them.  Log
 * and trace have different clocks and are aligned on the descriptors.  Between two of them the trace says in
 * which order the tables changed but not when, so the tables are moved on only as far as needed: a walk of the log
 * that finds another word than QEMU did is tried again after the next event of the trace, but never beyond the
 * event that queues the next descriptor.  How often, and how far, is printed.
 *
 * QEMU's policy, from its source and seen in the log: no paging-structure caches; an IOTLB without sets that holds
 * 1,024 entries and is emptied when one more comes (vtd_iotlb_reset).  Our unit gets an IOTLB that never evicts, and
 * is emptied where the log says so; it must hold 1,024 entries just then, and never more.  QEMU keeps no PASID
 * entries and logs no PASID-cache invalidation, and prints p-iotlb descriptors raw only: those are compared word for
 * word and by what they do to later translations.
 *
 * The trace ends before the guest powers off.  From there on the descriptors are those of the log itself, written
 * into the queue; what they mean is compared as before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"
#include "tests/oracles/qemu_log_replay.h"
#include "tests/suite.h"

#define LEAF_WRITE BIT64(1) /* in both stages' entries */

void qemu_log_same(const struct replay *replay, uint64_t ours, uint64_t theirs, const char *what)
{
	MUST(ours == theirs, "%s: log line %u: %s: %s is %#" PRIx64 ", in QEMU %#" PRIx64, replay->guest.recording.name,
	     replay->event.line, replay->event.text, what, ours, theirs);
}

/* ---- the guest, moved on ---- */

static void register_written(void *argument, unsigned offset, unsigned bytes, uint64_t value)
{
	struct replay *replay = argument;
	struct writes *writes = offset == VTD_REG_IQT ? &replay->tails : &replay->others;
	unsigned place = (writes->first + writes->count++) % WRITES_MAX;

	MUST(writes->count <= WRITES_MAX, "the guest ran away from the log");
	writes->item[place].offset = offset;
	writes->item[place].bytes = bytes;
	writes->item[place].value = value;
}

bool qemu_log_step(struct replay *replay)
{
	if (!replay->trace_ended)
		replay->trace_ended = !vtd_guest_step(&replay->guest);
	return !replay->trace_ended;
}

/* The leaf that the guest's tables hold for the address now; 0: none. */
static uint64_t leaf_in_tables(const struct replay *replay, uint16_t source_id, iova_t iova)
{
	struct vtd_domain *domain = vtd_driver_attached(replay->guest.driver, source_id, VTD_DRIVER_NO_PASID);
	const struct page_table *table = domain ? vtd_domain_table(domain) : NULL;
	uint64_t word = 0;
	struct walk walk;

	if (!table)
		return 0;
	walk_begin(&walk, table->format, &table->rules, table->root, iova, PT_READ);
	while (walk_wants_read(&walk)) {
		word = vtd_guest_word(&replay->guest, walk.want_address);
		walk_feed(&walk, word);
	}
	return walk.status == WALK_OK ? word : 0;
}

/* Events of the trace until its tables hold the leaf that QEMU read. */
static void catch_up(struct replay *replay)
{
	const struct translating *t = &replay->translating;
	uint64_t events = 0;

	while (leaf_in_tables(replay, (uint16_t)t->source_id, t->iova) != t->word) {
		MUST(replay->tails.count == 0 && qemu_log_step(replay),
		     "%s: log line %u: %s: the guest's tables never hold %#" PRIx64
		     " for it before its next descriptor",
		     replay->guest.recording.name, replay->event.line, replay->event.text, t->word);
		events++;
	}
	replay->ahead_walks += events > 0;
	if (events > replay->ahead_most)
		replay->ahead_most = events;
}

/* ---- our unit's accesses ---- */

bool qemu_log_access(void *argument, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	struct replay *replay = argument;
	struct iommu_access at = *access;

	at.address += GUEST_OFFSET;
	iommu_access_now(replay->guest.memory, &at, words);
	if (access->want == IOMMU_WANTS_READ &&
	    (access->purpose == IOMMU_FOR_FIRST_STAGE || access->purpose == IOMMU_FOR_SECOND_STAGE))
		replay->leaf = words[0];
	return true;
}

/* ---- translations ---- */

static void empty_iotlb(struct replay *replay)
{
	const uint64_t all[4] = { FIELD_PUT(VTD_INV0_TYPE_LO, VTD_INV_IOTLB) |
				  FIELD_PUT(VTD_IOTLB_INV0_G, VTD_IOTLB_GLOBAL) };
	struct iommu_command command;

	qemu_log_same(replay, replay->entries, QEMU_ENTRIES, "count of IOTLB entries at QEMU's reset");
	ck_assert(vtd_execute(replay->unit, all, &command));
	qemu_log_same(replay, command.invalidated, QEMU_ENTRIES, "count of IOTLB entries removed");
	replay->entries = 0;
	replay->resets++;
}

/* The entry was read where QEMU filled its context-cache; in the guest's memory it is what QEMU knew. */
static void check_context(struct replay *replay, const struct iommu_translation *translation)
{
	const struct translating *t = &replay->translating;
	const struct vtd_guest *guest = &replay->guest;
	bool scalable = vtd_driver_scalable(guest->driver), was_read = translation->reads[IOMMU_FOR_DEVICE] > 0;
	uint64_t bus = t->source_id >> 8, devfn = t->source_id & UINT8_MAX;
	/* A scalable-mode root entry has a table for each half of a bus's functions. */
	phys_t root = guest->root + bus * 16 + (scalable && devfn >= 128 ? 8 : 0);
	phys_t table = vtd_guest_word(guest, root) & ADDRESS;
	phys_t entry = table + (scalable ? devfn % 128 * VTD_SCONTEXT_BYTES : devfn * VTD_CONTEXT_BYTES);

	qemu_log_same(replay, was_read, t->context_filled, "reading of the context entry");
	replay->context_fills += was_read;
	replay->context_hits += t->context_known && !was_read;
	if (!t->context_known) /* legacy mode looks into the IOTLB first */
		return;
	qemu_log_same(replay, vtd_guest_word(guest, entry) & ~ADDRESS, t->context[0] & ~ADDRESS,
		      "context entry's word 0");
	qemu_log_same(replay, vtd_guest_word(guest, entry + 8), t->context[1], "context entry's word 1");
}

/* The line that ends a translation. */
static void translate(struct replay *replay)
{
	struct translating *t = &replay->translating;
	const uint64_t *n = replay->event.number;
	const unsigned wanted = t->word & LEAF_WRITE ? PT_READ | PT_WRITE : PT_READ;
	struct iommu_translation translation;

	MUST(t->known, "log line %u: a translation without a hit or a walk", replay->event.line);
	if (!t->hit)
		catch_up(replay);
	if (t->reset)
		empty_iotlb(replay);

	struct iommu_request request = {
		.source_id = (uint16_t)t->source_id,
		.iova = t->iova,
		.write = t->word & LEAF_WRITE, /* which it was, the log does not tell */
	};

	iommu_translate_through(replay->unit, qemu_log_access, replay, &translation, &request);
	MUST(translation.status == IOMMU_TRANSLATED, "%s: log line %u: %s: ours is blocked: %s",
	     replay->guest.recording.name, replay->event.line, replay->event.text,
	     vtd_fault_text(translation.fault_reason));
	qemu_log_same(replay, t->source_id, n[0] << 8 | n[1] << 3 | n[2], "source ID");
	qemu_log_same(replay, (UINT64_C(1) << translation.size_lg2) - 1, n[5], "offset mask");
	qemu_log_same(replay, t->iova & ~n[5], n[3], "page");
	qemu_log_same(replay, translation.output & ~n[5], n[4], "output page");
	qemu_log_same(replay, translation.output, (t->word & ADDRESS & ~n[5]) | (t->iova & n[5]), "output");
	qemu_log_same(replay, translation.permissions & (PT_READ | PT_WRITE), wanted, "permissions");
	qemu_log_same(replay, translation.iotlb_hit, t->hit, "IOTLB hit");
	qemu_log_same(replay, translation.tag[0] & UINT16_MAX, t->domain, "domain"); /* where tags begin: vtd/unit.h */
	if (!t->hit) {
		qemu_log_same(replay, replay->leaf, t->word, "leaf");
		replay->entries++;
		MUST(replay->entries <= QEMU_ENTRIES, "log line %u: QEMU would have emptied its IOTLB",
		     replay->event.line);
	}
	check_context(replay, &translation);
	replay->translations++;
	replay->hits += t->hit;
	*t = (struct translating){ 0 };
}

static void context_line(struct replay *replay)
{
	const uint64_t *n = replay->event.number;
	struct translating *t = &replay->translating;

	t->context_known = true;
	t->context_filled = replay->event.kind == QEMU_LOG_CONTEXT_CACHE_FILL;
	t->context[0] = n[3];
	t->context[1] = n[2];
}

static void iotlb_line(struct replay *replay)
{
	const uint64_t *n = replay->event.number;
	struct translating *t = &replay->translating;

	t->known = true;
	t->hit = replay->event.kind == QEMU_LOG_IOTLB_HIT;
	t->source_id = n[0];
	t->iova = n[1];
	t->word = n[2];
	t->domain = n[3];
}

/* ---- the log ---- */

static void line(struct replay *replay)
{
	switch (replay->event.kind) {
	case QEMU_LOG_OTHER:
	case QEMU_LOG_CONTEXT_CACHE_RESET:
		break;
	case QEMU_LOG_REGISTER_WRITE:
		qemu_log_register(replay);
		break;
	case QEMU_LOG_QUEUE_TAIL:
		qemu_log_tail(replay);
		break;
	case QEMU_LOG_QUEUE_HEAD:
		qemu_log_head(replay);
		break;
	case QEMU_LOG_DESCRIPTOR:
		qemu_log_descriptor(replay);
		break;
	case QEMU_LOG_CONTEXT_CACHE_HIT:
	case QEMU_LOG_CONTEXT_CACHE_FILL:
		context_line(replay);
		break;
	case QEMU_LOG_IOTLB_HIT:
	case QEMU_LOG_IOTLB_FILL:
		iotlb_line(replay);
		break;
	case QEMU_LOG_IOTLB_RESET:
		replay->translating.reset = true;
		break;
	case QEMU_LOG_TRANSLATION:
		translate(replay);
		break;
	default:
		qemu_log_decoded(replay);
		break;
	}
}

static void create_unit(struct replay *replay)
{
	const struct trace_summary *summary = trace_summary(replay->guest.recording.trace);
	const struct vtd_config config = {
		.capability = summary->capability,
		.extended_capability = summary->extended_capability,
		.host_address_width = 48,
		.caches = {
			.iotlb = { .entries = 16 * QEMU_ENTRIES, .ways = 16 },
			.device = { .entries = 256, .ways = 16 },
		},
	};
	struct err err = { 0 };

	replay->unit = vtd_create(&config, &err);
	MUST(replay->unit != NULL, "%s", err.text);
	replay->pipeline = (struct pipeline *)replay->unit; /* its first member: pipeline.h */
}

static void print_summary(const struct replay *r)
{
	printf("%s: %" PRIu64 " translations (%" PRIu64 " IOTLB hits, %" PRIu64 " walks), context-cache %" PRIu64
	       " hits, %" PRIu64 " fills; %" PRIu64 " descriptors (%" PRIu64 " of them after the trace's end), %" PRIu64
	       " register writes; differences: 0\n",
	       r->guest.recording.name, r->translations, r->hits, r->translations - r->hits, r->context_hits,
	       r->context_fills, r->descriptors, r->beyond, r->registers);
	printf("    QEMU's policy: IOTLB emptied at %u entries %" PRIu64 " times, %" PRIu64
	       " descriptors of PASIDs that it does not log decoded; tables moved on for %" PRIu64 " walks, by %" PRIu64
	       " events at most\n",
	       QEMU_ENTRIES, r->resets, r->silent, r->ahead_walks, r->ahead_most);
}

static void replay_set(const char *name)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	size_t bytes;

	ck_assert_ptr_nonnull(replay);
	replay->guest.register_written = register_written;
	replay->guest.argument = replay;
	if (!vtd_guest_begin(&replay->guest, name)) {
		free(replay);
		return;
	}

	char *text = recording_file(&replay->guest.recording, "qemu-iommu.log.xz", &bytes);

	MUST(text != NULL, "%s: no qemu-iommu.log.xz", name);
	replay->log.at = text;
	create_unit(replay);
	while (qemu_log_next(&replay->log, &replay->event))
		line(replay);
	qemu_log_end_descriptor(replay);
	MUST(!qemu_log_step(replay), "%s: the log ended before the trace", name);
	print_summary(replay);
	free(text);
	replay->unit->ops->destroy(replay->unit);
	vtd_guest_end(&replay->guest);
	free(replay);
}

START_TEST(the_unit_did_what_qemu_logged)
{
	static const char *const sets[] = {
		"Q-vtd-oracle-strict-cm",
		"F2-vtd-scalable-fl",
		"F1-vtd-scalable-sl",
		"S-vtd-superpage-strict-cm",
	};

	replay_set(sets[_i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("qemu_log");
	TCase *t = tcase_create("sets");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, the_unit_did_what_qemu_logged, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return suite_main(suite());
}
