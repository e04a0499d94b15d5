/* From the text of a description to a Draft, by the tables of cluster_keys.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/cluster_keys.h"
#include "util/json.h"
#include "util/str.h"

/* Where the reader is; paths are spelled out only when something is wrong. */
typedef struct Place {
	const struct Place *parent; /* NULL: the whole file */
	const char *key;            /* NULL: an item */
	size_t index;
} Place;

typedef struct Reader {
	Arena *arena;
	Mistakes *mistakes;
} Reader;

typedef void ReadFunction(Reader *reader, const Place *place, const Json *value,
                          const Shape *shape, void *target);

static void read_value(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                       void *target);

static const char *path_of(Reader *reader, const Place *place)
{
	if (place->parent == NULL)
		return "";
	return path_join(reader->arena, path_of(reader, place->parent), place->key, place->index);
}

/* Past the last mistake that is kept, words are not even put together. */
#define COMPLAIN(reader, place, ...) \
	((reader)->mistakes->total < MISTAKES_MAX \
	     ? mistake((reader)->mistakes, path_of((reader), (place)), "", __VA_ARGS__) \
	     : (void) (reader)->mistakes->total++)

/* ---- what is wanted, in words -------------------------------------------- */

static size_t choice_count(const char *const choices[])
{
	size_t count = 0;

	while (choices[count] != NULL)
		count++;
	return count;
}

static const char *wanted(Reader *reader, const Shape *shape)
{
	switch (shape->kind) {
		case SHAPE_TEXT:
			return "a string";
		case SHAPE_CHOICE:
			return show_names(reader->arena, shape->choices, choice_count(shape->choices), "or");
		case SHAPE_FLAG:
			return "true or false";
		case SHAPE_INTEGER:
			return "a whole number";
		case SHAPE_NUMBER:
			return "a number";
		case SHAPE_SCALAR:
			return "a string, a number, true or false";
		case SHAPE_OBJECT:
		case SHAPE_MAP:
			return "an object";
		case SHAPE_LIST:
			return "an array";
		case SHAPE_MANY:
			return "an array or a whole number";
	}
	return "";
}

static void wrong_type(Reader *reader, const Place *place, const Json *value, const Shape *shape)
{
	COMPLAIN(reader, place, "must be %s, not %s%s", wanted(reader, shape),
	         json_type_name(json_type(value)), shape->instead != NULL ? shape->instead : "");
}

/* A number as people write it. */
static const char *show_number(Reader *reader, double number)
{
	if (!isfinite(number))
		return number < 0 ? "a number that small" : "a number that large";
	if (floor(number) == number && fabs(number) < 1e15)
		return arena_printf(reader->arena, "%.0f", number);
	return arena_printf(reader->arena, "%.15g", number);
}

/* ---- one function a shape ------------------------------------------------- */

static bool check_text(Reader *reader, const Place *place, const char *text, const Shape *shape)
{
	const Rule *rule = shape->rule;
	size_t length = strlen(text);
	size_t least = shape->kind == SHAPE_SCALAR ? 0 : 1;

	if (length >= least && length <= rule->max && rule->fits(text))
		return true;
	if (length < least)
		COMPLAIN(reader, place, "is empty; it must be %s", rule->must_be);
	else if (shape->secret)
		COMPLAIN(reader, place, "must be %s", rule->must_be);
	else
		COMPLAIN(reader, place, "%s is not %s", show_text(reader->arena, text), rule->must_be);
	return false;
}

static void read_text(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                      void *target)
{
	const char *text = json_text(value);

	/* Neither missing nor worth a second mistake. */
	*(const char **) target = "";
	if (text == NULL)
		wrong_type(reader, place, value, shape);
	else if (check_text(reader, place, text, shape))
		*(const char **) target = arena_strdup(reader->arena, text);
}

static void read_choice(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                        void *target)
{
	const char *text = json_text(value);
	size_t count = choice_count(shape->choices);

	if (text == NULL) {
		wrong_type(reader, place, value, shape);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(shape->choices[i], text) == 0) {
			*(unsigned *) target = i;
			return;
		}
	}
	COMPLAIN(reader, place, "%s is not %s%s", show_text(reader->arena, text), wanted(reader, shape),
	         did_you_mean(reader->arena, text, shape->choices, count));
}

static void read_flag(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                      void *target)
{
	if (json_type(value) == JSON_BOOL)
		*(bool *) target = json_bool(value);
	else
		wrong_type(reader, place, value, shape);
}

static void read_integer(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                         void *target)
{
	double number = json_number(value);
	bool whole = floor(number) == number;

	if (json_type(value) != JSON_NUMBER)
		wrong_type(reader, place, value, shape);
	else if (whole && number >= shape->low && number <= shape->high)
		*(int *) target = (int) number;
	else
		COMPLAIN(reader, place, "%s is not %sbetween %.0f and %.0f", show_number(reader, number),
		         whole ? "" : "a whole number ", shape->low, shape->high);
}

static void read_number(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                        void *target)
{
	double number = json_number(value);
	bool low = shape->above_low ? number <= shape->low : number < shape->low;

	if (json_type(value) != JSON_NUMBER)
		wrong_type(reader, place, value, shape);
	else if (isfinite(number) && !low && number <= shape->high)
		*(double *) target = number;
	else if (shape->above_low)
		COMPLAIN(reader, place, "%s is not above %.0f and at most %.0f", show_number(reader, number),
		         shape->low, shape->high);
	else
		COMPLAIN(reader, place, "%s is not between %.0f and %.0f", show_number(reader, number),
		         shape->low, shape->high);
}

/* What a server setting may be, as the text that PostgreSQL reads. */
static void read_scalar(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                        void *target)
{
	const char *text = "";
	double number = json_number(value);

	switch (json_type(value)) {
		case JSON_STRING:
			text = arena_strdup(reader->arena, json_text(value));
			(void) check_text(reader, place, text, shape); /* all that there is to say */
			break;
		case JSON_NUMBER:
			text = show_number(reader, number);
			if (!isfinite(number))
				COMPLAIN(reader, place, "is too large a number");
			break;
		case JSON_BOOL:
			text = json_bool(value) ? "on" : "off";
			break;
		case JSON_NULL:
		case JSON_ARRAY:
		case JSON_OBJECT:
			wrong_type(reader, place, value, shape);
			break;
	}
	*(const char **) target = text;
}

static void read_list(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                      void *target)
{
	List *list = target;
	size_t count = json_size(value);
	size_t index = 0;

	list->given = true;
	if (json_type(value) != JSON_ARRAY) {
		wrong_type(reader, place, value, shape);
		return;
	}
	if (count < (size_t) shape->low) {
		COMPLAIN(reader, place, "is empty; at least one is needed");
		return;
	}
	if (count > (size_t) shape->high) {
		COMPLAIN(reader, place, "has %zu items, and at most %.0f are read", count, shape->high);
		return;
	}
	list->items = arena_array(reader->arena, count, shape->item->size);
	for (const Json *item = json_first(value); item != NULL; item = json_next(item)) {
		const Place here = {.parent = place, .index = index};

		read_value(reader, &here, item, shape->item,
		           (char *) list->items + index * shape->item->size);
		index++;
	}
	list->count = count;
}

static void read_map(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                     void *target)
{
	List *list = target;

	list->given = true;
	if (json_type(value) != JSON_OBJECT) {
		wrong_type(reader, place, value, shape);
		return;
	}

	size_t count = json_size(value);

	if (count > (size_t) shape->high) {
		COMPLAIN(reader, place, "has %zu keys, and at most %.0f are read", count, shape->high);
		return;
	}

	Pair *pairs = arena_array(reader->arena, count, sizeof(*pairs));

	list->items = pairs;
	for (const Json *item = json_first(value); item != NULL; item = json_next(item)) {
		const Place here = {.parent = place, .key = json_key(item)};
		Pair *pair = &pairs[list->count++];

		pair->name = arena_strdup(reader->arena, here.key);
		if (*here.key == '\0' || strlen(here.key) > shape->rule->max || !shape->rule->fits(here.key))
			COMPLAIN(reader, place, "%s is not %s", show_text(reader->arena, here.key),
			         shape->rule->must_be);
		read_value(reader, &here, item, shape->item, &pair->value);
	}
}

static void read_many(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                      void *target)
{
	Many *many = target;

	many->list.given = true;
	if (json_type(value) == JSON_NUMBER) {
		read_integer(reader, place, value, shape, &many->count);
	} else if (json_type(value) == JSON_ARRAY) {
		const Shape list = {.kind = SHAPE_LIST, .item = shape->item, .low = 1, .high = 1000};

		read_list(reader, place, value, &list, &many->list);
	} else {
		wrong_type(reader, place, value, shape);
	}
}

static const Key *find_key(const Key *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

static void unknown_key(Reader *reader, const Place *place, const Shape *shape)
{
	const char *names[KEYS_MAX];
	size_t count = 0;
	const char *near = NULL;

	if (reader->mistakes->total >= MISTAKES_MAX) {
		reader->mistakes->total++;
		return;
	}
	for (const Key *key = shape->keys; key->name != NULL && count < KEYS_MAX; key++)
		if (!key->for_editors)
			names[count++] = key->name;
	near = did_you_mean(reader->arena, place->key, names, count);
	if (*near != '\0')
		COMPLAIN(reader, place, "unknown key%s", near);
	else
		COMPLAIN(reader, place, "unknown key; known are %s",
		         show_names(reader->arena, names, count, "and"));
}

static void check_keys(Reader *reader, const Place *place, const Json *value, const Shape *shape)
{
	size_t known = 0;

	for (const Key *key = shape->keys; key->name != NULL; key++) {
		const Place here = {.parent = place, .key = key->name};

		if (json_get(value, key->name) != NULL)
			known++;
		else if (key->missing != NULL)
			COMPLAIN(reader, &here, "%s", key->missing);
	}
	if (shape->exactly_one && known != 1)
		COMPLAIN(reader, place, "must have exactly one key, not %s%s", known == 0 ? "none" : "several",
		         shape->instead != NULL ? shape->instead : "");
}

static void read_object(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                        void *target)
{
	Head *head = target;
	bool seen[KEYS_MAX] = {false};

	head->path = path_of(reader, place);
	head->usable = json_type(value) == JSON_OBJECT;
	if (!head->usable) {
		wrong_type(reader, place, value, shape);
		return;
	}
	for (const Json *item = json_first(value); item != NULL; item = json_next(item)) {
		const Place here = {.parent = place, .key = json_key(item)};
		const Key *key = find_key(shape->keys, here.key);

		if (key == NULL) {
			unknown_key(reader, &here, shape);
		} else if (!seen[key - shape->keys]) { /* a second one was told as such; its place is taken */
			seen[key - shape->keys] = true;
			read_value(reader, &here, item, key->shape, (char *) target + key->offset);
		}
	}
	check_keys(reader, place, value, shape);
}

static void read_value(Reader *reader, const Place *place, const Json *value, const Shape *shape,
                       void *target)
{
	static ReadFunction *const readers[] = {
		[SHAPE_TEXT] = read_text,       [SHAPE_CHOICE] = read_choice, [SHAPE_FLAG] = read_flag,
		[SHAPE_INTEGER] = read_integer, [SHAPE_NUMBER] = read_number, [SHAPE_SCALAR] = read_scalar,
		[SHAPE_OBJECT] = read_object,   [SHAPE_LIST] = read_list,     [SHAPE_MAP] = read_map,
		[SHAPE_MANY] = read_many,
	};

	readers[shape->kind](reader, place, value, shape, target);
}

static void tell_duplicate(void *context, const char *path, const char *key)
{
	Mistakes *mistakes = context;

	mistake(mistakes, arena_strdup(mistakes->arena, path), "", "the key %s stands twice in one object; keep one of them",
	        show_text(mistakes->arena, key));
}

void cluster_read(Draft *draft, const Json *document, Mistakes *mistakes)
{
	Reader reader = {.arena = mistakes->arena, .mistakes = mistakes};
	const Place whole = {.parent = NULL};

	*draft = (Draft) {.tls = 1, .shard_count = 32, .rebalance = {.threshold = 0.05}};
	json_each_duplicate(document, tell_duplicate, mistakes);
	read_value(&reader, &whole, document, &description_shape, draft);
}
