#include "ops/packages.h"

#include <string.h>
#include <strings.h>

#include "io/asset.h"
#include "io/tmpl.h"
#include "ops/family.h"
#include "ops/survey.h"
#include "util/str.h"

#define ARMOUR "-----BEGIN PGP PUBLIC KEY BLOCK-----"

bool packages_missing(const Facts *facts, const Cluster *cluster, const Node *node)
{
	const Installed *installed = facts_installed(facts, cluster->postgres.version);

	return installed == NULL || !installed->citus ||
	       (cluster->pooler_port != 0 && node->is_coordinator && facts->pgbouncer == NULL);
}

/* The fingerprint of the key in the file, by gpg; "" when it finds none. */
static bool fingerprint_of(Shell *shell, const char *path, Arena *arena, const char **fingerprint, Err *err)
{
	const char *const argv[] = {"gpg", "--batch", "--no-options", "--no-keyring", "--show-keys", "--with-colons", path, NULL};
	ShellResult result;

	*fingerprint = "";
	if (!shell_run(shell, argv, NULL, arena, &result, err)) {
		if (err->kind != ERR_INTERRUPTED)
			err_hint(err, "The keys of \"repositories\" are checked by gpg of this machine: install it.");
		return false;
	}

	/* apt would trust each key of the file, so one that holds more has no fingerprint. */
	const char *key = str_starts(result.out, "pub:") ? result.out : strstr(result.out, "\npub:");

	if (key == NULL || strstr(key + 1, "\npub:") != NULL) {
		*fingerprint = key != NULL ? "not one, as the file holds several keys" : "";
		return true;
	}

	/* fpr:::::::::FINGERPRINT: of the primary key comes first. */
	const char *line = strstr(key, "\nfpr:");

	for (int i = 0; line != NULL && i < 9; i++)
		line = strchr(line + 1, ':');
	if (line != NULL)
		*fingerprint = arena_strndup(arena, line + 1, strcspn(line + 1, ":\n"));
	return true;
}

static bool read_key(Host *host, const Repository *repository, const char **text, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	const char *path = *repository->key_file == '/'
	                       ? repository->key_file
	                       : arena_printf(host->arena, "%s/%s", host->session->cluster->directory, repository->key_file);
	const char *fingerprint = "";
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL && shell_get(shell, path, host->arena, text, err);

	if (ok && (*text == NULL || strstr(*text, ARMOUR) == NULL)) {
		err_set(err, ERR_USAGE, "repositories: \"%s\" is %s", path, *text == NULL ? "not there" : "no ASCII-armored key");
		ok = err_hint(err, "It has to hold the public key of repository \"%s\" (\"gpg --armor --export\").",
		              repository->name);
	}
	ok = ok && fingerprint_of(shell, path, host->arena, &fingerprint, err);
	shell_close(shell);
	if (ok && strcasecmp(fingerprint, repository->fingerprint) != 0) {
		err_set(err, ERR_REFUSED, "repositories: the key in \"%s\" is not the one of repository \"%s\"", path,
		        repository->name);
		err_detail(err, "Its fingerprint is %s, the description says %s.", *fingerprint != '\0' ? fingerprint : "unknown",
		           repository->fingerprint);
		ok = err_hint(err, "Get the key from its owner again, and compare the fingerprint with what the owner publishes.");
	}
	return ok;
}

/* The repository's key and its file, which names the key that has to have signed it. */
static bool add_repository(Host *host, const FamilyTraits *family, const Repository *repository, Err *err)
{
	const char *key = NULL;
	const char *key_path = arena_printf(host->arena, "%s/citusctl-%s.asc", family->key_directory, repository->name);
	const TmplValue values[] = {
		{"key", key_path}, {"source", repository->source}, {family->names_repository ? "name" : NULL, repository->name}, {NULL, NULL}};
	const char *text = tmpl_render(host->arena, family->repository_template, asset_text(family->repository_template), values, err);
	bool changed = false;

	if (text == NULL || !read_key(host, repository, &key, err))
		return false;

	const ShellFile files[] = {
		{key_path, key, 0644},
		{arena_printf(host->arena, "%s/citusctl-%s.%s", family->repository_directory, repository->name, family->repository_ending),
	     text, 0644},
	};

	return shell_mkdir(host->root, family->key_directory, 0755, err) &&
	       shell_put_all(host->root, files, sizeof(files) / sizeof(files[0]), &changed, err);
}

bool packages_install(Host *host, const Facts *facts, const char **what, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const FamilyTraits *family = family_traits(facts->family);
	const char *const words[] = {arena_printf(host->arena, "%d", cluster->postgres.version),
	                             cluster->pooler_port != 0 && host->node->is_coordinator ? "pgbouncer" : NULL, NULL};
	ShellResult result;
	bool ok = true;

	if (family == NULL) {
		err_set(err, ERR_FAILED, "packages are installed on Debian, Ubuntu, RHEL and their kin only, and %s runs another system (%s)",
		        host->node->host, facts->os);
		return err_hint(err, "Install PostgreSQL %d and Citus there.", cluster->postgres.version);
	}
	for (size_t i = 0; ok && i < cluster->repository_count; i++)
		ok = add_repository(host, family, &cluster->repositories[i], err);
	if (!ok || !shell_run(host->root, script_argv(host->arena, family->install, "install", words), NULL, host->arena, &result, err))
		return false;
	if (result.status != 0) {
		err_set(err, ERR_FAILED, "the packages cannot be installed on %s", host->node->host);
		err_detail(err, "%s", result.err);
		return err_hint(err, "Does \"repositories\" name one that has them, for this release of the system, and can the "
		                     "host reach it?");
	}
	*what = arena_printf(host->arena, "postgresql-%d, %.*s", cluster->postgres.version, (int) strcspn(result.out, "\n"),
	                     result.out);
	return true;
}
