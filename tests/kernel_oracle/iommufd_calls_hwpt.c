/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/kernel_oracle/iommufd_state.h"

#define BITMAP_WORDS 512u

static void hw_info(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_hw_info info = { .bytes = 64 };
	char number[4][24];

	(void)call;
	if (is_known(state, 0x8a, 40, 24, answer))
		fail_or(answer, iommufd_get_hw_info(&state->iommufd, state->device, &info));
	snprintf(answer->out, sizeof(answer->out), "type=%#x len=%u caps=%s data=%s %s %s", info.type, info.bytes,
		 hex(number[0], info.capabilities), hex(number[1], info.word[0]), hex(number[2], info.word[1]),
		 hex(number[3], info.word[2]));
}

/* ---- HWPT ---- */

static void hwpt_alloc(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t base = state->parent ? state->parent : state->plain, made = 0;
	const struct {
		const char *what; /* the last word of the arguments, in the program's order */
		uint32_t pt;
		uint32_t *keep;
	} calls[] = {
		{ " DIRTY_TRACKING", state->ioas, &state->tracking },
		{ " plain", state->ioas, &state->plain },
		{ " bad flag", state->ioas, NULL },
		{ " bad pt_id", IOMMUFD_NO_OBJECT, NULL },
		{ " NEST_PARENT", state->ioas, &state->parent },
		{ " NEST_PARENT|DIRTY", state->ioas, NULL },
		{ " FAULT_ID_VALID fault_id=0", state->ioas, NULL },
		{ " on plain hwpt, no data", state->plain, NULL },
		{ " nested on plain hwpt", state->plain, NULL },
		{ " nested on parent", base, &state->nested },
		{ " nested data on ioas", state->ioas, NULL },
		{ " nested short data", base, NULL },
		{ " nested + NEST_PARENT", base, NULL },
		{ " nested + DIRTY", base, NULL },
		{ " nested unknown data type", base, NULL },
		{ " nested on nested", state->nested, NULL },
	};
	bool is_mock = state->world->machine == ORACLE_X86_MOCK;
	uint32_t bytes = is_mock ? 4 : 24;
	struct iommufd_data data = { .type = (uint32_t)oracle_argument(call, "data_type") };
	const char *what = strstr(call->args, "data_type=");

	what = what ? strchr(what, ' ') : NULL;
	if (data.type) {
		data.bytes = bytes - (has_word(call, "short data") ? 1 : 0);
		data.word[0] = 0;
		data.word[1] = is_mock ? 0 : 0x1000;
		data.word[2] = is_mock ? 0 : 48;
	}
	answer->modelled = false;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!what || strcmp(what, calls[i].what) != 0)
			continue;
		answer->modelled = true;
		if (is_known(state, 0x89, 48, data.type ? 40 : 24, answer))
			fail_or(answer, iommufd_hwpt_alloc(&state->iommufd, (uint32_t)oracle_argument(call, "flags"),
							   state->device, calls[i].pt, &data, &made, &state->work));
		if (calls[i].keep)
			*calls[i].keep = made;
	}
}

/* The table that the program tracks: the first call of each kind is on the plain one. */
static uint32_t tracked(const struct iommufd_state *state, bool is_first)
{
	return is_first || !state->tracking ? state->plain : state->tracking;
}

static void set_dirty(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t id = tracked(state, state->set_calls++ == 0);

	if (is_known(state, 0x8b, 16, 12, answer))
		fail_or(answer,
			iommufd_hwpt_set_dirty_tracking(&state->iommufd, id, (uint32_t)oracle_argument(call, "flags")));
}

static void get_dirty(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bitmap[BITMAP_WORDS] = { 0 };
	struct iommufd_dirty_query query = { .iova = oracle_argument(call, "iova"),
					     .bytes = oracle_argument(call, "len"),
					     .page_bytes = oracle_argument(call, "pgsz"),
					     .bitmap = bitmap,
					     .words = BITMAP_WORDS };
	uint32_t id = tracked(state, state->get_calls++ == 0), flags = (uint32_t)oracle_argument(call, "flags");
	char number[2][24];

	if (state->dirty_flags & ~IOMMUFD_DIRTY_NO_CLEAR)
		id = state->ioas;
	state->dirty_flags = flags;
	if (is_known(state, 0x8c, 48, 48, answer))
		fail_or(answer, iommufd_hwpt_get_dirty(&state->iommufd, id, flags, &query));
	snprintf(answer->out, sizeof(answer->out), "bm[0]=%s bm[1]=%s", hex(number[0], bitmap[0]),
		 hex(number[1], bitmap[1]));
}

static void mark_dirty(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bits = oracle_argument(call, "bits"), count = 0;
	struct iommufd_object *object = iommufd_find(&state->iommufd, tracked(state, false), IOMMUFD_HWPT);

	fail_or(answer, object ? iommufd_mock_mark_dirty(&((struct iommufd_hwpt *)object)->table, 0x2000000, 0x10000,
							 0x800, (const uint64_t[1]){ bits }, &count)
			       : ENOENT);
	snprintf(answer->out, sizeof(answer->out), "nr=%" PRIu64, count);
}

const struct iommufd_op iommufd_hwpt_ops[] = {
	{ "GET_HW_INFO", hw_info },        { "HWPT_ALLOC", hwpt_alloc },      { "SET_DIRTY_TRACKING", set_dirty },
	{ "GET_DIRTY_BITMAP", get_dirty }, { "TEST mark dirty", mark_dirty }, { 0 },
};
