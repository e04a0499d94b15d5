#include "ops/check_judge.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/certificate.h"
#include "ops/rebalance.h"
#include "util/str.h"

#define DISK_WANTED_KB ((int64_t) 1024 * 1024)
#define CLOCK_WANTED_S 1.0
#define DAY_S ((int64_t) 24 * 3600)
#define CERTIFICATE_WANTED_S (30 * DAY_S)

void check_add(Check *check, Arena *arena, Verdict verdict, const char *node, const char *what, const char *format, ...)
{
	va_list args;

	if (check->count == check->capacity) {
		CheckResult *old = check->items;

		check->capacity = check->capacity * 2 + 64;
		check->items = arena_array(arena, check->capacity, sizeof(CheckResult));
		if (check->count > 0)
			memcpy(check->items, old, check->count * sizeof(CheckResult));
	}
	va_start(args, format);
	check->items[check->count++] = (CheckResult) {node, what, verdict, arena_vprintf(arena, format, args)};
	va_end(args);
	check->failed += verdict == VERDICT_FAIL ? 1 : 0;
	check->warned += verdict == VERDICT_WARN ? 1 : 0;
}

#define ADD(verdict, what, ...) check_add(check, arena, verdict, n->node->name, what, __VA_ARGS__)

static void judge_login(const Session *session, Check *check, Arena *arena, const Examined *n)
{
	if (!n->reached)
		ADD(VERDICT_FAIL, "login", "%s%s%s", n->failure.message != NULL ? n->failure.message : "failed",
		    n->failure.hint != NULL ? ".  " : "", n->failure.hint != NULL ? n->failure.hint : "");
	else if (session->cluster->deploy == DEPLOY_LOCAL)
		ADD(VERDICT_PASS, "login", "this machine");
	else if (session->cluster->deploy == DEPLOY_SSH) {
		const char *user = remote_user(session_place(session, n->node)->remote);

		ADD(VERDICT_PASS, "login", "SSH as \"%s\"%s", user, strcmp(user, "root") == 0 ? "" : ", and root by sudo without a password");
	} else
		ADD(VERDICT_PASS, "login", "SQL as \"%s\"", session->cluster->postgres.user);
}

/* The version that the node runs, or would run: index into versions, or -1. */
static int version_of(const Session *session, const Examined *n)
{
	int wanted = session->cluster->postgres.version;
	int best = -1;

	for (size_t i = 0; i < n->version_count; i++) {
		int major = (int) strtol(n->versions[i], NULL, 10);

		if (major >= 15 && (wanted == 0 || major == wanted) &&
		    (best < 0 || major > (int) strtol(n->versions[best], NULL, 10)))
			best = (int) i;
	}
	return best;
}

static const char *postgres_of(const Session *session, const Examined *n)
{
	int at = version_of(session, n);

	return n->is_up ? n->server : at >= 0 ? n->versions[at] : NULL;
}

static const char *citus_of(const Session *session, const Examined *n)
{
	int at = version_of(session, n);

	if (n->is_up && n->extension != NULL)
		return n->extension;
	return at >= 0 && strcmp(n->citus[at], "-") != 0 ? n->citus[at] : NULL;
}

/* The first node that knows something is what the others are compared with. */
static const Examined *first_with(const Session *session, const Examined nodes[],
                                  const char *(*value)(const Session *, const Examined *))
{
	for (size_t i = 0; i < session->cluster->node_count; i++)
		if (value(session, &nodes[i]) != NULL)
			return &nodes[i];
	return NULL;
}

static void judge_versions(const Session *session, Check *check, Arena *arena, const Examined nodes[], const Examined *n)
{
	const Examined *model = first_with(session, nodes, postgres_of);
	const char *version = postgres_of(session, n);
	int wanted = session->cluster->postgres.version;

	if (version == NULL)
		ADD(VERDICT_FAIL, "postgresql", wanted != 0 ? "PostgreSQL %d is not installed" : "PostgreSQL %d or newer is not installed",
		    wanted != 0 ? wanted : 15);
	else if (wanted != 0 && (int) strtol(version, NULL, 10) != wanted)
		ADD(VERDICT_FAIL, "postgresql", "runs %s, the description wants %d", version, wanted);
	else if (model != NULL && strtol(postgres_of(session, model), NULL, 10) != strtol(version, NULL, 10))
		ADD(VERDICT_FAIL, "postgresql", "%s, %s has %s; wanted: the same major version everywhere", version, model->node->name,
		    postgres_of(session, model));
	else if (model != NULL && strcmp(postgres_of(session, model), version) != 0)
		ADD(VERDICT_WARN, "postgresql", "%s, %s has %s; wanted: the same everywhere", version, model->node->name,
		    postgres_of(session, model));
	else
		ADD(VERDICT_PASS, "postgresql", "%s", version);

	if (version == NULL || session->cluster->engine == ENGINE_EMBEDDED || session->engine == ENGINE_IS_EMBEDDED)
		return;
	model = first_with(session, nodes, citus_of);
	version = citus_of(session, n);
	if (version == NULL && (session->cluster->engine == ENGINE_CITUS || session->cluster->deploy != DEPLOY_LOCAL || model != NULL))
		ADD(VERDICT_FAIL, "citus", "Citus is not installed for that PostgreSQL");
	else if (version == NULL)
		ADD(VERDICT_PASS, "citus", "not installed: the embedded engine is taken");
	else if (model != NULL && strcmp(citus_of(session, model), version) != 0)
		ADD(VERDICT_FAIL, "citus", "%s, %s has %s; wanted: the same everywhere", version, model->node->name, citus_of(session, model));
	else
		ADD(VERDICT_PASS, "citus", "%s", version);
}

static void judge_place(const Session *session, Check *check, Arena *arena, const Examined *n)
{
	int port = session_port(session, n->node);
	bool ours = session->cluster->deploy == DEPLOY_LOCAL || n->is_ours;

	if (n->adoptable != NULL)
		ADD(VERDICT_WARN, "port", "%d is that of the server %s, which init takes over if it fits", port, n->adoptable);
	else if (port == 0)
		ADD(VERDICT_PASS, "port", "a free one is chosen by init");
	else if (n->is_listening && !n->is_running)
		ADD(VERDICT_FAIL, "port", "%d is taken by another program; wanted: free", port);
	else
		ADD(VERDICT_PASS, "port", n->is_running ? "%d, its server listens" : "%d is free", port);

	if (n->has_foreign)
		ADD(VERDICT_FAIL, "data directory", "%s is there and holds no server's data; wanted: empty or this cluster's", n->data);
	else if (n->has_data && !ours)
		ADD(VERDICT_FAIL, "data directory", "%s is a server that citusctl did not make; wanted: empty or this cluster's", n->data);
	else
		ADD(VERDICT_PASS, "data directory", n->has_data ? "%s is this cluster's" : "%s is to be made", n->data);

	if (n->disk_kb > 0) {
		int64_t percent = n->free_kb * 100 / n->disk_kb;
		Verdict verdict = n->free_kb < DISK_WANTED_KB ? VERDICT_FAIL : percent < 10 ? VERDICT_WARN : VERDICT_PASS;

		ADD(verdict, "disk", "%.1f GB (%lld %%) free%s", (double) n->free_kb / 1e6, (long long) percent,
		    verdict == VERDICT_PASS ? "" : "; wanted: 1 GB and 10 %, which moves of shards need too");
	}
}

static const char *setting(const Session *session, const char *name)
{
	const PairList *settings = &session->cluster->postgres.settings;

	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].name, name) == 0)
			return settings->items[i].value;
	return NULL;
}

/* "2GB" in kB; a number alone counts blocks of 8 kB. */
static int64_t memory_kb(const char *text)
{
	char *end = NULL;
	double number = strtod(text, &end);
	double unit = 8;

	end += strspn(end, " ");
	if (strcmp(end, "kB") == 0)
		unit = 1;
	else if (strcmp(end, "MB") == 0)
		unit = 1024;
	else if (strcmp(end, "GB") == 0)
		unit = 1024.0 * 1024;
	else if (strcmp(end, "TB") == 0)
		unit = 1024.0 * 1024 * 1024;
	return (int64_t) (number * unit);
}

static void judge_memory(const Session *session, Check *check, Arena *arena, const Examined *n)
{
	const char *buffers = setting(session, "shared_buffers");
	int64_t each = memory_kb(buffers != NULL ? buffers : "128MB");
	int64_t servers = 0;

	if (n->memory_kb == 0)
		return;
	for (size_t i = 0; i < session->cluster->node_count; i++)
		servers += strcmp(session->cluster->nodes[i].host, n->node->host) == 0 ? 1 : 0;

	Verdict verdict = each * servers > n->memory_kb ? VERDICT_FAIL : each * servers > n->memory_kb / 2 ? VERDICT_WARN : VERDICT_PASS;

	ADD(verdict, "memory", "%.1f GB; shared_buffers of %lld server%s: %.1f GB%s", (double) n->memory_kb / 1e6, (long long) servers,
	    servers == 1 ? "" : "s", (double) (each * servers) / 1e6, verdict == VERDICT_PASS ? "" : "; wanted: at most half");
}

static void judge_clock(Check *check, Arena *arena, const Examined nodes[], const Examined *n)
{
	if (n == &nodes[0] || !n->has_clock || !nodes[0].has_clock)
		return;

	double apart = n->clock_s - nodes[0].clock_s;
	double size = apart < 0 ? -apart : apart;
	bool bad = size - n->clock_error_s - nodes[0].clock_error_s > CLOCK_WANTED_S;

	ADD(bad ? VERDICT_FAIL : VERDICT_PASS, "clock", bad ? "%.1f s %s the coordinator's; wanted: at most %.0f s (does a time daemon run?)"
	                                                   : "%.1f s %s the coordinator's; at most %.0f s is wanted",
	    size, apart < 0 ? "behind" : "ahead of", CLOCK_WANTED_S);
}

/* Measured on the server, or what the description would set. */
static int64_t measured(const Session *session, const Examined *n, const char *name, int64_t of_server, int64_t ours)
{
	const char *described = setting(session, name);

	return n->is_up ? of_server : described != NULL ? strtoll(described, NULL, 10) : ours;
}

static void judge_settings(const Session *session, Check *check, Arena *arena, const Examined *n)
{
	int64_t jobs = rebalance_jobs(session);
	const char *level = n->is_up ? n->wal_level : setting(session, "wal_level") != NULL ? setting(session, "wal_level") : "logical";
	const struct {
		const char *name;
		int64_t is;
		int64_t wanted;
		const char *why;
	} rows[] = {
		{"max_worker_processes", measured(session, n, "max_worker_processes", n->workers, 64), 4 + 2 * jobs,
		 "moves and the engine's own work take some"},
		{"max_replication_slots", measured(session, n, "max_replication_slots", n->slots, 40), 2 + 2 * jobs, "each move takes some"},
		{"max_wal_senders", measured(session, n, "max_wal_senders", n->senders, 40), 2 + 2 * jobs, "each move takes some"},
		{"max_logical_replication_workers", measured(session, n, "max_logical_replication_workers", n->logical_workers, 24),
		 1 + jobs, "each move takes one for each owner of tables"},
		{"max_prepared_transactions", measured(session, n, "max_prepared_transactions", n->prepared, 200), 1,
		 "transactions over several nodes are prepared"},
	};

	if (strcmp(level, "logical") == 0)
		ADD(VERDICT_PASS, "wal_level", "logical");
	else
		ADD(VERDICT_FAIL, "wal_level", "%s; wanted: logical, or shards can't be moved while they are written to", level);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ADD(rows[i].is >= rows[i].wanted ? VERDICT_PASS : VERDICT_FAIL, rows[i].name,
		    rows[i].is >= rows[i].wanted ? "%lld" : "%lld; wanted: at least %lld for %lld moves at a time (%s)", (long long) rows[i].is,
		    (long long) rows[i].wanted, (long long) jobs, rows[i].why);
}

static void judge_server(const Session *session, Check *check, Arena *arena, const Examined nodes[], const Examined *n)
{
	const Examined *first = &nodes[0];

	if (n->refused != NULL)
		ADD(VERDICT_FAIL, "superuser", "%s; wanted: that citusctl gets in (citusctl init mends its password and pg_hba.conf)", n->refused);
	if (n->silent != NULL && strstr(n->silent, "does not exist") != NULL)
		ADD(VERDICT_FAIL, "server", "%s; wanted: that it does (citusctl init makes it)", n->silent);
	else if (n->silent != NULL)
		ADD(VERDICT_FAIL, "server", "%s; wanted: an answer (the server runs, its log may tell why: citusctl logs %s)", n->silent,
		    n->node->name);
	if (!n->is_up)
		return;
	if (strcmp(n->encoding, "UTF8") != 0)
		ADD(VERDICT_FAIL, "locale", "encoding %s; wanted: UTF8", n->encoding);
	else if (first->is_up && strcmp(first->collation, n->collation) != 0)
		ADD(VERDICT_FAIL, "locale", "collation %s, the coordinator has %s: the same text would sort otherwise here; wanted: the same",
		    n->collation, first->collation);
	else
		ADD(VERDICT_PASS, "locale", "%s, %s", n->encoding, n->collation);

	for (const Examined *other = nodes; other < n; other++) {
		if (n->server_id != NULL && str_equal(other->server_id, n->server_id)) {
			ADD(VERDICT_FAIL, "identity", "the same server id as %s (%s): its directory was cloned with it; wanted: one of its own",
			    other->node->name, n->server_id);
			return;
		}
		/* The servers of a local cluster are clones by design, made different afterwards. */
		if (session->cluster->deploy != DEPLOY_LOCAL && n->system_id != NULL && str_equal(other->system_id, n->system_id)) {
			ADD(VERDICT_FAIL, "identity", "the same system identifier as %s (%s): its disk was cloned; wanted: an initdb of its own",
			    other->node->name, n->system_id);
			return;
		}
	}
	if (n->server_id != NULL)
		ADD(VERDICT_PASS, "identity", "its own");
}

/* "2027-03-01 (in 96 days)", or "2026-11-20 (5 days ago)". */
static const char *day_of(Arena *arena, int64_t left_s)
{
	time_t when = time(NULL) + (time_t) left_s;
	int64_t days = (left_s < 0 ? -left_s : left_s) / DAY_S;
	struct tm utc;
	char date[16] = "?";

	if (gmtime_r(&when, &utc) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%d", &utc);
	return arena_printf(arena, left_s < 0 ? "%s (%lld day%s ago)" : "%s (in %lld day%s)", date, (long long) days, days == 1 ? "" : "s");
}

/* Of the node and of the authority, whichever runs out first: that ends the connections between nodes. */
static void judge_certificate(Check *check, Arena *arena, const Examined *n)
{
	int64_t left_s = 0;
	int64_t authority_s = 0;

	if (n->certificate == NULL || !n->is_ours || !n->has_data)
		return;
	if (!certificate_left_s(n->certificate, &left_s) || !certificate_left_s(n->authority, &authority_s)) {
		ADD(VERDICT_FAIL, "certificate", "there is none in the server's directory; wanted: one (citusctl init makes it)");
		return;
	}

	const char *now = certificate_refused(n->certificate, n->authority, n->node->host, 0);
	const char *soon = certificate_refused(n->certificate, n->authority, n->node->host, CERTIFICATE_WANTED_S);
	const char *whose = authority_s < left_s ? "that of the authority" : "it";
	const char *until = day_of(arena, authority_s < left_s ? authority_s : left_s);

	if (now != NULL && (left_s < 0 || authority_s < 0))
		ADD(VERDICT_FAIL, "certificate", "%s ran out on %s, the other nodes refuse it; wanted: a valid one (citusctl init renews it)", whose,
		    until);
	else if (now != NULL)
		ADD(VERDICT_FAIL, "certificate", "the other nodes refuse it: %s; wanted: a valid one for \"%s\" (citusctl init makes it)", now,
		    n->node->host);
	else if (soon != NULL)
		ADD(VERDICT_WARN, "certificate", "%s runs out on %s; wanted: 30 days (citusctl init renews it)", whose, until);
	else
		ADD(VERDICT_PASS, "certificate", "valid until %s", until);
}

static bool is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || str_starts(host, "127.") || strcmp(host, "::1") == 0;
}

static void judge_coordinator_host(const Session *session, Check *check, Arena *arena, const char *host, const char *where)
{
	const Cluster *cluster = session->cluster;
	const Node *far = NULL;

	for (size_t i = 1; i < cluster->node_count && far == NULL; i++)
		if (!is_loopback(cluster->nodes[i].host))
			far = &cluster->nodes[i];
	if (far != NULL && is_loopback(host))
		check_add(check, arena, VERDICT_FAIL, "cluster", "coordinator host", "%s %s: to %s that is %s itself; wanted: a name or address "
		          "that all nodes reach it by", where, host, far->name, far->name);
	else
		check_add(check, arena, VERDICT_PASS, "cluster", "coordinator host", "%s", host);
}

void check_judge(const Session *session, Check *check, Arena *arena, const Examined nodes[])
{
	for (size_t i = 0; i < session->cluster->node_count; i++) {
		const Examined *n = &nodes[i];

		judge_login(session, check, arena, n);
		if (!n->reached)
			continue;
		judge_versions(session, check, arena, nodes, n);
		if (n->has_shell)
			judge_place(session, check, arena, n);
		judge_memory(session, check, arena, n);
		judge_clock(check, arena, nodes, n);
		judge_settings(session, check, arena, n);
		judge_server(session, check, arena, nodes, n);
		judge_certificate(check, arena, n);
	}
	judge_coordinator_host(session, check, arena, session->cluster->nodes[0].host, "the description calls it");
	check_judge_ways(session, check, arena, nodes);
}

void check_judge_members(const Session *session, Check *check, Arena *arena, const Examined nodes[], const Members *members,
                         const RemovedList *removed)
{
	for (size_t i = 0; i < session->cluster->node_count; i++) {
		const Examined *n = &nodes[i];
		const Member *member = members_find_node(members, n->node);
		const Removed *gone = member == NULL ? removed_find(removed, session, n->node) : NULL;

		if (gone != NULL && n->is_up)
			ADD(VERDICT_FAIL, "registered", "was removed (%s), and its server runs; wanted: stopped (citusctl node remove %s:%d)", gone->when,
			    gone->host, gone->port);
		else if (gone != NULL)
			ADD(VERDICT_FAIL, "registered", "was removed (%s); wanted: out of the description, or citusctl node add %s", gone->when,
			    n->node->name);
		else if (member == NULL)
			ADD(VERDICT_FAIL, "registered", "is no node of the cluster; wanted: registered (citusctl node add %s)", n->node->name);
		else if (!member->active)
			ADD(VERDICT_FAIL, "registered", "is registered and not active");
		else if (n->silent != NULL)
			ADD(VERDICT_FAIL, "registered", "its server runs and does not answer; wanted: up");
		else if (!n->is_up && n->refused == NULL)
			ADD(VERDICT_FAIL, "registered", "its server does not answer; wanted: up (citusctl node start %s)", n->node->name);
		else
			ADD(VERDICT_PASS, "registered", "active");
	}
	if (members->count > 0 && members->items[0].group == 0 &&
	    strcmp(members->items[0].host, session->cluster->nodes[0].host) != 0)
		judge_coordinator_host(session, check, arena, members->items[0].host, "its nodes call it");
	for (size_t i = 0; i < members->count; i++)
		if (members->items[i].described == NULL && members->items[i].group != 0)
			check_add(check, arena, VERDICT_WARN, "cluster", "registered", "%s is a node of the cluster, and not described",
			          members->items[i].name);
}
