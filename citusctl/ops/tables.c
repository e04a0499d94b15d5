#include "ops/tables.h"

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/placement.h"
#include "util/str.h"

/* One file of the description: from disk, or the one built in. */
static const char *read_schema_file(const Cluster *cluster, const char *file, Arena *arena, Err *err)
{
	const ShellTarget here = {.run_as = NULL};
	const char *path = *file == '/' ? file : arena_printf(arena, "%s/%s", cluster->directory, file);
	Shell *shell = shell_open(&here, err);
	const char *text = NULL;
	bool ok = shell != NULL && shell_get(shell, path, arena, &text, err);

	shell_close(shell);
	if (ok && text == NULL && asset_find(file) != NULL)
		text = asset_text(file);
	if (ok && text == NULL) {
		err_set(err, ERR_USAGE, "schema: there is no file \"%s\"", path);
		err_hint(err, "Paths are relative to the description file.");
	}
	return text;
}

static const char *checksum_of(Arena *arena, const char *text)
{
	unsigned long long hash = 14695981039346656037ULL;

	for (const char *c = text; *c != '\0'; c++)
		hash = (hash ^ (unsigned char) *c) * 1099511628211ULL;
	return arena_printf(arena, "%016llx", hash);
}

/* Citus keeps some of its views in public, so that stays on the path. */
static bool set_search_path(Pg *pg, const TablePlan *plan, Arena *arena, Err *err)
{
	return plan->search_path == NULL ||
	       pg_exec(pg, arena_printf(arena, "SET search_path TO %s, public", pg_ident(pg, arena, plan->search_path)),
	               err);
}

/* The file and the record of it are one transaction. */
static bool apply_file(Pg *pg, const char *key, const char *text, const char *checksum, Err *err)
{
	Err ignored = ERR_INIT;
	bool ok = pg_exec(pg, "BEGIN", err) && pg_exec(pg, text, err) &&
	          pg_run(pg, asset_text("sql/query/schema_file_record.sql"), 2,
	                 (const char *const[]) {key, checksum}, err) &&
	          pg_exec(pg, "COMMIT", err);

	if (!ok) {
		(void) !pg_exec(pg, "ROLLBACK", &ignored);
		err_clear(&ignored);
		err_wrap(err, "schema file \"%s\"", key);
		err_hint(err, "A schema file is one transaction, applied again when it changes: write it with "
		              "CREATE TABLE IF NOT EXISTS and the like.");
	}
	return ok;
}

static bool ensure_bookkeeping(Pg *pg, bool dry, bool *there, Err *err)
{
	if (!pg_query_bool(pg, asset_text("sql/query/bookkeeping_exists.sql"), 0, NULL, there, err))
		return false;
	if (*there || dry)
		return true;
	*there = true;
	return pg_exec(pg, asset_text("sql/setup/bookkeeping.sql"), err);
}

static const char *quoted_name(Pg *pg, Arena *arena, const Table *table)
{
	return pg_qualified(pg, arena, table->schema, table->name);
}

/* A described table that is not there, as quoted for people; NULL when all are. */
static bool find_missing(Pg *pg, const TablePlan *plan, Arena *arena, const char **missing, Err *err)
{
	Str names = STR_INIT;

	*missing = NULL;
	for (size_t i = 0; i < plan->cluster->table_count; i++)
		str_printf(&names, "%s%s", i > 0 ? "\n" : "", quoted_name(pg, arena, &plan->cluster->tables[i]));

	const char *const values[] = {str_text(&names)};
	bool ok = plan->cluster->table_count == 0 ||
	          pg_query_text(pg, asset_text("sql/query/tables_missing.sql"), 1, values, arena, missing, err);

	str_free(&names);
	return ok;
}

/* Runs the files that are new or have changed, or those that are not. */
static bool run_files(Pg *pg, const TablePlan *plan, bool known_ones, bool there, bool dry, Arena *arena, size_t *applied, Err *err)
{
	const TextList *files = &plan->cluster->schema;
	bool ok = true;

	for (size_t i = 0; ok && i < files->count; i++) {
		const char *file = files->items[i];
		const char *key = plan->search_path == NULL
		                      ? file
		                      : arena_printf(arena, "%s:%s", plan->search_path, file);
		const char *text = read_schema_file(plan->cluster, file, arena, err);
		const char *known = NULL;

		ok = text != NULL &&
		     (!there || pg_query_text(pg, asset_text("sql/query/schema_file_applied.sql"), 1,
		                              (const char *const[]) {key}, arena, &known, err));
		if (!ok || str_equal(known, checksum_of(arena, text)) != known_ones)
			continue;
		(*applied)++;
		ok = dry || apply_file(pg, key, text, checksum_of(arena, text), err);
	}
	return ok;
}

bool tables_apply_schema(Pg *pg, const TablePlan *plan, bool dry, Arena *arena, bool *changed,
                         const char **said, Err *err)
{
	const char *missing = NULL;
	bool there = false;
	size_t applied = 0;
	size_t again = 0;
	bool ok = ensure_bookkeeping(pg, dry, &there, err) && set_search_path(pg, plan, arena, err) &&
	          run_files(pg, plan, false, there, dry, arena, &applied, err);

	/* A table that they made before may have been dropped. */
	if (ok && plan->cluster->schema.count > 0 && !(dry && applied > 0))
		ok = find_missing(pg, plan, arena, &missing, err);
	if (ok && missing != NULL)
		ok = run_files(pg, plan, true, there, dry, arena, &again, err);
	applied += again;
	*changed = applied > 0;
	if (applied > 0)
		*said = arena_printf(arena, "%zu file%s%s%s%s", applied, applied == 1 ? "" : "s", again > 0 ? ", as " : "",
		                     again > 0 ? missing : "", again > 0 ? " is missing" : "");
	if (again > 0 && plan->host != NULL)
		host_differs(plan->host, true, "table %s is missing", missing);
	return ok;
}

/* What a described table is now, from sql/query/table_state.sql. */
typedef struct TableState {
	bool is_there;
	char method; /* 'h' distributed, 'n' reference, 0 neither */
	const char *column;
	int64_t colocation_id;
	int64_t shard_count;
	const char *storage;
} TableState;

static bool read_state(Pg *pg, Arena *arena, const Table *table, TableState *state, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/table_state.sql"), 1,
	                        (const char *const[]) {quoted_name(pg, arena, table)}, err);

	if (rows == NULL)
		return false;
	*state = (TableState) {
		.is_there = pg_bool(rows, 0, 0),
		.method = *pg_value(rows, 0, 1),
		.column = arena_strdup(arena, pg_value(rows, 0, 2)),
		.colocation_id = pg_int(rows, 0, 3),
		.shard_count = pg_int(rows, 0, 4),
		.storage = arena_strdup(arena, pg_value(rows, 0, 6)),
	};
	pg_rows_free(rows);
	return true;
}

/* Tells what is and what is wanted; true when that is all there is to do, in a dry run. */
static bool rewrite_needed(const TablePlan *plan, const Table *table, Err *err, const char *is, const char *wanted)
{
	if (plan->host != NULL && plan->host->dry) {
		host_differs(plan->host, false, "table \"%s\" %s, the description says %s; init does not rewrite tables", table->label, is,
		             wanted);
		return true;
	}
	err_set(err, ERR_REFUSED, "table \"%s\" %s, the description says %s", table->label, is, wanted);
	return err_hint(err, "citusctl does not rewrite a table that may hold data: change it by hand with "
	                     "undistribute_table() or alter_distributed_table(), or set the description back.");
}

/* Storage can be changed at any time, and is left to people. */
static void compare_storage(const TablePlan *plan, const Table *table, const TableState *state)
{
	const char *wanted = table->storage == STORAGE_COLUMNAR ? "columnar" : "heap";

	if (plan->host != NULL && engine_traits(plan->engine)->has_columnar && !str_equal(state->storage, wanted))
		host_differs(plan->host, false, "table \"%s\" is stored as %s, the description says %s: "
		             "SELECT alter_table_set_access_method('%s', '%s')", table->label, state->storage, wanted, table->label, wanted);
}

static bool state_matches(Arena *arena, const TablePlan *plan, const Table *table,
                          const TableState *state, int64_t group, Err *err)
{
	compare_storage(plan, table, state);
	if (table->type == TABLE_REFERENCE)
		return state->method == 'n' || rewrite_needed(plan, table, err, "is a distributed table", "reference");
	if (state->method == 'n')
		return rewrite_needed(plan, table, err, "is a reference table", "distributed");
	if (!str_equal(state->column, table->distribution_column))
		return rewrite_needed(plan, table, err,
		                      arena_printf(arena, "is distributed by \"%s\"", state->column),
		                      arena_printf(arena, "\"%s\"", table->distribution_column));
	if (table->colocate_with == NULL && state->shard_count != plan->cluster->shard_count)
		return rewrite_needed(plan, table, err,
		                      arena_printf(arena, "has %lld shards", (long long) state->shard_count),
		                      arena_printf(arena, "%d", plan->cluster->shard_count));
	if (table->colocate_with != NULL && group != 0 && state->colocation_id != group)
		return rewrite_needed(plan, table, err,
		                      arena_printf(arena, "is not colocated with \"%s\"",
		                                   table->colocate_with->label), "that it is");
	return true;
}

/* The colocation id of the table it is to be colocated with, 0 when unknown. */
static bool group_of(Pg *pg, Arena *arena, const Table *table, int64_t *group, Err *err)
{
	TableState other = {0};

	*group = 0;
	if (table->colocate_with == NULL)
		return true;
	if (!read_state(pg, arena, table->colocate_with, &other, err))
		return false;
	*group = other.colocation_id;
	return true;
}

static bool column_is_there(Pg *pg, Arena *arena, const Table *table, Err *err)
{
	const char *const values[] = {quoted_name(pg, arena, table), table->distribution_column};
	const char *columns = NULL;
	bool there = false;

	if (table->distribution_column == NULL)
		return true;
	if (!pg_query_bool(pg, asset_text("sql/query/column_exists.sql"), 2, values, &there, err))
		return false;
	if (there)
		return true;
	if (!pg_query_text(pg, asset_text("sql/query/column_names.sql"), 1, values, arena, &columns, err))
		return false;
	err_set(err, ERR_USAGE, "table \"%s\" has no column \"%s\" to be distributed by", table->label,
	        table->distribution_column);
	return err_hint(err, "Its columns are %s: correct \"distribution_column\".", columns);
}

/*
 * Takes the foreign keys from and to the table off and keeps them in the
 * database, so that a run that was stopped is completed by the next.
 */
static bool set_foreign_keys_aside(Pg *pg, Arena *arena, const Table *table, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/foreign_keys_of.sql"), 1,
	                        (const char *const[]) {quoted_name(pg, arena, table)}, err);
	bool ok = rows != NULL;

	if (ok && pg_row_count(rows) > 0) {
		ok = pg_exec(pg, "BEGIN", err);
		for (int i = 0; ok && i < pg_row_count(rows); i++) {
			const char *const values[] = {pg_value(rows, i, 0), pg_value(rows, i, 1), pg_value(rows, i, 2)};

			ok = pg_run(pg, asset_text("sql/query/pending_foreign_key_add.sql"), 3, values, err) &&
			     pg_exec(pg, arena_printf(arena, "ALTER TABLE %s DROP CONSTRAINT %s", values[0],
			                              pg_ident(pg, arena, values[1])), err);
		}
		ok = ok && pg_exec(pg, "COMMIT", err);
	}
	pg_rows_free(rows);
	return ok;
}

static bool put_foreign_key_back(Pg *pg, Arena *arena, const PgRows *rows, int row, bool *was_settled, Err *err)
{
	const char *const id[] = {pg_value(rows, row, 0)};

	if (!pg_query_bool(pg, asset_text("sql/query/pending_foreign_key_settled.sql"), 1, id, was_settled, err))
		return false;
	if (*was_settled || pg_exec(pg, arena_printf(arena, "ALTER TABLE %s ADD CONSTRAINT %s %s", pg_value(rows, row, 1),
	                                             pg_value(rows, row, 2), pg_value(rows, row, 3)), err))
		return pg_run(pg, asset_text("sql/query/pending_foreign_key_done.sql"), 1, id, err);
	return err_hint(err, "Put right what it needs and run the command again, or give it up on the coordinator: "
	                "DELETE FROM citusctl.pending_foreign_keys WHERE id = %s", id[0]);
}

bool tables_put_foreign_keys_back(Pg *pg, Arena *arena, size_t *put, size_t *settled, Err *err)
{
	PgRows *rows = pg_query(pg, asset_text("sql/query/pending_foreign_keys.sql"), 0, NULL, err);
	int count = rows != NULL ? pg_row_count(rows) : 0;
	bool ok = rows != NULL && (count == 0 || pg_exec(pg, "BEGIN", err));

	*put = 0;
	*settled = 0;
	for (int i = 0; ok && i < count; i++) {
		bool was_settled = false;

		ok = put_foreign_key_back(pg, arena, rows, i, &was_settled, err) ||
		     err_wrap(err, "foreign key %s of table %s", pg_value(rows, i, 2), pg_value(rows, i, 1));
		*(was_settled ? settled : put) += 1;
	}
	pg_rows_free(rows);
	return ok && (count == 0 || pg_exec(pg, "COMMIT", err));
}

static bool make_columnar(Pg *pg, Arena *arena, const TablePlan *plan, const Table *table,
                          const TableState *state, Err *err)
{
	if (table->storage != STORAGE_COLUMNAR || !engine_traits(plan->engine)->has_columnar ||
	    str_equal(state->storage, "columnar"))
		return true;
	return pg_exec(pg, arena_printf(arena, "ALTER TABLE %s SET ACCESS METHOD columnar",
	                                quoted_name(pg, arena, table)), err);
}

/* By the table's number: the superuser looks names up elsewhere. */
static bool distribute_where_allowed(Pg *pg, Arena *arena, const TablePlan *plan, const Table *table,
                                     const char *const values[4], Err *err)
{
	const char *by_number[] = {NULL, values[1], values[2], values[3]};
	int64_t number = 0;

	if (!pg_query_int64(pg, asset_text("sql/query/table_number.sql"), 1, values, &number, err))
		return false;
	by_number[0] = arena_printf(arena, "%lld", (long long) number);
	return placement_distribute(plan->session, plan->superuser, table, by_number, arena, err);
}

static bool distribute(Pg *pg, Arena *arena, const TablePlan *plan, const Table *table,
                       const TableState *state, Err *err)
{
	const char *name = quoted_name(pg, arena, table);
	const char *const values[] = {
		name,
		table->distribution_column,
		table->colocate_with != NULL ? quoted_name(pg, arena, table->colocate_with) : "none",
		table->colocate_with != NULL ? NULL : arena_printf(arena, "%d", plan->cluster->shard_count),
	};

	if (!engine_traits(plan->engine)->carries_foreign_keys &&
	    !set_foreign_keys_aside(pg, arena, table, err))
		return false;
	if (table->type == TABLE_REFERENCE)
		return pg_run(pg, asset_text("sql/query/create_reference_table.sql"), 1, values, err);
	if (!make_columnar(pg, arena, plan, table, state, err))
		return false;
	if (plan->superuser != NULL && table->colocate_with == NULL && placement_has_rule(plan->cluster, table))
		return distribute_where_allowed(pg, arena, plan, table, values, err);
	return pg_run(pg, asset_text("sql/query/create_distributed_table.sql"), 4, values, err);
}

static bool ensure_table(Pg *pg, const TablePlan *plan, const Table *table, bool dry, Arena *arena,
                         bool *changed, Err *err)
{
	TableState state = {0};
	int64_t group = 0;

	*changed = false;
	if (!read_state(pg, arena, table, &state, err) || !group_of(pg, arena, table, &group, err))
		return false;
	if (!state.is_there) {
		*changed = true;
		if (dry)
			return true; /* a schema file that was not applied makes it */
		err_set(err, ERR_USAGE, "table \"%s\" does not exist in the database", table->label);
		return err_hint(err, "A file of \"schema\" has to create it: it is distributed after those have run.");
	}
	if (state.method != '\0')
		return state_matches(arena, plan, table, &state, group, err);
	*changed = true;
	return column_is_there(pg, arena, table, err) &&
	       (dry || distribute(pg, arena, plan, table, &state, err) ||
	        err_wrap(err, "table \"%s\"", table->label));
}

bool tables_distribute(Pg *pg, const TablePlan *plan, bool dry, Arena *arena, bool *changed,
                       const char **said, Err *err)
{
	const Table *const *tables = cluster_tables_in_order(plan->cluster, arena);
	bool there = false;
	size_t made = 0;
	size_t put = 0;
	size_t settled = 0;
	const char *settings = engine_traits(plan->engine)->table_session;
	bool ok = ensure_bookkeeping(pg, dry, &there, err) && set_search_path(pg, plan, arena, err) &&
	          (settings == NULL || pg_exec(pg, settings, err));

	for (size_t i = 0; ok && i < plan->cluster->table_count; i++) {
		bool one = false;

		ok = ensure_table(pg, plan, tables[i], dry, arena, &one, err);
		made += one ? 1 : 0;
	}
	*changed = made > 0;
	if (made > 0)
		*said = arena_printf(arena, "%zu table%s", made, made == 1 ? "" : "s");
	return ok && (dry || !there || tables_put_foreign_keys_back(pg, arena, &put, &settled, err));
}
