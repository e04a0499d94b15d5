/* Documents whose bulk is one array, item by item. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"
#include "util/str.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* Behind the string that starts at at; end when it does not end. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

/* Where the value at at ends: before a comma or a bracket that closes more than it opened. */
static const char *skip_value(const char *at, const char *end)
{
	int depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		if (depth == 0 && (*at == ',' || *at == ']' || *at == '}'))
			break;
		depth += *at == '[' || *at == '{' ? 1 : 0;
		depth -= *at == ']' || *at == '}' ? 1 : 0;
		at++;
	}
	return at;
}

/* Whether the text is "key", and then a colon and an array: *open is its bracket. */
static bool opens_array(const char *at, const char *end, const char *key, const char **open)
{
	size_t length = strlen(key);

	if ((size_t) (end - at) < length + 2 || memcmp(at + 1, key, length) != 0 || at[length + 1] != '"')
		return false;
	at = skip_space(at + length + 2, end);
	if (at == end || *at != ':')
		return false;
	*open = skip_space(at + 1, end);
	return *open < end && **open == '[';
}

/* The bracket of the array that is a member of the outermost object; NULL: there is none. */
static const char *find_array(const char *text, const char *end, const char *key)
{
	const char *open = NULL;
	int depth = 0;

	for (const char *at = text; at < end;) {
		if (*at == '"') {
			if (depth == 1 && opens_array(at, end, key, &open))
				return open;
			at = skip_string(at, end);
			continue;
		}
		depth += *at == '[' || *at == '{' ? 1 : 0;
		depth -= *at == ']' || *at == '}' ? 1 : 0;
		at++;
	}
	return NULL;
}

/* Items end where the array does: that of a value that begins at its bracket. */
static bool take_apart(JsonBulk *bulk, size_t length, const char *key, Err *err)
{
	const char *end = bulk->text + length;
	const char *open = find_array(bulk->text, end, key);
	const char *close = open != NULL ? skip_value(open, end) : NULL;
	Str rest = STR_INIT;

	if (open == NULL || close - open < 2 || close[-1] != ']')
		return err_set(err, ERR_USAGE, "a file of this size has to have an array \"%s\"", key);
	bulk->at = open + 1;
	bulk->end = close - 1;
	str_append_bytes(&rest, bulk->text, (size_t) (bulk->at - bulk->text));
	str_append_bytes(&rest, bulk->end, (size_t) (end - bulk->end));
	bulk->rest = json_parse(str_text(&rest), rest.length, err);
	str_free(&rest);
	return bulk->rest != NULL;
}

bool json_bulk_parse(const char *text, size_t length, const char *key, JsonBulk *bulk, Err *err)
{
	*bulk = (JsonBulk) {.text = xmalloc(length + 1)};
	memcpy(bulk->text, text, length);
	bulk->text[length] = '\0';
	if (take_apart(bulk, length, key, err))
		return true;
	json_bulk_free(bulk);
	return false;
}

/* The size of a file that can be asked for it, else 0. */
static size_t size_of_file(FILE *file)
{
	long size = 0;

	if (fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	return size > 0 && fseek(file, 0, SEEK_SET) == 0 ? (size_t) size : 0;
}

bool json_bulk_load(const char *path, const char *key, JsonBulk *bulk, Err *err)
{
	FILE *file = fopen(path, "rb");
	size_t size = file != NULL ? size_of_file(file) : 0;

	*bulk = (JsonBulk) {.rest = NULL};
	if (size <= JSON_BYTES_MAX || size > JSON_BULK_MAX) {
		if (file != NULL)
			fclose(file);
		bulk->rest = json_load(path, err);
		return bulk->rest != NULL;
	}
	bulk->text = xmalloc(size + 1);

	size_t length = fread(bulk->text, 1, size, file);
	bool complete = ferror(file) == 0;

	bulk->text[length] = '\0';
	if (!complete) {
		err_errno(err, "read \"%s\"", path);
		err->kind = ERR_USAGE;
	}
	fclose(file);
	if (complete && take_apart(bulk, length, key, err))
		return true;
	if (complete)
		err_wrap(err, "%s", path);
	json_bulk_free(bulk);
	return false;
}

Json *json_bulk_next(JsonBulk *bulk, Err *err)
{
	const char *at = skip_space(bulk->at, bulk->end);

	if (at == bulk->end && bulk->count == 0)
		return NULL;
	if (bulk->count > 0) {
		if (at == bulk->end)
			return NULL;
		if (*at != ',') {
			err_set(err, ERR_USAGE, "a comma is missing before this");
			return NULL;
		}
		at = skip_space(at + 1, bulk->end);
	}

	const char *end = skip_value(at, bulk->end);

	if (end == at) {
		err_set(err, ERR_USAGE, "a comma too many before this");
		return NULL;
	}
	bulk->at = end;
	bulk->count++;
	return json_parse(at, (size_t) (end - at), err);
}

void json_bulk_free(JsonBulk *bulk)
{
	json_free(bulk->rest);
	free(bulk->text);
	*bulk = (JsonBulk) {.rest = NULL};
}
