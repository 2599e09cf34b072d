/* SPDX-License-Identifier: Apache-2.0 */
#include "models/iommu/iommu.h"

#include "models/base/require.h"
#include "models/memory/memory.h"

void iommu_access_now(struct memory *memory, const struct iommu_access *access, uint64_t words[IOMMU_WORDS_MAX])
{
	switch (access->want) {
	case IOMMU_WANTS_READ:
		REQUIRE(access->words <= IOMMU_WORDS_MAX);
		for (unsigned i = 0; i < access->words; i++)
			words[i] = memory_read64(memory, access->address + i * sizeof(words[0]));
		break;
	case IOMMU_WANTS_UPDATE:
		words[0] = memory_compare_exchange64(memory, access->address, access->expected, access->desired);
		break;
	case IOMMU_WANTS_WRITE: {
		unsigned char bytes[8];

		REQUIRE(access->bytes <= sizeof(bytes));
		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(access->desired >> 8 * i);
		memory_write(memory, access->address, bytes, access->bytes);
		break;
	}
	case IOMMU_WANTS_NOTHING:
		break;
	}
}

void iommu_translate_now(struct iommu *iommu, struct memory *memory, struct iommu_translation *translation,
			 const struct iommu_request *request)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu->ops->translate_begin(iommu, translation, request);
	while (translation->access.want != IOMMU_WANTS_NOTHING) {
		if (translation->access.want == IOMMU_WANTS_READ && translation->access.words == 1) {
			words[0] = memory_read64(memory, translation->access.address);
			/* Past tables that the unit need not hear of: a third off the time of a walk. */
			while (translation->is_plain && walk_passes(translation->at_work, words[0]))
				words[0] = memory_read64(memory, translation->at_work->want_address);
		} else {
			iommu_access_now(memory, &translation->access, words);
		}
		iommu->ops->translate_feed(iommu, translation, words);
	}
}

void iommu_translate_through(struct iommu *iommu, iommu_access_fn *access, void *argument,
			     struct iommu_translation *translation, const struct iommu_request *request)
{
	uint64_t words[IOMMU_WORDS_MAX];

	iommu->ops->translate_begin(iommu, translation, request);
	while (translation->access.want != IOMMU_WANTS_NOTHING) {
		bool is_answered = access(argument, &translation->access, words);

		iommu->ops->translate_feed(iommu, translation, is_answered ? words : NULL);
	}
}

uint64_t iommu_drain_queue_now(struct iommu *iommu, struct memory *memory)
{
	struct iommu_command command;
	uint64_t words[IOMMU_WORDS_MAX];
	uint64_t count = 0;

	while (iommu->ops->command_begin(iommu, &command)) {
		while (command.access.want != IOMMU_WANTS_NOTHING) {
			iommu_access_now(memory, &command.access, words);
			iommu->ops->command_feed(iommu, &command, words);
		}
		if (command.kind == IOMMU_COMMAND_DEVICE_TLB)
			iommu->ops->device_answered(iommu, command.device_invalidation.source_id, IOMMU_DEVICE_DONE);
		count++;
	}
	return count;
}
