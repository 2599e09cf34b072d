# SPDX-License-Identifier: Apache-2.0
set logscale x
set xrange [0.999999 * 10.0**first_decade : 10.0**last_decade] # a tic on the very end is lost to rounding
set xtics ()
do for [decade = first_decade : last_decade] {
	set xtics add (time_label(decade) 10.0**decade)
	do for [minor = 2 : 9] { set xtics add ("" minor * 10.0**decade 1) }
}
set xlabel "latency"
set yrange [0 : 100]
set ytics 0, 25, 100
set ylabel "operations no slower, %"
plot for [i = 1 : |scheme|] data skip 1 using (strcol(1) eq scheme[i] ? $2 : NaN):(100 * $3 / $4) \
	with steps linewidth thickness[i] dashtype dash[i] linecolor rgb colour[i] title scheme[i]
