/* SPDX-License-Identifier: Apache-2.0 */
/* Are the source keys of a text, "[PB] ...", entries of docs/sources.md? */
#ifndef IOMMUSIM_TESTS_SCENARIOS_SOURCES_H
#define IOMMUSIM_TESTS_SCENARIOS_SOURCES_H

#include <check.h>
#include <stdio.h>
#include <string.h>

/* list: the text of docs/sources.md.  Returns how many keys text has. */
static inline unsigned sources_resolve(const char *text, const char *list)
{
	unsigned keys = 0;

	for (const char *open = strchr(text, '['); open; open = strchr(open + 1, '[')) {
		const char *close = strchr(open, ']');
		char entry[48];

		ck_assert_msg(close != NULL, "unclosed key: %s", text);
		snprintf(entry, sizeof(entry), "\n- **%.*s** ", (int)(close - open + 1), open);
		ck_assert_msg(strstr(list, entry) != NULL, "docs/sources.md lacks %.*s of: %s", (int)(close - open + 1),
			      open, text);
		keys++;
	}
	return keys;
}

#endif
