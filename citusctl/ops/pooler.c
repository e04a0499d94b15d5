#include "ops/pooler.h"

#include <string.h>

#include "io/asset.h"
#include "io/tmpl.h"
#include "ops/drift.h"
#include "ops/tls.h"
#include "util/quote.h"
#include "util/str.h"

#define MARK_LENGTH 24

/* Where its things are. */
typedef struct Pooler {
	const char *unit;
	const char *ini;
	const char *hba;
	const char *users;
	const char *pidfile;
	const char *log;
} Pooler;

static Pooler pooler_of(const Host *host, const HostServer *server)
{
	Arena *arena = host->arena;
	const char *name = host->session->cluster->name;

	return (Pooler) {
		.unit = arena_printf(arena, "citusctl-pgbouncer-%s.service", name),
		.ini = arena_printf(arena, "%s/citusctl-pgbouncer.ini", server->config),
		.hba = arena_printf(arena, "%s/citusctl-pgbouncer.hba", server->config),
		.users = arena_printf(arena, "%s/citusctl-pgbouncer.users", server->config),
		.pidfile = arena_printf(arena, "/run/postgresql/citusctl-pgbouncer-%s.pid", name),
		.log = arena_printf(arena, "/var/log/postgresql/citusctl-pgbouncer-%s.log", name),
	};
}

/* Some of the certificate's signature: another certificate makes another file, which PgBouncer reads again. */
static const char *mark_of(Host *host, Err *err)
{
	if (host->dry && !tls_is_made(host->session, host->node))
		return "";

	const char *text = tls_node_text(host->session, host->node, host->arena, err);
	const char *end = text != NULL ? strstr(text, "\n-----END CERTIFICATE") : NULL;
	size_t length = end == NULL || end - text < MARK_LENGTH ? 0 : MARK_LENGTH;

	return text == NULL ? NULL : arena_strndup(host->arena, end != NULL ? end - length : "", length);
}

static const char *ini_text(Host *host, const HostServer *server, const Pooler *pooler, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	Arena *arena = host->arena;
	const char *mark = cluster->tls ? mark_of(host, err) : "";
	const TmplValue tls[] = {
		{"pem", arena_printf(arena, "%s/citusctl-node.pem", server->config)}, {"mark", mark}, {NULL, NULL}};

	if (mark == NULL)
		return NULL;

	const char *tls_text = !cluster->tls ? "client_tls_sslmode = disable\n"
	                                     : tmpl_render(arena, "pgbouncer_tls.ini.tmpl",
	                                                   asset_text("templates/pgbouncer_tls.ini.tmpl"), tls, err);
	const TmplValue values[] = {
		{"cluster", cluster->name},
		{"server_port", arena_printf(arena, "%d", server->port)},
		{"port", arena_printf(arena, "%d", cluster->pooler_port)},
		{"hba", pooler->hba},
		{"users", pooler->users},
		{"user", cluster->postgres.user},
		{"tls_settings", tls_text},
		{"pidfile", pooler->pidfile},
		{"log", pooler->log},
		{NULL, NULL},
	};

	return tls_text == NULL ? NULL : tmpl_render(arena, "pgbouncer.ini.tmpl", asset_text("templates/pgbouncer.ini.tmpl"),
	                                             values, err);
}

/* The networks of "access" and, on the host itself, whoever came there by SSH; also for the pooler's
 * figures. */
static const char *hba_text(const Host *host)
{
	const Cluster *cluster = host->session->cluster;
	const char *user = quote_hba(host->arena, cluster->postgres.user);
	const char *const databases[] = {quote_hba(host->arena, cluster->postgres.database), "pgbouncer"};
	Str text = STR_INIT;

	for (size_t d = 0; d < 2; d++) {
		str_printf(&text, "host %s %s 127.0.0.1/32 scram-sha-256\n", databases[d], user);
		for (size_t i = 0; i < cluster->access.count; i++)
			str_printf(&text, "%s %s %s %s scram-sha-256\n", cluster->tls ? "hostssl" : "host", databases[d], user,
			           cluster->access.items[i]);
	}

	const char *kept = arena_strdup(host->arena, str_text(&text));

	str_free(&text);
	return kept;
}

/* The server's own verifier: with it PgBouncer lets clients in and logs in for them. */
static const char *users_text(Host *host, Err *err)
{
	const char *const role[] = {host->session->cluster->postgres.user};
	const char *verifier = NULL;
	Pg *pg = host_pg(host, err);

	if (pg == NULL || !pg_query_text(pg, asset_text("sql/query/role_verifier.sql"), 1, role, host->arena, &verifier, err))
		return NULL;
	return arena_printf(host->arena, "%s \"%s\"\n", quote_hba(host->arena, role[0]), verifier != NULL ? verifier : "");
}

static bool put_files(Host *host, const Facts *facts, const HostServer *server, const Pooler *pooler, bool *changed,
                      Err *err)
{
	const char *users = users_text(host, err);
	const char *ini = users != NULL ? ini_text(host, server, pooler, err) : NULL;
	const TmplValue values[] = {
		{"cluster", host->session->cluster->name}, {"ini", pooler->ini}, {"program", facts->pgbouncer}, {NULL, NULL}};
	bool unit_changed = false;

	if (ini == NULL)
		return false;

	const ShellFile files[] = {{pooler->ini, ini, 0644}, {pooler->hba, hba_text(host), 0644}, {pooler->users, users, 0600}};

	if (host->dry)
		return drift_files(host, files, sizeof(files) / sizeof(files[0]), changed, err);
	if (!shell_put_all(host->shell, files, sizeof(files) / sizeof(files[0]), changed, err))
		return false;
	if (!facts->systemd)
		return true;

	const char *unit = tmpl_render(host->arena, "pgbouncer.service.tmpl", asset_text("templates/pgbouncer.service.tmpl"),
	                               values, err);
	bool ok = unit != NULL && shell_put(host->root, arena_printf(host->arena, "/etc/systemd/system/%s", pooler->unit), unit,
	                                    0644, &unit_changed, err);

	*changed = *changed || unit_changed;
	return ok;
}

static bool control(Host *host, const Pooler *pooler, const char *verb, bool changed, const char **done, Err *err)
{
	const char *const argv[] = {"sh", "-c", asset_text("host/pooler.sh"), "pooler", verb, pooler->unit, pooler->ini,
	                            pooler->pidfile, arena_printf(host->arena, "%d", host->session->cluster->pooler_port),
	                            changed ? "1" : "0", NULL};
	ShellResult result;

	if (!shell_run(host->root, argv, NULL, host->arena, &result, err))
		return false;
	if (result.status != 0) {
		err_set(err, ERR_FAILED, "PgBouncer does not run on %s", host->node->host);
		err_detail(err, "%s", result.err);
		return err_hint(err, "Its log is %s there.", pooler->log);
	}
	*done = arena_strndup(host->arena, result.out, strcspn(result.out, "\n"));
	return true;
}

bool pooler_stop(Host *host, const HostServer *server, Err *err)
{
	Pooler pooler = pooler_of(host, server);
	const char *done = NULL;

	return control(host, &pooler, "stop", false, &done, err);
}

static bool stop_undescribed(Host *host, const HostServer *server, Outcome *outcome, Err *err)
{
	Pooler pooler = pooler_of(host, server);

	*outcome = OUTCOME_CHANGED;
	host_say(host, "stopped");
	return host->dry || (pooler_stop(host, server, err) && shell_remove(host->root, pooler.ini, err));
}

bool pooler_ensure(Host *host, const Facts *facts, const HostServer *server, Outcome *outcome, Err *err)
{
	Pooler pooler = pooler_of(host, server);
	const char *done = "";
	bool changed = false;

	if (host->session->cluster->pooler_port == 0)
		return !facts->pooler || stop_undescribed(host, server, outcome, err);
	if (host->missing || (host->dry && !facts->pooler)) {
		*outcome = OUTCOME_CHANGED;
		return true;
	}
	if (facts->pgbouncer == NULL) {
		err_set(err, ERR_FAILED, "PgBouncer is not installed on %s", host->node->host);
		return err_hint(err, "Install the package pgbouncer there, allow that with \"packages\": \"install\", or leave "
		                     "\"pooler\" out.");
	}
	if (!put_files(host, facts, server, &pooler, &changed, err) ||
	    (!host->dry && !control(host, &pooler, "run", changed, &done, err)))
		return false;
	if (changed || *done != '\0')
		*outcome = OUTCOME_CHANGED;
	host_say(host, "port %d%s%s", host->session->cluster->pooler_port, *done != '\0' ? ", " : "", done);
	return true;
}
