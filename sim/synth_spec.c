/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/synth_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "scenarios/amount.h"
#include "scenarios/document.h"

/* ---- values ---- */

struct reader {
	struct document *document;
	struct synth_spec *spec;
	const yaml_node_t *variables;       /* of the specification: a mapping of names to values; NULL: none */
	const struct synth_variable *value; /* [values], which replace those */
	size_t values;
	uint16_t *
		alike; /* [device_count] of each device: it and those after it that its line made; 0 but for the first */
	struct err *err;
};

/* The value of $NAME, or NULL and *err. */
static const char *variable_value(struct reader *reader, const yaml_node_t *node, const char *name)
{
	struct document_item item;
	size_t next = 0;

	while (reader->variables && document_next(reader->document, reader->variables, &next, &item)) {
		if (strcmp(item.name, name) != 0)
			continue;
		for (size_t i = 0; i < reader->values; i++)
			if (strcmp(reader->value[i].name, name) == 0)
				return reader->value[i].value;
		return document_scalar(reader->document, item.value, name, reader->err);
	}
	document_refuse(reader->document, node, reader->err, "$%s: is not among the `variables` of the specification",
			name);
	return NULL;
}

/* The text of a scalar; "$NAME" is the variable's value. */
static const char *scalar(struct reader *reader, const yaml_node_t *node, const char *what)
{
	const char *text = document_scalar(reader->document, node, what, reader->err);

	return text && text[0] == '$' ? variable_value(reader, node, text + 1) : text;
}

/* An amount in this unit family within [min, max]; absent: value stays. */
static bool read_amount(struct reader *reader, const struct document_field *field, const struct amount_unit *units,
			uint64_t min, uint64_t max, uint64_t *value)
{
	if (!field->at)
		return true;
	const char *text = scalar(reader, field->value, field->name);

	if (!text)
		return false;
	if (!amount_parse(text, units, value) || *value < min || *value > max)
		return document_refuse(reader->document, field->value, reader->err, "%s: %s: must be %llu to %llu%s",
				       field->name, text, (unsigned long long)min, (unsigned long long)max,
				       units == amount_time ? " ps; write a unit: 2 us" : "");
	return true;
}

/* One of the words; absent: value stays. */
static bool read_word(struct reader *reader, const struct document_field *field, const char *const *words,
		      unsigned *value)
{
	char all[128] = "";

	if (!field->at)
		return true;
	const char *text = scalar(reader, field->value, field->name);

	for (unsigned i = 0; text && words[i]; i++) {
		if (strcmp(text, words[i]) == 0) {
			*value = i;
			return true;
		}
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "", words[i]);
	}
	return text && document_refuse(reader->document, field->value, reader->err, "%s: %s: must be one of %s",
				       field->name, text, all);
}

/* cpus: "3" or "0-19". */
static bool read_range(struct reader *reader, const struct document_field *field, unsigned *first, unsigned *last)
{
	const char *text = scalar(reader, field->value, field->name);
	char rest;

	if (!text)
		return false;
	if (sscanf(text, "%u-%u%c", first, last, &rest) != 2) {
		if (sscanf(text, "%u%c", first, &rest) != 1)
			*first = 1, *last = 0;
		else
			*last = *first;
	}
	if (*first > *last || *last >= SYNTH_STREAMS_MAX)
		return document_refuse(reader->document, field->value, reader->err,
				       "cpus: %s: must be a number or a range as 0-19, below %u", text,
				       SYNTH_STREAMS_MAX);
	return true;
}

/* ---- devices ---- */

/* count: how many of them the line asks for. */
static bool read_device(struct reader *reader, const yaml_node_t *node, struct trace_device *device, uint64_t *count)
{
	struct document_field field[] = {
		{ .name = "name", .required = true }, { .name = "class" }, { .name = "group" }, { .name = "count" }
	};
	uint64_t class_code = 0x020000, group = UINT32_MAX;
	unsigned domain, bus, slot, function;
	char rest;

	if (!document_fields(reader->document, node, "a device", field, 4, reader->err) ||
	    !document_copy(reader->document, field[0].value, "name", device->name, sizeof(device->name), reader->err))
		return false;
	if (sscanf(device->name, "%4x:%2x:%2x.%1x%c", &domain, &bus, &slot, &function, &rest) != 4 || slot > 31 ||
	    function > 7)
		return document_refuse(reader->document, field[0].value, reader->err,
				       "name: %s: must be a PCI address as 0000:00:04.0", device->name);
	if (field[1].at) {
		const char *text = scalar(reader, field[1].value, "class");
		char *end;

		if (!text)
			return false;
		class_code = strtoull(text, &end, 16);
		if (*end || class_code > 0xffffff)
			return document_refuse(reader->document, field[1].value, reader->err,
					       "class: %s: must be a PCI class as 0x020000", text);
	}
	if (!read_amount(reader, &field[2], amount_count, 0, UINT32_MAX - 1, &group) ||
	    !read_amount(reader, &field[3], amount_count, 1, 255, count))
		return false;
	if (*count > 1 && field[2].at)
		return document_refuse(reader->document, field[2].at, reader->err,
				       "group: each of 'count' devices has a group of its own");
	device->source_id = (uint16_t)(bus << 8 | slot << 3 | function);
	device->class_code = (uint32_t)class_code;
	device->group = field[2].at ? (uint32_t)group : reader->spec->synth.device_count;
	return true;
}

/* One more, which must be free. */
static bool add_device(struct reader *reader, const yaml_node_t *node, const struct trace_device *device)
{
	struct synth_spec *spec = reader->spec;
	uint16_t count = spec->synth.device_count;

	if (count == TRACE_NO_DEVICE - 1)
		return document_refuse(reader->document, node, reader->err, "too many devices");
	spec->devices = heap_resized(spec->devices, count + 1u, sizeof(*spec->devices));
	reader->alike = heap_resized(reader->alike, count + 1u, sizeof(*reader->alike));
	spec->devices[count] = *device;
	reader->alike[count] = 0;
	spec->synth.device_count++;
	return true;
}

/* The one after it: the next device number, then the next bus. */
static bool next_device(struct reader *reader, const yaml_node_t *node, struct trace_device *device)
{
	unsigned domain = 0;

	if (device->source_id >= UINT16_MAX - 7)
		return document_refuse(reader->document, node, reader->err, "count: more devices than PCI has numbers");
	sscanf(device->name, "%4x", &domain);
	device->source_id = (uint16_t)(device->source_id + 8);
	device->group++;
	snprintf(device->name, sizeof(device->name), "%04x:%02x:%02x.%x", domain, device->source_id >> 8,
		 device->source_id >> 3 & 31u, device->source_id & 7u);
	return true;
}

static bool read_devices(struct reader *reader, const yaml_node_t *node)
{
	struct synth_spec *spec = reader->spec;
	struct document_item item;
	size_t next = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return document_refuse(reader->document, node, reader->err, "devices: needs a list");
	while (document_next(reader->document, node, &next, &item)) {
		struct trace_device device = { 0 };
		uint16_t first = spec->synth.device_count;
		uint64_t count = 1;

		if (!read_device(reader, item.value, &device, &count))
			return false;
		for (uint64_t i = 0; i < count; i++)
			if ((i > 0 && !next_device(reader, item.value, &device)) ||
			    !add_device(reader, item.value, &device))
				return false;
		reader->alike[first] = (uint16_t)count;
	}
	return true;
}

/* ---- streams ---- */

static bool find_device(struct reader *reader, const struct document_field *field, uint16_t *device)
{
	const char *text = scalar(reader, field->value, "device");

	for (uint16_t i = 0; text && i < reader->spec->synth.device_count; i++)
		if (strcmp(reader->spec->devices[i].name, text) == 0) {
			*device = i;
			return true;
		}
	return text && document_refuse(reader->document, field->value, reader->err,
				       "device: %s: is not among the devices above", text);
}

enum {
	STREAM_DEVICE,
	STREAM_CPUS,
	STREAM_FLOWS,
	STREAM_MAPS,
	STREAM_BYTES,
	STREAM_DMA_BYTES,
	STREAM_DIRECTION,
	STREAM_WINDOW,
	STREAM_RING,
	STREAM_BATCH,
	STREAM_START,
	STREAM_GAP,
	STREAM_PERIOD,
	STREAM_PAUSES,
	STREAM_ORDER,
	STREAM_MEMORY,
	STREAM_FIELDS
};

/* `cpus`, or `flows: N`, which is CPUs 0 to N - 1. */
static bool read_cpus(struct reader *reader, const yaml_node_t *node, const struct document_field *field,
		      unsigned *first, unsigned *last)
{
	const struct document_field *cpus = &field[STREAM_CPUS], *flows = &field[STREAM_FLOWS];
	uint64_t count = 0;

	if (!cpus->at == !flows->at)
		return document_refuse(reader->document, node, reader->err, "a stream needs either 'cpus' or 'flows'");
	if (cpus->at)
		return read_range(reader, cpus, first, last);
	*first = 0;
	if (!read_amount(reader, flows, amount_count, 1, SYNTH_STREAMS_MAX, &count))
		return false;
	*last = (unsigned)count - 1;
	return true;
}

static bool read_stream_values(struct reader *reader, const struct document_field *field, struct synth_stream *stream)
{
	static const char *const directions[] = { "bidirectional", "to_device", "from_device", NULL };
	static const char *const pauses[] = { "fixed", "exponential", NULL };
	static const char *const orders[] = { "in-order", "shuffled", NULL };
	static const char *const memories[] = { "own", "shared", NULL };
	unsigned direction = TRACE_FROM_DEVICE, is_random = 0, is_shuffled = 0, shares_memory = 0;
	uint64_t bytes = 4096, window = 64, batch = 1, gap = 0, period = 0;
	bool read = find_device(reader, &field[STREAM_DEVICE], &stream->device) &&
		    read_amount(reader, &field[STREAM_MAPS], amount_count, 1, UINT64_C(1) << 40, &stream->maps) &&
		    read_amount(reader, &field[STREAM_BYTES], amount_bytes, 1, UINT64_C(1) << 30, &bytes);
	uint64_t dma_bytes = bytes;

	read = read && read_amount(reader, &field[STREAM_DMA_BYTES], amount_bytes, 0, bytes, &dma_bytes) &&
	       read_word(reader, &field[STREAM_DIRECTION], directions, &direction) &&
	       read_amount(reader, &field[STREAM_WINDOW], amount_count, 1, 65536, &window) &&
	       read_amount(reader, &field[STREAM_RING], amount_bytes, 0, UINT64_C(1) << 30, &stream->ring_bytes) &&
	       read_amount(reader, &field[STREAM_BATCH], amount_count, 1, 65536, &batch) &&
	       read_amount(reader, &field[STREAM_START], amount_time, 0, PS_PER_S, &stream->start) &&
	       read_amount(reader, &field[STREAM_GAP], amount_time, 0, PS_PER_S, &gap) &&
	       read_amount(reader, &field[STREAM_PERIOD], amount_time, 0, PS_PER_S, &period) &&
	       read_word(reader, &field[STREAM_PAUSES], pauses, &is_random) &&
	       read_word(reader, &field[STREAM_ORDER], orders, &is_shuffled) &&
	       read_word(reader, &field[STREAM_MEMORY], memories, &shares_memory);
	stream->bytes = bytes;
	stream->dma_bytes = dma_bytes;
	stream->direction = (enum trace_direction)direction;
	stream->window = (uint32_t)window;
	stream->batch = (uint32_t)batch;
	stream->gap = gap;
	stream->period = period;
	stream->is_random = is_random;
	stream->is_shuffled = is_shuffled;
	stream->shares_memory = shares_memory;
	return read;
}

/* One stream for each of these CPUs; of a line of several devices for each device too, on CPUs that follow. */
static bool add_streams(struct reader *reader, const yaml_node_t *node, struct synth_stream *stream, unsigned first,
			unsigned last)
{
	struct synth_spec *spec = reader->spec;
	unsigned devices = reader->alike[stream->device] ? reader->alike[stream->device] : 1, cpus = last - first + 1;
	bool shares = stream->shares_memory;

	if (spec->synth.stream_count + devices * cpus > SYNTH_STREAMS_MAX || first + devices * cpus > SYNTH_STREAMS_MAX)
		return document_refuse(reader->document, node, reader->err, "more than %u streams", SYNTH_STREAMS_MAX);
	for (unsigned i = 0; i < devices * cpus; i++) {
		stream->cpu = (uint16_t)(first + i);
		stream->shares_memory = shares && i > 0;
		spec->streams = heap_resized(spec->streams, spec->synth.stream_count + 1u, sizeof(*spec->streams));
		spec->streams[spec->synth.stream_count++] = *stream;
		if ((i + 1) % cpus == 0)
			stream->device++;
	}
	return true;
}

static bool read_stream(struct reader *reader, const yaml_node_t *node)
{
	struct document_field field[STREAM_FIELDS] = {
		[STREAM_DEVICE] = { .name = "device", .required = true },
		[STREAM_CPUS] = { .name = "cpus" },
		[STREAM_FLOWS] = { .name = "flows" },
		[STREAM_MAPS] = { .name = "maps", .required = true },
		[STREAM_BYTES] = { .name = "bytes" },
		[STREAM_DMA_BYTES] = { .name = "dma_bytes" },
		[STREAM_DIRECTION] = { .name = "direction" },
		[STREAM_WINDOW] = { .name = "window" },
		[STREAM_RING] = { .name = "ring_bytes" },
		[STREAM_BATCH] = { .name = "batch" },
		[STREAM_START] = { .name = "start" },
		[STREAM_GAP] = { .name = "gap" },
		[STREAM_PERIOD] = { .name = "period" },
		[STREAM_PAUSES] = { .name = "pauses" },
		[STREAM_ORDER] = { .name = "order" },
		[STREAM_MEMORY] = { .name = "memory" },
	};
	struct synth_stream stream = { 0 };
	unsigned first, last;

	if (!document_fields(reader->document, node, "a stream", field, STREAM_FIELDS, reader->err) ||
	    !read_stream_values(reader, field, &stream) || !read_cpus(reader, node, field, &first, &last))
		return false;
	return add_streams(reader, node, &stream, first, last);
}

static bool read_streams(struct reader *reader, const yaml_node_t *node)
{
	struct document_item item;
	size_t next = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return document_refuse(reader->document, node, reader->err, "streams: needs a list");
	while (document_next(reader->document, node, &next, &item))
		if (!read_stream(reader, item.value))
			return false;
	return reader->spec->synth.stream_count > 0 ||
	       document_refuse(reader->document, node, reader->err, "streams: needs at least one");
}

/* ---- the whole ---- */

/* The `variables`, and that those which the caller sets are among them. */
static bool read_variables(struct reader *reader, const yaml_node_t *root, const struct document_field *field)
{
	if (field->at && !document_is_mapping(reader->document, field->value, "'variables'", reader->err))
		return false;
	reader->variables = field->at ? field->value : NULL;
	for (size_t i = 0; i < reader->values; i++)
		if (!variable_value(reader, field->at ? field->value : root, reader->value[i].name))
			return false;
	return true;
}

static bool read_spec(struct reader *reader, const yaml_node_t *root)
{
	struct document_field field[] = { { .name = "title", .required = true },
					  { .name = "seed" },
					  { .name = "devices", .required = true },
					  { .name = "streams", .required = true },
					  { .name = "variables" } };
	struct synth_spec *spec = reader->spec;

	spec->synth.seed = 1;
	return document_fields(reader->document, root, "a trace to make", field, sizeof(field) / sizeof(field[0]),
			       reader->err) &&
	       document_copy(reader->document, field[0].value, "title", spec->title, sizeof(spec->title),
			     reader->err) &&
	       read_variables(reader, root, &field[4]) &&
	       read_amount(reader, &field[1], amount_count, 0, UINT64_MAX, &spec->synth.seed) &&
	       read_devices(reader, field[2].value) && read_streams(reader, field[3].value);
}

bool synth_spec_read_node(struct synth_spec *spec, struct document *document, const yaml_node_t *node,
			  const struct synth_variable *variable, size_t variables, struct err *err)
{
	struct reader reader = {
		.document = document, .spec = spec, .value = variable, .values = variables, .err = err
	};

	*spec = (struct synth_spec){ .title = "" };

	bool read = read_spec(&reader, node);

	free(reader.alike);

	spec->synth.title = spec->title;
	spec->synth.devices = spec->devices;
	spec->synth.streams = spec->streams;
	if (!read)
		synth_spec_fini(spec);
	return read;
}

bool synth_spec_read(struct synth_spec *spec, const char *path, struct err *err)
{
	struct document document;

	if (!document_read(&document, path, err))
		return false;

	bool read = synth_spec_read_node(spec, &document, document_root(&document), NULL, 0, err);

	document_fini(&document);
	return read;
}

void synth_spec_fini(struct synth_spec *spec)
{
	free(spec->devices);
	free(spec->streams);
	*spec = (struct synth_spec){ .title = "" };
}
