/* SPDX-License-Identifier: Apache-2.0 */
/* Every parameter shows in the result; those that refuse a run say so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/compare.h"
#include "scenarios/config.h"
#include "sim/run.h"
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

/* Further settings: assignments as of --set, or schemes=A,B or trace=FILE, with a space between. */
#define PIN     "schemes=pin-on-map "
#define NESTED  "schemes=nested "
#define FEW     "replay.max_operations=60 "
#define BUSY    "replay.think_time=0 "
#define CROWDED PIN BUSY "iommu.iotlb_entries=16 iommu.iotlb_ways=16 iommu.walk_ways=1 "
#define UPDATE  "schemes=passthrough " FEW "update.at=10us"
#define UNPLUG  NESTED FEW "machine.guest_ram_bytes=4GiB unplug.bytes=4MiB"
#define POWER   "schemes=spapr-v2-kvm " FEW
#define DYNAMIC POWER "spapr.window=dynamic "
#define LEGACY  PIN FEW "hardware.scalable=false "

/*
 * What to set, and under which further settings it shows, where half the default or the like would be
 * no legal value, or pin-on-map's first operations do not make it show.  A parameter that is not here must
 * show in them.
 */
static const struct {
	const char *name, *value, *with;
} special[] = {
	{ "machine.guest_ram_bytes", "4 GiB", NESTED FEW },
	{ "machine.host_page_lg2", "12", NESTED FEW },
	{ "machine.host_cores", "1", PIN BUSY "replay.max_operations=2500" },
	{ "machine.pin_batch_pages", "256", NESTED FEW },
	{ "machine.memlock_limit_bytes", NULL, "" }, /* its own test */
	{ "machine.guest_low_bytes", NULL, "" },     /* its own test */
	{ "machine.container_per_device", "true", "schemes=passthrough " FEW },
	{ "machine.map_block_bytes", "2 MiB", NESTED FEW },
	{ "machine.dma_entry_limit", NULL, "" }, /* its own test */
	{ "unplug.bytes", "4 MiB", NESTED FEW "machine.guest_ram_bytes=4GiB" },
	{ "unplug.at", NULL, "" } /* its own test, in guest_memory.c */,
	{ "unplug.block_bytes", "1 MiB", UNPLUG },
	{ "unplug.split", "true", UNPLUG },
	{ "update.kind", "cold", UPDATE },
	{ "update.at", NULL, "" }, /* its own test, in update.c */
	{ "update.kernel", "5.15", UPDATE " update.kind=exec" },
	{ "update.mediated_period", "50 us", UPDATE },
	{ "timing.host.guest_access", "911 ns", UPDATE " update.mediated_period=50us" },
	{ "timing.handover.save", "911 ns", UPDATE " update.kind=exec" },
	{ "timing.handover.load", "911 ns", UPDATE " update.kind=exec" },
	{ "timing.handover.exec", "911 ns", UPDATE " update.kind=exec" },
	{ "timing.handover.kexec", "911 ns", UPDATE " update.kind=keepalive" },
	{ "timing.handover.preserve_table", "911 ns", UPDATE " update.kind=keepalive" },
	{ "timing.handover.device_reset", "911 ns", UPDATE " update.kind=cold" },
	{ "replay.strict", NULL, "" }, /* its own test */
	{ "replay.flush_queue_entries", "16", NESTED BUSY "replay.max_operations=2500 schemes.nested.unmap=deferred" },
	{ "replay.flush_period", "50 us", NESTED "schemes.nested.unmap=deferred" },
	{ "iommu.iotlb_entries", "8", PIN BUSY "iommu.iotlb_ways=1 iommu.iotlb_entries=128" },
	{ "iommu.iotlb_ways", "1", CROWDED },
	{ "iommu.iotlb_partitions", "2", NESTED BUSY "iommu.iotlb_entries=16 iommu.iotlb_ways=8 iommu.walk_ways=1" },
	{ "iommu.device_entries", "0", PIN FEW },
	{ "iommu.device_ways", "1", PIN BUSY "replay.max_operations=2500 iommu.device_entries=2 iommu.device_ways=2" },
	{ "iommu.walk_entries.level0", "1", CROWDED },
	{ "iommu.walk_entries.level1", "1", CROWDED "iommu.walk_entries.level0=0" },
	{ "iommu.walk_entries.level2", "1", CROWDED "iommu.walk_entries.level0=0 iommu.walk_entries.level1=0" },
	{ "iommu.walk_entries.level3", "0",
	  PIN FEW "iommu.host_levels=5 iommu.walk_entries.level0=0 iommu.walk_entries.level1=0 "
		  "iommu.walk_entries.level2=0" },
	{ "iommu.walk_ways", "1", PIN BUSY "iommu.walk_entries.level0=2 iommu.walk_ways=2" },
	{ "iommu.walkers", "1", PIN BUSY },
	{ "iommu.host_levels", "5", PIN FEW },
	{ "iommu.guest_levels", "5", NESTED FEW },
	{ "iommu.replacement", "random", CROWDED },
	{ "hardware.queued_invalidation", "false", LEGACY },
	{ "hardware.write_buffer_flush", "true", LEGACY },
	{ "hardware.caching_mode", "true", PIN FEW },
	{ "hardware.page_selective", "false", PIN FEW },
	{ "hardware.address_mask_limit", "9", PIN FEW },
	{ "hardware.page_size_lg2", "12", PIN FEW },
	{ "hardware.input_width", "47", PIN FEW },
	{ "hardware.domain_bits", "8", PIN FEW },
	{ "hardware.fault_records", "7", PIN FEW },
	{ "hardware.scalable", "false", PIN FEW },
	{ "hardware.first_stage", "false", PIN FEW },
	{ "hardware.second_stage", "false", PIN FEW },
	{ "hardware.nested", "false", PIN FEW },
	{ "hardware.dirty_flags", "false", PIN FEW },
	{ "hardware.pasid_bits", "19", PIN FEW },
	{ "hardware.pass_through", "false", PIN FEW },
	{ "hardware.snoop_control", "false", PIN FEW },
	{ "hardware.device_tlb", "true", PIN FEW },
	{ "hardware.page_requests", "true", PIN FEW "hardware.device_tlb=true" },
	{ "hardware.protected_memory", "true", PIN FEW },
	{ "hardware.abort_dma", "true", PIN FEW },
	{ "virtual.queued_invalidation", "false", PIN FEW },
	{ "virtual.write_buffer_flush", "true", PIN FEW },
	{ "virtual.caching_mode", NULL, "" }, /* no scheme can do without it: capabilities.c */
	{ "virtual.page_selective", "false", PIN FEW },
	{ "virtual.address_mask_limit", "9", PIN FEW },
	{ "virtual.page_size_lg2", "12", PIN FEW },
	{ "virtual.input_width", "47", PIN FEW },
	{ "virtual.domain_bits", "8", PIN FEW },
	{ "virtual.fault_records", "2", PIN FEW },
	{ "virtual.pasid_bits", "19", NESTED FEW },
	{ "guest.sync_map_lock", "false", NESTED BUSY },
	{ "spapr.window", "dynamic", POWER },
	{ "spapr.window_bytes", "512 MiB", POWER },
	{ "spapr.page_lg2", "16", DYNAMIC },
	{ "spapr.levels", "2", DYNAMIC "iommu.iotlb_entries=16 iommu.iotlb_ways=16" },
	{ "spapr.kernel_page_lg2", "12", "schemes=spapr-v1 " FEW },
	{ "timing.host.hypercall", "911 ns", POWER },
	{ "timing.host.tce_check", "911 ns", POWER },
	{ "timing.host.tce_kill", "911 ns", POWER },
	{ "seed", "77", CROWDED "iommu.replacement=random" },
	{ "device.reads_in_flight", "1", NESTED BUSY },
	{ "device.writes_in_flight", "1", PIN BUSY },
	{ "device.nic_descriptor_batch", "3", PIN },
	{ "timing.guest.dma_direct_map", "911 ns", "schemes=passthrough " FEW },
	{ "timing.guest.dma_direct_unmap", "911 ns", "schemes=passthrough " FEW },
	{ "timing.guest.doorbell", "911 ns", "schemes=nested-hwq " FEW },
	{ "timing.guest.table_free", "911 ns", PIN "trace=whole.h5" },
	{ "timing.guest.entry_flush", "911 ns", PIN FEW "iommu.snoop=false" },
	{ "timing.guest.lock_handover", "911 ns", PIN BUSY },
	{ "timing.host.registration_find", "911 ns", "schemes=preregister " FEW },
	{ "timing.host.invalidate_forward", "911 ns", NESTED FEW },
	{ "timing.host.start_pin_page", "911 ns", NESTED FEW },
	{ "timing.host.register_read", "911 ns",
	  LEGACY "hardware.queued_invalidation=false replay.max_operations=500" },
	{ "timing.iommu.write_buffer_flush", "911 ns", LEGACY "hardware.write_buffer_flush=true" },
	{ "timing.iommu.memory_update", "911 ns", PIN FEW "iommu.dirty_tracking=true" },
	{ "timing.pcie.completion_interrupt", "911 ns", PIN BUSY },
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

/* The scenario with these settings and perhaps an assignment: its result, or NULL and *err. */
static struct result *result_with(const char *with, const char *assignment, struct err *err)
{
	struct scenario scenario;
	char tokens[512], path[128], out_path[128], *rest = tokens;
	bool good = true, interrupted;

	snprintf(tokens, sizeof(tokens), "%s", with);
	snprintf(path, sizeof(path), "%s/s.yaml", folder);
	snprintf(out_path, sizeof(out_path), "%s/r.h5", folder);
	ck_assert_msg(scenario_load(path, &scenario, err), "%s", err->text);
	for (char *token; good && (token = strtok_r(rest, " ", &rest)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%s", folder, token + strlen("trace="));
		if (strncmp(token, "trace=", strlen("trace=")) == 0)
			good = scenario_set_trace(&scenario, path, err);
		else if (strncmp(token, "schemes=", strlen("schemes=")) == 0)
			good = scenario_select_schemes(&scenario, token + strlen("schemes="), err);
		else
			good = scenario_set(&scenario, token, err);
	}

	struct run_options options = { .out_path = out_path };

	good = good && (!assignment || scenario_set(&scenario, assignment, err)) && scenario_check(&scenario, err) &&
	       run_scenario(&scenario, &options, &interrupted, err);
	scenario_fini(&scenario);
	return good ? result_open(out_path, err) : NULL;
}

/* Results without an assignment, each made once. */
static struct base {
	const char *with;
	struct result *result;
} bases[64];

static const struct result *base_with(const char *with)
{
	struct base *base = bases;
	struct err err = { 0 };

	while (base->with && strcmp(base->with, with) != 0)
		base++;
	ck_assert(base < bases + sizeof(bases) / sizeof(bases[0]) - 1);
	if (!base->with) {
		base->result = result_with(with, NULL, &err);
		ck_assert_msg(base->result != NULL, "%s: %s", with, err.text);
		base->with = with;
	}
	return base->result;
}

/* Does setting it change what the run measures?  Says so on stderr when not. */
static bool shows(const struct parameter *parameter, const struct config *config, FILE *nowhere)
{
	const char *with = PIN FEW;
	struct err err = { 0 };
	char value[64], assignment[128];

	other_value(parameter, config, value, sizeof(value));
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (strcmp(special[i].name, parameter->name) == 0) {
			if (!special[i].value)
				return true;
			with = special[i].with;
			snprintf(value, sizeof(value), "%s", special[i].value);
		}
	snprintf(assignment, sizeof(assignment), "%s=%s", parameter->name, value);

	const struct result *base = base_with(with);
	struct result *result = result_with(with, assignment, &err);

	if (!result) {
		fprintf(stderr, "%s %s: %s\n", assignment, with, err.text);
		return false;
	}
	bool differs = !compare_print(nowhere, base, result, 0);

	if (!differs)
		fprintf(stderr, "%s %s changes nothing\n", assignment, with);
	result_close(result);
	return differs;
}

START_TEST(setting_any_parameter_changes_the_result)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct scenario scenario = { 0 };
	struct err err = { 0 };
	char path[128];
	unsigned silent = 0;

	ck_assert_ptr_nonnull(nowhere);
	write_file("whole.txt", whole_tables);
	ck_assert_msg(iommusim("trace import whole.txt -o whole.h5") == 0, "%s", errors);
	write_file("s.yaml", "title: parameters\ntrace: " SAMPLES "/q-vtd-mixed.h5\nprofile: server-x86\nseed: 1\n"
			     "schemes: [pin-on-map, preregister, nested, nested-hwq, passthrough]\n"
			     "parameters: {replay.max_operations: 500}\n");
	snprintf(path, sizeof(path), "%s/s.yaml", folder);
	ck_assert_msg(scenario_load(path, &scenario, &err), "%s", err.text);
	for (size_t i = 0; i < parameter_count; i++)
		silent += !shows(&parameters[i], &scenario.config, nowhere);
	ck_assert_uint_eq(silent, 0);
	for (struct base *base = bases; base->with; base++)
		result_close(base->result);
	scenario_fini(&scenario);
	fclose(nowhere);
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
