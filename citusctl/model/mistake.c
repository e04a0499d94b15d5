/* What is wrong and where it stands, in words. */
#include <stdio.h>
#include <string.h>

#include "model/cluster_keys.h"
#include "util/str.h"

#define SHOWN_BYTES_MAX 60

void mistake(Mistakes *mistakes, const char *path, const char *key, const char *format, ...)
{
	MistakeList *list = mistakes->list;

	mistakes->total++;
	if (mistakes->total > MISTAKES_MAX)
		return;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity > 0 ? 2 * list->capacity : 8;
		Mistake *items = arena_array(mistakes->arena, capacity, sizeof(*items));

		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}

	va_list args;

	va_start(args, format);
	const char *message = arena_vprintf(mistakes->arena, format, args);

	va_end(args);
	if (*key != '\0')
		path = path_join(mistakes->arena, path, key, 0);
	list->items[list->count++] = (Mistake) {.path = path, .message = message};
}

static bool is_plain_key(const char *key)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$";

	return *key != '\0' && key[strspn(key, plain)] == '\0' && strlen(key) <= SHOWN_BYTES_MAX;
}

char *path_join(Arena *arena, const char *parent, const char *key, size_t index)
{
	if (key == NULL)
		return arena_printf(arena, "%s[%zu]", parent, index);
	if (!is_plain_key(key))
		return arena_printf(arena, "%s[%s]", parent, show_text(arena, key));
	return arena_printf(arena, "%s%s%s", parent, *parent != '\0' ? "." : "", key);
}

char *show_text(Arena *arena, const char *text)
{
	Str shown = STR_INIT;
	size_t at = 0;

	str_append_char(&shown, '"');
	/* Cut only where a character starts; the text is UTF-8. */
	for (; text[at] != '\0'; at++) {
		unsigned char c = (unsigned char) text[at];

		if (at >= SHOWN_BYTES_MAX && (c & 0xC0) != 0x80)
			break;
		if (c < 0x20 || c == 0x7F)
			str_printf(&shown, "\\u%04x", c);
		else
			str_append_char(&shown, (char) c);
	}
	if (text[at] != '\0')
		str_append(&shown, "...");
	str_append_char(&shown, '"');

	char *kept = arena_strdup(arena, str_text(&shown));

	str_free(&shown);
	return kept;
}

char *show_names(Arena *arena, const char *const names[], size_t count, const char *last)
{
	Str shown = STR_INIT;

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && i + 1 == count)
			str_printf(&shown, " %s ", last);
		else if (i > 0)
			str_append(&shown, ", ");
		str_printf(&shown, "\"%s\"", names[i]);
	}

	char *kept = arena_strdup(arena, str_text(&shown));

	str_free(&shown);
	return kept;
}

const char *did_you_mean(Arena *arena, const char *name, const char *const names[], size_t count)
{
	const char *near = str_nearest(name, names, count);

	return near == NULL ? ""
	                    : arena_printf(arena, ", did you mean %s?", show_text(arena, near));
}
