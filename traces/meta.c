/* SPDX-License-Identifier: Apache-2.0 */
#include "traces/meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/bits.h"
#include "traces/source.h"

/* [VTD] "Extended Capability Register" */
#define VTD_ECAP_SMTS BIT64(43) /* scalable-mode translation */
#define VTD_ECAP_FSTS BIT64(47) /* first-stage translation */

#define LINE_BYTES 8192u

/* Where the reader is. */
struct section {
	enum { NO_SECTION, UNAME, CMDLINE, CLOCK, STATS, IOMMU, HYPERVISOR, DMESG } kind;
	bool vtd; /* IOMMU: of the first VT-d unit */
};

static const char *behind(const char *line, const char *prefix)
{
	size_t length = strlen(prefix);
	return strncmp(line, prefix, length) == 0 ? line + length : NULL;
}

/* What does not fit is cut: no Linux prints that much. */
static void keep(char *to, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);
	memcpy(to, text, length);
	to[length] = '\0';
}

static void append_word(char *to, size_t size, const char *word)
{
	size_t length = strlen(to);
	if (length && length + 1 < size)
		to[length++] = ' ';
	keep(to + length, size - length, word);
}

/* The device of this name, added if need be; NULL when the name is too long or memory has run out. */
static struct trace_device *find_device(struct meta *meta, const char *name, size_t length)
{
	for (size_t i = 0; i < meta->device_count; i++)
		if (strlen(meta->devices[i].name) == length && !memcmp(meta->devices[i].name, name, length))
			return &meta->devices[i];
	if (length >= TRACE_NAME_BYTES)
		return NULL;
	struct trace_device *devices = realloc(meta->devices, (meta->device_count + 1) * sizeof(*devices));
	if (!devices)
		return NULL;
	meta->devices = devices;
	struct trace_device *device = &devices[meta->device_count++];
	*device = (struct trace_device){ .group = UINT32_MAX };
	memcpy(device->name, name, length);
	return device;
}

/* "0000:00:04.0 class=0x010802 ..." */
static void begin_pci(struct meta *meta, const char *line)
{
	size_t length = strcspn(line, " ");
	const char *class_code = strstr(line, " class=");
	struct trace_device *device = class_code ? find_device(meta, line, length) : NULL;
	if (device)
		device->class_code = (uint32_t)strtoul(class_code + strlen(" class="), NULL, 16);
}

/* "5 type=DMA devices=0000:00:1f.0 0000:00:1f.2 0000:00:1f.3" */
static void begin_group(struct meta *meta, const char *line)
{
	uint32_t group = (uint32_t)strtoul(line, NULL, 10);
	const char *at = strstr(line, " devices=");
	if (!at)
		return;
	for (at += strlen(" devices="); *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		struct trace_device *device = find_device(meta, at, length);
		if (device)
			device->group = group;
		at += length;
	}
}

/* "per_cpu/cpu1/stats" */
static void begin_stats(struct meta *meta, const char *line)
{
	unsigned cpu;
	if (sscanf(line, "per_cpu/cpu%u/stats", &cpu) != 1 || cpu >= UINT16_MAX)
		return;
	struct trace_cpu *cpus = realloc(meta->cpus, (meta->cpu_count + 1) * sizeof(*cpus));
	if (!cpus)
		return;
	meta->cpus = cpus;
	cpus[meta->cpu_count++] = (struct trace_cpu){ .cpu = (uint16_t)cpu };
}

static struct section begin_section(struct meta *meta, const char *head)
{
	struct section section = { .kind = NO_SECTION };
	const char *rest;
	if (!strcmp(head, "uname"))
		section.kind = UNAME;
	else if (!strcmp(head, "cmdline"))
		section.kind = CMDLINE;
	else if (!strcmp(head, "trace_clock"))
		section.kind = CLOCK;
	else if (!strcmp(head, "hypervisor"))
		section.kind = HYPERVISOR;
	else if (!strcmp(head, "dmesg"))
		section.kind = DMESG;
	else if ((rest = behind(head, "iommu_group ")))
		begin_group(meta, rest);
	else if ((rest = behind(head, "pci ")))
		begin_pci(meta, rest);
	else if ((rest = behind(head, "stats "))) {
		size_t before = meta->cpu_count;
		begin_stats(meta, rest);
		section.kind = meta->cpu_count > before ? STATS : NO_SECTION;
	} else if ((rest = behind(head, "iommu "))) {
		append_word(meta->iommu, sizeof(meta->iommu), rest);
		section.kind = IOMMU;
		section.vtd = behind(rest, "dmar") && !meta->has_capability;
	}
	return section;
}

static void read_stats(struct trace_cpu *cpu, const char *line)
{
	const char *value;
	if ((value = behind(line, "entries: ")))
		cpu->entries = strtoull(value, NULL, 10);
	else if ((value = behind(line, "overrun: ")))
		cpu->overrun = strtoull(value, NULL, 10);
	else if ((value = behind(line, "commit overrun: ")))
		cpu->commit_overrun = strtoull(value, NULL, 10);
	else if ((value = behind(line, "dropped events: ")))
		cpu->dropped_events = strtoull(value, NULL, 10);
}

/* "local global [mono] boot" */
static void read_clock(struct meta *meta, const char *line)
{
	const char *open = strchr(line, '['), *close = strchr(line, ']');
	if (!open || !close || close < open || close - open > (long)sizeof(meta->trace_clock))
		return;
	keep(meta->trace_clock, (size_t)(close - open), open + 1);
}

static void read_iommu(struct meta *meta, const char *line)
{
	const char *value;
	if ((value = behind(line, "cap "))) {
		meta->capability = strtoull(value, NULL, 16);
		meta->has_capability = true;
	} else if ((value = behind(line, "ecap "))) {
		meta->extended_capability = strtoull(value, NULL, 16);
	}
}

static void read_log(struct meta *meta, const char *line)
{
	const char *value;
	if ((value = strstr(line, "DMA domain TLB invalidation policy: "))) {
		/* A later line may say that virtualization overrules this one. */
		meta->strict = meta->strict || strstr(value, "strict mode") != NULL;
		meta->has_policy = true;
	} else if (strstr(line, "IOMMU batching disallowed due to virtualization") ||
		   strstr(line, "AMD-Vi: Using strict mode due to virtualization")) {
		meta->strict = meta->has_policy = true;
	} else if (strstr(line, "DMAR: Enable scalable mode if hardware supports")) {
		meta->scalable_asked = true;
	} else if (!meta->hypervisor[0] &&
		   ((value = strstr(line, "] DMI: ")) || (value = strstr(line, "Machine model: ")))) {
		keep(meta->hypervisor, sizeof(meta->hypervisor), strchr(value, ':') + 2);
	}
}

static void read_line(struct meta *meta, const struct section *section, const char *line)
{
	switch (section->kind) {
	case NO_SECTION:
		break;
	case UNAME:
		keep(meta->kernel, sizeof(meta->kernel), line);
		break;
	case CMDLINE:
		keep(meta->command_line, sizeof(meta->command_line), line);
		break;
	case CLOCK:
		read_clock(meta, line);
		break;
	case STATS:
		read_stats(&meta->cpus[meta->cpu_count - 1], line);
		break;
	case IOMMU:
		if (section->vtd)
			read_iommu(meta, line);
		break;
	case HYPERVISOR:
		append_word(meta->hypervisor, sizeof(meta->hypervisor), line);
		break;
	case DMESG:
		read_log(meta, line);
		break;
	}
}

bool meta_read(struct meta *meta, const char *path, struct err *err)
{
	*meta = (struct meta){ .devices = NULL };
	struct source *source = source_open(path, err);
	if (!source)
		return false;
	char line[LINE_BYTES];
	struct source_text text;
	struct section section = { .kind = NO_SECTION };
	while (source_line(source, &text, err)) {
		size_t length = text.length < LINE_BYTES ? text.length : LINE_BYTES - 1;
		while (length && text.at[length - 1] == ' ')
			length--;
		memcpy(line, text.at, length);
		line[length] = '\0';
		const char *head = behind(line, "@@ ");
		if (head)
			section = begin_section(meta, head);
		else
			read_line(meta, &section, line);
	}
	source_close(source);
	if (err->kind == ERR_NONE)
		return true;
	meta_fini(meta);
	return false;
}

void meta_fini(struct meta *meta)
{
	free(meta->devices);
	free(meta->cpus);
	*meta = (struct meta){ .devices = NULL };
}

uint64_t meta_lost_events(const struct meta *meta)
{
	uint64_t lost = 0;
	for (size_t i = 0; i < meta->cpu_count; i++)
		lost += meta->cpus[i].overrun + meta->cpus[i].commit_overrun + meta->cpus[i].dropped_events;
	return lost;
}

bool meta_scalable(const struct meta *meta)
{
	return meta->scalable_asked && (meta->extended_capability & VTD_ECAP_SMTS);
}

bool meta_first_stage(const struct meta *meta)
{
	/* Linux uses the first stage for DMA wherever the hardware has it. */
	return meta_scalable(meta) && (meta->extended_capability & VTD_ECAP_FSTS);
}
