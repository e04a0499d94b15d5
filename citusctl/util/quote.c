#include "util/quote.h"

#include <string.h>

#include "util/str.h"

/* text between two quote characters, with each of special preceded as told. */
static char *enclose(Arena *arena, const char *text, const char *quote, const char *special,
                     const char *escape)
{
	Str out = STR_INIT;

	str_append(&out, quote);
	for (; *text != '\0'; text++) {
		if (strchr(special, *text) != NULL)
			str_append(&out, escape != NULL ? escape : (const char[]) {*text, '\0'});
		str_append_char(&out, *text);
	}
	str_append(&out, quote);

	char *kept = arena_strdup(arena, str_text(&out));

	str_free(&out);
	return kept;
}

char *quote_shell(Arena *arena, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";

	if (*word != '\0' && word[strspn(word, plain)] == '\0')
		return arena_strdup(arena, word);

	Str out = STR_INIT;

	str_append_char(&out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			str_append(&out, "'\\''");
		else
			str_append_char(&out, *word);
	}
	str_append_char(&out, '\'');

	char *kept = arena_strdup(arena, str_text(&out));

	str_free(&out);
	return kept;
}

char *quote_argv(Arena *arena, const char *const argv[])
{
	Str out = STR_INIT;

	for (size_t i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			str_append_char(&out, ' ');
		str_append(&out, quote_shell(arena, argv[i]));
	}

	char *kept = arena_strdup(arena, str_text(&out));

	str_free(&out);
	return kept;
}

char *quote_conf(Arena *arena, const char *value)
{
	/* PostgreSQL doubles quotes and reads backslash escapes in this file. */
	return enclose(arena, value, "'", "'\\", NULL);
}

char *quote_hba(Arena *arena, const char *name)
{
	return enclose(arena, name, "\"", "\"", NULL);
}

char *quote_conninfo(Arena *arena, const char *value)
{
	return enclose(arena, value, "'", "'\\", "\\");
}
