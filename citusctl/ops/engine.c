#include "ops/engine.h"

#include "io/asset.h"

const EngineTraits *engine_traits(Engine engine)
{
	static const EngineTraits traits[] = {
		/* A connection to each worker, not one for each shard: empty tables are made in no time. */
		[ENGINE_IS_CITUS] = {.has_columnar = true,
	                         .table_session = "SET citus.multi_shard_modify_mode TO 'sequential'",
	                         .seed_identity = "sql/query/citus_seed_identity.sql",
	                         .own_identity = "sql/query/citus_own_identity.sql",
	                         .disk_space = "sql/query/citus_disk_space.sql",
	                         .others_move = "sql/query/citus_others_move.sql",
	                         .has_rebalance_strategies = true,
	                         .moves_need_every_node = true,
	                         .fence = "sql/setup/fence_citus.sql",
	                         .server_id = "sql/query/citus_server_id.sql",
	                         .local_group = "sql/query/citus_local_group.sql",
	                         .replicate_reference_tables = "sql/query/citus_replicate_reference_tables.sql",
	                         .recover_prepared = "sql/query/citus_recover_prepared.sql",
	                         .disable_node = "sql/query/citus_disable_node.sql",
	                         .give_up = "sql/setup/citus_give_up.sql",
	                         .shard_places = "sql/query/citus_shard_places.sql",
	                         .catalog = "sql/query/citus_catalog.sql",
	                         .catalog_copy = "sql/query/citus_catalog.sql",
	                         .cleanup = "sql/query/citus_cleanup.sql",
	                         .rows_outside = "sql/query/citus_rows_outside.sql",
	                         .workers_have_catalog = true},
		[ENGINE_IS_EMBEDDED] = {.carries_foreign_keys = true,
	                            .seed_identity = "sql/query/embedded_seed_identity.sql",
	                            .own_identity = "sql/query/embedded_own_identity.sql",
	                            .others_move = "sql/query/embedded_others_move.sql",
	                            .fence = "sql/setup/fence_embedded.sql",
	                            .server_id = "sql/query/embedded_server_id.sql",
	                            .local_group = "sql/query/embedded_local_group.sql",
	                            .give_up = "sql/setup/embedded_give_up.sql",
	                            .shard_places = "sql/query/embedded_shard_places.sql",
	                            .table_shapes = "sql/query/embedded_table_shapes.sql",
	                            .catalog = "sql/query/embedded_catalog.sql",
	                            .catalog_copy = "sql/query/embedded_catalog_copy.sql",
	                            .cleanup = "sql/query/embedded_cleanup.sql",
	                            .rows_outside = "sql/query/embedded_rows_outside.sql"},
	};

	return &traits[engine];
}

const char *engine_note(const Cluster *cluster, Engine engine, Arena *arena)
{
	const char *names = NULL;
	size_t count = 0;

	for (size_t i = 0; i < cluster->table_count; i++)
		if (cluster->tables[i].storage == STORAGE_COLUMNAR && count++ == 0)
			names = cluster->tables[i].label;
		else if (cluster->tables[i].storage == STORAGE_COLUMNAR)
			names = arena_printf(arena, "%s, %s", names, cluster->tables[i].label);
	if (count == 0 || engine == ENGINE_UNKNOWN || engine_traits(engine)->has_columnar)
		return NULL;
	return arena_printf(arena,
	                    "Described as columnar, and kept as heap, as the engine %s has no columnar storage: %s.",
	                    engine_name(engine), names);
}

static bool install_extension(Pg *pg, const char *name, const char *create, bool *changed, Err *err)
{
	Arena *scratch = arena_new();
	const char *version = NULL;
	bool ok = pg_query_text(pg, asset_text("sql/query/extension_version.sql"), 1,
	                        (const char *const[]) {name}, scratch, &version, err);

	if (ok && version == NULL) {
		*changed = true;
		ok = pg_exec(pg, create, err);
	}
	arena_free(scratch);
	return ok;
}

/* Columnar storage is a package of its own since Citus 12: used where it is. */
static bool install_citus(Pg *pg, bool *changed, Err *err)
{
	bool columnar = false;

	return install_extension(pg, "citus", "CREATE EXTENSION citus", changed, err) &&
	       pg_query_bool(pg, asset_text("sql/query/extension_available.sql"), 1,
	                     (const char *const[]) {"citus_columnar"}, &columnar, err) &&
	       (!columnar || install_extension(pg, "citus_columnar", "CREATE EXTENSION citus_columnar",
	                                       changed, err));
}

/* A checksum of the engine's files: the version that an install is compared by. */
static const char *embedded_fingerprint(Arena *arena)
{
	unsigned long long hash = 14695981039346656037ULL;

	for (const Asset *a = asset_under("sql/embedded/", NULL); a != NULL;
	     a = asset_under("sql/embedded/", a + 1))
		for (const char *c = a->text; *c != '\0'; c++)
			hash = (hash ^ (unsigned char) *c) * 1099511628211ULL;
	return arena_printf(arena, "%016llx", hash);
}

static bool embedded_is_current(Pg *pg, const char *fingerprint, bool *current, Err *err)
{
	return pg_query_bool(pg, asset_text("sql/query/embedded_is_current.sql"), 1,
	                     (const char *const[]) {fingerprint}, current, err);
}

static bool run_embedded_files(Pg *pg, Err *err)
{
	for (const Asset *a = asset_under("sql/embedded/", NULL); a != NULL;
	     a = asset_under("sql/embedded/", a + 1))
		if (!pg_exec(pg, a->text, err))
			return err_wrap(err, "%s", a->name);
	return true;
}

static bool install_embedded(Pg *pg, bool *changed, Err *err)
{
	Arena *scratch = arena_new();
	const char *fingerprint = embedded_fingerprint(scratch);
	bool current = false;
	bool ok = embedded_is_current(pg, fingerprint, &current, err);

	if (ok && !current) {
		*changed = true;
		ok = pg_exec(pg, "BEGIN", err) && run_embedded_files(pg, err) &&
		     pg_run(pg, asset_text("sql/query/embedded_mark.sql"), 1, (const char *const[]) {fingerprint},
		            err) &&
		     pg_exec(pg, "COMMIT", err);
	}
	arena_free(scratch);
	return ok;
}

bool engine_install(Pg *pg, Engine engine, bool *changed, Err *err)
{
	return engine == ENGINE_IS_CITUS ? install_citus(pg, changed, err)
	                                 : install_embedded(pg, changed, err);
}

bool engine_is_installed(Pg *pg, Engine engine, bool *missing, Err *err)
{
	Arena *scratch = arena_new();
	bool there = false;
	bool ok = engine == ENGINE_IS_CITUS ? pg_query_bool(pg, asset_text("sql/query/citus_is_complete.sql"), 0, NULL, &there, err)
	                                    : embedded_is_current(pg, embedded_fingerprint(scratch), &there, err);

	*missing = !there;
	arena_free(scratch);
	return ok;
}
