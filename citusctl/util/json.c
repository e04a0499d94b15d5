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

/* What a look at the bytes alone tells. */
typedef struct Scan {
	const char *problem; /* NULL: none; else at bad */
	size_t bad;
	bool open;         /* it ends inside a string, an array or an object */
	size_t last_token; /* where the last one starts */
} Scan;

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_word(char c)
{
	return !is_space(c) && strchr("[]{},:\"", c) == NULL;
}

static const char *problem_in_string(const char *text, size_t length, size_t at)
{
	if ((unsigned char) text[at] < 0x20)
		return "a control character in a string; write it as \\n, \\t or \\u001f, or close the string";
	if (text[at] == '\\' && length - at >= 6 && memcmp(text + at, "\\u0000", 6) == 0)
		return "\\u0000, which no text here can hold";
	return NULL;
}

/*
 * cJSON takes a deeper document than we want and is recursive; it lets control
 * characters pass, and cuts a string off at \u0000: so look first.
 */
static Scan scan(const char *text, size_t length)
{
	Scan found = {.problem = NULL};
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length && found.problem == NULL; i++) {
		char c = text[i];

		found.bad = i;
		if (in_string) {
			found.problem = problem_in_string(text, length, i);
			in_string = c != '"';
			i += c == '\\' ? 1 : 0;
			continue;
		}
		if (!is_space(c) && !(is_word(c) && i > 0 && is_word(text[i - 1])))
			found.last_token = i;
		in_string = c == '"';
		depth += c == '[' || c == '{' ? 1 : 0;
		depth -= c == ']' || c == '}' ? 1 : 0;
		if (depth > JSON_DEPTH_MAX)
			found.problem = "nested too deeply";
		else if ((unsigned char) c < 0x20 && !is_space(c))
			found.problem = "a control character";
	}
	found.open = in_string || depth > 0;
	return found;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Without what could harm a terminal. */
static void append_shown(Str *out, const char *key)
{
	for (; *key != '\0'; key++)
		str_append_char(out, (unsigned char) *key < 0x20 || *key == 0x7F ? '?' : *key);
}

typedef struct Duplicates {
	void (*tell)(void *context, const char *path, const char *key);
	void *context;
	Str path; /* to the container that is looked at */
} Duplicates;

/* Each key that this object has more than once, once. */
static void tell_own_duplicates(const cJSON *object, Duplicates *d)
{
	size_t count = (size_t) cJSON_GetArraySize(object);
	const char **keys = xmalloc((count + 1) * sizeof(*keys));
	const cJSON *child = NULL;
	size_t used = 0;

	cJSON_ArrayForEach(child, object) {
		keys[used++] = child->string;
	}
	qsort(keys, used, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < used; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0 && (i == 1 || strcmp(keys[i - 2], keys[i]) != 0))
			d->tell(d->context, str_text(&d->path), keys[i]);
	free(keys);
}

static void tell_duplicates(const cJSON *container, Duplicates *d)
{
	size_t index = 0;

	if (cJSON_IsObject(container))
		tell_own_duplicates(container, d);
	for (const cJSON *child = container->child; child != NULL; child = child->next) {
		size_t length = d->path.length;

		index++;
		if (!cJSON_IsObject(child) && !cJSON_IsArray(child))
			continue;
		if (cJSON_IsArray(container))
			str_printf(&d->path, "[%zu]", index - 1);
		else if (length > 0)
			str_append_char(&d->path, '.');
		if (cJSON_IsObject(container))
			append_shown(&d->path, child->string);
		tell_duplicates(child, d);
		str_cut(&d->path, length);
	}
}

void json_each_duplicate(const Json *document, void (*tell)(void *context, const char *path, const char *key), void *context)
{
	Duplicates duplicates = {.tell = tell, .context = context, .path = STR_INIT};

	tell_duplicates(raw(document), &duplicates);
	str_free(&duplicates.path);
}

typedef struct Refusal {
	Err *err;
	bool told;
} Refusal;

/* The first one is told. */
static void refuse_duplicate(void *context, const char *path, const char *key)
{
	Refusal *refusal = context;
	Str shown = STR_INIT;

	if (refusal->told)
		return;
	refusal->told = true;
	append_shown(&shown, key);
	err_set(refusal->err, ERR_USAGE, "%s%sthe key \"%s\" stands twice in one object; keep one of them", path,
	        *path != '\0' ? ": " : "", str_text(&shown));
	str_free(&shown);
}

/* cJSON stops at the document's end; only white space may follow. */
static bool only_space(const char *text, const char *end)
{
	for (; text < end; text++)
		if (!is_space(*text))
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

/* The usual slips, by what stands where cJSON gave up. */
static const char *slip(const char *text, size_t length, size_t at)
{
	char before = '\0';

	for (size_t i = at; i > 0 && before == '\0'; i--)
		before = is_space(text[i - 1]) ? '\0' : text[i - 1];
	if (at >= length)
		return "something is missing at the end";
	if (text[at] == '/' || text[at] == '#')
		return "not JSON, which has no comments";
	if (text[at] == '\'' || before == '\'')
		return "not JSON, which has its strings in double quotes";
	if ((text[at] == '}' || text[at] == ']') && before == ',')
		return "a comma too many before this";
	if (text[at] == '"' && before != '\0' && strchr("{[,:\\", before) == NULL)
		return "a comma or a colon is missing before this";
	return "not valid JSON from here on";
}

static bool refuse_syntax(Err *err, const char *text, size_t length, size_t at, const Scan *scanned)
{
	while (at < length && is_space(text[at]))
		at++;
	if (scanned->open && at >= scanned->last_token)
		return refuse_at(err, text, length, "the file ends in the middle of a value");
	return refuse_at(err, text, at, slip(text, length, at));
}

Json *json_parse_loosely(const char *text, size_t length, Err *err)
{
	size_t bad = 0;
	const char *end = NULL;

	if (length > JSON_BYTES_MAX) {
		err_set(err, ERR_USAGE, "larger than the %zu MiB that are read",
		        JSON_BYTES_MAX / ((size_t) 1024 * 1024));
		return NULL;
	}
	if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
		text += 3;
		length -= 3;
	}
	if (only_space(text, text + length)) {
		err_set(err, ERR_USAGE, JSON_EMPTY);
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

	const Scan scanned = scan(text, length);

	if (scanned.problem != NULL) {
		refuse_at(err, text, scanned.bad, scanned.problem);
		return NULL;
	}

	cJSON *document = cJSON_ParseWithLengthOpts(text, length, &end, false);

	if (document == NULL || !only_space(end, text + length)) {
		cJSON_Delete(document);
		refuse_syntax(err, text, length, end != NULL ? (size_t) (end - text) : 0, &scanned);
		return NULL;
	}
	return wrap(document);
}

/* Takes the document. */
static Json *without_duplicates(Json *document, Err *err)
{
	Refusal refusal = {.err = err};

	if (document != NULL)
		json_each_duplicate(document, refuse_duplicate, &refusal);
	if (!refusal.told)
		return document;
	json_free(document);
	return NULL;
}

Json *json_parse(const char *text, size_t length, Err *err)
{
	return without_duplicates(json_parse_loosely(text, length, err), err);
}

static Json *load(const char *path, Json *(*parse)(const char *text, size_t length, Err *err), Err *err)
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
		document = parse(str_text(&text), text.length, err);
		if (document == NULL)
			err_wrap(err, "%s", path);
	}
	fclose(file);
	str_free(&text);
	return document;
}

Json *json_load(const char *path, Err *err)
{
	return load(path, json_parse, err);
}

Json *json_load_loosely(const char *path, Err *err)
{
	return load(path, json_parse_loosely, err);
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
