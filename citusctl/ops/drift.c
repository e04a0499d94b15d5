#include "ops/drift.h"

#include <ctype.h>
#include <string.h>

#include "io/asset.h"
#include "util/clock.h"
#include "util/str.h"

/* ---- files ------------------------------------------------------------------ */

/* Of one file; the rest is only counted. */
#define LINES_SHOWN 6

typedef struct Lines {
	const char **items;
	size_t count;
} Lines;

static bool is_secret(const char *line)
{
	return strstr(line, "PRIVATE KEY") != NULL || strstr(line, "password") != NULL;
}

/* The lines that say something, without comments and blanks around. */
static Lines lines_of(Arena *arena, const char *text)
{
	Lines lines = {NULL, 0};
	char *copy = arena_strdup(arena, text);
	char *rest = NULL;
	size_t max = 1;

	for (const char *c = text; *c != '\0'; c++)
		max += *c == '\n' ? 1 : 0;
	lines.items = arena_array(arena, max, sizeof(char *));
	for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *hash = strstr(line, "  #");

		if (hash != NULL)
			*hash = '\0';
		while (isspace((unsigned char) *line))
			line++;
		for (char *end = line + strlen(line); end > line && isspace((unsigned char) end[-1]); end--)
			end[-1] = '\0';
		if (*line != '\0' && *line != '#' && lines.count < max)
			lines.items[lines.count++] = line;
	}
	return lines;
}

static bool has_line(const Lines *lines, const char *line)
{
	for (size_t i = 0; i < lines->count; i++)
		if (strcmp(lines->items[i], line) == 0)
			return true;
	return false;
}

/* Lines of one that the other lacks; what says how they are told. */
static size_t tell_lines(Host *host, const Lines *of, const Lines *lacking, const char *path, const char *what)
{
	size_t found = 0;

	for (size_t i = 0; i < of->count; i++) {
		if (has_line(lacking, of->items[i]))
			continue;
		if (++found <= LINES_SHOWN)
			host_differs(host, true, "%s %s: %s", path, what, is_secret(of->items[i]) ? "(a secret)" : of->items[i]);
	}
	if (found > LINES_SHOWN)
		host_differs(host, true, "%s %s: %zu more lines", path, what, found - LINES_SHOWN);
	return found;
}

static void compare_file(Host *host, const ShellFile *file, const char *text)
{
	if (text == NULL) {
		host_differs(host, true, "%s is not there", file->path);
		return;
	}
	if (strstr(file->text, "-----BEGIN ") != NULL) {
		host_differs(host, true, "%s is another one", file->path);
		return;
	}

	const Lines is = lines_of(host->arena, text);
	const Lines wanted = lines_of(host->arena, file->text);
	size_t found = tell_lines(host, &is, &wanted, file->path, "has a line that is not described") +
	               tell_lines(host, &wanted, &is, file->path, "lacks a line");

	if (found == 0)
		host_differs(host, true, "%s differs in the order of lines, or in comments", file->path);
}

bool drift_files(Host *host, const ShellFile files[], size_t count, bool *differ, Err *err)
{
	for (size_t i = 0; i < count; i++) {
		const char *text = NULL;

		if (!shell_get(host->shell, files[i].path, host->arena, &text, err))
			return false;
		if (str_equal(text, files[i].text))
			continue;
		*differ = true;
		compare_file(host, &files[i], text);
	}
	return true;
}

/* ---- settings --------------------------------------------------------------- */

/* Each node is mended for itself: Citus would send these on to the others, or refuse them
 * on workers.  Where there is no Citus the setting says nothing. */
#define ON_THIS_NODE "SET citus.enable_ddl_propagation TO off; "

/* Takes one override back; where is "system", "database", "role" or what only people mend. */
static bool take_back(Host *host, Pg *pg, const char *where, const char *name, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const char *what = "ALTER SYSTEM";

	if (strcmp(where, "database") == 0)
		what = arena_printf(host->arena, "ALTER DATABASE %s", pg_ident(pg, host->arena, cluster->postgres.database));
	else if (strcmp(where, "role") == 0)
		what = arena_printf(host->arena, "ALTER ROLE %s", pg_ident(pg, host->arena, cluster->postgres.user));
	if (strcmp(where, "system") != 0) /* which must not be in a transaction with anything else */
		what = arena_printf(host->arena, ON_THIS_NODE "%s", what);
	return pg_exec(pg, arena_printf(host->arena, "%s RESET %s", what, pg_ident(pg, host->arena, name)), err);
}

static bool is_ours_to_mend(const char *where)
{
	return strcmp(where, "system") == 0 || strcmp(where, "database") == 0 || strcmp(where, "role") == 0;
}

static bool mend_overrides(Host *host, Pg *pg, const PgRows *rows, bool *changed, Err *err)
{
	static const char *const by[][2] = {{"system", "ALTER SYSTEM"}, {"database", "ALTER DATABASE"}, {"role", "ALTER ROLE"}};
	bool ok = true;

	for (int i = 0; ok && i < pg_row_count(rows); i++) {
		const char *name = pg_value(rows, i, 1);
		const char *where = pg_value(rows, i, 4);
		const char *shown = where;

		if (pg_is_null(rows, i, 1))
			continue;
		for (size_t k = 0; k < sizeof(by) / sizeof(by[0]); k++)
			if (strcmp(by[k][0], where) == 0)
				shown = by[k][1];
		host_differs(host, is_ours_to_mend(where), "setting %s is %s (by %s), wanted: %s", name, pg_value(rows, i, 2), shown,
		             pg_value(rows, i, 3));
		if (!is_ours_to_mend(where))
			continue;
		*changed = true;
		ok = host->dry || take_back(host, pg, where, name, err);
	}
	return ok;
}

bool drift_settings(Host *host, Pg *pg, const char *files, Outcome *outcome, const char **pending, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const char *const values[] = {files, cluster->postgres.database, cluster->postgres.user};
	PgRows *rows = pg_query(pg, asset_text("sql/query/settings_state.sql"), 3, values, err);
	bool newer = rows != NULL && pg_bool(rows, 0, 0);
	bool overridden = false;
	bool ok = rows != NULL && mend_overrides(host, pg, rows, &overridden, err);

	*pending = ok && !pg_is_null(rows, 0, 5) ? arena_strdup(host->arena, pg_value(rows, 0, 5)) : NULL;
	pg_rows_free(rows);
	if (host->dry && *pending != NULL) {
		host_differs(host, true, "settings that wait for a restart: %s", *pending);
		*outcome = OUTCOME_CHANGED;
		*pending = NULL;
	}
	if (overridden) {
		*outcome = OUTCOME_CHANGED;
		host_say(host, "settings that were overridden");
	}
	if (!ok || host->dry || !(newer || overridden))
		return ok;
	if (!pg_run(pg, asset_text("sql/query/reload_conf.sql"), 0, NULL, err))
		return false;
	clock_sleep_ms(20); /* the reload reaches this session with its next statement */
	return pg_query_text(pg, asset_text("sql/query/pending_restart.sql"), 0, NULL, host->arena, pending, err);
}

bool drift_described_settings(Host *host, Pg *pg, Err *err)
{
	const PairList *settings = &host->session->cluster->postgres.settings;

	for (size_t i = 0; i < settings->count; i++) {
		const char *const values[] = {settings->items[i].name, settings->items[i].value};
		PgRows *rows = pg_query(pg, asset_text("sql/query/setting_state.sql"), 2, values, err);

		if (rows == NULL)
			return false;
		if (!pg_bool(rows, 0, 0))
			host_differs(host, false, "setting %s is %s, wanted: %s; whoever runs the server has to set it", values[0],
			             pg_is_null(rows, 0, 1) ? "not known" : pg_value(rows, 0, 1), values[1]);
		pg_rows_free(rows);
	}
	return true;
}

/* ---- role ------------------------------------------------------------------- */

bool drift_role(Host *host, Pg *pg, const char **statements, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const char *const values[] = {cluster->postgres.user, cluster->postgres.database};

	*statements = NULL;
	if (strcmp(cluster->postgres.user, SUPERUSER) == 0)
		return true;

	PgRows *rows = pg_query(pg, asset_text("sql/query/role_state.sql"), 2, values, err);

	if (rows == NULL)
		return false;
	if (pg_row_count(rows) > 0 && *pg_value(rows, 0, 0) != '\0') {
		host_differs(host, true, "role \"%s\" has %s, wanted: %s", values[0], pg_value(rows, 0, 0), pg_value(rows, 0, 1));
		*statements = arena_printf(host->arena, ON_THIS_NODE "ALTER ROLE %s %s;", pg_ident(pg, host->arena, values[0]), pg_value(rows, 0, 1));
	}
	if (pg_row_count(rows) > 0 && !pg_is_null(rows, 0, 2)) {
		host_differs(host, true, "database \"%s\" belongs to \"%s\", wanted: \"%s\"", values[1], pg_value(rows, 0, 2), values[0]);
		*statements = arena_printf(host->arena, "%s ALTER DATABASE %s OWNER TO %s;", *statements != NULL ? *statements : ON_THIS_NODE,
		                           pg_ident(pg, host->arena, values[1]), pg_ident(pg, host->arena, values[0]));
	}
	pg_rows_free(rows);
	return true;
}

/* ---- versions --------------------------------------------------------------- */

bool drift_read_versions(Host *host, Pg *pg, Err *err)
{
	Place *place = session_place(host->session, host->node);
	PgRows *rows = pg_query(pg, asset_text("sql/query/node_versions.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	place->postgres = arena_strdup(host->arena, pg_value(rows, 0, 0));
	place->extension = pg_is_null(rows, 0, 1) ? NULL : arena_strdup(host->arena, pg_value(rows, 0, 1));
	if (!pg_is_null(rows, 0, 2))
		host_differs(host, false, "Citus %s is installed, and database \"%s\" has %s: \"ALTER EXTENSION citus UPDATE\" on "
		             "every node, the coordinator first", pg_value(rows, 0, 2), host->session->cluster->postgres.database,
		             place->extension);
	pg_rows_free(rows);
	return true;
}

void drift_compare_versions(Host *host)
{
	const Session *session = host->session;
	const Place *first = &session->places[0];

	for (size_t i = 1; first->postgres != NULL && i < session->cluster->node_count; i++) {
		const Place *place = &session->places[i];
		const char *name = session->cluster->nodes[i].name;

		if (place->postgres == NULL)
			continue;
		if (!str_equal(place->postgres, first->postgres))
			host_differs(host, false, "%s runs PostgreSQL %s, the coordinator %s: update one of them", name, place->postgres,
			             first->postgres);
		if (place->extension != NULL && first->extension != NULL && !str_equal(place->extension, first->extension))
			host_differs(host, false, "%s has Citus %s, the coordinator %s: update one of them", name, place->extension,
			             first->extension);
	}
}
