#define _DEFAULT_SOURCE /* getentropy(), flock() */
#include "run/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "run/each.h"
#include "run/operation.h"
#include "run/ports.h"
#include "util/json.h"
#include "util/log.h"
#include "util/str.h"

/* The longest socket path the system takes is 107 bytes, with a NUL. */
#define SOCKET_PATH_MAX 107

#define PASSWORD_BYTES 24

const char *engine_name(Engine engine)
{
	static const char *const names[] = {"unknown", "citus", "embedded"};

	return names[engine];
}

static const char *user_home(void)
{
	const char *home = getenv("HOME");

	if (home != NULL && *home == '/')
		return home;

	const struct passwd *entry = getpwuid(geteuid());

	return entry != NULL ? entry->pw_dir : "/";
}

/* The path of a file that the description names; NULL gives NULL. */
static const char *user_path(Session *session, const char *file)
{
	if (file == NULL || *file == '/')
		return file;
	if (str_starts(file, "~/"))
		return arena_printf(session->arena, "%s/%s", user_home(), file + 2);
	return arena_printf(session->arena, "%s/%s", session->cluster->directory, file);
}

static const char *citusctl_home(Arena *arena)
{
	const char *home = getenv("CITUSCTL_HOME");

	if (home != NULL && *home == '/')
		return home;
	if (geteuid() == 0)
		return "/var/lib/citusctl";

	const char *user = getenv("HOME");

	return arena_printf(arena, "%s/.local/share/citusctl", user != NULL ? user : user_home());
}

/* The sockets' directory: beside the data, or a short one where that is too long. */
static const char *choose_sockets(Session *session)
{
	const char *beside = arena_printf(session->arena, "%s/run", session->base);

	if (strlen(beside) + strlen("/.s.PGSQL.65535.lock") < SOCKET_PATH_MAX)
		return beside;

	unsigned long hash = 5381;

	for (const char *c = session->base; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char) *c;
	return arena_printf(session->arena, "/tmp/citusctl-%lu-%lx", (unsigned long) geteuid(), hash);
}

static const char *state_path(const Session *session)
{
	return arena_printf(session->arena, "%s/state.json", session->base);
}

static Engine engine_from(const char *name)
{
	if (str_equal(name, "citus"))
		return ENGINE_IS_CITUS;
	return str_equal(name, "embedded") ? ENGINE_IS_EMBEDDED : ENGINE_UNKNOWN;
}

/* Takes over what an earlier run chose; a missing file is no error. */
static bool recall(Session *session, Err *err)
{
	const char *path = state_path(session);

	if (access(path, F_OK) != 0)
		return true;

	Json *state = json_load(path, err);

	if (state == NULL) {
		err->kind = ERR_FAILED;
		return err_hint(err, "This file is citusctl's own memory of the cluster's ports; it was damaged "
		                     "from outside.");
	}
	session->engine = engine_from(json_text(json_get(state, "engine")));
	session->engine_reason = "it was initialised so";
	session->id = arena_strdup(session->arena, json_text(json_get(state, "id")));

	const Json *nodes = json_get(state, "nodes");

	for (size_t i = 0; i < session->cluster->node_count && nodes != NULL; i++) {
		const Json *node = json_get(nodes, session->cluster->nodes[i].name);
		int64_t port = 0;

		if (node != NULL && session->sockets != NULL && json_int64(json_get(node, "port"), &port) && port > 0 &&
		    port < 65536)
			session->places[i].port = (int) port;
	}
	json_free(state);
	return true;
}

static Remote *new_remote(Session *session, const char *name, const char *host)
{
	const Cluster *cluster = session->cluster;
	const RemoteTarget target = {
		.node = name,
		.host = host,
		.user = cluster->ssh.user,
		.port = cluster->ssh.port,
		.identity_file = user_path(session, cluster->ssh.identity_file),
		.known_hosts = user_path(session, cluster->ssh.known_hosts),
		.accept_new = cluster->ssh.host_keys == HOST_KEYS_ACCEPT_NEW,
	};

	if (session->remotes == NULL)
		session->remotes = remote_shared_new();
	return remote_new(&target, session->remotes);
}

/* Hosts of nodes that are registered and not described are reached like the others. */
typedef struct Stranger {
	char *host;
	Remote *remote;
	struct Stranger *next;
} Stranger;

struct Strangers {
	Session *session;
	pthread_mutex_t lock;
	Stranger *first;
};

Remote *session_stranger(const Session *session, const char *host)
{
	struct Strangers *all = session->strangers;

	if (all == NULL)
		return NULL;
	pthread_mutex_lock(&all->lock);

	Stranger *stranger = all->first;

	while (stranger != NULL && strcmp(stranger->host, host) != 0)
		stranger = stranger->next;
	if (stranger == NULL) {
		stranger = xmalloc(sizeof(*stranger));
		*stranger = (Stranger) {xstrdup(host), new_remote(all->session, host, host), all->first};
		all->first = stranger;
	}
	pthread_mutex_unlock(&all->lock);
	return stranger->remote;
}

static void close_strangers(Session *session)
{
	struct Strangers *all = session->strangers;

	for (Stranger *next = NULL, *stranger = all != NULL ? all->first : NULL; stranger != NULL; stranger = next) {
		next = stranger->next;
		remote_close(stranger->remote);
		free(stranger->host);
		free(stranger);
	}
	if (all != NULL)
		pthread_mutex_destroy(&all->lock);
	free(all);
}

static void lay_out(Session *session)
{
	const Cluster *cluster = session->cluster;

	session->places = arena_array(session->arena, cluster->node_count, sizeof(Place));
	for (size_t i = 0; i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];

		session->places[i].port = cluster->deploy == DEPLOY_LOCAL ? 0 : node->port;
		if (cluster->deploy == DEPLOY_SSH)
			session->places[i].remote = new_remote(session, node->name, node->manage_host);
		if (cluster->deploy != DEPLOY_LOCAL)
			continue;
		session->places[i].data = arena_printf(session->arena, "%s/%s", session->base, node->name);
		session->places[i].log = arena_printf(session->arena, "%s/%s.log", session->base, node->name);
	}
}

/* Root can't run PostgreSQL: the distribution's user for it does. */
static bool choose_server_user(Session *session, Err *err)
{
	if (geteuid() != 0)
		return true;
	session->server_user = "postgres";
	if (getpwnam(session->server_user) != NULL)
		return true;
	err_set(err, ERR_FAILED, "PostgreSQL does not run as root, and there is no system user \"postgres\"");
	return err_hint(err, "Install PostgreSQL from packages (which makes that user), or run citusctl as an "
	                     "ordinary user.");
}

Session *session_open(const Cluster *cluster, int jobs, Err *err)
{
	Arena *arena = arena_new();
	Session *session = arena_alloc(arena, sizeof(*session));
	bool ok = true;

	*session = (Session) {.cluster = cluster, .arena = arena, .jobs = jobs, .lock = -1};
	pthread_mutex_init(&session->one_at_a_time, NULL);
	if (cluster->deploy != DEPLOY_NONE)
		session->base = arena_printf(arena, "%s/%s", citusctl_home(arena), cluster->name);
	if (cluster->deploy == DEPLOY_LOCAL)
		session->sockets = choose_sockets(session);
	if (cluster->deploy == DEPLOY_NONE) {
		session->engine = cluster->engine == ENGINE_EMBEDDED ? ENGINE_IS_EMBEDDED : ENGINE_IS_CITUS;
		session->engine_reason = "the embedded engine is taken only when it is asked for";
	}
	lay_out(session);
	if (cluster->deploy == DEPLOY_SSH) {
		session->strangers = xmalloc(sizeof(*session->strangers));
		*session->strangers = (struct Strangers) {.session = session};
		pthread_mutex_init(&session->strangers->lock, NULL);
	}
	if (cluster->deploy == DEPLOY_LOCAL)
		ok = choose_server_user(session, err);
	if (ok && session->base != NULL)
		ok = recall(session, err);
	if (ok)
		return session;
	session_close(session);
	return NULL;
}

static void log_in(void *context, size_t node)
{
	const Session *session = context;
	Err ignored = ERR_INIT;

	/* The connection remembers what went wrong, for those who need it. */
	(void) !remote_login(session->places[node].remote, &ignored);
	err_clear(&ignored);
}

static void *greet(void *arg)
{
	Session *session = arg;

	each_node(session, NULL, log_in, session);
	return NULL;
}

void session_greet(Session *session)
{
	if (session->cluster->deploy == DEPLOY_SSH && !session->greets)
		session->greets = pthread_create(&session->greeter, NULL, greet, session) == 0;
}

static void close_remotes(Session *session)
{
	if (session->greets) {
		remote_shared_give_up(session->remotes);
		pthread_join(session->greeter, NULL);
	}
	for (size_t i = 0; i < session->cluster->node_count && session->places != NULL; i++) {
		Remote *remote = session->places[i].remote;

		if (remote != NULL && remote_requests(remote) > 0)
			log_debug("%s: %u requests over SSH (logins, commands, forwarded connections)",
			          session->cluster->nodes[i].name, remote_requests(remote));
		remote_close(remote);
	}
	close_strangers(session);
	remote_shared_free(session->remotes);
}

static void give_ports_back(Session *session)
{
	for (size_t i = 0; session->places != NULL && i < session->cluster->node_count; i++) {
		if (session->places[i].reserved > 0)
			close(session->places[i].reserved);
	}
}

void session_close(Session *session)
{
	if (session == NULL)
		return;
	give_ports_back(session);
	operation_free(session->operation);
	operation_free(session->note);
	if (session->lock >= 0)
		close(session->lock);
	close_remotes(session);
	pthread_mutex_destroy(&session->one_at_a_time);
	arena_free(session->arena);
}

bool session_exists(const Session *session)
{
	return session->base != NULL && access(state_path(session), F_OK) == 0;
}

/* What the lock file holds: the process first, then who, since when and what. */
static const char *lock_text(const Session *session)
{
	char since[32] = "";
	time_t now = time(NULL);
	struct tm local;

	if (localtime_r(&now, &local) != NULL)
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &local);
	return arena_printf(session->arena, "%ld\n%s\n%s\n%s\n", (long) getpid(),
	                    operation_operator(session->arena), since,
	                    session->command != NULL ? session->command : "unknown");
}

static bool refuse_lock(const Session *session, int fd, Err *err)
{
	char text[1024] = "";
	const char *lines[4] = {"unknown", NULL, NULL, NULL};
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
	char *rest = NULL;
	size_t n = 0;

	text[got > 0 ? (size_t) got : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line != NULL && n < 4; line = strtok_r(NULL, "\n", &rest))
		lines[n++] = line;
	if (lines[3] != NULL)
		err_set(err, ERR_REFUSED, "another citusctl is working on cluster \"%s\": \"%s\" by %s (process %s), since %s",
		        session->cluster->name, lines[3], lines[1], lines[0], lines[2]);
	else
		err_set(err, ERR_REFUSED, "another citusctl (process %s) is working on cluster \"%s\"", lines[0],
		        session->cluster->name);
	return err_hint(err, "Wait until it has finished, then run the command again.");
}

/* Holds the lock until the descriptor closes, so it dies with the process. */
bool session_lock(Session *session, Err *err)
{
	if (session->base == NULL)
		return true;

	const char *path = arena_printf(session->arena, "%s/lock", session->base);
	const char *text = lock_text(session);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "open the lock \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		refuse_lock(session, fd, err);
		close(fd);
		return false;
	}
	session->lock = fd;
	return (ftruncate(fd, 0) == 0 && pwrite(fd, text, strlen(text), 0) > 0) ||
	       err_errno(err, "write the lock \"%s\"", path);
}

bool session_unlock(Session *session)
{
	bool held = session->lock >= 0;

	if (held)
		close(session->lock);
	session->lock = -1;
	return held;
}

bool session_remember(Session *session, Err *err)
{
	const Cluster *cluster = session->cluster;
	const ShellTarget here = {.run_as = NULL};
	Json *state = json_object();
	Json *nodes = NULL;
	bool changed = false;

	json_add_int(state, "version", 1);
	json_add_text(state, "cluster", cluster->name);
	json_add_text(state, "engine", engine_name(session->engine));
	if (session->id != NULL)
		json_add_text(state, "id", session->id);
	if (session->sockets != NULL)
		json_add_text(state, "sockets", session->sockets);
	nodes = json_add_object(state, "nodes");
	for (size_t i = 0; i < cluster->node_count; i++) {
		Json *node = json_add_object(nodes, cluster->nodes[i].name);

		json_add_int(node, "port", session->places[i].port);
	}

	char *text = json_print(state, true);
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL && shell_put(shell, state_path(session), text, 0600, &changed, err);

	shell_close(shell);
	free(text);
	json_free(state);
	return ok;
}

/* Letters and digits only: no file or connection string needs to quote it. */
static bool generate_password(char *text, size_t size, Err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	unsigned char bytes[PASSWORD_BYTES];

	if (getentropy(bytes, sizeof(bytes)) != 0)
		return err_errno(err, "get random bytes for a password");
	for (size_t i = 0; i + 1 < size && i < sizeof(bytes); i++)
		text[i] = letters[bytes[i] % 64];
	text[size - 1 < sizeof(bytes) ? size - 1 : sizeof(bytes)] = '\0';
	return true;
}

/* The file's first line; made with a fresh password when it isn't there. */
static bool kept_password(Session *session, const char *name, const char **password, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	const char *path = arena_printf(session->arena, "%s/%s", session->base, name);
	Shell *shell = shell_open(&here, err);
	char fresh[PASSWORD_BYTES + 1];
	bool changed = false;
	const char *text = NULL;
	bool ok = shell != NULL && shell_get(shell, path, session->arena, &text, err);

	if (ok && text == NULL) {
		ok = generate_password(fresh, sizeof(fresh), err) &&
		     shell_put(shell, path, fresh, 0600, &changed, err);
		text = arena_strdup(session->arena, fresh);
	}
	shell_close(shell);
	if (ok)
		*password = arena_strndup(session->arena, text, strcspn(text, "\r\n"));
	return ok;
}

static bool file_password(Session *session, const char *key, const char *file, const char **password, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	const char *path = user_path(session, file);
	struct stat found;

	if (stat(path, &found) == 0 && (found.st_mode & 077) != 0) {
		err_set(err, ERR_USAGE, "%s.file: others can read \"%s\"", key, path);
		return err_hint(err, "chmod 600 it.");
	}

	Shell *shell = shell_open(&here, err);
	const char *text = NULL;
	bool ok = shell != NULL && shell_get(shell, path, session->arena, &text, err);

	shell_close(shell);
	if (ok && (text == NULL || *text == '\0' || *text == '\n')) {
		err_set(err, ERR_USAGE, "%s.file: \"%s\" is %s", key, path, text == NULL ? "not there" : "empty");
		return err_hint(err, "Put the password on its first line, or leave the key out.");
	}
	if (ok)
		*password = arena_strndup(session->arena, text, strcspn(text, "\r\n"));
	return ok;
}

bool session_secret(Session *session, const char *key, const Secret *secret, const char **password, Err *err)
{
	*password = NULL;
	if (secret->file != NULL)
		return file_password(session, key, secret->file, password, err);
	if (secret->env == NULL)
		return true;
	*password = arena_strdup(session->arena, getenv(secret->env));
	if (*password != NULL && **password != '\0')
		return true;
	err_set(err, ERR_USAGE, "%s.env: the environment variable \"%s\" is not set", key, secret->env);
	return err_hint(err, "Set it to the password, or leave the key out.");
}

bool session_new_password(Session *session, const char **password, Err *err)
{
	char fresh[PASSWORD_BYTES + 1];
	bool ok = generate_password(fresh, sizeof(fresh), err);

	*password = ok ? arena_strdup(session->arena, fresh) : NULL;
	return ok;
}

/* The passwords, as the description says; generated ones only where makes. */
static bool read_passwords(Session *session, Err *err)
{
	const Secret *secret = &session->cluster->postgres.password;
	bool is_given = secret->env != NULL || secret->file != NULL;
	bool ok = true;

	if (is_given)
		ok = session_secret(session, "postgres.password", secret, &session->password, err);
	else if (session->base != NULL)
		ok = kept_password(session, "password", &session->password, err);
	return ok && (session->base == NULL ||
	              kept_password(session, "superuser-password", &session->superuser_password, err));
}

/* Whether there is nothing in the directory, or no such directory. */
static bool is_empty(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry = NULL;
	bool empty = directory != NULL || errno == ENOENT;

	while (directory != NULL && empty && (entry = readdir(directory)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (directory != NULL)
		closedir(directory);
	return empty;
}

/* An earlier run may have been stopped before it remembered anything, or even
 * before it took the lock. */
bool session_is_ours(const Session *session, Err *err)
{
	if (session_exists(session) ||
	    access(arena_printf(session->arena, "%s/lock", session->base), F_OK) == 0 ||
	    is_empty(session->base))
		return true;
	err_set(err, ERR_REFUSED, "\"%s\" is there already and was not made by citusctl", session->base);
	return err_hint(err, "Move it away, or give the cluster another name.");
}

/* By it hosts know from which directory their servers were made. */
static bool ensure_id(Session *session, Err *err)
{
	char fresh[17];

	if (session->id != NULL || session_exists(session))
		return true; /* one that was made before there were ids stays without */
	if (!generate_password(fresh, sizeof(fresh), err))
		return false;
	session->id = arena_strdup(session->arena, fresh);
	return true;
}

bool session_claim(Session *session, Err *err)
{
	if (session->base == NULL)
		return read_passwords(session, err);

	const ShellTarget servers = {.run_as = session->server_user};
	Shell *shell = shell_open(&servers, err);
	bool ok = shell != NULL && session_is_ours(session, err) &&
	          shell_mkdir(shell, session->base, 0700, err) && session_lock(session, err) &&
	          (session->sockets == NULL || shell_mkdir(shell, session->sockets, 0700, err)) &&
	          read_passwords(session, err) && ensure_id(session, err) &&
	          (session->sockets != NULL ? ports_choose(session, err) : session_remember(session, err));

	if (ok)
		shell_spread(shell, session->base);
	shell_close(shell);
	return ok;
}

bool session_attach(Session *session, Err *err)
{
	if (session->base == NULL || session_exists(session))
		return read_passwords(session, err);
	err_set(err, ERR_USAGE, "cluster \"%s\" has not been initialised on this machine",
	        session->cluster->name);
	return err_hint(err, "Run \"citusctl init\" first.");
}

int session_port(const Session *session, const Node *node)
{
	return session->places[node - session->cluster->nodes].port;
}

Place *session_place(const Session *session, const Node *node)
{
	return &session->places[node - session->cluster->nodes];
}

PgTarget session_superuser(const Session *session, const Node *node, const char *database)
{
	bool ours = session->base != NULL;

	return (PgTarget) {
		.node = node->name,
		.host = session->sockets != NULL ? session->sockets : node->host,
		.port = session_port(session, node),
		.remote = session_place(session, node)->remote,
		.database = database,
		.user = ours ? SUPERUSER : session->cluster->postgres.user,
		.password = ours ? session->superuser_password : session->password,
	};
}

PgTarget session_app(const Session *session, const Node *node)
{
	const Place *place = session_place(session, node);
	PgTarget target = {
		.node = node->name,
		.host = node->host,
		.port = session_port(session, node),
		.remote = place->direct ? NULL : place->remote,
		.database = session->cluster->postgres.database,
		.user = session->cluster->postgres.user,
		.password = session->password,
	};

	if (place->direct && session->cluster->tls) {
		target.sslmode = "verify-full";
		target.sslrootcert = session->authority;
	}
	return target;
}

bool session_try_direct(Session *session)
{
	const Cluster *cluster = session->cluster;
	bool ok = cluster->deploy == DEPLOY_SSH && cluster->access.count > 0;

	session->authority = ok ? arena_printf(session->arena, "%s/tls/ca.pem", session->base) : NULL;
	for (size_t i = 0; ok && i < cluster->node_count; i++) {
		Err why = ERR_INIT;

		session->places[i].direct = true;

		PgTarget target = session_app(session, &cluster->nodes[i]);

		target.timeout_s = 2;

		Pg *pg = pg_open(&target, &why);

		ok = session->places[i].direct = pg != NULL;
		if (pg == NULL)
			log_debug("%s: clients go by SSH: %s%s%s", cluster->nodes[i].name, why.message, why.detail != NULL ? ": " : "",
			          why.detail != NULL ? why.detail : "");
		pg_close(pg);
		err_clear(&why);
	}
	return cluster->deploy == DEPLOY_SSH && session->places[0].direct;
}
