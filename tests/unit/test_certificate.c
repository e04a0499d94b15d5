#include <check.h>
#include <string.h>

#include "io/certificate.h"

#define DAY_S ((int64_t) 24 * 3600)

static Arena *arena;
static Err err = ERR_INIT;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	err_clear(&err);
	arena_free(arena);
}

static const char *authority(const char *name, int days)
{
	const char *pem = certificate_new_authority(arena, name, days, &err);

	ck_assert_ptr_nonnull(pem);
	return pem;
}

static const char *server(const char *signed_by, const char *host, int days)
{
	const char *pem = certificate_new_server(arena, signed_by, "worker1", host, days, &err);

	ck_assert_ptr_nonnull(pem);
	return pem;
}

START_TEST(an_authority_signs_for_one_host)
{
	const char *ca = authority("one", 100);
	const char *by_address = server(ca, "10.0.0.11", 50);
	const char *by_name = server(ca, "worker1.example", 50);

	ck_assert_ptr_null(certificate_refused(by_address, ca, "10.0.0.11", 0));
	ck_assert_ptr_nonnull(certificate_refused(by_address, ca, "10.0.0.12", 0));
	ck_assert_ptr_nonnull(certificate_refused(by_address, ca, "worker1.example", 0));
	ck_assert_ptr_null(certificate_refused(by_name, ca, "worker1.example", 0));
	ck_assert_ptr_nonnull(certificate_refused(by_name, ca, "worker2.example", 0));
	ck_assert_ptr_null(certificate_refused(server(ca, "fd00::1", 50), ca, "fd00:0:0::1", 0));
}
END_TEST

/* What would be more than one name if it were read as a list is one that nobody has. */
START_TEST(a_host_is_one_name)
{
	const char *ca = authority("one", 100);
	const char *pem = server(ca, "a.example,DNS:b.example", 50);

	ck_assert_ptr_nonnull(certificate_refused(pem, ca, "a.example", 0));
	ck_assert_ptr_nonnull(certificate_refused(pem, ca, "b.example", 0));
}
END_TEST

START_TEST(another_authority_is_not_believed)
{
	const char *pem = server(authority("one", 100), "10.0.0.11", 50);

	ck_assert_ptr_nonnull(certificate_refused(pem, authority("two", 100), "10.0.0.11", 0));
	/* Nor one that only calls itself the same. */
	ck_assert_ptr_nonnull(certificate_refused(pem, authority("one", 100), "10.0.0.11", 0));
}
END_TEST

START_TEST(it_is_valid_from_yesterday_for_its_days)
{
	const char *ca = authority("one", 100);
	const char *pem = server(ca, "10.0.0.11", 50);
	int64_t left_s = 0;

	ck_assert_ptr_null(certificate_refused(pem, ca, "10.0.0.11", -DAY_S / 2));
	ck_assert_ptr_nonnull(certificate_refused(pem, ca, "10.0.0.11", -2 * DAY_S));
	ck_assert_ptr_null(certificate_refused(pem, ca, "10.0.0.11", 49 * DAY_S));
	ck_assert_ptr_nonnull(certificate_refused(pem, ca, "10.0.0.11", 51 * DAY_S));
	ck_assert(certificate_left_s(pem, &left_s));
	ck_assert(left_s > 50 * DAY_S - 60 && left_s <= 50 * DAY_S);
	ck_assert(certificate_left_s(server(ca, "10.0.0.11", -3), &left_s));
	ck_assert(left_s < -2 * DAY_S);
}
END_TEST

/* While an authority is replaced both are trusted. */
START_TEST(a_bundle_believes_old_and_new)
{
	const char *old = authority("old", 100);
	const char *new = authority("new", 1000);
	const char *both = arena_printf(arena, "%s%s", new, certificate_all(arena, old, true));

	ck_assert_ptr_null(strstr(certificate_all(arena, both, true), "PRIVATE"));
	ck_assert_ptr_null(certificate_refused(server(old, "10.0.0.11", 50), both, "10.0.0.11", 0));
	ck_assert_ptr_null(certificate_refused(server(both, "10.0.0.11", 50), both, "10.0.0.11", 0));
	ck_assert_ptr_null(certificate_refused(server(both, "10.0.0.11", 50), new, "10.0.0.11", 0));
	ck_assert_str_eq(certificate_all(arena, authority("gone", -3), true), "");
	ck_assert_str_ne(certificate_all(arena, authority("gone", -3), false), "");
}
END_TEST

START_TEST(what_is_damaged_is_told)
{
	int64_t left_s = 0;
	const char *ca = authority("one", 100);
	const char *other_key = authority("two", 100);

	ck_assert(!certificate_left_s("", &left_s));
	ck_assert(!certificate_left_s("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &left_s));
	ck_assert_ptr_nonnull(certificate_refused("nothing", ca, "10.0.0.11", 0));
	ck_assert_ptr_null(certificate_new_server(arena, "nothing", "worker1", "10.0.0.11", 50, &err));
	ck_assert_ptr_nonnull(err.message);
	err_clear(&err);

	/* The key of one with the certificate of another. */
	const char *mixed = arena_printf(arena, "%.*s%s", (int) (strstr(other_key, "-----BEGIN CERT") - other_key), other_key,
	                                 certificate_all(arena, ca, false));

	ck_assert_ptr_null(certificate_new_server(arena, mixed, "worker1", "10.0.0.11", 50, &err));
}
END_TEST

Suite *certificate_suite(void)
{
	Suite *suite = suite_create("certificate");
	TCase *cases = tcase_create("certificate");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, an_authority_signs_for_one_host);
	tcase_add_test(cases, a_host_is_one_name);
	tcase_add_test(cases, another_authority_is_not_believed);
	tcase_add_test(cases, it_is_valid_from_yesterday_for_its_days);
	tcase_add_test(cases, a_bundle_believes_old_and_new);
	tcase_add_test(cases, what_is_damaged_is_told);
	suite_add_tcase(suite, cases);
	return suite;
}
