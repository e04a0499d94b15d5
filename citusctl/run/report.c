#include "run/report.h"

#include <stdlib.h>

Report *report_new(const Step *steps, const Cluster *cluster, bool dry)
{
	Report *report = xmalloc(sizeof(*report));
	size_t count = 0;

	while (steps[count].title != NULL)
		count++;
	*report = (Report) {
		.arena = arena_new(),
		.steps = steps,
		.step_count = count,
		.cluster = cluster,
		.dry = dry,
	};
	report->slots = arena_array(report->arena, count * cluster->node_count, sizeof(Slot));
	return report;
}

void report_free(Report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->step_count * report->cluster->node_count; i++)
		err_clear(&report->slots[i].err);
	arena_free(report->arena);
	free(report);
}

Slot *report_slot(const Report *report, size_t step, size_t node)
{
	return &report->slots[step * report->cluster->node_count + node];
}

Outcome report_step_outcome(const Report *report, size_t step)
{
	Outcome worst = OUTCOME_NOT_RUN;

	for (size_t node = 0; node < report->cluster->node_count; node++) {
		Outcome outcome = report_slot(report, step, node)->outcome;

		if (outcome > worst)
			worst = outcome;
	}
	return worst;
}

size_t report_count(const Report *report, Outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < report->step_count * report->cluster->node_count; i++)
		if (report->slots[i].outcome == outcome)
			count++;
	return count;
}

const Err *report_failure(const Report *report)
{
	for (size_t i = 0; i < report->step_count * report->cluster->node_count; i++)
		if (report->slots[i].outcome == OUTCOME_FAILED)
			return &report->slots[i].err;
	return NULL;
}

const char *outcome_name(Outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_NOT_RUN] = "not run",
		[OUTCOME_UNCHANGED] = "unchanged",
		[OUTCOME_CHANGED] = "changed",
		[OUTCOME_FAILED] = "failed",
	};

	return names[outcome];
}

size_t report_count_left(const Report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->step_count * report->cluster->node_count; i++)
		for (size_t k = 0; k < report->slots[i].difference_count; k++)
			count += report->slots[i].differences[k].mended ? 0 : 1;
	return count;
}
