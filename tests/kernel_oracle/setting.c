/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/setting.h"

#include <string.h>

#include "models/pagetable/format.h"

/* clang-format off */
#define BEGIN             SETTING_BEGIN, NULL, 0
#define AFTER(op, count)  SETTING_AFTER, op, count
#define BEFORE(op, count) SETTING_BEFORE, op, count
#define NOTE(text)        SETTING_NOTE, text, 0

#define BYTES(count) { .bytes = (count) }
#define PAGES(count) { .pages = (count) }
#define RW           (PT_READ | PT_WRITE)

#define NOTHING                     SETTING_NOTHING, { 0 }, { 0 }, 0, NULL
#define MEMORY(at, size)            SETTING_MEMORY, at, size, RW, NULL
#define UNTOUCHED(at, size, may)    SETTING_UNTOUCHED, at, size, may, NULL
#define HUGETLB(at, size)           SETTING_HUGETLB, at, size, RW, NULL
#define HUGE(at, size)              SETTING_HUGE, at, size, RW, NULL
#define SHARED(at, size, may, file) SETTING_SHARED, at, size, may, file
#define PRIVATE(at, size, file)     SETTING_PRIVATE, at, size, RW, file
#define BAR(at, size)               SETTING_BAR, at, size, RW, NULL
#define UNMAP(at, size)             SETTING_UNMAP, at, size, 0, NULL
#define FILE_OF(name, size)         SETTING_FILE, { 0 }, size, 0, name
#define USE_FILE(name)              SETTING_USE_FILE, { 0 }, { 0 }, 0, name
#define MEMLOCK(size)               SETTING_MEMLOCK, { 0 }, size, 0, NULL
#define DROP_IPC_LOCK               SETTING_DROP_IPC_LOCK, { 0 }, { 0 }, 0, NULL
#define MLOCK(at, size)             SETTING_MLOCK, at, size, 0, NULL
#define ENTRY_LIMIT(size)           SETTING_ENTRY_LIMIT, { 0 }, size, 0, NULL
#define CHILD                       SETTING_CHILD, { 0 }, { 0 }, 0, NULL
#define PARENT                      SETTING_PARENT, { 0 }, { 0 }, 0, NULL
#define CHILD_EXIT                  SETTING_CHILD_EXIT, { 0 }, { 0 }, 0, NULL
#define EVENT(what)                 SETTING_EVENT, { 0 }, { 0 }, 0, what

/* The cases of record/, which asks at random. */
#define LIMITED "limited1 limited3 limited5 limited7 limited9 limited11 limited13 limited15 limited17 limited19 limited21 limited23"
#define RANDOM  "random0 random2 random4 random6 random8 random10 random12 random14 random16 random18 random20 random22 " LIMITED

const struct setting setting_table[] = {
	{ "type1", "setup", AFTER("GET_INFO", 1), MEMORY(BYTES(0), BYTES(0x10000)) },
	{ "type1", "setup", AFTER("UNSET_CONTAINER with device open", 1), EVENT("close device") },
	{ "type1", "setup", BEFORE("state", 1), EVENT("close container") },
	{ "type1", "setup", BEFORE("state after group close", 1), EVENT("close group") },

	{ "type1", "args memlock memlock0 memlock_cap", BEGIN, MEMORY(BYTES(0), BYTES(0x100000)) },
	{ "type1", "overlap", BEGIN, MEMORY(BYTES(0), BYTES(0x20000)) },
	{ "type1", "unmap dirty dirty_stale dirty_start", BEGIN, MEMORY(BYTES(0), BYTES(0x40000)) },
	{ "type1", "twocont onecont2grp vaddr xproc", BEGIN, MEMORY(BYTES(0), BYTES(0x10000)) },
	{ "type1", "nesting", BEGIN, MEMORY(BYTES(0), BYTES(0x4000)) },
	{ "type1", "limit_real", BEGIN, MEMORY(BYTES(0), BYTES(0x1000)) },

	{ "type1", "hole", AFTER("MAP", 1), MEMORY(BYTES(0), BYTES(0x4000)) },
	{ "type1", "hole", AFTER("MAP", 1), UNMAP(BYTES(0x2000), BYTES(0x1000)) },
	{ "type1", "hole", AFTER("UNMAP", 1), UNTOUCHED(BYTES(0x100000), BYTES(0x4000), PT_READ) },
	{ "type1", "hole", AFTER("MAP", 6), UNTOUCHED(BYTES(0x200000), BYTES(0x4000), 0) },
	{ "type1", "hole", AFTER("MAP", 7), MEMORY(BYTES(0x300000), BYTES(0x4000)) },
	{ "type1", "hole", BEFORE("munmap", 1), UNMAP(BYTES(0x300000), BYTES(0x4000)) },

	{ "type1", "memlock", BEGIN, DROP_IPC_LOCK },
	{ "type1", "memlock", BEGIN, MEMLOCK(BYTES(0x10000)) },
	{ "type1", "memlock", BEFORE("mlock", 1), MLOCK(BYTES(0), BYTES(0x8000)) },
	{ "type1", "memlock0", BEGIN, DROP_IPC_LOCK },
	{ "type1", "memlock0 memlock_cap", BEGIN, MEMLOCK(BYTES(0)) },

	{ "type1", "limit", BEGIN, ENTRY_LIMIT(BYTES(4)) },
	{ "type1", "limit", AFTER("GET_INFO", 1), MEMORY(BYTES(0), BYTES(0x10000)) },

	{ "type1", "twocont", BEGIN, EVENT("second container") },
	{ "type1", "twocont", AFTER("MAP2", 1), DROP_IPC_LOCK },
	{ "type1", "twocont", AFTER("MAP2", 1), MEMLOCK(BYTES(0x8000)) },

	{ "type1", "vaddr", AFTER("UNMAP", 4), MEMORY(BYTES(0x100000), BYTES(0x10000)) },

	{ "type1", "file", BEGIN, FILE_OF("f1", BYTES(0x10000)) },
	{ "type1", "file", BEGIN, SHARED(BYTES(0), BYTES(0x10000), RW, "f1") },
	{ "type1", "file", AFTER("MAP", 2), PRIVATE(BYTES(0x100000), BYTES(0x10000), "f1") },
	{ "type1", "file", AFTER("MAP", 3), SHARED(BYTES(0x200000), BYTES(0x10000), PT_READ, "f1") },
	{ "type1", "file", AFTER("MAP", 5), SHARED(BYTES(0x300000), BYTES(0x40000), RW, "f1") },
	{ "type1", "file", AFTER("MAP", 6), FILE_OF("x", BYTES(0x10000)) },
	{ "type1", "file", AFTER("MAP", 6), SHARED(BYTES(0x400000), BYTES(0x10000), RW, "x") },

	{ "type1", "huge", BEGIN, HUGETLB(BYTES(0), BYTES(0x400000)) },
	{ "type1", "huge", AFTER("UNMAP", 5), DROP_IPC_LOCK },
	{ "type1", "huge", AFTER("UNMAP", 5), MEMLOCK(BYTES(0x100000)) },
	{ "type1", "thp", BEGIN, HUGE(BYTES(0), BYTES(0x800000)) },

	{ "type1", "bar", BEGIN, BAR(BYTES(0), BYTES(0x20000)) },
	{ "type1", "bar", AFTER("UNMAP", 1), DROP_IPC_LOCK },
	{ "type1", "bar", AFTER("UNMAP", 1), MEMLOCK(BYTES(0)) },

	{ "type1", "zero", BEGIN, UNTOUCHED(BYTES(0), BYTES(0x10000), RW) },

	{ "type1", "xproc", BEFORE("MAP", 1), CHILD },
	{ "type1", "xproc", BEFORE("parent status after child mapped", 1), PARENT },
	{ "type1", "xproc", BEFORE("child status after parent unmapped", 1), CHILD },
	{ "type1", "xproc", BEFORE("parent after child exit", 1), CHILD_EXIT },

	{ "type1", RANDOM, BEGIN, MEMORY(BYTES(0), BYTES(0x40000)) },
	{ "type1", RANDOM, BEGIN, UNMAP(BYTES(0x28000), BYTES(0x4000)) },
	{ "type1", RANDOM, BEGIN, UNTOUCHED(BYTES(0x100000), BYTES(0x8000), PT_READ) },
	{ "type1", LIMITED, BEGIN, DROP_IPC_LOCK },
	{ "type1", LIMITED, BEGIN, MEMLOCK(BYTES(0x20000)) },

	{ "iommufd", "setup", AFTER("unknown ioctl", 1), EVENT("close iommufd") },
	{ "iommufd", "setup", AFTER("ATTACH before bind", 1), EVENT("close device") },
	{ "iommufd", "setup", AFTER("ATTACH before bind", 1), EVENT("close iommufd") },
	{ "iommufd", "setup", BEFORE("IOAS_MAP", 1), MEMORY(BYTES(0), BYTES(0x10000)) },
	{ "iommufd", "cmds", BEGIN, NOTHING },

	{ "iommufd", "map unmap account copy rlimit_user rlimit_mm rlimit_cap", BEGIN,
	  MEMORY(BYTES(0), BYTES(0x100000)) },
	{ "iommufd", "lateattach resv allow option nohuge hwpt xproc refs", BEGIN, MEMORY(BYTES(0), BYTES(0x10000)) },
	{ "iommufd", "dirty vfiocompat vfiocompat_v2only", BEGIN, MEMORY(BYTES(0), BYTES(0x40000)) },
	{ "iommufd", "many", BEGIN, MEMORY(BYTES(0), BYTES(0x1000)) },

	{ "iommufd", "hole", AFTER("IOAS_MAP", 1), MEMORY(BYTES(0), BYTES(0x4000)) },
	{ "iommufd", "hole", AFTER("IOAS_MAP", 1), UNMAP(BYTES(0x2000), BYTES(0x1000)) },
	{ "iommufd", "hole", AFTER("IOAS_MAP", 3), UNTOUCHED(BYTES(0x100000), BYTES(0x4000), PT_READ) },
	{ "iommufd", "hole", AFTER("IOAS_MAP", 5), MEMORY(BYTES(0x300000), BYTES(0x4000)) },
	{ "iommufd", "hole", BEFORE("munmap", 1), UNMAP(BYTES(0x300000), BYTES(0x4000)) },

	{ "iommufd", "rlimit_user", BEFORE("OPTION", 1), DROP_IPC_LOCK },
	{ "iommufd", "rlimit_mm", BEFORE("IOAS_MAP", 1), DROP_IPC_LOCK },
	{ "iommufd", "rlimit_user", BEFORE("OPTION", 1), MEMLOCK(BYTES(0x10000)) },
	{ "iommufd", "rlimit_mm", BEFORE("IOAS_MAP", 1), MEMLOCK(BYTES(0x10000)) },
	{ "iommufd", "rlimit_user", BEFORE("mlock 4 pages (separate count?)", 1), MLOCK(BYTES(0x80000), BYTES(0x4000)) },
	{ "iommufd", "rlimit_cap", BEFORE("IOAS_MAP", 1), MEMLOCK(BYTES(0x1000)) },

	{ "iommufd", "file", BEGIN, FILE_OF("f1", BYTES(0x10000)) },
	{ "iommufd", "file", BEGIN, SHARED(BYTES(0), BYTES(0x10000), RW, "f1") },
	{ "iommufd", "file", AFTER("IOAS_MAP", 1), SHARED(BYTES(0x300000), BYTES(0x40000), RW, "f1") },
	{ "iommufd", "huge", BEGIN, HUGETLB(BYTES(0), BYTES(0x400000)) },
	{ "iommufd", "bar", BEGIN, BAR(BYTES(0), BYTES(0x20000)) },
	{ "iommufd", "zero", BEGIN, UNTOUCHED(BYTES(0), BYTES(0x10000), RW) },

	{ "iommufd", "xproc", BEFORE("IOAS_MAP", 1), CHILD },
	{ "iommufd", "xproc", BEFORE("parent after child mapped", 1), PARENT },
	{ "iommufd", "xproc", BEFORE("child after parent unmapped", 1), CHILD },
	{ "iommufd", "xproc", BEFORE("parent after child exit with a mapping left", 1), CHILD_EXIT },

	{ "iommufd", "mapfile", BEGIN, FILE_OF("m", BYTES(0x20000)) },
	{ "iommufd", "mapfile", BEGIN, USE_FILE("m") },
	{ "iommufd", "mapfile", BEFORE("IOAS_MAP_FILE", 5), USE_FILE(NULL) },
	{ "iommufd", "mapfile", BEFORE("IOAS_MAP_FILE", 6), FILE_OF("f9", BYTES(0x10000)) },
	{ "iommufd", "mapfile", BEFORE("IOAS_MAP_FILE", 6), USE_FILE("f9") },
	{ "iommufd", "mapfile", BEFORE("IOAS_MAP_FILE", 7), USE_FILE("m") },
	{ "iommufd", "mapfile", BEFORE("IOAS_MAP", 1), MEMORY(BYTES(0), BYTES(0x10000)) },
	{ "iommufd", "mapfile", BEFORE("IOAS_CHANGE_PROCESS", 5), CHILD },
	{ "iommufd", "mapfile", BEFORE("parent after child's CHANGE_PROCESS + exit", 1), CHILD_EXIT },

	{ "iommufd", RANDOM, BEGIN, MEMORY(BYTES(0), BYTES(0x40000)) },
	{ "iommufd", RANDOM, BEGIN, UNMAP(BYTES(0x28000), BYTES(0x4000)) },
	{ "iommufd", LIMITED, BEGIN, DROP_IPC_LOCK },
	{ "iommufd", LIMITED, BEGIN, MEMLOCK(BYTES(0x20000)) },

	{ "spapr", RANDOM, BEGIN, EVENT("second container") },
	{ "spapr", RANDOM, BEGIN, MEMORY(PAGES(0), PAGES(64)) },
	{ "spapr", RANDOM, BEGIN, UNMAP(PAGES(40), PAGES(4)) },
	{ "spapr", RANDOM, BEGIN, UNTOUCHED(BYTES(0x10000000), PAGES(4), PT_READ) },
	{ "spapr", LIMITED, BEGIN, DROP_IPC_LOCK },
	{ "spapr", LIMITED, BEGIN, SETTING_MEMLOCK, { 0 }, { 8 << 20, 24 }, 0, NULL },

	{ "spapr", "setup", BEGIN, NOTHING },
	{ "spapr", "enable enable_limit v1map", BEGIN, MEMORY(BYTES(0), PAGES(64)) },
	{ "spapr", "reg v1reg reglimit v2map window bigpage regmapped", BEGIN, MEMORY(BYTES(0), PAGES(0x100)) },
	{ "spapr", "regcap", BEGIN, MEMORY(BYTES(0), PAGES(0x10)) },
	{ "spapr", "twocont twogrp", BEGIN, MEMORY(BYTES(0), PAGES(0x20)) },
	{ "spapr", "regpartial wrap", BEGIN, MEMORY(BYTES(0), PAGES(0x40)) },
	{ "spapr", "leak", BEGIN, MEMORY(BYTES(0), PAGES(4)) },

	{ "spapr", "enable_limit", AFTER("TCE_GET_INFO", 1), DROP_IPC_LOCK },
	{ "spapr", "enable_limit", AFTER("TCE_GET_INFO", 1), MEMLOCK(BYTES(0x100000)) },

	{ "spapr", "v1map", NOTE("hole in memory"), UNMAP(PAGES(8), PAGES(1)) },
	{ "spapr", "v1map", NOTE("read-only memory"), UNTOUCHED(BYTES(0x10000000), PAGES(4), PT_READ) },

	{ "spapr", "reg v1reg", NOTE("hole"), UNMAP(PAGES(0x20), PAGES(1)) },
	{ "spapr", "reg v1reg", NOTE("read-only memory"), UNTOUCHED(BYTES(0x10000000), PAGES(4), PT_READ) },
	{ "spapr", "reg v1reg", BEFORE("munmap", 1), UNMAP(PAGES(0x40), PAGES(4)) },
	{ "spapr", "reg v1reg", NOTE("untouched memory"), UNTOUCHED(BYTES(0x20000000), PAGES(4), RW) },

	{ "spapr", "reglimit", AFTER("TCE_GET_INFO", 1), DROP_IPC_LOCK },
	{ "spapr", "reglimit", AFTER("TCE_GET_INFO", 1), MEMLOCK(PAGES(8)) },
	{ "spapr", "regcap", AFTER("TCE_GET_INFO", 1), MEMLOCK(BYTES(0)) },

	{ "spapr", "v2map", BEFORE("group closed", 1), EVENT("close group") },
	{ "spapr", "v2map", BEFORE("container closed", 1), EVENT("close container") },

	{ "spapr", "bigpage", NOTE("hugetlb"), HUGETLB(BYTES(0x40000000), BYTES(0x400000)) },
	{ "spapr", "twocont", BEGIN, EVENT("second container") },
	{ "spapr", "regpartial", BEGIN, UNMAP(PAGES(0x20), PAGES(1)) },
	{ "spapr", "leak", BEFORE("all closed", 1), EVENT("close group") },
	{ "spapr", "leak", BEFORE("all closed", 1), EVENT("close container") },
};
/* clang-format on */

const size_t setting_count = sizeof(setting_table) / sizeof(setting_table[0]);

static const struct {
	const char *program, *op;
} looks[] = {
	{ "type1", "state" },
	{ "type1", "state after group close" },
	{ "type1", "munmap" },
	{ "type1", "mlock" },
	{ "type1", "child status after parent unmapped" },
	{ "type1", "parent status after child mapped" },
	{ "type1", "parent after child exit" },
	{ "iommufd", "state" },
	{ "iommufd", "munmap" },
	{ "iommufd", "before attach" },
	{ "iommufd", "after attach" },
	{ "iommufd", "mlock 4 pages (separate count?)" },
	{ "iommufd", "child after parent unmapped" },
	{ "iommufd", "parent after child mapped" },
	{ "iommufd", "parent after child exit with a mapping left" },
	{ "iommufd", "child state" },
	{ "iommufd", "parent after child's CHANGE_PROCESS + exit" },
	{ "spapr", "after disable" },
	{ "spapr", "munmap" },
	{ "spapr", "group closed" },
	{ "spapr", "container closed" },
	{ "spapr", "state" },
	{ "spapr", "levels ok" },
	{ "spapr", "after re-register" },
	{ "spapr", "all closed" },
};

static bool is_of_program(const char *family, const char *program)
{
	return strncmp(family, program, strlen(program)) == 0;
}

bool setting_is_of(const struct setting *setting, const char *family, const char *name)
{
	size_t length = strlen(name);

	if (!is_of_program(family, setting->program) || length == 0)
		return false;
	for (const char *at = setting->cases; (at = strstr(at, name)); at += length)
		if ((at == setting->cases || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

bool setting_knows(const char *family, const char *name)
{
	for (size_t i = 0; i < setting_count; i++)
		if (setting_is_of(&setting_table[i], family, name))
			return true;
	return false;
}

bool setting_is_look(const char *family, const char *op)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (is_of_program(family, looks[i].program) && strcmp(looks[i].op, op) == 0)
			return true;
	return false;
}
