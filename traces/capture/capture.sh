#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Records, in a guest, what `iommusim trace import` reads: trace.txt.xz and
# guest-meta.txt.xz.  See docs/capture.md.
#
#   capture.sh [-o FOLDER] [-b KIB] [-k] [-s SECONDS | COMMAND [ARGUMENT]...]
#
#   -o FOLDER   where to (default: ./capture); created, its two files replaced
#   -b KIB      ring buffer of each CPU (default 65536)
#   -k          keep what the buffer holds already: tracing that runs since boot
#   -s SECONDS  record for so long; without it, for as long as COMMAND runs
#
# Needs root.  Records in a tracing instance of its own, which it removes, so that other
# tracing is not disturbed; with -k in the one that runs since boot, which it then stops.
#
# Why things are done as they are:
# - An operation mapped before tracing began is unknown, and its unmap counts as one
#   without a map.  To have all of them, boot the guest with
#       trace_event=iommu:*,dma:*,intel_iommu:* trace_clock=mono trace_buf_size=4M
#   and run this script with -k as early as can be.  A larger trace_buf_size= can keep
#   secondary CPUs from coming up: the buffer grows here instead.
# - The mono clock is one for all CPUs; the default "local" is not, and events of
#   two CPUs could not be put in order.
# - The buffer overwrites its oldest events when it is full.  The loss is counted and
#   reported; record again with a larger -b.
# - Under an emulated VT-d with caching-mode=on Linux is strict whatever iommu.strict=
#   says, and so it is under an emulated AMD-Vi: for a deferred recording use VT-d with
#   caching-mode=off.

set -eu

TRACEFS=${TRACEFS:-/sys/kernel/tracing}
SYSFS=${SYSFS:-/sys}
PROCFS=${PROCFS:-/proc}
SYSTEMS="iommu dma intel_iommu"

folder=capture
buffer_kib=65536
keep=no
seconds=

fail() {
	echo "capture.sh: $*" >&2
	exit 1
}

usage() {
	sed -n '7,14s/^# \{0,1\}//p' "$0"
	exit "$1"
}

is_number() {
	case $1 in
	'' | *[!0-9]*) return 1 ;;
	esac
}

while getopts o:b:ks:h option; do
	case $option in
	o) folder=$OPTARG ;;
	b) buffer_kib=$OPTARG ;;
	k) keep=yes ;;
	s) seconds=$OPTARG ;;
	h) usage 0 ;;
	*) usage 2 >&2 ;;
	esac
done
shift $((OPTIND - 1))

is_number "$buffer_kib" || fail "-b $buffer_kib: not a number of KiB"
if [ -n "$seconds" ]; then
	is_number "$seconds" || fail "-s $seconds: not a number of seconds"
	[ $# -eq 0 ] || fail "either -s SECONDS or a command, not both"
elif [ $# -eq 0 ]; then
	usage 2 >&2
fi

if [ ! -w "$TRACEFS/tracing_on" ]; then
	mount -t tracefs tracefs "$TRACEFS" 2>/dev/null || :
fi
[ -w "$TRACEFS/tracing_on" ] ||
	fail "$TRACEFS/tracing_on cannot be written: run as root, on a kernel with CONFIG_TRACING"
[ -d "$TRACEFS/events/iommu" ] || fail "this kernel has no iommu trace events (CONFIG_IOMMU_API)"
[ -d "$TRACEFS/events/dma" ] ||
	fail "this kernel has no dma trace events: Linux 6.12 or later names the device of a mapping"

mkdir -p "$folder"

tracing=$TRACEFS
if [ "$keep" = yes ]; then
	grep -q '\[mono\]' "$tracing/trace_clock" ||
		fail "-k: the running trace does not use the mono clock: boot with trace_clock=mono"
else
	tracing=$TRACEFS/instances/iommusim-capture
	mkdir "$tracing" || fail "$tracing: cannot be created: does another capture run?"
	trap 'rmdir "$tracing"' EXIT
	trap 'exit 1' HUP INT TERM
	echo mono >"$tracing/trace_clock"
fi
echo "$buffer_kib" >"$tracing/buffer_size_kb" || fail "-b $buffer_kib: no memory for such a buffer on each CPU"
for system in $SYSTEMS; do
	if [ -e "$tracing/events/$system/enable" ]; then
		echo 1 >"$tracing/events/$system/enable"
	fi
done
echo 1 >"$tracing/tracing_on"

status=0
echo "capture begins" >"$tracing/trace_marker"
if [ -n "$seconds" ]; then
	sleep "$seconds"
else
	"$@" || status=$?
fi
echo "capture ends" >"$tracing/trace_marker"
echo 0 >"$tracing/tracing_on"

# The files of a folder as "NAME VALUE" lines.
show_files() {
	for file in "$1"/*; do
		if [ -f "$file" ]; then
			echo "${file##*/} $(cat "$file" 2>/dev/null)"
		fi
	done
}

value_of() {
	cat "$1" 2>/dev/null || :
}

describe_machine() {
	echo "@@ uname"
	uname -a
	echo "@@ cmdline"
	cat "$PROCFS/cmdline"
	echo "@@ hypervisor"
	for name in sys_vendor product_name product_version bios_version; do
		value_of "$SYSFS/class/dmi/id/$name"
	done
	value_of "$SYSFS/hypervisor/type"
	if [ -r "$SYSFS/firmware/devicetree/base/model" ]; then
		tr '\000' '\n' <"$SYSFS/firmware/devicetree/base/model"
	fi
}

describe_tracing() {
	for name in trace_clock buffer_size_kb set_event; do
		echo "@@ $name"
		cat "$tracing/$name"
	done
	for file in "$tracing"/per_cpu/cpu*/stats; do
		[ -e "$file" ] || continue
		echo "@@ stats ${file#"$tracing"/}"
		cat "$file"
	done
	for system in $SYSTEMS; do
		for file in "$tracing/events/$system"/*/format; do
			[ -e "$file" ] || continue
			echo "@@ format $system"
			cat "$file"
		done
	done
}

describe_iommu() {
	for group in "$SYSFS"/kernel/iommu_groups/*; do
		[ -d "$group/devices" ] || continue
		devices=
		for device in "$group/devices"/*; do
			devices="$devices ${device##*/}"
		done
		echo "@@ iommu_group ${group##*/} type=$(value_of "$group/type") devices=${devices# }"
		value_of "$group/reserved_regions"
	done
	for unit in "$SYSFS"/class/iommu/*; do
		[ -e "$unit" ] || continue
		echo "@@ iommu ${unit##*/}"
		for registers in "$unit"/*iommu*; do
			[ -d "$registers" ] && show_files "$registers"
		done
	done
	for device in "$SYSFS"/bus/pci/devices/*; do
		[ -e "$device/class" ] || continue
		driver=
		[ -e "$device/driver" ] && driver=$(readlink "$device/driver")
		echo "@@ pci ${device##*/} class=$(cat "$device/class")" \
			"id=$(value_of "$device/vendor"):$(value_of "$device/device")" \
			"dma_mask_bits=$(value_of "$device/dma_mask_bits") driver=$driver"
	done
}

# Packs standard input as $1.xz, or $1 as it is where there is no xz.
pack() {
	rm -f "$1" "$1.xz"
	if command -v xz >/dev/null 2>&1; then
		xz -T0 >"$1.xz"
	else
		cat >"$1"
	fi
}

{
	describe_machine
	describe_tracing
	describe_iommu
	echo "@@ dmesg"
	dmesg 2>/dev/null || :
	echo "@@ end"
} | pack "$folder/guest-meta.txt"
pack "$folder/trace.txt" <"$tracing/trace"

lost=$(cat "$tracing"/per_cpu/cpu*/stats |
	awk '/^(overrun|commit overrun|dropped events):/ { lost += $NF } END { print lost + 0 }')
echo "capture.sh: recorded in $folder" >&2
if [ "$lost" -gt 0 ]; then
	echo "capture.sh: $lost events were lost: record again with a buffer larger than -b $buffer_kib" >&2
fi
exit "$status"
