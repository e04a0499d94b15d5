/* util/err.h and util/arena.h */
#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "util/arena.h"
#include "util/err.h"

Suite *err_suite(void);

START_TEST(test_wrapping)
{
	Err err = ERR_INIT;

	ck_assert(!err_set(&err, ERR_USAGE, "port %d is taken", 5432));
	ck_assert(!err_wrap(&err, "node \"%s\"", "worker1"));
	ck_assert(!err_hint(&err, "Choose another."));
	ck_assert(!err_hint(&err, "Not this one."));
	err_node(&err, "worker1");
	err_node(&err, "worker2");
	err_detail(&err, "one");
	err_detail(&err, "two");
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_str_eq(err.message, "node \"worker1\": port 5432 is taken");
	ck_assert_str_eq(err.hint, "Choose another.");
	ck_assert_str_eq(err.node, "worker1");
	ck_assert_str_eq(err.detail, "two");
	err_set_hint(&err, "This one.");
	ck_assert_str_eq(err.hint, "This one.");

	/* what comes next starts afresh */
	err_set(&err, ERR_FAILED, "other");
	ck_assert_ptr_null(err.hint);
	ck_assert_ptr_null(err.node);
	ck_assert_ptr_null(err.detail);
	err_clear(&err);
	ck_assert_int_eq(err.kind, ERR_NONE);
	ck_assert_ptr_null(err.message);
	err_wrap(&err, "alone");
	ck_assert_str_eq(err.message, "alone: failed");
	ck_assert_int_eq(err.kind, ERR_FAILED);
	err_clear(&err);
}
END_TEST

/* A message made of the message it replaces. */
START_TEST(test_own_text)
{
	Err err = ERR_INIT;

	err_set(&err, ERR_FAILED, "first");
	err_set(&err, ERR_FAILED, "%s and second", err.message);
	ck_assert_str_eq(err.message, "first and second");
	err_detail(&err, "d");
	err_detail(&err, "%s%s", err.detail, err.detail);
	ck_assert_str_eq(err.detail, "dd");
	err_clear(&err);
}
END_TEST

START_TEST(test_errno)
{
	Err err = ERR_INIT;

	errno = ENOSPC;
	ck_assert(!err_errno(&err, "write \"%s\"", "x"));
	ck_assert_str_eq(err.message, "cannot write \"x\": No space left on device");
	ck_assert_str_eq(err.hint, "Free some space on that file system and run the command again.");
	errno = ENOENT;
	err_errno(&err, "read");
	ck_assert_str_eq(err.message, "cannot read: No such file or directory");
	ck_assert_ptr_null(err.hint);
	err_clear(&err);
}
END_TEST

START_TEST(test_moving)
{
	Err from = ERR_INIT;
	Err to = ERR_INIT;

	err_set(&to, ERR_FAILED, "old");
	err_set(&from, ERR_REFUSED, "new");
	err_hint(&from, "Do.");
	err_move(&to, &from);
	ck_assert_int_eq(to.kind, ERR_REFUSED);
	ck_assert_str_eq(to.message, "new");
	ck_assert_str_eq(to.hint, "Do.");
	ck_assert_int_eq(from.kind, ERR_NONE);
	ck_assert_ptr_null(from.message);
	err_clear(&to);
	err_clear(&from);
}
END_TEST

static bool all_are(const unsigned char *bytes, size_t count, unsigned char value)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

START_TEST(test_arena)
{
	Arena *arena = arena_new();
	unsigned char *all[200];

	for (size_t i = 0; i < 200; i++) {
		all[i] = arena_alloc(arena, i * 37);
		ck_assert_uint_eq((uintptr_t) all[i] % _Alignof(max_align_t), 0);
		ck_assert(all_are(all[i], i * 37, 0));
		memset(all[i], (int) i, i * 37);
	}
	for (size_t i = 0; i < 200; i++)
		ck_assert(all_are(all[i], i * 37, (unsigned char) i));

	char *large = arena_alloc(arena, 1000000);

	memset(large, 'x', 1000000);
	ck_assert_str_eq(arena_printf(arena, "%s-%d", "a", 7), "a-7");
	ck_assert_str_eq(arena_strndup(arena, "abcdef", 3), "abc");
	ck_assert_str_eq(arena_strdup(arena, ""), "");
	ck_assert_ptr_null(arena_strdup(arena, NULL));
	ck_assert_ptr_nonnull(arena_array(arena, 0, 8));
	ck_assert_ptr_ne(arena_alloc(arena, 0), arena_alloc(arena, 0));
	arena_free(arena);
	arena_free(NULL);
}
END_TEST

Suite *err_suite(void)
{
	Suite *suite = suite_create("err");
	TCase *cases = tcase_create("all");

	tcase_add_test(cases, test_wrapping);
	tcase_add_test(cases, test_own_text);
	tcase_add_test(cases, test_errno);
	tcase_add_test(cases, test_moving);
	tcase_add_test(cases, test_arena);
	suite_add_tcase(suite, cases);
	return suite;
}
