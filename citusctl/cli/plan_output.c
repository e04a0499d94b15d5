#include "cli/plan_output.h"

#include <inttypes.h>

#include "cli/output.h"

static const char *label(Arena *arena, const GroupLabel *group)
{
	return group->text != NULL ? group->text : arena_printf(arena, "%" PRId64, group->id);
}

static void print_nodes(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan)
{
	static const char *const header[] = {"Node", "Before", "After"};
	static const bool right[] = {false, true, true};
	const char **cells = arena_array(arena, problem->node_count * 3 + 1, sizeof(char *));

	for (size_t n = 0; n < problem->node_count; n++) {
		cells[n * 3] = problem->nodes[n].name;
		cells[n * 3 + 1] = output_bytes(arena, plan->nodes[n].bytes_before);
		cells[n * 3 + 2] = output_bytes(arena, plan->nodes[n].bytes_after);
	}
	output_table(out, header, right, 3, cells, problem->node_count);
}

void plan_output_text(FILE *out, const BalanceProblem *problem, const BalancePlan *plan,
                      const GroupLabel labels[], PlanLook look)
{
	Arena *arena = arena_new();

	print_nodes(out, arena, problem, plan);
	fputc('\n', out);
	for (size_t m = 0; m < plan->move_count && m < look.moves; m++) {
		const BalanceMove *move = &plan->moves[m];

		fprintf(out, "  %s  %s -> %s  %s\n", label(arena, &labels[move->group]),
		        problem->nodes[move->from].name, problem->nodes[move->to].name,
		        output_bytes(arena, move->bytes));
	}
	fprintf(out, "%zu moves, %s\n", plan->move_count, output_bytes(arena, plan->bytes));
	arena_free(arena);
}

static void add_move(Json *moves, const BalanceProblem *problem, const BalanceMove *move,
                     const GroupLabel *group)
{
	Json *one = json_add_object(moves, NULL);

	if (group->text != NULL)
		json_add_text(one, "shard_group", group->text);
	else
		json_add_int(one, "shard_group", group->id);

	Json *tables = json_add_array(one, "tables");

	for (size_t t = 0; t < group->table_count; t++)
		json_add_text(tables, NULL, group->tables[t]);
	json_add_text(one, "from", problem->nodes[move->from].name);
	json_add_text(one, "to", problem->nodes[move->to].name);
	json_add_int(one, "bytes", move->bytes);
	json_add_bool(one, "forced", move->forced);
}

void plan_output_json(Json *object, const BalanceProblem *problem, const BalancePlan *plan,
                      const GroupLabel labels[])
{
	static const char *const verdicts[] = {
		[PLAN_MOVES] = "moves", [PLAN_BALANCED] = "balanced", [PLAN_NOT_WORTH] = "not worth moving"};
	Json *moves = json_add_array(object, "moves");

	for (size_t m = 0; m < plan->move_count; m++)
		add_move(moves, problem, &plan->moves[m], &labels[plan->moves[m].group]);

	Json *nodes = json_add_array(object, "nodes");

	for (size_t n = 0; n < problem->node_count; n++) {
		Json *node = json_add_object(nodes, NULL);

		json_add_text(node, "name", problem->nodes[n].name);
		json_add_double(node, "capacity", problem->nodes[n].capacity);
		json_add_bool(node, "accepts_shards", problem_node_open(problem, (uint32_t) n));
		json_add_int(node, "bytes_before", plan->nodes[n].bytes_before);
		json_add_int(node, "bytes_after", plan->nodes[n].bytes_after);
		json_add_int(node, "groups_before", plan->nodes[n].groups_before);
		json_add_int(node, "groups_after", plan->nodes[n].groups_after);
	}

	Json *bounds = json_add_object(object, "bounds");

	json_add_double(bounds, "max_utilization", plan->bounds.max_utilization);
	json_add_int(bounds, "bytes", plan->bounds.bytes);
	json_add_int(bounds, "moves", plan->bounds.moves);
	json_add_double(object, "max_utilization", plan->max_utilization);
	json_add_double(object, "max_utilization_before", plan->max_utilization_before);
	json_add_double(object, "target", plan->target);
	json_add_double(object, "threshold", problem->threshold);
	json_add_int(object, "bytes", plan->bytes);
	json_add_text(object, "verdict", verdicts[plan->verdict]);
	json_add_bool(object, "order_is_safe", plan->order_is_safe);
}
