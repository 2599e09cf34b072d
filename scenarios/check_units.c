/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the capabilities of the hardware's and the guest's IOMMU need of each other, and what each scheme
 * needs of them.  [VTD] "Capability Register", "Extended Capability Register".
 */
#include <stdio.h>
#include <string.h>

#include "scenarios/check.h"

/* ---- widths ---- */

/* Of a table with so many levels, bits. */
static unsigned width_of(uint32_t levels)
{
	return PAGE_LG2 + 9 * levels;
}

unsigned config_host_width(const struct config *config)
{
	return config->hardware.input_width ? config->hardware.input_width : width_of(config->iommu.host_levels);
}

unsigned config_guest_width(const struct config *config)
{
	return config->virtual.input_width ? config->virtual.input_width : width_of(config->iommu.guest_levels);
}

unsigned config_guest_address_width(const struct config *config)
{
	unsigned width = config_guest_width(config);

	return width < HOST_ADDRESS_WIDTH ? width : HOST_ADDRESS_WIDTH;
}

static bool is_on(const struct scenario *scenario, const char *name)
{
	return parameter_value(parameter_find(name), &scenario->config) != 0;
}

/* ---- one switch needs another ---- */

static const struct need {
	const char *name;
	bool value; /* this one needs ... */
	const char *other;
	bool other_value;
	const char *why;
} needs[] = {
	{ "hardware.queued_invalidation", false, "hardware.scalable", false,
	  "scalable mode invalidates by queue only" },
	{ "hardware.device_tlb", true, "hardware.queued_invalidation", true,
	  "device-TLBs are invalidated by queue only" },
	{ "hardware.page_requests", true, "hardware.device_tlb", true, "who asks for pages translates with ATS" },
	{ "hardware.page_requests", true, "hardware.scalable", true, "page requests are scalable mode's" },
	{ "hardware.write_buffer_flush", true, "hardware.scalable", false,
	  "a unit with scalable mode needs no such flush" },
	{ "iommu.dirty_tracking", true, "iommu.snoop", true, "only walkers that snoop set flags" },
	{ "iommu.dirty_tracking", true, "hardware.scalable", true, "the flags are switched on in PASID entries" },
	{ "iommu.dirty_tracking", true, "hardware.second_stage", true, "the flags are the second stage's" },
	{ "iommu.dirty_tracking", true, "hardware.dirty_flags", true, "the unit must be able to" },
};

static bool check_needs(const struct scenario *scenario, struct err *err)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const struct need *need = &needs[i];
		char problem[160];

		if (is_on(scenario, need->name) != need->value || is_on(scenario, need->other) == need->other_value)
			continue;
		snprintf(problem, sizeof(problem), "needs %s = %s: %s", need->other,
			 need->other_value ? "true" : "false", need->why);
		return check_refuse(scenario, need->name, problem, err);
	}
	if (scenario->config.hardware.scalable && !scenario->config.hardware.first_stage &&
	    !scenario->config.hardware.second_stage)
		return check_refuse(scenario, "hardware.second_stage",
				    "needs hardware.first_stage = true or hardware.scalable = false: no stage is left",
				    err);
	return true;
}

/* ---- numbers ---- */

static bool check_width(const struct scenario *scenario, const char *name, const char *levels_name, unsigned least,
			struct err *err)
{
	uint64_t width = parameter_value(parameter_find(name), &scenario->config);
	uint64_t levels = parameter_value(parameter_find(levels_name), &scenario->config);
	char problem[160];

	if (width == 0 || (width >= least && width <= width_of((uint32_t)levels)))
		return true;
	snprintf(problem, sizeof(problem), "must be 0 or %u to %u, what %s = %u hold", least,
		 width_of((uint32_t)levels), levels_name, (unsigned)levels);
	return check_refuse(scenario, name, problem, err);
}

static bool check_numbers(const struct scenario *scenario, struct err *err)
{
	static const char *const sizes[] = { "hardware.page_size_lg2", "virtual.page_size_lg2" };
	static const char *const ids[] = { "hardware.domain_bits", "virtual.domain_bits" };

	for (size_t i = 0; i < 2; i++) {
		uint64_t size = parameter_value(parameter_find(sizes[i]), &scenario->config);

		if (size != 12 && size != 21 && size != 30)
			return check_refuse(scenario, sizes[i], "must be 12 (4 KiB), 21 (2 MiB) or 30 (1 GiB)", err);
		if (parameter_value(parameter_find(ids[i]), &scenario->config) % 2 != 0)
			return check_refuse(scenario, ids[i], "must be even: ND counts in steps of two bits", err);
	}
	return check_width(scenario, "hardware.input_width", "iommu.host_levels", HOST_ADDRESS_WIDTH, err) &&
	       check_width(scenario, "virtual.input_width", "iommu.guest_levels", 36, err);
}

/* Where the guest's memory ends. */
static uint64_t guest_end(const struct config *config)
{
	uint64_t low = config->machine.guest_low_bytes, ram = config->machine.guest_ram_bytes;

	return ram > low ? ram - low + GUEST_HIGH : ram;
}

/* ---- POWER ---- */

/* [QEMU] spapr_phb_dma_window: 4 KiB; [LINUX] pnv_pci_ioda2_setup_default_config: 2 GiB below the host's MMIO. */
static bool check_spapr(const struct scenario *scenario, const struct scheme *scheme, struct err *err)
{
	const struct config *config = &scenario->config;
	bool is_dynamic = config->spapr.window != SPAPR_WINDOW_DEFAULT;
	uint32_t page_lg2 = config->spapr.page_lg2, kernel_page_lg2 = config->spapr.kernel_page_lg2;

	if (page_lg2 != 12 && page_lg2 != 16 && page_lg2 != 21 && page_lg2 != 30)
		return check_refuse(scenario, "spapr.page_lg2",
				    "must be 12 (4 KiB), 16 (64 KiB), 21 (2 MiB) or 30 (1 GiB)", err);
	if (kernel_page_lg2 != 12 && kernel_page_lg2 != 16)
		return check_refuse(scenario, "spapr.kernel_page_lg2", "must be 12 (4 KiB) or 16 (64 KiB)", err);
	if ((config->spapr.window_bytes & (config->spapr.window_bytes - 1)) != 0)
		return check_refuse(scenario, "spapr.window_bytes", "must be a power of two", err);
	if (!is_dynamic && page_lg2 != 12)
		return check_refuse(scenario, "spapr.page_lg2", "the default window has 12: set spapr.window = dynamic",
				    err);
	if (!is_dynamic && config->spapr.window_bytes > UINT64_C(2) << 30)
		return check_refuse(scenario, "spapr.window_bytes",
				    "the default window ends at 2 GiB: set spapr.window = dynamic", err);
	if (config->spapr.window_bytes >> page_lg2 < 16)
		return check_refuse(scenario, "spapr.window_bytes", "must be 16 pages of spapr.page_lg2 or more", err);
	if (config->spapr.window == SPAPR_WINDOW_DIRECT && config->spapr.window_bytes < guest_end(config))
		return check_refuse(scenario, "spapr.window_bytes",
				    "a direct window holds all of the guest's memory: raise it or lower "
				    "machine.guest_ram_bytes",
				    err);
	if (is_dynamic && scheme->backend == SCHEME_SPAPR_V1)
		return check_refuse(scenario, "spapr.window", "VFIO's sPAPR driver v1 has the default window only",
				    err);
	/* [LINUX] tce_page_is_contained, mm_iommu_ua_to_hpa: a TCE maps what is in one page of the host. */
	if (kernel_page_lg2 > config->machine.host_page_lg2)
		return check_refuse(scenario, "machine.host_page_lg2", "must be spapr.kernel_page_lg2 or more", err);
	if (page_lg2 > config->machine.host_page_lg2)
		return check_refuse(scenario, "spapr.page_lg2",
				    "must be machine.host_page_lg2 or less: a TCE lies in one page of the host", err);
	return true;
}

/* The guest's unit takes no address beyond its own width, so its memory may not lie there. */
static bool check_guest_memory(const struct scenario *scenario, struct err *err)
{
	const struct config *config = &scenario->config;
	unsigned width = config_guest_address_width(config);
	char problem[160];

	if (guest_end(config) <= UINT64_C(1) << width)
		return true;
	snprintf(problem, sizeof(problem),
		 "reaches beyond the %u bits of the guest's IOMMU: raise virtual.input_width or iommu.guest_levels",
		 width);
	return check_refuse(scenario, "machine.guest_ram_bytes", problem, err);
}

/* ---- schemes ---- */

static const struct scheme_need {
	enum scheme_translation translation;
	const char *name;
	bool value;
} scheme_needs[] = {
	{ SCHEME_SHADOW, "virtual.caching_mode", true },        { SCHEME_NESTED, "virtual.caching_mode", true },
	{ SCHEME_NESTED, "virtual.queued_invalidation", true }, { SCHEME_NESTED, "virtual.write_buffer_flush", false },
	{ SCHEME_NESTED, "hardware.scalable", true },           { SCHEME_NESTED, "hardware.first_stage", true },
	{ SCHEME_NESTED, "hardware.second_stage", true },       { SCHEME_NESTED, "hardware.nested", true },
};

static bool check_scheme(const struct scenario *scenario, const struct scheme *scheme, struct err *err)
{
	char problem[160];

	for (size_t i = 0; i < sizeof(scheme_needs) / sizeof(scheme_needs[0]); i++) {
		const struct scheme_need *need = &scheme_needs[i];

		if (need->translation != scheme->translation || is_on(scenario, need->name) == need->value)
			continue;
		snprintf(problem, sizeof(problem), "scheme '%s' needs %s: set it so or leave the scheme out",
			 scheme->name, need->value ? "true" : "false");
		return check_refuse(scenario, need->name, problem, err);
	}
	if (scheme->translation == SCHEME_PARAVIRT)
		return check_spapr(scenario, scheme, err);
	if (scheme->translation != SCHEME_NESTED || scenario->config.iommu.guest_levels > 3)
		return true;
	snprintf(problem, sizeof(problem), "scheme '%s' needs 4 or 5: the guest's table is a first stage",
		 scheme->name);
	return check_refuse(scenario, "iommu.guest_levels", problem, err);
}

bool check_units(const struct scenario *scenario, struct err *err)
{
	if (!check_needs(scenario, err) || !check_numbers(scenario, err))
		return false;
	for (size_t i = 0; i < scenario->scheme_count; i++) {
		if (!check_scheme(scenario, &scenario->scheme[i], err))
			return false;
		enum scheme_translation translation = scenario->scheme[i].translation;
		bool sees_unit = translation == SCHEME_SHADOW || translation == SCHEME_NESTED;

		if (sees_unit && !check_guest_memory(scenario, err))
			return false;
	}
	return true;
}
