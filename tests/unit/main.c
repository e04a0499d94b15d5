/*
 * Runs every suite of tests/unit/.  A suite is a function "Suite *NAME_suite(void)"
 * in any file here; suites.h is made from their names at build time.
 *
 * CK_RUN_SUITE=name and CK_RUN_CASE=name (of libcheck) run a part of them.
 */
#define _POSIX_C_SOURCE 200809L
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *name(void);
#include "suites.h"
#undef SUITE

int main(void)
{
	/* Against tests that hang: a machine with much to do may take longer than libcheck's four seconds. */
	setenv("CK_DEFAULT_TIMEOUT", "120", 0);

	SRunner *runner = srunner_create(NULL);

#define SUITE(name) srunner_add_suite(runner, name());
#include "suites.h"
#undef SUITE

	srunner_run_all(runner, CK_ENV);

	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
