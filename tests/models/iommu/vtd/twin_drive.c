/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/models/iommu/vtd/twin_world.h"

#include <stdio.h>

#include "models/base/require.h"

/* ---- the unit ---- */

static void invalidate_by_registers(struct twin_world *world, const struct twin_invalidation *i)
{
	struct iommu *iommu = world->iommu;
	uint64_t granularity;

	if (i->command <= TWIN_CONTEXT_DEVICE) {
		granularity = i->command - TWIN_CONTEXT_GLOBAL + 1;
		iommu->ops->register_write(iommu, 0x28, 8,
					   UINT64_C(1) << 63 | granularity << 61 | (uint64_t)i->function_mask << 32 |
						   (uint64_t)i->source << 16 | i->domain);
		return;
	}
	granularity = i->command - TWIN_IOTLB_GLOBAL + 1;
	iommu->ops->register_write(iommu, world->ivt, 8, i->address | (i->hint ? 1 << 6 : 0) | i->address_mask);
	iommu->ops->register_write(iommu, world->ivt + 8, 8,
				   UINT64_C(1) << 63 | granularity << 60 | (uint64_t)i->domain << 32);
}

static void invalidate_by_queue(struct twin_world *world, const struct twin_invalidation *i)
{
	/* Type, and granularity in bits 5:4. */
	static const uint64_t type[TWIN_COMMANDS] = {
		0x11, 0x21, 0x31, 0x12, 0x22, 0x32, 0x37, 0x07, 0x17, 0x26, 0x36
	};
	uint64_t word[2] = { type[i->command] | (uint64_t)i->domain << 16, 0 };
	unsigned bytes = world->unit.is_scalable ? 32 : 16;

	if (i->command == TWIN_CONTEXT_DEVICE)
		word[0] |= (uint64_t)i->source << 32 | (uint64_t)i->function_mask << 48;
	if (i->command == TWIN_PASID_PASID || i->command >= TWIN_P_IOTLB_PASID)
		word[0] |= (uint64_t)i->pasid << 32;
	if (i->command == TWIN_IOTLB_PAGE || i->command == TWIN_P_IOTLB_PAGE)
		word[1] = i->address | (i->hint ? 1 << 6 : 0) | i->address_mask;
	memory_write64(world->memory, TWIN_QUEUE + world->tail, word[0]);
	memory_write64(world->memory, TWIN_QUEUE + world->tail + 8, word[1]);
	world->tail = (world->tail + bytes) % 0x1000;
	world->iommu->ops->register_write(world->iommu, 0x88, 8, world->tail);
	REQUIRE(iommu_drain_queue_now(world->iommu, world->memory) == 1);
}

static void invalidate(struct twin_world *world, const struct twin_invalidation *invalidation)
{
	twin_note(world);
	if (world->by_registers)
		invalidate_by_registers(world, invalidation);
	else
		invalidate_by_queue(world, invalidation);
	twin_invalidate(&world->model, invalidation);
}

static uint64_t any_iova(struct twin_world *world, unsigned id)
{
	const struct twin_domain *domain = &world->domain[id];
	bool first = domain->type & 1;
	unsigned levels = first ? domain->first_levels : domain->second_levels ? domain->second_levels : 3;
	uint64_t iova = twin_any_page(world, levels);

	if (first && twin_one_in(world, 3)) /* the upper half */
		iova |= UINT64_MAX << (12 + 9 * (levels - 1));
	return iova | twin_below(world, 0x1000);
}

static void invalidate_something(struct twin_world *world)
{
	static const unsigned masks[] = { 0, 0, 0, 1, 9, 18 };
	unsigned id = 1 + (unsigned)twin_below(world, world->domains);
	bool scalable = world->unit.is_scalable;
	struct twin_invalidation invalidation = {
		.command = (enum twin_command)twin_below(world, scalable ? TWIN_COMMANDS : TWIN_PASID_GLOBAL),
		.source = twin_sources[twin_below(world, 4)],
		.domain = (uint16_t)id,
		.function_mask = (unsigned)twin_below(world, 4),
		.pasid = twin_one_in(world, 4) ? 0 : twin_pasids[twin_below(world, 3)],
		.address_mask = masks[twin_below(world, 6)],
		.hint = twin_below(world, 2),
	};
	/* Often of what was used last. */
	uint64_t address = twin_below(world, 2) ? world->request.iova : any_iova(world, id);

	if (world->domain[id].type == 3 && invalidation.command == TWIN_IOTLB_PAGE)
		address = twin_any_page(world, world->domain[id].second_levels);
	if (world->request.has_pasid && twin_below(world, 2))
		invalidation.pasid = world->request.pasid;
	if (twin_one_in(world, 2)) /* the usual ones oftener */
		invalidation.command = scalable && twin_one_in(world, 2) ? TWIN_P_IOTLB_PAGE : TWIN_IOTLB_PAGE;
	invalidation.address = address >> (12 + invalidation.address_mask) << (12 + invalidation.address_mask);
	invalidate(world, &invalidation);
}

static void invalidate_all(struct twin_world *world)
{
	static const enum twin_command all[] = { TWIN_CONTEXT_GLOBAL, TWIN_IOTLB_GLOBAL, TWIN_PASID_GLOBAL,
						 TWIN_IOTLB_GLOBAL };

	for (unsigned i = 0; i < (world->unit.is_scalable ? 4u : 2u); i++)
		invalidate(world, &(struct twin_invalidation){ .command = all[i] });
}

/* ---- DMA ---- */

static struct iommu_request any_request(struct twin_world *world)
{
	struct iommu_request request = world->request;

	if (request.source_id == 0 || twin_below(world, 2)) {
		request = (struct iommu_request){ .source_id = twin_sources[twin_below(world, 4)] };
		request.has_pasid = world->unit.is_scalable ? twin_below(world, 4) : twin_one_in(world, 50);
		request.pasid = request.has_pasid ? twin_pasids[twin_below(world, 3)] : 0;
		if (request.has_pasid && twin_one_in(world, 40))
			request.pasid = 0x2001; /* beyond the directory */
		request.iova = any_iova(world, 1 + (unsigned)twin_below(world, world->domains));
		if (twin_one_in(world, 40))
			request.iova ^= UINT64_C(1) << (36 + twin_below(world, 28));
	} else if (twin_below(world, 2)) {
		request.iova ^= UINT64_C(1) << (12 + 9 * twin_below(world, 3));
	}
	request.write = twin_below(world, 2);
	request.privileged = request.has_pasid && twin_one_in(world, 4);
	return request;
}

static bool fail(struct twin_world *world, const struct iommu_translation *t, const struct twin_walk *walk,
		 const char *what)
{
	const struct iommu_request *r = &t->request;

	snprintf(world->failure, sizeof(world->failure),
		 "setup %d seed %llu operation %llu: %s: source %04x pasid %d:%u iova 0x%llx %s%s: unit fault 0x%x "
		 "output "
		 "0x%llx 2^%u hit %d reads %u, last way fault 0x%x output 0x%llx 2^%u hit %d reads %u "
		 "updates %u; recorded %d, %d",
		 world->setup, (unsigned long long)world->seed, (unsigned long long)world->operation, what,
		 r->source_id, r->has_pasid, r->pasid, (unsigned long long)r->iova, r->write ? "write" : "read",
		 r->privileged ? " privileged" : "", t->status == IOMMU_FAULT ? t->fault_reason : 0,
		 (unsigned long long)t->output, t->size_lg2, t->iotlb_hit,
		 t->reads[IOMMU_FOR_DEVICE] + t->reads[IOMMU_FOR_FIRST_STAGE] + t->reads[IOMMU_FOR_SECOND_STAGE],
		 walk->fault, (unsigned long long)walk->output, walk->size_lg2, walk->iotlb_hit, walk->reads,
		 walk->updates, world->is_recorded, walk->is_recorded);
	return false;
}

static bool same_answer(const struct iommu_translation *t, const struct twin_walk *walk)
{
	if (t->status == IOMMU_FAULT)
		return t->fault_reason == walk->fault;
	return walk->fault == 0 && t->output == walk->output && t->size_lg2 == walk->size_lg2;
}

/* Flags that the unit set while it translated; memory gets them afterwards. */
struct flags {
	unsigned count;
	struct {
		uint64_t address, bits;
	} set[TWIN_UPDATES];
};

static uint64_t bits_at(const struct flags *flags, uint64_t address)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < flags->count; i++)
		if (flags->set[i].address == address)
			bits |= flags->set[i].bits;
	return bits;
}

static bool same_flags(const struct flags *flags, const struct twin_walk *walk)
{
	struct flags twin = { .count = walk->updates };

	for (unsigned i = 0; i < walk->updates; i++) {
		twin.set[i].address = walk->update[i].address;
		twin.set[i].bits = walk->update[i].bits;
	}
	for (unsigned i = 0; i < flags->count; i++)
		if (bits_at(&twin, flags->set[i].address) != bits_at(flags, flags->set[i].address))
			return false;
	for (unsigned i = 0; i < twin.count; i++)
		if (bits_at(&twin, twin.set[i].address) != bits_at(flags, twin.set[i].address))
			return false;
	return true;
}

static void drive(struct twin_world *world, struct iommu_translation *t, struct flags *flags)
{
	uint64_t words[IOMMU_WORDS_MAX];

	world->traces = 0;
	world->iommu->ops->translate_begin(world->iommu, t, &world->request);
	while (t->access.want != IOMMU_WANTS_NOTHING) {
		const struct iommu_access *access = &t->access;

		if (world->traces < 64)
			world->trace[world->traces++] = access->address;
		if (access->want == IOMMU_WANTS_READ) {
			iommu_access_now(world->memory, access, words);
			if (access->words == 1)
				words[0] |= bits_at(flags, access->address);
		} else {
			uint64_t now = memory_read64(world->memory, access->address) | bits_at(flags, access->address);

			REQUIRE(flags->count < TWIN_UPDATES);
			words[0] = now == access->expected;
			flags->set[flags->count].address = access->address;
			flags->set[flags->count].bits = access->desired & ~now;
			flags->count += words[0] != 0;
		}
		world->iommu->ops->translate_feed(world->iommu, t, words);
	}
}

/*
 * The fault recording register, which is emptied: [VTD] "Fault Recording Registers".  FI 63:12, SID 79:64, FR 103:96,
 * F 127.  *is_recorded: there was one; false: it is not that of this request.
 */
static bool take_record(struct twin_world *world, const struct iommu_translation *t, bool *is_recorded)
{
	struct iommu *iommu = world->iommu;
	unsigned at = (unsigned)(iommu->ops->register_read(iommu, 0x8, 8) >> 24 & 0x3ff) * 16;
	uint64_t low = iommu->ops->register_read(iommu, at, 8), high = iommu->ops->register_read(iommu, at + 8, 8);

	uint64_t width = (UINT64_C(1) << (12 + 9 * world->unit.second_levels)) - 1; /* bits above are reserved in FI */

	*is_recorded = high >> 63;
	if (!*is_recorded)
		return true;
	iommu->ops->register_write(iommu, at + 8, 8, UINT64_C(1) << 63);
	return t->status == IOMMU_FAULT && (high >> 32 & 0xff) == t->fault_reason &&
	       (high & 0xffff) == t->request.source_id && low == (t->request.iova & ~UINT64_C(0xfff) & width);
}

static bool agrees(const struct twin_world *world, const struct iommu_translation *t, const struct flags *flags,
		   const struct twin_walk *walk)
{
	if (!same_answer(t, walk) || !same_flags(flags, walk) || walk->is_recorded != world->is_recorded)
		return false;
	if (world->setup != TWIN_FORETOLD)
		return true;
	return t->iotlb_hit == walk->iotlb_hit &&
	       t->reads[IOMMU_FOR_DEVICE] + t->reads[IOMMU_FOR_FIRST_STAGE] + t->reads[IOMMU_FOR_SECOND_STAGE] ==
		       walk->reads;
}

static bool translate(struct twin_world *world, struct iommu_request request)
{
	struct iommu_translation t;
	struct flags flags = { 0 };
	struct twin_walk walk;
	unsigned matches = 0, ways = 0;

	world->request = request;
	twin_note(world);
	drive(world, &t, &flags);
	if (!take_record(world, &t, &world->is_recorded))
		return fail(world, &t, &(struct twin_walk){ 0 }, "its fault record is another's");
	for (bool more = twin_first(&world->model, &walk, &world->request, world->model.date); more;
	     more = twin_next(&world->model, &walk)) {
		if (ways++ == 0 && !same_answer(&t, &walk))
			world->stale++;
		if (!agrees(world, &t, &flags, &walk))
			continue;
		matches++;
		twin_join(&world->model);
	}
	twin_end(&world->model);
	world->ways += ways;
	if (matches == 0 && !world->model.is_cut)
		return fail(world, &t, &walk, "not permitted");
	for (unsigned i = 0; i < flags.count; i++)
		twin_set_word(world, flags.set[i].address,
			      memory_read64(world->memory, flags.set[i].address) | flags.set[i].bits);
	world->hits += t.iotlb_hit;
	world->translated += t.status == IOMMU_TRANSLATED;
	world->faults += t.status == IOMMU_FAULT;
	return true;
}

/* ---- translations under way ---- */

static bool land(struct twin_world *world, struct twin_flight *flight)
{
	struct iommu_translation *t = &flight->translation;
	struct twin_walk walk = { 0 };
	bool found = false;

	if (!take_record(world, t, &world->is_recorded))
		return fail(world, t, &walk, "under way: its fault record is another's");
	twin_note(world);
	for (bool more = twin_first(&world->model, &walk, &t->request, flight->begin); more;
	     more = twin_next(&world->model, &walk))
		found |= same_answer(t, &walk) && walk.is_recorded == world->is_recorded;
	world->overtaken += t->blocked_fill;
	flight->is_under_way = false;
	world->model.flying--;
	return found || world->model.is_cut || fail(world, t, &walk, "under way: not permitted");
}

static bool fly(struct twin_world *world, struct twin_flight *flight, uint64_t steps)
{
	struct iommu_translation *t = &flight->translation;
	uint64_t words[IOMMU_WORDS_MAX];

	for (; steps > 0 && t->access.want != IOMMU_WANTS_NOTHING; steps--) {
		const struct iommu_access *access = &t->access;

		if (access->want == IOMMU_WANTS_READ) {
			iommu_access_now(world->memory, access, words);
		} else {
			words[0] = memory_read64(world->memory, access->address) == access->expected;
			if (words[0])
				twin_set_word(world, access->address, access->desired);
		}
		if (world->traces < 64)
			world->trace[world->traces++] = access->address;
		world->iommu->ops->translate_feed(world->iommu, t, words);
	}
	return t->access.want != IOMMU_WANTS_NOTHING || land(world, flight);
}

static bool take_off(struct twin_world *world, struct twin_flight *flight, uint64_t steps)
{
	world->request = any_request(world);
	world->traces = 0;
	flight->is_under_way = true;
	flight->begin = world->model.date;
	world->model.flying++;
	world->iommu->ops->translate_begin(world->iommu, &flight->translation, &world->request);
	return fly(world, flight, steps);
}

/*
 * What a walk has read changes and all of it is invalidated before the walk
 * goes on: of what it leaves behind, the same request sees nothing.
 */
static bool race(struct twin_world *world, struct twin_flight *flight)
{
	struct iommu_request request;

	if (!take_off(world, flight, 1 + twin_below(world, 12)))
		return false;
	request = world->request;
	for (unsigned i = 0; i < 3; i++)
		twin_change(world);
	invalidate_all(world);
	return !flight->is_under_way || (fly(world, flight, UINT64_MAX) && translate(world, request));
}

static bool interleave(struct twin_world *world)
{
	struct twin_flight *flight = &world->flight[twin_below(world, TWIN_FLIGHTS)];

	if (flight->is_under_way)
		return fly(world, flight, twin_below(world, 8));
	return twin_one_in(world, 3) ? race(world, flight) : take_off(world, flight, twin_below(world, 30));
}

/* Everything lands: the past can be forgotten. */
static bool rest(struct twin_world *world)
{
	bool is_good = true;

	for (unsigned i = 0; i < TWIN_FLIGHTS; i++)
		if (world->flight[i].is_under_way)
			is_good &= fly(world, &world->flight[i], UINT64_MAX);
	if (world->model.lines > 200 || world->model.is_cut)
		invalidate_all(world);
	world->cut += world->model.is_cut;
	world->model.is_cut = false;
	return is_good;
}

bool twin_world_step(struct twin_world *world)
{
	uint64_t choice = twin_below(world, 100);
	bool flies = world->setup == TWIN_INTERLEAVED;

	world->operation++;
	if (world->model.pasts > 24 || world->model.logs > 12 || world->model.lines > 200 || world->model.is_cut)
		if (!rest(world))
			return false;
	if (choice < 25)
		twin_change(world);
	else if (choice < 40)
		invalidate_something(world);
	else if (flies && choice < 70)
		return interleave(world);
	else
		return translate(world, any_request(world));
	return true;
}
