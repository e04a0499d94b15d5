#include "run/host.h"

#include <string.h>

#include "util/clock.h"

#define STARTING_LIMIT_US ((int64_t) 60 * 1000000)
#define LISTENING_LIMIT_US ((int64_t) 10 * 1000000)

bool host_open(Host *host, Session *session, const Node *node, bool dry, Err *err)
{
	*host = (Host) {.session = session, .node = node, .dry = dry, .arena = arena_new()};
	if (session->base == NULL)
		return true;

	Remote *remote = session_place(session, node)->remote;
	const ShellTarget servers = {.run_as = remote != NULL ? SUPERUSER : session->server_user, .remote = remote};
	const ShellTarget root = {.remote = remote};

	host->shell = shell_open(&servers, err);
	if (host->shell != NULL && remote != NULL)
		host->root = shell_open(&root, err);
	return host->shell != NULL && (remote == NULL || host->root != NULL);
}

void host_close(Host *host)
{
	if (host->session != NULL) {
		Place *place = session_place(host->session, host->node);

		place->facts = NULL; /* they live in this arena */
		place->postgres = place->extension = NULL;
	}
	host_disconnect(host);
	shell_close(host->shell);
	shell_close(host->root);
	arena_free(host->arena);
	*host = (Host) {0};
}

Pg *host_pg(Host *host, Err *err)
{
	if (host->pg == NULL) {
		PgTarget target = session_superuser(host->session, host->node,
		                                    host->session->cluster->postgres.database);

		host->pg = pg_open(&target, err);
	}
	return host->pg;
}

/* What a server says until it takes connections. */
static bool is_starting(const Err *err)
{
	return err->detail != NULL && strstr(err->detail, "the database system is starting up") != NULL;
}

/* Before that, when its process is there already, it listens to nobody for a moment. */
static bool is_unheard(const Err *err)
{
	return err->detail != NULL &&
	       (strstr(err->detail, "Nothing listens") != NULL || strstr(err->detail, "Connection refused") != NULL ||
	        strstr(err->detail, "No such file or directory") != NULL);
}

Pg *host_pg_started(Host *host, Err *err)
{
	int64_t began_us = clock_us();
	Pg *pg = host_pg(host, err);

	while (pg == NULL && !clock_interrupted() &&
	       ((is_starting(err) && clock_us() < began_us + STARTING_LIMIT_US) ||
	        (is_unheard(err) && clock_us() < began_us + LISTENING_LIMIT_US))) {
		clock_sleep_ms(50);
		err_clear(err);
		pg = host_pg(host, err);
	}
	return pg;
}

Pg *host_app(Host *host, Err *err)
{
	if (host->app == NULL) {
		PgTarget target = session_app(host->session, host->node);

		host->app = pg_open(&target, err);
	}
	return host->app;
}

void host_disconnect_app(Host *host)
{
	pg_close(host->app);
	host->app = NULL;
}

void host_disconnect(Host *host)
{
	pg_close(host->pg);
	host->pg = NULL;
	host_disconnect_app(host);
}

void host_say(Host *host, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	host->said = arena_vprintf(host->arena, format, args);
	va_end(args);
}

void host_differs(Host *host, bool mended, const char *format, ...)
{
	va_list args;

	if (host->difference_count == host->difference_capacity) {
		Difference *more = arena_array(host->arena, host->difference_capacity * 2 + 16, sizeof(*more));

		if (host->difference_count > 0)
			memcpy(more, host->differences, host->difference_count * sizeof(*more));
		host->differences = more;
		host->difference_capacity = host->difference_capacity * 2 + 16;
	}
	va_start(args, format);
	host->differences[host->difference_count++] = (Difference) {arena_vprintf(host->arena, format, args), mended};
	va_end(args);
}
