#include "ops/throwaway.h"

#include <stdlib.h>
#include <string.h>

#include "io/asset.h"
#include "util/json.h"

const Cluster *throwaway_cluster(Arena *arena, const char *name, const char *engine, int workers,
                                 const char **text, Err *err)
{
	const char *base = asset_text("sql/demo/description.json");
	Json *document = json_parse(base, strlen(base), err);

	if (document == NULL)
		return NULL;
	json_add_text(document, "name", name);
	json_add_text(document, "deploy", "local");
	json_add_text(document, "engine", engine);
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
	const Cluster *demo = throwaway_cluster(arena, "demo", "auto", 1, &text, err);

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
