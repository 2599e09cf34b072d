/* SPDX-License-Identifier: Apache-2.0 */
/* The random calls of record/iommufd_mock.c. */
#include "tests/kernel_oracle/iommufd_state.h"

static uint32_t ioas_at(const struct iommufd_state *state, const struct oracle_call *call)
{
	return oracle_argument(call, "ioas") ? state->second_ioas : state->ioas;
}

static unsigned slot_of(const struct oracle_call *call, const char *key)
{
	return (unsigned)oracle_argument(call, key) % IOMMUFD_SLOTS;
}

static void attach(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t pt = ioas_at(state, call);
	unsigned slot = slot_of(call, "slot");

	fail_or(answer, iommufd_mock_device(&state->iommufd, &state->mock, &pt, &state->slot_mock[slot],
					    &state->slot_device[slot], &state->work));
}

static void detach(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	fail_or(answer, iommufd_destroy(&state->iommufd, state->slot_mock[slot_of(call, "slot")], &state->work));
}

static void table(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	const struct iommufd_data none = { 0 };
	unsigned slot = slot_of(call, "slot");
	int error = iommufd_hwpt_alloc(&state->iommufd, (uint32_t)oracle_argument(call, "flags"),
				       state->slot_device[slot_of(call, "device")], ioas_at(state, call), &none,
				       &state->slot_table[slot], &state->work);

	fail_or(answer, error);
	if (error)
		state->slot_table[slot] = 0;
}

static void table_free(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	unsigned slot = slot_of(call, "slot");
	int error = iommufd_destroy(&state->iommufd, state->slot_table[slot], &state->work);

	fail_or(answer, error);
	if (!error)
		state->slot_table[slot] = 0;
}

static void nested(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	const struct iommufd_data data = { .type = IOMMUFD_DATA_SELFTEST, .bytes = 4 };
	unsigned slot = slot_of(call, "slot");
	int error = iommufd_hwpt_alloc(&state->iommufd, 0, state->slot_device[slot_of(call, "device")],
				       state->slot_table[slot_of(call, "table")], &data, &state->slot_nested[slot],
				       &state->work);

	fail_or(answer, error);
	if (error)
		state->slot_nested[slot] = 0;
}

static void nested_free(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	unsigned slot = slot_of(call, "slot");
	int error = iommufd_destroy(&state->iommufd, state->slot_nested[slot], &state->work);

	fail_or(answer, error);
	if (!error)
		state->slot_nested[slot] = 0;
}

/* To an IOAS, a page table or a first stage. */
static void replace(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	unsigned index = slot_of(call, "index");
	uint64_t to = oracle_argument(call, "to");
	uint32_t pt = to == 1   ? state->slot_table[index]
		      : to == 2 ? state->slot_nested[index]
		      : index   ? state->second_ioas
				: state->ioas;

	fail_or(answer, iommufd_mock_device_replace(&state->iommufd, state->slot_mock[slot_of(call, "slot")], &pt,
						    &state->work));
}

static void track(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	fail_or(answer, iommufd_hwpt_set_dirty_tracking(&state->iommufd, state->slot_table[slot_of(call, "slot")],
							(uint32_t)oracle_argument(call, "flags")));
}

static void mark(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_object *object =
		iommufd_find(&state->iommufd, state->slot_table[slot_of(call, "slot")], IOMMUFD_HWPT);
	uint64_t bits = oracle_argument(call, "bits"), count = 0;

	fail_or(answer, object ? iommufd_mock_mark_dirty(&((struct iommufd_hwpt *)object)->table,
							 oracle_argument(call, "iova"), 0x20000, 0x800, &bits, &count)
			       : ENOENT);
	snprintf(answer->out, sizeof(answer->out), "nr=%" PRIu64, count);
}

static void bitmap(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t words[64] = { 0 };
	const struct iommufd_dirty_query query = { .iova = oracle_argument(call, "iova"),
						   .bytes = oracle_argument(call, "len"),
						   .page_bytes = oracle_argument(call, "pgsz"),
						   .bitmap = words,
						   .words = 64 };
	char number[2][24];

	fail_or(answer, iommufd_hwpt_get_dirty(&state->iommufd, state->slot_table[slot_of(call, "slot")],
					       (uint32_t)oracle_argument(call, "flags"), &query));
	snprintf(answer->out, sizeof(answer->out), "bm[0]=%s bm[1]=%s", hex(number[0], words[0]),
		 hex(number[1], words[1]));
}

static void vfio(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint32_t id = ioas_at(state, call);

	fail_or(answer, iommufd_vfio_ioas(&state->iommufd, IOMMUFD_VFIO_IOAS_SET, &id));
}

static void refs(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t vaddr = SETTING_BASE + oracle_argument(call, "page") * PAGE_BYTES;
	struct process_run run = process_run(state->world->process, vaddr, PAGE_BYTES, false);

	if (!run.bytes)
		fail_or(answer, EFAULT);
	else if (pins_count(&state->world->pins, run.phys) != oracle_argument(call, "refs"))
		fail_or(answer, EIO);
}

const struct iommufd_op iommufd_slot_ops[] = {
	{ "slot attach", attach },
	{ "slot detach", detach },
	{ "slot table", table },
	{ "slot table free", table_free },
	{ "slot nested", nested },
	{ "slot nested free", nested_free },
	{ "slot replace", replace },
	{ "slot track", track },
	{ "slot mark", mark },
	{ "slot bitmap", bitmap },
	{ "slot vfio", vfio },
	{ "slot refs", refs },
	{ 0 },
};
