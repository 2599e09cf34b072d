/* SPDX-License-Identifier: Apache-2.0 */
/* capture.sh in a folder that looks like a guest's tracefs and sysfs, and what the importer makes of it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"

#define CAPTURE SAMPLES "/../capture/capture.sh"

static const char RECORDING[] =
	"# tracer: nop\n" TASK("101", "0", "1.000000", "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x5000 size=4096")
		TASK("101", "0", "1.000001",
		     "dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=1000 size=8 phys_addr=5000 attrs=");

static void put(const struct imported *guest, const char *path, const char *text)
{
	char whole[300];
	snprintf(whole, sizeof(whole), "%s/%s", guest->folder, path);
	for (char *slash = strchr(whole + strlen(guest->folder) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0700);
		*slash = '/';
	}
	FILE *file = fopen(whole, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void make_guest(struct imported *guest)
{
	importing_begin(guest);
	put(guest, "tracing/tracing_on", "1\n");
	put(guest, "tracing/trace_clock", "local [mono] boot\n");
	put(guest, "tracing/buffer_size_kb", "1408\n");
	put(guest, "tracing/set_event", "iommu:map\n");
	put(guest, "tracing/trace_marker", "");
	put(guest, "tracing/trace", RECORDING);
	put(guest, "tracing/events/iommu/enable", "0\n");
	put(guest, "tracing/events/iommu/map/format", "name: map\n");
	put(guest, "tracing/events/dma/enable", "0\n");
	put(guest, "tracing/per_cpu/cpu0/stats", "entries: 2\noverrun: 0\ncommit overrun: 0\ndropped events: 0\n");
	put(guest, "sys/kernel/iommu_groups/3/type", "DMA\n");
	put(guest, "sys/kernel/iommu_groups/3/reserved_regions", "0x0 0x1 msi\n");
	put(guest, "sys/kernel/iommu_groups/3/devices/0000:00:04.0", "");
	put(guest, "sys/class/iommu/dmar0/intel-iommu/cap", "d2008c222f0686\n");
	put(guest, "sys/class/iommu/dmar0/intel-iommu/ecap", "f42\n");
	put(guest, "sys/bus/pci/devices/0000:00:04.0/class", "0x010802\n");
	put(guest, "sys/class/dmi/id/product_name", "Standard PC\n");
	put(guest, "proc/cmdline", "quiet intel_iommu=on\n");
}

/* Its exit code; its words on standard error go to FOLDER/said. */
static int run(const struct imported *guest, const char *arguments)
{
	char command[900];
	snprintf(command, sizeof(command),
		 "TRACEFS='%s/tracing' SYSFS='%s/sys' PROCFS='%s/proc' '%s' -o '%s/out' %s >/dev/null 2>'%s/said'",
		 guest->folder, guest->folder, guest->folder, CAPTURE, guest->folder, arguments, guest->folder);
	int status = system(command);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool said(const struct imported *guest, const char *text)
{
	char path[300];
	size_t length;
	snprintf(path, sizeof(path), "%s/said", guest->folder);
	char *words = importing_read(path, &length);
	bool found = words && strstr(words, text);
	free(words);
	return found;
}

static void remove_guest(struct imported *guest)
{
	char command[200];
	trace_close(guest->trace);
	snprintf(command, sizeof(command), "rm -rf '%s'", guest->folder);
	ck_assert_int_eq(system(command), 0);
}

/* The recording in FOLDER/out, packed or not: not every machine has xz. */
static const char *recorded_trace(struct imported *guest)
{
	struct stat status;
	snprintf(guest->text, sizeof(guest->text), "%s/out/trace.txt.xz", guest->folder);
	if (stat(guest->text, &status) != 0)
		guest->text[strlen(guest->text) - strlen(".xz")] = '\0';
	return guest->text;
}

START_TEST(what_it_records_is_imported)
{
	struct imported guest;
	make_guest(&guest);
	ck_assert_int_eq(run(&guest, "-k -b 2048 true"), 0);
	ck_assert_msg(trace_import_ftrace(recorded_trace(&guest), guest.file, NULL, &guest.err), "%s", guest.err.text);
	guest.trace = trace_open(guest.file, &guest.err);
	const struct trace_summary *summary = trace_summary(guest.trace);
	ck_assert_uint_eq(summary->maps, 1);
	ck_assert_uint_eq(summary->lost_events, 0);
	ck_assert_uint_eq(summary->capability, UINT64_C(0xd2008c222f0686));
	ck_assert_uint_eq(summary->extended_capability, 0xf42);
	ck_assert_uint_eq(trace_device(guest.trace, 0)->class_code, 0x010802);
	ck_assert_uint_eq(trace_device(guest.trace, 0)->group, 3);
	ck_assert_str_eq(trace_provenance(guest.trace, "kernel_command_line"), "quiet intel_iommu=on");
	ck_assert_str_eq(trace_provenance(guest.trace, "hypervisor"), "Standard PC");
	ck_assert_str_eq(trace_provenance(guest.trace, "trace_clock"), "mono");
	ck_assert_str_eq(trace_provenance(guest.trace, "iommu"), "dmar0");
	ck_assert_ptr_nonnull(strstr(trace_provenance(guest.trace, "guest_kernel"), "Linux"));
	remove_guest(&guest);
}
END_TEST

START_TEST(it_sets_tracing_up_and_stops_it)
{
	struct imported guest;
	make_guest(&guest);
	ck_assert_int_eq(run(&guest, "-k -b 2048 sh -c 'exit 7'"), 7); /* the command's own exit code */
	static const struct {
		const char *file, *content;
	} FILES[] = { { "tracing/buffer_size_kb", "2048\n" },
		      { "tracing/events/iommu/enable", "1\n" },
		      { "tracing/events/dma/enable", "1\n" },
		      { "tracing/tracing_on", "0\n" },
		      { "tracing/trace_marker", "capture ends\n" } };
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		char path[300];
		size_t length;
		snprintf(path, sizeof(path), "%s/%s", guest.folder, FILES[i].file);
		char *content = importing_read(path, &length);
		ck_assert_str_eq(content, FILES[i].content);
		free(content);
	}
	remove_guest(&guest);
}
END_TEST

START_TEST(it_says_when_events_were_lost)
{
	struct imported guest;
	make_guest(&guest);
	put(&guest, "tracing/per_cpu/cpu1/stats", "entries: 2\noverrun: 40\ncommit overrun: 1\ndropped events: 1\n");
	ck_assert_int_eq(run(&guest, "-k -s 0"), 0);
	ck_assert(said(&guest, "42 events were lost"));
	ck_assert_msg(trace_import_ftrace(recorded_trace(&guest), guest.file, NULL, &guest.err), "%s", guest.err.text);
	guest.trace = trace_open(guest.file, &guest.err);
	ck_assert_uint_eq(trace_summary(guest.trace)->lost_events, 42);
	remove_guest(&guest);
}
END_TEST

START_TEST(it_refuses_what_cannot_be_recorded)
{
	struct imported guest;
	make_guest(&guest);
	ck_assert_int_eq(run(&guest, ""), 2);
	ck_assert_int_eq(run(&guest, "-z"), 2);
	ck_assert_int_eq(run(&guest, "-k -b many true"), 1);
	ck_assert(said(&guest, "-b many"));
	ck_assert_int_eq(run(&guest, "-k -s 1 true"), 1);
	put(&guest, "tracing/trace_clock", "[local] mono\n");
	ck_assert_int_eq(run(&guest, "-k true"), 1);
	ck_assert(said(&guest, "trace_clock=mono"));
	remove_guest(&guest);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_it_records_is_imported,
		it_sets_tracing_up_and_stops_it,
		it_says_when_events_were_lost,
		it_refuses_what_cannot_be_recorded,
		NULL,
	};
	return suite_run("capture", tests);
}
