#include "util/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_text(const char *format, va_list args) PRINTF_LIKE(1, 0);

void err_clear(Err *err)
{
	free(err->message);
	free(err->detail);
	free(err->hint);
	free(err->node);
	*err = (Err) ERR_INIT;
}

static char *copy_of(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

void err_copy(Err *to, const Err *from)
{
	err_clear(to);
	*to = *from;
	to->message = copy_of(from->message);
	to->detail = copy_of(from->detail);
	to->hint = copy_of(from->hint);
	to->node = copy_of(from->node);
}

void err_move(Err *to, Err *from)
{
	err_clear(to);
	*to = *from;
	*from = (Err) ERR_INIT;
}

bool err_set(Err *err, ErrKind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *message = format_text(format, args);

	va_end(args);
	err_clear(err);
	err->kind = kind;
	err->message = message;
	return false;
}

bool err_errno(Err *err, const char *format, ...)
{
	int code = errno;
	va_list args;

	va_start(args, format);
	char *what = format_text(format, args);

	va_end(args);
	err_set(err, ERR_FAILED, "cannot %s: %s", what, strerror(code));
	free(what);
	if (code == ENOSPC)
		err_hint(err, "Free some space on that file system and run the command again.");
	else if (code == EACCES || code == EPERM)
		err_hint(err, "Check the owner and the permissions, or run as another user.");
	return false;
}

bool err_wrap(Err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *context = format_text(format, args);

	va_end(args);

	const char *message = err->message != NULL ? err->message : "failed";
	size_t size = strlen(context) + 2 + strlen(message) + 1;
	char *whole = xmalloc(size);

	snprintf(whole, size, "%s: %s", context, message);
	free(context);
	free(err->message);
	err->message = whole;
	if (err->kind == ERR_NONE)
		err->kind = ERR_FAILED;
	return false;
}

bool err_hint(Err *err, const char *format, ...)
{
	if (err->hint != NULL)
		return false;

	va_list args;

	va_start(args, format);
	err->hint = format_text(format, args);
	va_end(args);
	return false;
}

/* The new text is made before the old one goes: it may be made of it. */
static void replace(char **text, char *by)
{
	free(*text);
	*text = by;
}

bool err_set_hint(Err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	replace(&err->hint, format_text(format, args));
	va_end(args);
	return false;
}

bool err_detail(Err *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	replace(&err->detail, format_text(format, args));
	va_end(args);
	return false;
}

bool err_node(Err *err, const char *node)
{
	if (err->node == NULL && node != NULL)
		err->node = xstrdup(node);
	return false;
}

static char *format_text(const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);

	va_end(again);
	if (length < 0)
		return xstrdup(format);

	char *text = xmalloc((size_t) length + 1);

	vsnprintf(text, (size_t) length + 1, format, args);
	return text;
}
