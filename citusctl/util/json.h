/*
 * util/json.h - JSON in and out; the only place that knows cJSON.
 *
 * Ownership: json_parse(), json_object() and json_array() hand out a document
 *            that the caller frees with json_free(); values reached from it
 *            belong to it.
 * Errors:    json_parse() refuses what is not UTF-8, deeper than
 *            JSON_DEPTH_MAX or larger than JSON_BYTES_MAX, what holds \u0000
 *            (C texts end there), and says at which line and column; and a key
 *            that stands twice in one object, and says in which.
 * Threads:   a document is used by one thread at a time; parse before threads
 *            are started.
 */
#ifndef CITUSCTL_UTIL_JSON_H
#define CITUSCTL_UTIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

#define JSON_DEPTH_MAX 64
#define JSON_BYTES_MAX ((size_t) 16 * 1024 * 1024)

typedef struct Json Json;

typedef enum JsonType {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
} JsonType;

/* NULL when text is not one JSON document. */
Json *json_parse(const char *text, size_t length, Err *err) MUST_CHECK;

/* As json_parse() of a file's content; a missing file is ERR_USAGE. */
Json *json_load(const char *path, Err *err) MUST_CHECK;

/* As those two, but keys that stand twice stay; json_each_duplicate() tells each of them, with
 * the path of its object ("" for the document itself). */
Json *json_parse_loosely(const char *text, size_t length, Err *err) MUST_CHECK;
Json *json_load_loosely(const char *path, Err *err) MUST_CHECK;
void json_each_duplicate(const Json *document, void (*tell)(void *context, const char *path, const char *key), void *context);

void json_free(Json *document);

/*
 * A file whose bulk is one array, such as {"nodes": [...], "shard_groups": [...]}:
 * up to JSON_BULK_MAX bytes, and memory for little more than its text, as the items of the
 * array are parsed one by one.
 */
#define JSON_BULK_MAX ((size_t) 1024 * 1024 * 1024)

typedef struct JsonBulk {
	Json *rest; /* the document with that array empty */
	char *text; /* NULL unless the array was taken apart: else it is in rest as usual */
	const char *at, *end;
	size_t count; /* items that were handed out */
} JsonBulk;

/* Small files are read as by json_load(), and then text is NULL.  End with json_bulk_free(). */
bool json_bulk_load(const char *path, const char *key, JsonBulk *bulk, Err *err) MUST_CHECK;

/* As json_bulk_load() of text, taken apart whatever its size. */
bool json_bulk_parse(const char *text, size_t length, const char *key, JsonBulk *bulk, Err *err) MUST_CHECK;

/* The next item, freed by the caller; NULL at the end and on error, which sets err. */
Json *json_bulk_next(JsonBulk *bulk, Err *err);
void json_bulk_free(JsonBulk *bulk);

JsonType json_type(const Json *value);
const char *json_type_name(JsonType type); /* "a string", "an object" ... */
const char *json_key(const Json *value);   /* its key in its object, or NULL */

/* How the message ends when there is nothing in a file. */
#define JSON_EMPTY "the file is empty"

/* Members and items in order: first child, next sibling, NULL at the end. */
const Json *json_first(const Json *container);
const Json *json_next(const Json *value);
size_t json_size(const Json *container);

/* NULL when the object has no such member. */
const Json *json_get(const Json *object, const char *key);

const char *json_text(const Json *string); /* NULL when not a string */
double json_number(const Json *number);    /* 0 when not a number */
bool json_bool(const Json *value);         /* false when not true */

/* The integer, when the number is one that a double holds exactly. */
bool json_int64(const Json *number, int64_t *value);

/* Making documents.  key is NULL when container is an array. */
Json *json_object(void);
Json *json_array(void);
Json *json_add_object(Json *container, const char *key);
Json *json_add_array(Json *container, const char *key);
void json_add_text(Json *container, const char *key, const char *text); /* NULL: null */
void json_add_int(Json *container, const char *key, int64_t value);
void json_add_double(Json *container, const char *key, double value); /* not finite: null */
void json_add_bool(Json *container, const char *key, bool value);

/* The document as text, indented or on one line; the caller frees it. */
char *json_print(const Json *document, bool indented);

#endif
