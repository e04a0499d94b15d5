/* Descriptions that are right, the example, the schema, and what files do. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/cluster.h"
#include "model/cluster_keys.h"
#include "model/table_name.h"
#include "util/json.h"
#include "util/str.h"

#define EXAMPLE "cluster.json.example"

Suite *cluster_suite(void);

static Arena *arena;
static Err err = ERR_INIT;

static void start(void)
{
	arena = arena_new();
}

static void stop(void)
{
	err_clear(&err);
	arena_free(arena);
}

/* text has ' for ". */
static const Cluster *good(const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';

	const Cluster *cluster = cluster_parse(arena, "dir/c.json", copy, strlen(copy), NULL, &err);

	ck_assert_msg(cluster != NULL, "refused: %s: %s", text, err.message);
	return cluster;
}

START_TEST(test_smallest)
{
	const Cluster *c = good("{'name': 'chirp'}");

	ck_assert_str_eq(c->name, "chirp");
	ck_assert_str_eq(c->directory, "dir");
	ck_assert_int_eq(c->deploy, DEPLOY_LOCAL);
	ck_assert_int_eq(c->engine, ENGINE_AUTO);
	ck_assert_int_eq(c->postgres.version, 0);
	ck_assert_str_eq(c->postgres.database, "chirp");
	ck_assert_str_eq(c->postgres.user, "chirp");
	ck_assert_ptr_null(c->postgres.password.env);
	ck_assert_ptr_null(c->postgres.password.file);
	ck_assert(c->tls);
	ck_assert_int_eq(c->ssh.port, 0);
	ck_assert_int_eq(c->ssh.host_keys, HOST_KEYS_STRICT);
	ck_assert_int_eq(c->shard_count, 32);
	ck_assert_int_eq(c->pooler_port, 0);
	ck_assert_ptr_null(c->cache.host);
	ck_assert_double_eq_tol(c->rebalance.threshold, 0.05, 1e-12);
	ck_assert_int_eq(c->rebalance.jobs, 0);
	ck_assert_uint_eq(c->node_count, 4);
	ck_assert_uint_eq(c->table_count, 0);
}
END_TEST

START_TEST(test_cache)
{
	const Cluster *c = good("{'name': 'c', 'cache': {'host': 'redis.example.org'}}");

	ck_assert_str_eq(c->cache.host, "redis.example.org");
	ck_assert_int_eq(c->cache.port, 6379);
	ck_assert_ptr_null(c->cache.password.env);
	c = good("{'name': 'c', 'cache': {'host': '::1', 'port': 7000, 'password': {'file': 'redis.password'}}}");
	ck_assert_int_eq(c->cache.port, 7000);
	ck_assert_str_eq(c->cache.password.file, "redis.password");
}
END_TEST

START_TEST(test_counted_workers)
{
	const Cluster *c = good("{'name': 'chirp', 'deploy': 'local', 'workers': 3}");

	ck_assert_uint_eq(c->node_count, 4);
	ck_assert_ptr_eq(cluster_coordinator(c), &c->nodes[0]);
	ck_assert_str_eq(c->nodes[0].name, "coordinator");
	ck_assert(c->nodes[0].is_coordinator);
	ck_assert_str_eq(c->nodes[3].name, "worker3");
	ck_assert(!c->nodes[3].is_coordinator);
	ck_assert_str_eq(c->nodes[3].host, "127.0.0.1");
	ck_assert_int_eq(c->nodes[3].port, 0);
	ck_assert_double_eq(c->nodes[3].capacity, 1);
	ck_assert_ptr_eq(cluster_find_node(c, "worker2"), &c->nodes[2]);
	ck_assert_ptr_null(cluster_find_node(c, "worker4"));
	ck_assert_uint_eq(good("{'name': 'c', 'workers': 1}")->node_count, 2);
	ck_assert_uint_eq(good("{'name': 'c', 'workers': 64}")->node_count, 65);
}
END_TEST

START_TEST(test_ssh)
{
	const Cluster *c = good(
	    "{'name': 'c', 'deploy': 'ssh', 'engine': 'citus', 'tls': 'off', 'access': ['10.0.0.0/8', 'fd00::/8'],"
	    " 'ssh': {'user': 'admin', 'port': 2222, 'identity_file': '~/.ssh/id', 'known_hosts': 'hosts', 'host_keys': 'accept-new'},"
	    " 'postgres': {'version': 18, 'database': 'my db', 'user': 'Me', 'password': {'file': 'pw'}},"
	    " 'coordinator': {'name': 'head', 'host': 'a', 'manage_host': 'a.example.org'},"
	    " 'workers': [{'host': 'b', 'capacity': 2.5, 'labels': {'region': 'eu', 'disk': 'ssd'}},"
	    " {'host': 'b', 'port': 5433}]}");

	ck_assert_int_eq(c->deploy, DEPLOY_SSH);
	ck_assert_int_eq(c->engine, ENGINE_CITUS);
	ck_assert(!c->tls);
	ck_assert_uint_eq(c->access.count, 2);
	ck_assert_str_eq(c->access.items[1], "fd00::/8");
	ck_assert_str_eq(c->ssh.user, "admin");
	ck_assert_int_eq(c->ssh.port, 2222);
	ck_assert_str_eq(c->ssh.identity_file, "~/.ssh/id");
	ck_assert_str_eq(c->ssh.known_hosts, "hosts");
	ck_assert_int_eq(c->ssh.host_keys, HOST_KEYS_ACCEPT_NEW);
	ck_assert_int_eq(c->postgres.version, 18);
	ck_assert_str_eq(c->postgres.database, "my db");
	ck_assert_str_eq(c->postgres.user, "Me");
	ck_assert_str_eq(c->postgres.password.file, "pw");
	ck_assert_str_eq(c->nodes[0].name, "head");
	ck_assert_str_eq(c->nodes[0].manage_host, "a.example.org");
	ck_assert_int_eq(c->nodes[0].port, 5432);
	ck_assert_str_eq(c->nodes[1].manage_host, "b");
	ck_assert_double_eq(c->nodes[1].capacity, 2.5);
	ck_assert_uint_eq(c->nodes[1].labels.count, 2);
	ck_assert_str_eq(c->nodes[1].labels.items[1].name, "disk");
	ck_assert_str_eq(c->nodes[1].labels.items[1].value, "ssd");
	ck_assert_int_eq(c->nodes[2].port, 5433);
}
END_TEST

START_TEST(test_settings)
{
	const Cluster *c = good("{'name': 'c', 'postgres': {'settings': {'work_mem': '8MB', 'jit': false,"
	                        " 'max_connections': 200, 'seq_page_cost': 1.5, 'citus.explain_all_tasks': true,"
	                        " 'log_line_prefix': ''}}}");
	static const char *const values[] = {"8MB", "off", "200", "1.5", "on", ""};

	ck_assert_uint_eq(c->postgres.settings.count, 6);
	for (size_t i = 0; i < 6; i++)
		ck_assert_str_eq(c->postgres.settings.items[i].value, values[i]);
	ck_assert_str_eq(c->postgres.settings.items[0].name, "work_mem");
}
END_TEST

START_TEST(test_tables)
{
	const Cluster *c = good(
	    "{'name': 'c', 'workers': [{'labels': {'region': 'eu'}}], 'tables': ["
	    "{'name': 'Feed', 'distribution_column': 'user_id', 'colocate_with': 'sales.\\'odd.\\'\\'one\\''},"
	    "{'name': 'sales.\\'odd.\\'\\'one\\'', 'distribution_column': 'id', 'colocate_with': 'users'},"
	    "{'name': 'users', 'distribution_column': 'id', 'placement': {'region': 'eu'}},"
	    "{'name': 'languages', 'reference': true},"
	    "{'name': 'log', 'distribution_column': 'id', 'storage': 'columnar', 'reference': false}]}");
	const Table *t = c->tables;
	const Table *const *order = cluster_tables_in_order(c, arena);
	static const size_t expected[] = {3, 2, 1, 0, 4};

	ck_assert_uint_eq(c->table_count, 5);
	ck_assert_str_eq(t[0].name, "Feed");
	ck_assert_ptr_null(t[0].schema);
	ck_assert_ptr_eq(t[0].colocate_with, &t[1]);
	ck_assert_str_eq(t[1].schema, "sales");
	ck_assert_str_eq(t[1].name, "odd.\"one");
	ck_assert_str_eq(t[1].label, "sales.\"odd.\"\"one\"");
	ck_assert_ptr_eq(t[1].colocate_with, &t[2]);
	ck_assert_ptr_null(t[2].colocate_with);
	ck_assert_str_eq(t[2].placement.items[0].value, "eu");
	ck_assert_int_eq(t[3].type, TABLE_REFERENCE);
	ck_assert_ptr_null(t[3].distribution_column);
	ck_assert_int_eq(t[4].type, TABLE_DISTRIBUTED);
	ck_assert_int_eq(t[4].storage, STORAGE_COLUMNAR);
	for (size_t i = 0; i < 5; i++)
		ck_assert_ptr_eq(order[i], &t[expected[i]]);
}
END_TEST

START_TEST(test_table_names)
{
	static const struct {
		const char *text;
		const char *schema;
		const char *name;
	} names[] = {
		{"tweets", NULL, "tweets"},
		{"Tweets", NULL, "Tweets"},
		{"sales.orders", "sales", "orders"},
		{"\"we;ird \"\"table\"", NULL, "we;ird \"table"},
		{"\"a.b\".\"c.d\"", "a.b", "c.d"},
		{"a.\"b\"", "a", "b"},
		{"\"\"\"\"", NULL, "\""},
		{"new\nline", NULL, "new\nline"},
		{"t23456789012345678901234567890123456789012345678901234567890123", NULL,
	     "t23456789012345678901234567890123456789012345678901234567890123"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *schema = NULL;
		const char *name = NULL;
		const char *problem = NULL;

		ck_assert_msg(table_name_parse(arena, names[i].text, &schema, &name, &problem), "%s: %s",
		              names[i].text, problem);
		ck_assert(str_equal(schema, names[i].schema));
		ck_assert_str_eq(name, names[i].name);
	}
}
END_TEST

START_TEST(test_accepted)
{
	/* for one machine, what is for hosts is accepted and ignored */
	ck_assert_str_eq(good("{'name': 'c', 'ssh': {'user': 'x'}, 'access': ['::/0'], 'coordinator':"
	                      " {'manage_host': 'x', 'host': '127.0.0.1'}}")->nodes[0].manage_host, "127.0.0.1");
	good("{'$schema': 'x.json', 'name': 'c'}");
	good("\xEF\xBB\xBF{'name': 'c'}\n");
	good("{'name': 'c', 'deploy': 'none', 'coordinator': {'host': '::1'}, 'workers': [{'host': 'fe80::1%eth0'}]}");
	good("{'name': 'c', 'deploy': 'none', 'postgres': {'user': 'postgres'}, 'coordinator': {'host': 'a'},"
	     " 'workers': [{'host': 'b'}]}");
	good("{'name': 'c', 'workers': [{'port': 5500}, {'port': 5501}, {}], 'pooler': {'port': 6432}}");
	good("{'name': 'c', 'rebalance': {'threshold': 0, 'jobs': 64}, 'shard_count': 64000}");
	good("{'name': 'c', 'tables': [], 'schema': [], 'access': [], 'postgres': {}}");
	good("{'name': 'c', 'postgres': {'database': '\xE2\x82\xAC'}}");
	good("{'name': 'c', 'tables': [{'name': 'a.t', 'reference': true}, {'name': 'b.t', 'reference': true}]}");
}
END_TEST

/* ---- the example ----------------------------------------------------------- */

/* Whether key stands in at least one of the objects that shape describes. */
static bool shown_somewhere(const Json *value, const Shape *shape, const Shape *wanted, const char *key)
{
	if (shape == wanted && json_get(value, key) != NULL)
		return true;
	if (shape->kind == SHAPE_OBJECT)
		for (const Key *k = shape->keys; k->name != NULL; k++)
			if (json_get(value, k->name) != NULL &&
			    shown_somewhere(json_get(value, k->name), k->shape, wanted, key))
				return true;
	if ((shape->kind == SHAPE_LIST || shape->kind == SHAPE_MANY) && json_type(value) == JSON_ARRAY)
		for (const Json *item = json_first(value); item != NULL; item = json_next(item))
			if (shown_somewhere(item, shape->item, wanted, key))
				return true;
	return false;
}

/* Of an object with exactly one key, one is enough. */
static int missing_keys(const Json *document, const Shape *shape)
{
	int missing = 0;

	if (shape->item != NULL)
		missing += missing_keys(document, shape->item);
	for (const Key *k = shape->keys; k != NULL && k->name != NULL; k++) {
		missing += missing_keys(document, k->shape);
		if (k->for_editors || shown_somewhere(document, &description_shape, shape, k->name))
			continue;
		if (shape->exactly_one && k != shape->keys)
			continue;
		fprintf(stderr, "%s does not show the key \"%s\"\n", EXAMPLE, k->name);
		missing++;
	}
	return missing;
}

START_TEST(test_example)
{
	const Cluster *c = cluster_load(arena, EXAMPLE, NULL, &err);
	Json *document = json_load(EXAMPLE, &err);

	ck_assert_msg(c != NULL, "%s", err.message);
	ck_assert_int_eq(c->deploy, DEPLOY_LOCAL);
	ck_assert_str_eq(c->directory, ".");
	ck_assert_ptr_nonnull(document);
	ck_assert_int_eq(missing_keys(document, &description_shape), 0);
	for (size_t i = 0; i < c->schema.count; i++)
		ck_assert_msg(access(c->schema.items[i], R_OK) == 0, "%s is missing", c->schema.items[i]);
	json_free(document);
}
END_TEST

/* ---- the schema ------------------------------------------------------------ */

START_TEST(test_schema)
{
	char *text = cluster_json_schema();
	Json *schema = json_parse(text, strlen(text), &err);
	const Json *properties = json_get(schema, "properties");

	ck_assert_ptr_nonnull(schema);
	ck_assert_str_eq(json_text(json_get(schema, "$schema")), "https://json-schema.org/draft/2020-12/schema");
	ck_assert_str_eq(json_text(json_first(json_get(schema, "required"))), "name");
	ck_assert_int_eq(json_type(json_get(schema, "additionalProperties")), JSON_BOOL);
	for (const Key *k = description_shape.keys; k->name != NULL; k++)
		ck_assert_ptr_nonnull(json_get(json_get(properties, k->name), "description"));
	ck_assert_double_eq(json_number(json_get(json_get(properties, "shard_count"), "maximum")), 64000);
	json_free(schema);
	free(text);
}
END_TEST

/* ---- files ----------------------------------------------------------------- */

static const char *load_error(const char *content, size_t length)
{
	char path[] = "/tmp/citusctl-test-XXXXXX";
	int file = mkstemp(path);

	ck_assert_int_ge(file, 0);
	for (size_t done = 0; done < length;) {
		ssize_t wrote = write(file, content + done, length - done);

		ck_assert_int_gt(wrote, 0);
		done += (size_t) wrote;
	}
	close(file);

	MistakeList mistakes = {.items = NULL};

	ck_assert_ptr_null(cluster_load(arena, path, &mistakes, &err));
	unlink(path);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_uint_eq(mistakes.count, 1);
	ck_assert_str_eq(mistakes.items[0].path, "");
	ck_assert(str_starts(err.message, path));
	return err.message + strlen(path) + 2;
}

START_TEST(test_files)
{
	char *huge = malloc(JSON_BYTES_MAX + 1);

	ck_assert_ptr_nonnull(huge);
	memset(huge, ' ', JSON_BYTES_MAX + 1);
	ck_assert_str_eq(load_error("", 0), "the file is empty");
	ck_assert_str_eq(load_error("{\"name\": \"c\",\n", 14),
	                 "line 2, column 1: the file ends in the middle of a value");
	ck_assert_str_eq(load_error("{\"name\": \"\xFF\"}", 13), "line 1, column 11: not UTF-8");
	ck_assert_str_eq(load_error(huge, JSON_BYTES_MAX + 1), "larger than the 16 MiB that are read");
	memset(huge, '[', JSON_BYTES_MAX);
	ck_assert_str_eq(load_error(huge, JSON_BYTES_MAX), "line 1, column 65: nested too deeply");
	free(huge);
}
END_TEST

START_TEST(test_no_file)
{
	ck_assert_ptr_null(cluster_load(arena, "no/such/file.json", NULL, &err));
	ck_assert_str_eq(err.message, "cannot read \"no/such/file.json\": No such file or directory");
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_ptr_null(cluster_load(arena, "tests", NULL, &err));
	ck_assert_str_eq(err.message, "cannot read \"tests\": Is a directory");
	ck_assert_int_eq(err.kind, ERR_USAGE);
}
END_TEST

Suite *cluster_suite(void)
{
	Suite *suite = suite_create("cluster");
	TCase *cases = tcase_create("all");

	tcase_add_checked_fixture(cases, start, stop);
	tcase_add_test(cases, test_smallest);
	tcase_add_test(cases, test_cache);
	tcase_add_test(cases, test_counted_workers);
	tcase_add_test(cases, test_ssh);
	tcase_add_test(cases, test_settings);
	tcase_add_test(cases, test_tables);
	tcase_add_test(cases, test_table_names);
	tcase_add_test(cases, test_accepted);
	tcase_add_test(cases, test_example);
	tcase_add_test(cases, test_schema);
	tcase_add_test(cases, test_files);
	tcase_add_test(cases, test_no_file);
	suite_add_tcase(suite, cases);
	return suite;
}
