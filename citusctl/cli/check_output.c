#include "cli/check_output.h"

static const char *const verdicts[] = {"Pass", "Warn", "Fail"};

Json *check_json(const Cluster *cluster, const Check *check)
{
	static const char *const names[] = {"pass", "warn", "fail"};
	Json *document = json_object();

	json_add_text(document, "cluster", cluster->name);
	json_add_bool(document, "passed", check->failed == 0);
	json_add_int(document, "failed", (int64_t) check->failed);
	json_add_int(document, "warned", (int64_t) check->warned);

	Json *results = json_add_array(document, "checks");

	for (size_t i = 0; i < check->count; i++) {
		Json *one = json_add_object(results, NULL);

		json_add_text(one, "node", check->items[i].node);
		json_add_text(one, "check", check->items[i].check);
		json_add_text(one, "result", names[check->items[i].verdict]);
		json_add_text(one, "message", check->items[i].message);
	}
	return document;
}

void check_print(const Call *call, const Check *check)
{
	static const char *const header[] = {"Node", "Check", "Result", "Message"};
	static const char *const colours[] = {"32", "33", "1;31"};
	static const bool right[] = {false, false, false, false};
	bool colour = output_colour(stdout);
	const char **cells = arena_array(call->arena, check->count * 4, sizeof(char *));
	size_t rows = 0;

	for (size_t i = 0; i < check->count; i++) {
		const CheckResult *r = &check->items[i];

		if (call->globals->quiet && r->verdict == VERDICT_PASS)
			continue;
		cells[rows * 4] = r->node;
		cells[rows * 4 + 1] = r->check;
		cells[rows * 4 + 2] = output_paint(call->arena, colour, colours[r->verdict], verdicts[r->verdict]);
		cells[rows++ * 4 + 3] = r->message;
	}
	if (rows > 0)
		output_table(stdout, header, right, 4, cells, rows);
}
