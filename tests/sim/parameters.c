/* SPDX-License-Identifier: Apache-2.0 */
/* Every parameter shows in the result; those that refuse a run say so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/config.h"
#include "tests/sim/command_line.h"

/* 2 MiB in 4 KiB leaves, so that an unmap takes whole tables out: kernel ftrace text, written for this test. */
static const char whole_tables[] =
	"# entries-in-buffer/entries-written: 5/5   #P:1\n"
	"  t-1  [000] .....  1.000000: add_device_to_group: IOMMU: groupID=1 device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000001: attach_device_to_domain: IOMMU: device=0000:00:04.0\n"
	"  t-1  [000] .....  1.000002: map: IOMMU: iova=0x0000000080000000 - 0x0000000080200000 "
	"paddr=0x0000000040001000 "
	"size=2097152\n"
	"  t-1  [000] .....  1.000003: dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 "
	"phys_addr=40001000 attrs=\n"
	"  t-1  [000] .....  1.000004: unmap: IOMMU: iova=0x0000000080000000 - 0x0000000080200000 size=2097152 "
	"unmapped_size=2097152\n"
	"  t-1  [000] .....  1.000005: dma_unmap_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=80000000 size=4096 attrs=\n";

#define BUSY    "--set replay.think_time=0"
#define CROWDED BUSY " --set iommu.iotlb_entries=16 --set iommu.iotlb_ways=16 --set iommu.walk_ways=1"
#define WHOLE   "--trace whole.h5"
#define FEW     "--set replay.max_operations=60 --schemes pin-on-map"
#define LEGACY  FEW " --set hardware.scalable=false"

/*
 * What to set, and under which further settings it shows, where half the default or the like would be
 * no legal value, or the plain scenario does not make it show.  A parameter that is not here must show
 * in the plain one.
 */
static const struct {
	const char *name, *value, *with;
} special[] = {
	{ "machine.guest_ram_bytes", "4 GiB", "" },
	{ "machine.host_page_lg2", "12", "" },
	{ "machine.host_cores", "1", BUSY " --set replay.max_operations=2500" },
	{ "machine.memlock_limit_bytes", NULL, "" }, /* its own test */
	{ "machine.guest_low_bytes", NULL, "" },     /* its own test */
	{ "replay.strict", NULL, "" },               /* its own test */
	{ "replay.flush_queue_entries", "16",
	  BUSY " --set replay.max_operations=2500 --set schemes.nested.unmap=deferred" },
	{ "replay.flush_period", "50 us", "--set schemes.nested.unmap=deferred" },
	{ "iommu.iotlb_entries", "8", BUSY " --set iommu.iotlb_ways=1 --set iommu.iotlb_entries=128" },
	{ "iommu.iotlb_ways", "1", CROWDED },
	{ "iommu.iotlb_partitions", "2", CROWDED " --set iommu.iotlb_ways=8" },
	{ "iommu.device_entries", "0", "" },
	{ "iommu.device_ways", "1",
	  BUSY " --set replay.max_operations=2500 --set iommu.device_entries=2 --set iommu.device_ways=2" },
	{ "iommu.walk_entries.level0", "1", CROWDED },
	{ "iommu.walk_entries.level1", "1", CROWDED " --set iommu.walk_entries.level0=0" },
	{ "iommu.walk_entries.level2", "1",
	  CROWDED " --set iommu.walk_entries.level0=0 --set iommu.walk_entries.level1=0" },
	{ "iommu.walk_entries.level3", "0",
	  "--set iommu.host_levels=5 --set iommu.walk_entries.level0=0 --set iommu.walk_entries.level1=0 "
	  "--set iommu.walk_entries.level2=0" },
	{ "iommu.walk_ways", "1", BUSY " --set iommu.walk_entries.level0=2 --set iommu.walk_ways=2" },
	{ "iommu.walkers", "1", BUSY },
	{ "iommu.host_levels", "5", "" },
	{ "iommu.guest_levels", "5", "" },
	{ "iommu.replacement", "random", CROWDED },
	{ "hardware.queued_invalidation", "false", LEGACY },
	{ "hardware.write_buffer_flush", "true", LEGACY },
	{ "hardware.caching_mode", "true", FEW },
	{ "hardware.page_selective", "false", FEW },
	{ "hardware.address_mask_limit", "9", FEW },
	{ "hardware.page_size_lg2", "12", FEW },
	{ "hardware.input_width", "47", FEW },
	{ "hardware.domain_bits", "8", FEW },
	{ "hardware.fault_records", "7", FEW },
	{ "hardware.scalable", "false", FEW },
	{ "hardware.first_stage", "false", FEW },
	{ "hardware.second_stage", "false", FEW },
	{ "hardware.nested", "false", FEW },
	{ "hardware.dirty_flags", "false", FEW },
	{ "hardware.pasid_bits", "19", FEW },
	{ "hardware.pass_through", "false", FEW },
	{ "hardware.snoop_control", "false", FEW },
	{ "hardware.device_tlb", "true", FEW },
	{ "hardware.page_requests", "true", FEW " --set hardware.device_tlb=true" },
	{ "hardware.protected_memory", "true", FEW },
	{ "hardware.abort_dma", "true", FEW },
	{ "virtual.queued_invalidation", "false", FEW },
	{ "virtual.write_buffer_flush", "true", FEW },
	{ "virtual.caching_mode", NULL, "" }, /* no scheme can do without it: capabilities.c */
	{ "virtual.page_selective", "false", FEW },
	{ "virtual.address_mask_limit", "9", FEW },
	{ "virtual.page_size_lg2", "12", FEW },
	{ "virtual.input_width", "47", FEW },
	{ "virtual.domain_bits", "8", FEW },
	{ "virtual.fault_records", "2", FEW },
	{ "virtual.pasid_bits", "19", "--set replay.max_operations=60 --schemes nested" },
	{ "seed", "77", CROWDED " --set iommu.replacement=random" },
	{ "device.reads_in_flight", "1", BUSY },
	{ "device.writes_in_flight", "1", BUSY },
	{ "device.nic_descriptor_batch", "3", "" },
	{ "timing.guest.table_free", "911 ns", WHOLE },
	{ "timing.guest.entry_flush", "911 ns", "--set iommu.snoop=false" },
	{ "timing.guest.lock_handover", "911 ns", BUSY },
	{ "timing.host.register_read", "911 ns",
	  LEGACY " --set hardware.queued_invalidation=false "
		 "--set replay.max_operations=500" },
	{ "timing.iommu.write_buffer_flush", "911 ns", LEGACY " --set hardware.write_buffer_flush=true" },
	{ "timing.iommu.memory_update", "911 ns", "--set iommu.dirty_tracking=true" },
	{ "timing.pcie.completion_interrupt", "911 ns", BUSY },
};

/* Another value of a parameter, legal beside the defaults. */
static void other_value(const struct parameter *parameter, const struct config *config, char *text, size_t size)
{
	char now[64];

	parameter_format(parameter, config, now, sizeof(now));
	switch (parameter->type) {
	case PARAMETER_PS:
		snprintf(text, size, "%s", strcmp(now, "911 ns") == 0 ? "912 ns" : "911 ns");
		return;
	case PARAMETER_BOOL:
		snprintf(text, size, "%s", strcmp(now, "true") == 0 ? "false" : "true");
		return;
	case PARAMETER_ENUM:
		for (const char *const *value = parameter->values; *value; value++)
			if (strcmp(*value, now) != 0)
				snprintf(text, size, "%s", *value);
		return;
	case PARAMETER_PPM:
		snprintf(text, size, "%s", strcmp(now, "0.5") == 0 ? "0.25" : "0.5");
		return;
	default:
		break;
	}
	uint64_t value = strtoull(now, NULL, 10);

	/* numbers with a geometry of their own are halved or doubled, which keeps them legal */
	snprintf(text, size, "%s", now);
	char *unit = text + strcspn(text, " ");
	char kept[32];

	snprintf(kept, sizeof(kept), "%s", unit);
	snprintf(text, size, "%llu%s", (unsigned long long)(value >= 2 ? value / 2 : value + 1), kept);
}

/* The result under these settings, kept by number so that each baseline is made once. */
static void baseline(const char *with, char *name, size_t size)
{
	static const char *known[64];
	static unsigned count;
	char line[1024];
	unsigned i = 0;

	while (i < count && strcmp(known[i], with) != 0)
		i++;
	snprintf(name, size, "base-%u.h5", i);
	if (i < count)
		return;
	known[count++] = with;
	snprintf(line, sizeof(line), "run s.yaml -o %s --quiet %s", name, with);
	ck_assert_msg(iommusim(line) == 0, "%s: %s", with, errors);
}

/* Does setting it change what the run measures?  Says so on stderr when not. */
static bool shows(const struct parameter *parameter, const struct config *config)
{
	char line[1024], value[64], base[32];
	const char *with = "", *chosen = value;

	other_value(parameter, config, value, sizeof(value));
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(special[i].name, parameter->name) == 0) {
			with = special[i].with;
			chosen = special[i].value;
		}
	if (!chosen)
		return true;
	baseline(with, base, sizeof(base));
	snprintf(line, sizeof(line), "run s.yaml -o set.h5 --quiet %s --set '%s=%s'", with, parameter->name, chosen);
	if (iommusim(line) != 0) {
		fprintf(stderr, "%s = %s: %s", parameter->name, chosen, errors);
		return false;
	}
	snprintf(line, sizeof(line), "compare %s set.h5", base);
	if (iommusim(line) == 1)
		return true;
	fprintf(stderr, "%s = %s %s changes nothing\n", parameter->name, chosen, with);
	return false;
}

START_TEST(setting_any_parameter_changes_the_result)
{
	struct scenario scenario = { 0 };
	struct err err = { 0 };
	char path[128];
	unsigned silent = 0;

	write_file("whole.txt", whole_tables);
	ck_assert_msg(iommusim("trace import whole.txt -o whole.h5") == 0, "%s", errors);
	write_file("s.yaml", "title: parameters\ntrace: " SAMPLES "/q-vtd-mixed.h5\nprofile: server-x86\nseed: 1\n"
			     "schemes: [pin-on-map, preregister, nested, nested-hwq, passthrough]\n"
			     "parameters: {replay.max_operations: 500}\n");
	snprintf(path, sizeof(path), "%s/s.yaml", folder);
	ck_assert_msg(scenario_load(path, &scenario, &err), "%s", err.text);
	for (size_t i = 0; i < parameter_count; i++)
		silent += !shows(&parameters[i], &scenario.config);
	ck_assert_uint_eq(silent, 0);
	scenario_fini(&scenario);
}
END_TEST

/* An arm64 guest's memory lies from 1 GiB to 3 GiB. */
START_TEST(memory_between_2_and_4_gib_needs_a_guest_whose_low_memory_reaches_there)
{
	char text[sizeof(whole_tables) + 16], *where;

	snprintf(text, sizeof(text), "%s", whole_tables);
	while ((where = strstr(text, "40001000")) != NULL)
		where[0] = '9';
	write_file("high.txt", text);
	ck_assert_msg(iommusim("trace import high.txt -o t.h5") == 0, "%s", errors);
	write_scenario("");
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5"), 2);
	ck_assert_ptr_nonnull(strstr(errors, "machine.guest_low_bytes = 2147483648"));
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --set machine.guest_low_bytes=3GiB") == 0, "%s", errors);
}
END_TEST

START_TEST(a_locked_memory_limit_that_is_met_ends_the_run_and_says_which_parameter)
{
	import_small();
	write_scenario("");
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --schemes pin-on-map --set machine.memlock_limit_bytes=64KiB"),
			 1);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_ptr_nonnull(strstr(errors, "machine.memlock_limit_bytes = 65536"));
	ck_assert_uint_eq(files_like("a.h5*"), 0);
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --schemes nested --set machine.memlock_limit_bytes=1GiB"), 1);
	ck_assert_ptr_nonnull(strstr(errors, "machine.memlock_limit_bytes"));
}
END_TEST

int main(void)
{
	TCase *parameter = tcase_create("parameters");

	tcase_add_test(parameter, setting_any_parameter_changes_the_result);
	tcase_add_test(parameter, memory_between_2_and_4_gib_needs_a_guest_whose_low_memory_reaches_there);
	tcase_add_test(parameter, a_locked_memory_limit_that_is_met_ends_the_run_and_says_which_parameter);
	return run_cases("sim/parameters", &parameter, 1);
}
