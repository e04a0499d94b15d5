#include "ops/host_files.h"

#include <string.h>

#include "io/asset.h"
#include "io/tmpl.h"
#include "ops/family.h"
#include "ops/server.h"
#include "ops/tls.h"
#include "util/quote.h"
#include "util/str.h"

static const char *in_config(const Host *host, const HostServer *server, const char *name)
{
	return arena_printf(host->arena, "%s/%s", server->config, name);
}

static const char *render(Host *host, const char *name, const TmplValue values[], Err *err)
{
	return tmpl_render(host->arena, name, asset_text(name), values, err);
}

/* ---- pg_hba.conf ---------------------------------------------------------- */

/* One line a node and address, as this host knows it. */
static bool node_lines(Host *host, Str *text, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const Facts *facts = session_place(host->session, host->node)->facts;
	const char *database = quote_hba(host->arena, cluster->postgres.database);

	for (size_t i = 0; i < cluster->node_count; i++) {
		char *addresses = arena_strdup(host->arena, facts->addresses[i]);
		char *rest = NULL;

		if (*addresses == '\0') {
			err_set(err, ERR_FAILED, "the host of node \"%s\", \"%s\", has no address on %s", cluster->nodes[i].name,
			        cluster->nodes[i].host, host->node->host);
			err_hint(err, "Every node has to know every \"host\": put it into DNS or /etc/hosts there, or use addresses.");
			return err_node(err, host->node->name);
		}
		for (char *a = strtok_r(addresses, " ", &rest); a != NULL; a = strtok_r(NULL, " ", &rest))
			str_printf(text, "%s %s all %.*s/%d scram-sha-256  # %s\n", cluster->tls ? "hostssl" : "host", database,
			           (int) strcspn(a, "%"), a, strchr(a, ':') != NULL ? 128 : 32, cluster->nodes[i].name);
	}
	return true;
}

/* On a server that was taken over other databases are none of our business. */
static void access_lines(const Host *host, Str *text)
{
	const Cluster *cluster = host->session->cluster;
	const char *database = quote_hba(host->arena, cluster->postgres.database);
	const char *closed = session_place(host->session, host->node)->adopted ? database : "all";

	for (size_t i = 0; i < cluster->access.count; i++)
		str_printf(text, "host %s %s %s reject\n%s %s all %s scram-sha-256\n", closed, SUPERUSER, cluster->access.items[i],
		           cluster->tls ? "hostssl" : "host", database, cluster->access.items[i]);
}

#define BLOCK_BEGINS "# BEGIN citusctl"
#define BLOCK_ENDS "\n# END citusctl"

/* The rules of a server that was taken over: ours in front of its own. */
static const char *hba_of_adopted(Host *host, const HostServer *server, const char *ours, Err *err)
{
	const char *text = NULL;

	if (!shell_get(host->shell, in_config(host, server, "pg_hba.conf"), host->arena, &text, err))
		return NULL;
	text = text != NULL ? text : "";

	const char *begin = strstr(text, BLOCK_BEGINS);
	const char *end = begin != NULL ? strstr(begin, BLOCK_ENDS) : NULL;

	if (end == NULL)
		return arena_printf(host->arena, "%s%s", ours, text);
	end += 1 + strcspn(end + 1, "\n");
	return arena_printf(host->arena, "%s%.*s%s", ours, (int) (begin - text), text, end + (*end == '\n' ? 1 : 0));
}

static const char *hba_text(Host *host, const HostServer *server, Err *err)
{
	bool adopted = session_place(host->session, host->node)->adopted;
	Str nodes = STR_INIT;
	Str access = STR_INIT;
	const char *text = NULL;

	access_lines(host, &access);
	if (node_lines(host, &nodes, err)) {
		const TmplValue values[] = {
			{"node", host->node->name},
			{"cluster", host->session->cluster->name},
			{"superuser", SUPERUSER},
			{"nodes", str_text(&nodes)},
			{"access", str_text(&access)},
			{adopted ? "database" : NULL, quote_hba(host->arena, host->session->cluster->postgres.database)},
			{NULL, NULL},
		};

		text = render(host, adopted ? "templates/host_hba_adopted.conf.tmpl" : "templates/host_hba.conf.tmpl", values, err);
	}
	str_free(&nodes);
	str_free(&access);
	return text == NULL || !adopted ? text : hba_of_adopted(host, server, text, err);
}

/* ---- settings ------------------------------------------------------------- */

static const char *tls_settings(Host *host, const HostServer *server, Err *err)
{
	if (!host->session->cluster->tls)
		return "# \"tls\" is off.\nssl = off\n";

	const TmplValue values[] = {
		{"ca", quote_conf(host->arena, in_config(host, server, "citusctl-ca.crt"))},
		{"pem", quote_conf(host->arena, in_config(host, server, "citusctl-node.pem"))},
		{NULL, NULL},
	};

	return render(host, "templates/tls_on.conf.tmpl", values, err);
}

/* How the nodes log in to each other. */
static const char *node_conninfo(const Host *host, const HostServer *server)
{
	if (!host->session->cluster->tls)
		return "sslmode=prefer";
	return arena_printf(host->arena, "sslmode=verify-full sslrootcert=%s", in_config(host, server, "citusctl-ca.crt"));
}

/* Of a server that was taken over: what was more than ours gives, and libraries that it
 * needs. */
static const char *kept_settings(const Host *host)
{
	const Facts *facts = session_place(host->session, host->node)->facts;

	return *facts->kept == '\0' ? "" : arena_printf(host->arena, "\n# As the server had it before it was taken over.\n%s", facts->kept);
}

static const char *conf_text(Host *host, const HostServer *server, Err *err)
{
	const char *tls = tls_settings(host, server, err);
	const FamilyTraits *family = family_traits(server->family);
	const TmplValue values[] = {
		{"node", host->node->name},
		{"cluster", host->session->cluster->name},
		{"port", arena_printf(host->arena, "%d", server->port)},
		{"host", quote_conf(host->arena, host->node->host)},
		{"node_conninfo", quote_conf(host->arena, node_conninfo(host, server))},
		{"tls_settings", tls},
		{"cluster_settings", asset_text("templates/cluster.conf.tmpl")},
		{"family_settings", family->settings != NULL ? asset_text(family->settings) : ""},
		{"kept_settings", kept_settings(host)},
		{"user_settings", server_user_settings(host)},
		{NULL, NULL},
	};

	return tls != NULL ? render(host, "templates/host.conf.tmpl", values, err) : NULL;
}

bool host_files(Host *host, const HostServer *server, ShellFile files[], size_t *count, Err *err)
{
	const Session *session = host->session;
	const char *conf = conf_text(host, server, err);
	const char *hba = conf != NULL ? hba_text(host, server, err) : NULL;
	size_t n = 0;

	*count = 0;
	if (hba == NULL)
		return false;
	if (session->cluster->tls) {
		const char *authority = tls_authority_text(session, host->arena, err);
		const char *node = authority != NULL ? tls_node_text(session, host->node, host->arena, err) : NULL;

		if (node == NULL)
			return false;
		files[n++] = (ShellFile) {in_config(host, server, "citusctl-ca.crt"), authority, 0644};
		files[n++] = (ShellFile) {in_config(host, server, "citusctl-node.pem"), node, 0600};
	}
	files[n++] = (ShellFile) {server->conf, conf, 0644};
	files[n++] = (ShellFile) {in_config(host, server, "pg_hba.conf"), hba, 0640};
	*count = n;
	return true;
}
