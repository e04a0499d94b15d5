#define _DEFAULT_SOURCE /* TCP_USER_TIMEOUT, explicit_bzero() */
#include "io/remote_login.h"

#include <libssh/callbacks.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/tty.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/quote.h"

#define LOGIN_TIMEOUT_S 10
#define PASSPHRASE_TRIES 3

/* How long the public half of a key may be unreadable because another login writes it. */
#define PUBLIC_KEY_TRIES 50
#define PUBLIC_KEY_PAUSE_MS 20

/* A connection whose other end is silent for so long is lost. */
#define SILENCE_S 30

struct RemoteShared {
	atomic_bool over; /* nobody wants the logins any more */
	pthread_mutex_t lock;
	char *key_file; /* whose passphrase is known, or NULL */
	char *passphrase;
	struct ssh_callbacks_struct no_callbacks;
};

RemoteShared *remote_shared_new(void)
{
	RemoteShared *shared = xmalloc(sizeof(*shared));

	atomic_init(&shared->over, false);
	pthread_mutex_init(&shared->lock, NULL);
	shared->key_file = shared->passphrase = NULL;
	shared->no_callbacks = (struct ssh_callbacks_struct) {.userdata = NULL};
	ssh_callbacks_init(&shared->no_callbacks);
	return shared;
}

static void forget_passphrase(RemoteShared *shared)
{
	if (shared->passphrase != NULL)
		explicit_bzero(shared->passphrase, strlen(shared->passphrase));
	free(shared->passphrase);
	free(shared->key_file);
	shared->key_file = shared->passphrase = NULL;
}

void remote_shared_give_up(RemoteShared *shared)
{
	atomic_store(&shared->over, true);
}

void remote_shared_free(RemoteShared *shared)
{
	if (shared == NULL)
		return;
	forget_passphrase(shared);
	pthread_mutex_destroy(&shared->lock);
	free(shared);
}

static char *copy_of(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

RemoteLogin remote_login_copy(const RemoteTarget *target, RemoteShared *shared)
{
	return (RemoteLogin) {
		.shared = shared,
		.node = xstrdup(target->node),
		.host = xstrdup(target->host),
		.user = copy_of(target->user),
		.port = target->port,
		.identity_file = copy_of(target->identity_file),
		.known_hosts = copy_of(target->known_hosts),
		.accept_new = target->accept_new,
		.timeout_s = target->timeout_s > 0 ? target->timeout_s : LOGIN_TIMEOUT_S,
	};
}

void remote_login_free(RemoteLogin *login)
{
	free(login->node);
	free(login->host);
	free(login->user);
	free(login->identity_file);
	free(login->known_hosts);
	*login = (RemoteLogin) {0};
}

static bool failed(const RemoteLogin *login, Err *err)
{
	err_node(err, login->node);
	return false;
}

/* ---- what is said about the host ------------------------------------------ */

/* SSH's own files first, then what the description says. */
static void set_options(ssh_session session, const RemoteLogin *login)
{
	char path[4096];
	const char *home = getenv("HOME");
	long timeout = login->timeout_s;
	int nodelay = 1;
	int no_more_files = 0;

	ssh_options_set(session, SSH_OPTIONS_HOST, login->host);
	ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no_more_files);
	if (home != NULL && *home != '\0') {
		snprintf(path, sizeof(path), "%s/.ssh", home);
		ssh_options_set(session, SSH_OPTIONS_SSH_DIR, path);
		snprintf(path, sizeof(path), "%s/.ssh/config", home);
		if (access(path, R_OK) == 0)
			ssh_options_parse_config(session, path);
	}
	if (access("/etc/ssh/ssh_config", R_OK) == 0)
		ssh_options_parse_config(session, "/etc/ssh/ssh_config");
	if (login->user != NULL)
		ssh_options_set(session, SSH_OPTIONS_USER, login->user);
	if (login->port != 0)
		ssh_options_set(session, SSH_OPTIONS_PORT, &login->port);
	if (login->known_hosts != NULL)
		ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, login->known_hosts);
	ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &timeout);
	ssh_options_set(session, SSH_OPTIONS_NODELAY, &nodelay);
}

/* ---- connecting ----------------------------------------------------------- */

static bool connect_failed(ssh_session session, const RemoteLogin *login, bool late, Err *err)
{
	const char *why = ssh_get_error(session);

	if (late) {
		err_set(err, ERR_UNREACHABLE, "%s does not answer SSH within %d s", login->host, login->timeout_s);
		err_hint(err, "Is the host up, and does a firewall let port %d through?  \"manage_host\" names "
		              "another way to it.", login->port != 0 ? login->port : 22);
		return failed(login, err);
	}
	err_set(err, ERR_UNREACHABLE, "cannot reach %s by SSH", login->host);
	err_detail(err, "%s", why);
	if (strstr(why, "refused") != NULL)
		err_hint(err, "The host is up and nothing listens there: is sshd running, and is \"ssh.port\" its port?");
	else if (strstr(why, "resolve") != NULL)
		err_hint(err, "This machine does not know the name: \"manage_host\" of the node names another.");
	else
		err_hint(err, "Try \"ssh %s\" by hand; the log of sshd on the host says more.", login->host);
	return failed(login, err);
}

/*
 * A jump host's ssh is a child of this process, in its group: the terminal's Ctrl-C, which
 * lets this program finish its work, must not end the way that the work goes.  SIGTERM stays
 * as it is: libssh ends the child with it, and waits for it.
 */
static int connect_a_little(ssh_session session)
{
	sigset_t keys;
	sigset_t before;

	sigemptyset(&keys);
	sigaddset(&keys, SIGINT);
	pthread_sigmask(SIG_BLOCK, &keys, &before);

	int state = ssh_connect(session);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return state;
}

/* Waits in slices, so that Ctrl-C and the limit are seen. */
static bool connect_host(ssh_session session, const RemoteLogin *login, Err *err)
{
	int64_t deadline = clock_us() + (int64_t) login->timeout_s * 1000000;
	int state = SSH_AGAIN;

	ssh_set_blocking(session, 0);
	while ((state = connect_a_little(session)) == SSH_AGAIN) {
		struct pollfd fd = {.fd = ssh_get_fd(session), .events = POLLIN};

		if (!clock_go_on(err))
			return false;
		if (clock_us() > deadline || atomic_load(&login->shared->over))
			return connect_failed(session, login, true, err);
		if (fd.fd < 0)
			clock_sleep_ms(5);
		else if ((ssh_get_poll_flags(session) & SSH_WRITE_PENDING) != 0)
			fd.events |= POLLOUT;
		if (fd.fd >= 0)
			poll(&fd, 1, 20);
	}
	ssh_set_blocking(session, 1);
	return state == SSH_OK || connect_failed(session, login, false, err);
}

/* The system finds out that the other end is gone, also while nothing is sent. */
static void watch_silence(ssh_session session)
{
	int fd = ssh_get_fd(session);
	int on = 1;
	int idle = SILENCE_S / 3;
	int between = SILENCE_S / 6;
	int probes = 4;
	unsigned milliseconds = SILENCE_S * 1000U;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between, sizeof(between));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
}

/* ---- the host's key ------------------------------------------------------- */

static void describe_key(ssh_session session, char *text, size_t size)
{
	ssh_key key = NULL;
	unsigned char *hash = NULL;
	size_t length = 0;
	char *shown = NULL;

	snprintf(text, size, "unknown");
	if (ssh_get_server_publickey(session, &key) == SSH_OK &&
	    ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0)
		shown = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
	if (shown != NULL)
		snprintf(text, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), shown);
	ssh_string_free_char(shown);
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
}

/* What takes the key that is known out of the file: by the name that it stands under there. */
static const char *forget_command(ssh_session session, const RemoteLogin *login, Arena *arena)
{
	char *host = NULL;
	unsigned int port = 22;

	(void) ssh_options_get_port(session, &port);

	bool known = ssh_options_get(session, SSH_OPTIONS_HOST, &host) == SSH_OK;
	const char *name = known ? host : login->host;
	const char *argv[] = {"ssh-keygen", "-R", port == 22 ? name : arena_printf(arena, "[%s]:%u", name, port),
	                      login->known_hosts != NULL ? "-f" : NULL, login->known_hosts, NULL};
	const char *line = quote_argv(arena, argv);

	ssh_string_free_char(host);
	return line;
}

static bool key_changed(ssh_session session, const RemoteLogin *login, const char *key, Err *err)
{
	Arena *scratch = arena_new();

	err_set(err, ERR_REFUSED, "the SSH key of %s is not the one in known_hosts: another machine may pretend "
	        "to be it", login->host);
	err_detail(err, "It shows %s.", key);
	err_hint(err, "If the host was really installed anew, compare that with \"ssh-keygen -lf "
	              "/etc/ssh/ssh_host_*_key.pub\" on its console, then remove the old key: %s",
	         forget_command(session, login, scratch));
	arena_free(scratch);
	return failed(login, err);
}

static bool key_unknown(const RemoteLogin *login, const char *key, Err *err)
{
	err_set(err, ERR_REFUSED, "the SSH key of %s is not in known_hosts", login->host);
	err_detail(err, "It shows %s.", key);
	err_hint(err, "Log in once with ssh and compare the key, or set \"ssh\": {\"host_keys\": \"accept-new\"} to "
	              "take the keys of new hosts unseen.");
	return failed(login, err);
}

/* One at a time: known_hosts is a file that all write. */
static bool check_host_key(ssh_session session, const RemoteLogin *login, Err *err)
{
	char key[256];
	bool ok = true;

	describe_key(session, key, sizeof(key));
	pthread_mutex_lock(&login->shared->lock);
	switch (ssh_session_is_known_server(session)) {
		case SSH_KNOWN_HOSTS_OK:
			break;
		case SSH_KNOWN_HOSTS_CHANGED:
		case SSH_KNOWN_HOSTS_OTHER:
			ok = key_changed(session, login, key, err);
			break;
		case SSH_KNOWN_HOSTS_NOT_FOUND:
		case SSH_KNOWN_HOSTS_UNKNOWN:
			if (!login->accept_new)
				ok = key_unknown(login, key, err);
			else if (ssh_session_update_known_hosts(session) != SSH_OK)
				ok = err_set(err, ERR_FAILED, "cannot write the key of %s to known_hosts: %s", login->host,
				             ssh_get_error(session));
			else
				log_debug("%s: %s is new, its key is now in known_hosts: %s", login->node, login->host, key);
			break;
		case SSH_KNOWN_HOSTS_ERROR:
			ok = err_set(err, ERR_FAILED, "cannot look up %s in known_hosts: %s", login->host,
			             ssh_get_error(session));
			break;
	}
	pthread_mutex_unlock(&login->shared->lock);
	return ok || failed(login, err);
}

/* ---- logging in ----------------------------------------------------------- */

/* The passphrase of a key file into text: remembered, or asked for. */
static bool ask_passphrase(RemoteShared *shared, const char *file, bool again, char *text, size_t size)
{
	char prompt[4200];
	bool known = false;

	pthread_mutex_lock(&shared->lock);
	if (again && shared->key_file != NULL && strcmp(shared->key_file, file) == 0)
		forget_passphrase(shared);
	known = shared->key_file != NULL && strcmp(shared->key_file, file) == 0;
	snprintf(prompt, sizeof(prompt), "%sPassphrase of the key %s: ", again ? "That was not it.  " : "", file);
	if (!known && tty_ask_secret(prompt, text, size)) {
		forget_passphrase(shared);
		shared->key_file = xstrdup(file);
		shared->passphrase = xstrdup(text);
		known = true;
	} else if (known) {
		snprintf(text, size, "%s", shared->passphrase);
	}
	pthread_mutex_unlock(&shared->lock);
	return known;
}

/* Whose key files ssh_userauth_publickey_auto() tries. */
typedef struct Asked {
	ssh_session session;
	RemoteShared *shared;
} Asked;

static int passphrase_wanted(const char *prompt, char *buffer, size_t size, int echo, int verify, void *arg)
{
	const Asked *asked = arg;
	char *file = NULL;
	bool known = false;

	(void) prompt;
	(void) echo;
	(void) verify;
	if (ssh_userauth_publickey_auto_get_current_identity(asked->session, &file) == SSH_OK)
		known = ask_passphrase(asked->shared, file, false, buffer, size);
	ssh_string_free_char(file);
	return known ? 0 : -1;
}

static const char *expand_home(const char *file, char *path, size_t size)
{
	const char *home = getenv("HOME");

	if (strncmp(file, "~/", 2) != 0 || home == NULL)
		return file;
	snprintf(path, size, "%s/%s", home, file + 2);
	return path;
}

static bool key_unusable(const RemoteLogin *login, const char *file, const char *why, Err *err)
{
	err_set(err, ERR_FAILED, "cannot use the key \"%s\": %s", file, why);
	err_hint(err, "\"ssh.identity_file\" names the private key to log in with; \"ssh-add %s\" puts one with a "
	              "passphrase into the agent.", file);
	return failed(login, err);
}

/* The private key in file; asks for its passphrase where it has one. */
static ssh_key load_key(const RemoteLogin *login, const char *file, Err *err)
{
	ssh_key key = NULL;
	char passphrase[1024];
	bool asked = false;

	if (access(file, R_OK) != 0) {
		key_unusable(login, file, "it is not there, or not readable", err);
		return NULL;
	}
	/* An empty passphrase keeps libssh from asking on its own. */
	if (ssh_pki_import_privkey_file(file, "", NULL, NULL, &key) == SSH_OK)
		return key;
	for (int i = 0; i < PASSPHRASE_TRIES; i++) {
		asked = ask_passphrase(login->shared, file, i > 0, passphrase, sizeof(passphrase));

		int state = asked ? ssh_pki_import_privkey_file(file, passphrase, NULL, NULL, &key) : SSH_ERROR;

		explicit_bzero(passphrase, sizeof(passphrase));
		if (state == SSH_OK)
			return key;
		if (!asked)
			break;
	}
	key_unusable(login, file, asked ? "that is not its passphrase" : "it has a passphrase, and there is no "
	             "terminal to ask for it", err);
	return NULL;
}

static bool refused(ssh_session session, const RemoteLogin *login, const char *with, Err *err)
{
	char *user = NULL;

	ssh_options_get(session, SSH_OPTIONS_USER, &user);
	err_set(err, ERR_UNREACHABLE, "%s does not let user \"%s\" in with %s", login->host,
	        user != NULL ? user : "?", with);
	err_hint(err, "Put the public key into ~/.ssh/authorized_keys of that user there, or name another user or key "
	              "under \"ssh\".");
	ssh_string_free_char(user);
	return failed(login, err);
}

/* The named key; the agent first where it has a passphrase that the agent may know. */
static bool log_in_with(ssh_session session, const RemoteLogin *login, Err *err)
{
	char path[4096];
	char with[4200];
	const char *file = expand_home(login->identity_file, path, sizeof(path));
	ssh_key probe = NULL;
	bool open = ssh_pki_import_privkey_file(file, "", NULL, NULL, &probe) == SSH_OK;

	ssh_key_free(probe);
	if (!open && getenv("SSH_AUTH_SOCK") != NULL && ssh_userauth_agent(session, NULL) == SSH_AUTH_SUCCESS)
		return true;

	ssh_key key = load_key(login, file, err);

	if (key == NULL)
		return false;

	int state = ssh_userauth_publickey(session, NULL, key);

	ssh_key_free(key);
	snprintf(with, sizeof(with), "the key \"%s\"", file);
	return state == SSH_AUTH_SUCCESS || refused(session, login, with, err);
}

/* The file whose public key libssh could not read, or NULL if the login ended otherwise. */
static const char *unreadable_public_key(ssh_session session)
{
	static const char said[] = "Failed to import public key: ";
	const char *why = ssh_get_error(session);
	const char *found = strstr(why, said);

	return found != NULL ? found + sizeof(said) - 1 : NULL;
}

/*
 * libssh writes the .pub that a key file lacks.  The logins to the other hosts, and other
 * runs, meet it half written, which is an error to libssh: they look again.
 */
static int log_in_with_any(ssh_session session)
{
	int state = SSH_AUTH_ERROR;

	for (int i = 0; i < PUBLIC_KEY_TRIES; i++) {
		if (i > 0)
			clock_sleep_ms(PUBLIC_KEY_PAUSE_MS);
		state = ssh_userauth_publickey_auto(session, NULL, NULL);
		if (state != SSH_AUTH_ERROR || unreadable_public_key(session) == NULL)
			break;
	}
	return state;
}

static bool public_key_unusable(const RemoteLogin *login, const char *file, Err *err)
{
	err_set(err, ERR_FAILED, "cannot use the key beside \"%s\": that file holds no public key", file);
	err_hint(err, "Remove it: it is made anew of the private key.  Or \"ssh.identity_file\" names the private key to "
	              "log in with.");
	return failed(login, err);
}

static bool log_in(ssh_session session, const RemoteLogin *login, Err *err)
{
	if (login->identity_file != NULL)
		return log_in_with(session, login, err);

	Asked asked = {session, login->shared};
	struct ssh_callbacks_struct callbacks = {.userdata = &asked, .auth_function = passphrase_wanted};

	ssh_callbacks_init(&callbacks);
	ssh_set_callbacks(session, &callbacks);

	int state = log_in_with_any(session);

	/* The session keeps the address: from now on that of what lives as long. */
	ssh_set_callbacks(session, &login->shared->no_callbacks);
	if (state == SSH_AUTH_SUCCESS)
		return true;
	if (state == SSH_AUTH_ERROR && unreadable_public_key(session) != NULL)
		return public_key_unusable(login, unreadable_public_key(session), err);
	return refused(session, login, "the keys of the agent and of ~/.ssh", err);
}

static void remember_user(ssh_session session, RemoteLogin *login)
{
	char *user = NULL;

	if (ssh_options_get(session, SSH_OPTIONS_USER, &user) == SSH_OK) {
		free(login->user);
		login->user = xstrdup(user);
	}
	ssh_string_free_char(user);
}

ssh_session remote_login_open(RemoteLogin *login, Err *err)
{
	ssh_session session = ssh_new();
	bool ok = session != NULL || err_set(err, ERR_FAILED, "out of memory");

	if (ok) {
		set_options(session, login);
		ok = connect_host(session, login, err) && check_host_key(session, login, err) &&
		     log_in(session, login, err);
	}
	if (ok) {
		remember_user(session, login);
		watch_silence(session);
		ssh_set_blocking(session, 0);
		return session;
	}
	if (session != NULL) {
		ssh_disconnect(session);
		ssh_free(session);
	}
	return NULL;
}
