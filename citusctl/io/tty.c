#include "io/tty.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "util/clock.h"

/* One line, until Ctrl-C. */
static bool read_line(int fd, char *text, size_t size)
{
	size_t length = 0;
	char c = 0;

	while (!clock_interrupted()) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, 100) <= 0)
			continue;
		if (read(fd, &c, 1) != 1)
			return false;
		if (c == '\n')
			break;
		if (length + 1 < size)
			text[length++] = c;
	}
	text[length] = '\0';
	return length > 0 && !clock_interrupted();
}

bool tty_ask_secret(const char *prompt, char *text, size_t size)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios shown;
	bool ok = false;

	if (fd < 0)
		return false;
	if (tcgetattr(fd, &shown) == 0) {
		struct termios hidden = shown;

		hidden.c_lflag &= ~(tcflag_t) ECHO;
		ok = write(fd, prompt, strlen(prompt)) > 0 && tcsetattr(fd, TCSAFLUSH, &hidden) == 0 &&
		     read_line(fd, text, size);
		tcsetattr(fd, TCSAFLUSH, &shown);
		ok = write(fd, "\n", 1) == 1 && ok;
	}
	close(fd);
	return ok;
}
