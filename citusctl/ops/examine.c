#include "ops/examine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/survey.h"
#include "util/clock.h"
#include "util/str.h"

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* The middle of question and answer is when the other clock was read. */
static void compare_clock(Examined *examined, double theirs, double asked, double answered)
{
	examined->has_clock = true;
	examined->clock_s = theirs - (asked + answered) / 2;
	examined->clock_error_s = (answered - asked) / 2;
}

/* ---- the host ----------------------------------------------------------------- */

/* Where the server of a host is or will be, in the way of its distribution; NULL on error. */
static const HostServer *server_of_host(Host *host, Arena *arena, const char **adoptable, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const Facts *facts = NULL;

	if (!survey_host(host, &facts, err))
		return NULL;

	int major = facts->created != 0 ? facts->created : cluster->postgres.version;

	for (size_t i = 0; major == 0 && i < facts->installed_count; i++)
		if (facts->installed[i].citus)
			major = facts->installed[i].major;

	const Found *found = facts_candidate(facts, host->node);
	HostServer *server = arena_alloc(arena, sizeof(*server));

	if (found != NULL)
		*adoptable = arena_printf(arena, "%d/%s", found->major, found->name);
	*server = facts_server(facts, cluster, host->node, major, arena);
	return server;
}

/* The words of one line; at most max, the last with all that is left. */
static size_t split(char *line, char *words[], size_t max)
{
	size_t count = 0;

	while (count < max && *line != '\0') {
		words[count++] = line;
		if (count == max)
			break;
		line += strcspn(line, " ");
		if (*line != '\0')
			*line++ = '\0';
	}
	return count;
}

static void read_reach(const Session *session, Examined *examined, char *words[], size_t count)
{
	const Cluster *cluster = session->cluster;

	for (size_t i = 0; count == 5 && i < cluster->node_count; i++) {
		if (strcmp(cluster->nodes[i].host, words[1]) != 0 ||
		    session_port(session, &cluster->nodes[i]) != (int) strtol(words[2], NULL, 10))
			continue;
		examined->reach[i].tried = true;
		examined->reach[i].address = strcmp(words[3], "-") == 0 ? NULL : words[3];
		examined->reach[i].state = strcmp(words[4], "unknown") == 0 ? NULL : words[4];
	}
}

static void read_line(const Session *session, Examined *examined, char *line, double *time_there)
{
	char *words[5];
	size_t count = split(line, words, 5);
	const char *key = count > 0 ? words[0] : "";
	const char *value = count > 1 ? words[1] : "";

	if (strcmp(key, "time") == 0)
		*time_there = strtod(value, NULL);
	else if (strcmp(key, "memory") == 0 && count > 2 && strcmp(value, "MemTotal:") == 0)
		examined->memory_kb = strtoll(words[2], NULL, 10);
	else if (strcmp(key, "disk") == 0 && count > 2) {
		examined->disk_kb = strtoll(value, NULL, 10);
		examined->free_kb = strtoll(words[2], NULL, 10);
	} else if (strcmp(key, "data") == 0) {
		examined->has_data = strcmp(value, "server") == 0;
		examined->has_foreign = !examined->has_data;
	} else if (strcmp(key, "made") == 0)
		examined->is_ours = true;
	else if (strcmp(key, "running") == 0)
		examined->is_running = true;
	else if (strcmp(key, "listening") == 0)
		examined->is_listening = true;
	else if (strcmp(key, "postgres") == 0 && count > 2 && examined->version_count < EXAMINED_VERSIONS) {
		examined->versions[examined->version_count] = value;
		examined->citus[examined->version_count++] = words[2];
	} else if (strcmp(key, "reach") == 0)
		read_reach(session, examined, words, count);
}

/* A line of a certificate behind its file's name. */
static bool read_certificate(Examined *examined, const char *line, Arena *arena)
{
	const struct {
		const char *key;
		const char **text;
	} files[] = {{"node.pem ", &examined->certificate}, {"ca.crt ", &examined->authority}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (str_starts(line, files[i].key)) {
			*files[i].text = arena_printf(arena, "%s%s\n", *files[i].text, line + strlen(files[i].key));
			return true;
		}
	return false;
}

static bool look_at_host(Host *host, Arena *arena, Examined *examined, Err *err)
{
	const Session *session = host->session;
	const Cluster *cluster = session->cluster;
	const HostServer *server = NULL;

	if (host->root != NULL && (server = server_of_host(host, arena, &examined->adoptable, err)) == NULL)
		return false;
	examined->data = server != NULL ? server->data : session_place(session, host->node)->data;
	if (server != NULL && cluster->tls)
		examined->certificate = examined->authority = "";

	const char **words = arena_array(arena, 5 + cluster->node_count * 2, sizeof(*words));
	size_t n = 0;
	ShellResult result;
	double time_there = 0;

	words[n++] = cluster->name;
	words[n++] = arena_printf(arena, "%d", session_port(session, host->node));
	words[n++] = examined->data;
	words[n++] = server != NULL ? server->config : "";
	for (size_t i = 0; i < cluster->node_count; i++) {
		if (session_port(session, &cluster->nodes[i]) == 0)
			continue; /* of a local cluster that is not made yet */
		words[n++] = cluster->nodes[i].host;
		words[n++] = arena_printf(arena, "%d", session_port(session, &cluster->nodes[i]));
	}

	Shell *shell = host->root != NULL ? host->root : host->shell;
	double asked = now_s();

	if (!shell_run(shell, script_argv(arena, "host/check.sh", "check", words), NULL, arena, &result, err))
		return false;

	char *rest = NULL;
	char *text = arena_strdup(arena, result.out);

	examined->has_shell = true;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (examined->certificate == NULL || !read_certificate(examined, line, arena))
			read_line(session, examined, line, &time_there);

	/* The script says the time first; what it does afterwards takes longer than the way there. */
	if (time_there > 0)
		compare_clock(examined, time_there, asked, asked + 0.2);
	return true;
}

/* ---- the server ----------------------------------------------------------------- */

static void look_at_server(Host *host, Arena *arena, Examined *examined)
{
	Err ignored = ERR_INIT;
	PgTarget target = session_superuser(host->session, host->node, host->session->cluster->postgres.database);

	target.timeout_s = 3;
	host->pg = pg_open(&target, &ignored);

	double asked = now_s();
	PgRows *rows = host->pg != NULL ? pg_query(host->pg, asset_text("sql/query/check_server.sql"), 0, NULL, &ignored) : NULL;
	double answered = now_s();

	if (rows != NULL) {
		const char *version = arena_strdup(arena, pg_value(rows, 0, 0));

		examined->is_up = true;
		examined->server = arena_strndup(arena, version, strcspn(version, " "));
		examined->extension = pg_is_null(rows, 0, 1) ? NULL : arena_strdup(arena, pg_value(rows, 0, 1));
		examined->encoding = arena_strdup(arena, pg_value(rows, 0, 2));
		examined->collation = arena_strdup(arena, pg_value(rows, 0, 3));
		examined->wal_level = arena_strdup(arena, pg_value(rows, 0, 4));
		examined->workers = pg_int(rows, 0, 5);
		examined->slots = pg_int(rows, 0, 6);
		examined->senders = pg_int(rows, 0, 7);
		examined->logical_workers = pg_int(rows, 0, 8);
		examined->prepared = pg_int(rows, 0, 9);
		compare_clock(examined, pg_double(rows, 0, 10), asked, answered);
	} else if (host->session->base == NULL) {
		examined->reached = false;
		err_move(&examined->failure, &ignored);
	} else if (examined->is_running && clock_go_on(&ignored)) {
		const char *why = ignored.detail != NULL ? ignored.detail : ignored.message;
		const char *fatal = strstr(why, "FATAL:  ");
		const char *said = arena_strdup(arena, fatal != NULL ? fatal + strlen("FATAL:  ") : why);
		bool by_login = strstr(said, "password") != NULL || strstr(said, "pg_hba.conf") != NULL;

		*(by_login ? &examined->refused : &examined->silent) = said;
	}
	pg_rows_free(rows);
	err_clear(&ignored);
	if (!examined->is_up)
		return;

	/* Not everybody may ask for these. */
	const char *identity = engine_traits(host->session->engine)->server_id;

	if (!pg_query_text(host->pg, asset_text("sql/query/check_system_identifier.sql"), 0, NULL, arena,
	                   &examined->system_id, &ignored))
		err_clear(&ignored);
	if (identity != NULL && !pg_query_text(host->pg, asset_text(identity), 0, NULL, arena, &examined->server_id, &ignored))
		err_clear(&ignored);
}

void examine_node(Session *session, const Node *node, Arena *arena, Examined *examined)
{
	Host host = {0};

	*examined = (Examined) {.node = node, .failure = ERR_INIT};
	examined->reach = arena_array(arena, session->cluster->node_count, sizeof(Reach));
	examined->reached = host_open(&host, session, node, true, &examined->failure) &&
	                    (host.shell == NULL || look_at_host(&host, arena, examined, &examined->failure));
	if (examined->reached)
		look_at_server(&host, arena, examined);
	host_close(&host);
}

/* ---- logins ----------------------------------------------------------------------- */

/* A section of a service file: what the server itself would connect with. */
static void add_section(Arena *arena, Str *text, size_t number, const Session *session, const Node *to, const char *role,
                        const char *authinfo, const char *conninfo)
{
	str_printf(text, "[n%zu]\nhost=%s\nport=%d\ndbname=%s\nuser=%s\n", number, to->host, session_port(session, to),
	           session->cluster->postgres.database, role);
	str_append(text, pg_conninfo_lines(arena, authinfo));
	str_append(text, pg_conninfo_lines(arena, conninfo));
}

static const char *psql_of(Host *host, Arena *arena)
{
	const char *bindir = host->session->bindir;
	const char *adoptable = NULL;
	Err ignored = ERR_INIT;

	if (host->root != NULL) {
		const HostServer *server = server_of_host(host, arena, &adoptable, &ignored);

		bindir = server != NULL && *server->bindir != '\0' ? server->bindir : NULL;
	}
	err_clear(&ignored);
	return arena_printf(arena, "%s/psql", bindir != NULL ? bindir : "/usr/bin");
}

typedef struct Attempt {
	size_t to;
	const char *role;
} Attempt;

static void read_attempts(char *out, const Attempt attempts[], size_t count, Examined *from, Arena *arena)
{
	char *rest = NULL;

	for (char *line = strtok_r(out, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *words[3];
		size_t n = split(line, words, 3);
		size_t number = n == 3 ? (size_t) strtol(words[1], NULL, 10) : count;

		if (number >= count || strcmp(words[0], "login") != 0)
			continue;

		Reach *reach = &from->reach[attempts[number].to];

		if (strcmp(words[2], "ok") != 0)
			reach->login = arena_printf(arena, "as \"%s\": %s", attempts[number].role, words[2]);
		else if (reach->login == NULL)
			reach->login = "";
	}
}

static bool try_logins(Host *host, Examined *from, const Examined nodes[], Arena *arena, Err *err)
{
	const Session *session = host->session;
	const Cluster *cluster = session->cluster;
	PgRows *settings = pg_query(host->pg, asset_text("sql/query/check_server.sql"), 0, NULL, err);
	PgRows *roles = settings != NULL ? pg_query(host->pg, asset_text("sql/query/check_credentials.sql"), 0, NULL, err) : NULL;
	size_t max = roles != NULL ? (size_t) pg_row_count(roles) * cluster->node_count : 0;
	Attempt *attempts = arena_array(arena, max, sizeof(Attempt));
	size_t count = 0;
	Str text = STR_INIT;
	ShellResult result = {0};

	for (size_t i = 0; roles != NULL && i < cluster->node_count; i++)
		for (int r = 0; nodes[i].is_up && r < pg_row_count(roles); r++) {
			attempts[count] = (Attempt) {i, arena_strdup(arena, pg_value(roles, r, 0))};
			add_section(arena, &text, count++, session, &cluster->nodes[i], pg_value(roles, r, 0), pg_value(roles, r, 1),
			            pg_value(settings, 0, 11));
		}

	const char *const words[] = {psql_of(host, arena), arena_printf(arena, "%zu", count), NULL};
	bool ok = roles != NULL && (count == 0 || shell_run(host->shell, script_argv(arena, "host/logins.sh", "logins", words),
	                                                    str_text(&text), arena, &result, err));

	if (ok && count > 0)
		read_attempts(arena_strdup(arena, result.out), attempts, count, from, arena);
	str_free(&text);
	pg_rows_free(settings);
	pg_rows_free(roles);
	return ok;
}

void examine_logins(Session *session, Examined *from, const Examined nodes[], Arena *arena)
{
	Host host = {0};
	Err ignored = ERR_INIT;

	if (from->is_up && from->has_shell && host_open(&host, session, from->node, true, &ignored) &&
	    host_pg(&host, &ignored) != NULL)
		(void) !try_logins(&host, from, nodes, arena, &ignored);
	err_clear(&ignored);
	host_close(&host);
}
