/* SPDX-License-Identifier: Apache-2.0 */
/* Importers: recorded text in, trace file out (docs/trace-format.md). */
#ifndef IOMMUSIM_TRACES_IMPORT_H
#define IOMMUSIM_TRACES_IMPORT_H

#include <signal.h>

#include "traces/trace.h"

struct import_options {
	const char *meta; /* the recording's guest-meta text (.xz read as it is); NULL: one beside the input, if any */
	bool strict;      /* lost events and anomalies are an error, nothing is written */
	void (*progress)(void *argument, uint64_t bytes_read); /* NULL: none; compressed bytes read so far */
	void *progress_argument;
	const volatile sig_atomic_t *interrupted; /* not 0 (a signal handler's flag): stop, remove what was
						     written, fail; NULL: never */
};

/*
 * Reads kernel ftrace text (plain, .xz or .gz) and writes the trace file
 * atomically: on any error *out_path is as it was.
 */
bool trace_import_ftrace(const char *in_path, const char *out_path, const struct import_options *options,
			 struct err *err);

#endif
