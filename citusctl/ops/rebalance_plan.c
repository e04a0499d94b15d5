
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/asset.h"
#include "ops/placement.h"
#include "ops/rebalance.h"
#include "util/str.h"

/* A table without rows or indexes has no bytes; its shards are spread all the same. */
#define BYTES_PER_TABLE 8192

/* Moved shards lose their bloat, so that a balance reached is a little off when
 * it is measured again: what gains less than this, or less than a smaller
 * threshold, is left alone. */
#define MIN_GAIN 0.02

/* Moves at a time that writes hardly feel: where all servers share few processors, more of them delay each
 * other's cut-overs. */
#define USUAL_JOBS 2
#define PROCESSORS_FOR_USUAL_JOBS 4

int rebalance_jobs(const Session *session)
{
	const Cluster *cluster = session->cluster;

	if (cluster->rebalance.jobs > 0)
		return cluster->rebalance.jobs;
	return cluster->deploy == DEPLOY_LOCAL && sysconf(_SC_NPROCESSORS_ONLN) < PROCESSORS_FOR_USUAL_JOBS ? 1 : USUAL_JOBS;
}

RebalanceRequest rebalance_request(const Session *session)
{
	return (RebalanceRequest) {
		.threshold = session->cluster->rebalance.threshold,
		.jobs = rebalance_jobs(session),
		.mode = REBALANCE_ONLINE,
	};
}

static bool no_such_node(const Snapshot *snapshot, const char *name, Err *err)
{
	Str names = STR_INIT;

	for (size_t i = 0; i < snapshot->node_count; i++)
		str_printf(&names, "%s%s", i > 0 ? ", " : "", snapshot->nodes[i].name);
	err_set(err, ERR_USAGE, "there is no node \"%s\" in the cluster", name);
	err_hint(err, "Its nodes are %s.", str_text(&names));
	str_free(&names);
	return false;
}

/* ---- rules of the description ------------------------------------------------ */

/* Whether every table of the colocation group may be on the node. */
static bool may_be_on(const PlacedList *placed, int64_t colocation, const Member *node)
{
	for (size_t i = 0; i < placed->count; i++)
		if (placed->items[i].colocation == colocation && !placement_fits(node->described, placed->items[i].table))
			return false;
	return true;
}

static NodeSet allowed_set(const Rebalance *r, const PlacedList *placed, int64_t colocation)
{
	uint32_t *nodes = arena_array(r->arena, r->snapshot.node_count, sizeof(uint32_t));
	size_t n = 0;
	bool has_rule = false;

	for (size_t i = 0; i < placed->count; i++)
		has_rule = has_rule || placed->items[i].colocation == colocation;
	if (!has_rule)
		return NODES_ALL;
	for (uint32_t i = 0; i < r->snapshot.node_count; i++)
		if (may_be_on(placed, colocation, &r->snapshot.nodes[i]))
			nodes[n++] = i;
	return problem_set(r->problem, nodes, n);
}

/* ---- the problem --------------------------------------------------------------- */

static int compare_fixed(const void *a, const void *b)
{
	int64_t x = ((const FixedMove *) a)->group;
	int64_t y = ((const FixedMove *) b)->group;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* In order of their groups: a plan that was kept may have as many as there are groups. */
static void sort_fixed(Rebalance *r)
{
	size_t count = r->request.fixed_count;
	FixedMove *sorted = arena_array(r->arena, count, sizeof(*sorted));

	if (count == 0)
		return;
	memcpy(sorted, r->request.fixed, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_fixed);
	r->request.fixed = sorted;
}

static const FixedMove *fixed_move(const RebalanceRequest *request, int64_t group)
{
	const FixedMove key = {.group = group};

	return request->fixed_count > 0
	           ? bsearch(&key, request->fixed, request->fixed_count, sizeof(key), compare_fixed)
	           : NULL;
}

static bool is_drained(const Rebalance *r, const Member *node)
{
	for (size_t i = 0; i < r->request.drain_count; i++)
		if (snapshot_find_node(&r->snapshot, r->request.drain[i]) == node)
			return true;
	return false;
}

static void name_group(const void *context, uint32_t group, char *out, size_t size)
{
	const Snapshot *snapshot = context;

	snprintf(out, size, "%lld", (long long) snapshot->groups[group].id);
}

static bool takes_shards(const Rebalance *r, size_t n)
{
	const Member *node = &r->snapshot.nodes[n];

	return node->takes_shards && node->active && !is_drained(r, node);
}

/* The nodes that have groups which fixed moves leave there: they may stay, whatever the node takes. */
static bool *keep_groups(const Rebalance *r)
{
	bool *keep = arena_array(r->arena, r->snapshot.node_count, sizeof(bool));

	for (size_t i = 0; r->request.fixed_count > 0 && i < r->snapshot.group_count; i++)
		if (fixed_move(&r->request, r->snapshot.groups[i].id) == NULL)
			keep[r->snapshot.groups[i].node] = true;
	return keep;
}

static void add_nodes(Rebalance *r)
{
	const bool *keep = keep_groups(r);

	for (size_t i = 0; i < r->snapshot.node_count; i++)
		problem_add_node(r->problem, r->snapshot.nodes[i].name, r->snapshot.nodes[i].capacity,
		                 takes_shards(r, i) || keep[i]);
}

/* What was open for the plan only is told as it is. */
static void close_nodes(Rebalance *r)
{
	for (size_t i = 0; i < r->snapshot.node_count; i++)
		if (!takes_shards(r, i))
			problem_drain(r->problem, (uint32_t) i);
}

static bool add_groups(Rebalance *r, const PlacedList *placed, Err *err)
{
	int64_t colocation = -1;
	NodeSet allowed = NODES_ALL;

	problem_reserve(r->problem, r->snapshot.group_count);
	for (size_t i = 0; i < r->snapshot.group_count; i++) {
		const SnapshotGroup *group = &r->snapshot.groups[i];
		const Member *at = &r->snapshot.nodes[group->node];
		const FixedMove *fixed = fixed_move(&r->request, group->id);
		int64_t least = group->shards * BYTES_PER_TABLE;

		if (!at->active) {
			err_set(err, ERR_REFUSED, "node \"%s\" is disabled and holds shards", at->name);
			return err_hint(err, "Activate it with SELECT citus_activate_node('%s', %d) before shards are "
			                     "moved.", at->host, at->port);
		}
		if (group->colocation != colocation) {
			colocation = group->colocation;
			allowed = allowed_set(r, placed, colocation);
		}

		BalanceGroup one = {.bytes = group->bytes > least ? group->bytes : least,
		                    .colocation = (uint32_t) group->colocation,
		                    .node = group->node,
		                    .allowed = allowed};

		if (fixed != NULL) {
			const Member *to = snapshot_find_node(&r->snapshot, fixed->to);
			uint32_t index = (uint32_t) (to - r->snapshot.nodes);

			if (!problem_set_has(r->problem, allowed, index)) {
				err_set(err, ERR_REFUSED, "the tables of shard %lld may not be on node \"%s\"",
				        (long long) group->id, to->name);
				return err_hint(err, "The \"placement\" of a table in the description says so; the node's "
				                     "\"labels\" don't match it.");
			}
			one.allowed = problem_set(r->problem, &index, 1);
		} else if (r->request.fixed_count > 0 ||
		           (r->request.only_forced && problem_may_hold(r->problem, group->node, &one))) {
			one.pinned = true;
			if (!problem_set_has(r->problem, allowed, group->node))
				one.allowed = NODES_ALL; /* against its rules, which is not what was asked about */
		}
		problem_add_group(r->problem, one);
	}
	return true;
}

/* Where a group is to go may be no place for shards at all. */
static bool check_request(const Rebalance *r, Err *err)
{
	const RebalanceRequest *request = &r->request;

	for (size_t i = 0; i < request->drain_count; i++)
		if (snapshot_find_node(&r->snapshot, request->drain[i]) == NULL)
			return no_such_node(&r->snapshot, request->drain[i], err);
	for (size_t i = 0; i < request->fixed_count; i++) {
		const Member *to = snapshot_find_node(&r->snapshot, request->fixed[i].to);

		if (to == NULL)
			return no_such_node(&r->snapshot, request->fixed[i].to, err);
		if (!to->takes_shards || !to->active) {
			err_set(err, ERR_REFUSED, "node \"%s\" does not take shards", to->name);
			if (to->described != NULL && to->group != 0)
				return err_hint(err, "A drained node takes shards again after: citusctl node add %s", to->name);
			return err_hint(err, "It does after SELECT citus_set_node_property('%s', %d, 'shouldhaveshards', true).",
			                to->host, to->port);
		}
	}
	return true;
}

static void name_moves(Rebalance *r)
{
	int64_t colocation = -1;
	const char *tables = "";

	r->moves = arena_array(r->arena, r->plan.move_count, sizeof(RebalanceMove));
	for (size_t i = 0; i < r->plan.move_count; i++) {
		const BalanceMove *move = &r->plan.moves[i];
		const SnapshotGroup *group = &r->snapshot.groups[move->group];

		if (group->colocation != colocation) {
			colocation = group->colocation;
			tables = snapshot_table_names(&r->snapshot, colocation, r->arena);
		}
		r->moves[i] = (RebalanceMove) {
			.group = group,
			.from = &r->snapshot.nodes[move->from],
			.to = &r->snapshot.nodes[move->to],
			.tables = tables,
			.mode = r->request.mode,
			.copy_bytes = group->bytes,
		};
	}
}

bool rebalance_plan(const Session *session, const RebalanceRequest *request, Arena *arena, Rebalance *rebalance,
                    Err *err)
{
	PgTarget target = session_superuser(session, cluster_coordinator(session->cluster),
	                                    session->cluster->postgres.database);
	PlacedList placed = {.items = NULL};

	*rebalance = (Rebalance) {.arena = arena, .request = *request, .problem = problem_new(), .per_node = 1,
	                          .jobs = request->jobs};
	sort_fixed(rebalance);

	Pg *pg = pg_open(&target, err);
	bool ok = pg != NULL && snapshot_read(session, pg, arena, &rebalance->snapshot, err) &&
	          check_request(rebalance, err) && placement_read(session, arena, &placed, err);

	pg_close(pg);
	if (ok) {
		rebalance->links = arena_array(arena, rebalance->snapshot.node_count, sizeof(Pg *));
		rebalance->problem->threshold = request->threshold;
		rebalance->problem->name_group = name_group;
		rebalance->problem->context = &rebalance->snapshot;
		rebalance->problem->min_gain = request->fixed_count > 0      ? 0
		                               : request->threshold < MIN_GAIN ? request->threshold
		                                                               : MIN_GAIN;
		add_nodes(rebalance);
	}
	ok = ok && add_groups(rebalance, &placed, err) &&
	     plan_make(arena, rebalance->problem, &rebalance->plan, err);
	if (ok) {
		close_nodes(rebalance);
		name_moves(rebalance);
	}
	return ok;
}

/* How long a node may take to accept a connection before it counts as dead. */
#define CONNECT_S 2

Pg *rebalance_link(const Session *session, Rebalance *rebalance, size_t node, Err *err)
{
	Pg **link = &rebalance->links[node];

	if (*link != NULL && pg_is_dead(*link)) {
		pg_close(*link);
		*link = NULL;
	}
	if (*link == NULL) {
		PgTarget target = member_target(session, &rebalance->snapshot.nodes[node]);

		/* Else Citus hides the shards on its nodes from the catalogs. */
		target.settings = "-c citus.override_table_visibility=off";
		target.timeout_s = CONNECT_S;
		*link = pg_open(&target, err);
	}
	return *link;
}

void rebalance_free(Rebalance *rebalance)
{
	for (size_t n = 0; rebalance->links != NULL && n < rebalance->snapshot.node_count; n++)
		pg_close(rebalance->links[n]);
	rebalance->links = NULL;
	problem_free(rebalance->problem);
	rebalance->problem = NULL;
}
