#include "model/cluster_keys.h"

#include <string.h>

#include "model/table_name.h"

/* ---- rules of texts ------------------------------------------------------- */

/* A control character has no place in a name and none in a configuration file. */
static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text < 0x20 || *text == 0x7F)
			return false;
	return true;
}

static bool any_text(const char *text)
{
	return *text != '\0';
}

/* The first byte from one set, the others from another. */
static bool made_of(const char *text, const char *first, const char *others)
{
	return *text != '\0' && strchr(first, *text) != NULL &&
	       text[1 + strspn(text + 1, others)] == '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_simple_name(const char *text)
{
	return made_of(text, LOWER, LOWER DIGITS "_-");
}

static bool is_setting_name(const char *text)
{
	return made_of(text, LOWER UPPER "_", LOWER UPPER DIGITS "_.");
}

static bool is_variable_name(const char *text)
{
	return made_of(text, LOWER UPPER "_", LOWER UPPER DIGITS "_");
}

/* No slash (libpq takes it for a socket), no leading dash (ssh for an option). */
static bool is_host(const char *text)
{
	return made_of(text, LOWER UPPER DIGITS ":", LOWER UPPER DIGITS "._:%-");
}

static bool is_fingerprint(const char *text)
{
	size_t length = strlen(text);

	return (length == 40 || length == 64) && strspn(text, DIGITS "abcdefABCDEF") == length;
}

static bool is_label_name(const char *text)
{
	return made_of(text, LOWER UPPER DIGITS, LOWER UPPER DIGITS "._/-");
}

#define PRINTABLE "^[^\\u0000-\\u001f\\u007f]+$"

static const Rule simple_name = {
	.max = 40,
	.pattern = "^[a-z][a-z0-9_-]{0,39}$",
	.must_be = "a name such as \"chirp-1\": a lower-case letter, then up to 39 of a-z, 0-9, \"_\" and "
	           "\"-\"",
	.fits = is_simple_name,
};
static const Rule sql_name = {
	.max = NAME_BYTES_MAX,
	.pattern = PRINTABLE,
	.must_be = "a name of 1 to 63 bytes without control characters",
	.fits = is_printable,
};
static const Rule table_name = {
	.max = 2 * (2 * NAME_BYTES_MAX + 2) + 1, /* every byte a doubled quote */
	.must_be = "a table: \"table\" or \"schema.table\", each of 1 to 63 bytes",
	.fits = any_text,
};
static const Rule column_name = {
	.max = NAME_BYTES_MAX,
	.must_be = "a column's name of 1 to 63 bytes",
	.fits = any_text,
};
static const Rule setting_name = {
	.max = NAME_BYTES_MAX,
	.pattern = "^[A-Za-z_][A-Za-z0-9_.]{0,62}$",
	.must_be = "the name of a server setting, such as \"work_mem\"",
	.fits = is_setting_name,
};
static const Rule setting_value = {
	.max = 4096,
	.pattern = "^[^\\u0000-\\u001f\\u007f]*$",
	.must_be = "the value of a setting: at most 4096 bytes without control characters",
	.fits = is_printable,
};
static const Rule variable_name = {
	.max = 255,
	.pattern = "^[A-Za-z_][A-Za-z0-9_]*$",
	.must_be = "the name of an environment variable, such as \"CHIRP_PASSWORD\"; the password itself "
	           "does not belong in this file",
	.fits = is_variable_name,
};
static const Rule file_name = {
	.max = 4095,
	.pattern = PRINTABLE,
	.must_be = "the path of a file: 1 to 4095 bytes without control characters",
	.fits = is_printable,
};
static const Rule host_name = {
	.max = 253,
	.pattern = "^[A-Za-z0-9:][A-Za-z0-9._:%-]{0,252}$",
	.must_be = "a host: a name such as \"db1.example.org\" or an address such as \"10.0.0.10\"",
	.fits = is_host,
};
static const Rule network_text = {
	.max = 64,
	.must_be = "a network such as \"10.0.0.0/8\"",
	.fits = any_text,
};
static const Rule source_text = {
	.max = 4096,
	.pattern = PRINTABLE,
	.must_be = "what stands behind \"deb\" in a list of apt, such as \"https://apt.postgresql.org/pub/repos/apt "
	           "bookworm-pgdg main\"",
	.fits = is_printable,
};
static const Rule fingerprint_text = {
	.max = 64,
	.pattern = "^[0-9A-Fa-f]{40}([0-9A-Fa-f]{24})?$",
	.must_be = "the fingerprint of a key: 40 hexadecimal digits, as \"gpg --show-keys\" prints them",
	.fits = is_fingerprint,
};
static const Rule label_name = {
	.max = NAME_BYTES_MAX,
	.pattern = "^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$",
	.must_be = "the name of a label: a letter or digit, then up to 62 of those, \".\", \"_\", \"-\" and "
	           "\"/\"",
	.fits = is_label_name,
};
static const Rule label_value = {
	.max = NAME_BYTES_MAX,
	.pattern = PRINTABLE,
	.must_be = "the value of a label: 1 to 63 bytes without control characters",
	.fits = is_printable,
};

/* ---- shapes --------------------------------------------------------------- */

#define TEXT(r) {.kind = SHAPE_TEXT, .rule = &(r), .size = sizeof(const char *)}

static const Shape simple_name_text = TEXT(simple_name);
static const Shape sql_name_text = TEXT(sql_name);
static const Shape table_text = TEXT(table_name);
static const Shape column_text = TEXT(column_name);
static const Shape file_text = TEXT(file_name);
static const Shape host_text = TEXT(host_name);
static const Shape source_shape = TEXT(source_text);
static const Shape fingerprint_shape = TEXT(fingerprint_text);
static const Shape network_shape = TEXT(network_text);
static const Shape label_text = TEXT(label_value);
static const Shape password_file = {
	.kind = SHAPE_TEXT, .rule = &file_name, .size = sizeof(const char *), .secret = true};
static const Shape password_env = {
	.kind = SHAPE_TEXT, .rule = &variable_name, .size = sizeof(const char *), .secret = true};
static const Shape setting_scalar = {
	.kind = SHAPE_SCALAR, .rule = &setting_value, .size = sizeof(const char *), .secret = true};

static const Shape flag = {.kind = SHAPE_FLAG};
static const Shape port = {.kind = SHAPE_INTEGER, .low = 1, .high = 65535};
static const Shape version = {.kind = SHAPE_INTEGER, .low = 15, .high = 18};
static const Shape shard_count = {.kind = SHAPE_INTEGER, .low = 1, .high = 64000};
static const Shape jobs = {.kind = SHAPE_INTEGER, .low = 1, .high = 64};
static const Shape threshold = {.kind = SHAPE_NUMBER, .low = 0, .high = 1};

/* The upper end keeps the sum over all nodes, and ratios of it, finite. */
static const Shape capacity = {.kind = SHAPE_NUMBER, .low = 0, .above_low = true, .high = 1e9};

/* In the order of the enums of cluster.h. */
static const char *const engine_names[] = {"auto", "citus", "embedded", NULL};
const char *const deploy_names[] = {"local", "ssh", "none", NULL};
static const char *const host_keys_names[] = {"strict", "accept-new", NULL};
static const char *const storage_names[] = {"heap", "columnar", NULL};
static const char *const packages_names[] = {"keep", "install", NULL};
static const char *const switch_names[] = {"off", "on", NULL};

static const Shape engine = {.kind = SHAPE_CHOICE, .choices = engine_names};
static const Shape deploy = {.kind = SHAPE_CHOICE, .choices = deploy_names};
static const Shape host_keys = {.kind = SHAPE_CHOICE, .choices = host_keys_names};
static const Shape storage = {.kind = SHAPE_CHOICE, .choices = storage_names};
static const Shape packages = {.kind = SHAPE_CHOICE, .choices = packages_names};
static const Shape on_or_off = {.kind = SHAPE_CHOICE, .choices = switch_names};

static const Shape labels = {.kind = SHAPE_MAP, .rule = &label_name, .item = &label_text, .high = 100};
static const Shape settings = {.kind = SHAPE_MAP, .rule = &setting_name, .item = &setting_scalar, .high = 1000};
static const Shape networks = {.kind = SHAPE_LIST, .item = &network_shape, .high = 10000};
static const Shape files = {.kind = SHAPE_LIST, .item = &file_text, .high = 10000};

/* ---- keys ----------------------------------------------------------------- */

static const Key password_keys[KEYS_MAX + 1] = {
	{"env", &password_env, offsetof(PasswordDraft, env),
	 .about = "Environment variable that holds the password."},
	{"file", &password_file, offsetof(PasswordDraft, file),
	 .about = "File whose first line is the password; relative to the description."},
	{.name = NULL},
};
static const Shape password = {
	.kind = SHAPE_OBJECT, .keys = password_keys, .exactly_one = true, .secret = true,
	.size = sizeof(PasswordDraft),
	.instead = "; the password itself does not belong in this file: use {\"env\": \"VARIABLE\"} or "
	           "{\"file\": \"PATH\"}"};

static const Key postgres_keys[KEYS_MAX + 1] = {
	{"version", &version, offsetof(PostgresDraft, version),
	 .about = "Major version of PostgreSQL; the newest installed one if left out."},
	{"database", &sql_name_text, offsetof(PostgresDraft, database),
	 .about = "The database; the cluster's name if left out."},
	{"user", &sql_name_text, offsetof(PostgresDraft, user),
	 .about = "The role that owns the database; the cluster's name if left out."},
	{"password", &password, offsetof(PostgresDraft, password),
	 .about = "Where the role's password is; generated and kept if left out."},
	{"settings", &settings, offsetof(PostgresDraft, settings),
	 .about = "Server settings of every node, on top of those that citusctl makes."},
	{.name = NULL},
};
static const Shape postgres = {.kind = SHAPE_OBJECT, .keys = postgres_keys,
                               .size = sizeof(PostgresDraft)};

static const Key ssh_keys[KEYS_MAX + 1] = {
	{"user", &sql_name_text, offsetof(SshDraft, user),
	 .about = "User to log in as; what SSH's own configuration says if left out."},
	{"port", &port, offsetof(SshDraft, port),
	 .about = "Port of the SSH servers; what SSH's own configuration says if left out, else 22."},
	{"identity_file", &file_text, offsetof(SshDraft, identity_file),
	 .about = "Private key; the agent and the usual files if left out."},
	{"known_hosts", &file_text, offsetof(SshDraft, known_hosts),
	 .about = "File with the hosts' keys; ~/.ssh/known_hosts and the system's if left out."},
	{"host_keys", &host_keys, offsetof(SshDraft, host_keys),
	 .about = "Whether hosts must be in known_hosts already; strict if left out."},
	{.name = NULL},
};
static const Shape ssh = {.kind = SHAPE_OBJECT, .keys = ssh_keys,
                          .size = sizeof(SshDraft)};

static const Key repository_keys[KEYS_MAX + 1] = {
	{"name", &simple_name_text, offsetof(RepositoryDraft, name),
	 .about = "What its files on the hosts are called.",
	 .missing = "is missing; give the repository a name, such as \"pgdg\""},
	{"source", &source_shape, offsetof(RepositoryDraft, source),
	 .about = "URL, suite and components, as apt wants them; the base URL for dnf.",
	 .missing = "is missing; say where the packages are"},
	{"key_file", &file_text, offsetof(RepositoryDraft, key_file),
	 .about = "File with the public key that signs it, ASCII-armored; relative to the description.",
	 .missing = "is missing; packages are taken only from a repository whose key is known"},
	{"fingerprint", &fingerprint_shape, offsetof(RepositoryDraft, fingerprint),
	 .about = "The key's fingerprint, which the file has to match.",
	 .missing = "is missing; say which key the file has to hold"},
	{.name = NULL},
};
static const Shape repository = {.kind = SHAPE_OBJECT, .keys = repository_keys, .size = sizeof(RepositoryDraft)};
static const Shape repositories = {.kind = SHAPE_LIST, .item = &repository, .high = 100};

static const Key node_keys[KEYS_MAX + 1] = {
	{"name", &simple_name_text, offsetof(NodeDraft, name),
	 .about = "Name of the node; coordinator, worker1, worker2 ... if left out."},
	{"host", &host_text, offsetof(NodeDraft, host),
	 .about = "What the other nodes call it; may be left out if local."},
	{"manage_host", &host_text, offsetof(NodeDraft, manage_host),
	 .about = "Where SSH reaches it, if that is not host."},
	{"port", &port, offsetof(NodeDraft, port),
	 .about = "Port of the server; chosen if local, 5432 otherwise, if left out."},
	{"capacity", &capacity, offsetof(NodeDraft, capacity),
	 .about = "How much it may hold, relative to the other nodes; 1 if left out."},
	{"labels", &labels, offsetof(NodeDraft, labels), .about = "What tables may ask for in placement."},
	{.name = NULL},
};
static const Shape node = {.kind = SHAPE_OBJECT, .keys = node_keys, .size = sizeof(NodeDraft)};
static const Shape workers = {.kind = SHAPE_MANY, .item = &node, .low = 1, .high = 64};

static const Key table_keys[KEYS_MAX + 1] = {
	{"name", &table_text, offsetof(TableDraft, label),
	 .about = "table or schema.table; a part in double quotes may hold anything.",
	 .missing = "is missing; every table needs its name"},
	{"reference", &flag, offsetof(TableDraft, reference), .about = "A copy on every node."},
	{"distribution_column", &column_text, offsetof(TableDraft, distribution_column),
	 .about = "Column whose value decides which shard a row is in."},
	{"colocate_with", &table_text, offsetof(TableDraft, colocate_with),
	 .about = "Table of this list whose shards lie beside those of this one."},
	{"storage", &storage, offsetof(TableDraft, storage), .about = "heap if left out."},
	{"placement", &labels, offsetof(TableDraft, placement),
	 .about = "Labels that a node must have to hold shards of this table."},
	{.name = NULL},
};
static const Shape table = {.kind = SHAPE_OBJECT, .keys = table_keys, .size = sizeof(TableDraft)};
static const Shape tables = {.kind = SHAPE_LIST, .item = &table, .high = 10000};

static const Key pooler_keys[KEYS_MAX + 1] = {
	{"port", &port, offsetof(PoolerDraft, port),
	 .about = "Port of PgBouncer on the coordinator's host.",
	 .missing = "is missing; the pooler needs a port, such as 6432"},
	{.name = NULL},
};
static const Shape pooler = {.kind = SHAPE_OBJECT, .keys = pooler_keys,
                             .size = sizeof(PoolerDraft)};

static const Key cache_keys[KEYS_MAX + 1] = {
	{"host", &host_text, offsetof(CacheDraft, host),
	 .about = "Where Redis is: a name or an address.",
	 .missing = "is missing; say where Redis is, such as \"127.0.0.1\""},
	{"port", &port, offsetof(CacheDraft, port), .about = "Its port; 6379 if left out."},
	{"password", &password, offsetof(CacheDraft, password), .about = "Where its password comes from; none if left out."},
	{.name = NULL},
};
static const Shape cache = {.kind = SHAPE_OBJECT, .keys = cache_keys, .size = sizeof(CacheDraft)};

static const Key rebalance_keys[KEYS_MAX + 1] = {
	{"threshold", &threshold, offsetof(RebalanceDraft, threshold),
	 .about = "How far from the best balance is good enough, as a fraction; 0.05 if left out."},
	{"jobs", &jobs, offsetof(RebalanceDraft, jobs),
	 .about = "Shard moves at a time; if left out 2, or 1 where all servers share fewer than four processors."},
	{.name = NULL},
};
static const Shape rebalance = {.kind = SHAPE_OBJECT, .keys = rebalance_keys,
                                .size = sizeof(RebalanceDraft)};

static const Key description_keys[KEYS_MAX + 1] = {
	{"$schema", &file_text, offsetof(Draft, editors_schema), .about = "For editors; ignored.",
	 .for_editors = true},
	{"name", &simple_name_text, offsetof(Draft, name), .about = "Name of the cluster.",
	 .missing = "is missing; every description needs the cluster's name, such as \"chirp\""},
	{"engine", &engine, offsetof(Draft, engine),
	 .about = "Citus, the embedded engine (local only), or whichever is there."},
	{"deploy", &deploy, offsetof(Draft, deploy),
	 .about = "Servers on this machine, on hosts reached by SSH, or run by somebody else."},
	{"postgres", &postgres, offsetof(Draft, postgres), .about = "The servers and the database."},
	{"tls", &on_or_off, offsetof(Draft, tls), .about = "Encrypted connections; on if left out."},
	{"access", &networks, offsetof(Draft, access), .about = "Networks that may log in."},
	{"ssh", &ssh, offsetof(Draft, ssh), .about = "How hosts are reached; ignored unless deploy is ssh."},
	{"packages", &packages, offsetof(Draft, packages),
	 .about = "Whether PostgreSQL and Citus are installed on hosts that lack them; keep if left out."},
	{"repositories", &repositories, offsetof(Draft, repositories),
	 .about = "Where packages come from, beside what the hosts know already."},
	{"coordinator", &node, offsetof(Draft, coordinator), .about = "May be left out if local."},
	{"workers", &workers, offsetof(Draft, workers), .about = "The workers, or their number if local."},
	{"shard_count", &shard_count, offsetof(Draft, shard_count),
	 .about = "Shards of a distributed table, 32 if left out."},
	{"schema", &files, offsetof(Draft, schema), .about = "SQL files that create the tables, in order."},
	{"tables", &tables, offsetof(Draft, tables), .about = "The tables that are spread over the nodes."},
	{"pooler", &pooler, offsetof(Draft, pooler), .about = "PgBouncer in front of the coordinator."},
	{"cache", &cache, offsetof(Draft, cache), .about = "Redis, which the demo reads feeds and profiles through."},
	{"rebalance", &rebalance, offsetof(Draft, rebalance), .about = "What rebalance does unless told."},
	{.name = NULL},
};
const Shape description_shape = {.kind = SHAPE_OBJECT, .keys = description_keys,
                                 .size = sizeof(Draft)};
