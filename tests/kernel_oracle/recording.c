/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/recording.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "traces/source.h"

#define NO_PAGE_LG2 0u

/* What the lines since a kernel's start say of it; decides for the cases since then. */
struct boot {
	size_t first_case;
	struct kernel kernel;
	unsigned noted_page_lg2; /* of a note "page size" */
	uint64_t
		least_region; /* the least size that was registered, of a page at least; pages are what they are made of */
	bool large_pages_named, one_level;
};

static const char *behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

bool oracle_number(const struct oracle_call *call, const char *key, uint64_t *value)
{
	size_t length = strlen(key);

	for (const char *at = call->args; (at = strstr(at, key)); at += length) {
		if ((at != call->args && !strchr(" {[", at[-1])) || at[length] != '=' ||
		    !isdigit((unsigned char)at[length + 1]))
			continue;
		*value = strtoull(at + length + 1, NULL, 0);
		return true;
	}
	return false;
}

uint64_t oracle_argument(const struct oracle_call *call, const char *key)
{
	uint64_t value = 0;

	oracle_number(call, key, &value);
	return value;
}

/* A writable copy of a line without its end, kept by the recording. */
static char *keep_text(struct recording *recording, const struct source_text *line)
{
	char *text = heap_zeroed(line->length + 1, 1);

	memcpy(text, line->at, line->length);
	if (recording->text_count == recording->text_capacity) {
		recording->text_capacity = recording->text_capacity ? 2 * recording->text_capacity : 256;
		recording->texts = heap_resized(recording->texts, recording->text_capacity, sizeof(*recording->texts));
	}
	recording->texts[recording->text_count++] = text;
	return text;
}

static struct recorded_line *add_line(struct recording *recording, enum recorded_kind kind, unsigned number)
{
	if (recording->line_count == recording->line_capacity) {
		recording->line_capacity = recording->line_capacity ? 2 * recording->line_capacity : 256;
		recording->lines = heap_resized(recording->lines, recording->line_capacity, sizeof(*recording->lines));
	}
	recording->lines[recording->line_count] = (struct recorded_line){ .kind = kind, .number = number };
	if (recording->case_count > 0)
		recording->cases[recording->case_count - 1].count++;
	return &recording->lines[recording->line_count++];
}

static void add_damage(struct recording *recording, unsigned number, const char *what)
{
	add_line(recording, RECORDED_DAMAGED, number)->text = what;
}

static enum oracle_machine machine_of(const char *family, const struct boot *boot)
{
	if (behind(family, "spapr"))
		return boot->one_level ? ORACLE_PSERIES : ORACLE_POWERNV;
	return strstr(family, "mock") ? ORACLE_X86_MOCK : ORACLE_X86_VTD;
}

static void add_case(struct recording *recording, const char *full_name, const char *family, const char *name)
{
	if (recording->case_count == recording->case_capacity) {
		recording->case_capacity = recording->case_capacity ? 2 * recording->case_capacity : 64;
		recording->cases = heap_resized(recording->cases, recording->case_capacity, sizeof(*recording->cases));
	}
	recording->cases[recording->case_count++] = (struct recorded_case){
		.full_name = full_name, .family = family, .name = name, .first = recording->line_count
	};
}

static void begin_case(struct recording *recording, const char *name)
{
	char *parts = keep_text(recording, &(struct source_text){ name, strlen(name) });
	char *slash = strchr(parts, '/');

	if (slash)
		*slash = '\0';
	add_case(recording, name, parts, slash ? slash + 1 : "");
}

/* Cuts the first word off, which is a case's name; a case that was not announced begins.  NULL: there is no word. */
static char *enter_case(struct recording *recording, char *rest)
{
	char *space = strchr(rest, ' ');

	if (rest[0] == '\0' || rest == space)
		return NULL;
	if (space)
		*space = '\0';
	if (recording->case_count == 0 || strcmp(recording->cases[recording->case_count - 1].full_name, rest) != 0)
		begin_case(recording, rest);
	return space ? space + 1 : rest + strlen(rest);
}

/* Cuts text in front of what comes first; returns what stands behind it, or NULL. */
static char *cut_at(char *text, const char *separator)
{
	char *at = text ? strstr(text, separator) : NULL;

	if (!at)
		return NULL;
	*at = '\0';
	return at + strlen(separator);
}

/* The same in front of the last one. */
static char *cut_at_last(char *text, const char *separator)
{
	char *last = NULL;

	for (char *at = text; at && (at = strstr(at, separator)); at++)
		last = at;
	return cut_at(last, separator);
}

/* A whole number with an optional sign, and then exactly the suffix. */
static bool read_number(const char *text, const char *suffix, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	return end != text && errno == 0 && strcmp(end, suffix) == 0;
}

/* The sentence of what is wrong, or NULL. */
static const char *read_call(char *rest, struct recorded_line *call)
{
	char *op = behind(rest, "op=") ? rest + 3 : NULL;
	char *args = cut_at(op, " args={");
	char *ret = cut_at(args, "} -> ret=");
	char *error = cut_at(ret, " errno=");
	char *out = cut_at(error, " out={");
	char *lck = cut_at_last(out, "} VmLck=");
	char *pin = cut_at(lck, " VmPin=");

	if (!pin)
		return "is no call: R CASE op=OP args={ARGS} -> ret=N errno=E out={OUT} VmLck=NkB VmPin=NkB";
	call->call = (struct oracle_call){ op, args };
	call->answer = (struct recorded_answer){ .error = error, .out = out };
	if (!read_number(ret, "", &call->answer.ret))
		return "ret= is no number";
	if (error[0] == '\0' || strchr(error, ' '))
		return "errno= is no name";
	if (!read_number(lck, "kB", &call->answer.vm_lck_kib) || !read_number(pin, "kB", &call->answer.vm_pin_kib))
		return "VmLck= or VmPin= is no number of kB";
	return NULL;
}

/* Hints at the machine that stand in a call. */
static void learn_of_call(struct boot *boot, const struct recorded_line *line)
{
	uint64_t size;

	if (strcmp(line->call.op, "TCE_GET_INFO") == 0 && line->answer.ret == 0 &&
	    strstr(line->answer.out, "levels=1}"))
		boot->one_level = true;
	if (strcmp(line->call.op, "REGISTER") == 0 && oracle_number(&line->call, "size", &size) &&
	    size >= (UINT64_C(1) << 12) && size % (UINT64_C(1) << 12) == 0 && size < boot->least_region)
		boot->least_region = size;
}

static void add_call(struct recording *recording, struct boot *boot, char *rest, unsigned number)
{
	struct recorded_line *line = add_line(recording, RECORDED_CALL, number);
	const char *wrong = read_call(rest, line);

	if (wrong)
		*line = (struct recorded_line){ .kind = RECORDED_DAMAGED, .number = number, .text = wrong };
	else
		learn_of_call(boot, line);
}

static void add_note(struct recording *recording, struct boot *boot, const char *text, unsigned number)
{
	const char *size = behind(text, "page size ");

	if (size)
		boot->noted_page_lg2 = strtoull(size, NULL, 10) > 4096 ? 16 : 12;
	add_line(recording, RECORDED_NOTE, number)->text = text;
}

/* "I kernel Linux (none) 6.12.95+deb12-powerpc64le-64k #1 ..." */
static void read_kernel(struct recording *recording, struct boot *boot, const char *uname)
{
	for (const char *word = uname; word; word = strchr(word, ' ') ? strchr(word, ' ') + 1 : NULL) {
		char *end;
		unsigned long version = strtoul(word, &end, 10);

		if (end == word || *end != '.' || !isdigit((unsigned char)end[1]))
			continue;
		boot->kernel = (struct kernel){ (unsigned)version, (unsigned)strtoul(end + 1, NULL, 10) };
		boot->large_pages_named = strstr(word, "-64k") != NULL;
		recording->kernel_is_known = true;
		return;
	}
}

/* What was learnt becomes the cases'.  The word of the program outweighs the sizes it used, these the kernel's name. */
static void end_boot(struct recording *recording, const struct boot *boot)
{
	for (size_t i = boot->first_case; i < recording->case_count; i++) {
		struct recorded_case *one = &recording->cases[i];

		one->machine = machine_of(one->family, boot);
		one->kernel = boot->kernel;
		one->page_lg2 = 12;
		if (one->machine != ORACLE_POWERNV && one->machine != ORACLE_PSERIES)
			continue;
		if (boot->noted_page_lg2 != NO_PAGE_LG2)
			one->page_lg2 = boot->noted_page_lg2;
		else if (boot->least_region != UINT64_MAX)
			one->page_lg2 = boot->least_region < (UINT64_C(1) << 16) ? 12 : 16;
		else
			one->page_lg2 = boot->large_pages_named ? 16 : 12;
	}
}

static struct boot begin_boot(const struct recording *recording)
{
	return (struct boot){ .first_case = recording->case_count,
			      .kernel = KERNEL_DEFAULT,
			      .least_region = UINT64_MAX };
}

static void read_line(struct recording *recording, struct boot *boot, const struct source_text *line, unsigned number)
{
	const char *uname;
	char *text, *rest;

	if (line->length < 2 || !memchr("ICRNX", line->at[0], 5) || line->at[1] != ' ')
		return;
	text = keep_text(recording, line);
	rest = text + 2;
	if (text[0] == 'I') {
		if ((uname = behind(rest, "kernel "))) {
			end_boot(recording, boot);
			*boot = begin_boot(recording);
			read_kernel(recording, boot, uname);
		}
		return;
	}
	if (text[0] == 'C' && rest[0] != '\0' && !strchr(rest, ' ')) {
		begin_case(recording, rest);
		return;
	}
	if (text[0] == 'C' || !(rest = enter_case(recording, rest)))
		add_damage(recording, number, "names no case");
	else if (text[0] == 'R')
		add_call(recording, boot, rest, number);
	else if (text[0] == 'N')
		add_note(recording, boot, rest, number);
	else
		add_line(recording, RECORDED_DEATH, number)->text = rest;
}

bool recording_read(struct recording *recording, const char *path, struct err *err)
{
	struct source_text line;
	struct err reading = { 0 };
	struct source *source = source_open(path, err);

	*recording = (struct recording){ .path = path };
	if (!source)
		return false;
	struct boot boot = begin_boot(recording);

	while (source_line(source, &line, &reading))
		read_line(recording, &boot, &line, (unsigned)source_line_number(source));
	source_close(source);
	end_boot(recording, &boot);
	for (size_t i = 0; i < recording->line_count; i++)
		if (recording->lines[i].kind == RECORDED_CALL && reading.kind == ERR_NONE)
			return true;
	recording_free(recording);
	if (reading.kind != ERR_NONE)
		return err_set(err, reading.kind, "%s", reading.text);
	return err_set(err, ERR_FILE, "%s: has no recorded call: no line \"R CASE op=...\"", path);
}

void recording_free(struct recording *recording)
{
	for (size_t i = 0; i < recording->text_count; i++)
		free(recording->texts[i]);
	free(recording->texts);
	free(recording->lines);
	free(recording->cases);
	*recording = (struct recording){ 0 };
}
