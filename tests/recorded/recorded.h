/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded files for tests: whole, plain or .xz, and the lines of a snapshot's
 * map.csv.  A corrupt file ends the test at once.  RECORDED, defined for every
 * test, is the folder of the sets; it may be absent, then tests of recordings
 * say that they skip:
 *
 *     char *text = recorded_read(RECORDED "/Q-vtd-oracle-strict-cm/snap-s1.map.csv.xz", &bytes);
 *     if (!text)
 *             return recorded_skip(__func__);
 */
#ifndef IOMMUSIM_TESTS_RECORDED_H
#define IOMMUSIM_TESTS_RECORDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The file's content with a zero after it, to be freed; NULL when there is no such file. */
char *recorded_read(const char *path, size_t *bytes);

/* The next line of a text, its newline replaced by a zero; NULL at the end. */
char *recorded_line(char **at);

/* Prints that a test is skipped for want of recordings. */
void recorded_skip(const char *test);

/* One line of map.csv: one leaf of one device's tables. */
struct recorded_leaf {
	unsigned source_id;
	bool first_stage;
	unsigned level; /* as models/pagetable counts: 0 is the leaf table (the file counts from 1) */
	uint64_t iova, bytes, output;
	bool read, write;
	uint64_t word, word_address;
};

/* Passes over the heading; false at the end. */
bool recorded_next_leaf(char **at, struct recorded_leaf *leaf);

#endif
