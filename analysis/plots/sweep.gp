# SPDX-License-Identifier: Apache-2.0
if (x_is_log) {
	set logscale x
	set xrange [x_least / 1.2 : x_most * 1.2]
} else {
	margin = x_most > x_least ? 0.05 * (x_most - x_least) : 1
	set xrange [x_least - margin : x_most + margin]
}
set xlabel x_label
set ylabel y_label
if (y_is_log) {
	set logscale y
} else {
	set yrange [0 : y_top]
}
plot for [i = 1 : |line|] data skip 1 using (strcol(1) eq line[i] ? $3 : NaN):($4 / y_unit) \
	with linespoints linewidth 1.8 + 0.9 * (|line| - i < 3 ? |line| - i : 3) dashtype line_dash[i] pointtype line_point[i] pointsize 0.6 \
	linecolor rgb line_colour[i] title line[i]
