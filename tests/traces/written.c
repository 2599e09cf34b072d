/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/traces/written.h"

#include <stdio.h>

#include "models/base/random.h"
#include "models/base/require.h"
#include "traces/trace_write.h"

struct trace_op written_op(uint64_t row, uint32_t *segments)
{
	struct random random;
	random_init(&random, row);
	struct trace_op op = { .index = row,
			       .line = 10 * row + 1,
			       .sync_line = row % 3 ? 10 * row + 5 : 0,
			       .begin_ps = 1000 * row,
			       .end_ps = 1000 * row + 900,
			       .cpu = (uint16_t)random_below(&random, WRITTEN_CPUS),
			       .context = (uint32_t)random_next(&random),
			       .kind = row % 2 ? TRACE_UNMAP : TRACE_MAP,
			       .api = (enum trace_api)random_below(&random, 5),
			       .direction = (enum trace_direction)random_below(&random, 4),
			       .device = (uint16_t)random_below(&random, WRITTEN_DEVICES),
			       .iova = random_next(&random),
			       .bytes = random_next(&random),
			       .dma_address = random_next(&random),
			       .dma_bytes = random_next(&random),
			       .after = row % 5 && row ? random_below(&random, row) : TRACE_NONE };
	*segments = row % 2 ? 0 : (uint32_t)random_below(&random, 5);
	if (row % 7 == 0)
		op.device = TRACE_NO_DEVICE;
	return op;
}

struct trace_segment written_segment(uint64_t number)
{
	struct random random;
	random_init(&random, ~number);
	return (struct trace_segment){ .iova = random_next(&random),
				       .phys = random_next(&random),
				       .bytes = random_next(&random),
				       .line = number };
}

const struct trace_summary WRITTEN_SUMMARY = {
	.maps = 11,
	.unmaps = 12,
	.lost_events = 13,
	.unmaps_without_map = 14,
	.maps_over_live = 15,
	.unjoined = 16,
	.bypass_events = 17,
	.duration_ps = UINT64_C(18) << 40,
	.cpus = WRITTEN_CPUS,
	.live_peak_bytes = 19,
	.source_crc64 = UINT64_MAX - 5,
	.has_capability = true,
	.capability = UINT64_C(0x00d2008c222f0686),
	.extended_capability = 0xf42,
	.scalable = true,
	.strict = false,
	.first_stage = true,
};

void written_trace(const char *path, uint64_t rows)
{
	struct err err = { .kind = ERR_NONE };
	struct trace_writer *writer = trace_writer_create(path, &err);
	REQUIRE(writer);
	uint64_t next_segment = 0;
	for (uint64_t row = 0; row < rows; row++) {
		uint32_t count;
		struct trace_op op = written_op(row, &count);
		struct trace_segment segments[5];
		for (uint32_t i = 0; i < count; i++)
			segments[i] = written_segment(next_segment++);
		REQUIRE(trace_writer_op(writer, &op, segments, count, &err));
		struct trace_descriptor descriptor = { .line = row,
						       .time_ps = row,
						       .word = { row, row + 1, row + 2, row + 3 } };
		REQUIRE(trace_writer_descriptor(writer, &descriptor, &err));
	}
	for (unsigned i = 0; i < WRITTEN_DEVICES; i++) {
		struct trace_device device = { .source_id = (uint16_t)(0x20 + i), .class_code = 0x010802, .group = i };
		snprintf(device.name, sizeof(device.name), "0000:00:04.%u", i);
		REQUIRE(trace_writer_device(writer, &device, &err));
	}
	struct trace_cpu cpu = { .cpu = 1, .entries = 2, .overrun = 3, .commit_overrun = 4, .dropped_events = 5 };
	struct trace_event_count count = { .event = "map", .count = 77 };
	REQUIRE(trace_writer_cpu(writer, &cpu, &err));
	REQUIRE(trace_writer_event_count(writer, &count, &err));
	REQUIRE(trace_writer_mark(writer, "first mark and more", 10, &err));
	REQUIRE(trace_writer_mark(writer, "", 0, &err));
	REQUIRE(trace_writer_provenance(writer, "hypervisor", "QEMU", &err));
	REQUIRE(trace_writer_commit(writer, &WRITTEN_SUMMARY, &err));
}
