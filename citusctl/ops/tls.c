#include "ops/tls.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/certificate.h"

#define DAY_S (24LL * 3600)
#define AUTHORITY_DAYS 3650
#define NODE_DAYS 825
#define RENEW_DAYS 60

static const char *path_of(const Session *session, Arena *arena, const char *name)
{
	return arena_printf(arena, "%s/tls/%s.pem", session->base, name);
}

/* NULL in *text when there is none. */
static bool read_pem(const Session *session, const char *name, Arena *arena, const char **text, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL && shell_get(shell, path_of(session, arena, name), arena, text, err);

	shell_close(shell);
	return ok;
}

/* Key and certificate are one file, so that no run leaves a key with another's certificate. */
static bool write_pem(const Session *session, const char *name, const char *text, Arena *arena, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Shell *shell = shell_open(&here, err);
	bool changed = false;
	bool ok = shell != NULL && shell_mkdir(shell, arena_printf(arena, "%s/tls", session->base), 0700, err) &&
	          shell_put(shell, path_of(session, arena, name), text, 0600, &changed, err);

	shell_close(shell);
	return ok;
}

/* Whether what it signs today can be valid for as long as it is to be. */
static bool signs_long_enough(const char *text)
{
	int64_t left_s = 0;

	return text != NULL && certificate_left_s(text, &left_s) && left_s > (NODE_DAYS + RENEW_DAYS) * DAY_S;
}

/* The new one first, behind it those that have signed what is in use. */
static bool renew_authority(const Session *session, const char *old, Arena *arena, Err *err)
{
	/* Another name than that of the old one, by which its certificates look for it. */
	const char *name = arena_printf(arena, "citusctl %.36s %lld", session->cluster->name, (long long) time(NULL));
	const char *text = certificate_new_authority(arena, name, AUTHORITY_DAYS, err);

	return text != NULL &&
	       write_pem(session, "ca",
	                 arena_printf(arena, "%s%s", text, old != NULL ? certificate_all(arena, old, true) : ""), arena, err);
}

bool tls_authority(const Session *session, bool spare, bool dry, bool *changed, bool *spared, Err *err)
{
	Arena *scratch = arena_new();
	const char *text = NULL;
	int64_t left_s = 0;
	bool ok = read_pem(session, "ca", scratch, &text, err);
	bool due = ok && !signs_long_enough(text);

	*spared = due && spare && text != NULL && certificate_left_s(text, &left_s) && left_s > 0;
	*changed = due && !*spared;
	if (*changed && !dry)
		ok = renew_authority(session, text, scratch, err);
	arena_free(scratch);
	return ok;
}

bool tls_certificate(const Session *session, const Node *node, bool spare, bool dry, bool *changed, bool *spared, Err *err)
{
	Arena *scratch = arena_new();
	const char *authority = NULL;
	const char *text = NULL;
	bool ok = read_pem(session, "ca", scratch, &authority, err) && read_pem(session, node->name, scratch, &text, err);
	bool there = authority != NULL && text != NULL;
	bool due = ok && (!there || certificate_refused(text, authority, node->host, RENEW_DAYS * DAY_S) != NULL);

	*spared = due && spare && there && certificate_refused(text, authority, node->host, 0) == NULL;
	*changed = due && !*spared;
	if (*changed && !dry) {
		text = certificate_new_server(scratch, authority != NULL ? authority : "", node->name, node->host, NODE_DAYS, err);
		ok = text != NULL && write_pem(session, node->name, text, scratch, err);
	}
	arena_free(scratch);
	return ok;
}

bool tls_is_made(const Session *session, const Node *node)
{
	Arena *scratch = arena_new();
	bool made = access(path_of(session, scratch, "ca"), R_OK) == 0 && access(path_of(session, scratch, node->name), R_OK) == 0;

	arena_free(scratch);
	return made;
}

static const char *needed_pem(const Session *session, const char *name, Arena *arena, Err *err)
{
	const char *text = NULL;
	int64_t left_s = 0;

	if (!read_pem(session, name, arena, &text, err))
		return NULL;
	if (text != NULL && certificate_left_s(text, &left_s))
		return text;
	err_set(err, ERR_FAILED, "\"%s\" is missing or damaged", path_of(session, arena, name));
	err_hint(err, "Remove it: the next \"citusctl init\" makes a new one.");
	return NULL;
}

const char *tls_authority_text(const Session *session, Arena *arena, Err *err)
{
	const char *text = needed_pem(session, "ca", arena, err);

	return text != NULL ? certificate_all(arena, text, false) : NULL;
}

const char *tls_node_text(const Session *session, const Node *node, Arena *arena, Err *err)
{
	return needed_pem(session, node->name, arena, err);
}
