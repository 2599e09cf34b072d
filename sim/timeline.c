/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "models/base/units.h"

/* Microseconds with all their picoseconds, as the format's dates are. */
#define US_FORMAT "%" PRIu64 ".%06" PRIu64
#define US_OF(ps) (ps) / PS_PER_US, (ps) % PS_PER_US

void timeline_begin(struct timeline *timeline, FILE *out, unsigned process, const char *scheme)
{
	timeline->out = out;
	timeline->process = process;
	fprintf(out, "{\"ph\":\"M\",\"pid\":%u,\"name\":\"process_name\",\"args\":{\"name\":\"%s\"}},\n", process,
		scheme);
}

void timeline_span(struct timeline *timeline, uint32_t actor, const char *actor_name, enum result_op op, ps_t end,
		   const ps_t parts[RESULT_CAUSES])
{
	ps_t duration = 0;

	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		duration += parts[i];
	ps_t begin = end - duration;

	fprintf(timeline->out,
		"{\"ph\":\"X\",\"pid\":%u,\"tid\":%" PRIu32 ",\"name\":\"%s\",\"ts\":" US_FORMAT ",\"dur\":" US_FORMAT
		",\"args\":{\"actor\":\"%s\"",
		timeline->process, actor, result_op_names[op], US_OF(begin), US_OF(duration), actor_name);
	for (unsigned i = 0; i < RESULT_CAUSES; i++)
		if (parts[i] > 0)
			fprintf(timeline->out, ",\"%s_ns\":%" PRIu64 ".%03" PRIu64, result_cause_names[i],
				parts[i] / PS_PER_NS, parts[i] % PS_PER_NS);
	fputs("}},\n", timeline->out);
}

bool timeline_join(const char *out_path, const char *const *part_paths, size_t count, struct err *err)
{
	char text[65536];
	size_t length;
	FILE *out = fopen(out_path, "w");

	if (!out)
		return err_set(err, ERR_FILE, "%s: cannot write the timeline: %s", out_path, strerror(errno));
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
	for (size_t i = 0; i < count; i++) {
		FILE *part = fopen(part_paths[i], "r");

		if (!part)
			continue; /* a scheme without operations */
		while ((length = fread(text, 1, sizeof(text), part)) > 0)
			fwrite(text, 1, length, out);
		fclose(part);
	}
	fputs("{\"ph\":\"M\",\"pid\":0,\"name\":\"process_labels\",\"args\":{\"labels\":\"iommusim\"}}\n]}\n", out);
	bool written = !ferror(out);

	if (fclose(out) != 0 || !written)
		return err_set(err, ERR_FILE, "%s: cannot write the timeline: %s", out_path, strerror(errno));
	return true;
}
