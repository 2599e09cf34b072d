/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/meta.h"

#include <string.h>

#include "tests/suite.h"
#include "tests/traces/importing.h"

static void read_meta(struct meta *meta, const char *text)
{
	struct imported files;
	struct err err = { .kind = ERR_NONE };
	importing_begin(&files);
	bool ok = meta_read(meta, importing_write(&files, "guest-meta.txt", text, strlen(text)), &err);
	ck_assert_msg(ok, "%s", err.text);
	importing_end(&files);
}

START_TEST(sections_give_their_fields)
{
	struct meta meta;
	read_meta(&meta, "@@ uname\nLinux (none) 6.12.95 x86_64\n"
			 "@@ cmdline\nconsole=ttyS0 intel_iommu=on \n"
			 "@@ trace_clock\nlocal global [mono] boot\n"
			 "@@ stats per_cpu/cpu1/stats\nentries: 100\noverrun: 3\ncommit overrun: 4\nbytes: 9\ndropped "
			 "events: 5\n"
			 "@@ hypervisor\nQEMU Standard PC\n"
			 "@@ iommu_group 5 type=DMA devices=0000:00:1f.0 0000:00:1f.2\n0x0 0xffffff direct-relaxable\n"
			 "@@ iommu dmar0\naddress fed90000\ncap d2008c222f0686\necap f42\n"
			 "@@ iommu dmar1\ncap 1\necap 2\n"
			 "@@ pci 0000:00:1f.2 class=0x010601 id=0x8086:0x2922 dma_mask_bits=32 driver=\n"
			 "@@ format iommu\nname: map\n"
			 "@@ end\n");
	ck_assert_str_eq(meta.kernel, "Linux (none) 6.12.95 x86_64");
	ck_assert_str_eq(meta.command_line, "console=ttyS0 intel_iommu=on");
	ck_assert_str_eq(meta.trace_clock, "mono");
	ck_assert_str_eq(meta.hypervisor, "QEMU Standard PC");
	ck_assert_str_eq(meta.iommu, "dmar0 dmar1");
	ck_assert_uint_eq(meta.cpu_count, 1);
	ck_assert_uint_eq(meta.cpus[0].cpu, 1);
	ck_assert_uint_eq(meta.cpus[0].entries, 100);
	ck_assert_uint_eq(meta_lost_events(&meta), 12);
	ck_assert(meta.has_capability);
	ck_assert_uint_eq(meta.capability, UINT64_C(0xd2008c222f0686));
	ck_assert_uint_eq(meta.extended_capability, 0xf42);
	ck_assert_uint_eq(meta.device_count, 2);
	ck_assert_str_eq(meta.devices[1].name, "0000:00:1f.2");
	ck_assert_uint_eq(meta.devices[1].class_code, 0x010601);
	ck_assert_uint_eq(meta.devices[1].group, 5);
	ck_assert(!meta.has_policy);
	meta_fini(&meta);
}
END_TEST

START_TEST(a_text_without_sections_gives_nothing)
{
	struct meta meta;
	read_meta(&meta, "hello\n@@ \n@@ pci\n@@ pci 0000:00:1f.2\n@@ iommu_group\n@@ stats x\nentries: 4\n@@ iommu "
			 "ivhd0\ncap 1f03000f\n");
	ck_assert_uint_eq(meta.device_count, 0);
	ck_assert_uint_eq(meta.cpu_count, 0);
	ck_assert(!meta.has_capability); /* ivhd0 is no VT-d unit */
	ck_assert_str_eq(meta.kernel, "");
	meta_fini(&meta);
}
END_TEST

START_TEST(a_device_whose_name_is_too_long_is_passed_over_and_the_others_stay)
{
	/* 47 characters fit, 48 do not. */
	struct meta meta;
	read_meta(&meta,
		  "@@ pci 0000:00:04.0 class=0x010802 id=0x8086:0x5845\n"
		  "@@ pci a123456789b123456789c123456789d123456789e1234567 class=0x020000\n"
		  "@@ iommu_group 5 type=DMA devices=0000:00:04.0 a123456789b123456789c123456789d123456789e1234567 "
		  "a123456789b123456789c123456789d123456789e123456\n");
	ck_assert_uint_eq(meta.device_count, 2);
	ck_assert_str_eq(meta.devices[0].name, "0000:00:04.0");
	ck_assert_uint_eq(meta.devices[0].class_code, 0x010802);
	ck_assert_uint_eq(meta.devices[0].group, 5);
	ck_assert_str_eq(meta.devices[1].name, "a123456789b123456789c123456789d123456789e123456");
	ck_assert_uint_eq(meta.devices[1].group, 5);
	meta_fini(&meta);
}
END_TEST

START_TEST(the_log_says_when_invalidations_are_made)
{
	static const struct {
		const char *log;
		bool strict;
	} LOGS[] = {
		{ "iommu: DMA domain TLB invalidation policy: strict mode (set via kernel command line)", true },
		{ "iommu: DMA domain TLB invalidation policy: lazy mode", false },
		{ "iommu: DMA domain TLB invalidation policy: lazy mode\n[ 1.0] DMAR: IOMMU batching disallowed due to "
		  "virtualization",
		  true },
		{ "iommu: DMA domain TLB invalidation policy: lazy mode\n[ 1.0] AMD-Vi: Using strict mode due to "
		  "virtualization",
		  true },
	};
	for (size_t i = 0; i < sizeof(LOGS) / sizeof(LOGS[0]); i++) {
		char text[400] = "@@ dmesg\n[    1.818573] ";
		struct meta meta;
		read_meta(&meta, strcat(strcat(text, LOGS[i].log), "\n@@ end\n"));
		ck_assert(meta.has_policy);
		ck_assert_msg(meta.strict == LOGS[i].strict, "%s", LOGS[i].log);
		meta_fini(&meta);
	}
}
END_TEST

START_TEST(scalable_mode_needs_both_the_wish_and_the_hardware)
{
	/* [VTD] "Extended Capability Register": SMTS is bit 43, FSTS (first-stage translation) bit 47. */
	static const struct {
		const char *ecap, *log;
		bool scalable, first_stage;
	} CASES[] = {
		{ "f42", "DMAR: Enable scalable mode if hardware supports", false, false },
		{ "480080000f42", "", false, false },
		{ "480080000f42", "DMAR: Enable scalable mode if hardware supports", true, false },
		{ "880000000f42", "DMAR: Enable scalable mode if hardware supports", true, true },
	};
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		char text[400] = "@@ iommu dmar0\ncap 1\necap ";
		struct meta meta;
		read_meta(&meta,
			  strcat(strcat(strcat(strcat(text, CASES[i].ecap), "\n@@ dmesg\n[ 0.1] "), CASES[i].log),
				 "\n"));
		ck_assert_int_eq(meta_scalable(&meta), CASES[i].scalable);
		ck_assert_int_eq(meta_first_stage(&meta), CASES[i].first_stage);
		meta_fini(&meta);
	}
}
END_TEST

START_TEST(the_log_names_the_machine_where_nothing_else_does)
{
	struct meta meta;
	read_meta(&meta, "@@ dmesg\n[    0.000000] DMI: QEMU Standard PC (Q35), BIOS 1.16.3\n");
	ck_assert_str_eq(meta.hypervisor, "QEMU Standard PC (Q35), BIOS 1.16.3");
	meta_fini(&meta);
	read_meta(&meta, "@@ dmesg\n[    0.000000] Machine model: linux,dummy-virt\n");
	ck_assert_str_eq(meta.hypervisor, "linux,dummy-virt");
	meta_fini(&meta);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sections_give_their_fields,
		a_text_without_sections_gives_nothing,
		a_device_whose_name_is_too_long_is_passed_over_and_the_others_stay,
		the_log_says_when_invalidations_are_made,
		scalable_mode_needs_both_the_wish_and_the_hardware,
		the_log_names_the_machine_where_nothing_else_does,
		NULL,
	};
	return suite_run("meta", tests);
}
