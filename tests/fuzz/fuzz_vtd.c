/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VT-d unit under bytes that mean to harm it: what it can do, its registers, its structures and tables in
 * memory, its queue, and requests of every type, several under way at once.  Nothing here knows the right answer; it
 * checks what must hold of any:
 *   - a unit that cannot be is an err with a text;
 *   - a translation or a command ends within a bounded number of accesses, each aligned and below 2^52;
 *   - memory that is absent (NULL fed) is an outcome as any other;
 *   - an outcome is whole: a fault of an untranslated request has a reason with a meaning, a translation has a size, permissions that were
 *     asked for and the offset of its address, and a second request at once gets the same.
 */
#include <string.h>

#include "models/iommu/vtd/layout.h"
#include "models/iommu/vtd/vtd.h"
#include "models/memory/memory.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/fuzz_vtd_memory.h"

/* Most accesses of one translation: 4 structures, (5 + 1) * 5 + 5 table entries, each with an update, and retries. */
#define TRANSLATION_ACCESSES 96u
#define COMMAND_ACCESSES     8u
#define COMMANDS_AT_ONCE     64u
#define FLIGHTS              3u

struct flight {
	struct iommu_translation translation;
	unsigned accesses, updates;
	bool is_flying;
};

struct fuzz {
	struct fuzz_input in;
	struct memory *memory;
	struct iommu *unit;
	struct vtd_config config;
	unsigned interference; /* updates that another agent forestalls */
	struct flight flight[FLIGHTS];
};

/* ---- a unit ---- */

static struct cache_geometry take_geometry(struct fuzz_input *in)
{
	struct cache_geometry geometry = { .replacement = fuzz_below(in, 3) };

	geometry.ways = fuzz_below(in, 5);
	geometry.entries = geometry.ways << fuzz_below(in, 4);
	if (fuzz_below(in, 16) == 15)
		geometry.entries++;
	return geometry;
}

static void take_features(struct fuzz_input *in, struct vtd_features *features)
{
	uint32_t flags = ~(uint32_t)fuzz_take(in, 3); /* no bytes: everything is there */

	*features = (struct vtd_features){
		.scalable = flags & 1u << 0,
		.nested = flags & 1u << 1,
		.pass_through = flags & 1u << 2,
		.caching_mode = flags & 1u << 3,
		.queued_invalidation = flags & 1u << 4,
		.snoop_control = flags & 1u << 5,
		.second_stage_flags = flags & 1u << 6,
		.device_tlb = flags & 1u << 7,
		.non_coherent_walks = !(flags & 1u << 8),
		.write_buffer_flush = !(flags & 1u << 9),
		.no_page_selective = !(flags & 1u << 10),
		.no_first_stage = !(flags & 1u << 11),
		.no_second_stage = !(flags & 1u << 12),
		.page_requests = flags & 1u << 13,
		.execute_requests = flags & 1u << 14,
		.abort_dma = flags & 1u << 15,
		.second_stage_levels = 5 - fuzz_below(in, 3),
		.first_stage_levels = 5 - fuzz_below(in, 2),
		.page_size_limit_lg2 = 30 - 9 * fuzz_below(in, 3),
		.fault_records = 1 + fuzz_below(in, 222),
		.domain_bits = 16 - 2 * fuzz_below(in, 7),
		.host_address_width = 52 - fuzz_below(in, 17),
		.input_width = flags & 1u << 16 ? 0 : fuzz_between(in, 30, 57),
		.address_mask_limit = flags & 1u << 17 ? 0 : fuzz_below(in, 64),
		.pasid_bits = flags & 1u << 18 ? 20 : fuzz_between(in, 1, 20),
	};
}

static bool create(struct fuzz *fuzz)
{
	struct vtd_features features;
	struct err err = { 0 };

	take_features(&fuzz->in, &features);
	vtd_capabilities(&features, &fuzz->config);
	if (fuzz_below(&fuzz->in, 4) == 3) {
		fuzz->config.capability ^= fuzz_take(&fuzz->in, 8);
		fuzz->config.extended_capability ^= fuzz_take(&fuzz->in, 8);
		fuzz->config.host_address_width += fuzz_below(&fuzz->in, 64);
	}
	fuzz->config.caches.iotlb = take_geometry(&fuzz->in);
	fuzz->config.caches.device = take_geometry(&fuzz->in);
	for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
		fuzz->config.caches.walk[level] = take_geometry(&fuzz->in);
	fuzz->config.collapses_faults = fuzz_coin(&fuzz->in);
	fuzz->unit = vtd_create(&fuzz->config, &err);
	FUZZ_MUST((fuzz->unit == NULL) == (err.kind != ERR_NONE));
	FUZZ_MUST(fuzz->unit || err.text[0]);
	return fuzz->unit != NULL;
}

/* ---- accesses ---- */

static bool answer(struct fuzz *fuzz, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	unsigned bytes = access->want == IOMMU_WANTS_WRITE    ? access->bytes
			 : access->want == IOMMU_WANTS_UPDATE ? 8
							      : 8 * access->words;

	FUZZ_MUST(access->want == IOMMU_WANTS_READ || access->want == IOMMU_WANTS_UPDATE ||
		  access->want == IOMMU_WANTS_WRITE);
	FUZZ_MUST(access->purpose < IOMMU_PURPOSES);
	FUZZ_MUST(bytes == 8 || bytes == 16 || bytes == 32 || bytes == 64 ||
		  (bytes == 4 && access->want == IOMMU_WANTS_WRITE));
	FUZZ_MUST(access->address % bytes == 0);
	FUZZ_MUST(access->address < UINT64_C(1) << 52);
	if (!fuzz_vtd_is_present(access->address))
		return false;
	if (access->want == IOMMU_WANTS_UPDATE) {
		FUZZ_MUST(access->expected != access->desired);
		if (fuzz->interference > 0) {
			fuzz->interference--;
			words[0] = 0;
			return true;
		}
	}
	iommu_access_now(fuzz->memory, access, words);
	return true;
}

/* ---- translations ---- */

static void check_completion(const struct iommu_translation *t)
{
	if (t->request.type == IOMMU_PAGE_REQUEST)
		FUZZ_MUST(t->completion >= IOMMU_NO_COMPLETION && t->completion <= IOMMU_PAGE_FAILURE);
	else if (t->request.type == IOMMU_TRANSLATION_REQUEST && t->completion == IOMMU_SUCCESS)
		FUZZ_MUST(t->status == IOMMU_TRANSLATED || !t->permissions); /* told nothing, and reported */
	else if (t->status == IOMMU_FAULT)
		FUZZ_MUST(t->completion == IOMMU_UNSUPPORTED || t->completion == IOMMU_ABORT);
	else
		FUZZ_MUST(t->completion == IOMMU_SUCCESS);
}

static void check_outcome(const struct fuzz *fuzz, const struct iommu_translation *t)
{
	bool is_on = fuzz->unit->ops->register_read(fuzz->unit, VTD_REG_GSTS, 4) & VTD_GSTS_TES;
	const struct iommu_request *request = &t->request;

	FUZZ_MUST(t->status == IOMMU_TRANSLATED || t->status == IOMMU_FAULT);
	check_completion(t);
	if (t->status == IOMMU_FAULT) {
		/* Without a reason: what the unit does not take while it is off, or not at all. */
		FUZZ_MUST(t->fault_reason != 0 || request->type != IOMMU_UNTRANSLATED);
		FUZZ_MUST(t->fault_reason == 0 || strcmp(vtd_fault_text(t->fault_reason), "?") != 0);
		return;
	}
	if (request->type == IOMMU_PAGE_REQUEST)
		return;
	FUZZ_MUST(t->fault_reason == 0);
	if (request->type == IOMMU_TRANSLATION_REQUEST && !(t->permissions & (PT_READ | PT_WRITE)))
		return;
	FUZZ_MUST(t->size_lg2 >= PAGE_LG2 && t->size_lg2 <= 57);
	FUZZ_MUST(((t->output ^ request->iova) & (PAGE_BYTES - 1)) == 0);
	FUZZ_MUST(t->output < UINT64_C(1) << 52 || (!is_on && t->output == request->iova));
	if (request->type != IOMMU_UNTRANSLATED)
		return;
	/* A supervisor's write needs no write permission where the first stage is not write-protected (WPE). */
	bool may_write_all = t->first_format && !t->first_rules.write_protect;

	if (request->write)
		FUZZ_MUST(may_write_all || (t->permissions & PT_WRITE));
	else if (!request->zero_length)
		FUZZ_MUST(t->permissions & PT_READ);
}

static void settle(const struct fuzz *fuzz, struct flight *flight)
{
	flight->is_flying = flight->translation.access.want != IOMMU_WANTS_NOTHING;
	if (!flight->is_flying)
		check_outcome(fuzz, &flight->translation);
}

/* One access of a translation under way. */
static void advance(struct fuzz *fuzz, struct flight *flight)
{
	struct iommu_translation *t = &flight->translation;
	uint64_t words[IOMMU_WORDS_MAX] = { 0 };
	bool is_answered = answer(fuzz, &t->access, words);

	FUZZ_MUST(++flight->accesses <= TRANSLATION_ACCESSES);
	flight->updates += t->access.want != IOMMU_WANTS_READ;
	fuzz->unit->ops->translate_feed(fuzz->unit, t, is_answered ? words : NULL);
	settle(fuzz, flight);
}

static void begin(struct fuzz *fuzz, struct flight *flight, const struct iommu_request *request)
{
	flight->accesses = flight->updates = 0;
	fuzz->unit->ops->translate_begin(fuzz->unit, &flight->translation, request);
	settle(fuzz, flight);
}

static void take_request(struct fuzz_input *in, struct iommu_request *request)
{
	unsigned flags = (unsigned)fuzz_take(in, 3);

	*request = (struct iommu_request){
		.type = flags & 3,
		.source_id = FUZZ_DEVICE,
		.has_pasid = flags & 1u << 2,
		.write = flags & 1u << 3,
		.execute = flags & 1u << 4 && flags & 1u << 2 && !(flags & 1u << 3),
		.privileged = flags & 1u << 5 && flags & 1u << 2,
		.zero_length = flags & 1u << 6 && !(flags & 1u << 3),
		.atomic = flags & 1u << 16 && flags & 1u << 3,
		.read = flags & 1u << 7,
		.last = flags & 1u << 8,
		.group = flags >> 9 & 0x7f,
	};
	if (flags & 1u << 14)
		request->source_id = (uint16_t)fuzz_take(in, 2);
	if (request->has_pasid)
		request->pasid = (uint32_t)fuzz_take(in, 1);
	if (flags & 1u << 15)
		request->iova = fuzz_take(in, 8);
	else
		request->iova = (fuzz_take(in, 2) % 0x2000) << 8 | (flags & 1u << 17 ? 0xfee00000 : 0); /* interrupts */
}

/* The same again at once: where no cache took part and nothing was written, memory says the same. */
static void repeat(struct fuzz *fuzz, struct flight *flight)
{
	const struct iommu_translation first = flight->translation;
	const struct iommu_request request = first.request;
	struct flight again = { 0 };

	if (first.from_cache || flight->updates || request.type == IOMMU_PAGE_REQUEST)
		return;
	begin(fuzz, &again, &request);
	while (again.is_flying)
		advance(fuzz, &again);
	FUZZ_MUST(again.translation.status == first.status);
	FUZZ_MUST(again.translation.completion == first.completion);
	FUZZ_MUST(again.translation.fault_reason == first.fault_reason);
	if (first.status != IOMMU_TRANSLATED || !first.permissions)
		return;
	FUZZ_MUST(again.translation.output == first.output);
	FUZZ_MUST(again.translation.size_lg2 == first.size_lg2);
	FUZZ_MUST(again.translation.permissions == first.permissions);
}

static void translate(struct fuzz *fuzz)
{
	struct flight flight = { 0 };
	struct iommu_request request;

	take_request(&fuzz->in, &request);
	begin(fuzz, &flight, &request);
	while (flight.is_flying)
		advance(fuzz, &flight);
	repeat(fuzz, &flight);
}

/* One of several under way: begun, or moved on by an access. */
static void fly(struct fuzz *fuzz)
{
	struct flight *flight = &fuzz->flight[fuzz_below(&fuzz->in, FLIGHTS)];
	struct iommu_request request;

	if (flight->is_flying) {
		advance(fuzz, flight);
		return;
	}
	take_request(&fuzz->in, &request);
	begin(fuzz, flight, &request);
}

/* ---- commands ---- */

static void answer_device(struct fuzz *fuzz, uint16_t source_id)
{
	if (fuzz->unit->ops->device_answered)
		fuzz->unit->ops->device_answered(fuzz->unit, source_id, fuzz_below(&fuzz->in, 3));
}

static void drain_queue(struct fuzz *fuzz)
{
	for (unsigned i = 0; i < COMMANDS_AT_ONCE; i++) {
		struct iommu_command command;
		uint64_t words[IOMMU_WORDS_MAX] = { 0 };
		unsigned accesses = 0;

		if (!fuzz->unit->ops->command_begin(fuzz->unit, &command))
			return;
		while (command.access.want != IOMMU_WANTS_NOTHING) {
			bool is_answered = answer(fuzz, &command.access, words);

			FUZZ_MUST(++accesses <= COMMAND_ACCESSES);
			fuzz->unit->ops->command_feed(fuzz->unit, &command, is_answered ? words : NULL);
		}
		FUZZ_MUST(command.kind <= IOMMU_COMMAND_ERROR);
		if (command.kind == IOMMU_COMMAND_DEVICE_TLB) {
			FUZZ_MUST(command.device_invalidation.first <= command.device_invalidation.last);
			answer_device(fuzz, command.device_invalidation.source_id);
		}
	}
}

static void execute(struct fuzz *fuzz)
{
	struct iommu_command command = { 0 };
	uint64_t word[4];

	for (unsigned i = 0; i < 4; i++)
		word[i] = fuzz_take(&fuzz->in, i < 2 ? 8 : 1);
	vtd_execute(fuzz->unit, word, &command);
}

/* ---- registers ---- */

static void use_register(struct fuzz *fuzz, bool is_write)
{
	unsigned bytes = fuzz_coin(&fuzz->in) ? 8 : 4;
	unsigned offset = (unsigned)fuzz_take(&fuzz->in, 2) % 0x2000 / bytes * bytes;
	const struct iommu_ops *ops = fuzz->unit->ops;

	if (is_write)
		ops->register_write(fuzz->unit, offset, bytes, fuzz_take(&fuzz->in, bytes));
	else
		FUZZ_MUST(bytes == 8 || ops->register_read(fuzz->unit, offset, bytes) <= UINT32_MAX);
	if (is_write && offset != VTD_REG_CAP)
		FUZZ_MUST(ops->register_read(fuzz->unit, VTD_REG_CAP, 8) == fuzz->config.capability);
}

static void ring(struct fuzz *fuzz)
{
	unsigned slots = fuzz_below(&fuzz->in, 32);

	fuzz->unit->ops->register_write(fuzz->unit, VTD_REG_IQT, 8, slots * UINT64_C(16));
	drain_queue(fuzz);
}

static void message(void *argument, uint64_t address, uint32_t data)
{
	(void)argument;
	(void)data;
	FUZZ_MUST(address % 4 == 0);
}

/* ---- a case ---- */

static void operation(struct fuzz *fuzz)
{
	switch (fuzz_below(&fuzz->in, 12)) {
	case 0:
	case 1:
	case 2:
		translate(fuzz);
		break;
	case 3:
	case 4:
		fly(fuzz);
		break;
	case 5:
		ring(fuzz);
		break;
	case 6:
		use_register(fuzz, true);
		break;
	case 7:
		use_register(fuzz, false);
		break;
	case 8:
		execute(fuzz);
		break;
	case 9:
		answer_device(fuzz, (uint16_t)fuzz_take(&fuzz->in, 2));
		break;
	case 10:
		fuzz_vtd_queue_word(fuzz->memory, &fuzz->in);
		break;
	default:
		fuzz_vtd_poke(fuzz->memory, &fuzz->in);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .in = { data, size } };

	if (!create(&fuzz))
		return 0;
	fuzz.unit->message = message;
	fuzz.memory = memory_create();
	fuzz.interference = fuzz_below(&fuzz.in, 8);
	fuzz_vtd_structures(fuzz.memory, fuzz.unit, fuzz_below(&fuzz.in, FUZZ_SCENES));
	while (fuzz.in.left > 0)
		operation(&fuzz);
	for (unsigned i = 0; i < FLIGHTS; i++)
		while (fuzz.flight[i].is_flying)
			advance(&fuzz, &fuzz.flight[i]);
	drain_queue(&fuzz);
	memory_destroy(fuzz.memory);
	fuzz.unit->ops->destroy(fuzz.unit);
	return 0;
}
