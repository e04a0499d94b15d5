/*
 * Any bytes as a description: refused with at least one mistake, or a cluster
 * that keeps what cluster.h promises.  Nothing may leak.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void expect_node(const Cluster *cluster, size_t i)
{
	const Node *node = &cluster->nodes[i];

	expect(node->name != NULL && strlen(node->name) <= 40 && node->host != NULL);
	expect(cluster_find_node(cluster, node->name) == node);
	expect(node->is_coordinator == (i == 0) && node->capacity > 0);
	expect(node->port >= (cluster->deploy == DEPLOY_LOCAL ? 0 : 1) && node->port <= 65535);
}

static void expect_table(const Table *table)
{
	expect(table->name != NULL && *table->name != '\0' && strlen(table->name) <= 63);
	expect(table->schema == NULL || (*table->schema != '\0' && strlen(table->schema) <= 63));
	expect((table->type == TABLE_REFERENCE) == (table->distribution_column == NULL));
	expect(table->colocate_with == NULL || table->colocate_with->type == TABLE_DISTRIBUTED);
}

/* Every table once, references first, each behind the one it lies beside. */
static void expect_order(const Cluster *cluster, Arena *arena)
{
	const Table *const *order = cluster_tables_in_order(cluster, arena);
	bool *seen = arena_array(arena, cluster->table_count, sizeof(*seen));
	bool distributed = false;

	for (size_t i = 0; i < cluster->table_count; i++) {
		const Table *partner = order[i]->colocate_with;

		expect(!seen[order[i] - cluster->tables]);
		seen[order[i] - cluster->tables] = true;
		expect(partner == NULL || seen[partner - cluster->tables]);
		expect(!distributed || order[i]->type == TABLE_DISTRIBUTED);
		distributed = order[i]->type == TABLE_DISTRIBUTED;
	}
}

static void expect_cluster(const Cluster *cluster, Arena *arena)
{
	expect(cluster->name != NULL && strlen(cluster->name) <= 40 && cluster->node_count >= 2);
	expect(cluster->postgres.database != NULL && cluster->postgres.user != NULL);
	for (size_t i = 0; i < cluster->node_count; i++)
		expect_node(cluster, i);
	for (size_t i = 0; i < cluster->table_count; i++)
		expect_table(&cluster->tables[i]);
	expect_order(cluster, arena);
}

static void expect_mistakes(const MistakeList *mistakes, const Err *err)
{
	expect(mistakes->count >= 1 && mistakes->count <= 100);
	expect(err->kind == ERR_USAGE && err->message != NULL);
	for (size_t i = 0; i < mistakes->count; i++)
		expect(mistakes->items[i].path != NULL && *mistakes->items[i].message != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena *arena = arena_new();
	MistakeList mistakes = {.items = NULL};
	Err err = ERR_INIT;
	char *text = malloc(size > 0 ? size : 1);

	expect(text != NULL);
	if (size > 0)
		memcpy(text, data, size);

	const Cluster *cluster = cluster_parse(arena, "fuzz", text, size, &mistakes, &err);

	free(text); /* a cluster may not point into it */
	if (cluster != NULL)
		expect_cluster(cluster, arena);
	else
		expect_mistakes(&mistakes, &err);
	err_clear(&err);
	arena_free(arena);
	return 0;
}
