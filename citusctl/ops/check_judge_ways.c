/*
 * ops/check_judge_ways.c - the ways between the nodes: names, connections, logins.
 */
#include <string.h>

#include "ops/check_judge.h"
#include "util/str.h"

#define ADD(verdict, what, ...) check_add(check, arena, verdict, n->node->name, what, __VA_ARGS__)

/* The other node, or "itself". */
static const char *other_name(const Examined *n, const Examined *other)
{
	return n == other ? "itself" : other->node->name;
}

static void judge_names(const Session *session, Check *check, Arena *arena, const Examined nodes[], const Examined *n)
{
	size_t tried = 0;
	size_t unknown = 0;

	for (size_t k = 0; k < session->cluster->node_count; k++) {
		tried += n->reach[k].tried ? 1 : 0;
		if (!n->reach[k].tried || n->reach[k].address != NULL)
			continue;
		unknown++;
		ADD(VERDICT_FAIL, "names", "\"%s\", the host of %s, is unknown here; wanted: in DNS or /etc/hosts", nodes[k].node->host,
		    nodes[k].node->name);
	}
	if (tried > 0 && unknown == 0)
		ADD(VERDICT_PASS, "names", "all %zu hosts are known", tried);
}

static const char *explain(const char *state)
{
	if (strcmp(state, "timeout") == 0)
		return "no answer within 3 s: a firewall drops it, or the host is down";
	if (strcmp(state, "no-route") == 0)
		return "no route to the host";
	if (strcmp(state, "refused") == 0)
		return "refused, although its server runs: it listens on another address, or a firewall rejects it";
	return "it can't be reached";
}

static void judge_connections(const Session *session, Check *check, Arena *arena, const Examined nodes[], const Examined *n)
{
	size_t tried = 0;
	size_t bad = 0;

	for (size_t k = 0; k < session->cluster->node_count; k++) {
		const char *state = n->reach[k].state;

		/* A host that refuses is there; that nobody listens is no fault before the server runs. */
		if (state == NULL)
			continue;
		tried++;
		if (strcmp(state, "open") == 0 || (strcmp(state, "refused") == 0 && !nodes[k].is_up))
			continue;
		bad++;
		ADD(VERDICT_FAIL, "network", "to %s (%s port %d): %s", other_name(n, &nodes[k]), nodes[k].node->host,
		    session_port(session, nodes[k].node), explain(state));
	}
	if (tried > 0 && bad == 0)
		ADD(VERDICT_PASS, "network", "reaches %zu node%s and itself", tried - 1, tried == 2 ? "" : "s");
}

/* Between the first quotes after what, as in: host "10.0.0.1". */
static const char *quoted_after(Arena *arena, const char *text, const char *what)
{
	const char *at = strstr(text, what);

	return at == NULL ? NULL : arena_strndup(arena, at + strlen(what), strcspn(at + strlen(what), "\""));
}

/* The line of pg_hba.conf that would let it in, or NULL when that is not the matter. */
static const char *missing_line(Arena *arena, const char *why)
{
	const char *host = strstr(why, "no pg_hba.conf entry") != NULL || strstr(why, "rejects connection") != NULL
	                       ? quoted_after(arena, why, "host \"")
	                       : NULL;
	const char *user = quoted_after(arena, why, "user \"");
	const char *database = quoted_after(arena, why, "database \"");

	if (host == NULL || user == NULL || database == NULL)
		return NULL;
	return arena_printf(arena, "%s \"%s\" \"%s\" %s/%s scram-sha-256", strstr(why, "no encryption") != NULL ? "host" : "hostssl", database,
	                    user, host, strchr(host, ':') != NULL ? "128" : "32");
}

static void judge_logins(const Session *session, Check *check, Arena *arena, const Examined nodes[], const Examined *n)
{
	size_t count = session->cluster->node_count;
	size_t from = (size_t) (n - nodes);
	size_t tried = 0;
	size_t bad = 0;

	for (size_t k = 0; k < count; k++) {
		const char *why = n->reach[k].login;
		const char *line = why != NULL ? missing_line(arena, why) : NULL;

		if (why == NULL)
			continue;
		tried++;
		check->logins[from * count + k] = *why == '\0' ? 1 : -1;
		if (*why == '\0')
			continue;
		bad++;
		if (line != NULL)
			ADD(VERDICT_FAIL, "logins", "to %s: its pg_hba.conf lacks this line: %s", other_name(n, &nodes[k]), line);
		else
			ADD(VERDICT_FAIL, "logins", "to %s %s", other_name(n, &nodes[k]), why);
	}
	if (tried > 0 && bad == 0)
		ADD(VERDICT_PASS, "logins", "with what its server uses, to %zu node%s and itself", tried - 1, tried == 2 ? "" : "s");
}

void check_judge_ways(const Session *session, Check *check, Arena *arena, const Examined nodes[])
{
	for (size_t i = 0; i < session->cluster->node_count; i++)
		judge_names(session, check, arena, nodes, &nodes[i]);
	for (size_t i = 0; i < session->cluster->node_count; i++)
		judge_connections(session, check, arena, nodes, &nodes[i]);
	for (size_t i = 0; i < session->cluster->node_count; i++)
		judge_logins(session, check, arena, nodes, &nodes[i]);
}
