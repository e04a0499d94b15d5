#include "ops/throwaway.h"

#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "util/json.h"

#define PINNED_TO "eu"
#define OTHER_REGION "us"

/* Workers by name, half of them in each region; the tables are for the second. */
static void add_regions(Json *document, Arena *arena, int workers)
{
	Json *list = json_add_array(document, "workers");

	for (int i = 1; i <= workers; i++) {
		Json *worker = json_add_object(list, NULL);

		json_add_text(worker, "name", arena_printf(arena, "worker%d", i));
		json_add_text(json_add_object(worker, "labels"), "region", i <= workers / 2 ? OTHER_REGION : PINNED_TO);
	}
}

/* The first table of the colocation group says it for all. */
static const char *pin_tables(Arena *arena, const char *description)
{
	static const char users[] = "\"distribution_column\": \"id\"}";
	const char *at = strstr(description, users);
	size_t before = at != NULL ? (size_t) (at - description) + sizeof(users) - 2 : 0;

	return at == NULL ? description
	                  : arena_printf(arena, "%s, \"placement\": {\"region\": \"" PINNED_TO "\"}%s",
	                                 arena_strndup(arena, description, before), description + before);
}

const Cluster *throwaway_cluster(Arena *arena, const char *name, const char *engine, int workers, bool in_regions,
                                 const char **text, Err *err)
{
	const char *plain = asset_text("sql/demo/description.json");
	const char *base = in_regions ? pin_tables(arena, plain) : plain;
	Json *document = json_parse(base, strlen(base), err);

	if (document == NULL)
		return NULL;
	json_add_text(document, "name", name);
	json_add_text(document, "deploy", "local");
	json_add_text(document, "engine", engine);
	if (in_regions)
		add_regions(document, arena, workers);
	else
		json_add_int(document, "workers", workers);

	char *printed = json_print(document, true);

	json_free(document);
	*text = arena_strdup(arena, printed);
	free(printed);
	return cluster_parse(arena, "the demo's description", *text, strlen(*text), NULL, err);
}

const Cluster *throwaway_tables(Arena *arena, const Cluster *cluster, Err *err)
{
	const char *text = NULL;
	const Cluster *demo = throwaway_cluster(arena, "demo", "auto", 1, false, &text, err);

	if (demo == NULL)
		return NULL;

	Cluster *copy = arena_alloc(arena, sizeof(*copy));

	*copy = *cluster;
	copy->tables = demo->tables;
	copy->table_count = demo->table_count;
	copy->schema = demo->schema;
	copy->shard_count = demo->shard_count;
	return copy;
}
