/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/kernel_oracle/iommufd_state.h"

static void vfio_ioas(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	bool is_set = strstr(call->op, "SET"), is_get = strstr(call->op, "GET");
	uint32_t id = is_set ? state->ioas : 0;

	fail_or(answer, iommufd_vfio_ioas(&state->iommufd, is_get ? 0 : is_set ? 1 : 2, &id));
	if (is_get && !answer->ret)
		strcpy(answer->out, id == state->ioas ? "=ioas" : "other");
}

static void check_extension(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	bool has;

	fail_or(answer, iommufd_vfio_check_extension(&state->iommufd, oracle_argument(call, "ext"), &has));
	if (!answer->error)
		answer->ret = has;
}

/* VFIO_API_VERSION is 0. */
static void api_version(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	(void)state;
	(void)call;
	answer->ret = 0;
}

static void set_iommu(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	fail_or(answer, iommufd_vfio_set_iommu(&state->iommufd, oracle_argument(call, "type")));
}

static void get_info(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_vfio_info info = { .bytes = 24 };
	char number[24];

	(void)call;
	fail_or(answer, iommufd_vfio_get_info(&state->iommufd, &info));
	snprintf(answer->out, sizeof(answer->out), "flags=%#x pgsizes=%s argsz=%u", info.flags,
		 hex(number, info.page_sizes), info.bytes);
}

static void map_dma(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	struct iommufd_caller caller = caller_of(state);
	uint64_t vaddr = SETTING_BASE; /* where the line does not say */

	oracle_number(call, "va", &vaddr);
	fail_or(answer, iommufd_vfio_map(&state->iommufd, &caller, (uint32_t)oracle_argument(call, "flags"), vaddr,
					 oracle_argument(call, "iova"), oracle_argument(call, "size"), &state->work));
}

static void unmap_dma(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	uint64_t bytes = oracle_argument(call, "size");

	fail_or(answer, iommufd_vfio_unmap(&state->iommufd, (uint32_t)oracle_argument(call, "flags"),
					   oracle_argument(call, "iova"), &bytes, &state->work));
	print_field(answer, "size", bytes);
}

/* IOMMU_TEST_OP_MD_CHECK_REFS: has each page of the buffer so many pins? */
static void check_refs(struct iommufd_state *state, const struct oracle_call *call, struct oracle_answer *answer)
{
	const char *expected = strstr(call->args, "expect>=");
	uint64_t refs = expected ? strtoull(expected + strlen("expect>="), NULL, 0) : 0;

	for (uint64_t at = 0; at < 0x4000 && !answer->error; at += PAGE_BYTES) {
		struct process_run run = process_run(state->world->process, SETTING_BASE + at, PAGE_BYTES, false);

		if (!run.bytes)
			fail_or(answer, EFAULT);
		else if (pins_count(&state->world->pins, run.phys) != refs)
			fail_or(answer, EIO);
	}
}

const struct iommufd_op iommufd_vfio_ops[] = {
	{ "VFIO_IOAS GET", vfio_ioas },
	{ "VFIO_IOAS SET", vfio_ioas },
	{ "VFIO_IOAS CLEAR", vfio_ioas },
	{ "MD_CHECK_REFS", check_refs },
	{ "compat CHECK_EXTENSION", check_extension },
	{ "compat GET_API_VERSION", api_version },
	{ "compat SET_IOMMU", set_iommu },
	{ "compat GET_INFO", get_info },
	{ "compat MAP_DMA", map_dma },
	{ "compat UNMAP_DMA", unmap_dma },
	{ 0 },
};
