/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/iommufd_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models/base/heap.h"
#include "models/base/require.h"

struct iommufd_pages *iommufd_pages_create(const struct iommufd_source *source, const struct iommufd_file *file,
					   uint64_t start, uint64_t bytes, bool writable)
{
	struct iommufd_pages *pages = heap_zeroed(1, sizeof(*pages));
	uint64_t offset = start & (PAGE_BYTES - 1);

	REQUIRE(bytes > 0 && bytes <= UINT64_MAX - PAGE_BYTES && start + bytes >= start);
	pages->users = 1;
	pages->source = *source;
	pages->file = file;
	pages->start = start - offset;
	pages->count = (offset + bytes + PAGE_BYTES - 1) >> PAGE_LG2;
	pages->writable = writable;
	return pages;
}

void iommufd_pages_get(struct iommufd_pages *pages)
{
	pages->users++;
}

void iommufd_pages_put(struct iommufd_pages *pages)
{
	REQUIRE(pages->users > 0);
	if (--pages->users)
		return;
	REQUIRE(!pages->held_count && !pages->pinned_pages && !pages->charged_pages);
	free(pages->held);
	free(pages->pinned);
	free(pages);
}

/* ---- charging ---- */

int iommufd_source_charge(const struct iommufd_source *source, uint64_t pages, struct host_work *work)
{
	struct account *account = source->mode == ACCOUNT_USER ? source->user : &source->process->account;
	uint64_t limit = source->process->account.limit_pages, used = account->pages[source->mode];

	work->account_operations++;
	if (source->mode == ACCOUNT_USER && limit != ACCOUNT_UNLIMITED && (used > limit || pages > limit - used))
		return ENOMEM;
	int error = account_charge(account, source->mode, pages);

	if (!error)
		source->process->pinned_vm += pages;
	return error;
}

void iommufd_source_uncharge(const struct iommufd_source *source, uint64_t pages, struct host_work *work)
{
	work->account_operations++;
	account_uncharge(source->mode == ACCOUNT_USER ? source->user : &source->process->account, source->mode, pages);
	source->process->pinned_vm -= pages;
}

int iommufd_pages_charge(struct iommufd_pages *pages, struct host_work *work)
{
	uint64_t more = pages->pinned_pages - pages->charged_pages;

	REQUIRE(pages->pinned_pages >= pages->charged_pages);
	if (!more)
		return 0;
	int error = iommufd_source_charge(&pages->source, more, work);

	if (!error)
		pages->charged_pages = pages->pinned_pages;
	return error;
}

static void uncharge_unpinned(struct iommufd_pages *pages, struct host_work *work)
{
	if (pages->pinned_pages >= pages->charged_pages)
		return;
	iommufd_source_uncharge(&pages->source, pages->charged_pages - pages->pinned_pages, work);
	pages->charged_pages = pages->pinned_pages;
}

bool iommufd_pages_moves(const struct iommufd_pages *pages, const struct iommufd_source *to)
{
	bool same_process = pages->source.process == to->process, same_user = pages->source.user == to->user;

	switch (pages->source.mode) {
	case ACCOUNT_MM:
		return !same_process;
	case ACCOUNT_USER:
		return !same_process || !same_user;
	default:
		return false;
	}
}

void iommufd_pages_move(struct iommufd_pages *pages, const struct iommufd_source *to, struct host_work *work)
{
	struct iommufd_source old = pages->source;

	pages->source.process = to->process;
	pages->source.user = to->user;
	if (!pages->charged_pages)
		return;
	if (iommufd_pages_moves(&(struct iommufd_pages){ .source = old }, to)) {
		iommufd_source_uncharge(&old, pages->charged_pages, work);
	} else if (old.mode == ACCOUNT_NONE) {
		/* The kernel's counters stay where they are; ours says whose memory it is. */
		account_uncharge(&old.process->account, ACCOUNT_NONE, pages->charged_pages);
		REQUIRE(!account_charge(&to->process->account, ACCOUNT_NONE, pages->charged_pages));
	}
}

/* ---- pinning ---- */

/* The place of the first pinned piece that ends at page or above. */
static size_t place_of(const struct iommufd_pages *pages, uint64_t page)
{
	size_t low = 0, high = pages->pinned_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (pages->pinned[middle].span.last < page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t span_bytes(struct iommufd_span span)
{
	return (span.last - span.first + 1) << PAGE_LG2;
}

static void piece_insert(struct iommufd_pages *pages, size_t place, const struct iommufd_pinned *piece)
{
	if (pages->pinned_count == pages->pinned_capacity) {
		pages->pinned_capacity = pages->pinned_capacity ? 2 * pages->pinned_capacity : 1;
		pages->pinned = heap_resized(pages->pinned, pages->pinned_capacity, sizeof(*pages->pinned));
	}
	memmove(&pages->pinned[place + 1], &pages->pinned[place], (pages->pinned_count - place) * sizeof(*piece));
	pages->pinned[place] = *piece;
	pages->pinned_count++;
}

static void piece_remove(struct iommufd_pages *pages, size_t place)
{
	pages->pinned_count--;
	memmove(&pages->pinned[place], &pages->pinned[place + 1],
		(pages->pinned_count - place) * sizeof(*pages->pinned));
}

static void pin_piece(struct iommufd_pages *pages, const struct iommufd_pinned *piece)
{
	piece_insert(pages, place_of(pages, piece->span.first), piece);
	pages->pinned_pages += piece->span.last - piece->span.first + 1;
	pins_pin(pages->source.process->pins, piece->phys, span_bytes(piece->span));
}

/* The part of a piece that span covers; they overlap. */
static struct iommufd_pinned piece_within(const struct iommufd_pinned *piece, struct iommufd_span span)
{
	struct iommufd_pinned part = *piece;

	if (part.span.first < span.first)
		part.span.first = span.first;
	if (part.span.last > span.last)
		part.span.last = span.last;
	part.phys += (part.span.first - piece->span.first) << PAGE_LG2;
	return part;
}

/* Unpins what is pinned in span. */
static void unpin_span(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work)
{
	for (size_t place; (place = place_of(pages, span.first)) < pages->pinned_count;) {
		struct iommufd_pinned piece = pages->pinned[place], part, rest;

		if (piece.span.first > span.last)
			break;
		part = piece_within(&piece, span);
		piece_remove(pages, place);
		if (piece.span.last > part.span.last) {
			rest = piece_within(&piece, (struct iommufd_span){ part.span.last + 1, piece.span.last });
			piece_insert(pages, place, &rest);
		}
		if (piece.span.first < part.span.first) {
			rest = piece_within(&piece, (struct iommufd_span){ piece.span.first, part.span.first - 1 });
			piece_insert(pages, place, &rest);
		}
		pins_unpin(pages->source.process->pins, part.phys, span_bytes(part.span));
		pages->pinned_pages -= part.span.last - part.span.first + 1;
		work->pages_unpinned += part.span.last - part.span.first + 1;
	}
}

/* Where the page at offset from start of the pages lies, and how many more lie behind it, at most bytes. */
static bool find_piece(const struct iommufd_pages *pages, uint64_t offset, uint64_t bytes, struct iommufd_pinned *piece)
{
	uint64_t start = pages->start + offset;

	piece->span = (struct iommufd_span){ offset >> PAGE_LG2, (offset + bytes - 1) >> PAGE_LG2 };
	if (pages->file) {
		piece->phys = pages->file->base + start;
		piece->page_lg2 = pages->file->page_lg2;
		/* [LINUX] memfd_pin_folios(): no page of the call beyond the end. */
		return start + bytes <= pages->file->bytes;
	}
	struct process_run run = process_run(pages->source.process, start, bytes, pages->writable);

	if (!run.bytes || !run.is_memory)
		return false;
	piece->phys = run.phys;
	piece->page_lg2 = process_area(pages->source.process, start)->page_lg2;
	piece->span.last = (offset + run.bytes - 1) >> PAGE_LG2;
	return true;
}

/* Does next lie behind piece, in pages of the same kind? */
static bool continues(const struct iommufd_pinned *piece, const struct iommufd_pinned *next)
{
	return next->span.first == piece->span.last + 1 && next->phys == piece->phys + span_bytes(piece->span) &&
	       next->page_lg2 == piece->page_lg2;
}

/* Pins span, of which nothing is pinned. */
static int pin_span(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work)
{
	uint64_t begin = span.first << PAGE_LG2, end = (span.last + 1) << PAGE_LG2, before = pages->pinned_pages;
	uint64_t batch = (uint64_t)pages->source.pin_batch_pages << PAGE_LG2;
	struct iommufd_pinned piece = { 0 }, next; /* piece grows while memory is contiguous */
	bool found = true;

	work->pin_calls += (end - begin + batch - 1) / batch;
	for (uint64_t at = begin; at < end; at = (piece.span.last + 1) << PAGE_LG2) {
		found = find_piece(pages, at, end - at, &next);
		if (!found)
			break;
		if (at > begin && continues(&piece, &next)) {
			piece.span.last = next.span.last;
			continue;
		}
		if (at > begin)
			pin_piece(pages, &piece);
		piece = next;
	}
	if (piece.page_lg2)
		pin_piece(pages, &piece);
	work->pages_pinned += pages->pinned_pages - before;
	if (!found)
		unpin_span(pages, span, work);
	return found ? 0 : pages->file ? EINVAL : EFAULT;
}

/* ---- holding ---- */

/* The lowest part of [from, last] that no area holds; false: none. */
static bool find_unheld(const struct iommufd_pages *pages, uint64_t from, uint64_t last, struct iommufd_span *part)
{
	for (bool moved = true; moved && from <= last;) {
		moved = false;
		for (size_t i = 0; i < pages->held_count; i++)
			if (pages->held[i].first <= from && pages->held[i].last >= from) {
				from = pages->held[i].last + 1;
				moved = true;
			}
	}
	if (from > last)
		return false;
	*part = (struct iommufd_span){ from, last };
	for (size_t i = 0; i < pages->held_count; i++)
		if (pages->held[i].first > from && pages->held[i].first <= part->last)
			part->last = pages->held[i].first - 1;
	return true;
}

static void held_add(struct iommufd_pages *pages, struct iommufd_span span)
{
	if (pages->held_count == pages->held_capacity) {
		pages->held_capacity = pages->held_capacity ? 2 * pages->held_capacity : 1;
		pages->held = heap_resized(pages->held, pages->held_capacity, sizeof(*pages->held));
	}
	pages->held[pages->held_count++] = span;
}

static void held_remove(struct iommufd_pages *pages, struct iommufd_span span)
{
	size_t i = 0;

	while (i < pages->held_count && (pages->held[i].first != span.first || pages->held[i].last != span.last))
		i++;
	REQUIRE(i < pages->held_count);
	pages->held[i] = pages->held[--pages->held_count];
}

static void unpin_unheld(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work)
{
	struct iommufd_span part;

	for (uint64_t from = span.first; find_unheld(pages, from, span.last, &part); from = part.last + 1)
		unpin_span(pages, part, work);
}

int iommufd_pages_hold(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work)
{
	struct iommufd_span part;
	int error = 0;

	REQUIRE(span.first <= span.last && span.last < pages->count);
	for (uint64_t from = span.first; !error && find_unheld(pages, from, span.last, &part); from = part.last + 1)
		error = pin_span(pages, part, work);
	if (error)
		unpin_unheld(pages, span, work);
	else
		held_add(pages, span);
	return error;
}

void iommufd_pages_release(struct iommufd_pages *pages, struct iommufd_span span, struct host_work *work)
{
	held_remove(pages, span);
	unpin_unheld(pages, span, work);
	uncharge_unpinned(pages, work);
}

void iommufd_pages_split(struct iommufd_pages *pages, struct iommufd_span span, struct iommufd_span low,
			 struct iommufd_span high)
{
	held_remove(pages, span);
	held_add(pages, low);
	held_add(pages, high);
}

struct process_run iommufd_pages_run(const struct iommufd_pages *pages, uint64_t offset, uint64_t bytes)
{
	uint64_t page = offset >> PAGE_LG2;
	size_t place = place_of(pages, page);

	REQUIRE(place < pages->pinned_count && pages->pinned[place].span.first <= page);
	const struct iommufd_pinned *piece = &pages->pinned[place];
	uint64_t into = offset - (piece->span.first << PAGE_LG2), page_bytes = UINT64_C(1) << piece->page_lg2;
	struct process_run run = { .phys = piece->phys + into, .is_memory = true };

	run.bytes = span_bytes(piece->span) - into;
	for (place++; place < pages->pinned_count && continues(piece, &pages->pinned[place]); place++, piece++)
		run.bytes += span_bytes(pages->pinned[place].span);
	if (run.bytes > page_bytes - (run.phys & (page_bytes - 1)))
		run.bytes = page_bytes - (run.phys & (page_bytes - 1));
	if (run.bytes > bytes)
		run.bytes = bytes;
	return run;
}
