/* SPDX-License-Identifier: Apache-2.0 */
/* Axes, presets and which combinations of axes make sense.  What a scheme does is sim/'s. */
#include <stdio.h>
#include <string.h>

#include "models/base/require.h"
#include "scenarios/scheme.h"

const char *const scheme_axes[] = { "translation", "pin", "backend", "unmap", "doorbell", NULL };

/* Of each axis, in enum order. */
static const char *const axis_values[][6] = {
	{ "passthrough", "shadow", "paravirt", "nested", NULL },
	{ "at-start", "on-map", "preregistered", NULL },
	{ "type1v1", "type1v2", "spapr-v1", "spapr-v2", "iommufd", NULL },
	{ "strict", "deferred", NULL },
	{ "trap", "kernel", "hardware-queue", NULL },
};

const struct scheme_preset scheme_presets[] = {
	{ { "passthrough", SCHEME_PASSTHROUGH, SCHEME_PIN_AT_START, SCHEME_TYPE1V2, SCHEME_STRICT, SCHEME_TRAP },
	  "No virtual IOMMU: all guest memory is pinned and mapped at start; the guest's DMA API maps nothing." },
	{ { "pin-on-map", SCHEME_SHADOW, SCHEME_PIN_ON_MAP, SCHEME_TYPE1V2, SCHEME_STRICT, SCHEME_TRAP },
	  "Emulated IOMMU in caching mode: every guest map exits, pins and accounts its pages and maps them in "
	  "the host; every unmap undoes it." },
	{ { "preregister", SCHEME_SHADOW, SCHEME_PREREGISTERED, SCHEME_TYPE1V2, SCHEME_STRICT, SCHEME_TRAP },
	  "As pin-on-map, but all memory is pinned and accounted once at start, so that a map only finds its "
	  "registration; proposed for type1 and never built." },
	{ { "spapr-v1", SCHEME_PARAVIRT, SCHEME_PIN_ON_MAP, SCHEME_SPAPR_V1, SCHEME_STRICT, SCHEME_TRAP },
	  "POWER: every guest map is a hypercall that exits to the device model, which has VFIO pin the page and put "
	  "it into "
	  "the TCE table; the whole DMA window is accounted at start." },
	{ { "spapr-v2", SCHEME_PARAVIRT, SCHEME_PREREGISTERED, SCHEME_SPAPR_V2, SCHEME_STRICT, SCHEME_TRAP },
	  "As spapr-v1, but all memory is pinned and accounted once at start; a map only finds its registration." },
	{ { "spapr-v2-kvm", SCHEME_PARAVIRT, SCHEME_PREREGISTERED, SCHEME_SPAPR_V2, SCHEME_STRICT, SCHEME_KERNEL },
	  "As spapr-v2, and the host's kernel answers the hypercalls itself: nothing goes to the device model." },
	{ { "nested", SCHEME_NESTED, SCHEME_PIN_AT_START, SCHEME_IOMMUFD, SCHEME_STRICT, SCHEME_TRAP },
	  "The hardware walks the guest's own table over the host's: a map does not exit, an invalidation does." },
	{ { "nested-hwq", SCHEME_NESTED, SCHEME_PIN_AT_START, SCHEME_IOMMUFD, SCHEME_STRICT, SCHEME_HARDWARE_QUEUE },
	  "As nested, and the guest owns an invalidation queue of the hardware: nothing exits." },
};
const size_t scheme_preset_count = sizeof(scheme_presets) / sizeof(scheme_presets[0]);

const struct scheme_preset *scheme_find(const char *name)
{
	for (size_t i = 0; i < scheme_preset_count; i++)
		if (strcmp(scheme_presets[i].scheme.name, name) == 0)
			return &scheme_presets[i];
	return NULL;
}

static bool is_type1(const struct scheme *scheme)
{
	return scheme->backend == SCHEME_TYPE1V1 || scheme->backend == SCHEME_TYPE1V2;
}

/* A POWER guest: the rules of the two VFIO drivers and of KVM. */
static const char *paravirt_problem(const struct scheme *scheme)
{
	if (scheme->backend != SCHEME_SPAPR_V1 && scheme->backend != SCHEME_SPAPR_V2)
		return "paravirt needs backend=spapr-v1 or backend=spapr-v2: it is modelled with no other";
	if (scheme->backend == SCHEME_SPAPR_V1 && scheme->pin != SCHEME_PIN_ON_MAP)
		return "backend=spapr-v1 needs pin=on-map: it pins each page that is mapped";
	if (scheme->backend == SCHEME_SPAPR_V2 && scheme->pin != SCHEME_PREREGISTERED)
		return "backend=spapr-v2 needs pin=preregistered: it maps memory that was registered";
	/* [LINUX] arch/powerpc/kernel/iommu.c: iommu_free clears before it returns. */
	if (scheme->unmap != SCHEME_STRICT)
		return "paravirt needs unmap=strict: a POWER guest clears its TCEs at once";
	/* [LINUX] kvmppc_tce_iommu_do_map */
	if (scheme->doorbell == SCHEME_KERNEL && scheme->backend == SCHEME_SPAPR_V1)
		return "doorbell=kernel needs backend=spapr-v2: KVM finds pages by their registration";
	return NULL;
}

const char *scheme_problem(const struct scheme *scheme)
{
	const char *problem;

	switch (scheme->translation) {
	case SCHEME_PASSTHROUGH:
		if (scheme->pin == SCHEME_PIN_ON_MAP)
			return "passthrough needs pin=at-start or pin=preregistered: the guest says nothing that could "
			       "pin later";
		if (!is_type1(scheme))
			return "passthrough needs backend=type1v1 or backend=type1v2: it is modelled with no other";
		if (scheme->unmap != SCHEME_STRICT)
			return "passthrough needs unmap=strict: the guest unmaps nothing";
		break;
	case SCHEME_SHADOW:
		if (scheme->pin == SCHEME_PIN_AT_START)
			return "shadow needs pin=on-map or pin=preregistered: the host maps what the guest maps";
		if (!is_type1(scheme))
			return "shadow needs backend=type1v1 or backend=type1v2: it is modelled with no other";
		/* [LINUX] intel_iommu_init: second-stage tables under caching mode disallow the flush queue. */
		if (scheme->unmap != SCHEME_STRICT)
			return "shadow needs unmap=strict: Linux flushes every unmap when the IOMMU is in caching mode";
		break;
	case SCHEME_PARAVIRT:
		problem = paravirt_problem(scheme);
		if (problem)
			return problem;
		break;
	case SCHEME_NESTED:
		if (scheme->pin != SCHEME_PIN_AT_START)
			return "nested needs pin=at-start: the second stage maps all guest memory";
		if (scheme->backend != SCHEME_IOMMUFD)
			return "nested needs backend=iommufd: type1 has no nested domains";
		break;
	}
	if (scheme->doorbell == SCHEME_KERNEL && scheme->translation != SCHEME_PARAVIRT)
		return "doorbell=kernel needs translation=paravirt: kernels answer hypercalls, and emulate no IOMMU";
	if (scheme->doorbell == SCHEME_HARDWARE_QUEUE && scheme->translation != SCHEME_NESTED)
		return "doorbell=hardware-queue needs translation=nested: without it the host must see each command";
	return NULL;
}

static size_t axis_index(const char *axis)
{
	size_t i = 0;

	while (scheme_axes[i] && strcmp(scheme_axes[i], axis) != 0)
		i++;
	return i;
}

const char *const *scheme_axis_values(const char *axis)
{
	size_t i = axis_index(axis);

	return scheme_axes[i] ? axis_values[i] : NULL;
}

static unsigned axis_get(const struct scheme *scheme, size_t axis)
{
	switch (axis) {
	case 0:
		return scheme->translation;
	case 1:
		return scheme->pin;
	case 2:
		return scheme->backend;
	case 3:
		return scheme->unmap;
	default:
		REQUIRE(axis == 4);
		return scheme->doorbell;
	}
}

static void axis_put(struct scheme *scheme, size_t axis, unsigned value)
{
	switch (axis) {
	case 0:
		scheme->translation = value;
		break;
	case 1:
		scheme->pin = value;
		break;
	case 2:
		scheme->backend = value;
		break;
	case 3:
		scheme->unmap = value;
		break;
	default:
		REQUIRE(axis == 4);
		scheme->doorbell = value;
		break;
	}
}

bool scheme_set_axis(struct scheme *scheme, const char *axis, const char *value)
{
	size_t i = axis_index(axis);

	if (!scheme_axes[i])
		return false;
	for (unsigned v = 0; axis_values[i][v]; v++) {
		if (strcmp(axis_values[i][v], value) == 0) {
			axis_put(scheme, i, v);
			return true;
		}
	}
	return false;
}

void scheme_axes_text(const struct scheme *scheme, char *text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; scheme_axes[i]; i++) {
		int written = snprintf(text + length, size - length, "%s%s=%s", i > 0 ? " " : "", scheme_axes[i],
				       axis_values[i][axis_get(scheme, i)]);

		REQUIRE(written > 0 && (size_t)written < size - length);
		length += (size_t)written;
	}
}
