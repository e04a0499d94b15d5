#include "run/run.h"

#include <pthread.h>

#include "util/clock.h"
#include "util/log.h"

/* What the threads of one phase share; steps [first, end) have one scope. */
typedef struct Phase {
	Report *report;
	Host *hosts;
	const RunWatcher *watcher;
	pthread_mutex_t watching;
	size_t first;
	size_t end;
	size_t node_count; /* hosts that take part: the first ones */
	const bool *only;  /* of them, NULL: all */
	atomic_size_t next;
	atomic_bool failed;
} Phase;

static void keep_differences(Arena *arena, Slot *slot, const Host *host)
{
	Difference *kept = arena_array(arena, host->difference_count, sizeof(*kept));

	for (size_t i = 0; i < host->difference_count; i++)
		kept[i] = (Difference) {arena_strdup(arena, host->differences[i].text), host->differences[i].mended};
	slot->differences = kept;
	slot->difference_count = host->difference_count;
}

static bool run_step(Phase *phase, size_t step, size_t node)
{
	Host *host = &phase->hosts[node];
	Slot *slot = report_slot(phase->report, step, node);
	Outcome outcome = OUTCOME_UNCHANGED;
	int64_t started = clock_us();

	host->said = NULL;
	host->difference_count = 0;
	log_debug("%s: %s", host->node->name, phase->report->steps[step].title);

	bool ok = clock_go_on(&slot->err) &&
	          phase->report->steps[step].ensure(host, &outcome, &slot->err);

	slot->took_us = clock_us() - started;
	slot->outcome = ok ? outcome : OUTCOME_FAILED;
	if (!ok)
		err_node(&slot->err, host->node->name);

	pthread_mutex_lock(&phase->watching);
	slot->said = arena_strdup(phase->report->arena, host->said);
	keep_differences(phase->report->arena, slot, host);
	if (phase->watcher != NULL)
		phase->watcher->finished(phase->watcher->context, phase->report, step, node);
	pthread_mutex_unlock(&phase->watching);
	return ok;
}

static void *work(void *arg)
{
	Phase *phase = arg;
	size_t node = 0;

	while ((node = atomic_fetch_add(&phase->next, 1)) < phase->node_count) {
		bool ok = true;

		if (phase->only != NULL && !phase->only[node])
			continue;
		for (size_t step = phase->first; ok && step < phase->end; step++)
			ok = run_step(phase, step, node);
		if (!ok)
			atomic_store(&phase->failed, true);
	}
	return NULL;
}

/* This thread works too, so that a phase runs even when no thread can be had. */
static bool run_phase(Phase *phase, int jobs)
{
	pthread_t threads[64];
	size_t wanted = jobs > 0 ? (size_t) jobs : 1;
	size_t started = 0;

	if (wanted > phase->node_count)
		wanted = phase->node_count;
	if (wanted > 64)
		wanted = 64;
	atomic_store(&phase->next, 0);
	while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, phase) == 0)
		started++;
	work(phase);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return !atomic_load(&phase->failed);
}

static bool run_phases(Session *session, Phase *phase)
{
	const Report *report = phase->report;
	bool ok = true;

	for (phase->first = 0; ok && phase->first < report->step_count; phase->first = phase->end) {
		Scope scope = report->steps[phase->first].scope;

		phase->end = phase->first;
		while (phase->end < report->step_count && report->steps[phase->end].scope == scope)
			phase->end++;
		phase->node_count = scope == ON_COORDINATOR ? 1 : report->cluster->node_count;
		phase->only = scope == ON_COORDINATOR ? NULL : session->only;
		ok = run_phase(phase, session->jobs);
	}
	return ok;
}

/* The first failure with its step in front; interrupted outranks what it caused. */
static bool plan_error(const Report *report, Err *err)
{
	for (size_t i = 0; i < report->step_count * report->cluster->node_count; i++) {
		const Slot *slot = &report->slots[i];

		if (slot->outcome == OUTCOME_FAILED) {
			err_copy(err, &slot->err);
			err_wrap(err, "%s: could not %s", report->cluster->nodes[i % report->cluster->node_count].name,
			         report->steps[i / report->cluster->node_count].title);
			break;
		}
	}
	if (clock_interrupted())
		err->kind = ERR_INTERRUPTED;
	return false;
}

bool run_plan(Session *session, const Step *steps, bool dry, const RunWatcher *watcher,
              Report **report, Err *err)
{
	const Cluster *cluster = session->cluster;
	int64_t started = clock_us();
	Arena *scratch = arena_new();
	Host *hosts = arena_array(scratch, cluster->node_count, sizeof(Host));
	size_t opened = 0;
	bool ok = true;

	*report = report_new(steps, cluster, dry);
	while (ok && opened < cluster->node_count) {
		if (opened == 0 || session->only == NULL || session->only[opened])
			ok = host_open(&hosts[opened], session, &cluster->nodes[opened], dry, err);
		opened++;
	}
	if (ok) {
		Phase phase = {.report = *report, .hosts = hosts, .watcher = watcher};

		pthread_mutex_init(&phase.watching, NULL);
		ok = run_phases(session, &phase) || plan_error(*report, err);
		pthread_mutex_destroy(&phase.watching);
	}
	for (size_t i = 0; i < opened; i++)
		if (hosts[i].session != NULL)
			host_close(&hosts[i]);
	(*report)->took_us = clock_us() - started;
	arena_free(scratch);
	return ok;
}
