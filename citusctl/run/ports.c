#include "run/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/json.h"
#include "util/str.h"

#define FIRST_PORT 9700
#define LAST_PORT 32000

/* One bit a port: those that other clusters of this user have chosen. */
typedef struct Taken {
	unsigned char bits[65536 / 8];
} Taken;

static bool is_taken(const Taken *taken, int port)
{
	return (taken->bits[port / 8] >> (port % 8) & 1) != 0;
}

static void take(Taken *taken, int port)
{
	taken->bits[port / 8] |= (unsigned char) (1 << (port % 8));
}

static bool bind_to(int fd, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};

	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	return bind(fd, (const struct sockaddr *) &address, sizeof(address)) == 0;
}

static void let_reuse(int fd)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

bool port_is_free(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	let_reuse(fd);

	bool is_free = bind_to(fd, port) && listen(fd, 1) == 0;

	close(fd);
	return is_free;
}

/* Bound without SO_REUSEADDR only one gets it; with it a server can be bound beside, for nobody listens here. */
int port_reserve(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (!bind_to(fd, port)) {
		close(fd);
		return -1;
	}
	let_reuse(fd);
	return fd;
}

/* The ports in one state.json; a file that can't be read reserves nothing. */
static void read_ports(const char *path, Taken *taken)
{
	Err ignored = ERR_INIT;
	Json *state = json_load(path, &ignored);
	const Json *nodes = state != NULL ? json_get(state, "nodes") : NULL;
	int64_t port = 0;

	for (const Json *node = json_first(nodes); node != NULL; node = json_next(node))
		if (json_type(node) == JSON_OBJECT && json_int64(json_get(node, "port"), &port) && port > 0 &&
		    port < 65536)
			take(taken, (int) port);
	json_free(state);
	err_clear(&ignored);
}

static void read_other_clusters(const Session *session, const char *home, Taken *taken)
{
	DIR *directory = opendir(home);
	const struct dirent *entry = NULL;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, session->cluster->name) != 0)
			read_ports(arena_printf(session->arena, "%s/%s/state.json", home, entry->d_name), taken);
	if (directory != NULL)
		closedir(directory);
}

/* Clusters kept in different homes don't know of each other's choices: each
 * home begins somewhere else, the default one at FIRST_PORT. */
static int first_port(const char *home)
{
	unsigned hash = 0;

	if (getenv("CITUSCTL_HOME") == NULL)
		return FIRST_PORT;
	for (; *home != '\0'; home++)
		hash = hash * 31 + (unsigned char) *home;
	return FIRST_PORT + (int) (hash % 500) * 40;
}

static bool choose(Session *session, const char *home, Taken *taken, Err *err)
{
	const Cluster *cluster = session->cluster;
	int next = first_port(home);

	for (size_t i = 0; i < cluster->node_count; i++) {
		const Node *node = &cluster->nodes[i];

		if (node->port != 0 && is_taken(taken, node->port)) {
			err_set(err, ERR_FAILED, "port %d of node \"%s\" belongs to another cluster of this user",
			        node->port, node->name);
			return err_hint(err, "Choose another port, or leave it out: a free one is chosen.");
		}
		if (node->port != 0)
			session->places[i].port = node->port;
		if (session->places[i].port != 0)
			take(taken, session->places[i].port);
	}
	for (size_t i = 0; i < cluster->node_count; i++) {
		for (; session->places[i].port == 0 && next <= LAST_PORT; next++) {
			int fd = is_taken(taken, next) ? -1 : port_reserve(next);

			if (fd >= 0) {
				session->places[i].port = next;
				session->places[i].reserved = fd;
			}
		}
		if (session->places[i].port == 0)
			return err_set(err, ERR_FAILED, "no free port between %d and %d", first_port(home),
			               LAST_PORT);
	}
	return true;
}

bool ports_choose(Session *session, Err *err)
{
	Taken taken = {{0}};
	const char *slash = strrchr(session->base, '/');
	const char *home = arena_strndup(session->arena, session->base, (size_t) (slash - session->base));
	const char *path = arena_printf(session->arena, "%s/.ports.lock", home);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "open \"%s\"", path);
	if (flock(fd, LOCK_EX) != 0) {
		close(fd);
		return err_errno(err, "lock \"%s\"", path);
	}
	read_other_clusters(session, home, &taken);

	bool ok = choose(session, home, &taken, err) && session_remember(session, err);

	close(fd);
	return ok;
}
