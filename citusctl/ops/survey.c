#include "ops/survey.h"

#include "io/asset.h"

const char *const *script_argv(Arena *arena, const char *asset, const char *name, const char *const words[])
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;

	const char **argv = arena_array(arena, count + 5, sizeof(*argv));

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = asset_text(asset);
	argv[3] = name;
	for (size_t i = 0; i < count; i++)
		argv[4 + i] = words[i];
	return argv;
}

bool survey_host(Host *host, const Facts **facts, Err *err)
{
	const Cluster *cluster = host->session->cluster;
	const char *const *words = facts_survey_args(cluster, host->node, host->arena);
	ShellResult result;

	if (!shell_run(host->root, script_argv(host->arena, "host/survey.sh", "survey", words), NULL, host->arena, &result, err))
		return false;
	if (result.status != 0) {
		result.out = ""; /* what was seen by then is no reason, and nobody's to read */
		return shell_failed("survey", &result, err);
	}
	*facts = facts_parse(result.out, cluster, host->arena);
	return true;
}
