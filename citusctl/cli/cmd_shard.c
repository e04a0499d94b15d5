#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/rebalance_live.h"
#include "ops/shards.h"
#include "run/operation.h"
#include "util/quote.h"
#include "util/str.h"

typedef struct ShardArgs {
	const char *mode;
	bool dry_run;
} ShardArgs;

static const Option shard_options[] = {
	{"mode", 0, OPT_TEXT, offsetof(ShardArgs, mode), "MODE",
	 "of move: online (writes go on) or block_writes (default online)", 0, 0},
	{"dry-run", 'n', OPT_FLAG, offsetof(ShardArgs, dry_run), NULL, "of move: show what would be moved", 0, 0},
	{0},
};

/* ---- list ----------------------------------------------------------------------- */

static void list_json(const Snapshot *snapshot, int64_t colocation, Arena *arena)
{
	Json *document = json_object();
	Json *groups = json_add_array(document, "shard_groups");

	for (size_t i = 0; i < snapshot->group_count; i++) {
		const SnapshotGroup *group = &snapshot->groups[i];

		if (colocation != 0 && group->colocation != colocation)
			continue;

		Json *one = json_add_object(groups, NULL);

		json_add_int(one, "shard_group", group->id);
		json_add_int(one, "colocation_id", group->colocation);
		json_add_text(one, "tables", snapshot_table_names(snapshot, group->colocation, arena));
		json_add_text(one, "node", snapshot->nodes[group->node].name);
		json_add_int(one, "shards", group->shards);
		json_add_int(one, "bytes", group->bytes);
	}
	output_json(document);
}

static void list_text(const Snapshot *snapshot, int64_t colocation, Arena *arena)
{
	static const char *const header[] = {"Shard group", "Node", "Size", "Shards", "Tables"};
	static const bool right[] = {true, false, true, true, false};
	const char **cells = arena_array(arena, snapshot->group_count * 5 + 1, sizeof(char *));
	size_t rows = 0;
	int64_t bytes = 0;

	for (size_t i = 0; i < snapshot->group_count; i++) {
		const SnapshotGroup *group = &snapshot->groups[i];
		const char **row = &cells[rows * 5];

		if (colocation != 0 && group->colocation != colocation)
			continue;
		row[0] = arena_printf(arena, "%lld", (long long) group->id);
		row[1] = snapshot->nodes[group->node].name;
		row[2] = output_bytes(arena, group->bytes);
		row[3] = arena_printf(arena, "%lld", (long long) group->shards);
		row[4] = snapshot_table_names(snapshot, group->colocation, arena);
		bytes += group->bytes;
		rows++;
	}
	if (rows == 0) {
		printf("There are no distributed tables yet.\nNext: citusctl status\n");
		return;
	}
	output_table(stdout, header, right, 5, cells, rows);
	printf("\n%zu shard groups, %s.  A group moves whole: citusctl shard move GROUP NODE\n", rows,
	       output_bytes(arena, bytes));
}

static bool list(Call *call, Err *err)
{
	Snapshot snapshot;
	int64_t colocation = 0;

	if (call->operand_count > 2)
		return err_set(err, ERR_USAGE, "\"shard list\" takes at most one table");
	if (!session_attach(call->session, err) ||
	    (call->operand_count == 2 &&
	     !shards_colocation(call->session, call->operands[1], call->arena, &colocation, err)) ||
	    !shards_list(call->session, call->arena, &snapshot, err))
		return false;
	if (call->globals->json)
		list_json(&snapshot, colocation, call->arena);
	else
		list_text(&snapshot, colocation, call->arena);
	return true;
}

/* ---- locate ------------------------------------------------------------------- */

static bool locate(Call *call, Err *err)
{
	ShardPlace place;

	if (call->operand_count != 3) {
		err_set(err, ERR_USAGE, "\"shard locate\" needs a table and a key");
		return err_hint(err, "Such as: citusctl shard locate users 42");
	}
	if (!session_attach(call->session, err) ||
	    !shards_locate(call->session, call->operands[1], call->operands[2], call->arena, &place, err))
		return false;
	if (call->globals->json) {
		Json *document = json_object();

		json_add_text(document, "table", call->operands[1]);
		json_add_text(document, "key", call->operands[2]);
		json_add_int(document, "shard", place.shard);
		json_add_int(document, "shard_group", place.group);
		json_add_text(document, "node", place.node);
		json_add_text(document, "host", place.host);
		json_add_int(document, "port", place.port);
		output_json(document);
	} else {
		printf("%s %s: shard %lld of group %lld, on node %s (%s:%d)\n"
		       "Next: citusctl shard move %lld NODE\n",
		       call->operands[1], call->operands[2], (long long) place.shard, (long long) place.group, place.node,
		       place.host, place.port, (long long) place.group);
	}
	return true;
}

/* ---- move ---------------------------------------------------------------------- */

static bool find_group(const Snapshot *snapshot, const char *text, int64_t *id, Err *err)
{
	char *end = NULL;

	errno = 0;

	long long shard = strtoll(text, &end, 10);

	if (*text != '\0' && *end == '\0' && errno == 0) {
		for (size_t i = 0; i < snapshot->group_count; i++) {
			if (!snapshot_has_shard(&snapshot->groups[i], shard))
				continue;
			*id = snapshot->groups[i].id;
			return true;
		}
	}
	err_set(err, ERR_USAGE, "there is no shard \"%s\"", text);
	return err_hint(err, "\"citusctl shard list\" lists them, \"citusctl shard locate TABLE KEY\" finds one.");
}

static bool plan_move(Call *call, const ShardArgs *args, Rebalance *rebalance, Err *err)
{
	RebalanceRequest request = rebalance_request(call->session);
	Snapshot snapshot;
	FixedMove *move = arena_alloc(call->arena, sizeof(*move));

	move->to = call->operands[2];
	if (!shards_list(call->session, call->arena, &snapshot, err) ||
	    !find_group(&snapshot, call->operands[1], &move->group, err))
		return false;
	request.fixed = move;
	request.fixed_count = 1;
	if (args->mode != NULL && strcmp(args->mode, "block_writes") == 0)
		request.mode = REBALANCE_BLOCK_WRITES;
	return rebalance_plan(call->session, &request, call->arena, rebalance, err);
}

static const char *move_again(const Call *call, const ShardArgs *args)
{
	const char *text = arena_printf(call->arena, "%s shard move %s %s", rebalance_program(call),
	                                quote_shell(call->arena, call->operands[1]),
	                                quote_shell(call->arena, call->operands[2]));

	return args->mode != NULL ? arena_printf(call->arena, "%s --mode %s", text, args->mode) : text;
}

static bool move_one(Call *call, const ShardArgs *args, Err *err)
{
	Rebalance rebalance = {.problem = NULL};
	const LiveOptions live = {.dry_run = args->dry_run,
	                          .again = call->operand_count == 3 ? move_again(call, args) : ""};

	if (call->operand_count != 3)
		return err_set(err, ERR_USAGE, "\"shard move\" needs a shard and a node");
	if (args->mode != NULL && strcmp(args->mode, "online") != 0 && strcmp(args->mode, "block_writes") != 0)
		return err_set(err, ERR_USAGE, "--mode: \"%s\" is neither online nor block_writes", args->mode);
	if (!session_attach(call->session, err) || (!args->dry_run && !rebalance_begin(call->session, err)))
		return false;

	bool ok = plan_move(call, args, &rebalance, err) && rebalance_live(call, &rebalance, &live, err);

	rebalance_free(&rebalance);
	return operation_end(call->session, ok, err);
}

static bool run_shard(Call *call, const void *opaque, Err *err)
{
	const char *verb = call->operands[0];

	if (strcmp(verb, "list") == 0)
		return list(call, err);
	if (strcmp(verb, "locate") == 0)
		return locate(call, err);
	if (strcmp(verb, "move") == 0)
		return move_one(call, opaque, err);
	err_set(err, ERR_USAGE, "\"shard %s\" is not known", verb);
	return err_hint(err, "There are \"shard list\", \"shard locate\" and \"shard move\".");
}

const Command shard_command = {
	.name = "shard",
	.summary = "lists shards, finds the one that holds a row, moves one",
	.operands = "list [TABLE] | locate TABLE KEY | move SHARD NODE",
	.details = "Shards of colocated tables that hold the same keys are a group: they are on one node\n"
	           "and move together.  A group goes by the number of its first shard; \"move\" takes the\n"
	           "number of any of its shards.",
	.options = shard_options,
	.args_size = sizeof(ShardArgs),
	.operands_min = 1,
	.operands_max = 3,
	.needs = NEEDS_SESSION,
	.run = run_shard,
};
