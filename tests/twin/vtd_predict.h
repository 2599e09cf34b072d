/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QEMU 7.2 and 10 make of a request where they depart from the specification: the checks they make, in their
 * order.  Nothing is expected of QEMU for this alone: vtd_explain.c compares it with the model's outcome, and only a
 * difference that has a name is believed.
 */
#ifndef TESTS_TWIN_VTD_PREDICT_H
#define TESTS_TWIN_VTD_PREDICT_H

#include "tests/twin/vtd_explain.h"

struct twin_prediction {
	struct twin_outcome ours; /* given */
	struct twin_outcome theirs;

	uint64_t present; /* conditions of PASID structures: bit n is fault reason 0x40 + n */

	/* What decided. */
	bool fpd;             /* the structures say not to record */
	bool cached;          /* a kept translation lacked the permission */
	bool kept;            /* a kept translation served, and the model's own may be another */
	bool outlived;        /* it should have gone with an invalidation */
	bool dropped;         /* the model's went with one that did not concern it */
	bool pass_through;    /* the address was left as it is */
	bool ignored_snoop;   /* SNP set in a leaf where the unit reserves it */
	bool ignored_1g;      /* a first-stage page of 1 GiB, which the unit has not */
	bool not_snooped;     /* the PASID entry of a first stage has no PWSNP */
	bool ignored_tm;      /* likewise bit 62 */
	bool unused_pointer;  /* reserved bits only where pass-through has no pointer */
	bool large_interrupt; /* another part of the page is interrupts */
};

void twin_predict(const struct twin *twin, const struct twin_device *device, const struct iommu_request *request,
		  struct twin_prediction *prediction);

#endif
