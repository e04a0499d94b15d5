/*
 * delay MILLISECONDS HOST PORT - standard input and output to a TCP connection, each byte
 * late by so much in either direction; a ProxyCommand that makes a host far away.
 */
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What came in and when it may go on. */
typedef struct Piece {
	double due;
	size_t length;
	size_t sent;
	struct Piece *next;
	char bytes[16384];
} Piece;

typedef struct Way {
	int from;
	int to;
	bool ended; /* nothing more comes in */
	Piece *first;
	Piece **last;
} Way;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1000 + (double) t.tv_nsec / 1e6;
}

static int connect_to(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -1;
	fd = socket(found->ai_family, found->ai_socktype, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0)
		fd = -1;
	freeaddrinfo(found);
	return fd;
}

static void take(Way *way, double delay)
{
	Piece *piece = malloc(sizeof(*piece));
	ssize_t got = piece != NULL ? read(way->from, piece->bytes, sizeof(piece->bytes)) : -1;

	if (got <= 0) {
		way->ended = true;
		free(piece);
		return;
	}
	piece->due = now_ms() + delay;
	piece->length = (size_t) got;
	piece->sent = 0;
	piece->next = NULL;
	*way->last = piece;
	way->last = &piece->next;
}

/* Sends what is due; false when nobody takes it any more. */
static bool give(Way *way)
{
	while (way->first != NULL && way->first->due <= now_ms()) {
		Piece *piece = way->first;
		ssize_t wrote = write(way->to, piece->bytes + piece->sent, piece->length - piece->sent);

		if (wrote <= 0)
			return false;
		piece->sent += (size_t) wrote;
		if (piece->sent < piece->length)
			continue;
		way->first = piece->next;
		if (way->first == NULL)
			way->last = &way->first;
		free(piece);
	}
	return true;
}

static int wait_ms(const Way ways[2])
{
	double soonest = 1000;

	for (int i = 0; i < 2; i++)
		if (ways[i].first != NULL && ways[i].first->due - now_ms() < soonest)
			soonest = ways[i].first->due - now_ms();
	return soonest > 0 ? (int) soonest + 1 : 0;
}

int main(int argc, char **argv)
{
	int host = argc == 4 ? connect_to(argv[2], argv[3]) : -1;
	double delay = argc == 4 ? strtod(argv[1], NULL) : 0;
	Way ways[2] = {{.from = STDIN_FILENO, .to = host}, {.from = host, .to = STDOUT_FILENO}};

	if (host < 0) {
		fprintf(stderr, "usage: delay MILLISECONDS HOST PORT, and the host has to answer\n");
		return 1;
	}
	for (int i = 0; i < 2; i++)
		ways[i].last = &ways[i].first;
	for (;;) {
		struct pollfd fds[2];

		for (int i = 0; i < 2; i++)
			fds[i] = (struct pollfd) {.fd = ways[i].ended ? -1 : ways[i].from, .events = POLLIN};
		poll(fds, 2, wait_ms(ways));
		for (int i = 0; i < 2; i++) {
			if (fds[i].revents != 0)
				take(&ways[i], delay);
			if (!give(&ways[i]) || (ways[i].ended && ways[i].first == NULL))
				return 0;
		}
	}
}
