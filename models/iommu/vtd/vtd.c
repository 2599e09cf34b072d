/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/vtd/vtd.h"

#include <stdlib.h>

#include "models/base/require.h"
#include "models/iommu/vtd/describe.h"
#include "models/iommu/vtd/unit.h"

static void destroy(struct iommu *iommu)
{
	struct vtd *unit = (struct vtd *)iommu;

	pipeline_fini(&unit->pipeline);
	cache_destroy(unit->contexts.cache);
	cache_destroy(unit->pasids.cache);
	free(unit);
}

static const struct iommu_ops vtd_ops = {
	.family = "vtd",
	.translate_begin = vtd_translate_begin,
	.translate_feed = vtd_translate_feed,
	.command_begin = vtd_command_begin,
	.command_feed = vtd_command_feed,
	.device_answered = vtd_device_answered,
	.register_read = vtd_register_read,
	.register_write = vtd_register_write,
	.destroy = destroy,
	.describe = &vtd_describe_ops,
};

/* ---- capabilities ---- */

void vtd_capabilities(const struct vtd_features *features, struct vtd_config *config)
{
	unsigned levels = features->second_stage_levels;
	bool large = features->page_size_limit_lg2 >= 21, huge = features->page_size_limit_lg2 >= 30;
	unsigned width = features->input_width ? features->input_width : pt_entry_lg2(levels);
	unsigned mask = features->address_mask_limit ? features->address_mask_limit : 18;
	unsigned pasid_bits = features->pasid_bits ? features->pasid_bits : 20;
	uint64_t cap = FIELD_PUT(VTD_CAP_ND, (features->domain_bits - 4) / 2) | VTD_CAP_ZLR | VTD_CAP_DWD |
		       VTD_CAP_DRD | FIELD_PUT(VTD_CAP_FRO, VTD_FAULT_RECORDS_OFFSET / 16) |
		       FIELD_PUT(VTD_CAP_NFR, features->fault_records - 1) | FIELD_PUT(VTD_CAP_MGAW, width - 1) |
		       VTD_CAP_SAGAW_39;
	uint64_t ecap = FIELD_PUT(VTD_ECAP_IRO, VTD_IOTLB_REGISTERS_OFFSET / 16);

	cap |= levels >= 4 ? VTD_CAP_SAGAW_48 : 0;
	cap |= levels >= 5 ? VTD_CAP_SAGAW_57 : 0;
	cap |= large ? VTD_CAP_SSLPS_2M : 0;
	cap |= huge ? VTD_CAP_SSLPS_1G : 0;
	cap |= features->caching_mode ? VTD_CAP_CM : 0;
	cap |= features->write_buffer_flush ? VTD_CAP_RWBF : 0;
	cap |= features->protected_memory ? VTD_CAP_PLMR | VTD_CAP_PHMR : 0;
	cap |= features->no_page_selective ? 0 : VTD_CAP_PSI | FIELD_PUT(VTD_CAP_MAMV, mask);
	ecap |= features->queued_invalidation ? VTD_ECAP_QI : 0;
	ecap |= features->pass_through ? VTD_ECAP_PT : 0;
	ecap |= features->snoop_control ? VTD_ECAP_SC : 0;
	ecap |= features->device_tlb ? VTD_ECAP_DT : 0;
	ecap |= features->non_coherent_walks ? 0 : VTD_ECAP_C;
	ecap |= features->abort_dma ? VTD_ECAP_ADMS : 0;
	if (features->scalable) {
		cap |= huge && !features->no_first_stage ? VTD_CAP_FS1GP : 0;
		cap |= features->first_stage_levels >= 5 && !features->no_first_stage ? VTD_CAP_FS5LP : 0;
		ecap |= VTD_ECAP_SMTS | VTD_ECAP_PASID | VTD_ECAP_RPS | VTD_ECAP_SRS |
			FIELD_PUT(VTD_ECAP_PSS, pasid_bits - 1);
		ecap |= features->no_first_stage ? 0 : VTD_ECAP_FSTS;
		ecap |= features->no_second_stage ? 0 : VTD_ECAP_SSTS;
		ecap |= features->page_requests ? VTD_ECAP_PRS | VTD_ECAP_PDS : 0;
		ecap |= features->execute_requests ? VTD_ECAP_ERS : 0;
		ecap |= features->non_coherent_walks ? 0 : VTD_ECAP_SMPWC;
		ecap |= features->nested && !features->no_first_stage && !features->no_second_stage ? VTD_ECAP_NEST : 0;
		ecap |= features->second_stage_flags ? VTD_ECAP_SSADS : 0;
	}
	config->capability = cap;
	config->extended_capability = ecap;
	config->host_address_width = features->host_address_width;
}

/* ---- creation ---- */

/* What this model has no registers or requests for, and reserved bits. */
#define CAP_ABSENT \
	(VTD_CAP_RSVD_3 | VTD_CAP_SAGAW_RSVD_8 | VTD_CAP_SAGAW_RSVD_12 | VTD_CAP_RSVD_15_13 | VTD_CAP_RSVD_23 | \
	 VTD_CAP_SSLPS_RSVD | VTD_CAP_RSVD_38 | VTD_CAP_RSVD_58_57 | VTD_CAP_PI | VTD_CAP_ECMDS | VTD_CAP_ESIRTPS)
#define ECAP_ABSENT \
	(VTD_ECAP_IR | VTD_ECAP_EIM | VTD_ECAP_RSVD_5 | VTD_ECAP_RSVD_19_18 | VTD_ECAP_MHMV | VTD_ECAP_RSVD_24 | \
	 VTD_ECAP_MTS | VTD_ECAP_RSVD_28_27 | VTD_ECAP_RSVD_32 | VTD_ECAP_VCS | VTD_ECAP_TDXCS | VTD_ECAP_PMS | \
	 VTD_ECAP_RSVD_54 | VTD_ECAP_HPTS | VTD_ECAP_SMS | VTD_ECAP_HPT1GPS | VTD_ECAP_RDTS | VTD_ECAP_EIMER | \
	 VTD_ECAP_IRREQ | VTD_ECAP_RSVD_63)

static bool overlap(unsigned a, unsigned a_bytes, unsigned b, unsigned b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* Registers of a fixed place end here. */
#define FIXED_REGISTERS_END 0x0f0u

static bool check_places(const struct vtd *unit, struct err *err)
{
	unsigned records_bytes = unit->fault_records * VTD_FAULT_RECORD_BYTES;

	if (unit->fault_offset < FIXED_REGISTERS_END || unit->fault_offset + records_bytes > VTD_REGISTER_BYTES)
		return err_set(err, ERR_USAGE, "capability: %u fault records at offset 0x%x (FRO, NFR) do not fit",
			       unit->fault_records, unit->fault_offset);
	if (unit->iotlb_offset < FIXED_REGISTERS_END || unit->iotlb_offset + 16 > VTD_REGISTER_BYTES)
		return err_set(err, ERR_USAGE, "extended_capability: IOTLB registers at offset 0x%x (IRO) do not fit",
			       unit->iotlb_offset);
	if (overlap(unit->fault_offset, records_bytes, unit->iotlb_offset, 16))
		return err_set(err, ERR_USAGE,
			       "extended_capability: IOTLB registers at offset 0x%x (IRO) lie in the fault records",
			       unit->iotlb_offset);
	return true;
}

/* [VTD] "Capability Register", "Extended Capability Register": "report as Clear" where another field is clear. */
static const struct dependency {
	uint64_t capability, extended_capability; /* the field */
	const char *name;
	uint64_t needs; /* of the extended capability */
	const char *needs_name;
} dependencies[] = {
	{ VTD_CAP_FS1GP, 0, "FS1GP", VTD_ECAP_FSTS, "FSTS" },
	{ VTD_CAP_FS5LP, 0, "FS5LP", VTD_ECAP_FSTS, "FSTS" },
	{ 0, VTD_ECAP_DT, "DT", VTD_ECAP_QI, "QI" },
	{ 0, VTD_ECAP_SMTS, "SMTS", VTD_ECAP_QI, "QI" },
	{ 0, VTD_ECAP_NEST, "NEST", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_NEST, "NEST", VTD_ECAP_FSTS, "FSTS" },
	{ 0, VTD_ECAP_NEST, "NEST", VTD_ECAP_SSTS, "SSTS" },
	{ 0, VTD_ECAP_PRS, "PRS", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_PRS, "PRS", VTD_ECAP_DT, "DT" },
	{ 0, VTD_ECAP_SRS, "SRS", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_RPRIVS, "RPRIVS", VTD_ECAP_SRS, "SRS" },
	{ 0, VTD_ECAP_NWFS, "NWFS", VTD_ECAP_DT, "DT" },
	{ 0, VTD_ECAP_DIT, "DIT", VTD_ECAP_DT, "DT" },
	{ 0, VTD_ECAP_PDS, "PDS", VTD_ECAP_DT, "DT" },
	{ 0, VTD_ECAP_PASID, "PASID", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_PSS, "PSS", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_FSTS, "FSTS", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_SMPWC, "SMPWC", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_SSADS, "SSADS", VTD_ECAP_SMPWC, "SMPWC" },
	{ 0, VTD_ECAP_EAFS, "EAFS", VTD_ECAP_FSTS, "FSTS" },
	{ 0, VTD_ECAP_EAFS, "EAFS", VTD_ECAP_SMPWC, "SMPWC" },
	{ 0, VTD_ECAP_RPS, "RPS", VTD_ECAP_SMTS, "SMTS" },
	{ 0, VTD_ECAP_PTRS, "PTRS", VTD_ECAP_DT, "DT" },
	{ 0, VTD_ECAP_PTRS, "PTRS", VTD_ECAP_PASID, "PASID" },
	{ 0, VTD_ECAP_SSIRWS, "SSIRWS", VTD_ECAP_SSTS, "SSTS" },
};

static bool check_dependencies(const struct vtd_config *config, struct err *err)
{
	for (unsigned i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++) {
		const struct dependency *field = &dependencies[i];

		if (!(config->capability & field->capability) &&
		    !(config->extended_capability & field->extended_capability))
			continue;
		if (!(config->extended_capability & field->needs))
			return err_set(err, ERR_USAGE, "%s: %s is set, which needs %s of extended_capability",
				       field->capability ? "capability" : "extended_capability", field->name,
				       field->needs_name);
	}
	return true;
}

void vtd_keep_modelled(struct vtd_config *config)
{
	uint64_t before;

	config->capability &= ~CAP_ABSENT;
	config->extended_capability &= ~ECAP_ABSENT;
	do { /* one may need another that needs a third */
		before = config->capability ^ config->extended_capability;
		for (unsigned i = 0; i < sizeof(dependencies) / sizeof(dependencies[0]); i++) {
			if (config->extended_capability & dependencies[i].needs)
				continue;
			config->capability &= ~dependencies[i].capability;
			config->extended_capability &= ~dependencies[i].extended_capability;
		}
	} while (before != (config->capability ^ config->extended_capability));
}

static unsigned widest(uint64_t capability)
{
	return capability & VTD_CAP_SAGAW_57 ? 57 : capability & VTD_CAP_SAGAW_48 ? 48 : 39;
}

static bool check_capability(const struct vtd_config *config, struct err *err)
{
	uint64_t capability = config->capability;
	unsigned width = (unsigned)FIELD_GET(VTD_CAP_MGAW, capability) + 1;

	if (!(capability & (VTD_CAP_SAGAW_39 | VTD_CAP_SAGAW_48 | VTD_CAP_SAGAW_57)))
		return err_set(err, ERR_USAGE, "capability: SAGAW names no address width");
	if (width > widest(capability))
		return err_set(err, ERR_USAGE, "capability: MGAW of %u bits, of which SAGAW allows %u", width,
			       widest(capability));
	if (FIELD_GET(VTD_CAP_ND, capability) == 7)
		return err_set(err, ERR_USAGE, "capability: ND = 7 is reserved");
	if ((capability & VTD_CAP_SSLPS_1G) && !(capability & VTD_CAP_SSLPS_2M))
		return err_set(err, ERR_USAGE, "capability: SSLPS has pages of 1 GiB without those of 2 MiB");
	if ((capability & VTD_CAP_RWBF) && (config->extended_capability & VTD_ECAP_SMTS))
		return err_set(err, ERR_USAGE, "capability: RWBF is set beside SMTS of extended_capability");
	if (FIELD_GET(VTD_ECAP_PSS, config->extended_capability) > 19)
		return err_set(err, ERR_USAGE, "extended_capability: PSS tells PASIDs of more than 20 bits");
	return true;
}

static bool check_config(const struct vtd_config *config, struct err *err)
{
	uint64_t absent = config->capability & CAP_ABSENT;
	uint64_t extended_absent = config->extended_capability & ECAP_ABSENT;

	if (absent)
		return err_set(err, ERR_USAGE,
			       "capability: bits 0x%llx are of features that are not modelled, clear them",
			       (unsigned long long)absent);
	if (extended_absent)
		return err_set(err, ERR_USAGE,
			       "extended_capability: bits 0x%llx are of features that are not modelled, clear them",
			       (unsigned long long)extended_absent);
	if (config->host_address_width < 36 || config->host_address_width > 52)
		return err_set(err, ERR_USAGE, "host_address_width = %u: must be 36 to 52", config->host_address_width);
	return check_capability(config, err) && check_dependencies(config, err);
}

static void set_rules(struct vtd *unit)
{
	unit->second_rules = (struct pt_rules){
		.output_width_lg2 = unit->host_address_width,
		.size_2m = unit->capability & VTD_CAP_SSLPS_2M,
		.size_1g = unit->capability & VTD_CAP_SSLPS_1G,
		.snoop_reserved = !(unit->extended_capability & VTD_ECAP_SC),
	};
	unit->first_rules = (struct pt_rules){
		.output_width_lg2 = unit->host_address_width,
		.size_2m = true,
		.size_1g = unit->capability & VTD_CAP_FS1GP,
		.accessed_dirty = true,
	};
}

/*
 * 1.0: as QEMU's unit.  A unit of major version 2 and up always drains and blocks all requests to protected memory,
 * one of 6 and up has no invalidation through registers.
 */
#define DEFAULT_VERSION 0x10u

struct iommu *vtd_create(const struct vtd_config *config, struct err *err)
{
	if (!check_config(config, err))
		return NULL;

	struct vtd *unit = calloc(1, sizeof(*unit));

	REQUIRE(unit);
	unit->capability = config->capability;
	unit->extended_capability = config->extended_capability;
	unit->host_address_width = config->host_address_width;
	unit->collapses_faults = config->collapses_faults;
	unit->domain_mask = (uint16_t)(BIT64(4 + 2 * FIELD_GET(VTD_CAP_ND, config->capability)) - 1);
	unit->mgaw = (unsigned)FIELD_GET(VTD_CAP_MGAW, config->capability) + 1;
	unit->fault_records = (unsigned)FIELD_GET(VTD_CAP_NFR, config->capability) + 1;
	unit->fault_offset = (unsigned)FIELD_GET(VTD_CAP_FRO, config->capability) * 16;
	unit->iotlb_offset = (unsigned)FIELD_GET(VTD_ECAP_IRO, config->extended_capability) * 16;
	set_rules(unit);

	bool is_good =
		check_places(unit, err) && pipeline_init(&unit->pipeline, &vtd_ops, &config->caches, config->seed, err);

	if (is_good) {
		unit->contexts.cache = pipeline_cache_create("device", &config->caches.device, config->seed + 100, err);
		unit->pasids.cache = pipeline_cache_create("device", &config->caches.device, config->seed + 101, err);
	}
	if (!is_good || !unit->contexts.cache || !unit->pasids.cache) {
		destroy(&unit->pipeline.iommu);
		return NULL;
	}
	unit->route.key = VTD_NO_ROUTE;
	vtd_registers_reset(unit);
	unit->reg[VTD_REG_VER / 4] = config->version ? config->version : DEFAULT_VERSION;
	return &unit->pipeline.iommu;
}
