# SPDX-License-Identifier: Apache-2.0
set xrange [0 : last_time]
set xlabel sprintf("simulated time, %s", time_unit)
set ylabel value_label
if (value_is_log_bytes) {
	set logscale y 2
	set yrange [value_bottom : value_top]
	set ytics ()
	do for [i = 0 : 10] {
		set ytics add (sprintf("%d %s", i % 2 ? 32 : 1, word("B KiB MiB GiB TiB PiB", i / 2 + 1)) 32.0**i)
	}
} else {
	set yrange [0 : *]
	if (value_top > 0) { set yrange [0 : value_top] }
}
plot for [i = 1 : |scheme|] data skip 1 using (strcol(1) eq scheme[i] ? $2 / time_unit_ps : NaN):(height_of(0)) \
	with steps linewidth thickness[i] dashtype dash[i] linecolor rgb colour[i] title scheme[i]
