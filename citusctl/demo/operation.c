#include "demo/operation.h"

#include <stdlib.h>
#include <string.h>

#include "demo/ledger.h"
#include "io/asset.h"
#include "util/str.h"

#define WEIGHT_MAX 1000000

const StatementText statements[STATEMENT_COUNT] = {
	[S_BEGIN] = {"begin", "BEGIN", 0},
	[S_COMMIT] = {"commit", "COMMIT", 0},
	[S_ROLLBACK] = {"rollback", "ROLLBACK", 0},
	[S_POST] = {"post", "sql/query/demo_post_tweet.sql", 3},
	[S_POST_AGAIN] = {"post_again", "sql/query/demo_post_tweet_again.sql", 3},
	[S_FAN_OUT] = {"fan_out", "sql/query/demo_fan_out.sql", 2},
	[S_FAN_OUT_AGAIN] = {"fan_out_again", "sql/query/demo_fan_out_again.sql", 2},
	[S_FAN_OUT_TOLD] = {"fan_out_told", "sql/query/demo_fan_out_told.sql", 2},
	[S_FAN_OUT_AGAIN_TOLD] = {"fan_out_again_told", "sql/query/demo_fan_out_again_told.sql", 2},
	[S_PROFILE] = {"profile", "sql/query/demo_read_profile.sql", 1},
	[S_FEED] = {"feed", "sql/query/demo_read_feed.sql", 1},
	[S_FOLLOW] = {"follow", "sql/query/demo_follow.sql", 2},
	[S_UNFOLLOW] = {"unfollow", "sql/query/demo_unfollow.sql", 2},
	[S_TOP_AUTHORS] = {"top_authors", "sql/query/demo_top_authors.sql", 0},
	[S_COUNTRY] = {"country", "sql/query/demo_country_languages.sql", 1},
};

const SingleKey workload_single_key[] = {
	{"post", "sql/query/demo_post_tweet.sql", 3, true, 1},
	{"profile", "sql/query/demo_read_profile.sql", 1, false, 2},
	{"feed", "sql/query/demo_read_feed.sql", 1, false, 1},
	{"follow", "sql/query/demo_follow.sql", 2, true, 1},
	{"unfollow", "sql/query/demo_unfollow.sql", 2, false, 1},
};
const int workload_single_key_count = 5;

const Operation operations[DEMO_OPERATIONS] = {
	[OP_FEED] = {"read_feed", "read a feed", 450, 1, {S_FEED}, {S_FEED}, 0},
	[OP_PROFILE] = {"read_profile", "read a profile", 260, 1, {S_PROFILE}, {S_PROFILE}, 0},
	[OP_POST] = {"post_tweet", "post a tweet", 100, 4, {S_BEGIN, S_POST, S_FAN_OUT, S_COMMIT},
	             {S_BEGIN, S_POST_AGAIN, S_FAN_OUT_AGAIN, S_COMMIT}, LEDGER_POST},
	[OP_FOLLOW] = {"follow", "follow", 90, 1, {S_FOLLOW}, {S_FOLLOW}, LEDGER_FOLLOW},
	[OP_UNFOLLOW] = {"unfollow", "unfollow", 60, 1, {S_UNFOLLOW}, {S_UNFOLLOW}, LEDGER_UNFOLLOW},
	[OP_COUNTRY] = {"reference_join", "join reference table", 30, 1, {S_COUNTRY}, {S_COUNTRY}, 0},
	[OP_TOP_AUTHORS] = {"aggregate", "aggregate all shards", 10, 1, {S_TOP_AUTHORS}, {S_TOP_AUTHORS}, 0},
};

const char *statement_sql(Statement statement)
{
	const char *sql = statements[statement].sql;

	return strchr(sql, '/') != NULL ? asset_text(sql) : sql;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_one_of(const char *word, size_t length, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == length && strncmp(words[i], word, length) == 0)
			return true;
	return false;
}

/* A table stands behind FROM, JOIN or INTO, which the statements write in capitals. */
const char *statement_in_schema(Arena *arena, const char *sql, const char *schema)
{
	static const char *const before[] = {"FROM", "JOIN", "INTO"};
	static const char *const tables[] = {"users", "tweets", "subscriptions", "feed_items", "languages", "countries"};
	Str out = STR_INIT;
	bool follows = false;

	for (const char *at = sql; *at != '\0';) {
		size_t length = 0;

		if (at[0] == '-' && at[1] == '-') { /* a comment: to the end of its line */
			at += strcspn(at, "\n");
			continue;
		}
		while (is_word_char(at[length]))
			length++;
		if (length == 0) {
			str_append_char(&out, *at++);
			continue;
		}
		if (follows && is_one_of(at, length, tables, sizeof(tables) / sizeof(tables[0])))
			str_printf(&out, "%s.", schema);
		follows = is_one_of(at, length, before, sizeof(before) / sizeof(before[0]));
		str_append_bytes(&out, at, length);
		at += length;
	}

	const char *copy = arena_strdup(arena, str_text(&out));

	str_free(&out);
	return copy;
}

void mix_default(DemoMix *mix)
{
	for (int i = 0; i < DEMO_OPERATIONS; i++)
		mix->weights[i] = operations[i].weight;
}

static int find_operation(const char *name, size_t length)
{
	for (int i = 0; i < DEMO_OPERATIONS; i++) {
		if (strlen(operations[i].name) == length && strncmp(operations[i].name, name, length) == 0)
			return i;
	}
	return -1;
}

static bool name_them(Err *err)
{
	Str names = STR_INIT;

	for (int i = 0; i < DEMO_OPERATIONS; i++)
		str_printf(&names, "%s%s", i > 0 ? ", " : "", operations[i].name);
	err_hint(err, "It is a list such as \"read_feed=80,post_tweet=20\", of: %s.", str_text(&names));
	str_free(&names);
	return false;
}

/* One "name=weight"; *end is where it ended. */
static bool parse_part(const char *text, size_t length, DemoMix *mix, Err *err)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals != NULL ? (size_t) (equals - text) : length;
	int op = find_operation(text, name_length);

	if (op < 0)
		return err_set(err, ERR_USAGE, "--mix: there is no operation \"%.*s\"", (int) name_length, text);

	char *end = NULL;
	long weight = equals != NULL ? strtol(equals + 1, &end, 10) : -1;

	if (equals == NULL || end == equals + 1 || end != text + length || weight < 0 || weight > WEIGHT_MAX)
		return err_set(err, ERR_USAGE, "--mix: \"%.*s\" does not end with a weight of 0 to %d", (int) length, text,
		               WEIGHT_MAX);
	if (mix->weights[op] > 0)
		return err_set(err, ERR_USAGE, "--mix: \"%s\" stands there twice", operations[op].name);
	mix->weights[op] = (int) weight;
	return true;
}

bool mix_parse(const char *text, DemoMix *mix, Err *err)
{
	*mix = (DemoMix) {{0}};
	for (const char *at = text;;) {
		size_t length = strcspn(at, ",");

		if (!parse_part(at, length, mix, err))
			return name_them(err);
		at += length;
		if (*at == '\0')
			break;
		at++;
	}
	if (mix_total(mix) > 0)
		return true;
	err_set(err, ERR_USAGE, "--mix: no operation has a weight");
	return name_them(err);
}

int mix_total(const DemoMix *mix)
{
	int total = 0;

	for (int i = 0; i < DEMO_OPERATIONS; i++)
		total += mix->weights[i];
	return total;
}

Op mix_pick(const DemoMix *mix, int place)
{
	int op = 0;

	while (place >= mix->weights[op])
		place -= mix->weights[op++];
	return (Op) op;
}
