#include "cli/plan_output.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "util/str.h"

/* Columns of a bar. */
#define BAR 24

/* Nodes that are listed in their order; of more, so many, the fullest first. */
#define NODES_SHOWN 40
#define NODES_FULLEST 30
#define NODES_EMPTIEST 8

/* ---- words ---------------------------------------------------------------- */

static const char *label(Arena *arena, const GroupLabel *group)
{
	return group->text != NULL ? output_safe(arena, group->text, false) : arena_printf(arena, "%" PRId64, group->id);
}

static const char *node_name(Arena *arena, const BalanceProblem *problem, uint32_t node)
{
	return output_safe(arena, problem->nodes[node].name, false);
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

	cells[0] = node_name(arena, problem, row->node);
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

/* Open nodes by what they have at their worst, the fullest first; then those that take no shards. */
static int compare_rows(const void *a, const void *b)
{
	const Row *x = a;
	const Row *y = b;
	double x_most = fmax(x->before, x->after);
	double y_most = fmax(y->before, y->after);

	if (x_most != y_most)
		return x_most > y_most ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* What stands between the fullest and the emptiest. */
static void fill_gap(Arena *arena, size_t count, size_t columns, const char **cells)
{
	for (size_t c = 0; c < columns; c++)
		cells[c] = "";
	cells[0] = arena_printf(arena, "... %zu more", count);
}

static void print_nodes(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan,
                        const PlanLook *look)
{
	static const char *const header[COLUMNS] = {"Node", "Bytes", "After", "Groups", "After",
	                                            "Of mean", "After", "", ""};
	static const bool right[COLUMNS] = {false, true, true, true, true, true, true, false, false};
	size_t count = problem->node_count;
	bool all = count <= NODES_SHOWN || look->moves == SIZE_MAX;
	size_t columns = COLUMNS - 1;
	Row *rows = arena_array(arena, count + 1, sizeof(*rows));
	const char **cells = arena_array(arena, (count + 1) * COLUMNS, sizeof(char *));
	double mean = mean_of(problem, plan);
	double most = 1;
	size_t lines = 0;

	for (uint32_t n = 0; n < count; n++) {
		rows[n] = (Row) {n, share(problem, n, plan->nodes[n].bytes_before, mean),
		                 share(problem, n, plan->nodes[n].bytes_after, mean)};
		most = fmax(most, fmax(rows[n].before, rows[n].after));
	}
	if (!all)
		qsort(rows, count, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < count; i++)
		if (all || i < NODES_FULLEST || i >= count - NODES_EMPTIEST)
			columns = *note_of(arena, problem, rows[i].node) != '\0' ? COLUMNS : columns;
	for (size_t i = 0; i < count; i++) {
		if (all || i < NODES_FULLEST || i >= count - NODES_EMPTIEST)
			fill_row(arena, problem, plan, look, &rows[i], most, columns == COLUMNS, &cells[lines++ * columns]);
		else if (i == NODES_FULLEST)
			fill_gap(arena, count - NODES_FULLEST - NODES_EMPTIEST, columns, &cells[lines++ * columns]);
	}
	output_table(out, header, right, columns, cells, lines);
	if (!all)
		fprintf(out, "Of %zu nodes, the %d fullest and the %d emptiest, before or after; -v lists all.\n", count,
		        NODES_FULLEST, NODES_EMPTIEST);
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
		row[2] = node_name(arena, problem, move->from);
		row[3] = node_name(arena, problem, move->to);
		row[4] = output_bytes(arena, move->bytes);
		if (columns == 6)
			row[5] = move->forced ? "has to leave" : "";
	}
	output_table(out, header, right, columns, cells, count);
	if (count < plan->move_count)
		fprintf(out, "... and %zu more (-v lists all, -o json too)\n", plan->move_count - count);
}

/* ---- what it is worth ----------------------------------------------------- */

/* The fullest of the nodes that take shards, before the moves; false: none takes any. */
static bool find_fullest(const BalanceProblem *problem, const BalancePlan *plan, uint32_t *fullest)
{
	double most = -1;

	for (uint32_t n = 0; n < problem->node_count; n++) {
		if (!problem_node_open(problem, n))
			continue;

		double utilization = (double) plan->nodes[n].bytes_before / problem->nodes[n].capacity;

		if (utilization > most) {
			most = utilization;
			*fullest = n;
		}
	}
	return most >= 0;
}

/* Why nothing moves, in words. */
static void print_nothing(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan,
                          const PlanLook *look)
{
	double mean = mean_of(problem, plan);
	uint32_t node = 0;
	bool worth = plan->verdict == PLAN_BALANCED;

	fprintf(out, "%s: ", output_paint(arena, look->in_colour, "1;32", worth ? "Nothing to move" : "Nothing worth moving"));
	if (problem->group_count == 0 || mean <= 0 || !find_fullest(problem, plan, &node)) {
		fputs(problem->group_count == 0 ? "there are no shard groups.\n" : "all shard groups are empty.\n", out);
		return;
	}

	const char *name = node_name(arena, problem, node);
	double now = plan->max_utilization / mean;
	double least = plan->bounds.max_utilization / mean;

	if (!worth)
		fprintf(out, "the fullest node, %s, is at %.3f of the mean.  A plan would aim at %.3f, and less than\n"
		             "%g %% of gain is not worth its moves.\n",
		        name, now, plan->target / mean, problem->min_gain * 100);
	else if (plan->max_utilization > plan->bounds.max_utilization)
		fprintf(out, "the nodes are balanced.  The fullest, %s, is at %.3f of the mean: %s above the %.3f that no plan\n"
		             "gets below, and so within the threshold of %g %%.\n",
		        name, now, percent_above(arena, now, least), least, problem->threshold * 100);
	else if (plan->nodes[node].groups_before == 1 && now > 1)
		fprintf(out, "the nodes are as balanced as can be.  The fullest, %s, is at %.3f of the mean with a single\n"
		             "shard group, and a shard group moves whole.\n",
		        name, now);
	else
		fprintf(out, "the nodes are as balanced as can be.  The fullest, %s, is at %.3f of the mean, and no plan gets\n"
		             "below that.\n",
		        name, now);
}

static void print_verdict(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan,
                          const PlanLook *look)
{
	if (plan->verdict != PLAN_MOVES) {
		print_nothing(out, arena, problem, plan, look);
		return;
	}

	double mean = mean_of(problem, plan);

	fprintf(out, "%s", output_paint(arena, look->in_colour, "1",
	                                arena_printf(arena, "%zu %s, %s", plan->move_count,
	                                             plural(plan->move_count, "move", "moves"),
	                                             output_bytes(arena, plan->bytes))));
	if (look->given)
		fputs(", as given", out);
	else if (plan->forced_count == plan->move_count)
		fprintf(out, ": %s shard %s may not stay where %s", plan->forced_count == 1 ? "this" : "these",
		        plural(plan->forced_count, "group", "groups"), plural(plan->forced_count, "it is", "they are"));
	else if (plan->forced_count > 0)
		fprintf(out, ", %zu of them because the shard %s may not stay where %s", plan->forced_count,
		        plural(plan->forced_count, "group", "groups"), plural(plan->forced_count, "it is", "they are"));

	const char *before = arena_printf(arena, "%.2f", mean > 0 ? plan->max_utilization_before / mean : 0);
	const char *after = arena_printf(arena, "%.2f", mean > 0 ? plan->max_utilization / mean : 0);

	if (strcmp(before, after) == 0)
		fprintf(out, ".\nThe fullest node stays at %s of the mean.\n", after);
	else
		fprintf(out, ".\nThe fullest node %s from %s to %s of the mean.\n",
		        plan->max_utilization < plan->max_utilization_before ? "goes" : "grows", before, after);
}

/* How a plan's figure compares with what nothing can beat. */
static const char *compared(Arena *arena, double reached, double least)
{
	if (reached <= least)
		return "optimal";
	if (least <= 0 || reached / least >= 10)
		return "";
	return arena_printf(arena, "%s above", percent_above(arena, reached, least));
}

static void print_certificate(FILE *out, Arena *arena, const BalanceProblem *problem, const BalancePlan *plan)
{
	static const char *const header[] = {"Certificate", "This plan", "No plan below", ""};
	static const bool right[] = {false, true, true, false};
	double mean = mean_of(problem, plan);
	const BalanceBounds *bounds = &plan->bounds;

	if (plan->verdict != PLAN_MOVES)
		return;

	const char *const cells[] = {
		"fullest node, of mean", arena_printf(arena, "%.3f", mean > 0 ? plan->max_utilization / mean : 0),
		arena_printf(arena, "%.3f", mean > 0 ? bounds->max_utilization / mean : 0),
		compared(arena, plan->max_utilization, bounds->max_utilization),
		"bytes moved", output_bytes(arena, plan->bytes), output_bytes(arena, bounds->bytes),
		compared(arena, (double) plan->bytes, (double) bounds->bytes),
		"moves", arena_printf(arena, "%zu", plan->move_count), arena_printf(arena, "%" PRId64, bounds->moves),
		compared(arena, (double) plan->move_count, (double) bounds->moves)};

	fputc('\n', out);
	output_table(out, header, right, 4, cells, 3);
	fprintf(out, "Bytes and moves: to %s the best balance%s.\n",
	        problem->threshold > 0 ? arena_printf(arena, "get within %g %% of", problem->threshold * 100) : "reach",
	        plan->forced_count > 0 ? " and keep the rules" : "");
	if (plan->order_is_safe)
		fputs("Order: it may stop after any move; no node gets fuller than the fullest of before and after.\n", out);
	else
		fprintf(out, "Order: in none that was found can it stop anywhere: on the way a node is at %.3f of the mean.\n",
		        mean > 0 ? plan->peak / mean : 0);
	if (plan->spread_after > plan->spread_before)
		fprintf(out, "Spread: a node gets %" PRId64 " %s of one colocation group more than its share.\n",
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
	if (!look.given)
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
