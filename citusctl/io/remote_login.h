/*
 * io/remote_login.h - making an SSH connection: the host's key, and who logs in.
 *
 * For io/remote.c alone.
 */
#ifndef CITUSCTL_IO_REMOTE_LOGIN_H
#define CITUSCTL_IO_REMOTE_LOGIN_H

#include <libssh/libssh.h>

#include "io/remote.h"

/* A RemoteTarget of its own texts, and who it turned out to be. */
typedef struct RemoteLogin {
	RemoteShared *shared;
	char *node;
	char *host;
	char *user; /* NULL: not said; after a login: the user */
	int port;
	char *identity_file;
	char *known_hosts;
	bool accept_new;
	int timeout_s;
} RemoteLogin;

RemoteLogin remote_login_copy(const RemoteTarget *target, RemoteShared *shared);
void remote_login_free(RemoteLogin *login);

/* A session that is logged in and does not block; NULL on error. */
ssh_session remote_login_open(RemoteLogin *login, Err *err);

#endif
