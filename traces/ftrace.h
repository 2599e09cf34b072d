/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of kernel ftrace text, decoded: the events of iommu, dma and
 * intel_iommu as Linux prints them (their `format` files in tracefs say how).
 * A scanner by hand, as a recording has millions of lines.  It joins nothing
 * (that is join.h).
 */
#ifndef IOMMUSIM_TRACES_FTRACE_H
#define IOMMUSIM_TRACES_FTRACE_H

#include "traces/source.h"
#include "traces/trace.h"

enum ftrace_type {
	FTRACE_MAP,
	FTRACE_UNMAP,
	FTRACE_DMA_MAP,      /* dma_map_page, dma_map_phys, dma_alloc ...: after their maps */
	FTRACE_DMA_MAP_SG,   /* after its maps; several addresses */
	FTRACE_DMA_UNMAP,    /* dma_unmap_page, dma_unmap_phys ...: after their unmap */
	FTRACE_DMA_ANNOUNCE, /* dma_unmap_sg, dma_free ...: before their unmap */
	FTRACE_GROUP,
	FTRACE_ATTACH,
	FTRACE_TAG_ASSIGN,
	FTRACE_FLUSH_MAP,   /* cache_tag_flush_range_np */
	FTRACE_FLUSH_UNMAP, /* cache_tag_flush_range */
	FTRACE_FLUSH_ALL,
	FTRACE_QI_SUBMIT,
	FTRACE_MARK,
	FTRACE_OTHER,  /* another event: only its name is decoded */
	FTRACE_LOST,   /* not an event: events are missing: `count`, 0 when the kernel does not say how many */
	FTRACE_HEADER, /* "entries-in-buffer/entries-written": `count` of `written`; `cpu` CPUs */
	FTRACE_BLANK,  /* a comment, an empty line, a line of a stack trace */
	FTRACE_BAD,    /* none of these; `about` says what is wrong */
};

struct ftrace_event {
	enum ftrace_type type;
	ps_t time_ps; /* of the trace clock */
	uint16_t cpu;
	uint32_t pid;
	unsigned level; /* 0 task, 1 soft interrupt, 2 hard, 3 non-maskable */
	struct source_text name;
	struct source_text device;
	struct source_text text;             /* FTRACE_MARK */
	struct source_text addresses, sizes; /* FTRACE_DMA_MAP_SG: lists for ftrace_list_next */
	bool truncated;                      /* the lists are not whole */
	enum trace_api api;
	enum trace_direction direction;
	bool has_address;        /* `address` and `bytes` are known */
	uint64_t address, bytes; /* iova or DMA address */
	uint64_t phys;
	uint64_t id;      /* group, or domain id */
	uint64_t word[4]; /* FTRACE_QI_SUBMIT */
	uint64_t count, written;
	const char *about;
};

/* Pointers in *event go into the line. */
void ftrace_scan(const struct source_text *line, struct ftrace_event *event);

/* Takes the next number off a list; false at its end. */
bool ftrace_list_next(struct source_text *list, uint64_t *value);

#endif
