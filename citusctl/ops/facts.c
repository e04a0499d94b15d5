#include "ops/facts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/certificate.h"
#include "util/str.h"

#define OLDEST_MAJOR 15
#define WORDS_MAX 8

/* A dash would end the version in the name of systemd's unit. */
static const char *server_name(const char *cluster, Arena *arena)
{
	char *name = arena_strdup(arena, cluster);

	for (char *c = name; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* Which every host knows without looking it up. */
static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

const char *const *facts_survey_args(const Cluster *cluster, const Node *node, Arena *arena)
{
	const char **words = arena_array(arena, cluster->node_count + 4, sizeof(*words));
	size_t n = 0;

	words[n++] = cluster->name;
	words[n++] = server_name(cluster->name, arena);
	words[n++] = arena_printf(arena, "%d", node->port);
	for (size_t i = 0; i < cluster->node_count; i++)
		if (!is_address(cluster->nodes[i].host))
			words[n++] = cluster->nodes[i].host;
	return words;
}

/* The words of a line, at most WORDS_MAX; missing ones are "". */
static void split(char *line, const char *words[])
{
	char *rest = NULL;
	size_t n = 0;

	for (char *word = strtok_r(line, " ", &rest); word != NULL && n < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	while (n < WORDS_MAX)
		words[n++] = "";
}

static int number(const char *text)
{
	return (int) strtol(text, NULL, 10);
}

static Installed *installed_entry(Facts *facts, int major)
{
	for (size_t i = 0; i < facts->installed_count; i++)
		if (facts->installed[i].major == major)
			return &facts->installed[i];
	if (facts->installed_count == FACTS_MAJORS)
		return &facts->installed[FACTS_MAJORS - 1];
	facts->installed[facts->installed_count] = (Installed) {.major = major, .bindir = ""};
	return &facts->installed[facts->installed_count++];
}

static void add_server(Facts *facts, const char *const words[], Arena *arena)
{
	Found *more = arena_array(arena, facts->server_count + 1, sizeof(*more));

	for (size_t i = 0; i < facts->server_count; i++)
		more[i] = facts->servers[i];
	more[facts->server_count++] = (Found) {
		.major = number(words[1]),
		.name = words[2],
		.port = number(words[3]),
		.data = words[4],
		.pid = strtol(words[5], NULL, 10),
	};
	facts->servers = more;
}

static void add_file(Facts *facts, const char *const words[], Arena *arena)
{
	FoundFile *more = arena_array(arena, facts->file_count + 1, sizeof(*more));

	for (size_t i = 0; i < facts->file_count; i++)
		more[i] = facts->files[i];
	more[facts->file_count++] = (FoundFile) {
		.path = words[4], .owner = words[2], .mode = (unsigned) strtoul(words[1], NULL, 8),
		.bytes = (size_t) strtoul(words[3], NULL, 10), .text = ""};
	facts->files = more;
}

static FoundFile *file_of(const Facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->file_count; i++)
		if (strcmp(facts->files[i].path, path) == 0)
			return &facts->files[i];
	return NULL;
}

bool facts_has_file(const Facts *facts, const char *path, const char *owner, unsigned mode, const char *text)
{
	const FoundFile *file = file_of(facts, path);

	if (file == NULL || file->mode != mode || strcmp(file->owner, owner) != 0 || file->bytes != strlen(text))
		return false;
	if (file->digest == NULL)
		return strcmp(file->text, text) == 0;

	char wanted[CERTIFICATE_DIGEST_SIZE];

	return certificate_digest(text, wanted) && strcmp(file->digest, wanted) == 0;
}

static void add_address(Facts *facts, const Cluster *cluster, const char *host, const char *address, Arena *arena)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (strcmp(cluster->nodes[i].host, host) == 0)
			facts->addresses[i] = *facts->addresses[i] == '\0'
			                          ? address
			                          : arena_printf(arena, "%s %s", facts->addresses[i], address);
}

/* "SHA256 PATH" */
static void read_digest(const Facts *facts, const char *line, Arena *arena)
{
	const char *space = strchr(line, ' ');
	FoundFile *file = space != NULL ? file_of(facts, space + 1) : NULL;

	if (file != NULL)
		file->digest = arena_printf(arena, "%.*s", (int) (space - line), line);
}

/* The lines of the files, one file behind the other; false when it is none of them. */
static bool read_file_line(const Facts *facts, FoundFile **file, const char *line, Arena *arena)
{
	if (str_starts(line, "lines "))
		*file = file_of(facts, line + strlen("lines "));
	else if (str_starts(line, "text ") && *file != NULL)
		(*file)->text = arena_printf(arena, "%s%s\n", (*file)->text, line + strlen("text "));
	else if (str_starts(line, "digest "))
		read_digest(facts, line + strlen("digest "), arena);
	else
		return str_starts(line, "text ");
	return true;
}

static void read_line(Facts *facts, const Cluster *cluster, char *line, Arena *arena)
{
	const char *words[WORDS_MAX];

	if (str_starts(line, "os "))
		facts->os = arena_strdup(arena, line + 3);
	else if (str_starts(line, "kept "))
		facts->kept = arena_printf(arena, "%s%s\n", facts->kept, line + 5);
	split(line, words);
	if (strcmp(words[0], "systemd") == 0)
		facts->systemd = true;
	else if (strcmp(words[0], "pgbouncer") == 0)
		facts->pgbouncer = words[1];
	else if (strcmp(words[0], "pooler") == 0)
		facts->pooler = true;
	else if (strcmp(words[0], "debian") == 0)
		facts->family = FAMILY_DEBIAN;
	else if (strcmp(words[0], "postgres") == 0)
		installed_entry(facts, number(words[1]))->bindir = words[2];
	else if (strcmp(words[0], "citus") == 0)
		installed_entry(facts, number(words[1]))->citus = true;
	else if (strcmp(words[0], "server") == 0)
		add_server(facts, words, arena);
	else if (strcmp(words[0], "listening") == 0)
		facts->listening = true;
	else if (strcmp(words[0], "file") == 0)
		add_file(facts, words, arena);
	else if (strcmp(words[0], "address") == 0)
		add_address(facts, cluster, words[1], words[2], arena);
	else if (strcmp(words[0], "state") == 0) {
		facts->created = number(words[2]);
		facts->half_made = strcmp(words[1], "creating") == 0;
		facts->id = strcmp(words[1], "created") == 0 ? words[3] : "";
		if (strcmp(words[1], "adopted") == 0) {
			facts->id = words[5];
			facts->adopted = words[3];
			facts->locale = words[4];
		}
	}
}

const Facts *facts_parse(const char *text, const Cluster *cluster, Arena *arena)
{
	Facts *facts = arena_alloc(arena, sizeof(*facts));
	FoundFile *file = NULL;
	char *copy = arena_strdup(arena, text);
	char *rest = NULL;

	facts->os = "";
	facts->kept = "";
	facts->id = "";
	facts->addresses = arena_array(arena, cluster->node_count, sizeof(*facts->addresses));
	for (size_t i = 0; i < cluster->node_count; i++)
		facts->addresses[i] = is_address(cluster->nodes[i].host) ? cluster->nodes[i].host : "";
	for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (!read_file_line(facts, &file, line, arena))
			read_line(facts, cluster, line, arena);
	if (facts->family == FAMILY_UNKNOWN)
		facts->family = strstr(facts->os, "debian") != NULL || strstr(facts->os, "ubuntu") != NULL ? FAMILY_DEBIAN
		                : strstr(facts->os, "rhel") != NULL || strstr(facts->os, "fedora") != NULL ? FAMILY_RHEL
		                                                                                          : FAMILY_UNKNOWN;
	return facts;
}

const Found *facts_candidate(const Facts *facts, const Node *node)
{
	if (facts->created != 0)
		return NULL;
	for (size_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i].port == node->port)
			return &facts->servers[i];
	return NULL;
}

static void read_answer(Adoptable *adoptable, const char *line, Arena *arena)
{
	const struct {
		const char *key;
		const char **value;
	} keys[] = {
		{"hba ", &adoptable->hba},       {"encoding ", &adoptable->encoding}, {"collation ", &adoptable->collation},
		{"owner ", &adoptable->owner},   {"others ", &adoptable->others},     {"rights ", &adoptable->rights},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_starts(line, keys[i].key))
			*keys[i].value = arena_strdup(arena, line + strlen(keys[i].key));
	if (str_starts(line, "kept "))
		adoptable->kept = arena_printf(arena, "%s%s\n", adoptable->kept, line + 5);
	if (strcmp(line, "recovery") == 0)
		adoptable->in_recovery = true;
}

const Adoptable *facts_adoptable(const char *text, Arena *arena)
{
	Adoptable *adoptable = arena_alloc(arena, sizeof(*adoptable));
	char *rest = NULL;

	*adoptable = (Adoptable) {.hba = "", .others = "", .rights = "", .kept = ""};
	for (char *line = strtok_r(arena_strdup(arena, text), "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		read_answer(adoptable, line, arena);
	return adoptable;
}

const Installed *facts_installed(const Facts *facts, int major)
{
	for (size_t i = 0; i < facts->installed_count; i++)
		if (facts->installed[i].major == major && *facts->installed[i].bindir != '\0')
			return &facts->installed[i];
	return NULL;
}

HostServer facts_server(const Facts *facts, const Cluster *cluster, const Node *node, int major, Arena *arena)
{
	const Installed *installed = facts_installed(facts, major);
	HostServer server = {.family = facts->family, .major = major, .port = node->port,
	                     .bindir = installed != NULL ? installed->bindir : ""};

	if (facts->family == FAMILY_RHEL) {
		server.name = "data";
		server.unit = arena_printf(arena, "postgresql-%d", major);
		server.data = arena_printf(arena, "/var/lib/pgsql/%d/data", major);
		server.config = server.data;
		server.conf = arena_printf(arena, "%s/citusctl.conf", server.data);
		server.log = arena_printf(arena, "%s/log/citusctl.log", server.data);
		server.main = "";
		return server;
	}
	server.name = facts->adopted != NULL ? facts->adopted : server_name(cluster->name, arena);
	server.unit = arena_printf(arena, "postgresql@%d-%s", major, server.name);
	server.data = arena_printf(arena, "/var/lib/postgresql/%d/%s", major, server.name);
	server.config = arena_printf(arena, "/etc/postgresql/%d/%s", major, server.name);
	server.conf = arena_printf(arena, "%s/conf.d/citusctl.conf", server.config);
	server.main = arena_printf(arena, "%s/postgresql.conf", server.config);
	server.log = arena_printf(arena, "/var/log/postgresql/postgresql-%d-%s.log", major, server.name);
	for (size_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i].major == major && strcmp(facts->servers[i].name, server.name) == 0)
			server.data = arena_strdup(arena, facts->servers[i].data);
	return server;
}

const Found *facts_found(const Facts *facts, const HostServer *server)
{
	for (size_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i].major == server->major && strcmp(facts->servers[i].name, server->name) == 0)
			return &facts->servers[i];
	return NULL;
}

static const Installed *with_citus(const Facts *facts, int major)
{
	const Installed *installed = facts_installed(facts, major);

	return installed != NULL && installed->citus ? installed : NULL;
}

static bool lacks(const Facts *facts, const Node *node, int wanted, Err *err)
{
	const char *which = "";
	char version[16] = "";

	if (wanted != 0) {
		snprintf(version, sizeof(version), " %d", wanted);
		which = version;
	}
	if (wanted != 0 ? facts_installed(facts, wanted) == NULL : facts->installed_count == 0)
		err_set(err, ERR_FAILED, "PostgreSQL%s is not installed on %s", which, node->host);
	else
		err_set(err, ERR_FAILED, "Citus is not installed for PostgreSQL%s on %s", which, node->host);
	err_hint(err, "Install PostgreSQL and Citus of one version on every host, or allow that with \"packages\": \"install\".");
	return err_node(err, node->name);
}

int facts_common_major(const Facts facts[], const Cluster *cluster, Err *err)
{
	int wanted = cluster->postgres.version;
	const Facts *first = &facts[0];
	int best = 0;

	for (size_t i = 0; i < first->installed_count; i++) {
		int major = first->installed[i].major;
		bool everywhere = major >= OLDEST_MAJOR && (wanted == 0 || major == wanted);

		for (size_t k = 0; everywhere && k < cluster->node_count; k++)
			everywhere = facts[k].os == NULL || with_citus(&facts[k], major) != NULL;
		if (everywhere && major > best)
			best = major;
	}
	for (size_t k = 0; best == 0 && k < cluster->node_count; k++) {
		bool any = wanted != 0 && with_citus(&facts[k], wanted) != NULL;

		for (size_t i = 0; wanted == 0 && i < facts[k].installed_count; i++)
			any = any || (facts[k].installed[i].citus && facts[k].installed[i].major >= OLDEST_MAJOR);
		if (!any && facts[k].os != NULL) {
			lacks(&facts[k], &cluster->nodes[k], wanted, err);
			return 0;
		}
	}
	if (best == 0) {
		err_set(err, ERR_FAILED, "no version of PostgreSQL is installed with Citus on all %zu hosts",
		        cluster->node_count);
		err_hint(err, "Install one version everywhere; \"postgres.version\" names it.");
	}
	return best;
}
