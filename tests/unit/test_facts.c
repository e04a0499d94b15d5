#include <check.h>
#include <string.h>

#include "ops/family.h"

static Arena *arena;
static const Cluster *cluster;

static void setup(void)
{
	static const char text[] = "{\"name\": \"chirp-1\", \"deploy\": \"ssh\", \"coordinator\": {\"host\": \"a\"},"
	                           " \"workers\": [{\"host\": \"b\", \"port\": 5433}]}";
	Err err = ERR_INIT;

	arena = arena_new();
	cluster = cluster_parse(arena, "test", text, strlen(text), NULL, &err);
	ck_assert_ptr_nonnull(cluster);
}

static void teardown(void)
{
	arena_free(arena);
}

static const char debian[] = "os debian \n"
                             "debian\n"
                             "citus 15\n"
                             "postgres 15 /usr/lib/postgresql/15/bin\n"
                             "postgres 17 /usr/lib/postgresql/17/bin\n"
                             "state created 15\n"
                             "server 15 main 5432 /var/lib/postgresql/15/main 0\n"
                             "server 15 chirp_1 5433 /var/lib/postgresql/15/chirp_1 4711\n"
                             "listening\n"
                             "address a 10.0.0.1\n"
                             "address a fd00::1\n"
                             "address b 10.0.0.2\n";

START_TEST(reads_what_a_survey_says)
{
	const Facts *facts = facts_parse(debian, cluster, arena);

	ck_assert_int_eq(facts->family, FAMILY_DEBIAN);
	ck_assert(!facts->systemd);
	ck_assert(facts->listening);
	ck_assert_int_eq(facts->created, 15);
	ck_assert(!facts->half_made);
	ck_assert(facts_installed(facts, 15)->citus);
	ck_assert(!facts_installed(facts, 17)->citus);
	ck_assert_ptr_null(facts_installed(facts, 16));
	ck_assert_str_eq(facts->addresses[0], "10.0.0.1 fd00::1");
	ck_assert_str_eq(facts->addresses[1], "10.0.0.2");
}
END_TEST

START_TEST(finds_the_server_of_a_node)
{
	const Facts *facts = facts_parse(debian, cluster, arena);
	HostServer server = facts_server(facts, cluster, &cluster->nodes[1], 15, arena);

	ck_assert_str_eq(server.name, "chirp_1");
	ck_assert_str_eq(server.unit, "postgresql@15-chirp_1");
	ck_assert_str_eq(server.conf, "/etc/postgresql/15/chirp_1/conf.d/citusctl.conf");
	ck_assert_int_eq(server.port, 5433);
	ck_assert_int_eq((int) facts_found(facts, &server)->pid, 4711);
	server = facts_server(facts, cluster, &cluster->nodes[1], 17, arena);
	ck_assert_ptr_null(facts_found(facts, &server));
}
END_TEST

START_TEST(knows_the_other_family)
{
	const Facts *facts = facts_parse("os rocky rhel centos fedora\nsystemd\nstate creating 16\n"
	                                 "postgres 16 /usr/pgsql-16/bin\n"
	                                 "server 16 data 5432 /var/lib/pgsql/16/data 0\n", cluster, arena);
	HostServer server = facts_server(facts, cluster, &cluster->nodes[0], 16, arena);

	ck_assert_int_eq(facts->family, FAMILY_RHEL);
	ck_assert(facts->systemd && facts->half_made);
	ck_assert_str_eq(server.unit, "postgresql-16");
	ck_assert_str_eq(server.conf, "/var/lib/pgsql/16/data/citusctl.conf");
	ck_assert_str_eq(server.bindir, "/usr/pgsql-16/bin");
	ck_assert_str_eq(server.log, "/var/lib/pgsql/16/data/log/citusctl.log");
	ck_assert_str_eq(server.main, "");
	ck_assert_str_eq(family_traits(server.family)->create, "host/create_rhel.sh");
	ck_assert(!family_traits(server.family)->adopts);
	ck_assert_ptr_null(family_traits(FAMILY_UNKNOWN));
	ck_assert_ptr_nonnull(facts_found(facts, &server));
	ck_assert_str_eq(facts->addresses[0], "");
}
END_TEST

START_TEST(knows_a_server_that_was_taken_over)
{
	const Facts *facts = facts_parse("os debian\nstate adopted 15 main en_US.UTF-8\nkept max_connections = 500\n"
	                                 "kept shared_preload_libraries = 'citus,pg_stat_statements'\n"
	                                 "server 15 main 5432 /srv/pg/main 12\n", cluster, arena);
	HostServer server = facts_server(facts, cluster, &cluster->nodes[0], 15, arena);

	ck_assert_int_eq(facts->created, 15);
	ck_assert_str_eq(facts->locale, "en_US.UTF-8");
	ck_assert_str_eq(facts->kept, "max_connections = 500\nshared_preload_libraries = 'citus,pg_stat_statements'\n");
	ck_assert_str_eq(server.name, "main");
	ck_assert_str_eq(server.data, "/srv/pg/main");
	ck_assert_str_eq(server.conf, "/etc/postgresql/15/main/conf.d/citusctl.conf");
	ck_assert_ptr_null(facts_candidate(facts, &cluster->nodes[0]));
}
END_TEST

START_TEST(finds_a_server_to_take_over)
{
	const Facts *facts = facts_parse("os debian\nserver 15 main 5432 /d 7\nserver 15 other 5433 /e 0\n", cluster, arena);
	const Adoptable *is = facts_adoptable("hba /etc/postgresql/15/main/pg_hba.conf\nencoding UTF8\ncollation de_DE.UTF-8\n"
	                                      "owner some body\nothers erp, shop\nkept max_connections = 300\nnonsense\n\n", arena);

	ck_assert_str_eq(facts_candidate(facts, &cluster->nodes[0])->name, "main");
	ck_assert_str_eq(facts_candidate(facts, &cluster->nodes[1])->name, "other");
	ck_assert_str_eq(is->owner, "some body");
	ck_assert_str_eq(is->others, "erp, shop");
	ck_assert_str_eq(is->kept, "max_connections = 300\n");
	ck_assert_str_eq(is->rights, "");
	ck_assert(!is->in_recovery);
}
END_TEST

/* Odd lines are nothing to fall over: a host says what it likes. */
START_TEST(survives_nonsense)
{
	const Facts *facts = facts_parse("\n \nserver\npostgres\npostgres x y z\naddress\nstate\nos\n"
	                                 "server 1 2 3 4 5 6 7 8 9 10 11\n", cluster, arena);

	ck_assert_int_eq(facts->family, FAMILY_UNKNOWN);
	ck_assert_uint_eq(facts->server_count, 2);
}
END_TEST

static int common(const char *first, const char *second, Err *err)
{
	Facts both[] = {*facts_parse(first, cluster, arena), *facts_parse(second, cluster, arena)};

	return facts_common_major(both, cluster, err);
}

START_TEST(takes_the_newest_version_that_all_have)
{
	static const char both[] = "postgres 15 /x\ncitus 15\npostgres 16 /y\ncitus 16\n";
	Err err = ERR_INIT;

	ck_assert_int_eq(common(both, both, &err), 16);
	ck_assert_int_eq(common(both, "postgres 15 /x\ncitus 15\npostgres 17 /y\ncitus 17\n", &err), 15);
	ck_assert_int_eq(common(both, "postgres 17 /y\ncitus 17\n", &err), 0);
	ck_assert_ptr_nonnull(strstr(err.message, "on all 2 hosts"));
	err_clear(&err);
	ck_assert_int_eq(common(both, "postgres 16 /y\n", &err), 0);
	ck_assert_str_eq(err.message, "Citus is not installed for PostgreSQL on b");
	ck_assert_str_eq(err.node, "worker1");
	err_clear(&err);
	ck_assert_int_eq(common("", both, &err), 0);
	ck_assert_str_eq(err.message, "PostgreSQL is not installed on a");
	err_clear(&err);
}
END_TEST

START_TEST(asks_a_host_for_its_own_port_and_all_names)
{
	const char *const *words = facts_survey_args(cluster, &cluster->nodes[1], arena);

	ck_assert_str_eq(words[0], "chirp-1");
	ck_assert_str_eq(words[1], "chirp_1");
	ck_assert_str_eq(words[2], "5433");
	ck_assert_str_eq(words[3], "a");
	ck_assert_str_eq(words[4], "b");
	ck_assert_ptr_null(words[5]);
}
END_TEST

START_TEST(knows_the_files_of_the_server)
{
	const char *text = "file 644 postgres 9 /etc/a.conf\nfile 600 root 4 /etc/b.pem\nfile 644 postgres 3 /etc/c.conf\n"
	                   "lines /etc/a.conf\ntext x = 1\ntext \ntext y\nlines /etc/b.pem\ntext key\nlines /etc/c.conf\ntext end\n";
	const Facts *facts = facts_parse(text, cluster, arena);

	ck_assert(facts_has_file(facts, "/etc/a.conf", "postgres", 0644, "x = 1\n\ny\n"));
	ck_assert(!facts_has_file(facts, "/etc/a.conf", "postgres", 0644, "x = 1\ny\n"));
	ck_assert(!facts_has_file(facts, "/etc/a.conf", "postgres", 0600, "x = 1\n\ny\n"));
	ck_assert(!facts_has_file(facts, "/etc/b.pem", "postgres", 0600, "key\n"));
	ck_assert(facts_has_file(facts, "/etc/b.pem", "root", 0600, "key\n"));
	/* Without a newline at its end it is another file than it looks. */
	ck_assert(!facts_has_file(facts, "/etc/c.conf", "postgres", 0644, "end\n"));
	ck_assert(!facts_has_file(facts, "/etc/d.conf", "postgres", 0644, ""));

	/* Of what holds a key there is a digest only. */
	facts = facts_parse("file 600 postgres 4 /etc/k.pem\n"
	                    "digest a7998f247bd965694ff227fa325c81169a07471a8b6808d3e002a486c4e65975 /etc/k.pem\n", cluster, arena);
	ck_assert(facts_has_file(facts, "/etc/k.pem", "postgres", 0600, "key\n"));
	ck_assert(!facts_has_file(facts, "/etc/k.pem", "postgres", 0600, "kez\n"));
}
END_TEST

START_TEST(an_address_is_not_looked_up)
{
	static const char text[] = "{\"name\": \"c\", \"deploy\": \"ssh\", \"coordinator\": {\"host\": \"10.0.0.10\"},"
	                           " \"workers\": [{\"host\": \"b\"}, {\"host\": \"fd00::1\"}]}";
	Err err = ERR_INIT;
	const Cluster *addresses = cluster_parse(arena, "test", text, strlen(text), NULL, &err);

	ck_assert_ptr_nonnull(addresses);

	const char *const *words = facts_survey_args(addresses, &addresses->nodes[0], arena);
	const Facts *facts = facts_parse("os debian \naddress b 10.0.0.11\n", addresses, arena);

	ck_assert_str_eq(words[3], "b");
	ck_assert_ptr_null(words[4]);
	ck_assert_str_eq(facts->addresses[0], "10.0.0.10");
	ck_assert_str_eq(facts->addresses[1], "10.0.0.11");
	ck_assert_str_eq(facts->addresses[2], "fd00::1");
}
END_TEST

Suite *facts_suite(void)
{
	Suite *suite = suite_create("facts");
	TCase *test = tcase_create("facts");

	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, reads_what_a_survey_says);
	tcase_add_test(test, finds_the_server_of_a_node);
	tcase_add_test(test, knows_the_other_family);
	tcase_add_test(test, knows_a_server_that_was_taken_over);
	tcase_add_test(test, finds_a_server_to_take_over);
	tcase_add_test(test, survives_nonsense);
	tcase_add_test(test, takes_the_newest_version_that_all_have);
	tcase_add_test(test, asks_a_host_for_its_own_port_and_all_names);
	tcase_add_test(test, knows_the_files_of_the_server);
	tcase_add_test(test, an_address_is_not_looked_up);
	suite_add_tcase(suite, test);
	return suite;
}
