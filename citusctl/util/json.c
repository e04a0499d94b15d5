#include "util/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/str.h"

/* Json is cJSON under a name that keeps the library out of every other file. */
static cJSON *raw(const Json *value)
{
	return (cJSON *) (uintptr_t) value;
}

static Json *wrap(cJSON *value)
{
	return (Json *) (void *) value;
}

static void line_and_column(const char *text, size_t at, int *line, int *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if (((unsigned char) text[i] & 0xC0) != 0x80) {
			(*column)++;
		}
	}
}

/* cJSON accepts a deeper document than we want and is recursive: look first. */
static bool depth_is_fine(const char *text, size_t length, size_t *bad)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '[' || text[i] == '{') {
			if (++depth > JSON_DEPTH_MAX) {
				*bad = i;
				return false;
			}
		} else if (text[i] == ']' || text[i] == '}') {
			depth--;
		}
	}
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The first key that some object has twice, or NULL. */
static const char *duplicate_key(const cJSON *container)
{
	const char *found = NULL;
	const cJSON *child = NULL;

	if (cJSON_IsObject(container)) {
		size_t count = (size_t) cJSON_GetArraySize(container);
		const char **keys = xmalloc((count + 1) * sizeof(*keys));
		size_t used = 0;

		cJSON_ArrayForEach(child, container) {
			keys[used++] = child->string;
		}
		qsort(keys, used, sizeof(*keys), compare_keys);
		for (size_t i = 1; i < used && found == NULL; i++)
			if (strcmp(keys[i - 1], keys[i]) == 0)
				found = keys[i];
		free(keys);
	}
	cJSON_ArrayForEach(child, container) {
		if (found == NULL && (cJSON_IsObject(child) || cJSON_IsArray(child)))
			found = duplicate_key(child);
	}
	return found;
}

/* cJSON stops at the document's end; only white space may follow. */
static bool only_space(const char *text, const char *end)
{
	for (; text < end; text++)
		if (strchr(" \t\r\n", *text) == NULL || *text == '\0')
			return false;
	return true;
}

static bool refuse_at(Err *err, const char *text, size_t at, const char *what)
{
	int line = 0;
	int column = 0;

	line_and_column(text, at, &line, &column);
	return err_set(err, ERR_USAGE, "line %d, column %d: %s", line, column, what);
}

Json *json_parse(const char *text, size_t length, Err *err)
{
	size_t bad = 0;
	const char *end = NULL;

	if (length > JSON_BYTES_MAX) {
		err_set(err, ERR_USAGE, "%zu bytes is larger than the %zu that are read", length, JSON_BYTES_MAX);
		return NULL;
	}
	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
		text += 3;
		length -= 3;
	}
	if (only_space(text, text + length)) {
		err_set(err, ERR_USAGE, "the file is empty");
		err_hint(err, "The smallest description is {\"name\": \"chirp\", \"deploy\": \"local\", \"workers\": 3}.");
		return NULL;
	}
	if (!str_is_utf8(text, length, &bad)) {
		refuse_at(err, text, bad, "not UTF-8");
		return NULL;
	}
	if (memchr(text, '\0', length) != NULL) {
		refuse_at(err, text, (size_t) ((const char *) memchr(text, '\0', length) - text), "a NUL byte");
		return NULL;
	}
	if (!depth_is_fine(text, length, &bad)) {
		refuse_at(err, text, bad, "nested too deeply");
		return NULL;
	}

	cJSON *document = cJSON_ParseWithLengthOpts(text, length, &end, false);

	if (document == NULL || !only_space(end, text + length)) {
		size_t at = end != NULL ? (size_t) (end - text) : 0;

		cJSON_Delete(document);
		if (at >= length)
			refuse_at(err, text, length, "the file ends in the middle of a value");
		else
			refuse_at(err, text, at, "not valid JSON from here on");
		return NULL;
	}

	const char *twice = duplicate_key(document);

	if (twice != NULL) {
		err_set(err, ERR_USAGE, "the key \"%s\" stands twice in one object", twice);
		cJSON_Delete(document);
		return NULL;
	}
	return wrap(document);
}

Json *json_load(const char *path, Err *err)
{
	FILE *file = fopen(path, "rb");
	Str text = STR_INIT;
	char chunk[8192];
	size_t got = 0;
	Json *document = NULL;

	if (file == NULL) {
		err_errno(err, "read \"%s\"", path);
		err->kind = ERR_USAGE;
		return NULL;
	}
	errno = 0;
	while (text.length <= JSON_BYTES_MAX && (got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		str_append_bytes(&text, chunk, got);
	if (ferror(file)) {
		err_errno(err, "read \"%s\"", path);
		err->kind = ERR_USAGE;
	} else {
		document = json_parse(str_text(&text), text.length, err);
		if (document == NULL)
			err_wrap(err, "%s", path);
	}
	fclose(file);
	str_free(&text);
	return document;
}

void json_free(Json *document)
{
	cJSON_Delete(raw(document));
}

JsonType json_type(const Json *value)
{
	const cJSON *v = raw(value);

	if (cJSON_IsObject(v))
		return JSON_OBJECT;
	if (cJSON_IsArray(v))
		return JSON_ARRAY;
	if (cJSON_IsString(v))
		return JSON_STRING;
	if (cJSON_IsNumber(v))
		return JSON_NUMBER;
	if (cJSON_IsBool(v))
		return JSON_BOOL;
	return JSON_NULL;
}

const char *json_type_name(JsonType type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[type];
}

const char *json_key(const Json *value)
{
	return raw(value)->string;
}

const Json *json_first(const Json *container)
{
	return container == NULL ? NULL : wrap(raw(container)->child);
}

const Json *json_next(const Json *value)
{
	return wrap(raw(value)->next);
}

size_t json_size(const Json *container)
{
	return (size_t) cJSON_GetArraySize(raw(container));
}

const Json *json_get(const Json *object, const char *key)
{
	return wrap(cJSON_GetObjectItemCaseSensitive(raw(object), key));
}

const char *json_text(const Json *string)
{
	return cJSON_GetStringValue(raw(string));
}

double json_number(const Json *number)
{
	return cJSON_IsNumber(raw(number)) ? raw(number)->valuedouble : 0;
}

bool json_bool(const Json *value)
{
	return cJSON_IsTrue(raw(value));
}

bool json_int64(const Json *number, int64_t *value)
{
	double d = json_number(number);

	if (json_type(number) != JSON_NUMBER || !(fabs(d) <= 9007199254740992.0) || floor(d) != d)
		return false;
	*value = (int64_t) d;
	return true;
}

static Json *made(cJSON *value)
{
	if (value == NULL) {
		fputs("citusctl: out of memory\n", stderr);
		abort();
	}
	return wrap(value);
}

static Json *add(Json *container, const char *key, Json *value)
{
	if (key != NULL)
		cJSON_AddItemToObject(raw(container), key, raw(value));
	else
		cJSON_AddItemToArray(raw(container), raw(value));
	return value;
}

Json *json_object(void)
{
	return made(cJSON_CreateObject());
}

Json *json_array(void)
{
	return made(cJSON_CreateArray());
}

Json *json_add_object(Json *container, const char *key)
{
	return add(container, key, json_object());
}

Json *json_add_array(Json *container, const char *key)
{
	return add(container, key, json_array());
}

void json_add_text(Json *container, const char *key, const char *text)
{
	add(container, key, made(text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull()));
}

void json_add_int(Json *container, const char *key, int64_t value)
{
	char digits[24];

	/* As raw text: a double would round what is above 2^53. */
	snprintf(digits, sizeof(digits), "%lld", (long long) value);
	add(container, key, made(cJSON_CreateRaw(digits)));
}

void json_add_double(Json *container, const char *key, double value)
{
	add(container, key, made(isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull()));
}

void json_add_bool(Json *container, const char *key, bool value)
{
	add(container, key, made(cJSON_CreateBool(value)));
}

char *json_print(const Json *document, bool indented)
{
	char *text = indented ? cJSON_Print(raw(document)) : cJSON_PrintUnformatted(raw(document));

	if (text == NULL) {
		fputs("citusctl: out of memory\n", stderr);
		abort();
	}
	return text;
}
