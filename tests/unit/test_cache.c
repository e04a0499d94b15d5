/* The demo's cache: no order of reading, writing and storing may let an entry be served that a write made outdated. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "demo/cache.h"
#include "demo/fresh.h"
#include "fake_redis.h"
#include "util/clock.h"

#define CLIENTS 4

typedef struct Told {
	CacheAnswerKind kind;
	char text[64];
	uint64_t version;
	int times;
} Told;

static Told told[CLIENTS];
static int changes;
static Cache *cache;

static bool answered(void *arg, int client, const CacheAnswer *answer, Err *err)
{
	(void) arg, (void) err;
	told[client].kind = answer->kind;
	told[client].version = answer->version;
	told[client].times++;
	snprintf(told[client].text, sizeof(told[client].text), "%.*s", (int) answer->length,
	         answer->text != NULL ? answer->text : "");
	return true;
}

static void changed(void *arg, bool is_there, const char *why, double gone_s)
{
	(void) arg, (void) why, (void) gone_s;
	changes += is_there ? 100 : 1;
}

static void setup(void)
{
	static const RedisTarget target = {.host = "nowhere", .port = 1};
	const CacheOptions options = {
		.target = &target, .name = "test", .leave_keys = true, .answered = answered, .changed = changed};
	Err err = ERR_INIT;

	fake_redis_clear();
	memset(told, 0, sizeof(told));
	changes = 0;
	cache = cache_open(&options, &err);
	ck_assert_ptr_nonnull(cache);
}

static void teardown(void)
{
	cache_close(cache);
}

static void serve(void)
{
	Err err = ERR_INIT;

	for (int i = 0; i < 3; i++)
		ck_assert(cache_serve(cache, &err));
}

static CacheAnswerKind ask(int client, int64_t user)
{
	ck_assert(cache_ask(cache, client, CACHE_FEED, user));
	serve();
	return told[client].kind;
}

static void fill(int client, int64_t user, const char *text)
{
	cache_fill(cache, CACHE_FEED, user, told[client].version, text, strlen(text));
	serve();
}

static void forget(int client, int64_t user)
{
	const CacheEntry entry = {CACHE_FEED, user};

	ck_assert(cache_forget(cache, client, &entry, 1));
	serve();
	ck_assert_int_eq(told[client].kind, CACHE_FORGOTTEN);
}

START_TEST(test_stored_is_served)
{
	ck_assert_int_eq(ask(0, 7), CACHE_MISS);
	fill(0, 7, "5\tnews\n");
	ck_assert_int_eq(ask(1, 7), CACHE_HIT);
	ck_assert_str_eq(told[1].text, "5\tnews\n");
	ck_assert_int_eq(ask(1, 8), CACHE_MISS);
	ck_assert(cache_ask(cache, 2, CACHE_PROFILE, 7));
	serve();
	ck_assert_int_eq(told[2].kind, CACHE_MISS);
}
END_TEST

START_TEST(test_forgotten_is_not_served)
{
	ask(0, 7);
	fill(0, 7, "old");
	forget(1, 7);
	ck_assert_int_eq(ask(2, 7), CACHE_MISS);
	ck_assert_int_eq(cache_counts(cache).forgotten, 1);
}
END_TEST

/* The classic mistake: read before the write, stored after it. */
START_TEST(test_late_fill_is_not_served)
{
	ask(0, 7);
	forget(1, 7);
	fill(0, 7, "old");
	ck_assert_int_eq(ask(2, 7), CACHE_MISS);
}
END_TEST

START_TEST(test_late_fill_over_a_new_one)
{
	ask(0, 7);
	forget(1, 7);
	ask(2, 7);
	fill(2, 7, "new");
	fill(0, 7, "old");
	ck_assert_int_eq(ask(3, 7), CACHE_MISS);
	ck_assert_int_eq(cache_counts(cache).outdated, 1);
	fill(3, 7, "new");
	ck_assert_int_eq(ask(0, 7), CACHE_HIT);
	ck_assert_str_eq(told[0].text, "new");
}
END_TEST

/* Two readers at once share a version, so either may store. */
START_TEST(test_two_readers)
{
	ask(0, 7);
	ask(1, 7);
	ck_assert_uint_eq(told[0].version, told[1].version);
	fill(1, 7, "same");
	ck_assert_int_eq(ask(2, 7), CACHE_HIT);
}
END_TEST

START_TEST(test_evicted_version)
{
	ask(0, 7);
	fill(0, 7, "old");
	fake_redis_evict("v:f:7");
	ck_assert_int_eq(ask(1, 7), CACHE_MISS);
	ck_assert_uint_ne(told[1].version, told[0].version);
	ck_assert_int_eq(ask(2, 7), CACHE_MISS);
}
END_TEST

START_TEST(test_full)
{
	fake_redis.is_full = true;
	ck_assert_int_eq(ask(0, 7), CACHE_MISS);
	ck_assert_uint_eq(told[0].version, 0); /* it could not be put there */
	fill(0, 7, "old");
	fake_redis.is_full = false;
	ck_assert_int_eq(ask(1, 7), CACHE_MISS);
	ck_assert_int_eq(cache_counts(cache).refused, 1);
}
END_TEST

/* What could not be forgotten while Redis was away is not looked at when it is back, though it kept it. */
START_TEST(test_lost)
{
	const CacheEntry entry = {CACHE_FEED, 7};

	ask(0, 7);
	fill(0, 7, "old");
	fake_redis.is_silent = true;
	ck_assert(cache_ask(cache, 1, CACHE_FEED, 7));
	ck_assert(cache_forget(cache, 2, &entry, 1));
	fake_redis.is_dead = true;
	serve();
	ck_assert_int_eq(told[1].kind, CACHE_GONE);
	ck_assert_int_eq(told[2].kind, CACHE_GONE);
	ck_assert(!cache_ask(cache, 3, CACHE_FEED, 7));
	ck_assert_int_eq(changes, 1);

	fake_redis.is_dead = fake_redis.is_silent = false;
	for (int i = 0; i < 100 && changes < 101; i++) {
		clock_sleep_ms(20);
		serve();
	}
	ck_assert_int_eq(changes, 101);
	ck_assert_int_eq(ask(3, 7), CACHE_MISS);
	ck_assert_int_eq(cache_counts(cache).lost, 1);
	ck_assert(cache_counts(cache).gone_us > 0);
}
END_TEST

/* ---- what a read has to show ------------------------------------------------- */

static bool shows(const Fresh *fresh, int64_t user, const char *text, int limit)
{
	FreshWanted wanted = fresh_wanted(fresh, (CacheEntry) {CACHE_FEED, user});
	int64_t missing = 0;

	return fresh_shows(&wanted, text, strlen(text), limit, &missing);
}

START_TEST(test_fresh)
{
	Fresh *fresh = fresh_new();

	ck_assert(shows(fresh, 7, "", 50));
	fresh_add(fresh, (CacheEntry) {CACHE_FEED, 7}, 1001);
	fresh_add(fresh, (CacheEntry) {CACHE_FEED, 7}, 1000);
	ck_assert(shows(fresh, 7, "1001\tx\n1000\tx\n5\tx\n", 50));
	ck_assert(!shows(fresh, 7, "1001\tx\n5\tx\n", 50));
	ck_assert(!shows(fresh, 7, "", 50));
	ck_assert(!shows(fresh, 7, "-\tname\n11001\tx\n", 50));
	ck_assert(shows(fresh, 7, "1003\tx\n1002\tx\n", 2)); /* pushed out by newer ones */
	ck_assert(!shows(fresh, 7, "1001\tx\n999\tx\n", 2));
	ck_assert(shows(fresh, 8, "", 50));
	ck_assert(shows(fresh, 7 + 65536, "", 50)); /* in the same place, and nothing is known */
	for (int64_t id = 2000; id < 2010; id++)
		fresh_add(fresh, (CacheEntry) {CACHE_FEED, 7}, id);
	ck_assert(shows(fresh, 7, "2009\t\n2008\t\n2007\t\n2006\t\n", 50));
	fresh_free(fresh);
}
END_TEST

Suite *cache_suite(void)
{
	Suite *suite = suite_create("cache");
	TCase *cases = tcase_create("versions");
	TCase *fresh = tcase_create("fresh");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, test_stored_is_served);
	tcase_add_test(cases, test_forgotten_is_not_served);
	tcase_add_test(cases, test_late_fill_is_not_served);
	tcase_add_test(cases, test_late_fill_over_a_new_one);
	tcase_add_test(cases, test_two_readers);
	tcase_add_test(cases, test_evicted_version);
	tcase_add_test(cases, test_full);
	tcase_add_test(cases, test_lost);
	suite_add_tcase(suite, cases);
	tcase_add_test(fresh, test_fresh);
	suite_add_tcase(suite, fresh);
	return suite;
}
