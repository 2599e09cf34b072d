/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* nftw */
#include "tests/analysis/synthetic.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/base/random.h"
#include "models/base/require.h"

void synthetic_folder(char folder[64])
{
	strcpy(folder, "/tmp/iommusim-analysis-XXXXXX");
	REQUIRE(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	(void)stat, (void)kind, (void)ftw;
	return remove(path);
}

void synthetic_remove(const char *folder)
{
	REQUIRE(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

char *synthetic_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *bytes = NULL;

	if (!file)
		fprintf(stderr, "%s cannot be opened\n", path);
	REQUIRE(file);
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*size + 1);
	REQUIRE(bytes && fread(bytes, 1, *size, file) == *size);
	bytes[*size] = '\0';
	fclose(file);
	return bytes;
}

char *synthetic_printed(void (*print)(FILE *out, void *argument), void *argument)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	REQUIRE(out);
	print(out, argument);
	fclose(out);
	return text;
}

struct result_scheme *synthetic_scheme(const char *name, uint64_t seed, unsigned operations)
{
	struct result_scheme *scheme = malloc(sizeof(*scheme));
	struct random random;
	ps_t date = 0;

	REQUIRE(scheme);
	random_init(&random, seed);
	result_scheme_init(scheme, name, "translation=nested pin=at-start");
	for (unsigned i = 0; i < operations; i++) {
		ps_t part[RESULT_CAUSES];

		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
			part[cause] = random_below(&random, UINT64_C(1) << random_below(&random, 40));
		result_operation(scheme, (enum result_op)random_below(&random, RESULT_OPS), part);
		date += random_below(&random, 50 * PS_PER_US);
		series_record(&scheme->series[random_below(&random, RESULT_SERIES)], date,
			      random_below(&random, 1 << 30));
	}
	for (unsigned i = 0; i < RESULT_COUNTERS; i++)
		scheme->counter[i] = random_next(&random) >> random_below(&random, 64);
	for (unsigned i = 0; i < RESULT_CAPABILITIES; i++)
		scheme->capability[i] = random_next(&random);
	return scheme;
}

static bool same_histogram(const struct histogram *a, const struct histogram *b)
{
	return a->count == b->count && a->sum_ps == b->sum_ps && a->min_ps == b->min_ps && a->max_ps == b->max_ps &&
	       memcmp(a->bucket, b->bucket, sizeof(a->bucket)) == 0;
}

static bool same_series(const struct series *a, const struct series *b)
{
	return a->kind == b->kind && a->width_ps == b->width_ps && a->used == b->used && a->level == b->level &&
	       memcmp(a->value, b->value, sizeof(a->value)) == 0;
}

bool synthetic_same(const struct result_scheme *a, const struct result_scheme *b)
{
	bool same = strcmp(a->name, b->name) == 0 && strcmp(a->axes, b->axes) == 0 &&
		    memcmp(a->cause_ps, b->cause_ps, sizeof(a->cause_ps)) == 0 &&
		    memcmp(a->counter, b->counter, sizeof(a->counter)) == 0 &&
		    memcmp(a->capability, b->capability, sizeof(a->capability)) == 0;

	for (unsigned op = 0; op < RESULT_OPS; op++)
		same = same && same_histogram(&a->latency[op], &b->latency[op]);
	for (unsigned i = 0; i < RESULT_SERIES; i++)
		same = same && same_series(&a->series[i], &b->series[i]);
	return same;
}

/* ---- realistic ---- */

/* About log-normal around `typical`, with a tail: the sum of eight uniform numbers as an exponent of 2, in 1/64ths. */
static ps_t around(struct random *random, ps_t typical)
{
	uint64_t exponent = 0;
	ps_t value = typical;

	if (typical == 0)
		return 0;
	for (unsigned i = 0; i < 8; i++)
		exponent += random_below(random, 17);
	for (value = typical / 2 + 1; exponent >= 64; exponent -= 64)
		value *= 2;
	value += value * exponent / 64;
	return random_below(random, 1000) < 4 ? value * (2 + random_below(random, 12)) : value;
}

/* Typical times in ns. */
struct sketch {
	const char *name, *axes;
	ps_t map[RESULT_CAUSES], unmap[RESULT_CAUSES];
	ps_t walk;
	uint64_t start_ms, locked_start_mib, locked_map_kib, exits, ioctls;
	unsigned hit_percent;
};

static const struct sketch sketches[SYNTHETIC_REALISTIC] = {
	{
		.name = "passthrough",
		.axes = "translation=passthrough pin=at-start backend=iommufd unmap=strict doorbell=trap",
		.walk = 10,
		.hit_percent = 97,
		.start_ms = 2600,
		.locked_start_mib = 8192,
		.exits = 12,
		.ioctls = 3,
	},
	{
		.name = "nested-hwq",
		.axes = "translation=nested pin=at-start backend=iommufd unmap=strict doorbell=hardware-queue",
		.map = { [CAUSE_GUEST_CPU] = 210, [CAUSE_TABLE] = 60 },
		.unmap = { [CAUSE_GUEST_CPU] = 150,
			   [CAUSE_TABLE] = 70,
			   [CAUSE_INVALIDATION] = 480,
			   [CAUSE_QUEUE_WAIT] = 40 },
		.walk = 55,
		.hit_percent = 86,
		.start_ms = 2600,
		.locked_start_mib = 8192,
		.exits = 15,
		.ioctls = 8,
	},
	{
		.name = "nested",
		.axes = "translation=nested pin=at-start backend=iommufd unmap=strict doorbell=trap",
		.map = { [CAUSE_GUEST_CPU] = 210, [CAUSE_TABLE] = 60 },
		.unmap = { [CAUSE_GUEST_CPU] = 150,
			   [CAUSE_TABLE] = 70,
			   [CAUSE_EXIT] = 2900,
			   [CAUSE_IOCTL] = 700,
			   [CAUSE_INVALIDATION] = 1900,
			   [CAUSE_QUEUE_WAIT] = 900 },
		.walk = 55,
		.hit_percent = 86,
		.start_ms = 2600,
		.locked_start_mib = 8192,
		.exits = 12015,
		.ioctls = 12008,
	},
	{
		.name = "preregister",
		.axes = "translation=shadow pin=preregistered backend=type1v2 unmap=strict doorbell=trap",
		.map = { [CAUSE_GUEST_CPU] = 210,
			 [CAUSE_EXIT] = 2900,
			 [CAUSE_IOCTL] = 600,
			 [CAUSE_ACCOUNT] = 25,
			 [CAUSE_TABLE] = 180 },
		.unmap = { [CAUSE_GUEST_CPU] = 150,
			   [CAUSE_EXIT] = 2900,
			   [CAUSE_IOCTL] = 600,
			   [CAUSE_TABLE] = 150,
			   [CAUSE_INVALIDATION] = 600,
			   [CAUSE_QUEUE_WAIT] = 400 },
		.walk = 30,
		.hit_percent = 89,
		.start_ms = 2700,
		.locked_start_mib = 8192,
		.exits = 24012,
		.ioctls = 24003,
	},
	{
		.name = "pin-on-map",
		.axes = "translation=shadow pin=on-map backend=type1v2 unmap=strict doorbell=trap",
		.map = { [CAUSE_GUEST_CPU] = 210,
			 [CAUSE_EXIT] = 2900,
			 [CAUSE_IOCTL] = 600,
			 [CAUSE_PIN] = 1300,
			 [CAUSE_ACCOUNT] = 190,
			 [CAUSE_TABLE] = 180 },
		.unmap = { [CAUSE_GUEST_CPU] = 150,
			   [CAUSE_EXIT] = 2900,
			   [CAUSE_IOCTL] = 600,
			   [CAUSE_PIN] = 420,
			   [CAUSE_ACCOUNT] = 150,
			   [CAUSE_TABLE] = 150,
			   [CAUSE_INVALIDATION] = 600,
			   [CAUSE_QUEUE_WAIT] = 400 },
		.walk = 30,
		.hit_percent = 89,
		.start_ms = 3,
		.locked_map_kib = 4,
		.exits = 24012,
		.ioctls = 24003,
	},
};

static void sketch_operations(struct result_scheme *scheme, enum result_op op, unsigned count,
			      const ps_t typical_ns[RESULT_CAUSES], struct random *random)
{
	for (unsigned n = 0; n < count; n++) {
		ps_t part[RESULT_CAUSES];

		for (unsigned cause = 0; cause < RESULT_CAUSES; cause++)
			part[cause] = around(random, typical_ns[cause] * PS_PER_NS);
		result_operation(scheme, op, part);
	}
}

static void sketch_latencies(struct result_scheme *scheme, const struct sketch *sketch, struct random *random)
{
	const ps_t read[RESULT_CAUSES] = { [CAUSE_PCIE] = 300,
					   [CAUSE_IOTLB] = 4,
					   [CAUSE_WALK_WAIT] = sketch->walk / 4,
					   [CAUSE_WALK] = sketch->walk,
					   [CAUSE_MEMORY] = 90 };
	const ps_t write[RESULT_CAUSES] = {
		[CAUSE_PCIE] = 150, [CAUSE_IOTLB] = 4, [CAUSE_WALK] = sketch->walk / 2, [CAUSE_MEMORY] = 60
	};
	const ps_t hit[RESULT_CAUSES] = { [CAUSE_IOTLB] = 4 };
	const ps_t miss[RESULT_CAUSES] = {
		[CAUSE_IOTLB] = 4, [CAUSE_WALK_WAIT] = 30, [CAUSE_WALK] = 60 + 4 * sketch->walk
	};
	const unsigned mappings = sketch->map[CAUSE_GUEST_CPU] > 0 ? 5000 : 0;

	sketch_operations(scheme, RESULT_MAP, mappings, sketch->map, random);
	sketch_operations(scheme, RESULT_UNMAP, mappings, sketch->unmap, random);
	sketch_operations(scheme, RESULT_DMA_READ, 8000, read, random);
	sketch_operations(scheme, RESULT_DMA_WRITE, 6000, write, random);
	sketch_operations(scheme, RESULT_TRANSLATE_HIT, 140 * sketch->hit_percent, hit, random);
	sketch_operations(scheme, RESULT_TRANSLATE_MISS, 14000 - 140 * sketch->hit_percent, miss, random);
}

static void sketch_series(struct result_scheme *scheme, const struct sketch *sketch, struct random *random)
{
	uint64_t locked = sketch->locked_start_mib << 20;

	for (ps_t date = 0; date < 180 * PS_PER_MS; date += 5 * PS_PER_US) {
		unsigned lookups = 30 + (unsigned)random_below(random, 10);
		unsigned warm = date < 20 * PS_PER_MS ? (unsigned)(date / (2 * PS_PER_MS)) * 4 : 40;
		unsigned hits = lookups * (sketch->hit_percent - 40 + warm) / 100;

		locked += (sketch->locked_map_kib << 10) * random_below(random, 4);
		if (random_below(random, 3) > 0 && locked > 96 * (sketch->locked_map_kib << 10))
			locked -= (sketch->locked_map_kib << 10) * 3;
		series_record(&scheme->series[RESULT_LOCKED_BYTES], date, locked);
		series_record(&scheme->series[RESULT_IOTLB_HITS], date, hits);
		series_record(&scheme->series[RESULT_IOTLB_MISSES], date, lookups - hits);
		series_record(&scheme->series[RESULT_DMA_BYTES], date, lookups * (200 + 4 * sketch->hit_percent));
		if (locked > scheme->counter[COUNT_LOCKED_PEAK_BYTES])
			scheme->counter[COUNT_LOCKED_PEAK_BYTES] = locked;
	}
}

struct result_scheme *synthetic_realistic(unsigned which)
{
	const struct sketch *sketch = &sketches[which];
	struct result_scheme *scheme = malloc(sizeof(*scheme));
	struct random random;

	REQUIRE(scheme);
	random_init(&random, which + 1);
	result_scheme_init(scheme, sketch->name, sketch->axes);
	sketch_latencies(scheme, sketch, &random);
	sketch_series(scheme, sketch, &random);
	scheme->capability[CAPABILITY_HARDWARE] = UINT64_C(0x01d2078c226f0606);
	scheme->capability[CAPABILITY_HARDWARE_EXTENDED] = UINT64_C(0x0003e99884000fc3);
	scheme->counter[COUNT_DURATION_PS] = 180 * PS_PER_MS;
	scheme->counter[COUNT_STARTUP_PS] = sketch->start_ms * PS_PER_MS;
	scheme->counter[COUNT_GUEST_CPU_PS] = 41 * PS_PER_MS;
	scheme->counter[COUNT_HOST_CPU_PS] = sketch->exits * 3 * PS_PER_US;
	scheme->counter[COUNT_VM_EXITS] = sketch->exits;
	scheme->counter[COUNT_IOCTLS] = sketch->ioctls;
	scheme->counter[COUNT_DMA_BYTES_READ] = UINT64_C(620) << 20;
	scheme->counter[COUNT_DMA_BYTES_WRITTEN] = UINT64_C(410) << 20;
	scheme->counter[COUNT_IOTLB_HITS] = scheme->latency[RESULT_TRANSLATE_HIT].count;
	scheme->counter[COUNT_IOTLB_MISSES] = scheme->latency[RESULT_TRANSLATE_MISS].count;
	scheme->counter[COUNT_WALKS] = scheme->latency[RESULT_TRANSLATE_MISS].count;
	scheme->counter[COUNT_READS_FIRST_STAGE] = which == 1 || which == 2 ? 9100 : 0;
	scheme->counter[COUNT_READS_SECOND_STAGE] = 4000 + 3000 * which;
	scheme->counter[COUNT_STALE_CHECKED] = 35000;
	return scheme;
}

/* ---- files ---- */

static const char *parameter(void *argument, size_t i, const char **value, const char **unit, const char **source)
{
	static const char *const row[][4] = {
		{ "iommu.iotlb_entries", "120", "entries", "[PB] effective capacity on Broadwell, best fit" },
		{ "iommu.walkers", "6", "", "[PB] one translation per 52 ns" },
		{ "timing.host.exit", "1.3 us", "ns", "ASSUMED" },
	};

	(void)argument;
	if (i >= sizeof(row) / sizeof(row[0]))
		return NULL;
	*value = row[i][1];
	*unit = row[i][2];
	*source = row[i][3];
	return row[i][0];
}

struct result_input synthetic_input(void)
{
	return (struct result_input){
		.version = "0.1.0",
		.title = "NVMe random reads, 4 vCPUs",
		.scenario_path = "scenarios/nvme.yaml",
		.scenario_text = "# how much a trapped doorbell costs\ntitle: \"NVMe <random> reads & more\"\nschemes: "
				 "[nested]\n",
		.profile_name = "broadwell",
		.profile_text = "timing:\n  host.exit: {value: 1300 ns, source: ASSUMED}\n",
		.trace_path = "traces/samples/nvme.h5",
		.trace_crc64 = UINT64_C(0x0123456789abcdef),
		.seed = 42,
		.parameter = parameter,
	};
}

void synthetic_write(const char *path, const struct result_input *input, struct result_scheme *const *scheme,
		     size_t count)
{
	char part[16][128];
	const char *paths[16];
	struct err err = { .kind = ERR_NONE };

	REQUIRE(count <= 16);
	for (size_t i = 0; i < count; i++) {
		snprintf(part[i], sizeof(part[i]), "%s.part%zu", path, i);
		paths[i] = part[i];
		REQUIRE(result_write_part(part[i], scheme[i], &err));
	}
	if (!result_merge(path, input, paths, count, &err))
		fprintf(stderr, "%s\n", err.text);
	REQUIRE(err.kind == ERR_NONE);
	for (size_t i = 0; i < count; i++)
		unlink(part[i]);
}

void synthetic_three(struct result_scheme *scheme[3])
{
	scheme[0] = synthetic_scheme("pin-on-map", 1, 300);
	scheme[1] = synthetic_scheme("nested", 2, 300);
	scheme[2] = synthetic_scheme("empty", 3, 0);
}

void synthetic_three_free(struct result_scheme *scheme[3])
{
	for (unsigned i = 0; i < 3; i++)
		free(scheme[i]);
}

void synthetic_write_three(const char *path)
{
	struct result_scheme *scheme[3];
	struct result_input input = synthetic_input();

	synthetic_three(scheme);
	synthetic_write(path, &input, scheme, 3);
	synthetic_three_free(scheme);
}
