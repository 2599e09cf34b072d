/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the intel-iommu driver model share.  The interface is vtd_driver.h. */
#ifndef IOMMUSIM_SOFTWARE_VTD_DRIVER_PRIVATE_H
#define IOMMUSIM_SOFTWARE_VTD_DRIVER_PRIVATE_H

#include "models/base/require.h"
#include "models/iommu/vtd/layout.h"
#include "models/software/vtd_driver.h"

/* Domain identifiers that no domain gets.  [LINUX] FLPT_DEFAULT_DID: shared by all first-stage process tables */
#define VTD_DRIVER_SVA_ID        1u
#define VTD_DRIVER_FIRST_FREE_ID 2u

/* One thing in front of one kind of a device's requests. */
struct vtd_attachment {
	uint16_t source_id;
	uint32_t pasid;
	struct vtd_domain *domain;
};

struct vtd_driver {
	struct vtd_driver_config config;
	struct memory_view view;
	struct frames *frames;
	bool scalable;
	unsigned levels; /* of a second-stage table: the most the unit walks */
	phys_t root;

	phys_t queue, status;
	unsigned slot_bytes; /* 16 or 32 */
	unsigned head;       /* slot written next */
	unsigned oldest;     /* first slot not free */
	unsigned free_slots;
	bool in_use[VTD_DRIVER_QUEUE_LENGTH];

	uint32_t command; /* GCMD bits that stay set */
	uint64_t *ids;    /* domain identifiers taken, one bit each */
	unsigned id_count;
	struct vtd_attachment *attachment;
	size_t attachments, attachment_capacity;
	size_t domains; /* created and not destroyed */
};

/* What a flush of a domain is sent to: one domain identifier and PASID under which the unit may have cached it. */
struct vtd_tag {
	uint16_t id;
	uint32_t pasid;
	unsigned users;
};

struct vtd_domain {
	struct vtd_driver *driver;
	enum vtd_domain_kind kind;
	bool first_stage;          /* its invalidations are PASID-based */
	struct page_table table;   /* DMA, UNMANAGED */
	struct vtd_domain *parent; /* NESTED */
	phys_t first_stage_root;   /* NESTED, SVA */
	unsigned first_stage_levels;
	uint16_t id;
	unsigned attachments;
	unsigned children; /* nested domains over it */
	struct vtd_tag *tag;
	size_t tags, tag_capacity;
	/* Tables that maps took out since the last sync_map. */
	struct table_list replaced;
	iova_t replaced_start, replaced_last;
};

/* Grows an array of items of size bytes so that one more fits; traps when the host has no memory. */
void *vtd_driver_grow(void *array, size_t count, size_t *capacity, size_t size);

/* A zeroed frame, or PHYS_NONE; count in a row. */
phys_t vtd_driver_frames(struct vtd_driver *driver, size_t count);

/* Invalidations.  Each appends one item; ends closes its submission. */
void vtd_driver_flush_context(const struct vtd_driver *driver, struct vtd_invalidations *list,
			      enum vtd_cc_granularity granularity, uint16_t id, uint16_t source_id);
void vtd_driver_flush_pasid_cache(struct vtd_invalidations *list, enum vtd_pc_granularity granularity, uint16_t id,
				  uint32_t pasid);
void vtd_driver_flush_iotlb(const struct vtd_driver *driver, struct vtd_invalidations *list,
			    enum vtd_iotlb_granularity granularity, uint16_t id, uint64_t address_word, bool ends);
void vtd_driver_flush_pasid_iotlb(struct vtd_invalidations *list, enum vtd_p_iotlb_granularity granularity, uint16_t id,
				  uint32_t pasid, uint64_t address_word, bool ends);

/* What was not present became present: appended where the unit needs it (CAP.RWBF). */
void vtd_driver_flush_write_buffer(const struct vtd_driver *driver, struct vtd_invalidations *list);

/* Frees the root table and everything below it but page tables. */
void vtd_driver_free_structures(struct vtd_driver *driver);

/* Domain tags: one more, one less attachment under this identifier and PASID. */
void vtd_domain_tag(struct vtd_domain *domain, uint16_t id, uint32_t pasid);
void vtd_domain_untag(struct vtd_domain *domain, uint16_t id, uint32_t pasid);

#endif
