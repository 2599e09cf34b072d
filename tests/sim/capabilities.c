/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units that can do more or less: what changes in a run is what the capability says, and what no unit can have
 * together, or no scheme can do without, is refused by its parameter's name.
 */
#include <stdio.h>
#include <string.h>

#include "models/base/bits.h"
#include "tests/sim/command_line.h"

/* The small trace, or as much of it as shows everything. */
static void make_small(void)
{
	import_small();
	write_scenario("parameters: {replay.max_operations: 600}\n");
}

static struct result *run_with(const char *name, const char *arguments)
{
	char line[512];

	snprintf(line, sizeof(line), "run s.yaml -o %s --quiet %s", name, arguments);
	ck_assert_msg(iommusim(line) == 0, "%s: %s", arguments, errors);
	return open_result(name);
}

static uint64_t operations(const struct result *result, const char *scheme, enum result_op op)
{
	return scheme_named(result, scheme)->latency[op].count;
}

static uint64_t capability(const struct result *result, const char *scheme, enum result_capability which)
{
	return scheme_named(result, scheme)->capability[which];
}

/* Every scheme of b maps, unmaps and transfers what it does in a, and nothing else goes wrong on the way. */
static void check_same_work(const struct result *a, const struct result *b)
{
	for (size_t i = 0; i < result_scheme_count(b); i++) {
		const struct result_scheme *scheme = result_scheme(b, i);

		ck_assert_uint_gt(scheme->latency[RESULT_MAP].count, 0);
		ck_assert_uint_gt(scheme->latency[RESULT_UNMAP].count, 0);
		ck_assert_uint_eq(scheme->latency[RESULT_MAP].count, operations(a, scheme->name, RESULT_MAP));
		ck_assert_uint_eq(scheme->latency[RESULT_UNMAP].count, operations(a, scheme->name, RESULT_UNMAP));
		ck_assert_uint_eq(scheme->counter[COUNT_TLPS], counted(a, scheme->name, COUNT_TLPS));
		ck_assert_uint_eq(scheme->counter[COUNT_FAULTS], counted(a, scheme->name, COUNT_FAULTS));
		ck_assert_uint_eq(scheme->counter[COUNT_STALE_USED], counted(a, scheme->name, COUNT_STALE_USED));
		ck_assert_uint_eq(scheme->counter[COUNT_OPERATIONS_SKIPPED],
				  counted(a, scheme->name, COUNT_OPERATIONS_SKIPPED));
		ck_assert_uint_eq(scheme->counter[COUNT_INTERRUPTS], 0);
	}
}

#define LEGACY  "--set hardware.scalable=false --schemes pin-on-map,preregister,passthrough "
#define SHADOWS "--schemes pin-on-map,preregister "

/* A submission is an invalidation and a wait; a register command needs no wait. */
START_TEST(a_host_without_a_queue_gives_each_invalidation_by_register)
{
	make_small();
	struct result *a = run_with("a.h5", ""),
		      *b = run_with("b.h5", LEGACY "--set hardware.queued_invalidation=false");

	check_same_work(a, b);
	for (size_t i = 0; i < 2; i++) {
		const char *scheme = result_scheme(b, i)->name;

		ck_assert_uint_gt(counted(a, scheme, COUNT_HOST_COMMANDS), 0);
		ck_assert_uint_eq(counted(a, scheme, COUNT_HOST_REGISTER_COMMANDS), 0);
		ck_assert_uint_eq(counted(b, scheme, COUNT_HOST_COMMANDS), 0);
		ck_assert_uint_eq(counted(b, scheme, COUNT_READS_QUEUE), 0);
		ck_assert_uint_eq(2 * counted(b, scheme, COUNT_HOST_REGISTER_COMMANDS),
				  counted(a, scheme, COUNT_HOST_COMMANDS));
		ck_assert_uint_eq(counted(b, scheme, COUNT_VM_EXITS), counted(a, scheme, COUNT_VM_EXITS));
	}
	result_close(a);
	result_close(b);
}
END_TEST

/*
 * Every access exits: a page-selective flush writes the address and the command and reads it done; attaching
 * is a command of the context cache and one of the whole domain, each written and read.
 */
START_TEST(a_guest_without_a_queue_exits_at_each_register_access)
{
	make_small();
	struct result *a = run_with("a.h5", ""),
		      *b = run_with("b.h5", SHADOWS "--set virtual.queued_invalidation=false");

	check_same_work(a, b);
	for (size_t i = 0; i < 2; i++) {
		const char *scheme = result_scheme(b, i)->name;
		uint64_t commands = counted(b, scheme, COUNT_GUEST_REGISTER_COMMANDS);
		uint64_t attached = operations(b, scheme, RESULT_ATTACH);

		ck_assert_uint_gt(attached, 0);
		ck_assert_uint_eq(counted(b, scheme, COUNT_GUEST_COMMANDS), 0);
		ck_assert_uint_eq(2 * commands, counted(a, scheme, COUNT_GUEST_COMMANDS));
		ck_assert_uint_eq(counted(b, scheme, COUNT_VM_EXITS), 3 * (commands - 2 * attached) + 2 * 2 * attached);
		ck_assert_uint_eq(operations(b, scheme, RESULT_INVALIDATE), commands);
		/* The host hears the same of it. */
		ck_assert_uint_eq(counted(b, scheme, COUNT_IOCTLS), counted(a, scheme, COUNT_IOCTLS));
		ck_assert_uint_eq(counted(b, scheme, COUNT_HOST_COMMANDS), counted(a, scheme, COUNT_HOST_COMMANDS));
	}
	result_close(a);
	result_close(b);
}
END_TEST

/* Both come with each map of the host's table; only caching mode invalidates, with a wait. */
START_TEST(write_buffers_are_flushed_as_often_as_caching_mode_would_invalidate)
{
	make_small();
	struct result *a = run_with("a.h5", LEGACY), *b = run_with("b.h5", LEGACY "--set hardware.caching_mode=true"),
		      *c = run_with("c.h5", LEGACY "--set hardware.write_buffer_flush=true");

	check_same_work(a, b);
	check_same_work(a, c);
	for (size_t i = 0; i < 2; i++) {
		const char *scheme = result_scheme(a, i)->name;

		ck_assert_uint_ge(counted(c, scheme, COUNT_WRITE_BUFFER_FLUSHES), operations(c, scheme, RESULT_MAP));
		ck_assert_uint_eq(2 * counted(c, scheme, COUNT_WRITE_BUFFER_FLUSHES),
				  counted(b, scheme, COUNT_HOST_COMMANDS) - counted(a, scheme, COUNT_HOST_COMMANDS));
		ck_assert_uint_eq(counted(c, scheme, COUNT_HOST_COMMANDS), counted(a, scheme, COUNT_HOST_COMMANDS));
		ck_assert_uint_eq(counted(a, scheme, COUNT_WRITE_BUFFER_FLUSHES), 0);
	}
	result_close(a);
	result_close(b);
	result_close(c);
}
END_TEST

/* What is flushed by domain takes more out of the caches, in as many commands. */
START_TEST(without_page_selective_invalidation_whole_domains_are_flushed)
{
	static const char *const settings[] = { "--set hardware.page_selective=false",
						"--set hardware.address_mask_limit=1" };
	char both[256];

	make_small();
	struct result *a = run_with("a.h5", SHADOWS "--set replay.think_time=0");

	snprintf(both, sizeof(both), SHADOWS "--set replay.think_time=0 %s", settings[_i]);
	struct result *b = run_with("b.h5", both);

	check_same_work(a, b);
	ck_assert_uint_eq(counted(b, "pin-on-map", COUNT_HOST_COMMANDS), counted(a, "pin-on-map", COUNT_HOST_COMMANDS));
	if (_i == 0) {
		ck_assert_uint_gt(counted(b, "pin-on-map", COUNT_ENTRIES_INVALIDATED),
				  counted(a, "pin-on-map", COUNT_ENTRIES_INVALIDATED));
		ck_assert_uint_gt(counted(b, "pin-on-map", COUNT_IOTLB_MISSES),
				  counted(a, "pin-on-map", COUNT_IOTLB_MISSES));
	} else {
		ck_assert_uint_ge(counted(b, "pin-on-map", COUNT_ENTRIES_INVALIDATED),
				  counted(a, "pin-on-map", COUNT_ENTRIES_INVALIDATED));
	}
	result_close(a);
	result_close(b);
}
END_TEST

START_TEST(the_host_builds_the_stage_that_the_unit_has)
{
	make_small();
	struct result *a = run_with("a.h5", ""),
		      *b = run_with("b.h5", "--schemes pin-on-map,passthrough --set hardware.second_stage=false"),
		      *c = run_with("c.h5", "--schemes pin-on-map,passthrough --set hardware.first_stage=false");

	check_same_work(a, b);
	check_same_work(a, c);
	for (size_t i = 0; i < 2; i++) {
		const char *scheme = result_scheme(b, i)->name;

		ck_assert_uint_eq(counted(b, scheme, COUNT_READS_SECOND_STAGE), 0);
		ck_assert_uint_gt(counted(b, scheme, COUNT_READS_FIRST_STAGE), 0);
		ck_assert_uint_eq(counted(c, scheme, COUNT_READS_FIRST_STAGE), 0);
		ck_assert_uint_gt(counted(c, scheme, COUNT_READS_SECOND_STAGE), 0);
	}
	result_close(a);
	result_close(b);
	result_close(c);
}
END_TEST

/* Guest memory is mapped at start in the largest leaves: with smaller ones a walk reads more entries. */
START_TEST(smaller_pages_make_longer_walks)
{
	make_small();
	struct result *a = run_with("a.h5", "--schemes passthrough"),
		      *b = run_with("b.h5", "--schemes passthrough --set hardware.page_size_lg2=12");

	check_same_work(a, b);
	ck_assert_uint_gt(counted(b, "passthrough", COUNT_READS_SECOND_STAGE),
			  counted(a, "passthrough", COUNT_READS_SECOND_STAGE));
	result_close(a);
	result_close(b);
}
END_TEST

/* [VTD] "Capability Register", "Extended Capability Register": the fields as the parameters set them. */
START_TEST(the_result_says_which_units_were_simulated)
{
	make_small();
	struct result *r = run_with(
		"a.h5",
		"--set hardware.fault_records=3 --set hardware.domain_bits=8 --set hardware.page_size_lg2=21 "
		"--set hardware.address_mask_limit=9 --set hardware.input_width=47 --set hardware.pasid_bits=15 "
		"--set hardware.device_tlb=true --set virtual.fault_records=5 --set virtual.domain_bits=4");
	uint64_t cap = capability(r, "nested", CAPABILITY_HARDWARE);
	uint64_t ecap = capability(r, "nested", CAPABILITY_HARDWARE_EXTENDED);

	ck_assert_uint_eq(cap & BITS64(2, 0), 2);                     /* ND */
	ck_assert_uint_eq(cap >> 7 & 1, 0);                           /* CM */
	ck_assert_uint_eq(cap >> 16 & 0x3f, 46);                      /* MGAW */
	ck_assert_uint_eq(cap >> 34 & 0xf, 1);                        /* SSLPS */
	ck_assert_uint_eq(cap >> 40 & 0xff, 2);                       /* NFR */
	ck_assert_uint_eq(cap >> 48 & 0x3f, 9);                       /* MAMV */
	ck_assert_uint_eq(cap >> 56 & 1, 0);                          /* FS1GP */
	ck_assert_uint_eq(ecap & (1 << 1 | 1 << 2), 1 << 1 | 1 << 2); /* QI, DT */
	ck_assert_uint_eq(ecap >> 35 & 0x1f, 14);                     /* PSS */
	ck_assert_uint_eq(ecap >> 43 & 1, 1);                         /* SMTS */
	cap = capability(r, "pin-on-map", CAPABILITY_VIRTUAL);
	ck_assert_uint_eq(cap & BITS64(2, 0), 0);
	ck_assert_uint_eq(cap >> 7 & 1, 1);
	ck_assert_uint_eq(cap >> 40 & 0xff, 4);
	ck_assert_uint_eq(capability(r, "pin-on-map", CAPABILITY_VIRTUAL_EXTENDED) >> 43 & 1, 0);
	ck_assert_uint_eq(capability(r, "nested", CAPABILITY_VIRTUAL_EXTENDED) >> 43 & 1, 1);
	ck_assert_uint_eq(capability(r, "passthrough", CAPABILITY_VIRTUAL), 0);
	result_close(r);
	ck_assert_msg(iommusim("run s.yaml -o b.h5 --json --schemes passthrough") == 0, "%s", errors);
	ck_assert_ptr_nonnull(strstr(out, "\"hardware_cap\": \"0x"));
	/* Other bits are a difference, however large the tolerance. */
	ck_assert_int_eq(iommusim("compare a.h5 b.h5 --tolerance 1000"), 1);
	ck_assert_ptr_nonnull(strstr(out, "other bits"));
}
END_TEST

/* ---- what is refused ---- */

static const struct {
	const char *arguments, *message;
} impossible[] = {
	{ "--set hardware.queued_invalidation=false",
	  "hardware.queued_invalidation = false: needs hardware.scalable = false: " },
	{ "--set hardware.write_buffer_flush=true",
	  "hardware.write_buffer_flush = true: needs hardware.scalable = false: " },
	{ LEGACY "--set hardware.queued_invalidation=false --set hardware.device_tlb=true",
	  "hardware.device_tlb = true: needs hardware.queued_invalidation = true: " },
	{ "--set hardware.page_requests=true", "hardware.page_requests = true: needs hardware.device_tlb = true: " },
	{ LEGACY "--set hardware.page_requests=true --set hardware.device_tlb=true",
	  "hardware.page_requests = true: needs hardware.scalable = true: " },
	{ LEGACY "--set iommu.dirty_tracking=true", "iommu.dirty_tracking = true: needs hardware.scalable = true: " },
	{ "--set iommu.dirty_tracking=true --set hardware.dirty_flags=false",
	  "iommu.dirty_tracking = true: needs hardware.dirty_flags = true: " },
	{ "--set hardware.first_stage=false --set hardware.second_stage=false",
	  "hardware.second_stage = false: needs hardware.first_stage = true or hardware.scalable = false: " },
	{ "--set hardware.scalable=false", "hardware.scalable = false: scheme 'nested' needs true: " },
	{ "--set hardware.nested=false", "hardware.nested = false: scheme 'nested' needs true: " },
	{ "--set hardware.first_stage=false", "hardware.first_stage = false: scheme 'nested' needs true: " },
	{ "--set hardware.second_stage=false", "hardware.second_stage = false: scheme 'nested' needs true: " },
	{ "--set virtual.caching_mode=false", "virtual.caching_mode = false: scheme 'pin-on-map' needs true: " },
	{ "--set virtual.queued_invalidation=false",
	  "virtual.queued_invalidation = false: scheme 'nested' needs true: " },
	{ "--set virtual.write_buffer_flush=true", "virtual.write_buffer_flush = true: scheme 'nested' needs false: " },
	{ "--set iommu.guest_levels=3", "iommu.guest_levels = 3: scheme 'nested' needs 4 or 5: " },
	{ "--set hardware.page_size_lg2=22", "hardware.page_size_lg2 = 22: must be 12 " },
	{ "--set virtual.domain_bits=7", "virtual.domain_bits = 7: must be even: " },
	{ "--set hardware.input_width=40", "hardware.input_width = 40: must be 0 or 46 to 48, " },
	{ "--set hardware.input_width=50", "hardware.input_width = 50: must be 0 or 46 to 48, " },
	{ "--set virtual.input_width=50", "virtual.input_width = 50: must be 0 or 36 to 48, " },
	{ "--set virtual.input_width=36 --set machine.guest_ram_bytes=64GiB", "machine.guest_ram_bytes = " },
};
#define IMPOSSIBLE (int)(sizeof(impossible) / sizeof(impossible[0]))

START_TEST(what_cannot_be_together_is_refused_in_one_line_by_its_name)
{
	make_small();
	for (int i = 0; i < IMPOSSIBLE; i++) {
		char line[512];

		snprintf(line, sizeof(line), "run s.yaml -o a.h5 --quiet %s", impossible[i].arguments);
		ck_assert_msg(iommusim(line) == 2, "%s", impossible[i].arguments);
		ck_assert_int_eq(lines_in(errors), 1);
		ck_assert_msg(strstr(errors, impossible[i].message) != NULL, "%s: %s", impossible[i].arguments, errors);
	}
	ck_assert_uint_eq(files_like("a.h5*"), 0);
}
END_TEST

START_TEST(a_guest_map_beyond_the_width_of_its_unit_is_refused_with_its_line)
{
	write_file("wide.txt",
		   "# entries-in-buffer/entries-written: 3/3   #P:1\n"
		   "  t-1  [000] .....  1.000000: add_device_to_group: IOMMU: groupID=1 device=0000:00:04.0\n"
		   "  t-1  [000] .....  1.000001: attach_device_to_domain: IOMMU: device=0000:00:04.0\n"
		   "  t-1  [000] .....  1.000002: map: IOMMU: iova=0x0000001000000000 - 0x0000001000001000 "
		   "paddr=0x0000000040001000 size=4096\n");
	ck_assert_msg(iommusim("trace import wide.txt -o t.h5") == 0, "%s", errors);
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --schemes pin-on-map --set virtual.input_width=37") == 0,
		      "%s", errors);
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --quiet --schemes pin-on-map --set virtual.input_width=36"), 2);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_ptr_nonnull(strstr(errors, "line 4 of the recording maps IOVA 0x1000000000"));
	ck_assert_ptr_nonnull(strstr(errors, "virtual.input_width"));
}
END_TEST

/* 16 identifiers, of which Linux keeps two: 15 devices in 15 groups are one too many. */
START_TEST(a_unit_without_a_domain_identifier_left_says_which_parameter_to_raise)
{
	static char text[16384] = "# entries-in-buffer/entries-written: 45/45   #P:1\n";
	size_t length = strlen(text);

	for (unsigned i = 0; i < 15; i++)
		length += (size_t)snprintf(
			text + length, sizeof(text) - length,
			"  t-1  [000] .....  1.%06u: add_device_to_group: IOMMU: groupID=%u device=0000:00:%02x.0\n"
			"  t-1  [000] .....  1.%06u: attach_device_to_domain: IOMMU: device=0000:00:%02x.0\n"
			"  t-1  [000] .....  1.%06u: map: IOMMU: iova=0x0000000080000000 - 0x0000000080001000 "
			"paddr=0x0000000040001000 size=4096\n"
			"  t-1  [000] .....  1.%06u: dma_map_page: 0000:00:%02x.0 dir=TO_DEVICE dma_addr=80000000 "
			"size=4096 phys_addr=40001000 attrs=\n",
			4 * i, i + 1, i + 1, 4 * i + 1, i + 1, 4 * i + 2, 4 * i + 3, i + 1);
	write_file("many.txt", text);
	ck_assert_msg(iommusim("trace import many.txt -o t.h5") == 0, "%s", errors);
	write_scenario("");
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet") == 0, "%s", errors);
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --quiet --schemes pin-on-map --set hardware.domain_bits=4"), 1);
	ck_assert_int_eq(lines_in(errors), 1);
	ck_assert_ptr_nonnull(strstr(errors, "all domain identifiers of hardware.domain_bits = 4 are taken: raise it"));
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --quiet --schemes nested --set hardware.domain_bits=4"), 1);
	ck_assert_ptr_nonnull(strstr(errors, "hardware.domain_bits = 4"));
	ck_assert_int_eq(iommusim("run s.yaml -o a.h5 --quiet --schemes pin-on-map --set virtual.domain_bits=4"), 1);
	ck_assert_ptr_nonnull(strstr(errors, "virtual.domain_bits = 4"));
	/* One domain for all of them. */
	ck_assert_msg(iommusim("run s.yaml -o a.h5 --quiet --schemes passthrough --set hardware.domain_bits=4") == 0,
		      "%s", errors);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("capabilities");

	tcase_add_test(all, a_host_without_a_queue_gives_each_invalidation_by_register);
	tcase_add_test(all, a_guest_without_a_queue_exits_at_each_register_access);
	tcase_add_test(all, write_buffers_are_flushed_as_often_as_caching_mode_would_invalidate);
	tcase_add_loop_test(all, without_page_selective_invalidation_whole_domains_are_flushed, 0, 2);
	tcase_add_test(all, the_host_builds_the_stage_that_the_unit_has);
	tcase_add_test(all, smaller_pages_make_longer_walks);
	tcase_add_test(all, the_result_says_which_units_were_simulated);
	tcase_add_test(all, what_cannot_be_together_is_refused_in_one_line_by_its_name);
	tcase_add_test(all, a_guest_map_beyond_the_width_of_its_unit_is_refused_with_its_line);
	tcase_add_test(all, a_unit_without_a_domain_identifier_left_says_which_parameter_to_raise);
	return run_cases("sim/capabilities", &all, 1);
}
