#include "cli/simulate_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"
#include "util/str.h"

#define THRESHOLD_MAX 10.0
#define CAPACITY_MIN 1e-6 /* of a node that takes shards */
#define CAPACITY_MAX 1e9

/* Nodes by name, sorted, for the look-ups of many shard groups. */
typedef struct NodeName {
	const char *name;
	uint32_t node;
} NodeName;

typedef struct Reader {
	Simulation *simulation;
	NodeName *names;
	size_t name_count;
	uint32_t *scratch; /* nodes of a set */
	JsonBulk *bulk;
	Err *err;
} Reader;

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const NodeName *) a)->name, ((const NodeName *) b)->name);
}

/* ---- members of an object ------------------------------------------------- */

static bool refuse_type(Reader *reader, const Json *value, const char *key, const char *wanted)
{
	if (value == NULL)
		return err_set(reader->err, ERR_USAGE, "%s is missing; it must be %s", key, wanted);
	if (json_type(value) == JSON_NUMBER)
		return err_set(reader->err, ERR_USAGE, "%s must be %s, not %.16g", key, wanted, json_number(value));
	return err_set(reader->err, ERR_USAGE, "%s must be %s, not %s", key, wanted,
	               json_type_name(json_type(value)));
}

static bool read_number(Reader *reader, const Json *object, const char *key, double most, double *number)
{
	const Json *value = json_get(object, key);

	if (value == NULL)
		return true;
	if (json_type(value) != JSON_NUMBER)
		return refuse_type(reader, value, key, "a number");
	*number = json_number(value);
	return (*number >= 0 && *number <= most) ||
	       err_set(reader->err, ERR_USAGE, "%s: %g is not between 0 and %g", key, *number, most);
}

/* Beyond 2^53, two whole numbers of a JSON file can be read as one. */
static bool read_whole(Reader *reader, const Json *value, const char *key, const char *wanted, int64_t *whole)
{
	double number = value != NULL ? json_number(value) : 0;

	if (value != NULL && json_int64(value, whole))
		return true;
	if (number > 9007199254740992.0 && floor(number) == number)
		return err_set(reader->err, ERR_USAGE, "%s: %.16g is more than 9007199254740992 (2^53), up to which whole "
		               "numbers are exact in JSON", key, number);
	return refuse_type(reader, value, key, wanted);
}

static bool read_flag(Reader *reader, const Json *object, const char *key, bool *flag)
{
	const Json *value = json_get(object, key);

	if (value == NULL)
		return true;
	*flag = json_bool(value);
	return json_type(value) == JSON_BOOL || refuse_type(reader, value, key, "true or false");
}

static bool known_keys(Reader *reader, const Json *object, const char *const keys[], size_t count)
{
	if (json_type(object) != JSON_OBJECT)
		return err_set(reader->err, ERR_USAGE, "must be an object, not %s",
		               json_type_name(json_type(object)));
	for (const Json *member = json_first(object); member != NULL; member = json_next(member)) {
		size_t i = 0;

		while (i < count && strcmp(json_key(member), keys[i]) != 0)
			i++;
		if (i < count)
			continue;

		const char *near = str_nearest(json_key(member), keys, count);

		err_set(reader->err, ERR_USAGE, "unknown key \"%s\"", json_key(member));
		return near != NULL ? err_hint(reader->err, "Did you mean \"%s\"?", near) : false;
	}
	return true;
}

/* ---- nodes ---------------------------------------------------------------- */

static bool read_node(Reader *reader, const Json *object)
{
	static const char *const keys[] = {"name", "capacity", "accepts_shards"};
	double capacity = 1;
	bool accepts = true;

	if (!known_keys(reader, object, keys, sizeof(keys) / sizeof(keys[0])))
		return false;

	const char *name = json_text(json_get(object, "name"));

	if (name == NULL || *name == '\0')
		return refuse_type(reader, json_get(object, "name"), "name", "a text that is not empty");
	if (!read_number(reader, object, "capacity", CAPACITY_MAX, &capacity) ||
	    !read_flag(reader, object, "accepts_shards", &accepts))
		return false;
	if (capacity > 0 && capacity < CAPACITY_MIN)
		return err_set(reader->err, ERR_USAGE, "capacity: %g is too small: it is 0, or at least %g", capacity,
		               CAPACITY_MIN);
	problem_add_node(reader->simulation->problem, name, capacity, accepts);
	return true;
}

static bool read_nodes(Reader *reader, const Json *array)
{
	BalanceProblem *problem = reader->simulation->problem;
	size_t index = 0;

	if (array == NULL || json_type(array) != JSON_ARRAY)
		return refuse_type(reader, array, "nodes", "an array");
	for (const Json *node = json_first(array); node != NULL; node = json_next(node), index++)
		if (!read_node(reader, node))
			return err_wrap(reader->err, "nodes[%zu]", index);
	reader->name_count = problem->node_count;
	reader->names = arena_array(reader->simulation->arena, reader->name_count + 1, sizeof(NodeName));
	reader->scratch = arena_array(reader->simulation->arena, reader->name_count + 1, sizeof(uint32_t));
	for (uint32_t n = 0; n < problem->node_count; n++)
		reader->names[n] = (NodeName) {problem->nodes[n].name, n};
	qsort(reader->names, reader->name_count, sizeof(NodeName), compare_names);
	for (size_t n = 1; n < reader->name_count; n++)
		if (strcmp(reader->names[n - 1].name, reader->names[n].name) == 0)
			return err_set(reader->err, ERR_USAGE, "nodes: two of them are called \"%s\"",
			               reader->names[n].name);
	return true;
}

static bool find_node(Reader *reader, const Json *value, const char *key, uint32_t *node)
{
	const char *text = value != NULL ? json_text(value) : NULL;
	NodeName wanted = {text, 0};

	if (text == NULL)
		return refuse_type(reader, value, key, "the name of a node");

	const NodeName *found =
		bsearch(&wanted, reader->names, reader->name_count, sizeof(wanted), compare_names);

	if (found == NULL)
		return err_set(reader->err, ERR_USAGE, "%s: there is no node \"%s\" among the nodes", key, text);
	*node = found->node;
	return true;
}

/* ---- shard groups --------------------------------------------------------- */

static bool read_allowed(Reader *reader, const Json *array, NodeSet *set)
{
	size_t count = 0;

	if (array == NULL)
		return true;
	if (json_type(array) != JSON_ARRAY)
		return refuse_type(reader, array, "allowed", "an array of nodes");
	for (const Json *name = json_first(array); name != NULL; name = json_next(name)) {
		uint32_t node = 0;

		if (!find_node(reader, name, "allowed", &node))
			return false;
		if (count == reader->name_count)
			return err_set(reader->err, ERR_USAGE, "allowed: names a node twice");
		reader->scratch[count++] = node;
	}
	*set = problem_set(reader->simulation->problem, reader->scratch, count);
	return true;
}

static bool read_id(Reader *reader, const Json *value, GroupLabel *label)
{
	const char *text = value != NULL ? json_text(value) : NULL;

	if (text != NULL)
		label->text = arena_strdup(reader->simulation->arena, text);
	else
		return read_whole(reader, value, "id", "a whole number or a text", &label->id);
	return true;
}

static bool read_bytes(Reader *reader, const Json *value, int64_t *bytes)
{
	if (!read_whole(reader, value, "bytes", "a whole number", bytes))
		return false;
	return *bytes >= 0 || err_set(reader->err, ERR_USAGE, "bytes: %lld is below 0", (long long) *bytes);
}

static bool read_group(Reader *reader, const Json *object, GroupLabel *label)
{
	static const char *const keys[] = {"id", "colocation", "node", "bytes", "allowed", "pinned"};
	BalanceGroup group = {.allowed = NODES_ALL};
	int64_t colocation = 0;

	if (!known_keys(reader, object, keys, sizeof(keys) / sizeof(keys[0])) ||
	    !read_id(reader, json_get(object, "id"), label) ||
	    !find_node(reader, json_get(object, "node"), "node", &group.node) ||
	    !read_bytes(reader, json_get(object, "bytes"), &group.bytes) ||
	    !read_allowed(reader, json_get(object, "allowed"), &group.allowed) ||
	    !read_flag(reader, object, "pinned", &group.pinned))
		return false;

	const char *const wanted = "a whole number from 0 to 4294967295";
	const Json *value = json_get(object, "colocation");

	if (value != NULL && !read_whole(reader, value, "colocation", wanted, &colocation))
		return false;
	if (colocation < 0 || colocation > UINT32_MAX)
		return refuse_type(reader, value, "colocation", wanted);
	group.colocation = (uint32_t) colocation;
	problem_add_group(reader->simulation->problem, group);
	return true;
}

/* One more of an unknown number of groups; labels grow with them. */
static bool add_group(Reader *reader, const Json *object, size_t *capacity)
{
	Simulation *simulation = reader->simulation;
	size_t index = simulation->problem->group_count;

	if (simulation->labels == NULL || index == *capacity) {
		*capacity = index + index / 2 + 64;
		simulation->labels = xrealloc(simulation->labels, *capacity * sizeof(GroupLabel));
	}
	simulation->labels[index] = (GroupLabel) {.id = 0};
	return read_group(reader, object, &simulation->labels[index]) ||
	       err_wrap(reader->err, "shard_groups[%zu]", index);
}

/* FNV-1a of how the group is called: 7 and "7" are one name. */
static size_t hash_label(const GroupLabel *label, char name[], size_t size)
{
	uint64_t hash = 14695981039346656037U;
	const char *text = label->text;

	if (text == NULL) {
		snprintf(name, size, "%" PRId64, label->id);
		text = name;
	}
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char) *text) * 1099511628211U;
	return (size_t) (hash ^ hash >> 32);
}

static bool same_label(const GroupLabel *a, const GroupLabel *b)
{
	char a_name[24];
	char b_name[24];

	if (a->text == NULL && b->text == NULL)
		return a->id == b->id;
	snprintf(a_name, sizeof(a_name), "%" PRId64, a->id);
	snprintf(b_name, sizeof(b_name), "%" PRId64, b->id);
	return strcmp(a->text != NULL ? a->text : a_name, b->text != NULL ? b->text : b_name) == 0;
}

/* A move of one of two groups with the same id would not say which. */
static bool check_ids(Reader *reader)
{
	const GroupLabel *labels = reader->simulation->labels;
	size_t count = reader->simulation->problem->group_count;
	size_t mask = 1;
	bool ok = true;

	if (labels == NULL)
		return true;
	while (mask < count * 2)
		mask *= 2;
	mask--;

	uint32_t *slots = xmalloc((mask + 1) * sizeof(*slots)); /* a group and 1, or 0 */

	memset(slots, 0, (mask + 1) * sizeof(*slots));
	for (size_t g = 0; ok && g < count; g++) {
		char name[24];
		size_t at = hash_label(&labels[g], name, sizeof(name)) & mask;

		while (slots[at] != 0 && !same_label(&labels[slots[at] - 1], &labels[g]))
			at = (at + 1) & mask;
		ok = slots[at] == 0 ||
		     err_set(reader->err, ERR_USAGE, "shard_groups[%zu]: id: %s is that of shard_groups[%u] already", g,
		             labels[g].text != NULL ? labels[g].text : name, slots[at] - 1);
		slots[at] = (uint32_t) g + 1;
	}
	free(slots);
	return ok;
}

static bool read_groups(Reader *reader, const Json *array)
{
	size_t capacity = 0;

	if (array == NULL || json_type(array) != JSON_ARRAY)
		return refuse_type(reader, array, "shard_groups", "an array");
	for (const Json *group = json_first(array); group != NULL; group = json_next(group))
		if (!add_group(reader, group, &capacity))
			return false;
	if (reader->bulk->text == NULL)
		return true;
	for (;;) {
		Json *group = json_bulk_next(reader->bulk, reader->err);
		bool ok = group != NULL && add_group(reader, group, &capacity);

		json_free(group);
		if (group == NULL && reader->err->message != NULL)
			return err_wrap(reader->err, "shard_groups[%zu]", reader->simulation->problem->group_count);
		if (!ok)
			return group == NULL;
	}
}

static bool read_document(Reader *reader, const Json *document)
{
	static const char *const keys[] = {"nodes", "threshold", "min_gain", "shard_groups"};
	BalanceProblem *problem = reader->simulation->problem;

	return known_keys(reader, document, keys, sizeof(keys) / sizeof(keys[0])) &&
	       read_number(reader, document, "threshold", THRESHOLD_MAX, &problem->threshold) &&
	       read_number(reader, document, "min_gain", 1, &problem->min_gain) &&
	       read_nodes(reader, json_get(document, "nodes")) &&
	       read_groups(reader, json_get(document, "shard_groups")) && check_ids(reader);
}

static void name_group(const void *context, uint32_t group, char *out, size_t size)
{
	const GroupLabel *label = &((const Simulation *) context)->labels[group];

	if (label->text != NULL)
		snprintf(out, size, "%s", label->text);
	else
		snprintf(out, size, "%" PRId64, label->id);
}

static Simulation *read_simulation(const char *label, JsonBulk *bulk, Err *err)
{
	Simulation *simulation = xmalloc(sizeof(*simulation));
	Reader reader = {.simulation = simulation, .bulk = bulk, .err = err};

	*simulation = (Simulation) {.problem = problem_new(), .arena = arena_new()};
	simulation->problem->name_group = name_group;
	simulation->problem->context = simulation;
	if (!read_document(&reader, bulk->rest)) {
		err_wrap(err, "%s", label);
		simulate_free(simulation);
		simulation = NULL;
	}
	json_bulk_free(bulk);
	return simulation;
}

static void hint_if_empty(Err *err)
{
	if (str_ends(err->message, JSON_EMPTY))
		err_hint(err, "The smallest file is {\"nodes\": [{\"name\": \"a\"}], \"shard_groups\": []}.");
}

Simulation *simulate_parse(const char *label, const char *text, size_t length, Err *err)
{
	JsonBulk bulk = {.rest = json_parse(text, length, err)};

	if (bulk.rest != NULL)
		return read_simulation(label, &bulk, err);
	hint_if_empty(err);
	err_wrap(err, "%s", label);
	return NULL;
}

Simulation *simulate_parse_bulk(const char *label, const char *text, size_t length, Err *err)
{
	JsonBulk bulk;

	if (json_bulk_parse(text, length, "shard_groups", &bulk, err))
		return read_simulation(label, &bulk, err);
	err_wrap(err, "%s", label);
	return NULL;
}

Simulation *simulate_load(const char *path, Err *err)
{
	JsonBulk bulk;

	if (json_bulk_load(path, "shard_groups", &bulk, err))
		return read_simulation(path, &bulk, err);
	hint_if_empty(err);
	return NULL;
}

void simulate_free(Simulation *simulation)
{
	if (simulation == NULL)
		return;
	problem_free(simulation->problem);
	free(simulation->labels);
	arena_free(simulation->arena);
	free(simulation);
}
