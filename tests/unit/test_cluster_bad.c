/* Wrong descriptions, and the sentence that each of them gets. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/cluster.h"
#include "util/str.h"

Suite *cluster_bad_suite(void);

/* In the descriptions, ' stands for ". */
typedef struct Bad {
	const char *text;
	const char *says; /* every mistake, one a line */
} Bad;

static const Bad bad[] = {
	{"[1]",
	 "must be an object, not an array"},
	{"'chirp'",
	 "must be an object, not a string"},
	{"{}",
	 "name: is missing; every description needs the cluster's name, such as \"chirp\""},
	{"{'name': 7}",
	 "name: must be a string, not a number"},
	{"{'name': ''}",
	 "name: is empty; it must be a name such as \"chirp-1\": a lower-case letter, then up "
	 "to 39 of a-z, 0-9, \"_\" and \"-\""},
	{"{'name': 'Chirp'}",
	 "name: \"Chirp\" is not a name such as \"chirp-1\": a lower-case letter, then up to 39 "
	 "of a-z, 0-9, \"_\" and \"-\""},
	{"{'name': 'a b'}",
	 "name: \"a b\" is not a name such as \"chirp-1\": a lower-case letter, then up to 39 "
	 "of a-z, 0-9, \"_\" and \"-\""},
	{"{'name': 'c234567890123456789012345678901234567890x'}",
	 "name: \"c234567890123456789012345678901234567890x\" is not a name such as "
	 "\"chirp-1\": a lower-case letter, then up to 39 of a-z, 0-9, \"_\" and \"-\""},
	{"{'name': '\\u001b[31m'}",
	 "name: \"\\u001b[31m\" is not a name such as \"chirp-1\": a lower-case letter, then up "
	 "to 39 of a-z, 0-9, \"_\" and \"-\""},
	{"{'name': 'c', 'name': 'd', 'name': 'e'}",
	 "the key \"name\" stands twice in one object; keep one of them"},
	{"{'name': 'c', 'workers': [{'host': 'a', 'labels': {'x': '1', 'y': '2', 'y': '3'}}], 'worker': 3, 'workers': 3}",
	 "the key \"workers\" stands twice in one object; keep one of them\n"
	 "workers[0].labels: the key \"y\" stands twice in one object; keep one of them\n"
	 "worker: unknown key, did you mean \"workers\"?\n"
	 "workers[0].host: \"a\" is not \"127.0.0.1\", where a local cluster runs; leave it out, or use \"deploy\": \"ssh\""},
	/* The first of two is read, and the second is not mixed into it. */
	{"{'name': 'c', 'postgres': {'settings': {'jit': 'on'}}, 'postgres': {'settings': {'jit': null, 'work_mem': '1'}}, "
	 "'workers': [{}], 'workers': 0}",
	 "the key \"postgres\" stands twice in one object; keep one of them\n"
	 "the key \"workers\" stands twice in one object; keep one of them"},
	{"{'name': 'c', 'worker': 3}",
	 "worker: unknown key, did you mean \"workers\"?"},
	{"{'name': 'c', 'zzz': 3}",
	 "zzz: unknown key; known are \"name\", \"engine\", \"deploy\", \"postgres\", \"tls\", "
	 "\"access\", \"ssh\", \"packages\", \"repositories\", \"coordinator\", \"workers\", \"shard_count\", \"schema\", "
	 "\"tables\", \"pooler\", \"cache\" and \"rebalance\""},
	{"{'name': 'c', 'a \\\"key\\\"': 3}",
	 "[\"a \"key\"\"]: unknown key; known are \"name\", \"engine\", \"deploy\", "
	 "\"postgres\", \"tls\", \"access\", \"ssh\", \"packages\", \"repositories\", \"coordinator\", \"workers\", "
	 "\"shard_count\", \"schema\", \"tables\", \"pooler\", \"cache\" and \"rebalance\""},
	{"{'name': 'c', 'engine': 'citrus'}",
	 "engine: \"citrus\" is not \"auto\", \"citus\" or \"embedded\", did you mean \"citus\"?"},
	{"{'name': 'c', 'engine': null}",
	 "engine: must be \"auto\", \"citus\" or \"embedded\", not null"},
	{"{'name': 'c', 'deploy': 'cloud'}",
	 "deploy: \"cloud\" is not \"local\", \"ssh\" or \"none\""},
	{"{'name': 'c', 'deploy': ['ssh']}",
	 "deploy: must be \"local\", \"ssh\" or \"none\", not an array"},
	{"{'name': 'c', 'tls': true}",
	 "tls: must be \"off\" or \"on\", not true or false"},
	{"{'name': 'c', 'shard_count': 0}",
	 "shard_count: 0 is not between 1 and 64000"},
	{"{'name': 'c', 'shard_count': 64001}",
	 "shard_count: 64001 is not between 1 and 64000"},
	{"{'name': 'c', 'shard_count': '32'}",
	 "shard_count: must be a whole number, not a string"},
	{"{'name': 'c', 'shard_count': 1e999}",
	 "shard_count: a number that large is not between 1 and 64000"},
	{"{'name': 'c', 'workers': 0}",
	 "workers: 0 is not between 1 and 64"},
	{"{'name': 'c', 'workers': 65}",
	 "workers: 65 is not between 1 and 64"},
	{"{'name': 'c', 'workers': 2.5}",
	 "workers: 2.5 is not a whole number between 1 and 64"},
	{"{'name': 'c', 'workers': []}",
	 "workers: is empty; at least one is needed"},
	{"{'name': 'c', 'workers': 'three'}",
	 "workers: must be an array or a whole number, not a string"},
	{"{'name': 'c', 'workers': [3]}",
	 "workers[0]: must be an object, not a number"},
	{"{'name': 'c', 'workers': [{'prot': 1}]}",
	 "workers[0].prot: unknown key, did you mean \"port\"?"},
	{"{'name': 'c', 'workers': [{}, {}, {'port': 70000}]}",
	 "workers[2].port: 70000 is not between 1 and 65535"},
	{"{'name': 'c', 'workers': [{'port': -1}]}",
	 "workers[0].port: -1 is not between 1 and 65535"},
	{"{'name': 'c', 'workers': [{'port': 1.5}]}",
	 "workers[0].port: 1.5 is not a whole number between 1 and 65535"},
	{"{'name': 'c', 'workers': [{'port': '5432'}]}",
	 "workers[0].port: must be a whole number, not a string"},
	{"{'name': 'c', 'workers': [{'port': 5500}, {'port': 5500}]}",
	 "workers[1].port: 5500 is the port of workers[0] on host \"127.0.0.1\" too; give each "
	 "its own"},
	{"{'name': 'c', 'coordinator': {'port': 5500}, 'workers': [{'port': 5500}]}",
	 "workers[0].port: 5500 is the port of the coordinator on host \"127.0.0.1\" too; give "
	 "each its own"},
	{"{'name': 'c', 'coordinator': {'port': 6432}, 'pooler': {'port': 6432}}",
	 "pooler.port: 6432 is the port of the coordinator on host \"127.0.0.1\" too; choose "
	 "another"},
	{"{'name': 'c', 'pooler': {}}",
	 "pooler.port: is missing; the pooler needs a port, such as 6432"},
	{"{'name': 'c', 'pooler': 6432}",
	 "pooler: must be an object, not a number"},
	{"{'name': 'c', 'cache': {'port': 6379}}",
	 "cache.host: is missing; say where Redis is, such as \"127.0.0.1\""},
	{"{'name': 'c', 'cache': {'host': 'a', 'password': 'secret'}}",
	 "cache.password: must be an object, not a string; the password itself does not belong in this file: use "
	 "{\"env\": \"VARIABLE\"} or {\"file\": \"PATH\"}"},
	{"{'name': 'c', 'cache': {'host': 'a', 'port': 0}}",
	 "cache.port: 0 is not between 1 and 65535"},
	{"{'name': 'c', 'workers': [{'capacity': 0}]}",
	 "workers[0].capacity: 0 is not above 0 and at most 1000000000"},
	{"{'name': 'c', 'workers': [{'capacity': -2}]}",
	 "workers[0].capacity: -2 is not above 0 and at most 1000000000"},
	{"{'name': 'c', 'workers': [{'capacity': 1e999}]}",
	 "workers[0].capacity: a number that large is not above 0 and at most 1000000000"},
	{"{'name': 'c', 'workers': [{'name': 'Worker'}]}",
	 "workers[0].name: \"Worker\" is not a name such as \"chirp-1\": a lower-case letter, "
	 "then up to 39 of a-z, 0-9, \"_\" and \"-\""},
	{"{'name': 'c', 'workers': [{'name': 'a'}, {'name': 'a'}]}",
	 "workers[1].name: \"a\" is the name of workers[0] too; give each node its own"},
	{"{'name': 'c', 'workers': [{'name': 'coordinator'}]}",
	 "workers[0].name: \"coordinator\" is the name of the coordinator too; give each node "
	 "its own"},
	{"{'name': 'c', 'workers': [{'name': 'worker2'}, {}]}",
	 "workers[1].name: \"worker2\" is the name of workers[0] too; give each node its own"},
	{"{'name': 'c', 'coordinator': {'name': 'worker2'}, 'workers': 3}",
	 "workers[1].name: \"worker2\" is the name of the coordinator too; give each node its "
	 "own"},
	{"{'name': 'c', 'workers': [{'host': '10.0.0.1'}]}",
	 "workers[0].host: \"10.0.0.1\" is not \"127.0.0.1\", where a local cluster runs; leave "
	 "it out, or use \"deploy\": \"ssh\""},
	{"{'name': 'c', 'coordinator': {'host': 'localhost'}}",
	 "coordinator.host: \"localhost\" is not \"127.0.0.1\", where a local cluster runs; "
	 "leave it out, or use \"deploy\": \"ssh\""},
	{"{'name': 'c', 'coordinator': '10.0.0.1'}",
	 "coordinator: must be an object, not a string"},
	{"{'name': 'c', 'workers': [{'host': '/tmp'}]}",
	 "workers[0].host: \"/tmp\" is not a host: a name such as \"db1.example.org\" or an "
	 "address such as \"10.0.0.10\""},
	{"{'name': 'c', 'workers': [{'labels': ['eu']}]}",
	 "workers[0].labels: must be an object, not an array"},
	{"{'name': 'c', 'workers': [{'labels': {'region': 1}}]}",
	 "workers[0].labels.region: must be a string, not a number"},
	{"{'name': 'c', 'workers': [{'labels': {'a b': 'x'}}]}",
	 "workers[0].labels: \"a b\" is not the name of a label: a letter or digit, then up to "
	 "62 of those, \".\", \"_\", \"-\" and \"/\""},
	{"{'name': 'c', 'deploy': 'ssh', 'workers': [{'host': 'b'}]}",
	 "coordinator: is missing; \"deploy\": \"ssh\" needs one, such as {\"host\": "
	 "\"10.0.0.10\"}"},
	{"{'name': 'c', 'deploy': 'none', 'coordinator': {'host': 'a'}}",
	 "workers: is missing; \"deploy\": \"none\" needs them, such as [{\"host\": "
	 "\"10.0.0.11\"}]"},
	{"{'name': 'c', 'deploy': 'ssh', 'coordinator': {'host': 'a'}, 'workers': 3}",
	 "workers: a number of workers is for \"deploy\": \"local\" only; list them, such as "
	 "[{\"host\": \"10.0.0.11\"}]"},
	{"{'name': 'c', 'deploy': 'ssh', 'coordinator': {'host': 'a'}, 'workers': []}",
	 "workers: is empty; at least one is needed"},
	{"{'name': 'c', 'deploy': 'ssh', 'coordinator': {}, 'workers': [{'host': 'b'}]}",
	 "coordinator.host: is missing; say what the other nodes call it, such as \"10.0.0.10\""},
	{"{'name': 'c', 'deploy': 'none', 'coordinator': {'host': 'a'}, 'workers': [{'port': "
	 "1}]}",
	 "workers[0].host: is missing; say what the other nodes call it, such as \"10.0.0.10\""},
	{"{'name': 'c', 'deploy': 'ssh', 'coordinator': {'host': '-oProxyCommand=x'}, "
	 "'workers': [{'host': 'b'}]}",
	 "coordinator.host: \"-oProxyCommand=x\" is not a host: a name such as "
	 "\"db1.example.org\" or an address such as \"10.0.0.10\""},
	{"{'name': 'c', 'deploy': 'ssh', 'coordinator': {'host': 'a'}, 'workers': [{'host': "
	 "'a'}]}",
	 "workers[0].port: 5432 is the port of the coordinator on host \"a\" too; give each its "
	 "own"},
	{"{'name': 'c', 'deploy': 'none', 'coordinator': {'host': 'a', 'manage_host': 'x'}, "
	 "'workers': [{'host': 'b'}]}",
	 "coordinator.manage_host: is for SSH, which \"deploy\": \"none\" doesn't use; leave it "
	 "out"},
	{"{'name': 'c', 'deploy': 'ssh', 'engine': 'embedded', 'coordinator': {'host': 'a'}, "
	 "'workers': [{'host': 'b'}]}",
	 "engine: \"embedded\" is not for \"deploy\": \"ssh\"; use \"citus\""},
	{"{'name': 'c', 'ssh': {'port': 0}}",
	 "ssh.port: 0 is not between 1 and 65535"},
	{"{'name': 'c', 'ssh': {'host_keys': 'off'}}",
	 "ssh.host_keys: \"off\" is not \"strict\" or \"accept-new\""},
	{"{'name': 'c', 'ssh': {'identity_file': ''}}",
	 "ssh.identity_file: is empty; it must be the path of a file: 1 to 4095 bytes without "
	 "control characters"},
	{"{'name': 'c', 'packages': 'install', 'postgres': {'version': 17}}",
	 "packages: \"install\" is for \"deploy\": \"ssh\" only; leave it out"},
	{"{'name': 'c', 'deploy': 'ssh', 'packages': 'install', 'coordinator': {'host': 'a'}, "
	 "'workers': [{'host': 'b'}]}",
	 "postgres.version: is missing; \"packages\": \"install\" has to know which, such as 17"},
	{"{'name': 'c', 'repositories': [{'name': 'r', 'source': 's', 'key_file': 'k', 'fingerprint': 'abc'}]}",
	 "repositories[0].fingerprint: \"abc\" is not the fingerprint of a key: 40 hexadecimal digits, as "
	 "\"gpg --show-keys\" prints them"},
	{"{'name': 'c', 'access': '10.0.0.0/8'}",
	 "access: must be an array, not a string"},
	{"{'name': 'c', 'access': ['10.0.0.1']}",
	 "access[0]: \"10.0.0.1\" lacks the length of its prefix; a network looks like "
	 "\"10.0.0.0/8\", a single host like \"10.0.0.7/32\""},
	{"{'name': 'c', 'access': ['10.0.0.0/33']}",
	 "access[0]: \"10.0.0.0/33\" does not end with a prefix length of 0 to 32"},
	{"{'name': 'c', 'access': ['10.0.0/8']}",
	 "access[0]: \"10.0.0/8\" does not start with an address; a network looks like "
	 "\"10.0.0.0/8\" or \"fd00::/8\""},
	{"{'name': 'c', 'access': ['fd00::/129']}",
	 "access[0]: \"fd00::/129\" does not end with a prefix length of 0 to 128"},
	{"{'name': 'c', 'access': ['fd00::/']}",
	 "access[0]: \"fd00::/\" does not end with a prefix length of 0 to 128"},
	{"{'name': 'c', 'access': ['10.0.0.0/8 x']}",
	 "access[0]: \"10.0.0.0/8 x\" does not end with a prefix length of 0 to 32"},
	{"{'name': 'c', 'access': ['']}",
	 "access[0]: is empty; it must be a network such as \"10.0.0.0/8\""},
	{"{'name': 'c', 'access': [8]}",
	 "access[0]: must be a string, not a number"},
	{"{'name': 'c', 'postgres': {'version': 14}}",
	 "postgres.version: 14 is not between 15 and 18"},
	{"{'name': 'c', 'postgres': {'version': '15'}}",
	 "postgres.version: must be a whole number, not a string"},
	{"{'name': 'c', 'postgres': {'database': ''}}",
	 "postgres.database: is empty; it must be a name of 1 to 63 bytes without control "
	 "characters"},
	{"{'name': 'c', 'postgres': {'database': "
	 "'d234567890123456789012345678901234567890123456789012345678901234'}}",
	 "postgres.database: "
	 "\"d23456789012345678901234567890123456789012345678901234567890...\" is not a name of "
	 "1 to 63 bytes without control characters"},
	{"{'name': 'c', 'postgres': {'database': 'a\\nb'}}",
	 "postgres.database: \"a\\u000ab\" is not a name of 1 to 63 bytes without control "
	 "characters"},
	{"{'name': 'c', 'postgres': {'database': 'template1'}}",
	 "postgres.database: \"template1\" is a template of PostgreSQL's; choose another"},
	{"{'name': 'c', 'postgres': {'user': 'pg_me'}}",
	 "postgres.user: \"pg_me\" is a name that PostgreSQL keeps for itself; choose another"},
	{"{'name': 'c', 'postgres': {'user': 'postgres'}}",
	 "postgres.user: \"postgres\" is the superuser of the servers; choose another"},
	{"{'name': 'public'}",
	 "postgres.user: \"public\" is a name that PostgreSQL keeps for itself; choose another"},
	{"{'name': 'c', 'postgres': {'password': 'hunter2'}}",
	 "postgres.password: must be an object, not a string; the password itself does not "
	 "belong in this file: use {\"env\": \"VARIABLE\"} or {\"file\": \"PATH\"}"},
	{"{'name': 'c', 'postgres': {'password': 12345}}",
	 "postgres.password: must be an object, not a number; the password itself does not "
	 "belong in this file: use {\"env\": \"VARIABLE\"} or {\"file\": \"PATH\"}"},
	{"{'name': 'c', 'postgres': {'password': {}}}",
	 "postgres.password: must have exactly one key, not none; the password itself does not "
	 "belong in this file: use {\"env\": \"VARIABLE\"} or {\"file\": \"PATH\"}"},
	{"{'name': 'c', 'postgres': {'password': {'env': 'A', 'file': 'b'}}}",
	 "postgres.password: must have exactly one key, not several; the password itself does "
	 "not belong in this file: use {\"env\": \"VARIABLE\"} or {\"file\": \"PATH\"}"},
	{"{'name': 'c', 'postgres': {'password': {'env': 'hunter 2'}}}",
	 "postgres.password.env: must be the name of an environment variable, such as "
	 "\"CHIRP_PASSWORD\"; the password itself does not belong in this file"},
	{"{'name': 'c', 'postgres': {'password': {'env': 5}}}",
	 "postgres.password.env: must be a string, not a number"},
	{"{'name': 'c', 'postgres': {'password': {'env': 'A', 'text': 'hunter2'}}}",
	 "postgres.password.text: unknown key; known are \"env\" and \"file\""},
	{"{'name': 'c', 'postgres': {'settings': []}}",
	 "postgres.settings: must be an object, not an array"},
	{"{'name': 'c', 'postgres': {'settings': {'work mem': '1MB'}}}",
	 "postgres.settings: \"work mem\" is not the name of a server setting, such as "
	 "\"work_mem\""},
	{"{'name': 'c', 'postgres': {'settings': {'work_mem': null}}}",
	 "postgres.settings.work_mem: must be a string, a number, true or false, not null"},
	{"{'name': 'c', 'postgres': {'settings': {'log_line_prefix': 'a\\nb'}}}",
	 "postgres.settings.log_line_prefix: must be the value of a setting: at most 4096 bytes "
	 "without control characters"},
	{"{'name': 'c', 'postgres': {'settings': {'port': 1}}}",
	 "postgres.settings.port: is the \"port\" of a node; set it there"},
	{"{'name': 'c', 'postgres': {'settings': {'Data_Directory': '/x'}}}",
	 "postgres.settings.Data_Directory: is set by citusctl; leave it out"},
	{"{'name': 'c', 'postgres': {'settings': {'unix_socket_directories': '/x'}}}",
	 "postgres.settings.unix_socket_directories: is set by citusctl; leave it out"},
	{"{'name': 'c', 'postgres': {'settings': {'ssl': true}}}",
	 "postgres.settings.ssl: is the key \"tls\" of this file; set it there"},
	{"{'name': 'c', 'postgres': {'settings': {'include_dir': 'x'}}}",
	 "postgres.settings.include_dir: is not a setting; leave it out"},
	{"{'name': 'c', 'postgres': {'settings': {'citus.shard_count': 8}}}",
	 "postgres.settings[\"citus.shard_count\"]: is the key \"shard_count\" of this file; "
	 "set it there"},
	{"{'name': 'c', 'postgres': {'settings': {'work_mem': '1MB', 'WORK_MEM': '2MB'}}}",
	 "postgres.settings.WORK_MEM: is the same setting as \"work_mem\"; keep one of them"},
	{"{'name': 'c', 'schema': 'a.sql'}",
	 "schema: must be an array, not a string"},
	{"{'name': 'c', 'schema': ['']}",
	 "schema[0]: is empty; it must be the path of a file: 1 to 4095 bytes without control "
	 "characters"},
	{"{'name': 'c', 'tables': {}}",
	 "tables: must be an array, not an object"},
	{"{'name': 'c', 'tables': ['users']}",
	 "tables[0]: must be an object, not a string"},
	{"{'name': 'c', 'tables': [{'reference': true}]}",
	 "tables[0].name: is missing; every table needs its name"},
	{"{'name': 'c', 'tables': [{'name': 't'}]}",
	 "tables[0].distribution_column: is missing; a table needs this or \"reference\": true"},
	{"{'name': 'c', 'tables': [{'name': 't', 'reference': false}]}",
	 "tables[0].distribution_column: is missing; a table needs this or \"reference\": true"},
	{"{'name': 'c', 'tables': [{'name': 't', 'reference': 'yes'}]}",
	 "tables[0].reference: must be true or false, not a string\n"
	 "tables[0].distribution_column: is missing; a table needs this or \"reference\": true"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': ''}]}",
	 "tables[0].distribution_column: is empty; it must be a column's name of 1 to 63 bytes"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 1}]}",
	 "tables[0].distribution_column: must be a string, not a number"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distributed_column': 'id', 'reference': "
	 "true}]}",
	 "tables[0].distributed_column: unknown key, did you mean \"distribution_column\"?"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 'a', 'reference': "
	 "true}]}",
	 "tables[0].distribution_column: a reference table has none, as it is whole on every "
	 "node; leave out this or \"reference\""},
	{"{'name': 'c', 'tables': [{'name': 't', 'reference': true, 'storage': 'columnar'}]}",
	 "tables[0].storage: \"columnar\" is for distributed tables only, not for a reference "
	 "table; leave it out"},
	{"{'name': 'c', 'tables': [{'name': 't', 'reference': true, 'placement': {}}]}",
	 "tables[0].placement: a reference table is on every node; leave it out"},
	{"{'name': 'c', 'tables': [{'name': 't', 'reference': true, 'colocate_with': 't'}]}",
	 "tables[0].colocate_with: a reference table is on every node, and so beside every "
	 "table; leave it out"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 'a', 'storage': "
	 "'column'}]}",
	 "tables[0].storage: \"column\" is not \"heap\" or \"columnar\", did you mean "
	 "\"columnar\"?"},
	{"{'name': 'c', 'tables': [{'name': '', 'reference': true}]}",
	 "tables[0].name: is empty; it must be a table: \"table\" or \"schema.table\", each of "
	 "1 to 63 bytes"},
	{"{'name': 'c', 'tables': [{'name': 'a.b.c', 'reference': true}]}",
	 "tables[0].name: \"a.b.c\" has more than two parts; put a name that holds a dot in "
	 "double quotes"},
	{"{'name': 'c', 'tables': [{'name': 'a.', 'reference': true}]}",
	 "tables[0].name: \"a.\" has an empty part; write \"table\" or \"schema.table\""},
	{"{'name': 'c', 'tables': [{'name': '.a', 'reference': true}]}",
	 "tables[0].name: \".a\" has an empty part; write \"table\" or \"schema.table\""},
	{"{'name': 'c', 'tables': [{'name': 'a\\\"b', 'reference': true}]}",
	 "tables[0].name: \"a\"b\" has a double quote inside a name; write it twice, and the "
	 "name in double quotes"},
	{"{'name': 'c', 'tables': [{'name': '\\\"ab', 'reference': true}]}",
	 "tables[0].name: \"\"ab\" has a double quote that is not closed; write one that "
	 "belongs to the name twice, and the name in double quotes"},
	{"{'name': 'c', 'tables': [{'name': '\\\"a\\\"b', 'reference': true}]}",
	 "tables[0].name: \"\"a\"b\" goes on behind a closing double quote; only a dot may "
	 "stand there"},
	{"{'name': 'c', 'tables': [{'name': '\\\"\\\"', 'reference': true}]}",
	 "tables[0].name: \"\"\"\" has an empty part; write \"table\" or \"schema.table\""},
	{"{'name': 'c', 'tables': [{'name': "
	 "'t234567890123456789012345678901234567890123456789012345678901234', 'reference': "
	 "true}]}",
	 "tables[0].name: \"t23456789012345678901234567890123456789012345678901234567890...\" "
	 "is longer than the 63 bytes that PostgreSQL keeps of a name"},
	{"{'name': 'c', 'tables': [{'name': 't', 'reference': true}, {'name': '\\\"t\\\"', "
	 "'reference': true}]}",
	 "tables[1].name: \"\"t\"\" is the name of tables[0] too; a table stands here once"},
	{"{'name': 'c', 'tables': [{'name': 'users', 'distribution_column': 'a'}, {'name': 't', "
	 "'distribution_column': 'a', 'colocate_with': 'user'}]}",
	 "tables[1].colocate_with: there is no table \"user\" in \"tables\", did you mean "
	 "\"users\"?"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 'a', 'colocate_with': "
	 "'elsewhere'}]}",
	 "tables[0].colocate_with: there is no table \"elsewhere\" in \"tables\"; add it, or "
	 "leave this out"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 'a', 'colocate_with': "
	 "'a.b.c'}]}",
	 "tables[0].colocate_with: \"a.b.c\" has more than two parts; put a name that holds a "
	 "dot in double quotes"},
	{"{'name': 'c', 'tables': [{'name': 'r', 'reference': true}, {'name': 't', "
	 "'distribution_column': 'a', 'colocate_with': 'r'}]}",
	 "tables[1].colocate_with: \"r\" is not distributed but a reference table, which is "
	 "beside every table anyway; leave it out"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 'a', 'colocate_with': "
	 "'t'}]}",
	 "tables[0].colocate_with: \"t\" is the table itself; leave it out"},
	{"{'name': 'c', 'tables': [{'name': 'a', 'distribution_column': 'i', 'colocate_with': "
	 "'b'}, {'name': 'b', 'distribution_column': 'i', 'colocate_with': 'a'}]}",
	 "tables[0].colocate_with: goes in a circle, \"a\" -> \"b\" -> \"a\"; leave it out for "
	 "one of them"},
	{"{'name': 'c', 'tables': [{'name': 'x', 'distribution_column': 'i', 'colocate_with': "
	 "'a'}, {'name': 'a', 'distribution_column': 'i', 'colocate_with': 'b'}, {'name': 'b', "
	 "'distribution_column': 'i', 'colocate_with': 'a'}]}",
	 "tables[1].colocate_with: goes in a circle, \"a\" -> \"b\" -> \"a\"; leave it out for "
	 "one of them"},
	{"{'name': 'c', 'tables': [{'name': 't', 'distribution_column': 'a', 'placement': "
	 "{'region': 'eu'}}]}",
	 "tables[0].placement: no worker has all of these labels; give them to one in its "
	 "\"labels\""},
	{"{'name': 'c', 'workers': [{'labels': {'region': 'us'}}], 'tables': [{'name': 't', "
	 "'distribution_column': 'a', 'placement': {'region': 'eu'}}]}",
	 "tables[0].placement: no worker has all of these labels; give them to one in its "
	 "\"labels\""},
	{"{'name': 'c', 'tables': [{'name': 'u', 'distribution_column': 'a'}, {'name': 't', "
	 "'distribution_column': 'a', 'colocate_with': 'u', 'placement': {}}]}",
	 "tables[1].placement: follows from \"colocate_with\"; leave it out, or give it to \"u\""},
	{"{'name': 'c', 'rebalance': {'threshold': 1.5}}",
	 "rebalance.threshold: 1.5 is not between 0 and 1"},
	{"{'name': 'c', 'rebalance': {'threshold': -0.1}}",
	 "rebalance.threshold: -0.1 is not between 0 and 1"},
	{"{'name': 'c', 'rebalance': {'jobs': 65}}",
	 "rebalance.jobs: 65 is not between 1 and 64"},
	{"{'name': 'c', 'rebalance': {'job': 1}}",
	 "rebalance.job: unknown key, did you mean \"jobs\"?"},
};

static char *with_quotes(Arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

static char *all_mistakes(Arena *arena, const MistakeList *mistakes)
{
	Str all = STR_INIT;

	for (size_t i = 0; i < mistakes->count; i++)
		str_printf(&all, "%s%s%s%s", i > 0 ? "\n" : "", mistakes->items[i].path,
		           *mistakes->items[i].path != '\0' ? ": " : "", mistakes->items[i].message);

	char *kept = arena_strdup(arena, str_text(&all));

	str_free(&all);
	return kept;
}

START_TEST(test_bad)
{
	const Bad *item = &bad[_i];
	Arena *arena = arena_new();
	Err err = ERR_INIT;
	MistakeList mistakes = {.items = NULL};
	const char *text = with_quotes(arena, item->text);

	ck_assert_msg(cluster_parse(arena, "c.json", text, strlen(text), &mistakes, &err) == NULL,
	              "accepted: %s", text);
	ck_assert_str_eq(all_mistakes(arena, &mistakes), item->says);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	if (mistakes.count > 1) {
		ck_assert_str_eq(err.message, arena_printf(arena, "c.json: %zu mistakes", mistakes.count));
		ck_assert_str_eq(err.detail, item->says);
	} else {
		ck_assert_str_eq(err.message, arena_printf(arena, "c.json: %s", item->says));
		ck_assert_ptr_null(err.detail);
	}
	ck_assert_ptr_null(strstr(item->says, "hunter"));
	err_clear(&err);
	arena_free(arena);
}
END_TEST

START_TEST(test_all_at_once)
{
	static const char text[] =
	    "{\"nme\": \"x\", \"workers\": [{\"port\": 0}, {\"prot\": 1}], \"tables\": [{\"name\": \"a.b.c\"}],"
	    " \"access\": [\"x\"]}";
	Arena *arena = arena_new();
	Err err = ERR_INIT;
	MistakeList mistakes = {.items = NULL};

	ck_assert_ptr_null(cluster_parse(arena, "c.json", text, strlen(text), &mistakes, &err));
	ck_assert_str_eq(
	    all_mistakes(arena, &mistakes),
	    "nme: unknown key, did you mean \"name\"?\n"
	    "workers[0].port: 0 is not between 1 and 65535\n"
	    "workers[1].prot: unknown key, did you mean \"port\"?\n"
	    "name: is missing; every description needs the cluster's name, such as \"chirp\"\n"
	    "access[0]: \"x\" lacks the length of its prefix; a network looks like \"10.0.0.0/8\", a single "
	    "host like \"10.0.0.7/32\"\n"
	    "tables[0].name: \"a.b.c\" has more than two parts; put a name that holds a dot in double quotes\n"
	    "tables[0].distribution_column: is missing; a table needs this or \"reference\": true");
	err_clear(&err);
	arena_free(arena);
}
END_TEST

/* A file that is wrong everywhere is told so a hundred times, not a million. */
START_TEST(test_no_flood)
{
	Arena *arena = arena_new();
	Str text = STR_INIT;
	Err err = ERR_INIT;
	MistakeList mistakes = {.items = NULL};

	str_append(&text, "{\"name\": \"c\"");
	for (int i = 0; i < 100000; i++)
		str_printf(&text, ", \"key%d\": %d", i, i);
	str_append(&text, "}");
	ck_assert_ptr_null(cluster_parse(arena, "c.json", text.data, text.length, &mistakes, &err));
	ck_assert_uint_eq(mistakes.count, 100);
	ck_assert(str_ends(err.detail, "\nand 99900 more"));
	str_free(&text);
	err_clear(&err);
	arena_free(arena);
}
END_TEST

/* Two tables, thousands of times over, must not take the square of that. */
START_TEST(test_many_tables)
{
	Arena *arena = arena_new();
	Str text = STR_INIT;
	Err err = ERR_INIT;
	MistakeList mistakes = {.items = NULL};

	str_append(&text, "{\"name\": \"c\", \"tables\": [");
	for (int i = 0; i < 10000; i++)
		str_printf(&text, "%s{\"name\": \"t%d\", \"distribution_column\": \"a\", \"colocate_with\": \"t%d\"}",
		           i > 0 ? ", " : "", i, (i + 1) % 10000);
	str_append(&text, "]}");
	ck_assert_ptr_null(cluster_parse(arena, "c.json", text.data, text.length, &mistakes, &err));
	ck_assert_uint_eq(mistakes.count, 1);
	ck_assert(str_starts(mistakes.items[0].message, "goes in a circle, \"t0\" -> \"t1\" -> "));
	str_free(&text);
	err_clear(&err);
	arena_free(arena);
}
END_TEST

Suite *cluster_bad_suite(void)
{
	Suite *suite = suite_create("cluster-bad");
	TCase *each = tcase_create("each");
	TCase *many = tcase_create("many");

	tcase_add_loop_test(each, test_bad, 0, (int) (sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(many, test_all_at_once);
	tcase_add_test(many, test_no_flood);
	tcase_add_test(many, test_many_tables);
	suite_add_tcase(suite, each);
	suite_add_tcase(suite, many);
	return suite;
}
