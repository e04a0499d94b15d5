#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "io/asset.h"
#include "ops/engine.h"
#include "ops/move_estimate.h"
#include "ops/rebalance.h"
#include "util/clock.h"
#include "util/json.h"
#include "util/str.h"

/* Citus refuses a move that leaves its target less than this of its disk. */
#define DISK_SHARE_KEPT 0.1

/* A transaction that writes holds every move from its node up for as long. */
#define OLD_TRANSACTION_S 60

/* Below this many milliseconds a retry interval costs nothing that is felt. */
#define RETRY_INTERVAL_FELT_MS 1000

/* A group is tiny when a move with blocked writes takes no longer than this. */
#define TINY_S 0.3

/* What is known of a node; same index as in the snapshot. */
typedef struct NodeFacts {
	bool is_source, is_target;
	bool is_read; /* what follows is known */
	int64_t slots, senders, workers; /* free ones */
	int64_t retry_ms;
	double free_bytes, all_bytes; /* of its disk; all_bytes 0: not known */
	uint64_t disk;                /* nodes with the same number share it; 0: its own */
	int64_t arriving;             /* bytes */
} NodeFacts;

typedef struct Check {
	const Session *session;
	Rebalance *r;
	NodeFacts *nodes;
	size_t *move_of; /* of each group: the index of its move and 1, or 0 */
	int64_t owners; /* the most roles that own tables of one group: each takes a slot */
	Str without_identity;
	double blocked_s; /* writes to one group would wait at most, were they blocked */
} Check;

static void find(Check *check, Finding finding)
{
	FindingList *list = &check->r->findings;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity > 0 ? list->capacity * 2 : 8;
		Finding *items = arena_array(check->r->arena, capacity, sizeof(*items));

		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = finding;
}

static void find_err(Check *check, const Member *node, const Err *err)
{
	Arena *arena = check->r->arena;

	find(check, (Finding) {FINDING_ERROR, err->kind, node->name,
	                       err->detail != NULL ? arena_printf(arena, "%s: %s", err->message, err->detail)
	                                           : arena_strdup(arena, err->message),
	                       arena_strdup(arena, err->hint)});
}

/* ---- one node ------------------------------------------------------------------ */

static bool read_node(Check *check, size_t n, Pg *pg, Err *err)
{
	NodeFacts *facts = &check->nodes[n];
	const Member *node = &check->r->snapshot.nodes[n];
	Arena *arena = check->r->arena;
	PgRows *rows = pg_query(pg, asset_text("sql/query/node_facts.sql"), 0, NULL, err);

	if (rows == NULL)
		return false;
	facts->is_read = true;
	facts->slots = pg_int(rows, 0, 1);
	facts->senders = pg_int(rows, 0, 2);
	facts->workers = pg_int(rows, 0, 3);
	facts->retry_ms = pg_int(rows, 0, 4);
	if (facts->is_source && strcmp(pg_value(rows, 0, 0), "logical") != 0 &&
	    check->r->request.mode == REBALANCE_ONLINE)
		find(check, (Finding) {
			FINDING_ERROR, ERR_REFUSED, node->name,
			arena_printf(arena, "wal_level is %s: shards can't be moved online from it", pg_value(rows, 0, 0)),
			"Set wal_level to logical and restart the server, or use --mode block_writes."});
	if (facts->is_source && pg_int(rows, 0, 5) >= OLD_TRANSACTION_S)
		find(check, (Finding) {
			FINDING_WARNING, ERR_NONE, node->name,
			arena_printf(arena, "a transaction that writes has been open for %lld s: moves from here wait for "
			                    "its end", (long long) pg_int(rows, 0, 5)),
			"See pg_stat_activity there; end it if it was forgotten."});
	if (pg_int(rows, 0, 6) > 0)
		find(check, (Finding) {
			FINDING_NOTE, ERR_NONE, node->name,
			arena_printf(arena, "slots, subscriptions or publications that earlier moves left: %lld",
			             (long long) pg_int(rows, 0, 6)),
			"They are cleaned up before the first move."});
	pg_rows_free(rows);
	return true;
}

static bool read_local_disk(Check *check, size_t n)
{
	const Member *node = &check->r->snapshot.nodes[n];
	NodeFacts *facts = &check->nodes[n];
	struct statvfs disk;
	struct stat found;

	if (check->session->cluster->deploy != DEPLOY_LOCAL || node->described == NULL)
		return false;

	const char *data = session_place(check->session, node->described)->data;

	if (statvfs(data, &disk) == 0 && stat(data, &found) == 0) {
		facts->free_bytes = (double) disk.f_bavail * (double) disk.f_frsize;
		facts->all_bytes = (double) disk.f_blocks * (double) disk.f_frsize;
		facts->disk = (uint64_t) found.st_dev;
	}
	return true;
}

static bool read_disk(Check *check, size_t n, Pg *pg, Err *err)
{
	const char *query = engine_traits(check->session->engine)->disk_space;

	if (!check->nodes[n].is_target || read_local_disk(check, n) || query == NULL)
		return true;

	PgRows *rows = pg_query(pg, asset_text(query), 0, NULL, err);

	if (rows == NULL)
		return false;
	check->nodes[n].free_bytes = pg_double(rows, 0, 0);
	check->nodes[n].all_bytes = pg_double(rows, 0, 1);
	pg_rows_free(rows);
	return true;
}

/* ---- the groups that leave one node -------------------------------------------- */

static char *groups_json(const Rebalance *r, const Member *from)
{
	Json *groups = json_array();

	for (size_t i = 0; i < r->plan.move_count; i++) {
		if (r->moves[i].from != from)
			continue;

		Json *group = json_add_object(groups, NULL);

		json_add_int(group, "id", r->moves[i].group->id);
		json_add_text(group, "relations", r->moves[i].group->relations);
	}

	char *text = json_print(groups, false);

	json_free(groups);
	return text;
}

/* What moves the group, or NULL. */
static RebalanceMove *move_of(const Check *check, int64_t id)
{
	const SnapshotGroup *group = snapshot_find_group(&check->r->snapshot, id);
	size_t move = group != NULL ? check->move_of[group - check->r->snapshot.groups] : 0;

	return move > 0 ? &check->r->moves[move - 1] : NULL;
}

static void note_identity(Check *check, const char *tables)
{
	if (strstr(str_text(&check->without_identity), tables) == NULL)
		str_printf(&check->without_identity, "%s%s", check->without_identity.length > 0 ? ", " : "", tables);
}

static bool read_group(Check *check, const PgRows *rows, int row, Err *err)
{
	RebalanceMove *move = move_of(check, pg_int(rows, row, 0));

	if (move == NULL)
		return true;
	if (pg_int(rows, row, 5) != move->group->shards) {
		err_set(err, ERR_DIFFERS, "node \"%s\" has %lld of the %lld tables of shard group %lld",
		        move->from->name, (long long) pg_int(rows, row, 5), (long long) move->group->shards,
		        (long long) move->group->id);
		return err_hint(err, "The catalog and the node disagree: find out how before anything is moved.");
	}
	move->copy_bytes = pg_int(rows, row, 1);
	if (pg_int(rows, row, 4) > check->owners)
		check->owners = pg_int(rows, row, 4);
	if (pg_bool(rows, row, 3) && move->mode == REBALANCE_ONLINE) {
		move->mode = REBALANCE_BLOCK_WRITES;
		move->mode_reason = "columnar";
	}
	if (!pg_is_null(rows, row, 2) && move->mode == REBALANCE_ONLINE)
		note_identity(check, pg_value(rows, row, 2));
	return true;
}

static bool read_groups(Check *check, size_t n, Pg *pg, Err *err)
{
	char *groups = groups_json(check->r, &check->r->snapshot.nodes[n]);
	PgRows *rows = pg_query(pg, asset_text("sql/query/shard_facts.sql"), 1, (const char *const[]) {groups}, err);
	bool ok = rows != NULL;

	for (int i = 0; ok && i < pg_row_count(rows); i++)
		ok = read_group(check, rows, i, err);
	pg_rows_free(rows);
	free(groups);
	return ok;
}

/* What can't be reached or read is a finding, so that all of it is told at once. */
static void look_at_node(Check *check, size_t n)
{
	const Member *node = &check->r->snapshot.nodes[n];
	Err err = ERR_INIT;
	Pg *pg = rebalance_link(check->session, check->r, n, &err);

	if (pg == NULL || !read_node(check, n, pg, &err) || !read_disk(check, n, pg, &err) ||
	    (check->nodes[n].is_source && !read_groups(check, n, pg, &err)))
		find_err(check, node, &err);
	err_clear(&err);
}

/* ---- what the nodes together say ------------------------------------------------- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * An online move takes, for each owner of tables, a slot and a sender on the
 * source (and a sender more for its snapshot), a worker and an origin (counted
 * as slots) on the target.
 */
static void limit_moves(Check *check)
{
	Rebalance *r = check->r;
	int64_t owners = check->owners > 0 ? check->owners : 1;
	int64_t most = r->request.jobs;

	for (size_t n = 0; n < r->snapshot.node_count; n++) {
		const NodeFacts *facts = &check->nodes[n];
		int64_t here = r->request.jobs;

		if (!facts->is_read || r->request.mode != REBALANCE_ONLINE)
			continue;
		if (facts->is_source)
			here = least(here, least(facts->slots / owners, facts->senders / (owners + 1)));
		if (facts->is_target)
			here = least(here, least(facts->workers / owners, facts->slots / owners));
		if (here < 1 && (facts->is_source || facts->is_target))
			find(check, (Finding) {
				FINDING_ERROR, ERR_REFUSED, r->snapshot.nodes[n].name,
				arena_printf(r->arena, "no room for an online move: free are %lld slots, %lld WAL senders and "
				                       "%lld workers of logical replication", (long long) facts->slots,
				             (long long) facts->senders, (long long) facts->workers),
				"Raise max_replication_slots, max_wal_senders, max_logical_replication_workers and "
				"max_worker_processes (a restart), or use --mode block_writes."});
		most = least(most, here);
	}
	r->per_node = (size_t) (most > 0 ? most : 1);
	if (most > 0 && most < r->request.jobs)
		find(check, (Finding) {
			FINDING_NOTE, ERR_NONE, NULL,
			arena_printf(r->arena, "at most %lld moves at a time touch one node: slots and workers do not "
			                       "suffice for %d", (long long) most, r->request.jobs), NULL});
}

static void check_retry_interval(Check *check)
{
	Rebalance *r = check->r;

	for (size_t n = 0; n < r->snapshot.node_count; n++) {
		if (!check->nodes[n].is_target || check->nodes[n].retry_ms < RETRY_INTERVAL_FELT_MS ||
		    r->request.mode != REBALANCE_ONLINE)
			continue;
		r->retry_s = fmax(r->retry_s, (double) check->nodes[n].retry_ms / 1000);
		find(check, (Finding) {
			FINDING_WARNING, ERR_NONE, r->snapshot.nodes[n].name,
			arena_printf(r->arena, "wal_retrieve_retry_interval is %lld ms: each move to it takes up to so much longer",
			             (long long) check->nodes[n].retry_ms),
			"ALTER SYSTEM SET wal_retrieve_retry_interval = '50ms' there, and pg_reload_conf(); no restart."});
	}
}

/* Sources are dropped at the end: until then each moved byte stands twice. */
static void check_disks(Check *check)
{
	Rebalance *r = check->r;

	for (size_t i = 0; i < r->plan.move_count; i++) {
		size_t to = (size_t) (r->moves[i].to - r->snapshot.nodes);
		double arriving = 0;

		check->nodes[to].arriving += r->moves[i].group->bytes;
		if (check->nodes[to].all_bytes <= 0)
			continue;
		for (size_t n = 0; n < r->snapshot.node_count; n++)
			if (n == to || (check->nodes[n].disk != 0 && check->nodes[n].disk == check->nodes[to].disk))
				arriving += (double) check->nodes[n].arriving;
		if (check->nodes[to].free_bytes - arriving >= check->nodes[to].all_bytes * DISK_SHARE_KEPT)
			continue;
		find(check, (Finding) {
			FINDING_ERROR, ERR_REFUSED, r->moves[i].to->name,
			arena_printf(r->arena, "its disk has %.1f GB free of %.1f GB: after move %zu of %zu less than %.0f %% "
			                       "would be left", check->nodes[to].free_bytes / 1e9,
			             check->nodes[to].all_bytes / 1e9, i + 1, r->plan.move_count, DISK_SHARE_KEPT * 100),
			"Make room there, give the node a smaller \"capacity\", or leave it out."});
		return;
	}
}

static void check_identity(Check *check)
{
	if (check->without_identity.length == 0)
		return;
	find(check, (Finding) {
		FINDING_ERROR, ERR_REFUSED, NULL,
		arena_printf(check->r->arena, "no primary key or replica identity: %s; while their shards move online, "
		                              "UPDATE and DELETE would fail", str_text(&check->without_identity)),
		arena_printf(check->r->arena,
		             "Three ways out: add a primary key that includes the distribution column (nothing is blocked "
		             "later); or ALTER TABLE ... REPLICA IDENTITY FULL (whole old rows go into the WAL, and the "
		             "target searches the table for each); or --mode block_writes (writes to a shard group wait "
		             "for its move, here about %.1f s at most).", check->blocked_s)});
}

/* Up to Citus 13.1 online moves wait for each other inside the server. */
static void check_version(Check *check)
{
	Rebalance *r = check->r;
	char *rest = NULL;

	if (!str_starts(r->snapshot.version, "Citus ") || r->jobs == 1 || r->request.mode != REBALANCE_ONLINE)
		return;

	long major = strtol(r->snapshot.version + strlen("Citus "), &rest, 10);
	long minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;

	if (major > 13 || (major == 13 && minor >= 2))
		return;
	r->jobs = 1;
	find(check, (Finding) {FINDING_NOTE, ERR_NONE, NULL,
	                       arena_printf(r->arena, "Citus %ld.%ld makes one online move at a time; 13.2 makes several",
	                                    major, minor), NULL});
}

static void check_modes(Check *check)
{
	Rebalance *r = check->r;
	MoveRates blocking = estimate_assumed(true, 0);
	MoveRates online = estimate_assumed(false, r->retry_s);
	MoveSample *samples = arena_array(r->arena, r->plan.move_count, sizeof(*samples));
	size_t columnar = 0;
	size_t tiny = 0;
	double tiny_s = 0;

	for (size_t i = 0; i < r->plan.move_count; i++) {
		RebalanceMove *move = &r->moves[i];
		MoveSample sample = {.bytes = (double) move->group->bytes, .target = (size_t) (move->to - r->snapshot.nodes)};
		const MoveSamples alone = {.items = &sample, .count = 1};
		double blocked = 0.05 + 0.05 * (double) move->group->shards + blocking.s_per_byte * sample.bytes;

		move->estimate_s = move->mode == REBALANCE_ONLINE ? estimate_left(online, &alone, 0) : blocked;
		samples[i] = sample;
		columnar += move->mode_reason != NULL ? 1 : 0;
		if (blocked < TINY_S && move->mode == REBALANCE_ONLINE) {
			tiny++;
			tiny_s = fmax(tiny_s, blocked);
		}
		if (blocked > check->blocked_s)
			check->blocked_s = blocked;
	}
	r->estimate_s = estimate_run(r->request.mode == REBALANCE_ONLINE ? online : blocking,
	                             &(const MoveSamples) {.items = samples, .count = r->plan.move_count},
	                             (size_t) r->jobs);
	if (columnar > 0)
		find(check, (Finding) {
			FINDING_NOTE, ERR_NONE, NULL,
			arena_printf(r->arena, "%zu of the shard groups %s columnar tables, whose INSERTs would fail during "
			                       "an online move: writes to %s for the move instead", columnar,
			             columnar == 1 ? "has" : "have", columnar == 1 ? "it wait" : "these wait"), NULL});
	if (tiny > 0)
		find(check, (Finding) {
			FINDING_NOTE, ERR_NONE, NULL,
			arena_printf(r->arena, "%zu of the shard groups %s tiny: --mode block_writes would move %s in about %.2f s, "
			                       "with writes to it waiting for as long", tiny, tiny == 1 ? "is" : "are",
			             tiny == 1 ? "it" : "each", tiny_s), NULL});
}

bool rebalance_check(const Session *session, Rebalance *rebalance, Err *err)
{
	Check check = {.session = session, .r = rebalance, .without_identity = STR_INIT};

	if (rebalance->plan.move_count == 0)
		return true;
	rebalance->findings = (FindingList) {.items = NULL};
	check.nodes = arena_array(rebalance->arena, rebalance->snapshot.node_count, sizeof(NodeFacts));
	check.move_of = arena_array(rebalance->arena, rebalance->snapshot.group_count, sizeof(size_t));
	for (size_t i = 0; i < rebalance->plan.move_count; i++) {
		check.move_of[rebalance->moves[i].group - rebalance->snapshot.groups] = i + 1;
		check.nodes[rebalance->moves[i].from - rebalance->snapshot.nodes].is_source = true;
		check.nodes[rebalance->moves[i].to - rebalance->snapshot.nodes].is_target = true;
	}
	for (size_t n = 0; n < rebalance->snapshot.node_count && clock_go_on(err); n++)
		if (rebalance->snapshot.nodes[n].active)
			look_at_node(&check, n);
	if (!clock_go_on(err)) {
		str_free(&check.without_identity);
		return false;
	}
	check_version(&check);
	check_retry_interval(&check);
	check_modes(&check);
	limit_moves(&check);
	check_identity(&check);
	check_disks(&check);
	str_free(&check.without_identity);
	return true;
}
