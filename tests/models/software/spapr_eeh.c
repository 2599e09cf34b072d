/* SPDX-License-Identifier: Apache-2.0 */
#include "models/software/spapr_eeh.h"

#include <errno.h>

#include "tests/suite.h"

static unsigned changes;
static bool dma_enabled;

static void set_dma(void *argument, unsigned pe, bool enabled)
{
	ck_assert_ptr_eq(argument, &changes);
	ck_assert_uint_eq(pe, 7);
	changes++;
	dma_enabled = enabled;
}

static const struct spapr_hardware hardware = { .argument = &changes, .set_dma = set_dma };
static struct spapr_group group;

static void setup(void)
{
	group = (struct spapr_group){ .pe = 7, .hardware = &hardware };
	changes = 0;
	dma_enabled = true;
}

static uint32_t state(void)
{
	uint32_t is = UINT32_MAX;

	ck_assert_int_eq(spapr_group_eeh(&group, SPAPR_EEH_GET_STATE, &is), 0);
	return is;
}

static int eeh(enum spapr_eeh_op op)
{
	uint32_t unused;

	return spapr_group_eeh(&group, op, &unused);
}

START_TEST(a_frozen_endpoint_is_thawed_in_two_steps)
{
	ck_assert_uint_eq(state(), SPAPR_EEH_NORMAL);
	spapr_group_freeze(&group);
	ck_assert_uint_eq(state(), SPAPR_EEH_STOPPED_IO_DMA);
	ck_assert_int_eq(eeh(SPAPR_EEH_UNFREEZE_IO), 0);
	ck_assert_uint_eq(state(), SPAPR_EEH_STOPPED_DMA);
	ck_assert_uint_eq(changes, 0);
	ck_assert_int_eq(eeh(SPAPR_EEH_UNFREEZE_DMA), 0);
	ck_assert_uint_eq(state(), SPAPR_EEH_NORMAL);
	ck_assert_uint_eq(changes, 1);
	ck_assert(dma_enabled);
	ck_assert_int_eq(eeh(SPAPR_EEH_UNFREEZE_DMA), 0);
	ck_assert_uint_eq(changes, 1);
}
END_TEST

START_TEST(dma_that_runs_without_mmio_is_no_state_of_its_own)
{
	spapr_group_freeze(&group);
	ck_assert_int_eq(eeh(SPAPR_EEH_UNFREEZE_DMA), 0);
	ck_assert_uint_eq(state(), SPAPR_EEH_UNAVAILABLE);
}
END_TEST

START_TEST(dma_is_stopped_through_a_reset)
{
	ck_assert_int_eq(eeh(SPAPR_EEH_RESET_HOT), 0);
	ck_assert_uint_eq(state(), SPAPR_EEH_IN_RESET);
	ck_assert(!dma_enabled);
	ck_assert_int_eq(eeh(SPAPR_EEH_RESET_DEACTIVATE), 0);
	ck_assert_uint_eq(state(), SPAPR_EEH_NORMAL);
	ck_assert(dma_enabled);
	spapr_group_freeze(&group);
	ck_assert_int_eq(eeh(SPAPR_EEH_RESET_FUNDAMENTAL), 0);
	ck_assert_int_eq(eeh(SPAPR_EEH_RESET_DEACTIVATE), 0);
	ck_assert_uint_eq(state(), SPAPR_EEH_NORMAL);
}
END_TEST

START_TEST(operations_that_change_nothing_answer_0_and_unknown_ones_einval)
{
	ck_assert_int_eq(eeh(SPAPR_EEH_ENABLE), 0);
	ck_assert_int_eq(eeh(SPAPR_EEH_DISABLE), 0);
	ck_assert_int_eq(eeh(SPAPR_EEH_CONFIGURE), 0);
	ck_assert_int_eq(eeh(SPAPR_EEH_INJECT_ERR), ENXIO);
	ck_assert_int_eq(eeh(SPAPR_EEH_INJECT_ERR + 1), EINVAL);
	ck_assert_uint_eq(changes, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spapr eeh");
	TCase *test = tcase_create("spapr eeh");

	tcase_add_checked_fixture(test, setup, NULL);
	tcase_add_test(test, a_frozen_endpoint_is_thawed_in_two_steps);
	tcase_add_test(test, dma_that_runs_without_mmio_is_no_state_of_its_own);
	tcase_add_test(test, dma_is_stopped_through_a_reset);
	tcase_add_test(test, operations_that_change_nothing_answer_0_and_unknown_ones_einval);
	suite_add_tcase(suite, test);
	return suite_main(suite);
}
