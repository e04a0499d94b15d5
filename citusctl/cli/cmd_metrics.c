#include <stdio.h>

#include "cli/commands.h"
#include "cli/metrics_output.h"
#include "io/asset.h"
#include "util/clock.h"

typedef struct MetricsArgs {
	const char *textfile;
	const char *show;
} MetricsArgs;

static const Option metrics_options[] = {
	{"textfile", 0, OPT_TEXT, offsetof(MetricsArgs, textfile), "FILE",
	 "write them there, all at once, for node_exporter's textfile collector", 0, 0},
	{"show", 0, OPT_TEXT, offsetof(MetricsArgs, show), "WHAT",
	 "print what goes with them: prometheus (configuration), grafana (dashboard), timer (systemd)", 0, 0},
	{0},
};

static const struct {
	const char *name;
	const char *asset;
} companions[] = {
	{"prometheus", "templates/prometheus.yml"},
	{"grafana", "templates/grafana.json"},
	{"timer", "templates/citusctl-metrics.service"},
};

static bool show(const char *what, Err *err)
{
	for (size_t i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		if (str_equal(companions[i].name, what)) {
			fputs(asset_text(companions[i].asset), stdout);
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "--show: \"%s\" is not prometheus, grafana or timer", what);
}

static bool deliver(const Call *call, const MetricsArgs *args, const char *text, Err *err)
{
	if (args->textfile != NULL)
		return shell_put_here(args->textfile, text, err);
	if (call->globals->json) {
		err_set(err, ERR_USAGE, "metrics are in Prometheus' text format only");
		return err_hint(err, "\"citusctl status -o json\" says much of it as JSON.");
	}
	fputs(text, stdout);
	return true;
}

static bool run_metrics(Call *call, const void *opaque, Err *err)
{
	const MetricsArgs *args = opaque;
	int64_t since = clock_us();
	Metrics metrics;
	Str text = STR_INIT;

	if (args->show != NULL)
		return show(args->show, err);

	bool ok = session_attach(call->session, err) && metrics_read(call->session, call->arena, &metrics, err);

	if (ok) {
		metrics_output(&text, call->cluster->name, &metrics, (double) (clock_us() - since) / 1e6);
		ok = deliver(call, args, str_text(&text), err);
	}
	if (ok && !metrics.has_status) {
		err_set(err, ERR_UNREACHABLE, "the coordinator does not answer; these are the metrics without it");
		ok = err_hint(err, "To start the servers of a local cluster: citusctl node start");
	}
	str_free(&text);
	return ok;
}

static Needs needs_of(const void *opaque)
{
	return ((const MetricsArgs *) opaque)->show != NULL ? NEEDS_NOTHING : NEEDS_SESSION;
}

const Command metrics_command = {
	.name = "metrics",
	.summary = "print the cluster's metrics for Prometheus",
	.operands = "",
	.details = "Nodes, shards, bytes and balance, moves under way, what replication and two-phase\n"
	           "commit left behind, and the last demo.  A node that is down is a metric, not an error.",
	.options = metrics_options,
	.args_size = sizeof(MetricsArgs),
	.needs_of = needs_of,
	.run = run_metrics,
};
