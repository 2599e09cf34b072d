# SPDX-License-Identifier: Apache-2.0
set logscale y
set yrange [0.999999 * 10.0**first_decade : 10.0**last_decade] # a tic on the very end is lost to rounding
set ytics ()
do for [decade = first_decade : last_decade] {
	set ytics add (time_label(decade) 10.0**decade)
	do for [minor = 2 : 9] { set ytics add ("" minor * 10.0**decade 1) }
}
set ylabel "latency"
set xrange [0.5 : 4.5]
set xtics scale 0 ("p50" 1, "p90" 2, "p99" 3, "p99.9" 4)
set xlabel "percentile"
set grid noxtics
width = 0.8 / |scheme|
set boxwidth 0.9 * width
set style fill solid 1.0 noborder
place(percentile) = percentile eq "p50" ? 1 : percentile eq "p90" ? 2 : percentile eq "p99" ? 3 : 4
plot for [i = 1 : |scheme|] data skip 1 \
	using (strcol(1) eq scheme[i] ? place(strcol(2)) + (i - (|scheme| + 1) / 2.0) * width : NaN):3 \
	with boxes linecolor rgb colour[i] title scheme[i]
