#include "cli/plan_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "io/shell.h"
#include "util/json.h"
#include "util/str.h"

#define VERSION 1

typedef struct Afterwards {
	const Rebalance *r;
	uint32_t *node; /* of each group */
} Afterwards;

static uint32_t node_afterwards(const void *arg, size_t group)
{
	const Afterwards *after = arg;

	return after->node[group];
}

static const char *fingerprint_of(const Afterwards *after, Arena *arena)
{
	return arena_printf(arena, "%016" PRIx64, snapshot_fingerprint(&after->r->snapshot, node_afterwards, after));
}

static Afterwards as_it_is(const Rebalance *r, Arena *arena)
{
	Afterwards after = {r, arena_array(arena, r->snapshot.group_count, sizeof(uint32_t))};

	for (size_t i = 0; i < r->snapshot.group_count; i++)
		after.node[i] = r->snapshot.groups[i].node;
	return after;
}

bool plan_file_write(const char *path, const Cluster *cluster, const Rebalance *rebalance, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	Arena *arena = arena_new();
	Afterwards after = as_it_is(rebalance, arena);
	Json *document = json_object();
	Json *moves = NULL;
	Json *drain = NULL;
	bool changed = false;

	json_add_int(document, "citusctl_plan", VERSION);
	json_add_text(document, "cluster", cluster->name);
	json_add_text(document, "mode", rebalance->request.mode == REBALANCE_ONLINE ? "online" : "block_writes");
	moves = json_add_array(document, "moves");
	for (size_t i = 0; i < rebalance->plan.move_count; i++) {
		const RebalanceMove *move = &rebalance->moves[i];
		Json *one = json_add_object(moves, NULL);

		json_add_int(one, "shard_group", move->group->id);
		json_add_text(one, "tables", move->tables);
		json_add_text(one, "from", move->from->name);
		json_add_text(one, "to", move->to->name);
		json_add_int(one, "bytes", move->group->bytes);
		after.node[move->group - rebalance->snapshot.groups] = (uint32_t) (move->to - rebalance->snapshot.nodes);
	}
	drain = json_add_array(document, "drain");
	for (size_t i = 0; i < rebalance->request.drain_count; i++)
		json_add_text(drain, NULL, rebalance->request.drain[i]);
	json_add_int(document, "bytes", rebalance->plan.bytes);
	json_add_text(document, "fingerprint", fingerprint_of(&after, arena));

	char *text = json_print(document, true);
	Shell *shell = shell_open(&here, err);
	bool ok = shell != NULL && shell_put(shell, path, text, 0644, &changed, err);

	shell_close(shell);
	free(text);
	json_free(document);
	arena_free(arena);
	return ok;
}

static bool not_a_plan(const char *path, Err *err)
{
	err_set(err, ERR_USAGE, "\"%s\" is not a plan of citusctl", path);
	return err_hint(err, "\"citusctl rebalance --dry-run --plan-out FILE\" writes one.");
}

static void read_drain(const Json *drain, Arena *arena, PlanFile *file)
{
	if (drain == NULL || json_type(drain) != JSON_ARRAY)
		return;
	file->drain = arena_array(arena, json_size(drain), sizeof(char *));
	for (const Json *one = json_first(drain); one != NULL; one = json_next(one))
		if (json_text(one) != NULL)
			file->drain[file->drain_count++] = arena_strdup(arena, json_text(one));
}

static bool read_moves(const Json *moves, Arena *arena, PlanFile *file, Err *err)
{
	file->moves = arena_array(arena, json_size(moves), sizeof(FixedMove));
	file->from = arena_array(arena, json_size(moves), sizeof(char *));
	for (const Json *one = json_first(moves); one != NULL; one = json_next(one)) {
		FixedMove *move = &file->moves[file->count];
		const Json *group = json_get(one, "shard_group");
		const char *from = json_text(json_get(one, "from"));
		const char *to = json_text(json_get(one, "to"));

		if (group == NULL || from == NULL || to == NULL || !json_int64(group, &move->group))
			return not_a_plan(file->path, err);
		move->to = arena_strdup(arena, to);
		file->from[file->count++] = arena_strdup(arena, from);
	}
	return true;
}

bool plan_file_read(const char *path, const Cluster *cluster, Arena *arena, PlanFile *file, Err *err)
{
	Json *document = json_load(path, err);
	int64_t version = 0;
	const Json *moves = NULL;

	*file = (PlanFile) {.path = path};
	if (document == NULL)
		return false;

	bool is_plan = json_type(document) == JSON_OBJECT && json_get(document, "citusctl_plan") != NULL &&
	               json_int64(json_get(document, "citusctl_plan"), &version) && version == VERSION &&
	               (moves = json_get(document, "moves")) != NULL && json_type(moves) == JSON_ARRAY &&
	               json_get(document, "cluster") != NULL && json_get(document, "fingerprint") != NULL;
	bool ok = is_plan || not_a_plan(path, err);

	if (ok) {
		const Json *mode = json_get(document, "mode");

		file->cluster = arena_strdup(arena, json_text(json_get(document, "cluster")));
		file->fingerprint = arena_strdup(arena, json_text(json_get(document, "fingerprint")));
		file->mode = mode != NULL && str_equal(json_text(mode), "block_writes") ? REBALANCE_BLOCK_WRITES
		                                                                        : REBALANCE_ONLINE;
		read_drain(json_get(document, "drain"), arena, file);
		ok = read_moves(moves, arena, file, err);
	}
	json_free(document);
	return ok && (str_equal(file->cluster, cluster->name) ||
	              err_set(err, ERR_USAGE, "\"%s\" is a plan for cluster \"%s\", this is cluster \"%s\"", path,
	                      file->cluster != NULL ? file->cluster : "?", cluster->name));
}

static bool refused(const PlanFile *file, Err *err)
{
	err_set(err, ERR_REFUSED, "the plan in \"%s\" doesn't fit any more", file->path);
	err_hint(err, "Make a new one: citusctl rebalance --dry-run --plan-out FILE");
	return false;
}

bool plan_file_fits(const PlanFile *file, const Rebalance *rebalance, Err *err)
{
	const Snapshot *snapshot = &rebalance->snapshot;
	Arena *arena = arena_new();
	Afterwards after = as_it_is(rebalance, arena);
	bool ok = true;

	for (size_t i = 0; ok && i < file->count; i++) {
		const SnapshotGroup *group = snapshot_find_group(snapshot, file->moves[i].group);
		const Member *to = snapshot_find_node(snapshot, file->moves[i].to);

		if (group == NULL || to == NULL) {
			ok = refused(file, err);
			err_detail(err, "Shard group %" PRId64 " or node \"%s\" is gone.", file->moves[i].group, file->moves[i].to);
			break;
		}

		const Member *at = &snapshot->nodes[group->node];

		/* It is where it was, or there already: a part of the plan was made. */
		ok = at == to || str_equal(at->name, file->from[i]) || refused(file, err);
		if (!ok)
			err_detail(err, "Shard group %" PRId64 " was on \"%s\" and is on \"%s\".", group->id, file->from[i],
			           at->name);
		after.node[group - snapshot->groups] = (uint32_t) (to - snapshot->nodes);
	}
	if (ok && !str_equal(fingerprint_of(&after, arena), file->fingerprint)) {
		ok = refused(file, err);
		err_detail(err, "Shards that it doesn't move have been moved, or tables created or dropped.");
	}
	arena_free(arena);
	return ok;
}
