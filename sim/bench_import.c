/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The import of kernel ftrace text: a strict guest's receiving network card, as recordings have it, eight events to a
 * buffer.  Plain text: unpacking is not measured.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/bench.h"
#include "sim/profile.h"
#include "traces/import.h"

struct import {
	unsigned buffers; /* mapped and unmapped, one after another */
};

#define EVENTS_PER_BUFFER 8u

static void print_half(FILE *out, unsigned i, uint64_t us, uint64_t iova, bool map)
{
	const char *name = i % 2 ? "         ksoftirqd/1-22" : "              <idle>-0";
	const char *task = name + strlen(name) - strlen("            <idle>-0");
	uint64_t phys = 0x100000000 + (uint64_t)i % 4096 * 4096;
	unsigned cpu = i % 2;

#define LINE(offset, ...) \
	(fprintf(out, "%20s [%03u] d.s2. %5" PRIu64 ".%06" PRIu64 ": ", task, cpu, (us + (offset)) / 1000000, \
		 (us + (offset)) % 1000000), \
	 fprintf(out, __VA_ARGS__))
	if (map)
		LINE(0, "map: IOMMU: iova=0x%016" PRIx64 " - 0x%016" PRIx64 " paddr=0x%016" PRIx64 " size=4096\n", iova,
		     iova + 4096, phys);
	else
		LINE(0, "unmap: IOMMU: iova=0x%016" PRIx64 " - 0x%016" PRIx64 " size=4096 unmapped_size=4096\n", iova,
		     iova + 4096);
	LINE(1,
	     "cache_tag_flush_range%s: dmar0 dmar0[0] type iotlb did 3 [0x%" PRIx64 "-0x%" PRIx64 "] addr 0x%" PRIx64
	     " pages 0x1 mask 0x0\n",
	     map ? "_np" : "", iova, iova + 4095, iova);
	LINE(2, "qi_submit: iotlb_inv dmar0: 0x300f2 0x%" PRIx64 " 0x0 0x0\n", iova);
	LINE(3, "%s: 0000:00:03.0 dir=FROM_DEVICE dma_addr=%" PRIx64 " size=1522%s attrs=\n",
	     map ? "dma_map_page" : "dma_unmap_page", iova + 64, map ? " phys_addr=100000040" : "");
#undef LINE
}

static bool write_text(const char *path, unsigned buffers, struct err *err)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
	fprintf(out, "# tracer: nop\n#\n# entries-in-buffer/entries-written: %u/%u   #P:2\n",
		buffers * EVENTS_PER_BUFFER, buffers * EVENTS_PER_BUFFER);
	for (unsigned i = 0; i < buffers; i++) {
		uint64_t iova = 0xffff0000 - (uint64_t)(i % 256) * 4096, us = 2000000 + 10 * (uint64_t)i;

		print_half(out, i, us, iova, true);
		print_half(out, i, us + 4, iova, false);
	}
	bool written = !ferror(out);

	if (fclose(out) != 0 || !written)
		return err_set(err, ERR_FILE, "%s: cannot write: %s", path, strerror(errno));
	return true;
}

static bool measure_import(const struct bench *bench, unsigned share, struct bench_result *result, struct err *err)
{
	enum { RUNS = 7 };
	static const char *const files[] = { "trace.txt", "trace.h5", NULL };
	const struct import *import = bench->what;
	struct bench_folder folder;
	char text[BENCH_PATH], trace[BENCH_PATH];
	unsigned buffers = import->buffers / share;
	double ns[RUNS];

	if (!bench_folder_make(&folder, err))
		return false;
	bench_file(&folder, files[0], text);
	bench_file(&folder, files[1], trace);
	bool well = write_text(text, buffers, err);

	result->operations = (uint64_t)buffers * EVENTS_PER_BUFFER;
	for (unsigned i = 0; well && i < RUNS; i++) {
		uint64_t begin = profile_cpu_ns();

		well = trace_import_ftrace(text, trace, NULL, err);
		ns[i] = (double)(profile_cpu_ns() - begin) / (double)result->operations;
	}
	bench_folder_remove(&folder, files);
	if (well)
		bench_summarize(result, ns, RUNS);
	return well;
}

static const struct import plain = { 25000 };

const struct bench import_benches[] = {
	{ "import", "import of kernel ftrace text, plain", "event", 500, measure_import, &plain },
	{ 0 },
};
