/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/iommu/families.h"
#include "sim/command.h"
#include "sim/walk.h"

enum {
	OPTION_SNAPSHOT = 256,
	OPTION_LIST,
	OPTION_SOURCE,
	OPTION_PASID,
	OPTION_IOVA,
	OPTION_WRITE,
	OPTION_EXECUTE,
	OPTION_PRIVILEGED,
};

struct walk_request {
	const char *prefix;
	bool list;
	bool has_source, has_iova;
	struct iommu_request request;
};

/* ---- arguments ---- */

/* A number of the base, up to limit, and nothing after it but what *end may say. */
static bool number(const char *text, int base, uint64_t limit, uint64_t *value, const char **end)
{
	char *stop;

	if (!isxdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &stop, base);
	*end = stop;
	return errno == 0 && stop != text && *value <= limit;
}

/* BB:DD.F, 0000:BB:DD.F, or the four hexadecimal digits of a source ID as --list prints it. */
static bool source_id(const char *text, uint16_t *id)
{
	uint64_t bus, device, function, whole = 0;
	const char *at;

	if (strlen(text) == 4 && strspn(text, "0123456789abcdefABCDEF") == 4) {
		number(text, 16, UINT16_MAX, &whole, &at);
		*id = (uint16_t)whole;
		return true;
	}
	if (strlen(text) == 12 && strncmp(text, "0000:", 5) == 0)
		text += 5;
	if (strlen(text) != 7 || !number(text, 16, 0xff, &bus, &at) || at != text + 2 || *at++ != ':' ||
	    !number(at, 16, 0x1f, &device, &at) || at != text + 5 || *at++ != '.' ||
	    !number(at, 16, 7, &function, &at) || *at)
		return false;
	*id = (uint16_t)(bus << 8 | device << 3 | function);
	return true;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct walk_request *walk = state->input;
	struct iommu_request *request = &walk->request;
	const char *end;
	uint64_t value = 0;

	switch (key) {
	case OPTION_SNAPSHOT:
		walk->prefix = text;
		return 0;
	case OPTION_LIST:
		walk->list = true;
		return 0;
	case OPTION_SOURCE:
		if (!source_id(text, &request->source_id))
			argp_error(state, "--source %s: not a PCI function: write bus:device.function, like 00:04.0",
				   text);
		walk->has_source = true;
		return 0;
	case OPTION_PASID:
		if (!number(text, strncmp(text, "0x", 2) == 0 ? 16 : 10, 0xfffff, &value, &end) || *end)
			argp_error(state, "--pasid %s: not a PASID: a number from 0 to 1048575 (0xfffff)", text);
		request->has_pasid = true;
		request->pasid = (uint32_t)value;
		return 0;
	case OPTION_IOVA:
		if (strncmp(text, "0x", 2) != 0 || !number(text + 2, 16, UINT64_MAX, &value, &end) || *end)
			argp_error(state, "--iova %s: not an address: write 0x and up to 16 hexadecimal digits", text);
		request->iova = value;
		walk->has_iova = true;
		return 0;
	case OPTION_WRITE:
		request->write = true;
		return 0;
	case OPTION_EXECUTE:
		request->execute = true;
		return 0;
	case OPTION_PRIVILEGED:
		request->privileged = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: an option's name is missing before it", text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* NULL when the options go together, else what is wrong. */
static const char *contradiction(const struct walk_request *walk)
{
	const struct iommu_request *request = &walk->request;
	bool describes = walk->has_source || walk->has_iova || request->has_pasid || request->write ||
			 request->execute || request->privileged;

	if (!walk->prefix)
		return "which snapshot? (--snapshot PREFIX)";
	if (walk->list)
		return describes ? "--list takes no request: it lists all devices" : NULL;
	if (!walk->has_source)
		return "which device? (--source 00:04.0, or --list for all)";
	if (!walk->has_iova)
		return "which address? (--iova 0x...)";
	if (request->write && request->execute)
		return "--execute is of reads: not with --write";
	if ((request->execute || request->privileged) && !request->has_pasid)
		return "--execute and --privileged are of requests with a PASID: give --pasid";
	return NULL;
}

/* ---- the work ---- */

static struct iommu *restore(struct snapshot *snapshot, struct err *err)
{
	struct iommu_not_modelled absent;
	struct iommu *iommu = NULL;
	struct err cause = { 0 };
	size_t i = 0;

	while (i < iommu_family_count && strcmp(iommu_families[i].name, snapshot->family) != 0)
		i++;
	if (i == iommu_family_count) {
		err_set(err, ERR_FILE, "%s: a unit of %s, which is not modelled: see iommusim list families",
			snapshot->registers_path, snapshot->family);
		return NULL;
	}
	if (!iommu_families[i].restore) {
		err_set(err, ERR_FILE, "%s: a unit of %s, whose state is not all in its registers",
			snapshot->registers_path, snapshot->family);
		return NULL;
	}
	iommu = iommu_families[i].restore(snapshot_register, snapshot, &absent, &cause);
	if (!iommu)
		err_set(err, ERR_FILE, "%s: %s", snapshot->registers_path, cause.text);
	else if (absent.capability || absent.extended_capability)
		fprintf(stderr,
			"iommusim: %s: note: taken as absent, for they are not modelled: capability bits 0x%" PRIx64
			", extended 0x%" PRIx64 "\n",
			snapshot->registers_path, absent.capability, absent.extended_capability);
	return iommu;
}

static bool list(struct iommu *iommu, struct walk_memory *memory, const char *prefix, struct err *err)
{
	walk_print_leaves(stdout, iommu, memory);
	return memory->missing == 0 ||
	       err_set(err, ERR_CHECK,
		       "%s: %" PRIu64 " pages that entries point to are not in the snapshot, the first at 0x%" PRIx64
		       ": what they map is not listed",
		       prefix, memory->missing, memory->first_missing);
}

static void print_request(const struct walk_request *walk, size_t pages)
{
	const struct iommu_request *request = &walk->request;

	printf("snapshot %s: %zu pages\n", walk->prefix, pages);
	printf("request  %02x:%02x.%x (source ID 0x%04x)", request->source_id >> 8, request->source_id >> 3 & 0x1f,
	       request->source_id & 7, request->source_id);
	if (request->has_pasid)
		printf(", PASID %" PRIu32, request->pasid);
	printf(", %s%s 0x%" PRIx64 "\n\n", request->privileged ? "privileged, " : "",
	       request->write     ? "writes"
	       : request->execute ? "executes"
				  : "reads",
	       request->iova);
}

static int walk_snapshot(const struct walk_request *walk)
{
	struct snapshot snapshot;
	struct walk_memory memory;
	struct err err = { 0 };
	bool is_good = true;

	if (!snapshot_open(&snapshot, walk->prefix, &err))
		return command_fail(&err);

	struct iommu *iommu = restore(&snapshot, &err);

	walk_memory_init(&memory, snapshot.memory);
	if (iommu && walk->list) {
		list(iommu, &memory, walk->prefix, &err);
	} else if (iommu) {
		print_request(walk, memory_page_count(snapshot.memory));
		walk_print_registers(stdout, iommu, snapshot_register, &snapshot);
		is_good = walk_print_translation(stdout, iommu, &memory, &walk->request);
	}
	if (iommu)
		iommu->ops->destroy(iommu);
	snapshot_close(&snapshot);
	if ((fflush(stdout) != 0 || ferror(stdout)) && err.kind == ERR_NONE)
		err_set(&err, ERR_FILE, "stdout: %s", strerror(errno));
	if (err.kind != ERR_NONE)
		return command_fail(&err);
	return is_good ? 0 : ERR_CHECK;
}

int command_walk(int count, char **arguments)
{
	static const struct argp_option options[] = {
		{ "snapshot", OPTION_SNAPSHOT, "PREFIX", 0,
		  "what the snapshot's files begin with: PREFIX.vtdregs.txt, PREFIX.pages.bin[.xz]", 0 },
		{ "source", OPTION_SOURCE, "BUS:DEV.FN", 0, "the device (00:04.0), or its source ID (0020)", 1 },
		{ "iova", OPTION_IOVA, "0xADDRESS", 0, "the address that it issues", 1 },
		{ "pasid", OPTION_PASID, "N", 0, "the request carries this PASID", 2 },
		{ "write", OPTION_WRITE, NULL, 0, "it writes (default: it reads)", 2 },
		{ "execute", OPTION_EXECUTE, NULL, 0, "it reads to execute; with --pasid", 2 },
		{ "privileged", OPTION_PRIVILEGED, NULL, 0, "in supervisor mode; with --pasid", 2 },
		{ "list", OPTION_LIST, NULL, 0,
		  "every leaf of every table instead: "
		  "sid,pasid,did,stage,level,iova,size,gpa,perm,leaf_pte,leaf_pte_gpa",
		  3 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Translates one request with the tables of a recorded snapshot and prints every entry that is "
		       "read: where, the raw word, its fields, what was decided; exit code 1 on a fault.",
	};
	struct walk_request walk = { 0 };
	const char *wrong;

	command_parse(&argp, count, arguments, &walk);
	wrong = contradiction(&walk);
	if (!wrong)
		return walk_snapshot(&walk);
	fprintf(stderr, "iommusim walk: %s\n", wrong);
	return ERR_USAGE;
}
