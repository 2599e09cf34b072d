/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/units.h"

#include <string.h>

#include "models/base/require.h"
#include "models/iommu/tce/tce.h"
#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"

static struct iommu_cache_config cache_config(const struct config *config, bool enabled)
{
	struct iommu_cache_config caches = { 0 };
	enum cache_replacement replacement = (enum cache_replacement)config->iommu.replacement;

	if (!enabled)
		return caches;
	caches.iotlb = (struct cache_geometry){ .entries = config->iommu.iotlb_entries,
						.ways = config->iommu.iotlb_ways,
						.replacement = replacement,
						.partitions = config->iommu.iotlb_partitions };
	caches.device = (struct cache_geometry){ .entries = config->iommu.device_entries,
						 .ways = config->iommu.device_ways,
						 .replacement = replacement };
	for (unsigned level = 0; level < 4; level++)
		caches.walk[level] = (struct cache_geometry){ .entries = config->iommu.walk_entries[level],
							      .ways = config->iommu.walk_ways,
							      .replacement = replacement };
	return caches;
}

static struct iommu *create_unit(const struct config *config, const struct vtd_features *features, bool caches,
				 struct err *err)
{
	struct vtd_config unit = { .caches = cache_config(config, caches), .seed = config->seed };

	vtd_capabilities(features, &unit);
	return vtd_create(&unit, err);
}

static struct vtd_features hardware_features(const struct config *config)
{
	return (struct vtd_features){
		.scalable = config->hardware.scalable,
		.no_first_stage = !config->hardware.first_stage,
		.no_second_stage = !config->hardware.second_stage,
		.nested = config->hardware.nested,
		.pass_through = config->hardware.pass_through,
		.queued_invalidation = config->hardware.queued_invalidation,
		.write_buffer_flush = config->hardware.write_buffer_flush,
		.caching_mode = config->hardware.caching_mode,
		.no_page_selective = !config->hardware.page_selective,
		.address_mask_limit = config->hardware.address_mask_limit,
		.snoop_control = config->hardware.snoop_control,
		.device_tlb = config->hardware.device_tlb,
		.page_requests = config->hardware.page_requests,
		.protected_memory = config->hardware.protected_memory,
		.abort_dma = config->hardware.abort_dma,
		.second_stage_flags = config->hardware.dirty_flags && config->iommu.snoop,
		.non_coherent_walks = !config->iommu.snoop,
		.second_stage_levels = config->iommu.host_levels,
		/* A driver takes five levels only where the unit has them in both stages. */
		.first_stage_levels = config->iommu.host_levels > config->iommu.guest_levels
					      ? config->iommu.host_levels
					      : config->iommu.guest_levels,
		.page_size_limit_lg2 = config->hardware.page_size_lg2,
		.input_width = config_host_width(config),
		.fault_records = config->hardware.fault_records,
		.domain_bits = config->hardware.domain_bits,
		.pasid_bits = config->hardware.pasid_bits,
		.host_address_width = HOST_ADDRESS_WIDTH,
	};
}

/* What the guest sees: in caching mode, as QEMU's unit; with scalable mode where the guest owns a first stage. */
static struct vtd_features virtual_features(const struct config *config, bool nested)
{
	return (struct vtd_features){
		.scalable = nested,
		.caching_mode = config->virtual.caching_mode,
		.queued_invalidation = config->virtual.queued_invalidation,
		.write_buffer_flush = config->virtual.write_buffer_flush,
		.no_page_selective = !config->virtual.page_selective,
		.address_mask_limit = config->virtual.address_mask_limit,
		.non_coherent_walks = !config->iommu.snoop,
		.second_stage_levels = config->iommu.guest_levels,
		.first_stage_levels = nested ? config->iommu.guest_levels : 0,
		.page_size_limit_lg2 = config->virtual.page_size_lg2,
		.input_width = config_guest_width(config),
		.fault_records = config->virtual.fault_records,
		.domain_bits = config->virtual.domain_bits,
		.pasid_bits = config->virtual.pasid_bits,
		.host_address_width = config_guest_address_width(config),
	};
}

/* A first stage's upper half is for addresses with ones above: Linux hands out the lower. */
iova_t units_guest_last(const struct config *config, bool nested)
{
	return (UINT64_C(1) << (config_guest_width(config) - nested)) - 1;
}

iova_t units_host_last(const struct config *config)
{
	bool first_stage = config->hardware.scalable && !config->hardware.second_stage;

	return (UINT64_C(1) << (config_host_width(config) - first_stage)) - 1;
}

/* A unit without time has done a command when the write returns. */
static void command_now(struct iommu *iommu, const struct vtd_register_command *command)
{
	for (unsigned i = 0; i < command->writes; i++)
		iommu->ops->register_write(iommu, command->write[i].offset, command->write[i].bytes,
					   command->write[i].value);
	REQUIRE(!(iommu->ops->register_read(iommu, command->done.offset, command->done.bytes) & command->done.busy));
}

void units_queue_now(struct vtd_driver *driver, struct iommu *iommu, struct memory_view view,
		     struct vtd_invalidations *list)
{
	struct vtd_submission submission;
	enum vtd_submit what;

	while ((what = vtd_driver_submit(driver, list, &submission)) != VTD_NOTHING) {
		struct iommu_command command;

		REQUIRE(what != VTD_QUEUE_FULL);
		if (what == VTD_COMMAND) {
			command_now(iommu, &submission.command);
			continue;
		}

		iommu->ops->register_write(iommu, VTD_REG_IQT, 8, submission.tail);
		while (iommu->ops->command_begin(iommu, &command)) {
			while (command.access.want != IOMMU_WANTS_NOTHING) {
				struct iommu_access access = command.access;
				uint64_t words[IOMMU_WORDS_MAX];

				access.address += view.offset;
				iommu_access_now(view.memory, &access, words);
				iommu->ops->command_feed(iommu, &command, words);
			}
		}
		vtd_driver_complete(driver, &submission);
	}
}

struct iommu *units_hardware(const struct config *config, bool caches, struct err *err)
{
	struct vtd_features features = hardware_features(config);

	return create_unit(config, &features, caches, err);
}

struct iommu *units_bridge(const struct config *config, bool caches, struct err *err)
{
	struct tce_config unit = { .pes = UNITS_BRIDGE_PES,
				   .page_sizes = TCE_PAGE_SIZES_POWER9,
				   .caches = cache_config(config, caches),
				   .seed = config->seed };

	memset(unit.caches.walk, 0, sizeof(unit.caches.walk)); /* it has none */
	return tce_create(&unit, err);
}

struct iommu *units_virtual(const struct config *config, bool nested, struct err *err)
{
	struct vtd_features features = virtual_features(config, nested);

	return create_unit(config, &features, false, err);
}
