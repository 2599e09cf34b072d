/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "analysis/figure_kind.h"

bool figure_took_place(const struct view *view, enum result_op op)
{
	return shown_have(view->shown, view->count, op);
}

void csv_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* In single quotes nothing is special but the quote. */
void script_text(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
	fputc('\'', out);
}

void script_array(FILE *out, const char *name, size_t count, void (*element)(FILE *out, const void *from, size_t i),
		  const void *from)
{
	fprintf(out, "array %s[%zu] = [", name, count);
	for (size_t i = 0; i < count; i++) {
		fputs(i > 0 ? ", " : "", out);
		element(out, from, i);
	}
	fputs("]\n", out);
}

static struct axis_unit axis_unit(const struct axis_unit *unit, uint64_t largest)
{
	while (unit->size > 1 && largest < unit->size)
		unit++;
	return *unit;
}

struct axis_unit axis_time(ps_t largest)
{
	static const struct axis_unit unit[] = {
		{ "s", PS_PER_S }, { "ms", PS_PER_MS }, { "µs", PS_PER_US }, { "ns", PS_PER_NS }, { "ps", 1 },
	};

	return axis_unit(unit, largest);
}

struct axis_unit axis_bytes(uint64_t largest)
{
	static const struct axis_unit unit[] = {
		{ "TiB", BIT64(40) }, { "GiB", BIT64(30) }, { "MiB", BIT64(20) }, { "KiB", BIT64(10) }, { "B", 1 },
	};

	return axis_unit(unit, largest);
}

struct axis_unit axis_rate(uint64_t largest)
{
	static const struct axis_unit unit[] = {
		{ "GB/s", 1000000000 },
		{ "MB/s", 1000000 },
		{ "kB/s", 1000 },
		{ "B/s", 1 },
	};

	return axis_unit(unit, largest);
}
