/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a way of translating (scheme.h: translation) is in the simulation: how its machine is put together, and what the
 * guest's DMA API does.  Each is one translation_NAME.c and one line in translations.c; what it keeps
 * for the machine, a guest, a domain and a device are structs of its own, which machine.h only names.
 */
#ifndef IOMMUSIM_SIM_TRANSLATION_H
#define IOMMUSIM_SIM_TRANSLATION_H

#include "models/software/host.h"
#include "models/software/table_list.h"
#include "scenarios/scheme.h"
#include "sim/machine.h"

/* A container (VFIO) or an IO address space (iommufd) of the host, over one of its tables. */
struct host_container {
	struct host_domain *host;
	struct type1 *type1; /* one of the two */
	struct ioas *ioas;
	struct slots *lock; /* NULL: none */
};

struct translation {
	bool all_memory; /* the host's table holds all memory of the guest, whatever the guest maps */

	bool hugetlb; /* the host's pages behind the guest's memory are hugetlb's, where they are larger than its kernel's */

	/* Pages of the host's kernel, what it pins and registers at least; NULL: 4 KiB. */
	unsigned (*kernel_page_lg2)(const struct config *config);

	/* ---- putting together, in this order, before the clock runs ---- */

	/* The last address that the guest may map; *what says which parameters bound it ("what the ... gives ..."). */
	iova_t (*iova_limit)(const struct config *config, const char **what);
	/* The hardware unit and the host's driver of it. */
	bool (*create_host)(struct machine *machine, struct err *err);
	/* What the host keeps for the guest; the guest's own unit and driver, when it sees one. */
	bool (*create_guest)(struct guest *guest, struct err *err);
	/* The driver's part of one IOVA space of the guest; NULL: the guest has none. */
	void (*create_domain)(struct domain *domain);
	/* The host gives the guest a device, which is there: its requester ID is device.source_id, in the guest guest_id. */
	bool (*assign)(struct guest *guest, struct assignment *to, uint16_t guest_id, struct err *err);
	/* Maps or registers a slot of the guest's memory, and pins it: 0 or an errno value.  Not with pin on-map. */
	int (*start_memory)(struct guest *guest, phys_t gpa, uint64_t bytes, struct host_work *work);
	/* What else the host is asked for once, which takes time as the slots do; NULL: nothing. */
	bool (*start)(struct guest *guest, struct host_work *work, struct err *err);
	/* The guest's containers, by number from 0; false: no more.  NULL: not to be listed. */
	bool (*container)(struct guest *guest, uint32_t number, struct host_container *of);

	/* ---- the guest's DMA API, in time; the actor's parts are the operation's ---- */

	/*
	 * Maps the row's segments (vcpu->segments) and says where they lie in this run (vcpu->pieces).  False: mapped
	 * already, or for a device without domain.
	 */
	bool (*map)(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op);
	void (*unmap)(struct vcpu *vcpu, struct actor *actor, const struct trace_op *op, const struct mapping *mapping);
	/*
	 * TRACE_GROUP: the driver meets the device; TRACE_ATTACH: its domain is put before it.  Where there are domains.
	 * False: that takes nothing.
	 */
	bool (*attach)(struct vcpu *vcpu, struct actor *actor, struct domain *domain, const struct trace_op *op);

	/* ---- deferred unmap (deferred.h); NULL where schemes.c allows none ---- */

	/* Invalidates all of the domain; vcpu NULL: by the timer. */
	void (*flush)(struct domain *domain, struct actor *actor, const struct vcpu *vcpu);
	/* Table pages that no cache refers to any more. */
	void (*free_tables)(struct domain *domain, struct table_list *freed);
};

/* By enum scheme_translation. */
extern const struct translation *const translations[];

extern const struct translation translation_passthrough;
extern const struct translation translation_shadow;
extern const struct translation translation_paravirt;
extern const struct translation translation_nested;

#endif
