/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/snapshot.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/source.h"
#include "traces/unpack.h"

/* Which file of registers there is tells the family. */
static const struct {
	const char *suffix, *family;
} families[] = {
	{ "vtdregs.txt", "vtd" },
	{ "amdregs.txt", "amdvi" },
	{ "smmuregs.txt", "smmuv3" },
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

#define WORD_LIMIT 65536u /* of 4 bytes: more than any unit has registers */

static const char *const packings[] = { "", ".xz", ".gz" };

#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

/* The first of PREFIX.SUFFIX, packed or not, that can be read; false: there is none. */
static bool find_file(const char *prefix, const char *suffix, char *path, size_t size)
{
	for (size_t i = 0; i < PACKINGS; i++) {
		int length = snprintf(path, size, "%s.%s%s", prefix, suffix, packings[i]);

		if (length > 0 && (size_t)length < size && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

/* ---- pages ---- */

#define FIRST_ROOM (UINT64_C(1) << 20)

/* The whole file; *bytes is to be freed in any case. */
static bool read_whole(const char *path, char **bytes, size_t *count, struct err *err)
{
	struct unpack unpack;
	size_t room = FIRST_ROOM, got;
	bool ok = true;

	*bytes = NULL;
	*count = 0;
	if (!unpack_init(&unpack, path, err))
		return false;
	while (ok && !unpack.ended) {
		char *more = realloc(*bytes, room);

		ok = more || err_set(err, ERR_FILE, "%s: no memory for %zu bytes", path, room);
		*bytes = more ? more : *bytes;
		ok = ok && unpack_read(&unpack, *bytes + *count, room - *count, &got, err);
		*count += ok ? got : 0;
		room *= 2;
	}
	unpack_fini(&unpack);
	return ok;
}

static bool load_pages(struct snapshot *snapshot, const char *prefix, struct err *err)
{
	struct err cause = { 0 };
	char path[512], *bytes;
	size_t count;

	if (!find_file(prefix, "pages.bin", path, sizeof(path)))
		return err_set(
			err, ERR_FILE,
			"%s.pages.bin[.xz]: no such file: give what a snapshot's files begin with, like SET/snap-s1",
			prefix);

	bool ok = read_whole(path, &bytes, &count, err);

	if (ok && !memory_load_pages(snapshot->memory, bytes, count, &cause))
		ok = err_set(err, ERR_FILE, "%s: %s: copy it again from where it was recorded", path, cause.text);
	free(bytes);
	return ok;
}

/* ---- registers ---- */

struct registers {
	struct snapshot *snapshot;
	struct source *source;
	size_t room;
	uint64_t base; /* of the unit, once known */
	bool has_base;
};

static bool bad_line(const struct registers *registers, const char *what, struct err *err)
{
	return err_set(err, ERR_FILE, "%s:%" PRIu64 ": %s: print registers with QEMU's `xp /NUMBERxg ADDRESS`",
		       registers->snapshot->registers_path, source_line_number(registers->source), what);
}

static bool keep_word(struct registers *registers, uint64_t address, uint32_t value, struct err *err)
{
	struct snapshot *snapshot = registers->snapshot;

	if (!registers->has_base)
		registers->base = address & ~(PAGE_BYTES - 1); /* a unit's registers begin with a page */
	registers->has_base = true;
	if (address % 4 != 0 || address - registers->base >= 4 * WORD_LIMIT)
		return bad_line(registers, "an address that is not of the same unit as the first", err);
	if (snapshot->word_count == registers->room) {
		size_t room = registers->room ? 2 * registers->room : 256;
		struct snapshot_word *words = realloc(snapshot->words, room * sizeof(*words));

		if (!words)
			return bad_line(registers, "no memory", err);
		snapshot->words = words;
		registers->room = room;
	}
	snapshot->words[snapshot->word_count++] =
		(struct snapshot_word){ (unsigned)(address - registers->base), value };
	return true;
}

/* A hexadecimal number of at most 16 digits at *text; its digits, 0: there is none. */
static unsigned hexadecimal(const char **text, uint64_t *value)
{
	unsigned digits = 0;

	for (*value = 0; isxdigit((unsigned char)**text) && digits <= 16; digits++, (*text)++)
		*value = *value << 4 |
			 (uint64_t)(isdigit((unsigned char)**text) ? **text - '0' : tolower(**text) - 'a' + 10);
	return digits <= 16 ? digits : 0;
}

/* ADDRESS: 0xVALUE..., where a value has 8 digits (xp /xw) or 16 (xp /xg). */
static bool read_register_line(struct registers *registers, const char *text, struct err *err)
{
	uint64_t address, value;

	if (hexadecimal(&text, &address) == 0 || *text++ != ':')
		return bad_line(registers, "not of the form ADDRESS: 0xVALUE...", err);
	for (;;) {
		text += strspn(text, " \t\r");
		if (!*text)
			return true;
		if (strncmp(text, "0x", 2) != 0)
			return bad_line(registers, "a value that is not hexadecimal", err);
		text += 2;

		unsigned digits = hexadecimal(&text, &value);

		if ((digits != 8 && digits != 16) || (*text && !isspace((unsigned char)*text)))
			return bad_line(registers, "a value that has neither 8 nor 16 hexadecimal digits", err);
		if (!keep_word(registers, address, (uint32_t)value, err) ||
		    (digits == 16 && !keep_word(registers, address + 4, (uint32_t)(value >> 32), err)))
			return false;
		address += digits / 2;
	}
}

static bool read_registers(struct snapshot *snapshot, struct err *err)
{
	struct registers registers = { .snapshot = snapshot, .source = source_open(snapshot->registers_path, err) };
	struct source_text line;
	bool ok = registers.source;

	while (ok && source_line(registers.source, &line, err)) {
		char text[512];

		if (line.length >= sizeof(text) || memchr(line.at, '\0', line.length)) {
			ok = bad_line(&registers, "not a line of registers", err);
			break;
		}
		memcpy(text, line.at, line.length);
		text[line.length] = '\0';
		ok = text[strspn(text, " \t\r")] == '\0' || read_register_line(&registers, text, err);
	}
	if (registers.source)
		source_close(registers.source);
	return ok && err->kind == ERR_NONE;
}

static bool find_registers(struct snapshot *snapshot, const char *prefix, struct err *err)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		snapshot->family = families[i].family;
		if (find_file(prefix, families[i].suffix, snapshot->registers_path, sizeof(snapshot->registers_path)))
			return true;
	}
	return err_set(err, ERR_FILE,
		       "%s.vtdregs.txt: no such file, nor amdregs.txt or smmuregs.txt: "
		       "give what a snapshot's files begin with, like SET/snap-s1",
		       prefix);
}

/* ---- both ---- */

bool snapshot_open(struct snapshot *snapshot, const char *prefix, struct err *err)
{
	*snapshot = (struct snapshot){ .memory = memory_create() };
	if (find_registers(snapshot, prefix, err) && read_registers(snapshot, err) && load_pages(snapshot, prefix, err))
		return true;
	snapshot_close(snapshot);
	return false;
}

void snapshot_close(struct snapshot *snapshot)
{
	if (snapshot->memory)
		memory_destroy(snapshot->memory);
	free(snapshot->words);
	*snapshot = (struct snapshot){ 0 };
}

bool snapshot_register(void *argument, unsigned offset, unsigned bytes, uint64_t *value)
{
	const struct snapshot *snapshot = argument;
	unsigned found = 0; /* a bit for each 4 bytes */

	*value = 0;
	for (size_t i = 0; i < snapshot->word_count; i++) {
		unsigned place = snapshot->words[i].offset - offset;

		if (place >= bytes)
			continue;
		*value &= ~(UINT64_C(0xffffffff) << 8 * place); /* printed twice: the last counts */
		*value |= (uint64_t)snapshot->words[i].value << 8 * place;
		found |= 1u << place / 4;
	}
	return found == (bytes == 8 ? 3u : 1u);
}
