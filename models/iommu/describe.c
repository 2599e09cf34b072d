/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/describe.h"

void iommu_describe(const struct iommu *iommu, const struct iommu_translation *translation,
		    const struct iommu_entry *before, struct iommu_entry *entry)
{
	*entry = (struct iommu_entry){ .words = translation->access.words };
	if (translation->access.purpose == IOMMU_FOR_DEVICE) {
		iommu->ops->describe->structure(iommu, translation, before, entry);
		return;
	}

	const struct walk *walk = translation->at_work;

	entry->table = walk->table;
	entry->index = (unsigned)(walk_offset(walk) / sizeof(uint64_t));
}

void iommu_describe_words(const struct iommu *iommu, const struct iommu_translation *translation,
			  struct iommu_entry *entry, const uint64_t *words)
{
	for (unsigned i = 0; i < entry->words; i++)
		entry->word[i] = words[i];
	if (translation->access.purpose == IOMMU_FOR_DEVICE) {
		iommu->ops->describe->structure_words(iommu, entry);
		return;
	}

	const struct walk *walk = translation->at_work;

	entry->word[0] = pt_word(walk->format, words[0]);
	entry->layout[0] = walk->format->layout(entry->word[0], walk->level);
	entry->reserved[0] = walk->format->reserved(walk->rules, entry->word[0], walk->level);
}
