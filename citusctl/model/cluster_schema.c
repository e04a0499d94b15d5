/* The JSON Schema of the description, from the tables that it is read by. */
#include "model/cluster.h"

#include "model/cluster_keys.h"
#include "util/json.h"

static void describe(Json *into, const Shape *shape);

/* A whole number as such: 1e9 would read oddly. */
static void add_limit(Json *into, const char *name, double limit)
{
	json_add_int(into, name, (int64_t) limit);
}

static void describe_text(Json *into, const Rule *rule)
{
	json_add_text(into, "type", "string");
	if (rule->pattern != NULL) {
		json_add_text(into, "pattern", rule->pattern);
	} else {
		json_add_int(into, "minLength", 1);
		json_add_int(into, "maxLength", (int64_t) rule->max);
	}
}

static void describe_number(Json *into, const Shape *shape)
{
	json_add_text(into, "type", shape->kind == SHAPE_NUMBER ? "number" : "integer");
	add_limit(into, shape->above_low ? "exclusiveMinimum" : "minimum", shape->low);
	add_limit(into, "maximum", shape->high);
}

static void describe_choice(Json *into, const Shape *shape)
{
	Json *list = json_add_array(into, "enum");

	for (size_t i = 0; shape->choices[i] != NULL; i++)
		json_add_text(list, NULL, shape->choices[i]);
}

static void describe_scalar(Json *into, const Shape *shape)
{
	Json *types = json_add_array(into, "type");

	json_add_text(types, NULL, "string");
	json_add_text(types, NULL, "number");
	json_add_text(types, NULL, "boolean");
	json_add_text(into, "pattern", shape->rule->pattern);
}

static void describe_list(Json *into, const Shape *shape)
{
	json_add_text(into, "type", "array");
	describe(json_add_object(into, "items"), shape->item);
}

static void describe_map(Json *into, const Shape *shape)
{
	json_add_text(into, "type", "object");
	json_add_text(json_add_object(into, "propertyNames"), "pattern", shape->rule->pattern);
	describe(json_add_object(into, "additionalProperties"), shape->item);
}

static void describe_many(Json *into, const Shape *shape)
{
	Json *either = json_add_array(into, "oneOf");
	Json *count = json_add_object(either, NULL);
	Json *list = json_add_object(either, NULL);

	describe_number(count, shape);
	describe_list(list, shape);
	json_add_int(list, "minItems", 1);
}

static void describe_object(Json *into, const Shape *shape)
{
	Json *required = NULL;

	json_add_text(into, "type", "object");

	Json *properties = json_add_object(into, "properties");

	for (const Key *key = shape->keys; key->name != NULL; key++) {
		Json *property = json_add_object(properties, key->name);

		json_add_text(property, "description", key->about);
		describe(property, key->shape);
		if (key->missing != NULL && required == NULL)
			required = json_add_array(into, "required");
		if (key->missing != NULL)
			json_add_text(required, NULL, key->name);
	}
	json_add_bool(into, "additionalProperties", false);
	if (shape->exactly_one) {
		json_add_int(into, "minProperties", 1);
		json_add_int(into, "maxProperties", 1);
	}
}

static void describe(Json *into, const Shape *shape)
{
	switch (shape->kind) {
		case SHAPE_TEXT:
			describe_text(into, shape->rule);
			break;
		case SHAPE_CHOICE:
			describe_choice(into, shape);
			break;
		case SHAPE_FLAG:
			json_add_text(into, "type", "boolean");
			break;
		case SHAPE_INTEGER:
		case SHAPE_NUMBER:
			describe_number(into, shape);
			break;
		case SHAPE_SCALAR:
			describe_scalar(into, shape);
			break;
		case SHAPE_OBJECT:
			describe_object(into, shape);
			break;
		case SHAPE_LIST:
			describe_list(into, shape);
			break;
		case SHAPE_MAP:
			describe_map(into, shape);
			break;
		case SHAPE_MANY:
			describe_many(into, shape);
			break;
	}
}

char *cluster_json_schema(void)
{
	Json *document = json_object();

	json_add_text(document, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_add_text(document, "title", "Description of a cluster for citusctl");
	describe(document, &description_shape);

	char *text = json_print(document, true);

	json_free(document);
	return text;
}
