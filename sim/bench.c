/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct bench *bench_at(size_t i)
{
	const struct bench *const lists[] = { model_benches, import_benches, replay_benches };

	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		for (const struct bench *bench = lists[list]; bench->name; bench++)
			if (i-- == 0)
				return bench;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_summarize(struct bench_result *result, double *ns, unsigned runs)
{
	qsort(ns, runs, sizeof(ns[0]), compare);
	result->runs = runs;
	result->min_ns = ns[0];
	result->median_ns = ns[runs / 2];
}

bool bench_folder_make(struct bench_folder *folder, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	int length = snprintf(folder->path, sizeof(folder->path), "%s/iommusim-bench-XXXXXX",
			      parent && parent[0] ? parent : "/tmp");

	if (length < 0 || (size_t)length >= sizeof(folder->path) || !mkdtemp(folder->path))
		return err_set(err, ERR_FILE, "%s: cannot make a temporary folder: %s", folder->path, strerror(errno));
	return true;
}

char *bench_file(const struct bench_folder *folder, const char *name, char path[BENCH_PATH])
{
	snprintf(path, BENCH_PATH, "%s/%s", folder->path, name);
	return path;
}

void bench_folder_remove(const struct bench_folder *folder, const char *const *names)
{
	char path[BENCH_PATH];

	for (; *names; names++)
		unlink(bench_file(folder, *names, path));
	rmdir(folder->path);
}
