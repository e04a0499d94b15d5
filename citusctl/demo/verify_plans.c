/* The checks that read plans: does the work happen where it should? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/verify.h"
#include "demo/operation.h"
#include "io/asset.h"

/* The plan as one text, lines ended by newlines. */
static bool explain(Verify *v, const char *sql, const char **plan, Err *err)
{
	PgRows *rows = pg_query(v->app, sql, 0, NULL, err);
	Str text = STR_INIT;

	if (rows == NULL)
		return false;
	for (int i = 0; i < pg_row_count(rows); i++) {
		str_append(&text, pg_value(rows, i, 0));
		str_append_char(&text, '\n');
	}
	*plan = arena_strdup(v->arena, str_text(&text));
	str_free(&text);
	pg_rows_free(rows);
	return true;
}

/* The length of a shard's name that stands at the beginning of text: a name, "_", four digits or more; else 0. */
static size_t shard_name_at(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");
	size_t digits = 0;

	while (digits < length && text[length - digits - 1] >= '0' && text[length - digits - 1] <= '9')
		digits++;
	return digits >= 4 && digits + 1 < length && text[length - digits - 1] == '_' ? length : 0;
}

/* How many shards a plan names; each is counted once. */
static int64_t shards_named(const char *plan)
{
	int64_t shards = 0;

	for (const char *at = plan; *at != '\0';) {
		size_t length = shard_name_at(at);
		bool is_new = length > 0;

		for (const char *before = plan; is_new && before < at; before++)
			is_new = before[0] != at[0] || strncmp(before, at, length) != 0;
		shards += is_new ? 1 : 0;
		at += strcspn(at, " ()\n");
		at += strspn(at, " ()\n");
	}
	return shards;
}

/* How many shards a plan goes to. */
static int64_t shards_of(const DemoEngine *engine, const char *plan)
{
	const char *word = engine->task_word;
	int64_t shards = 0;

	if (word == NULL)
		return shards_named(plan);
	for (const char *at = strstr(plan, word); at != NULL; at = strstr(at, word)) {
		at += strlen(word);
		shards += strtoll(at, NULL, 10);
	}
	return shards;
}

/* The operation's statement, prepared as in the workload, for a user in the middle. */
static bool explain_single(Verify *v, const SingleKey *key, const char **plan, Err *err)
{
	static const char *const params[] = {"", "", ", 1", ", 1, 'a tweet'"};
	const char *user = arena_printf(v->arena, "%lld", (long long) v->generator.users / 2 + 1);
	const char *sql = arena_printf(v->arena, "EXPLAIN (COSTS OFF) EXECUTE demo_%s (%s%s)", key->name, user,
	                               params[key->params]);

	return pg_exec(v->app, arena_printf(v->arena, "PREPARE demo_%s AS %s", key->name, asset_text(key->sql)), err) &&
	       explain(v, sql, plan, err) &&
	       pg_exec(v->app, arena_printf(v->arena, "DEALLOCATE demo_%s", key->name), err);
}

bool check_single_shard(Verify *v, Err *err)
{
	const char *names = "";
	int looked_at = 0;

	for (int i = 0; i < workload_single_key_count; i++) {
		const SingleKey *key = &workload_single_key[i];
		const char *plan = NULL;

		if (key->is_insert && !v->engine->plans_inserts)
			continue;
		if (!explain_single(v, key, &plan, err))
			return false;

		/* A named shard is one table's part; a task is one for all colocated tables. */
		int64_t wanted = v->engine->task_word != NULL ? 1 : key->tables;
		int64_t shards = shards_of(v->engine, plan);

		if (shards != wanted)
			verify_problem(v, "%s goes to %lld shards of %d %s", key->name, (long long) shards, key->tables,
			               key->tables == 1 ? "table" : "tables");
		names = arena_printf(v->arena, "%s%s%s", names, looked_at > 0 ? ", " : "", key->name);
		looked_at++;
	}
	v->said = arena_printf(v->arena, "%s: one shard each%s", names, v->engine->single_note);
	return true;
}

static int64_t count_word(const char *text, const char *word)
{
	int64_t count = 0;

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		count++;
	return count;
}

bool check_colocated_joins(Verify *v, Err *err)
{
	const DemoEngine *engine = v->engine;
	const char *plan = NULL;
	const char *sql = arena_printf(v->arena, "EXPLAIN (COSTS OFF) %s", asset_text("sql/query/check_colocated_join.sql"));

	if (engine->join_session != NULL && !pg_exec(v->app, engine->join_session, err))
		return false;

	bool ok = explain(v, sql, &plan, err);

	if (engine->join_session != NULL && !pg_exec(v->app, "RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_nestloop", err))
		return false;
	if (!ok)
		return false;

	int64_t joins = engine->join_word == NULL ? shards_of(engine, plan) : count_word(plan, engine->join_word);
	int64_t wanted = v->target->cluster->shard_count;

	if (engine->fetch_word != NULL && strstr(plan, engine->fetch_word) != NULL)
		verify_problem(v, "users and tweets are fetched before they are joined");
	else if (joins != wanted)
		verify_problem(v, "of %lld pairs of shards of users and tweets %lld are joined on the workers",
		               (long long) wanted, (long long) joins);
	v->said = arena_printf(v->arena, "users and tweets joined on the workers in %lld parts, one for each pair of shards%s",
	                       (long long) joins, engine->join_note);
	return true;
}
