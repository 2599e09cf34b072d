/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a test executable. */
#ifndef IOMMUSIM_TESTS_SUITE_H
#define IOMMUSIM_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

#define SUITE_TIMEOUT_SECONDS 60 /* for each test; sanitized builds on a busy machine are slow */

/* Runs a suite that has fixtures, loops or limits of its own, and frees it.  Returns what main returns. */
static inline int suite_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The same for a list of tests, which ends with NULL. */
static inline int suite_run(const char *name, const TTest *const *tests)
{
	Suite *suite = suite_create(name);
	TCase *all = tcase_create(name);

	tcase_set_timeout(all, SUITE_TIMEOUT_SECONDS);
	for (; *tests; tests++)
		tcase_add_test(all, *tests);
	suite_add_tcase(suite, all);
	return suite_main(suite);
}

#endif
