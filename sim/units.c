/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/units.h"

#include "models/iommu/vtd/layout_registers.h"
#include "models/iommu/vtd/vtd.h"

static struct iommu_cache_config cache_config(const struct config *config, bool enabled)
{
	struct iommu_cache_config caches = { 0 };
	enum cache_replacement replacement = (enum cache_replacement)config->iommu.replacement;

	if (!enabled)
		return caches;
	caches.iotlb = (struct cache_geometry){ config->iommu.iotlb_entries, config->iommu.iotlb_ways, replacement };
	caches.device = (struct cache_geometry){ config->iommu.device_entries, config->iommu.device_ways, replacement };
	for (unsigned level = 0; level < 4; level++)
		caches.walk[level] = (struct cache_geometry){ config->iommu.walk_entries[level],
							      config->iommu.walk_ways, replacement };
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
		.scalable = true,
		.nested = true,
		.pass_through = true,
		.queued_invalidation = true,
		.snoop_control = true,
		.second_stage_flags = config->iommu.snoop,
		.non_coherent_walks = !config->iommu.snoop,
		.second_stage_levels = config->iommu.host_levels,
		/* A driver takes five levels only where the unit has them in both stages. */
		.first_stage_levels = config->iommu.host_levels > config->iommu.guest_levels
					      ? config->iommu.host_levels
					      : config->iommu.guest_levels,
		.page_size_limit_lg2 = 30,
		.fault_records = 8,
		.domain_bits = 16,
		.host_address_width = HOST_ADDRESS_WIDTH,
	};
}

/* What the guest sees: in caching mode, as QEMU's unit; with scalable mode where the guest owns a first stage. */
static struct vtd_features virtual_features(const struct config *config, bool nested)
{
	return (struct vtd_features){
		.scalable = nested,
		.caching_mode = true,
		.queued_invalidation = true,
		.non_coherent_walks = !config->iommu.snoop,
		.second_stage_levels = config->iommu.guest_levels,
		.first_stage_levels = nested ? config->iommu.guest_levels : 0,
		.page_size_limit_lg2 = 30,
		.fault_records = 1,
		.domain_bits = 16,
		.host_address_width = HOST_ADDRESS_WIDTH,
	};
}

void units_queue_now(struct vtd_driver *driver, struct iommu *iommu, struct memory_view view,
		     struct vtd_invalidations *list)
{
	struct vtd_submission submission;

	while (vtd_driver_submit(driver, list, &submission) == VTD_SUBMITTED) {
		struct iommu_command command;

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

struct iommu *units_virtual(const struct config *config, bool nested, struct err *err)
{
	struct vtd_features features = virtual_features(config, nested);

	return create_unit(config, &features, false, err);
}
