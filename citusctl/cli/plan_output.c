#include "cli/plan_output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/output.h"
#include "util/str.h"

/* Columns of a bar. */
#define BAR 24

/* Nodes that are listed; of more, the fullest and the emptiest. */
#define NODES_SHOWN 40

/* ---- words ---------------------------------------------------------------- */

static const char *label(Arena *arena, const GroupLabel *group)
{
	return group->text != NULL ? group->text : arena_printf(arena, "%" PRId64, group->id);
}

static const char *plural(size_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

/* How far above, in words: "3.2 %". */
static const char *percent_above(Arena *arena, double value, double bound)
{
	double above = bound > 0 ? (value / bound - 1) * 100 : 0;

	return arena_printf(arena, above < 0.0005 ? "0 %%" : above < 9.95 ? "%.2f %%" : "%.0f %%", above);
}

/* ---- nodes ---------------------------------------------------------------- */

typedef struct Row {
	uint32_t node;
	double before, after; /* against the mean of all nodes that take shards */
} Row;

static double mean_of(const BalanceProblem *problem, const BalancePlan *plan)
{
	double bytes = 0;
	double capacity = 0;

	for (uint32_t n = 0; n < problem->node_count; n++) {
		bytes += (double) plan->nodes[n].bytes_before;
		capacity += problem_node_open(problem, n) ? problem->nodes[n].capacity : 0;
	}
	return capacity > 0 ? bytes / capacity : 0;
}

static double share(const BalanceProblem *problem, uint32_t node, int64_t bytes, double mean)
{
	double capacity = problem->nodes[node].capacity;

	return capacity > 0 && mean > 0 ? (double) bytes / capacity / mean : 0;
}

/* What stays on the node, and then what it gets or gives away, in marks of their own. */
static const char *bar(Arena *arena, const PlanLook *look, const Row *row, double most)
{
	Str text = STR_INIT;
	int before = (int) lround(row->before / most * BAR);
	int after = (int) lround(row->after / most * BAR);
	int kept = before < after ? before : after;

	for (int i = 0; i < BAR; i++) {
		if (i < kept)
			str_append(&text, look->in_utf8 ? "█" : "#");
		else if (i < after)
			str_append(&text, look->in_utf8 ? "▓" : "+");
		else if (i < before)
			str_append(&text, look->in_utf8 ? "░" : "-");
	}

	const char *line = arena_strdup(arena, str_text(&text));

	str_free(&text);
	return output_paint(arena, look->in_colour, after > kept ? "32" : before > kept ? "33" : "0", line);
}

static const char *note_of(Arena *arena, const BalanceProblem *problem, uint32_t node)
{
	if (!problem_node_open(problem, node))
		return "takes no shards";
	return problem->nodes[node].capacity == 1 ? ""
	                                          : arena_printf(arena, "capacity %g", problem->nodes[node].capacity);
}

static void fill_row(Arena *arena, const BalanceProblem *problem, const BalancePlan *plan, const PlanLook *look,
                     const Row *row, double most, bool with_note, const char **cells)
{
	const PlanNode *node = &plan->nodes[row->node];
	bool open = problem_node_open(problem, row->node);

	cells[0] = problem->nodes[row->node].name;
	cells[1] = output_bytes(arena, node->bytes_before);
	cells[2] = output_bytes(arena, node->bytes_after);
	cells[3] = arena_printf(arena, "%" PRId64, node->groups_before);
	cells[4] = arena_printf(arena, "%" PRId64, node->groups_after);
	cells[5] = open ? arena_printf(arena, "%.2f", row->before) : "-";
	cells[6] = open ? arena_printf(arena, "%.2f", row->after) : "-";
	cells[7] = bar(arena, look, row, most);
	if (with_note)
		cells[8] = note_of(arena, problem, row->node);
}

#define COLUMNS 9

static void print_nodes(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan,
                        const PlanLook *look)
{
	static const char *const header[COLUMNS] = {"Node", "Before", "After", "Groups", "After",
	                                            "Of mean", "After", "", ""};
	static const bool right[COLUMNS] = {false, true, true, true, true, true, true, false, false};
	size_t count = problem->node_count < NODES_SHOWN || look->moves == SIZE_MAX ? problem->node_count : NODES_SHOWN;
	size_t columns = COLUMNS - 1;
	const char **cells = arena_array(arena, count * COLUMNS + 1, sizeof(char *));
	double mean = mean_of(problem, plan);
	double most = 1;

	for (uint32_t n = 0; n < count; n++)
		columns = *note_of(arena, problem, n) != '\0' ? COLUMNS : columns;

	for (uint32_t n = 0; n < problem->node_count; n++) {
		most = fmax(most, share(problem, n, plan->nodes[n].bytes_before, mean));
		most = fmax(most, share(problem, n, plan->nodes[n].bytes_after, mean));
	}
	for (uint32_t n = 0; n < count; n++) {
		Row row = {n, share(problem, n, plan->nodes[n].bytes_before, mean),
		           share(problem, n, plan->nodes[n].bytes_after, mean)};

		fill_row(arena, problem, plan, look, &row, most, columns == COLUMNS, &cells[n * columns]);
	}
	output_table(out, header, right, columns, cells, count);
	if (count < problem->node_count)
		fprintf(out, "... and %zu more nodes (-v lists all)\n", problem->node_count - count);
}

/* ---- moves ---------------------------------------------------------------- */

static void print_moves(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan,
                        const GroupLabel labels[], const PlanLook *look)
{
	static const char *const header[] = {"#", "Shard group", "From", "To", "Size", ""};
	static const bool right[] = {true, false, false, false, true, false};
	size_t count = plan->move_count < look->moves ? plan->move_count : look->moves;
	size_t columns = plan->forced_count > 0 && plan->forced_count < plan->move_count ? 6 : 5;
	const char **cells = arena_array(arena, count * 6 + 1, sizeof(char *));

	for (size_t m = 0; m < count; m++) {
		const BalanceMove *move = &plan->moves[m];
		const char **row = &cells[m * columns];

		row[0] = arena_printf(arena, "%zu", m + 1);
		row[1] = label(arena, &labels[move->group]);
		row[2] = problem->nodes[move->from].name;
		row[3] = problem->nodes[move->to].name;
		row[4] = output_bytes(arena, move->bytes);
		if (columns == 6)
			row[5] = move->forced ? "has to leave" : "";
	}
	output_table(out, header, right, columns, cells, count);
	if (count < plan->move_count)
		fprintf(out, "... and %zu more (-v lists all, -o json too)\n", plan->move_count - count);
}

/* ---- what it is worth ----------------------------------------------------- */

static void print_verdict(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan,
                          const PlanLook *look)
{
	double threshold = problem->threshold * 100;

	switch (plan->verdict) {
		case PLAN_BALANCED:
			fprintf(out, "%s: ", output_paint(arena, look->in_colour, "1;32", "Nothing to move"));
			if (plan->max_utilization <= plan->bounds.max_utilization)
				fputs("no plan makes the fullest node less full.\n", out);
			else
				fprintf(out, "the fullest node is %s above the best that can be reached, within the threshold of "
				             "%g %%.\n",
				        percent_above(arena, plan->max_utilization, plan->bounds.max_utilization), threshold);
			return;
		case PLAN_NOT_WORTH:
			fprintf(out, "%s: the fullest node would lose less than %g %%.\n",
			        output_paint(arena, look->in_colour, "1;32", "Nothing worth moving"), problem->min_gain * 100);
			return;
		case PLAN_MOVES:
			break;
	}
	fprintf(out, "%s", output_paint(arena, look->in_colour, "1",
	                                arena_printf(arena, "%zu %s, %s", plan->move_count,
	                                             plural(plan->move_count, "move", "moves"),
	                                             output_bytes(arena, plan->bytes))));
	if (plan->forced_count == plan->move_count)
		fputs(", all of shard groups that may not stay where they are", out);
	else if (plan->forced_count > 0)
		fprintf(out, ", %zu of them of shard groups that may not stay where they are", plan->forced_count);
	fputs(".\n", out);
}

/* A line of the certificate: what was reached, and what nothing can beat. */
static void print_bound(FILE *out, const char *what, const char *reached, const char *least, bool optimal,
                        const char *above)
{
	fprintf(out, "  %-13s %10s   no plan gets below %s", what, reached, least);
	if (optimal)
		fputs(": optimal\n", out);
	else
		fprintf(out, " (%s above)\n", above);
}

static void print_certificate(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan)
{
	double mean = mean_of(problem, plan);
	const BalanceBounds *bounds = &plan->bounds;

	if (plan->verdict != PLAN_MOVES)
		return;
	fputs("\nCertificate\n", out);
	print_bound(out, "fullest node", arena_printf(arena, "%.3f", mean > 0 ? plan->max_utilization / mean : 0),
	            arena_printf(arena, "%.3f of the mean", mean > 0 ? bounds->max_utilization / mean : 0),
	            plan->max_utilization <= bounds->max_utilization,
	            percent_above(arena, plan->max_utilization, bounds->max_utilization));
	print_bound(out, "bytes moved", output_bytes(arena, plan->bytes), output_bytes(arena, bounds->bytes),
	            plan->bytes <= bounds->bytes,
	            percent_above(arena, (double) plan->bytes, (double) bounds->bytes));
	print_bound(out, "moves", arena_printf(arena, "%zu", plan->move_count),
	            arena_printf(arena, "%" PRId64, bounds->moves), (int64_t) plan->move_count <= bounds->moves,
	            percent_above(arena, (double) plan->move_count, (double) bounds->moves));
	if (plan->order_is_safe)
		fputs("  order         stop after any move: no node is fuller than the fullest of before and after\n", out);
	else
		fprintf(out, "  order         no safe order exists for these moves, or none was found: on the way a node "
		             "is at %.3f of the mean\n",
		        mean > 0 ? plan->peak / mean : 0);
	if (plan->spread_after > plan->spread_before)
		fprintf(out, "  spread        a node gets %" PRId64 " %s of one colocation group more than its share\n",
		        plan->spread_after, plural((size_t) plan->spread_after, "shard group", "shard groups"));
}

void plan_output_text(FILE *out, const BalanceProblem *problem, const BalancePlan *plan,
                      const GroupLabel labels[], PlanLook look)
{
	Arena *arena = arena_new();

	print_nodes(out, arena, problem, plan, &look);
	fputc('\n', out);
	if (plan->move_count > 0 && look.moves > 0) {
		print_moves(out, arena, problem, plan, labels, &look);
		fputc('\n', out);
	}
	print_verdict(out, arena, problem, plan, &look);
	print_certificate(out, arena, problem, plan);
	arena_free(arena);
}

/* ---- for programs --------------------------------------------------------- */

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
	json_add_int(object, "spread_before", plan->spread_before);
	json_add_int(object, "spread_after", plan->spread_after);
}
