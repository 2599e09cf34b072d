# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What demo and check share; sourced, with the repository's root as the present folder.

BUILD_PACKAGES=(gcc libc6-dev make cmake pkgconf libsimgrid-dev libhdf5-dev libyaml-dev liblzma-dev zlib1g-dev check gnuplot-nox)

# say TEXT: progress, on stderr.
say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$*"
	exit 3
}

# as_root COMMAND...: as root or by sudo.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "installing packages needs root or sudo: apt-get install --no-install-recommends ${missing[*]}"
	fi
}

# need PACKAGE...: installs those of the Debian packages that are missing; runs no apt-get when none is.
need() {
	local package log missing=()

	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian system, nothing is installed; needed are what Debian calls: $*"
		return
	fi
	for package in $(printf '%s\n' "$@" | sort -u); do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	log=$(mktemp)
	if ! { as_root apt-get update &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
		>"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		die "apt-get failed (its last lines are above)"
	fi
	rm -f "$log"
}

# build PRESET [JOBS]: configures and builds build/PRESET, only what changed; prints the output only when it fails.
build() {
	local preset=$1 jobs=${2:-$(nproc)} log

	say "building build/$preset"
	mkdir -p build
	log=build/$preset.log
	if ! { cmake --preset "$preset" && cmake --build --preset "$preset" -j "$jobs"; } >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		say "building build/$preset failed (the last lines are above, all of them in $log)"
		return 1
	fi
}
