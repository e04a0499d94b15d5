/*
 * io/remote.h - one SSH connection to one host; the only libssh there is.
 *
 * Commands and forwarded ports are channels of the one connection, which is made
 * when first needed and served by a thread of its own.  The host's key must be in
 * known_hosts (or is put there once, when that was asked for); a changed key is
 * always refused.  Logging in takes the key file that was named, else the agent and
 * the usual files; a passphrase is asked for on the terminal, once a file.
 * ~/.ssh/config and /etc/ssh/ssh_config are read: HostName, User, Port, IdentityFile,
 * ProxyJump, ProxyCommand; what the target names itself outranks them.
 *
 * Errors:    filled into Err and name the host; no connection is ERR_UNREACHABLE.
 * Ownership: remote_new() gives a Remote to close; a RemoteShared outlives the
 *            Remotes that use it.
 * Threads:   any number of threads may use one Remote.
 */
#ifndef CITUSCTL_IO_REMOTE_H
#define CITUSCTL_IO_REMOTE_H

#include <stdbool.h>

#include "util/arena.h"
#include "util/err.h"
#include "util/str.h"

typedef struct Remote Remote;

/* What the connections of one run share: passphrases, the known_hosts file. */
typedef struct RemoteShared RemoteShared;

/* Copied by remote_new(). */
typedef struct RemoteTarget {
	const char *node;          /* the node's name, for messages */
	const char *host;          /* name, address, or a Host of ~/.ssh/config */
	const char *user;          /* NULL: what SSH's configuration says, else this user's name */
	int port;                  /* 0: what SSH's configuration says, else 22 */
	const char *identity_file; /* NULL: agent and the usual files */
	const char *known_hosts;   /* NULL: the usual files */
	bool accept_new;           /* put unknown hosts into known_hosts */
	int timeout_s;             /* for connecting and logging in; 0: 10 seconds */
} RemoteTarget;

RemoteShared *remote_shared_new(void);
/* Ends the logins that are under way in other threads, soon. */
void remote_shared_give_up(RemoteShared *shared);
void remote_shared_free(RemoteShared *shared); /* NULL is allowed */

/* Connects to nothing yet. */
Remote *remote_new(const RemoteTarget *target, RemoteShared *shared);

/* Ends running commands and forwards.  NULL is allowed. */
void remote_close(Remote *remote);

/* Connects and logs in unless that is done; a failure is remembered. */
bool remote_login(Remote *remote, Err *err) MUST_CHECK;

/* The user that is logged in as; after remote_login(). */
const char *remote_user(const Remote *remote);
const char *remote_node(const Remote *remote);

/*
 * Runs one line by the user's login shell, input (NULL: nothing) on its standard
 * input; at most limit bytes of each output are kept.  True means that it ran: its
 * exit status is in *status.
 */
bool remote_run(Remote *remote, const char *line, const char *input, size_t limit, Str *out, Str *error,
                int *status, Err *err) MUST_CHECK;

/* The port to give libpq together with a name of remote_forward(). */
#define REMOTE_FORWARD_PORT 5432

/*
 * Connections to the name returned end at host:port as the remote machine sees it.
 * The name is one that libpq takes for its "host" (a socket without a file, which
 * takes connections of this user only), with REMOTE_FORWARD_PORT for its port.
 * Valid until remote_close(); connects to nothing yet: remote_login() comes first.
 */
const char *remote_forward(Remote *remote, const char *host, int port, Err *err) MUST_CHECK;

/* Logins, commands and forwarded connections asked of the host so far. */
unsigned remote_requests(const Remote *remote);

#endif
