/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces made by rule instead of recorded: streams of maps and unmaps, each on one CPU for one device, each with a
 * ring of buffers as drivers keep them.  For loads that nobody recorded (many flows, very long runs); not for claims
 * about real guests, and its provenance says so.
 *
 * A stream has `window` buffers.  Its n-th map takes the buffer that was unmapped longest ago, after unmapping
 * it if it is mapped; `batch` of them follow one another at once, then comes `gap`: what the CPU does in between.  With a
 * `period` the batches have dates at least that far apart, as when data arrives at a rate (replay.mode: paced).  At the end all are
 * unmapped.  Written in constant memory, whatever the length.
 */
#ifndef IOMMUSIM_TRACES_SYNTH_H
#define IOMMUSIM_TRACES_SYNTH_H

#include "traces/trace.h"

#define SYNTH_STREAMS_MAX 4096u

struct synth_stream {
	uint16_t cpu;
	uint16_t device; /* index into the devices */
	uint64_t maps;
	uint64_t bytes;      /* of each mapping, 1 byte to 1 GiB; whole pages are mapped */
	uint64_t dma_bytes;  /* of them that the device accesses, 0 to bytes */
	uint32_t window;     /* buffers, 1 to 65,536 */
	uint64_t ring_bytes; /* of a coherent descriptor ring that the device uses for each transfer; 0: none */
	uint32_t batch;      /* maps without a pause, at least 1 */
	ps_t start;          /* of its first batch */
	ps_t gap;            /* pause after a batch; with is_random its mean */
	ps_t period; /* from a batch to the next at least; what the pause leaves of it is the last operation's own time */
	bool is_random;     /* pauses are exponentially distributed */
	bool is_shuffled;   /* buffers do not lie in order */
	bool shares_memory; /* its buffers are those of the stream before it, mapped once more */
	enum trace_direction direction;
};

struct synth {
	const char *title; /* provenance */
	uint64_t seed;
	const struct trace_device *devices;
	uint16_t device_count;
	const struct synth_stream *streams;
	uint32_t stream_count; /* 1 to SYNTH_STREAMS_MAX */
};

/* Buffers lie in guest-physical memory from here on, one after another. */
#define SYNTH_MEMORY_FIRST UINT64_C(0x10000000)

/* Bytes of guest-physical memory that the buffers take. */
uint64_t synth_memory(const struct synth *synth);

/* Writes the trace file; false and *err, which names what is wrong, and the target is as it was. */
bool synth_write(const struct synth *synth, const char *path, struct err *err);

#endif
