/* SPDX-License-Identifier: Apache-2.0 */
/* The device structures of the twin. */
#include "tests/models/iommu/vtd/twin_steps.h"

static uint64_t get_word(struct twin_walk *walk, uint64_t address)
{
	uint64_t word;

	twin_get_entry(walk, address, &word, 1);
	return word;
}

/* The bits of a domain identifier that the unit lacks are reserved. */
static bool has_domain(const struct twin_unit *unit, uint64_t domain)
{
	return (domain & 0xffff) >> unit->domain_bits == 0;
}

static bool has_width(const struct twin_unit *unit, uint64_t aw)
{
	return aw >= 1 && aw <= 3 && aw + 2 <= unit->second_levels;
}

/* PDTS: a directory of 2^(n + 7) entries of 64 PASIDs. */
static bool is_beyond_directory(uint64_t context, uint32_t pasid)
{
	return pasid >> 6 >> ((context >> 9 & 7) + 7);
}

/* Words of the context entry: from the root entry on. */
static unsigned find_context(struct twin_walk *walk, struct twin_line *line)
{
	const struct twin_unit *unit = walk->unit;
	unsigned source = walk->request.source_id, width = unit->host_width;
	bool upper = unit->is_scalable && (source & 0x80), passes;
	uint64_t slot = unit->root + (source >> 8) * 16 + (upper ? 8 : 0), root = get_word(walk, slot), entry;

	if (!(root & 1))
		return unit->is_scalable ? 0x39 : 0x1;
	if ((root & 0xffe) || root >> width)
		return unit->is_scalable ? 0x3a : 0xa;
	entry = (root >> 12 << 12) + (unit->is_scalable ? (source & 0x7f) * 32 : (source & 0xff) * 16);
	twin_use(line, slot, root);
	twin_get_entry(walk, entry, line->word, 2);
	twin_use(line, entry, line->word[0]);
	twin_use(line, entry + 8, line->word[1]);
	walk->fpd |= line->word[0] >> 1 & 1; /* counts in an entry that is not present, too */
	if (!(line->word[0] & 1))
		return unit->is_scalable ? 0x41 : 0x2;
	if (unit->is_scalable) {
		/* Bits 8:5 and RID_PRIV are of features that these units lack. */
		if ((line->word[0] & 0x1e0) || line->word[0] >> width || line->word[1] >> 20)
			return 0x42;
		/* [SCT.4.2] RID_PASID beyond the directory */
		return is_beyond_directory(line->word[0], (uint32_t)line->word[1]) ? 0x43 : 0;
	}
	line->domain = (uint16_t)(line->word[1] >> 8);
	/* What passes through has no table, and its pointer is ignored. */
	passes = (line->word[0] >> 2 & 3) == 2;
	if ((line->word[0] & 0xff0) || (line->word[0] >> width && !passes) || (line->word[1] & 0x80) ||
	    line->word[1] >> 24 || !has_domain(unit, line->word[1] >> 8))
		return 0xb;
	return has_width(unit, line->word[1] & 7) && (line->word[0] >> 2 & 3) != 3 ? 0 : 0x3;
}

/* [SPT.3], [SPT.4] */
static unsigned check_pasid(const struct twin_unit *unit, const uint64_t word[3])
{
	uint64_t type = word[0] >> 6 & 7, aw = word[0] >> 2 & 7;
	unsigned width = (unsigned)aw * 9 + 30;

	if ((word[0] & 0xc20) || word[0] >> unit->host_width || (word[1] & 0x7f0000) || word[1] >> 25 ||
	    (word[2] & 0xf02) || word[2] >> unit->host_width)
		return 0x5a;
	/* PWSNP and SSADE of units whose walks may snoop, EAFE of those that know it; unused bits of DID. */
	if ((!unit->snoops && (word[1] >> 23 & 1 || word[0] >> 9 & 1)) || (!unit->extended && word[2] >> 7 & 1) ||
	    !has_domain(unit, word[1]))
		return 0x5a;
	if (type < 1 || type > 4 || ((type == 2 || type == 3) && !has_width(unit, aw)))
		return 0x5b;
	if (type == 1 || type == 3)
		if ((word[2] >> 2 & 3) + 4 > unit->first_levels)
			return 0x5b;
	if (width > unit->guest_width)
		width = unit->guest_width;
	return type == 3 && word[2] >> width ? 0x5b : 0;
}

static unsigned find_pasid(struct twin_walk *walk, uint32_t pasid, struct twin_line *line)
{
	uint64_t slot = line->root + (pasid >> 6) * 8, directory = get_word(walk, slot), entry;

	line->word[3] = directory >> 1 & 1;
	walk->fpd |= line->word[3];
	if (!(directory & 1))
		return 0x51;
	if ((directory & 0xffc) || directory >> walk->unit->host_width)
		return 0x52;
	twin_use(line, slot, directory);
	entry = (directory >> 12 << 12) + (pasid & 63) * 64;
	twin_get_entry(walk, entry, line->word, 3);
	for (unsigned i = 0; i < 3; i++)
		twin_use(line, entry + 8 * i, line->word[i]);
	line->domain = (uint16_t)line->word[1];
	walk->fpd |= line->word[0] >> 1 & 1;
	return line->word[0] & 1 ? check_pasid(walk->unit, line->word) : 0x59;
}

static unsigned scalable(struct twin_walk *walk, const uint64_t context[2])
{
	const struct iommu_request *request = &walk->request;
	uint32_t pasid = request->has_pasid ? request->pasid : (uint32_t)context[1] & 0xfffff;
	bool privileged = request->has_pasid && request->privileged;
	struct twin_line line = {
		.kind = TWIN_PASID, .source = request->source_id, .pasid = pasid, .root = context[0] >> 12 << 12
	};
	unsigned fault = 0;

	if (request->has_pasid && !(context[0] >> 3 & 1))
		return 0x45;
	if (is_beyond_directory(context[0], pasid))
		return 0x46;
	if (request->has_pasid && pasid == (context[1] & 0xfffff))
		return 0x48; /* [SCT.9] */
	if (!twin_lookup(walk, &line, 0)) {
		fault = find_pasid(walk, pasid, &line);
		if (fault)
			return fault;
		walk->supply->passed(walk->supply->argument, &line);
	}
	walk->fpd |= line.word[3] | (line.word[0] >> 1 & 1);

	uint64_t type = line.word[0] >> 6 & 7;
	struct twin_tables tables = { .domain = (uint16_t)line.word[1],
				      .pasid = pasid,
				      .has_first = type & 1,
				      .has_second = type & 2,
				      .first_levels = (line.word[2] >> 2 & 3) + 4,
				      .second_levels = (line.word[0] >> 2 & 7) + 2,
				      .first_root = line.word[2] >> 12 << 12,
				      .second_root = line.word[0] >> 12 << 12,
				      .second_flags = (type & 2) && (line.word[0] >> 9 & 1),
				      .write_protect = line.word[2] >> 4 & 1,
				      .extended = line.word[2] >> 7 & 1,
				      .snoops = walk->unit->snoops && (line.word[1] >> 23 & 1) };

	if (privileged && !(line.word[2] & 1))
		return 0x5d;
	return type == 4 ? twin_pass_through(walk) : twin_walk_tables(walk, &tables, privileged);
}

static unsigned translate(struct twin_walk *walk)
{
	struct twin_line line = { .kind = TWIN_CONTEXT,
				  .source = walk->request.source_id,
				  .pasid = TWIN_NO_PASID,
				  .root = walk->unit->root };

	unsigned fault;

	if (!walk->unit->is_scalable && walk->request.has_pasid)
		return 0x31;
	if (!twin_lookup(walk, &line, 0)) {
		fault = find_context(walk, &line);
		if (fault)
			return fault;
		walk->supply->passed(walk->supply->argument, &line);
	}
	walk->fpd |= line.word[0] >> 1 & 1;
	if (walk->unit->is_scalable)
		return scalable(walk, line.word);

	struct twin_tables tables = { .domain = (uint16_t)(line.word[1] >> 8),
				      .has_second = true,
				      .second_levels = (line.word[1] & 7) + 2,
				      .second_root = line.word[0] >> 12 << 12 };

	return (line.word[0] >> 2 & 3) == 2 ? twin_pass_through(walk) : twin_walk_tables(walk, &tables, false);
}

/* Of the faults here: those that FPD does not silence.  [VTD] the same table, "Unqualified" */
static bool is_unqualified(unsigned fault)
{
	return fault == 0x1 || fault == 0xa || fault == 0x31 || fault == 0x39 || fault == 0x3a;
}

void twin_translate(struct twin_walk *walk)
{
	walk->fpd = false;
	walk->fault = translate(walk);
	walk->is_recorded = walk->fault && (is_unqualified(walk->fault) || !walk->fpd);
}
