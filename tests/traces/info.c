/* SPDX-License-Identifier: Apache-2.0 */
/* The description of the shipped trace; its numbers are those of the recording's side file. */
#include "traces/info.h"

#include <string.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"

static char *describe(struct trace *trace)
{
	char *text;
	size_t length;
	struct err err = { .kind = ERR_NONE };
	FILE *out = open_memstream(&text, &length);
	ck_assert_msg(trace_info_print(out, trace, &err), "%s", err.text);
	fclose(out);
	return text;
}

START_TEST(the_shipped_trace_is_described)
{
	static const char *const LINES[] = {
		"guest kernel   Linux (none) 6.12.95+deb12-amd64 ",
		"hypervisor     QEMU Standard PC (Q35 + ICH9, 2009)",
		"trace clock    mono\n",
		"source         trace.txt.xz\n",
		"IOMMU          dmar0, strict invalidation, legacy mode; VT-d CAP d2008c222f0686 ECAP f42\n",
		"duration       16.607121 s on 2 CPUs\n",
		"descriptors    5447 recorded\n",
		"lost events    0\n",
		"0000:00:04.0       0020          2  NVMe controller ",
		"0000:00:03.0       0018          1  Ethernet controller ",
		"0000:00:04.0       sg                603        603\n",
		"0000:00:1f.0       direct              1          0\n",
		"16 MiB                        1    0.03%\n",
		"H3 phase ask/SNAP/s1\n",
		"cache_tag_flush_range_np           2977\n",
		"dma_alloc                            15\n",
	};
	struct err err = { .kind = ERR_NONE };
	struct trace *trace = trace_open(SAMPLES "/q-vtd-mixed.h5", &err);
	ck_assert_msg(trace != NULL, "%s", err.text);
	char *text = describe(trace);
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++)
		ck_assert_msg(strstr(text, LINES[i]) != NULL, "no \"%s\" in:\n%s", LINES[i], text);
	free(text);
	trace_close(trace);
}
END_TEST

START_TEST(what_was_not_recorded_is_said_to_be_so)
{
	struct imported got;
	importing_good(&got, TASK("101", "0", "1.000000", "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=4096"));
	char *text = describe(got.trace);
	ck_assert_ptr_nonnull(strstr(text, "guest kernel   not recorded\n"));
	ck_assert_ptr_nonnull(strstr(text, "IOMMU          not recorded, strict invalidation\n"));
	ck_assert_ptr_nonnull(strstr(text, "not known          none                1          0\n"));
	ck_assert_ptr_nonnull(strstr(text, "4 KiB                         1  100.00%\n"));
	ck_assert_ptr_null(strstr(text, "nan"));
	free(text);
	importing_end(&got);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_shipped_trace_is_described,
		what_was_not_recorded_is_said_to_be_so,
		NULL,
	};
	return suite_run("info", tests);
}
