# SPDX-License-Identifier: Apache-2.0
upto(last) = last < 1 ? 0 : upto(last - 1) + column(cause_column[last]) / $2 / unit_ps
set xrange [0 : largest * 1.15]
set xlabel sprintf("mean time of one operation, %s", unit)
set yrange [-|scheme| - 0.6 : -0.4]
set ytics scale 0 ()
set grid noytics
set style fill solid 1.0 border rgb "#ffffff"
plot for [k = 1 : |cause|] data skip 1 \
	using (0):(-$0 - 1):(upto(k - 1)):(upto(k)):(-$0 - 1.35):(-$0 - 0.65) \
	with boxxyerror fillcolor rgb cause_colour[k] title cause[k], \
	data skip 1 using (upto(|cause|)):(-$0 - 1):(sprintf("%.3g %s", upto(|cause|), unit)) \
	with labels left offset 0.5, 0 notitle, \
	data skip 1 using (-1):(-$0 - 1):yticlabels(1) with dots notitle # beside the picture, for its labels alone
