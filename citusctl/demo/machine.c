#define _GNU_SOURCE /* sched_getaffinity() */
#include "demo/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "io/asset.h"
#include "util/str.h"

/* The first "model name" of /proc/cpuinfo; some architectures have none. */
static const char *cpu_model(Arena *arena)
{
	char line[256];
	const char *model = "";
	FILE *file = fopen("/proc/cpuinfo", "r");

	while (file != NULL && *model == '\0' && fgets(line, sizeof(line), file) != NULL) {
		const char *colon = strchr(line, ':');

		line[strcspn(line, "\n")] = '\0';
		if (colon != NULL && colon[1] == ' ' && str_starts(line, "model name"))
			model = arena_strdup(arena, colon + 2);
	}
	if (file != NULL)
		fclose(file);
	return model;
}

static bool ask_versions(const DemoTarget *target, Arena *arena, DemoMachine *machine, Err *err)
{
	Pg *pg = demo_connect_node(target, demo_coordinator(target), err);
	bool ok = pg != NULL && pg_query_text(pg, asset_text("sql/query/citus_version.sql"), 0, NULL, arena,
	                                      &machine->engine_version, err);

	if (pg != NULL)
		machine->server = arena_printf(arena, "PostgreSQL %d.%d", pg_server_version(pg) / 10000,
		                               pg_server_version(pg) % 10000);
	pg_close(pg);
	return ok;
}

bool machine_look(const DemoTarget *target, Arena *arena, DemoMachine *machine, Err *err)
{
	struct utsname system;
	cpu_set_t usable;

	machine->cpu = cpu_model(arena);
	machine->cpus = sched_getaffinity(0, sizeof(usable), &usable) == 0 ? CPU_COUNT(&usable)
	                                                                   : (int) sysconf(_SC_NPROCESSORS_ONLN);
	machine->memory = (int64_t) sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	machine->system = "";
	if (uname(&system) == 0)
		machine->system = arena_printf(arena, "%s %s %s", system.sysname, system.release, system.machine);
	return ask_versions(target, arena, machine, err);
}
