/* SPDX-License-Identifier: Apache-2.0 */
/* A scheme: how a hypervisor gives a guest an IOMMU, as independent choices (docs/schemes.md). */
#ifndef IOMMUSIM_SCENARIOS_SCHEME_H
#define IOMMUSIM_SCENARIOS_SCHEME_H

#include <stdbool.h>
#include <stddef.h>

enum scheme_translation { SCHEME_PASSTHROUGH, SCHEME_SHADOW, SCHEME_PARAVIRT, SCHEME_NESTED };
enum scheme_pin { SCHEME_PIN_AT_START, SCHEME_PIN_ON_MAP, SCHEME_PREREGISTERED };
enum scheme_backend { SCHEME_TYPE1V1, SCHEME_TYPE1V2, SCHEME_SPAPR_V1, SCHEME_SPAPR_V2, SCHEME_IOMMUFD };
enum scheme_unmap { SCHEME_STRICT, SCHEME_DEFERRED };
enum scheme_doorbell { SCHEME_TRAP, SCHEME_KERNEL, SCHEME_HARDWARE_QUEUE };

struct scheme {
	char name[32];
	enum scheme_translation translation;
	enum scheme_pin pin;
	enum scheme_backend backend;
	enum scheme_unmap unmap;
	enum scheme_doorbell doorbell;
};

/* The presets, in the order they are listed; each with a sentence for `iommusim list schemes`. */
struct scheme_preset {
	struct scheme scheme;
	const char *help;
};
extern const struct scheme_preset scheme_presets[];
extern const size_t scheme_preset_count;

const struct scheme_preset *scheme_find(const char *name);

/* NULL when the combination makes sense, else why it does not ("shadow translation cannot defer unmaps: ..."). */
const char *scheme_problem(const struct scheme *scheme);

/* Names of an axis's values, NULL-terminated, in enum order; axis: translation, pin, backend, unmap, doorbell. */
const char *const *scheme_axis_values(const char *axis);

/* The axes in the order they are written, NULL-terminated. */
extern const char *const scheme_axes[];

/* False when there is no such axis or value; then the scheme is unchanged. */
bool scheme_set_axis(struct scheme *scheme, const char *axis, const char *value);

/* "translation=shadow pin=on-map backend=type1v2 unmap=strict doorbell=trap"; size bytes are enough at 128. */
void scheme_axes_text(const struct scheme *scheme, char *text, size_t size);

#endif
