/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/tce/tce.h"

#include <stdlib.h>

#include "models/base/require.h"
#include "models/iommu/tce/unit.h"

static void destroy(struct iommu *iommu)
{
	struct tce_unit *unit = (struct tce_unit *)iommu;

	pipeline_fini(&unit->pipeline);
	cache_destroy(unit->rtes);
	free(unit);
}

/* There is no queue of commands: everything is a register. */
static bool command_begin(struct iommu *iommu, struct iommu_command *command)
{
	(void)iommu;
	*command = (struct iommu_command){ .kind = IOMMU_COMMAND_NONE };
	return false;
}

static void command_feed(struct iommu *iommu, struct iommu_command *command, const uint64_t *words)
{
	(void)iommu;
	(void)command;
	(void)words;
	REQUIRE(false);
}

static void device_answered(struct iommu *iommu, uint16_t source_id, enum iommu_device_answer answer)
{
	(void)iommu;
	(void)source_id;
	(void)answer;
	REQUIRE(false);
}

static const struct iommu_ops tce_ops = {
	.family = "tce",
	.translate_begin = tce_translate_begin,
	.translate_feed = tce_translate_feed,
	.command_begin = command_begin,
	.command_feed = command_feed,
	.device_answered = device_answered,
	.register_read = tce_register_read,
	.register_write = tce_register_write,
	.destroy = destroy,
	.describe = &tce_describe_ops,
};

static bool check_config(const struct tce_config *config, struct err *err)
{
	if (config->pes != TCE_PES_MAX && config->pes != TCE_PES_MAX / 2)
		return err_set(err, ERR_USAGE, "pes = %u: must be 512 or 256", config->pes);
	if (!config->page_sizes || config->page_sizes & ~BITS64(42, 12))
		return err_set(err, ERR_USAGE, "page_sizes = 0x%llx: must be sizes from 2^12 to 2^42 bytes",
			       (unsigned long long)config->page_sizes);
	for (unsigned level = 0; level < PT_LEVELS_MAX; level++)
		if (config->caches.walk[level].entries)
			return err_set(err, ERR_USAGE, "walk: a bridge has no paging-structure cache");
	return true;
}

struct iommu *tce_create(const struct tce_config *config, struct err *err)
{
	if (!check_config(config, err))
		return NULL;

	struct tce_unit *unit = calloc(1, sizeof(*unit));

	REQUIRE(unit);
	unit->pes = config->pes;
	unit->page_sizes = config->page_sizes;
	if (pipeline_init(&unit->pipeline, &tce_ops, &config->caches, config->seed, err))
		unit->rtes = pipeline_cache_create("device", &config->caches.device, config->seed + 100, err);
	if (!unit->rtes) {
		destroy(&unit->pipeline.iommu);
		return NULL;
	}
	tce_registers_reset(unit);
	return &unit->pipeline.iommu;
}
