#include "demo/snapshot.h"
#include "demo/verify.h"
#include "ops/placement.h"

/* Rules are said of the first table of a colocation group. */
static const Table *head_of(const Table *table)
{
	while (table->colocate_with != NULL)
		table = table->colocate_with;
	return table;
}

static const Table *find_table(const Cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->table_count; i++) {
		if (str_equal(cluster->tables[i].name, name))
			return &cluster->tables[i];
	}
	return NULL;
}

bool verify_has_placement(const Cluster *cluster)
{
	for (size_t i = 0; cluster != NULL && i < cluster->table_count; i++) {
		if (cluster->tables[i].placement.count > 0)
			return true;
	}
	return false;
}

bool check_placement(Verify *v, Err *err)
{
	const Cluster *cluster = v->target->cluster;
	DemoSnapshot snapshot;
	size_t pinned = 0;

	if (!snapshot_take(v->target, v->arena, &snapshot, err))
		return false;
	for (size_t i = 0; i < snapshot.count; i++) {
		const DemoShard *shard = &snapshot.shards[i];
		const Table *table = find_table(cluster, shard->table);
		const Node *node = cluster_find_node(cluster, v->target->nodes[shard->node].name);
		const Pair *lacking = table != NULL ? placement_lacking(node, head_of(table)) : NULL;

		pinned += table != NULL && head_of(table)->placement.count > 0 ? 1 : 0;
		if (lacking != NULL)
			verify_problem(v, "a shard of %s lies on %s, which is not labelled %s=%s", shard->table,
			               v->target->nodes[shard->node].name, lacking->name, lacking->value);
	}
	v->said = arena_printf(v->arena, "%zu shards lie on nodes with the labels that their tables ask for", pinned);
	return true;
}
