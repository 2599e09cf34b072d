/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad input or environment: `bool f(..., struct err *)`, set once, where it
 * happened, in one line that names what the user can mend.  Libraries never
 * print and never exit; the command prints err.text and exits with err.kind.
 */
#ifndef IOMMUSIM_BASE_ERR_H
#define IOMMUSIM_BASE_ERR_H

#include <stdbool.h>

/* Exit codes of the command (docs/cli.md). */
enum err_kind {
	ERR_NONE = 0,
	ERR_CHECK = 1, /* a check or a comparison failed */
	ERR_USAGE = 2, /* command line or scenario */
	ERR_FILE = 3,  /* a file is missing, corrupt, or cannot be written */
};

struct err {
	enum err_kind kind;
	char text[480]; /* one line, no newline at the end */
};

/*
 * Sets *err unless it is set already (the first cause wins) and returns
 * false, so that a function can `return err_set(...)`.  Takes the
 * conversions of printf.  A text that does not fit is cut.
 */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
