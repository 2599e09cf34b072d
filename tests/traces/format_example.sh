#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # the backquotes are Markdown's
# Runs the example of docs/trace-format.md and compares what it prints with what the page says.
set -eu
page=docs/trace-format.md
python=/usr/bin/python3
"$python" -c 'import h5py' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
sed -n '/^```python$/,/^```$/p' "$page" | sed '1d;$d' >"$folder/example.py"
sed -n '/^It prints:$/,$p' "$page" | sed -n '/^```$/,/^```$/p' | sed '1d;$d' >"$folder/expected"
"$python" "$folder/example.py" >"$folder/got"
diff "$folder/expected" "$folder/got"
