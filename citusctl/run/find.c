/*
 * run/find.c - session_find_postgres(): the servers' programs on this machine,
 * and which engine they offer.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/session.h"
#include "util/str.h"

#define OLDEST_MAJOR 15

/* Where packages put the programs; %s is the major version or *. */
static const char *const bindir_patterns[] = {"/usr/lib/postgresql/%s/bin", "/usr/pgsql-%s/bin",
                                              "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"};

static bool has_programs(Arena *arena, const char *dir)
{
	return access(arena_printf(arena, "%s/initdb", dir), X_OK) == 0 &&
	       access(arena_printf(arena, "%s/pg_ctl", dir), X_OK) == 0 &&
	       access(arena_printf(arena, "%s/postgres", dir), X_OK) == 0;
}

/* The major version that "initdb --version" tells, 0 when it does not run. */
static int major_of(Shell *shell, Arena *arena, const char *dir)
{
	const char *const argv[] = {arena_printf(arena, "%s/initdb", dir), "--version", NULL};
	ShellResult result;
	Err ignored = ERR_INIT;
	int major = 0;

	if (shell_run(shell, argv, NULL, arena, &result, &ignored) && result.status == 0) {
		const char *digit = strpbrk(result.out, "0123456789");

		major = digit != NULL ? (int) strtol(digit, NULL, 10) : 0;
	}
	err_clear(&ignored);
	return major;
}

/* Keeps the best of the directories that match pattern; *newest is any version. */
static void look_in(Session *session, Shell *shell, const char *pattern, int wanted, int *newest)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *dir = found.gl_pathv[i];

		if (!has_programs(session->arena, dir))
			continue;

		int major = major_of(shell, session->arena, dir);

		if (major > *newest)
			*newest = major;
		if (major >= OLDEST_MAJOR && (wanted == 0 || major == wanted) && major > session->pg_major) {
			session->pg_major = major;
			session->bindir = arena_strdup(session->arena, dir);
		}
	}
	globfree(&found);
}

static bool not_found(int wanted, int newest, Err *err)
{
	if (wanted != 0 && newest > 0)
		err_set(err, ERR_FAILED, "PostgreSQL %d is not installed on this machine, the newest here is %d",
		        wanted, newest);
	else if (newest > 0)
		err_set(err, ERR_FAILED, "PostgreSQL %d is too old, version %d or newer is needed", newest,
		        OLDEST_MAJOR);
	else
		err_set(err, ERR_FAILED, "PostgreSQL is not installed on this machine");
	return err_hint(err, "Install it, such as \"apt-get install postgresql\"%s; CITUSCTL_BINDIR names the "
	                     "directory of its programs when they are in an unusual place.",
	                wanted != 0 ? ", or change \"postgres.version\"" : "");
}

static bool extension_here(Session *session, const char *name)
{
	const char *const dirs[] = {
		arena_printf(session->arena, "/usr/share/postgresql/%d", session->pg_major),
		arena_printf(session->arena, "/usr/pgsql-%d/share", session->pg_major),
		arena_printf(session->arena, "%s/../share", session->bindir),
		arena_printf(session->arena, "%s/../share/postgresql", session->bindir),
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (access(arena_printf(session->arena, "%s/extension/%s.control", dirs[i], name), R_OK) == 0)
			return true;
	return false;
}

static bool choose_engine(Session *session, Err *err)
{
	EngineChoice choice = session->cluster->engine;
	bool citus = extension_here(session, "citus");
	Engine wanted = ENGINE_UNKNOWN;

	if (choice == ENGINE_CITUS && !citus) {
		err_set(err, ERR_FAILED, "Citus is not installed for PostgreSQL %d on this machine",
		        session->pg_major);
		return err_hint(err, "Install its package, or set \"engine\" to \"auto\" or \"embedded\".");
	}
	if (choice == ENGINE_EMBEDDED || (choice == ENGINE_AUTO && !citus))
		wanted = ENGINE_IS_EMBEDDED;
	else
		wanted = ENGINE_IS_CITUS;

	if (session->engine != ENGINE_UNKNOWN && choice != ENGINE_AUTO && wanted != session->engine) {
		err_set(err, ERR_REFUSED, "cluster \"%s\" was initialised with the engine %s, the description "
		        "now says %s", session->cluster->name, engine_name(session->engine), engine_name(wanted));
		return err_hint(err, "A cluster keeps its engine: set it back, or make a new cluster and load the "
		                     "data into it.");
	}
	if (session->engine != ENGINE_UNKNOWN)
		return session->engine != ENGINE_IS_CITUS || citus ||
		       err_set(err, ERR_FAILED, "the cluster runs on Citus, which is no longer installed for "
		               "PostgreSQL %d", session->pg_major);
	session->engine = wanted;
	if (choice != ENGINE_AUTO)
		session->engine_reason = "the description asks for it";
	else if (citus)
		session->engine_reason = arena_printf(session->arena, "Citus is installed for PostgreSQL %d",
		                                      session->pg_major);
	else
		session->engine_reason = arena_printf(session->arena, "Citus is not installed for PostgreSQL %d",
		                                      session->pg_major);
	return true;
}

/* A data directory says which version made it, and only that one reads it. */
static int version_of_data(Session *session)
{
	const char *path = arena_printf(session->arena, "%s/PG_VERSION", session->places[0].data);
	FILE *file = fopen(path, "r");
	char text[16] = "";

	if (file != NULL) {
		if (fgets(text, sizeof(text), file) == NULL)
			text[0] = '\0';
		fclose(file);
	}
	return (int) strtol(text, NULL, 10);
}

bool session_find_postgres(Session *session, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	const char *given = getenv("CITUSCTL_BINDIR");
	int wanted = session->cluster->postgres.version;
	int made_by = version_of_data(session);
	int newest = 0;
	Shell *shell = shell_open(&here, err);

	if (shell == NULL)
		return false;
	if (made_by != 0 && wanted != 0 && made_by != wanted) {
		shell_close(shell);
		err_set(err, ERR_REFUSED, "the cluster's data was made by PostgreSQL %d, the description now says %d",
		        made_by, wanted);
		return err_hint(err, "Upgrade it with pg_upgrade, or set \"postgres.version\" back to %d.", made_by);
	}
	if (wanted == 0)
		wanted = made_by;
	session->pg_major = 0;
	if (given != NULL) {
		look_in(session, shell, given, wanted, &newest);
	} else {
		for (size_t i = 0; i < sizeof(bindir_patterns) / sizeof(bindir_patterns[0]); i++) {
			const char *star = strstr(bindir_patterns[i], "%s");
			const char *pattern = bindir_patterns[i];

			if (star != NULL)
				pattern = arena_printf(session->arena, "%.*s[0-9]*%s", (int) (star - bindir_patterns[i]),
				                       bindir_patterns[i], star + 2);
			look_in(session, shell, pattern, wanted, &newest);
		}
	}
	shell_close(shell);
	if (session->bindir == NULL)
		return not_found(wanted, newest, err);
	return choose_engine(session, err);
}
