/* The channels of one connection: commands and forwarded ports, served by one thread. */
#define _GNU_SOURCE /* pipe2(), accept4(), struct ucred */
#include "io/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "io/remote_login.h"
#include "util/clock.h"
#include "util/log.h"

#define CHUNK 32768
#define POLL_MS 500
#define POLL_MAX 256
#define WAIT_SLICE_MS 100
#define ANSWER_LIMIT_US ((int64_t) 30 * 1000000) /* for a host to open a channel */

/* A command that a thread waits for. */
typedef struct Command {
	const char *line;
	const char *input; /* what is left to send */
	size_t left;
	size_t limit;
	Str *out;
	Str *error;
	int status;        /* -1: the host has not told one */
	bool ok;           /* it ran; otherwise err says why not */
	bool done;         /* the connection's thread is through with it */
	atomic_bool leave; /* the waiting thread wants it to end */
	Err err;
	ssh_channel channel;
	struct Command *next;
} Command;

/* A connection that came to a forward, and its channel. */
typedef struct Link {
	int fd;
	ssh_channel channel;
	char waiting[CHUNK]; /* from the host, not yet taken by fd */
	size_t from, until;
	bool fd_ended, channel_ended;
	struct Link *next;
} Link;

typedef struct Forward {
	int listener;
	char *host;
	int port;
	char name[64];
	Link *links;
	struct Forward *next;
} Forward;

struct Remote {
	RemoteLogin login; /* who, where, how; read only once logged in */
	ssh_session session;
	ssh_event event;
	struct ssh_channel_callbacks_struct heard; /* sets arrived */
	bool arrived; /* something for a channel, perhaps one that was served already */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t told;
	pthread_t thread;
	bool running; /* the thread is there */
	bool tried;   /* to log in */
	bool closing;
	bool dead;
	Err failure; /* of the login, or how the connection ended */
	int wake[2];
	Command *commands;
	Forward *forwards;
	atomic_uint requests;
};

/* ---- the connection's thread ---------------------------------------------- */

static void end_command(Remote *remote, Command *command, bool ok)
{
	if (command->channel != NULL) {
		ssh_channel_close(command->channel);
		ssh_channel_free(command->channel);
	}
	command->channel = NULL;
	pthread_mutex_lock(&remote->lock);
	for (Command **at = &remote->commands; *at != NULL; at = &(*at)->next)
		if (*at == command) {
			*at = command->next;
			break;
		}
	command->ok = ok;
	command->done = true;
	pthread_cond_broadcast(&remote->told);
	pthread_mutex_unlock(&remote->lock);
}

/* A channel tells of all that arrives for it; the data stay for reading. */
static int data_arrived(ssh_session session, ssh_channel channel, void *data, uint32_t length, int is_stderr,
                        void *arg)
{
	(void) session;
	(void) channel;
	(void) data;
	(void) length;
	(void) is_stderr;
	((Remote *) arg)->arrived = true;
	return 0;
}

static void end_arrived(ssh_session session, ssh_channel channel, void *arg)
{
	(void) session;
	(void) channel;
	((Remote *) arg)->arrived = true;
}

/* Kept as it comes: how libssh is asked for it later differs between its versions. */
static void status_arrived(ssh_session session, ssh_channel channel, int status, void *arg)
{
	Remote *remote = arg;

	pthread_mutex_lock(&remote->lock);
	for (Command *c = remote->commands; c != NULL; c = c->next)
		if (c->channel == channel)
			c->status = status;
	pthread_mutex_unlock(&remote->lock);
	end_arrived(session, channel, arg);
}

/*
 * sshd sends a small answer only when its last one was acknowledged, which systems like to
 * put off for 40 ms.  The wish holds for a while, so it is said again each time.
 */
static void acknowledge_at_once(const Remote *remote)
{
	int on = 1;

	setsockopt(ssh_get_fd(remote->session), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* Until something comes from the host that was asked; false when it has taken too long. */
static bool wait_for_answer(const Remote *remote, int64_t asked_us)
{
	struct pollfd fd = {.fd = ssh_get_fd(remote->session), .events = POLLIN};

	if ((ssh_get_poll_flags(remote->session) & SSH_WRITE_PENDING) != 0)
		fd.events |= POLLOUT;
	acknowledge_at_once(remote);
	poll(&fd, 1, WAIT_SLICE_MS);
	return clock_us() - asked_us < ANSWER_LIMIT_US;
}

static ssh_channel new_channel(Remote *remote)
{
	ssh_channel channel = ssh_channel_new(remote->session);

	atomic_fetch_add(&remote->requests, 1);
	if (channel != NULL)
		ssh_set_channel_callbacks(channel, &remote->heard);
	return channel;
}

/* The host took too long: nothing else is asked of it. */
static void stopped_answering(Remote *remote)
{
	pthread_mutex_lock(&remote->lock);
	remote->dead = true;
	err_set(&remote->failure, ERR_UNREACHABLE, "%s does not answer any more", remote->login.host);
	err_hint(&remote->failure, "Run the command again when the host answers.");
	pthread_mutex_unlock(&remote->lock);
}

static bool go_on_asking(const Remote *remote, const Command *command, int64_t asked_us)
{
	return !atomic_load(&command->leave) && wait_for_answer(remote, asked_us);
}

static void begin_command(Remote *remote, Command *command)
{
	int64_t asked_us = clock_us();
	int state = SSH_ERROR;

	command->channel = new_channel(remote);
	if (command->channel != NULL)
		while ((state = ssh_channel_open_session(command->channel)) == SSH_AGAIN && go_on_asking(remote, command, asked_us))
			continue;
	if (state == SSH_OK)
		while ((state = ssh_channel_request_exec(command->channel, command->line)) == SSH_AGAIN &&
		       go_on_asking(remote, command, asked_us))
			continue;
	if (state == SSH_AGAIN) {
		if (!atomic_load(&command->leave)) {
			stopped_answering(remote);
			err_copy(&command->err, &remote->failure);
		}
		end_command(remote, command, false);
	} else if (state != SSH_OK) {
		err_set(&command->err, ERR_FAILED, "%s does not run a command: %s", remote->login.host,
		        ssh_get_error(remote->session));
		err_hint(&command->err, "Its sshd refuses sessions: look at MaxSessions and ForceCommand there.");
		end_command(remote, command, false);
	}
}

/* Takes what there is of one output; false at its end or when the rest is for later. */
static bool take_output(Command *command, Str *text, int is_stderr)
{
	char chunk[CHUNK];
	int got = ssh_channel_read_nonblocking(command->channel, chunk, sizeof(chunk), is_stderr);

	if (got > 0 && text->length < command->limit)
		str_append_bytes(text, chunk, (size_t) got);
	return got > 0;
}

static void feed_command(Command *command)
{
	while (command->left > 0) {
		size_t window = ssh_channel_window_size(command->channel);
		size_t size = command->left < window ? command->left : window;
		int wrote = 0;

		if (size > CHUNK)
			size = CHUNK;
		if (size > 0)
			wrote = ssh_channel_write(command->channel, command->input, (uint32_t) size);
		if (wrote <= 0)
			return;
		command->input += wrote;
		command->left -= (size_t) wrote;
		if (command->left == 0)
			ssh_channel_send_eof(command->channel);
	}
}

static void serve_command(Remote *remote, Command *command)
{
	if (command->channel == NULL) {
		if (atomic_load(&command->leave)) { /* it waited for its turn, and is not wanted any more */
			end_command(remote, command, false);
			return;
		}
		begin_command(remote, command);
		if (command->done)
			return;
		if (command->left == 0)
			ssh_channel_send_eof(command->channel);
	}
	if (atomic_load(&command->leave)) {
		ssh_channel_request_send_signal(command->channel, "TERM");
		end_command(remote, command, false);
		return;
	}
	feed_command(command);
	while (take_output(command, command->out, 0) || take_output(command, command->error, 1))
		continue;
	if (!ssh_channel_is_eof(command->channel) && !ssh_channel_is_closed(command->channel))
		return;

	if (command->status >= 0 || ssh_channel_is_closed(command->channel)) {
		if (command->status < 0)
			command->status = 255; /* ended by a signal */
		end_command(remote, command, true);
	}
}

static bool may_connect(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid();
}

static bool is_closing(Remote *remote)
{
	pthread_mutex_lock(&remote->lock);

	bool closing = remote->closing;

	pthread_mutex_unlock(&remote->lock);
	return closing;
}

/* A connection that the host does not make is closed: libpq says so. */
static void accept_link(Remote *remote, Forward *forward)
{
	int fd = accept4(forward->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;

	ssh_channel channel = may_connect(fd) ? new_channel(remote) : NULL;
	int64_t asked_us = clock_us();
	int state = SSH_ERROR;

	if (channel != NULL)
		while ((state = ssh_channel_open_forward(channel, forward->host, forward->port, "127.0.0.1", 0)) == SSH_AGAIN &&
		       !is_closing(remote) && wait_for_answer(remote, asked_us))
			continue;
	if (state == SSH_AGAIN && !is_closing(remote))
		stopped_answering(remote);
	if (state != SSH_OK) {
		log_debug("%s: no connection to %s port %d there: %s", remote->login.node, forward->host,
		          forward->port, ssh_get_error(remote->session));
		if (channel != NULL)
			ssh_channel_free(channel);
		close(fd);
	} else {
		Link *link = xmalloc(sizeof(*link));

		link->fd = fd;
		link->channel = channel;
		link->from = link->until = 0;
		link->fd_ended = link->channel_ended = false;
		link->next = forward->links;
		forward->links = link;
	}
}

static void free_link(Link *link)
{
	close(link->fd);
	ssh_channel_close(link->channel);
	ssh_channel_free(link->channel);
	free(link);
}

/* From the host to this end; false when there is nothing more to do now. */
static bool move_in(Link *link)
{
	if (link->from == link->until && !link->channel_ended) {
		int got = ssh_channel_read_nonblocking(link->channel, link->waiting, sizeof(link->waiting), 0);

		link->from = 0;
		link->until = got > 0 ? (size_t) got : 0;
		if (got <= 0 && (got == SSH_ERROR || ssh_channel_is_eof(link->channel) ||
		                 ssh_channel_is_closed(link->channel))) {
			link->channel_ended = true;
			shutdown(link->fd, SHUT_WR);
		}
	}
	if (link->from == link->until)
		return false;

	ssize_t wrote = send(link->fd, link->waiting + link->from, link->until - link->from, MSG_NOSIGNAL);

	if (wrote > 0)
		link->from += (size_t) wrote;
	else if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
		link->fd_ended = link->channel_ended = true;
		link->from = link->until;
	}
	return wrote > 0;
}

/* From this end to the host. */
static bool move_out(Link *link)
{
	char chunk[CHUNK];
	size_t window = ssh_channel_window_size(link->channel);

	if (link->fd_ended || window == 0)
		return false;

	ssize_t got = recv(link->fd, chunk, window < sizeof(chunk) ? window : sizeof(chunk), 0);

	if (got > 0 && ssh_channel_write(link->channel, chunk, (uint32_t) got) == got)
		return true;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	link->fd_ended = true;
	ssh_channel_send_eof(link->channel);
	return false;
}

static void serve_forward(Remote *remote, Forward *forward, bool came)
{
	if (came)
		accept_link(remote, forward);
	for (Link **at = &forward->links; *at != NULL;) {
		Link *link = *at;

		while (move_in(link))
			continue;
		while (move_out(link))
			continue;
		if ((link->fd_ended && link->from == link->until) || (link->channel_ended && link->from == link->until)) {
			*at = link->next;
			free_link(link);
		} else {
			at = &link->next;
		}
	}
}

/* What the connection's thread waits for; entry 0 is the host, entry 1 other threads. */
typedef struct Waiting {
	struct pollfd fds[POLL_MAX];
	Forward *forwards[POLL_MAX]; /* whose listener it is, else NULL */
	size_t count;
} Waiting;

static void wait_for(Waiting *waiting, int fd, short events, Forward *forward)
{
	if (waiting->count == POLL_MAX)
		return;
	waiting->fds[waiting->count] = (struct pollfd) {.fd = fd, .events = events};
	waiting->forwards[waiting->count++] = forward;
}

static void wait_for_work(Remote *remote, Forward *forwards, Waiting *waiting)
{
	bool write_pending = (ssh_get_poll_flags(remote->session) & SSH_WRITE_PENDING) != 0;

	waiting->count = 0;
	wait_for(waiting, ssh_get_fd(remote->session), write_pending ? POLLIN | POLLOUT : POLLIN, NULL);
	wait_for(waiting, remote->wake[0], POLLIN, NULL);
	for (Forward *f = forwards; f != NULL; f = f->next) {
		wait_for(waiting, f->listener, POLLIN, f);
		for (const Link *link = f->links; link != NULL; link = link->next) {
			bool takes = !link->fd_ended && ssh_channel_window_size(link->channel) > 0;

			wait_for(waiting, link->fd, (short) ((takes ? POLLIN : 0) | (link->from < link->until ? POLLOUT : 0)),
			         NULL);
		}
	}
	acknowledge_at_once(remote);
	poll(waiting->fds, waiting->count, remote->arrived ? 0 : POLL_MS);
	remote->arrived = false;
}

static void drain_wake(const Remote *remote)
{
	char bytes[64];

	while (read(remote->wake[0], bytes, sizeof(bytes)) == (ssize_t) sizeof(bytes))
		continue;
}

/* Both lists are only shortened by this thread; others put new ones in front. */
static Command *first_command(Remote *remote)
{
	pthread_mutex_lock(&remote->lock);

	Command *first = remote->commands;

	pthread_mutex_unlock(&remote->lock);
	return first;
}

static Forward *first_forward(Remote *remote)
{
	pthread_mutex_lock(&remote->lock);

	Forward *first = remote->forwards;

	pthread_mutex_unlock(&remote->lock);
	return first;
}

static void connection_lost(Remote *remote)
{
	pthread_mutex_lock(&remote->lock);
	remote->dead = true;
	err_set(&remote->failure, ERR_UNREACHABLE, "lost the SSH connection to %s: %s", remote->login.host,
	        ssh_get_error(remote->session));
	err_hint(&remote->failure, "Run the command again when the host answers.");
	pthread_mutex_unlock(&remote->lock);
}

static void end_all(Remote *remote)
{
	for (Command *c = first_command(remote); c != NULL; c = first_command(remote)) {
		err_copy(&c->err, &remote->failure);
		end_command(remote, c, false);
	}
	for (Forward *f = remote->forwards; f != NULL; f = f->next)
		while (f->links != NULL) {
			Link *link = f->links;

			f->links = link->next;
			free_link(link);
		}
}

static void *serve(void *arg)
{
	Remote *remote = arg;
	Waiting waiting;

	while (!is_closing(remote)) {
		wait_for_work(remote, first_forward(remote), &waiting);
		if (waiting.fds[1].revents != 0)
			drain_wake(remote);
		if (ssh_event_dopoll(remote->event, 0) == SSH_ERROR || !ssh_is_connected(remote->session)) {
			connection_lost(remote);
			break;
		}
		for (Command *c = first_command(remote), *next = NULL; c != NULL; c = next) {
			next = c->next;
			serve_command(remote, c);
		}
		for (size_t i = 2; i < waiting.count; i++)
			if (waiting.forwards[i] != NULL)
				serve_forward(remote, waiting.forwards[i], (waiting.fds[i].revents & POLLIN) != 0);
		if (remote->dead) /* nobody else sets it */
			break;
	}
	end_all(remote);
	return NULL;
}

/* ---- what other threads ask for ------------------------------------------- */

Remote *remote_new(const RemoteTarget *target, RemoteShared *shared)
{
	Remote *remote = xmalloc(sizeof(*remote));

	*remote = (Remote) {.login = remote_login_copy(target, shared), .wake = {-1, -1}, .failure = ERR_INIT};
	pthread_mutex_init(&remote->lock, NULL);
	pthread_cond_init(&remote->told, NULL);
	remote->heard = (struct ssh_channel_callbacks_struct) {
		.userdata = remote,
		.channel_data_function = data_arrived,
		.channel_eof_function = end_arrived,
		.channel_close_function = end_arrived,
		.channel_exit_status_function = status_arrived,
	};
	ssh_callbacks_init(&remote->heard);
	return remote;
}

static void wake_up(const Remote *remote)
{
	while (write(remote->wake[1], "", 1) < 0 && errno == EINTR)
		continue;
}

void remote_close(Remote *remote)
{
	if (remote == NULL)
		return;
	if (remote->running) {
		pthread_mutex_lock(&remote->lock);
		remote->closing = true;
		pthread_mutex_unlock(&remote->lock);
		wake_up(remote);
		pthread_join(remote->thread, NULL);
	}
	while (remote->forwards != NULL) {
		Forward *forward = remote->forwards;

		remote->forwards = forward->next;
		close(forward->listener);
		free(forward->host);
		free(forward);
	}
	if (remote->session != NULL) {
		ssh_event_free(remote->event);
		ssh_disconnect(remote->session);
		ssh_free(remote->session);
	}
	for (int i = 0; i < 2; i++)
		if (remote->wake[i] >= 0)
			close(remote->wake[i]);
	err_clear(&remote->failure);
	remote_login_free(&remote->login);
	pthread_cond_destroy(&remote->told);
	pthread_mutex_destroy(&remote->lock);
	free(remote);
}

static bool start_serving(Remote *remote, Err *err)
{
	remote->event = ssh_event_new();
	if (remote->event == NULL || ssh_event_add_session(remote->event, remote->session) != SSH_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	if (pipe2(remote->wake, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_errno(err, "make a pipe");
	remote->running = pthread_create(&remote->thread, NULL, serve, remote) == 0;
	return remote->running || err_set(err, ERR_FAILED, "cannot start a thread for the connection to %s",
	                                  remote->login.host);
}

bool remote_login(Remote *remote, Err *err)
{
	pthread_mutex_lock(&remote->lock);
	if (!remote->tried) {
		int64_t started = clock_us();

		remote->tried = true;
		atomic_fetch_add(&remote->requests, 1);
		remote->session = remote_login_open(&remote->login, &remote->failure);
		remote->dead = remote->session == NULL || !start_serving(remote, &remote->failure);
		if (!remote->dead)
			log_debug("%s: logged in to %s as %s (%.0f ms)", remote->login.node, remote->login.host,
			          remote->login.user, (double) (clock_us() - started) / 1000);
	}

	bool ok = !remote->dead;

	if (!ok)
		err_copy(err, &remote->failure);
	pthread_mutex_unlock(&remote->lock);
	return ok || err_node(err, remote->login.node);
}

const char *remote_user(const Remote *remote)
{
	return remote->login.user;
}

const char *remote_node(const Remote *remote)
{
	return remote->login.node;
}

unsigned remote_requests(const Remote *remote)
{
	return atomic_load(&remote->requests);
}

/* Until the connection's thread is through; Ctrl-C makes it leave. */
static void wait_for_command(Remote *remote, Command *command)
{
	while (!command->done) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 100000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		if (clock_interrupted() && !atomic_exchange(&command->leave, true))
			wake_up(remote);
		pthread_cond_timedwait(&remote->told, &remote->lock, &until);
	}
}

bool remote_run(Remote *remote, const char *line, const char *input, size_t limit, Str *out, Str *error,
                int *status, Err *err)
{
	Command command = {.line = line, .input = input, .left = input != NULL ? strlen(input) : 0,
	                   .limit = limit, .out = out, .error = error, .status = -1, .err = ERR_INIT};

	if (!clock_go_on(err) || !remote_login(remote, err))
		return false;
	pthread_mutex_lock(&remote->lock);
	if (remote->dead) {
		err_copy(&command.err, &remote->failure);
		command.done = true;
	} else {
		command.next = remote->commands;
		/* Off the list again before this function returns. */
		remote->commands = &command; /* cppcheck-suppress autoVariables */
		wake_up(remote);
	}
	wait_for_command(remote, &command);
	pthread_mutex_unlock(&remote->lock);
	*status = command.status;
	if (!clock_go_on(err)) {
		err_clear(&command.err);
		return false;
	}
	if (command.ok)
		return true;
	err_move(err, &command.err);
	return err_node(err, remote->login.node);
}

/* A name in the abstract namespace: no file, gone with its last descriptor. */
static int listen_somewhere(char *name, size_t size, Err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	unsigned long long number = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || getentropy(&number, sizeof(number)) != 0) {
		err_errno(err, "make a socket");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(name, size, "@citusctl-%016llx", number);

	/* libpq puts this behind the directory, with the port it was given. */
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s/.s.PGSQL.%d", name + 1,
	                      REMOTE_FORWARD_PORT);

	if (bind(fd, (const struct sockaddr *) &address,
	         (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + (size_t) length)) != 0 ||
	    listen(fd, 64) != 0) {
		err_errno(err, "listen on a socket");
		close(fd);
		return -1;
	}
	return fd;
}

const char *remote_forward(Remote *remote, const char *host, int port, Err *err)
{
	Forward *forward = NULL;

	pthread_mutex_lock(&remote->lock);
	for (forward = remote->forwards; forward != NULL; forward = forward->next)
		if (forward->port == port && strcmp(forward->host, host) == 0)
			break;
	if (forward == NULL) {
		char name[sizeof(forward->name)];
		int listener = listen_somewhere(name, sizeof(name), err);

		if (listener >= 0) {
			forward = xmalloc(sizeof(*forward));
			*forward = (Forward) {.listener = listener, .host = xstrdup(host), .port = port,
			                      .next = remote->forwards};
			memcpy(forward->name, name, sizeof(name));
			remote->forwards = forward;
			if (remote->running)
				wake_up(remote);
		}
	}
	pthread_mutex_unlock(&remote->lock);
	return forward != NULL ? forward->name : NULL;
}
