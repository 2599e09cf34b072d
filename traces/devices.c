/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/devices.h"

#include <stdlib.h>
#include <string.h>

void devices_init(struct devices *devices, const struct trace_device *known, size_t known_count)
{
	*devices = (struct devices){ .known = known, .known_count = known_count };
}

void devices_fini(struct devices *devices)
{
	free(devices->at);
	free(devices->slots);
	devices_init(devices, NULL, 0);
}

static uint32_t hash_name(const struct source_text *name)
{
	uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
	for (size_t i = 0; i < name->length; i++)
		hash = (hash ^ (unsigned char)name->at[i]) * UINT32_C(16777619);
	return hash;
}

static bool same_name(const struct trace_device *device, const struct source_text *name)
{
	return strlen(device->name) == name->length && !memcmp(device->name, name->at, name->length);
}

/* The slot of the name: it holds the device, or is empty. */
static uint32_t find_slot(const struct devices *devices, const struct source_text *name)
{
	uint32_t slot = hash_name(name) & (devices->slot_count - 1);
	while (devices->slots[slot] && !same_name(&devices->at[devices->slots[slot] - 1], name))
		slot = (slot + 1) & (devices->slot_count - 1);
	return slot;
}

uint16_t devices_find(const struct devices *devices, const struct source_text *name)
{
	if (!devices->count)
		return TRACE_NO_DEVICE;
	uint32_t held = devices->slots[find_slot(devices, name)];
	return held ? (uint16_t)(held - 1) : TRACE_NO_DEVICE;
}

/* Room for one more device and a hash that stays at most half full. */
static bool grow(struct devices *devices)
{
	if (devices->count < devices->capacity)
		return true;
	uint32_t capacity = devices->capacity ? 2 * devices->capacity : 32, slot_count = 2 * capacity;
	struct trace_device *at = realloc(devices->at, capacity * sizeof(*at));
	if (at)
		devices->at = at;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));
	if (!at || !slots) {
		free(slots);
		return false;
	}
	free(devices->slots);
	devices->slots = slots;
	devices->slot_count = slot_count;
	devices->capacity = capacity;
	for (uint32_t i = 0; i < devices->count; i++) {
		const char *text = at[i].name;
		struct source_text name = { .at = text, .length = strlen(text) };
		slots[find_slot(devices, &name)] = i + 1;
	}
	return true;
}

static unsigned hex_digit(char character)
{
	if (character >= '0' && character <= '9')
		return (unsigned)(character - '0');
	if (character >= 'a' && character <= 'f')
		return (unsigned)(character - 'a') + 10;
	return 16;
}

/* DDDD:BB:DD.F, the domain of four digits or more; UINT16_MAX when the name is not of this form. */
static uint16_t source_id_of(const struct source_text *name)
{
	if (name->length < 12)
		return UINT16_MAX;
	const char *at = name->at + name->length - 8; /* ":BB:DD.F" */
	if (at[0] != ':' || at[3] != ':' || at[6] != '.')
		return UINT16_MAX;
	unsigned bus = hex_digit(at[1]) << 4 | hex_digit(at[2]), device = hex_digit(at[4]) << 4 | hex_digit(at[5]);
	unsigned function = hex_digit(at[7]);
	if (hex_digit(at[1]) > 15 || hex_digit(at[2]) > 15 || hex_digit(at[5]) > 15 || device > 31 || function > 7)
		return UINT16_MAX;
	return (uint16_t)(bus << 8 | device << 3 | function);
}

uint16_t devices_intern(struct devices *devices, const struct source_text *name, struct err *err)
{
	uint16_t found = devices_find(devices, name);
	if (found != TRACE_NO_DEVICE)
		return found;
	if (name->length >= TRACE_NAME_BYTES || devices->count == TRACE_NO_DEVICE) {
		err_set(err, ERR_FILE, "device %.*s: %s", (int)name->length, name->at,
			devices->count == TRACE_NO_DEVICE ? "there are more than 65,535 devices"
							  : "the name is too long");
		return TRACE_NO_DEVICE;
	}
	if (!grow(devices)) {
		err_set(err, ERR_FILE, "out of memory");
		return TRACE_NO_DEVICE;
	}
	struct trace_device *device = &devices->at[devices->count];
	*device = (struct trace_device){ .group = UINT32_MAX };
	for (size_t i = 0; i < devices->known_count; i++)
		if (same_name(&devices->known[i], name))
			*device = devices->known[i];
	memcpy(device->name, name->at, name->length);
	device->source_id = source_id_of(name);
	devices->slots[find_slot(devices, name)] = devices->count + 1;
	return (uint16_t)devices->count++;
}
