/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "analysis/table.h"
#include "tests/analysis/synthetic.h"
#include "tests/suite.h"

static char folder[64], path[128];

static void setup(void)
{
	synthetic_folder(folder);
	snprintf(path, sizeof(path), "%s/r.h5", folder);
}

static void teardown(void)
{
	synthetic_remove(folder);
}

static void print_table(FILE *out, void *argument)
{
	table_print(out, argument);
}

/* Two schemes of which every number can be checked by hand. */
static struct result *tiny_result(void)
{
	struct result_scheme *scheme[2] = { malloc(sizeof(*scheme[0])), malloc(sizeof(*scheme[0])) };
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };

	result_scheme_init(scheme[0], "passthrough", "translation=passthrough");
	result_operation(scheme[0], RESULT_DMA_READ,
			 (ps_t[RESULT_CAUSES]){ [CAUSE_PCIE] = 300000, [CAUSE_MEMORY] = 130 });
	scheme[0]->counter[COUNT_STARTUP_PS] = 2600 * PS_PER_MS;
	scheme[0]->counter[COUNT_DURATION_PS] = 2 * PS_PER_US;
	scheme[0]->counter[COUNT_LOCKED_PEAK_BYTES] = UINT64_C(8) << 30;
	scheme[0]->counter[COUNT_DMA_BYTES_READ] = 64;

	result_scheme_init(scheme[1], "pin-on-map", "translation=shadow pin=on-map");
	result_operation(scheme[1], RESULT_MAP, (ps_t[RESULT_CAUSES]){ [CAUSE_EXIT] = 3000000, [CAUSE_PIN] = 1000000 });
	result_operation(scheme[1], RESULT_MAP,
			 (ps_t[RESULT_CAUSES]){ [CAUSE_EXIT] = 3000000, [CAUSE_PIN] = 2999000, [CAUSE_TABLE] = 1000 });
	result_operation(scheme[1], RESULT_UNMAP, (ps_t[RESULT_CAUSES]){ [CAUSE_QUEUE_WAIT] = 999500 });
	scheme[1]->counter[COUNT_VM_EXITS] = 1234;
	scheme[1]->counter[COUNT_IOCTLS] = 3;
	scheme[1]->counter[COUNT_HYPERCALLS] = 7;
	scheme[1]->counter[COUNT_TRANSFERS_CUT] = 2;
	scheme[1]->counter[COUNT_IOTLB_HITS] = 3;
	scheme[1]->counter[COUNT_IOTLB_MISSES] = 1;
	scheme[1]->counter[COUNT_WALKS] = 1;
	scheme[1]->counter[COUNT_READS_SECOND_STAGE] = 4;
	scheme[1]->counter[COUNT_GUEST_CPU_PS] = 900;
	scheme[1]->counter[COUNT_STALE_CHECKED] = 3;
	scheme[1]->counter[COUNT_STALE_USED] = 1;
	synthetic_write(path, &input, scheme, 2);
	free(scheme[0]);
	free(scheme[1]);

	struct result *result = result_open(path, &err);

	ck_assert_msg(result, "%s", err.text);
	return result;
}

/*
 * 4,000,000 ps lies in the histogram's bucket up to 4,014,079 ps, which is the median of it and
 * 6,000,000 ps; the other percentiles are cut at the maximum.
 */
static const char tiny_table[] =
	"NVMe random reads, 4 vCPUs\n"
	"iommusim 0.1.0, scenario scenarios/nvme.yaml, profile broadwell, trace traces/samples/nvme.h5, seed 42\n"
	"\n"
	"map                   count       mean        p50        p90        p99      p99.9        max\n"
	"  passthrough             -          -          -          -          -          -          -\n"
	"  pin-on-map              2    5.00 us    4.01 us    6.00 us    6.00 us    6.00 us    6.00 us\n"
	"\n"
	"unmap                 count       mean        p50        p90        p99      p99.9        max\n"
	"  passthrough             -          -          -          -          -          -          -\n"
	"  pin-on-map              1    1.00 us    1.00 us    1.00 us    1.00 us    1.00 us    1.00 us\n"
	"\n"
	"dma_read              count       mean        p50        p90        p99      p99.9        max\n"
	"  passthrough             1     300 ns     300 ns     300 ns     300 ns     300 ns     300 ns\n"
	"  pin-on-map              -          -          -          -          -          -          -\n"
	"\n"
	"time of map        exit    pin  table\n"
	"  passthrough         -      -      -\n"
	"  pin-on-map      60.0%  40.0%  <0.1%\n"
	"\n"
	"time of unmap     queue_wait\n"
	"  passthrough              -\n"
	"  pin-on-map          100.0%\n"
	"\n"
	"                                           DMA    locked     VM          IOTLB     reads   guest  host  "
	"stale\n"
	"machine           start-up   replay       rate      peak  exits  ioctls   hits  per walk     CPU   CPU   "
	"uses\n"
	"  passthrough      2.60 s   2.00 us  32.0 MB/s  8.00 GiB      0       0      -         -    0 ps  0 ps      "
	"-\n"
	"  pin-on-map          0 ps     0 ps          -       0 B  1,234       3  75.0%      4.00  900 ps  0 ps      "
	"1\n"
	"\n"
	"                    locked\n"
	"memory of guests      peak\n"
	"  passthrough     8.00 GiB\n"
	"  pin-on-map           0 B\n"
	"\n"
	"                         transfers\n"
	"hypercalls        calls        cut\n"
	"  passthrough         0          0\n"
	"  pin-on-map          7          2\n"
	"\n";

START_TEST(the_table_of_a_tiny_result_is_this)
{
	struct result *result = tiny_result();
	char *text = synthetic_printed(print_table, result);

	ck_assert_str_eq(text, tiny_table);
	free(text);
	result_close(result);
}
END_TEST

START_TEST(a_table_of_all_presets_fits_a_terminal)
{
	struct result_scheme *scheme[SYNTHETIC_REALISTIC];
	struct result_input input = synthetic_input();
	struct err err = { .kind = ERR_NONE };

	for (unsigned i = 0; i < SYNTHETIC_REALISTIC; i++)
		scheme[i] = synthetic_realistic(i);
	synthetic_write(path, &input, scheme, SYNTHETIC_REALISTIC);
	struct result *result = result_open(path, &err);
	char *text = synthetic_printed(print_table, result);
	unsigned lines = 0;

	for (const char *line = text; *line; lines++) {
		size_t length = strcspn(line, "\n");

		ck_assert_msg(length <= 116, "%zu columns: %.*s", length, (int)length, line);
		line += length + 1;
	}
	ck_assert_uint_gt(lines, 50);
	free(text);
	result_close(result);
	for (unsigned i = 0; i < SYNTHETIC_REALISTIC; i++)
		free(scheme[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tcase = tcase_create("table");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_table_of_a_tiny_result_is_this);
	tcase_add_test(tcase, a_table_of_all_presets_fits_a_terminal);
	suite_add_tcase(suite, tcase);
	return suite_main(suite);
}
