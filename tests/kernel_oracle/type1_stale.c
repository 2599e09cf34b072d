/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/type1_stale.h"

#include <string.h>

#include "models/base/heap.h"

#define WORD_BITS 64u

static uint64_t words_of(uint64_t bits)
{
	return (bits + WORD_BITS - 1) / WORD_BITS;
}

static bool touches(const struct type1_stale_mapping *mapping, uint64_t iova, uint64_t last)
{
	return mapping->iova <= last && mapping->iova + (mapping->bytes - 1) >= iova;
}

void type1_stale_forget(struct type1_stale *stale, uint64_t iova, uint64_t bytes)
{
	size_t kept = 0;

	for (size_t i = 0; i < stale->count; i++) {
		if (touches(&stale->mapping[i], iova, iova + (bytes - 1)))
			free(stale->mapping[i].word);
		else
			stale->mapping[kept++] = stale->mapping[i];
	}
	stale->count = kept;
	if (!kept) {
		free(stale->mapping);
		stale->mapping = NULL;
	}
}

/* The bitmap of the mapping that begins there, taken out of the old list; NULL: it is new. */
static uint64_t *take_word(struct type1_stale *old, uint64_t iova)
{
	for (size_t i = 0; i < old->count; i++)
		if (old->mapping[i].iova == iova) {
			uint64_t *word = old->mapping[i].word;

			old->mapping[i].word = NULL;
			return word;
		}
	return NULL;
}

void type1_stale_look(struct type1_stale *stale, const struct type1 *type1)
{
	struct type1_stale old = *stale;
	const struct range *range;

	*stale = (struct type1_stale){ 0 };
	for (uint64_t next = 0; type1 && (range = ranges_find(&type1->container.mappings, next, UINT64_MAX));
	     next = range->last + 1) {
		stale->mapping = heap_resized(stale->mapping, stale->count + 1, sizeof(*stale->mapping));
		stale->mapping[stale->count++] =
			(struct type1_stale_mapping){ range->first, range->last - range->first + 1,
						      take_word(&old, range->first) };
	}
	type1_stale_forget(&old, 0, UINT64_MAX);
}

/* [LINUX] __bitmap_shift_left in place, by less than a word; bits beyond nbits are not masked. */
static void shift_left(uint64_t *word, uint64_t shift, uint64_t nbits)
{
	for (uint64_t k = words_of(nbits); k-- > 0;)
		word[k] = word[k] << shift | (k ? word[k - 1] >> (WORD_BITS - shift) : 0);
}

static void set_low(uint64_t *word, uint64_t count, bool to)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t bit = UINT64_C(1) << i % WORD_BITS;

		word[i / WORD_BITS] = to ? word[i / WORD_BITS] | bit : word[i / WORD_BITS] & ~bit;
	}
}

void type1_stale_read(struct type1_stale *stale, uint64_t iova, uint64_t bytes, bool unmap, uint64_t *out)
{
	for (size_t i = 0; i < stale->count; i++) {
		struct type1_stale_mapping *mapping = &stale->mapping[i];
		uint64_t pages = mapping->bytes >> PAGE_LG2, first = (mapping->iova - iova) >> PAGE_LG2;
		uint64_t shift = first % WORD_BITS, *to = out + first / WORD_BITS;

		if (mapping->iova < iova || mapping->iova > iova + (bytes - 1))
			continue;
		if (!mapping->word)
			mapping->word = heap_zeroed(words_of(pages) + 1, sizeof(*mapping->word));
		set_low(mapping->word, pages, true);
		if (shift) {
			shift_left(mapping->word, shift, pages + shift);
			mapping->word[0] |= to[0];
		}
		memcpy(to, mapping->word, words_of(pages + shift) * sizeof(*to));
		if (!unmap)
			set_low(mapping->word, pages, false);
	}
	if (unmap)
		type1_stale_forget(stale, iova, bytes);
}
