/* SPDX-License-Identifier: Apache-2.0 */
#include "scenarios/amount.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/base/random.h"
#include "models/base/units.h"
#include "tests/suite.h"

#define SEED UINT64_C(20240611)

struct example {
	const char *text;
	const struct amount_unit *units;
	uint64_t value;
};

START_TEST(times_and_sizes_are_exact)
{
	/* Values by hand. */
	static const struct example examples[] = {
		{ "0", amount_time, 0 },
		{ "0.0 s", amount_time, 0 },
		{ "1 ps", amount_time, 1 },
		{ "0.001 ns", amount_time, 1 },
		{ "1.3 us", amount_time, 1300000 },
		{ "322.6 ns", amount_time, 322600 },
		{ "197ns", amount_time, 197000 },
		{ "10 ms", amount_time, UINT64_C(10000000000) },
		{ "0.000000000001 s", amount_time, 1 },
		{ "0.1 ms", amount_time, 100000000 },
		{ "1.10000000000000000000000000 ns", amount_time, 1100 },
		{ "18446744.073709551615 s", amount_time, UINT64_MAX },
		{ "18446744073709551615 ps", amount_time, UINT64_MAX },
		{ "4096", amount_bytes, 4096 },
		{ "1 B", amount_bytes, 1 },
		{ "1.5 KiB", amount_bytes, 1536 },
		{ "64MiB", amount_bytes, 67108864 },
		{ "3 GiB", amount_bytes, UINT64_C(3221225472) },
		{ "0.0009765625 KiB", amount_bytes, 1 },
		{ "2 TiB", amount_bytes, UINT64_C(2199023255552) },
		{ "7.876923076 GB/s", amount_rate, UINT64_C(7876923076) },
		{ "15 MB/s", amount_rate, 15000000 },
		{ "0.1", amount_fraction, 100000 },
		{ "1", amount_fraction, 1000000 },
		{ "0.000001", amount_fraction, 1 },
		{ "18446744073709551615", amount_count, UINT64_MAX },
		{ "007", amount_count, 7 },
	};

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		uint64_t value = 42;

		ck_assert_msg(amount_parse(examples[i].text, examples[i].units, &value), "'%s' refused",
			      examples[i].text);
		ck_assert_msg(value == examples[i].value, "'%s' is %" PRIu64 ", not %" PRIu64, examples[i].text, value,
			      examples[i].value);
	}
}
END_TEST

START_TEST(what_is_no_amount_or_not_whole_is_refused)
{
	static const struct example examples[] = {
		{ "", amount_time, 0 },
		{ "5", amount_time, 0 },
		{ "ns", amount_time, 0 },
		{ "5 parsec", amount_time, 0 },
		{ "5 NS", amount_time, 0 },
		{ "5 ns ", amount_time, 0 },
		{ "5 ns6", amount_time, 0 },
		{ "0.0005 ns", amount_time, 0 },
		{ "1.5 ps", amount_time, 0 },
		{ "18446744073709551616 ps", amount_time, 0 },
		{ "18446744.073709551616 s", amount_time, 0 },
		{ "99999999999999999999 s", amount_time, 0 },
		{ "0.00000000000000000001 s", amount_time, 0 },
		{ "-1 ns", amount_time, 0 },
		{ "+1 ns", amount_time, 0 },
		{ " 1 ns", amount_time, 0 },
		{ "1e3 ns", amount_time, 0 },
		{ "1,5 ns", amount_time, 0 },
		{ "1. ns", amount_time, 0 },
		{ ".5 ns", amount_time, 0 },
		{ "1.2.3 ns", amount_time, 0 },
		{ "0 parsec", amount_time, 0 },
		{ "1.5 B", amount_bytes, 0 },
		{ "0.1 GiB", amount_bytes, 0 },
		{ "1 KB", amount_bytes, 0 },
		{ "1 GB", amount_bytes, 0 },
		{ "17000000 TiB", amount_bytes, 0 },
		{ "1 GiB/s", amount_rate, 0 },
		{ "0.0000001", amount_fraction, 0 },
		{ "10%", amount_fraction, 0 },
		{ "4.5", amount_count, 0 },
		{ "0x10", amount_count, 0 },
		{ "1_000", amount_count, 0 },
		{ "nan", amount_count, 0 },
		{ "inf", amount_count, 0 },
	};

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		uint64_t value;

		ck_assert_msg(!amount_parse(examples[i].text, examples[i].units, &value), "'%s' accepted",
			      examples[i].text);
	}
}
END_TEST

/* The twin pads the remainder with zeros instead of dividing. */
START_TEST(every_ps_of_a_second_is_told_apart)
{
	struct random random;

	random_init(&random, SEED);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t seconds = random_below(&random, 18446744), rest = random_below(&random, PS_PER_S), value;
		char text[64];

		snprintf(text, sizeof(text), "%" PRIu64 ".%012" PRIu64 " s", seconds, rest);
		ck_assert_msg(amount_parse(text, amount_time, &value) && value == seconds * PS_PER_S + rest,
			      "'%s' (seed %" PRIu64 ", round %u)", text, SEED, i);
	}
}
END_TEST

START_TEST(a_formatted_amount_is_parsed_back)
{
	static const struct amount_unit *const tables[] = { amount_time, amount_bytes, amount_rate, amount_fraction,
							    amount_count };
	struct random random;

	random_init(&random, SEED);
	for (unsigned i = 0; i < 20000; i++) {
		const struct amount_unit *units = tables[i % 5];
		uint64_t value = random_next(&random) >> random_below(&random, 64), back;

		for (const struct amount_unit *unit = units; unit->name; unit++) {
			char text[64];

			amount_format(value, unit, text, sizeof(text));
			if (units == amount_bytes && unit->factor != amount_whole_unit(value, units)->factor)
				continue; /* other binary fractions may need more digits than 64 bits hold */
			ck_assert_msg(amount_parse(text, units, &back) && back == value,
				      "%" PRIu64 " as '%s' (seed %" PRIu64 ", round %u)", value, text, SEED, i);
		}
	}
}
END_TEST

START_TEST(an_amount_is_formatted_without_needless_zeros)
{
	char text[64];

	amount_format(1300000, amount_unit(amount_time, "us"), text, sizeof(text));
	ck_assert_str_eq(text, "1.3 us");
	amount_format(322600, amount_unit(amount_time, "ns"), text, sizeof(text));
	ck_assert_str_eq(text, "322.6 ns");
	amount_format(1, amount_unit(amount_time, "s"), text, sizeof(text));
	ck_assert_str_eq(text, "0.000000000001 s");
	amount_format(100000, amount_fraction, text, sizeof(text));
	ck_assert_str_eq(text, "0.1");
	amount_format(0, amount_unit(amount_time, "ns"), text, sizeof(text));
	ck_assert_str_eq(text, "0 ns");
	amount_format(UINT64_MAX, amount_count, text, sizeof(text));
	ck_assert_str_eq(text, "18446744073709551615");
}
END_TEST

START_TEST(the_whole_unit_is_the_largest_that_leaves_no_rest)
{
	ck_assert_str_eq(amount_whole_unit(UINT64_C(3) << 30, amount_bytes)->name, "GiB");
	ck_assert_str_eq(amount_whole_unit(1536, amount_bytes)->name, "B");
	ck_assert_str_eq(amount_whole_unit(2048, amount_bytes)->name, "KiB");
	ck_assert_str_eq(amount_whole_unit(0, amount_bytes)->name, "B");
	ck_assert_str_eq(amount_whole_unit(7876923076, amount_rate)->name, "B/s");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		times_and_sizes_are_exact,
		what_is_no_amount_or_not_whole_is_refused,
		every_ps_of_a_second_is_told_apart,
		a_formatted_amount_is_parsed_back,
		an_amount_is_formatted_without_needless_zeros,
		the_whole_unit_is_the_largest_that_leaves_no_rest,
		NULL,
	};

	return suite_run("scenarios/amount", tests);
}
