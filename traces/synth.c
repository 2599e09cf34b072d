/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O virtual addresses go down from 4 GiB as Linux gives them out, each stream its own range; what does not fit there
 * lies above 4 GiB.
 */
#include "traces/synth.h"

#include <stdlib.h>

#include "models/base/heap.h"
#include "models/base/random.h"
#include "traces/trace_write.h"

#define LOW_END    UINT64_C(0xfee00000) /* below the interrupt range */
#define LOW_FIRST  UINT64_C(0x1000000)
#define HIGH_FIRST UINT64_C(0x100000000)

/* A buffer of a ring. */
struct buffer {
	bool is_mapped;
	uint32_t place; /* where it lies, in units of its size */
	uint64_t row;   /* of the operation before: its map or its unmap; TRACE_NONE */
};

struct stream {
	const struct synth_stream *spec;
	struct buffer *ring; /* [window] */
	struct buffer descriptors;
	iova_t iova; /* of place 0 */
	phys_t phys;
	uint64_t pages_bytes; /* of one buffer */
	uint64_t mapped;      /* maps written */
	uint32_t to_unmap;    /* at the end: buffers looked at */
	ps_t next;            /* date of the next batch */
	ps_t idle;            /* between the batch at hand and the pause after it */
	struct random random;
};

struct generator {
	const struct synth *synth;
	struct trace_writer *writer;
	struct trace_summary summary;
	struct stream *streams;
	uint64_t line, live_bytes;
};

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* What a stream takes: its buffers, and behind them its ring. */
static uint64_t stream_bytes(const struct synth_stream *spec)
{
	return whole_pages(spec->bytes) * spec->window + whole_pages(spec->ring_bytes);
}

uint64_t synth_memory(const struct synth *synth)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < synth->stream_count; i++)
		if (!synth->streams[i].shares_memory)
			bytes += stream_bytes(&synth->streams[i]);
	return bytes;
}

/* ---- streams ---- */

static void stream_init(struct stream *stream, const struct synth_stream *spec, uint64_t seed)
{
	*stream = (struct stream){ .spec = spec, .pages_bytes = whole_pages(spec->bytes), .next = spec->start };
	stream->ring = heap_zeroed(spec->window, sizeof(*stream->ring));
	stream->descriptors.row = TRACE_NONE;
	random_init(&stream->random, seed);
	for (uint32_t i = 0; i < spec->window; i++)
		stream->ring[i] = (struct buffer){ .place = i, .row = TRACE_NONE };
	for (uint32_t i = spec->window - 1; spec->is_shuffled && i > 0; i--) {
		uint32_t other = (uint32_t)random_below(&stream->random, i + 1);
		uint32_t place = stream->ring[i].place;

		stream->ring[i].place = stream->ring[other].place;
		stream->ring[other].place = place;
	}
}

static void place_streams(struct generator *generator)
{
	iova_t low = LOW_END, high = HIGH_FIRST;
	phys_t phys = SYNTH_MEMORY_FIRST;

	for (uint32_t i = 0; i < generator->synth->stream_count; i++) {
		struct stream *stream = &generator->streams[i];
		uint64_t bytes = stream_bytes(stream->spec);

		if (stream->spec->shares_memory) {
			stream->phys = generator->streams[i - 1].phys;
		} else {
			stream->phys = phys;
			phys += bytes;
		}
		if (bytes <= low - LOW_FIRST) {
			low -= bytes;
			stream->iova = low;
		} else {
			stream->iova = high;
			high += bytes;
		}
	}
}

/*
 * Exponentially distributed, mean 1, as 32.32 bits.  Von Neumann's way: runs of falling uniform numbers, no logarithm,
 * so that every machine makes the same.
 */
static uint64_t exponential(struct random *random)
{
	for (uint64_t whole = 0;; whole++) {
		uint64_t first = random_next(random) >> 32, last = first, next;
		unsigned length = 1;

		while ((next = random_next(random) >> 32) < last) {
			last = next;
			length++;
		}
		if (length % 2 == 1)
			return whole << 32 | first;
	}
}

static ps_t pause_of(struct stream *stream)
{
	const struct synth_stream *spec = stream->spec;

	if (!spec->is_random)
		return spec->gap;
	return (ps_t)((u128_t)exponential(&stream->random) * spec->gap >> 32);
}

/* ---- rows ---- */

static bool write_row(struct generator *generator, struct trace_op *op, const struct trace_segment *segment,
		      struct err *err)
{
	op->line = ++generator->line;
	if (op->end_ps < op->begin_ps)
		op->end_ps = op->begin_ps;
	op->context = (uint32_t)op->cpu + 1;
	if (op->end_ps > generator->summary.duration_ps)
		generator->summary.duration_ps = op->end_ps;
	if (op->cpu >= generator->summary.cpus)
		generator->summary.cpus = (uint16_t)(op->cpu + 1);
	return trace_writer_op(generator->writer, op, segment, segment ? 1 : 0, err);
}

static bool write_device(struct generator *generator, uint16_t device, struct err *err)
{
	const struct trace_device *of = &generator->synth->devices[device];
	struct trace_op op = { .kind = TRACE_GROUP,
			       .api = TRACE_API_NONE,
			       .direction = TRACE_DIRECTION_NONE,
			       .device = device,
			       .iova = of->group,
			       .after = TRACE_NONE };

	if (!trace_writer_device(generator->writer, of, err) || !write_row(generator, &op, NULL, err))
		return false;
	op.kind = TRACE_ATTACH;
	op.iova = 0;
	return write_row(generator, &op, NULL, err);
}

static struct trace_op row_of(const struct stream *stream, const struct buffer *buffer, enum trace_kind kind)
{
	const struct synth_stream *spec = stream->spec;
	iova_t iova = stream->iova + buffer->place * stream->pages_bytes;

	return (struct trace_op){ .begin_ps = stream->next,
				  .end_ps = stream->next + stream->idle,
				  .cpu = spec->cpu,
				  .kind = kind,
				  .api = TRACE_API_PAGE,
				  .direction = spec->direction,
				  .device = spec->device,
				  .iova = iova,
				  .bytes = stream->pages_bytes,
				  .dma_address = iova,
				  .dma_bytes = spec->dma_bytes,
				  .after = buffer->row };
}

/* The row that the writer gives the next number. */
static uint64_t rows_written(const struct generator *generator)
{
	return generator->line; /* each row has one line */
}

/* A map or an unmap of what buffer says. */
static bool write_change(struct generator *generator, struct buffer *buffer, struct trace_op *op,
			 const struct trace_segment *segment, struct err *err)
{
	struct trace_summary *summary = &generator->summary;

	buffer->row = rows_written(generator);
	buffer->is_mapped = segment != NULL;
	if (segment) {
		summary->maps++;
		generator->live_bytes += op->bytes;
	} else {
		summary->unmaps++;
		generator->live_bytes -= op->bytes;
	}
	if (generator->live_bytes > summary->live_peak_bytes)
		summary->live_peak_bytes = generator->live_bytes;
	return write_row(generator, op, segment, err);
}

static bool write_unmap(struct generator *generator, struct stream *stream, struct buffer *buffer, struct err *err)
{
	struct trace_op op = row_of(stream, buffer, TRACE_UNMAP);

	return write_change(generator, buffer, &op, NULL, err);
}

static bool write_map(struct generator *generator, struct stream *stream, struct buffer *buffer, struct err *err)
{
	struct trace_op op = row_of(stream, buffer, TRACE_MAP);
	struct trace_segment segment = { .iova = op.iova,
					 .phys = stream->phys + buffer->place * stream->pages_bytes,
					 .bytes = op.bytes,
					 .line = generator->line + 1 };

	return write_change(generator, buffer, &op, &segment, err);
}

/* Maps the descriptor ring, for as long as the stream lasts. */
static bool write_ring(struct generator *generator, struct stream *stream, bool map, struct err *err)
{
	const struct synth_stream *spec = stream->spec;
	uint64_t offset = spec->window * stream->pages_bytes, bytes = whole_pages(spec->ring_bytes);
	struct trace_op op = row_of(stream, &stream->descriptors, map ? TRACE_MAP : TRACE_UNMAP);
	struct trace_segment segment = { .iova = stream->iova + offset,
					 .phys = stream->phys + offset,
					 .bytes = bytes,
					 .line = generator->line + 1 };

	op.api = TRACE_API_COHERENT;
	op.direction = TRACE_BIDIRECTIONAL;
	op.iova = op.dma_address = segment.iova;
	op.bytes = bytes;
	op.dma_bytes = spec->ring_bytes;
	return write_change(generator, &stream->descriptors, &op, map ? &segment : NULL, err);
}

/* One batch, or at the end all unmaps; false when nothing is left, or on an error. */
static bool write_batch(struct generator *generator, struct stream *stream, struct err *err)
{
	const struct synth_stream *spec = stream->spec;

	if (stream->mapped == spec->maps) {
		for (uint32_t i = 0; i < spec->window; i++) {
			struct buffer *buffer = &stream->ring[(stream->mapped + i) % spec->window];

			if (buffer->is_mapped && !write_unmap(generator, stream, buffer, err))
				return false;
		}
		if (stream->descriptors.is_mapped)
			write_ring(generator, stream, false, err);
		return false;
	}
	if (spec->ring_bytes > 0 && stream->mapped == 0 && !write_ring(generator, stream, true, err))
		return false;
	ps_t pause = pause_of(stream);

	stream->idle = spec->period > pause ? spec->period - pause : 0;
	for (uint32_t i = 0; i < spec->batch && stream->mapped < spec->maps; i++) {
		struct buffer *buffer = &stream->ring[stream->mapped++ % spec->window];

		if ((buffer->is_mapped && !write_unmap(generator, stream, buffer, err)) ||
		    !write_map(generator, stream, buffer, err))
			return false;
	}
	stream->next += stream->idle + pause;
	return true;
}

/* ---- the whole ---- */

/* The stream whose batch is next: a binary heap of indices by (date, index). */
static bool is_before(const struct generator *generator, uint32_t a, uint32_t b)
{
	ps_t date_a = generator->streams[a].next, date_b = generator->streams[b].next;

	return date_a != date_b ? date_a < date_b : a < b;
}

static void sink_at(const struct generator *generator, uint32_t *heap, uint32_t count, uint32_t place)
{
	uint32_t moved = heap[place];

	for (uint32_t child; (child = 2 * place + 1) < count; place = child) {
		if (child + 1 < count && is_before(generator, heap[child + 1], heap[child]))
			child++;
		if (!is_before(generator, heap[child], moved))
			break;
		heap[place] = heap[child];
	}
	heap[place] = moved;
}

static bool write_streams(struct generator *generator, struct err *err)
{
	uint32_t count = generator->synth->stream_count;
	uint32_t *heap = heap_zeroed(count, sizeof(*heap));

	for (uint32_t i = 0; i < count; i++)
		heap[i] = i;
	for (uint32_t i = count / 2; i-- > 0;)
		sink_at(generator, heap, count, i);
	while (count > 0 && err->kind == ERR_NONE) {
		if (!write_batch(generator, &generator->streams[heap[0]], err))
			heap[0] = heap[--count];
		sink_at(generator, heap, count, 0);
	}
	free(heap);
	return err->kind == ERR_NONE;
}

static bool check(const struct synth *synth, struct err *err)
{
	for (uint32_t i = 0; i < synth->stream_count; i++) {
		const struct synth_stream *spec = &synth->streams[i];

		if (spec->bytes == 0 || spec->bytes > UINT64_C(1) << 30 || spec->dma_bytes > spec->bytes)
			return err_set(err, ERR_USAGE, "stream %u: bytes must be 1 to 1 GiB, dma_bytes at most bytes",
				       i);
		if (spec->ring_bytes > UINT64_C(1) << 30)
			return err_set(err, ERR_USAGE, "stream %u: ring_bytes must be at most 1 GiB", i);
		if (spec->window == 0 || spec->window > 65536 || spec->batch == 0)
			return err_set(err, ERR_USAGE, "stream %u: window must be 1 to 65536 buffers, batch at least 1",
				       i);
		if (spec->shares_memory && (i == 0 || stream_bytes(spec) != stream_bytes(spec - 1)))
			return err_set(err, ERR_USAGE,
				       "stream %u: there is no stream as large before it to share memory with", i);
		if (spec->device >= synth->device_count)
			return err_set(err, ERR_USAGE, "stream %u: there is no device %u", i, spec->device);
	}
	return true;
}

static bool write_all(struct generator *generator, struct err *err)
{
	struct trace_writer *writer = generator->writer;

	for (uint16_t i = 0; i < generator->synth->device_count; i++)
		if (!write_device(generator, i, err))
			return false;
	generator->summary.devices = generator->synth->device_count;
	generator->summary.strict = true;
	return trace_writer_provenance(writer, "importer", "iommusim trace synth", err) &&
	       trace_writer_provenance(writer, "source_file", generator->synth->title, err) &&
	       write_streams(generator, err);
}

bool synth_write(const struct synth *synth, const char *path, struct err *err)
{
	struct generator generator = { .synth = synth };

	if (!check(synth, err))
		return false;
	generator.writer = trace_writer_create(path, err);
	if (!generator.writer)
		return false;
	generator.streams = heap_zeroed(synth->stream_count, sizeof(*generator.streams));
	for (uint32_t i = 0; i < synth->stream_count; i++)
		stream_init(&generator.streams[i], &synth->streams[i], synth->seed + i);
	place_streams(&generator);

	bool written = write_all(&generator, err);

	for (uint32_t i = 0; i < synth->stream_count; i++)
		free(generator.streams[i].ring);
	free(generator.streams);
	if (!written) {
		trace_writer_abandon(generator.writer);
		return false;
	}
	return trace_writer_commit(generator.writer, &generator.summary, err);
}
