#include "model/table_name.h"

#include <string.h>

#include "util/str.h"

/* Reads a part up to its quote's end; at ends behind it. */
static const char *quoted_part(const char *at, Str *part)
{
	for (at++; *at != '\0'; at++) {
		if (*at == '"' && at[1] == '"')
			at++;
		else if (*at == '"')
			return at + 1;
		str_append_char(part, *at);
	}
	return NULL;
}

static const char *plain_part(const char *at, Str *part)
{
	size_t length = strcspn(at, ".\"");

	str_append_bytes(part, at, length);
	return at + length;
}

/* One part from *at on, in the arena; NULL with the problem. */
static const char *read_part(Arena *arena, const char **at, const char **problem)
{
	bool quoted = **at == '"';
	Str part = STR_INIT;
	const char *end = quoted ? quoted_part(*at, &part) : plain_part(*at, &part);
	const char *name = NULL;

	*problem = NULL;
	if (end == NULL)
		*problem = "has a double quote that is not closed; write one that belongs to the name twice, "
		           "and the name in double quotes";
	else if (part.length == 0)
		*problem = "has an empty part; write \"table\" or \"schema.table\"";
	else if (part.length > NAME_BYTES_MAX)
		*problem = "is longer than the 63 bytes that PostgreSQL keeps of a name";
	else if (*end == '"')
		*problem = "has a double quote inside a name; write it twice, and the name in double quotes";
	else if (*end != '\0' && *end != '.')
		*problem = "goes on behind a closing double quote; only a dot may stand there";
	else
		name = arena_strdup(arena, str_text(&part));
	*at = end;
	str_free(&part);
	return name;
}

bool table_name_parse(Arena *arena, const char *text, const char **schema, const char **name,
                      const char **problem)
{
	const char *at = text;
	const char *first = read_part(arena, &at, problem);
	const char *second = NULL;

	if (first != NULL && *at == '.') {
		at++;
		second = read_part(arena, &at, problem);
		if (second != NULL && *at == '.') {
			*problem = "has more than two parts; put a name that holds a dot in double quotes";
			return false;
		}
	}
	*schema = second != NULL ? first : NULL;
	*name = second != NULL ? second : first;
	return *problem == NULL;
}
