#include "demo/snapshot.h"
#include "demo/verify.h"

/* What the nodes of a table's shards must be labelled with: said of the first of its colocation group. */
static const PairList *placement_of(const Table *table)
{
	while (table->colocate_with != NULL)
		table = table->colocate_with;
	return &table->placement;
}

static bool has_label(const Node *node, const Pair *wanted)
{
	for (size_t i = 0; i < node->labels.count; i++) {
		if (str_equal(node->labels.items[i].name, wanted->name) && str_equal(node->labels.items[i].value, wanted->value))
			return true;
	}
	return false;
}

static bool may_hold(const Node *node, const PairList *placement)
{
	for (size_t i = 0; i < placement->count; i++) {
		if (!has_label(node, &placement->items[i]))
			return false;
	}
	return true;
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

		if (table == NULL || placement_of(table)->count == 0)
			continue;
		pinned++;
		if (node == NULL || !may_hold(node, placement_of(table)))
			verify_problem(v, "a shard of %s lies on %s, which is not labelled %s=%s", shard->table,
			               v->target->nodes[shard->node].name, placement_of(table)->items[0].name,
			               placement_of(table)->items[0].value);
	}
	v->said = arena_printf(v->arena, "%zu shards lie on nodes with the labels that their tables ask for", pinned);
	return true;
}
