#include "ops/tls.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/asset.h"
#include "io/tmpl.h"

#define AUTHORITY_DAYS "3650"
#define NODE_DAYS "825"
#define RENEW_S (60LL * 24 * 3600)
#define CERTIFICATE "-----BEGIN CERTIFICATE-----"

static const char *path_of(const Session *session, Arena *arena, const char *name, const char *ending)
{
	return arena_printf(arena, "%s/tls/%s.%s", session->base, name, ending);
}

/* Runs openssl; what it says goes to err. */
static bool openssl(Shell *shell, const char *const argv[], const char *input, Err *err)
{
	if (shell_run_ok(shell, argv, input, err))
		return true;
	if (err->kind == ERR_INTERRUPTED)
		return false;
	return err_hint(err, "Certificates are made by the openssl program of this machine: install it, or say "
	                     "\"tls\": \"off\" to go without encryption.");
}

/* One file of two, by a rename, so that no run leaves a key with another's certificate. */
static bool join(Shell *shell, Arena *arena, const char *key, const char *certificate, const char *pem, Err *err)
{
	const char *key_text = NULL;
	const char *certificate_text = NULL;
	bool changed = false;
	bool ok = shell_get(shell, key, arena, &key_text, err) &&
	          shell_get(shell, certificate, arena, &certificate_text, err);

	if (ok && (key_text == NULL || certificate_text == NULL))
		ok = err_set(err, ERR_FAILED, "openssl made no \"%s\"", key_text == NULL ? key : certificate);
	return ok && shell_put(shell, pem, arena_printf(arena, "%s%s", key_text, certificate_text), 0600, &changed, err) &&
	       shell_remove(shell, key, err) && shell_remove(shell, certificate, err);
}

static bool make_authority(const Session *session, Shell *shell, Arena *arena, Err *err)
{
	const char *key = path_of(session, arena, "ca", "key.new");
	const char *certificate = path_of(session, arena, "ca", "crt.new");
	const char *const argv[] = {
		"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
		"-days", AUTHORITY_DAYS, "-config", "/dev/stdin", "-extensions", "authority", "-subj",
		arena_printf(arena, "/CN=citusctl %s", session->cluster->name), "-keyout", key, "-out", certificate, NULL};

	return shell_mkdir(shell, arena_printf(arena, "%s/tls", session->base), 0700, err) &&
	       openssl(shell, argv, asset_text("templates/openssl.cnf.tmpl"), err) &&
	       join(shell, arena, key, certificate, path_of(session, arena, "ca", "pem"), err);
}

bool tls_authority(const Session *session, bool dry, bool *changed, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Arena *scratch = arena_new();
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL;

	*changed = ok && !shell_exists(shell, path_of(session, scratch, "ca", "pem"));
	if (*changed && !dry)
		ok = make_authority(session, shell, scratch, err);
	shell_close(shell);
	arena_free(scratch);
	return ok;
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* Whether the authority signed it, for this host, and for long enough. */
static bool is_good(const Session *session, Shell *shell, const Node *node, const char *pem, Arena *arena)
{
	const char *const argv[] = {
		"openssl", "verify", "-attime", arena_printf(arena, "%lld", (long long) time(NULL) + RENEW_S), "-CAfile",
		path_of(session, arena, "ca", "pem"), is_address(node->host) ? "-verify_ip" : "-verify_hostname", node->host,
		pem, NULL};
	Err ignored = ERR_INIT;
	bool good = shell_exists(shell, pem) && shell_run_ok(shell, argv, NULL, &ignored);

	err_clear(&ignored);
	return good;
}

static bool sign(const Session *session, Shell *shell, const Node *node, Arena *arena, Err *err)
{
	const char *key = path_of(session, arena, node->name, "key.new");
	const char *request = path_of(session, arena, node->name, "csr.new");
	const char *certificate = path_of(session, arena, node->name, "crt.new");
	const char *authority = path_of(session, arena, "ca", "pem");
	const char *const ask[] = {
		"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256",
		"-config", "/dev/stdin", "-subj", arena_printf(arena, "/CN=%s", node->name), "-keyout", key, "-out", request,
		NULL};
	const char *const answer[] = {
		"openssl", "x509", "-req", "-sha256", "-days", NODE_DAYS, "-CA", authority, "-CAkey", authority, "-set_serial",
		arena_printf(arena, "%lld", (long long) time(NULL) * 1000 + (node - session->cluster->nodes)), "-extfile",
		"/dev/stdin", "-in", request, "-out", certificate, NULL};
	const TmplValue values[] = {
		{"name", arena_printf(arena, "%s:%s", is_address(node->host) ? "IP" : "DNS", node->host)}, {NULL, NULL}};
	const char *extensions = tmpl_render(arena, "node_certificate.cnf.tmpl",
	                                     asset_text("templates/node_certificate.cnf.tmpl"), values, err);

	return extensions != NULL && openssl(shell, ask, asset_text("templates/openssl.cnf.tmpl"), err) &&
	       openssl(shell, answer, extensions, err) &&
	       join(shell, arena, key, certificate, path_of(session, arena, node->name, "pem"), err) &&
	       shell_remove(shell, request, err);
}

bool tls_certificate(const Session *session, const Node *node, bool dry, bool *changed, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Arena *scratch = arena_new();
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL;

	*changed = ok && !is_good(session, shell, node, path_of(session, scratch, node->name, "pem"), scratch);
	if (*changed && !dry)
		ok = sign(session, shell, node, scratch, err);
	shell_close(shell);
	arena_free(scratch);
	return ok;
}

bool tls_is_made(const Session *session, const Node *node)
{
	Arena *scratch = arena_new();
	bool made = access(path_of(session, scratch, "ca", "pem"), R_OK) == 0 && access(path_of(session, scratch, node->name, "pem"), R_OK) == 0;

	arena_free(scratch);
	return made;
}

static const char *read_pem(const Session *session, const char *name, Arena *arena, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	const char *path = path_of(session, arena, name, "pem");
	const char *text = NULL;
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL && shell_get(shell, path, arena, &text, err);

	shell_close(shell);
	if (ok && (text == NULL || strstr(text, CERTIFICATE) == NULL)) {
		err_set(err, ERR_FAILED, "\"%s\" is missing or damaged", path);
		err_hint(err, "Remove it: the next \"citusctl init\" makes a new one.");
		return NULL;
	}
	return ok ? text : NULL;
}

const char *tls_authority_text(const Session *session, Arena *arena, Err *err)
{
	const char *text = read_pem(session, "ca", arena, err);

	return text != NULL ? strstr(text, CERTIFICATE) : NULL;
}

const char *tls_node_text(const Session *session, const Node *node, Arena *arena, Err *err)
{
	return read_pem(session, node->name, arena, err);
}
