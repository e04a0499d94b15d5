/* Whether a description means something: nodes, servers, networks. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/cluster_keys.h"
#include "util/str.h"

#define DEFAULT_WORKERS 3 /* of a local cluster that doesn't say */
#define DEFAULT_PORT 5432

/* ---- what is left out and follows from the rest --------------------------- */

size_t cluster_worker_count(const Draft *draft)
{
	if (!draft->workers.list.given)
		return draft->deploy == DEPLOY_LOCAL ? DEFAULT_WORKERS : 0;
	return draft->workers.count > 0 ? (size_t) draft->workers.count : draft->workers.list.count;
}

/* The coordinator at 0, the workers as written; NULL for one that is only counted. */
static const NodeDraft *node_at(const Draft *draft, size_t index)
{
	const NodeDraft *workers = draft->workers.list.items;

	if (index == 0)
		return &draft->coordinator;
	return index <= draft->workers.list.count ? &workers[index - 1] : NULL;
}

const char *cluster_node_name(const Draft *draft, size_t index, Arena *arena)
{
	const NodeDraft *node = node_at(draft, index);

	if (node != NULL && node->name != NULL)
		return node->name;
	return index == 0 ? "coordinator" : arena_printf(arena, "worker%zu", index);
}

const char *cluster_database(const Draft *draft)
{
	return draft->postgres.database != NULL ? draft->postgres.database : draft->name;
}

const char *cluster_user(const Draft *draft)
{
	return draft->postgres.user != NULL ? draft->postgres.user : draft->name;
}

/* ---- nodes ---------------------------------------------------------------- */

/* "workers[2]", also for the coordinator and for one that is only counted. */
static const char *node_path(const Draft *draft, size_t index, Arena *arena)
{
	const NodeDraft *node = node_at(draft, index);

	if (node != NULL && node->head.path != NULL)
		return node->head.path;
	return index == 0 ? "coordinator" : arena_printf(arena, "workers[%zu]", index - 1);
}

static const char *other_node(const Draft *draft, size_t index, Arena *arena)
{
	return index == 0 ? "the coordinator" : node_path(draft, index, arena);
}

static void check_node_names(const Draft *draft, Mistakes *mistakes)
{
	size_t count = cluster_worker_count(draft) + 1;
	const char **names = arena_array(mistakes->arena, count, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		names[i] = cluster_node_name(draft, i, mistakes->arena);
		for (size_t k = 0; k < i && *names[i] != '\0'; k++) {
			if (strcmp(names[k], names[i]) != 0)
				continue;
			mistake(mistakes, node_path(draft, i, mistakes->arena), "name",
			        "%s is the name of %s too; give each node its own",
			        show_text(mistakes->arena, names[i]), other_node(draft, k, mistakes->arena));
			break;
		}
	}
}

/* Where the server listens; false when that is not known yet. */
static bool endpoint(const Draft *draft, size_t index, const char **host, int *port)
{
	const NodeDraft *node = node_at(draft, index);
	bool local = draft->deploy == DEPLOY_LOCAL;

	if (node == NULL || node->head.path == NULL)
		return false;
	*host = local ? "127.0.0.1" : node->host;
	*port = node->port != 0 || local ? node->port : DEFAULT_PORT;
	return *port != 0 && *host != NULL && **host != '\0';
}

static void check_ports(const Draft *draft, Mistakes *mistakes)
{
	size_t count = draft->workers.list.count + 1;
	const char *host = NULL;
	const char *other = NULL;
	int port = 0;
	int used = 0;

	for (size_t i = 0; i < count; i++) {
		if (!endpoint(draft, i, &host, &port))
			continue;
		for (size_t k = 0; k < i; k++) {
			if (!endpoint(draft, k, &other, &used) || used != port || strcmp(other, host) != 0)
				continue;
			mistake(mistakes, node_path(draft, i, mistakes->arena), "port",
			        "%d is the port of %s on host %s too; give each its own", port,
			        other_node(draft, k, mistakes->arena), show_text(mistakes->arena, host));
			break;
		}
	}
}

/* The pooler listens on the coordinator's host. */
static void check_pooler(const Draft *draft, Mistakes *mistakes)
{
	const char *host = draft->deploy == DEPLOY_LOCAL ? "127.0.0.1" : draft->coordinator.host;
	const char *other = NULL;
	int used = 0;

	for (size_t i = 0; host != NULL && i <= draft->workers.list.count; i++) {
		if (!endpoint(draft, i, &other, &used) || used != draft->pooler.port ||
		    strcmp(other, host) != 0)
			continue;
		mistake(mistakes, "pooler", "port", "%d is the port of %s on host %s too; choose another",
		        used, other_node(draft, i, mistakes->arena), show_text(mistakes->arena, host));
		return;
	}
}

static void check_host(const Draft *draft, const NodeDraft *node, Mistakes *mistakes)
{
	const char *path = node->head.path;

	if (draft->deploy == DEPLOY_LOCAL) {
		if (node->host != NULL && *node->host != '\0' && strcmp(node->host, "127.0.0.1") != 0)
			mistake(mistakes, path, "host",
			        "%s is not \"127.0.0.1\", where a local cluster runs; leave it out, or use "
			        "\"deploy\": \"ssh\"", show_text(mistakes->arena, node->host));
		return;
	}
	if (node->host == NULL)
		mistake(mistakes, path, "host",
		        "is missing; say what the other nodes call it, such as \"10.0.0.10\"");
	if (node->manage_host != NULL && draft->deploy == DEPLOY_NONE)
		mistake(mistakes, path, "manage_host",
		        "is for SSH, which \"deploy\": \"none\" doesn't use; leave it out");
}

static void check_nodes(const Draft *draft, Mistakes *mistakes)
{
	const List *list = &draft->workers.list;
	const char *deploy = deploy_names[draft->deploy];
	bool local = draft->deploy == DEPLOY_LOCAL;

	if (draft->coordinator.head.path == NULL && !local)
		mistake(mistakes, "", "coordinator",
		        "is missing; \"deploy\": \"%s\" needs one, such as {\"host\": \"10.0.0.10\"}", deploy);
	if (!list->given && !local)
		mistake(mistakes, "", "workers",
		        "is missing; \"deploy\": \"%s\" needs them, such as [{\"host\": \"10.0.0.11\"}]", deploy);
	if (draft->workers.count > 0 && !local)
		mistake(mistakes, "", "workers",
		        "a number of workers is for \"deploy\": \"local\" only; list them, such as "
		        "[{\"host\": \"10.0.0.11\"}]");
	for (size_t i = 0; i <= list->count; i++)
		if (node_at(draft, i)->head.usable)
			check_host(draft, node_at(draft, i), mistakes);
	check_node_names(draft, mistakes);
	check_ports(draft, mistakes);
	if (draft->pooler.port != 0)
		check_pooler(draft, mistakes);
}

/* ---- servers -------------------------------------------------------------- */

/* What citusctl sets itself, and what to do instead. */
static const struct {
	const char *name;
	const char *instead;
} owned_settings[] = {
	{"port", "is the \"port\" of a node; set it there"},
	{"citus.shard_count", "is the key \"shard_count\" of this file; set it there"},
	{"citus.node_conninfo", "follows from \"tls\"; leave it out"},
	{"ssl", "is the key \"tls\" of this file; set it there"},
	{"ssl_ca_file", "follows from \"tls\"; leave it out"},
	{"ssl_cert_file", "follows from \"tls\"; leave it out"},
	{"ssl_key_file", "follows from \"tls\"; leave it out"},
	{"listen_addresses", NULL},
	{"unix_socket_directories", NULL},
	{"unix_socket_permissions", NULL},
	{"unix_socket_group", NULL},
	{"data_directory", NULL},
	{"config_file", NULL},
	{"hba_file", NULL},
	{"ident_file", NULL},
	{"external_pid_file", NULL},
	{"password_encryption", NULL},
	{"shared_preload_libraries", NULL},
	{"wal_level", NULL},
	/* no settings, but words that the configuration file understands */
	{"include", "is not a setting; leave it out"},
	{"include_dir", "is not a setting; leave it out"},
	{"include_if_exists", "is not a setting; leave it out"},
};

static void check_setting(const Pair *setting, const char *path, Mistakes *mistakes)
{
	for (size_t i = 0; i < sizeof(owned_settings) / sizeof(owned_settings[0]); i++)
		if (strcasecmp(owned_settings[i].name, setting->name) == 0)
			mistake(mistakes, path, setting->name, "%s",
			        owned_settings[i].instead != NULL ? owned_settings[i].instead
			                                          : "is set by citusctl; leave it out");
}

/* The server takes Work_mem and work_mem for the same. */
static void check_settings(const List *settings, Mistakes *mistakes)
{
	const char *path = "postgres.settings";
	const Pair *pairs = settings->items;

	for (size_t i = 0; i < settings->count; i++) {
		check_setting(&pairs[i], path, mistakes);
		for (size_t k = 0; k < i; k++)
			if (strcasecmp(pairs[i].name, pairs[k].name) == 0)
				mistake(mistakes, path, pairs[i].name, "is the same setting as %s; keep one of them",
				        show_text(mistakes->arena, pairs[k].name));
	}
}

static void check_postgres(const Draft *draft, Mistakes *mistakes)
{
	const char *user = cluster_user(draft);
	const char *database = cluster_database(draft);

	if (user != NULL && (str_starts(user, "pg_") || str_equal(user, "public") || str_equal(user, "none")))
		mistake(mistakes, "postgres", "user", "%s is a name that PostgreSQL keeps for itself; choose another",
		        show_text(mistakes->arena, user));
	if (user != NULL && str_equal(user, "postgres") && draft->deploy != DEPLOY_NONE)
		mistake(mistakes, "postgres", "user",
		        "\"postgres\" is the superuser of the servers; choose another");
	if (database != NULL && (str_equal(database, "template0") || str_equal(database, "template1")))
		mistake(mistakes, "postgres", "database",
		        "%s is a template of PostgreSQL's; choose another", show_text(mistakes->arena, database));
	check_settings(&draft->postgres.settings, mistakes);
	if (draft->engine == ENGINE_EMBEDDED && draft->deploy == DEPLOY_SSH)
		mistake(mistakes, "", "engine",
		        "\"embedded\" is not for \"deploy\": \"ssh\"; use \"citus\"");
}

/* ---- packages ------------------------------------------------------------- */

/* Which packages to take follows from the version; which is wanted can't be guessed. */
static void check_packages(const Draft *draft, Mistakes *mistakes)
{
	if (draft->packages == 0)
		return;
	if (draft->deploy != DEPLOY_SSH)
		mistake(mistakes, "", "packages", "\"install\" is for \"deploy\": \"ssh\" only; leave it out");
	else if (draft->postgres.version == 0)
		mistake(mistakes, "postgres", "version",
		        "is missing; \"packages\": \"install\" has to know which, such as 17");
}

/* ---- networks ------------------------------------------------------------- */

static const char *network_problem(const char *text)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t length = slash != NULL ? (size_t) (slash - text) : 0;
	long limit = 0;

	if (slash == NULL)
		return "lacks the length of its prefix; a network looks like \"10.0.0.0/8\", a single host like "
		       "\"10.0.0.7/32\"";
	if (length < sizeof(address)) {
		memcpy(address, text, length);
		address[length] = '\0';
		if (inet_pton(AF_INET, address, bytes) == 1)
			limit = 32;
		else if (inet_pton(AF_INET6, address, bytes) == 1)
			limit = 128;
	}
	if (limit == 0)
		return "does not start with an address; a network looks like \"10.0.0.0/8\" or \"fd00::/8\"";

	const char *digits = slash + 1;
	size_t many = strspn(digits, "0123456789");

	if (many == 0 || many > 3 || digits[many] != '\0' || strtol(digits, NULL, 10) > limit)
		return limit == 32 ? "does not end with a prefix length of 0 to 32"
		                   : "does not end with a prefix length of 0 to 128";
	return NULL;
}

static void check_access(const List *access, Mistakes *mistakes)
{
	const char *const *networks = access->items;

	for (size_t i = 0; i < access->count; i++) {
		const char *problem = *networks[i] != '\0' ? network_problem(networks[i]) : NULL;

		if (problem != NULL)
			mistake(mistakes, path_join(mistakes->arena, "access", NULL, i), "", "%s %s",
			        show_text(mistakes->arena, networks[i]), problem);
	}
}

void cluster_check(Draft *draft, Mistakes *mistakes)
{
	check_nodes(draft, mistakes);
	check_postgres(draft, mistakes);
	check_packages(draft, mistakes);
	check_access(&draft->access, mistakes);
	cluster_check_tables(draft, mistakes);
}
