# SPDX-License-Identifier: Apache-2.0
set encoding utf8
set terminal svg size 640, height noenhanced font "sans-serif,13" background "#ffffff"
set output name . ".svg"
set datafile separator comma
set border 3 linecolor rgb "#808080"
set tics nomirror textcolor rgb "#000000"
set grid linecolor rgb "#d0d0d0" linewidth 0.5
set key outside top center horizontal Left reverse samplen 3 width 1 title title_text font "sans-serif,13"
time_label(decade) = sprintf("%d %s", 10**(decade % 3), word("ps ns µs ms s ks", decade / 3 + 1))
