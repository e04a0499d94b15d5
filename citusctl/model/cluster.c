/* From a file to a Cluster: read, check, and only then build. */
#include "model/cluster.h"

#include <string.h>
#include <unistd.h>

#include "model/cluster_keys.h"
#include "util/json.h"
#include "util/str.h"

static PairList pairs_of(const List *list)
{
	return (PairList) {.items = list->items, .count = list->count};
}

static TextList texts_of(const List *list)
{
	return (TextList) {.items = list->items, .count = list->count};
}

static Node build_node(const Draft *draft, const NodeDraft *from, const char *name)
{
	bool local = draft->deploy == DEPLOY_LOCAL;
	const char *host = from->host != NULL ? from->host : "127.0.0.1";

	return (Node) {
		.name = name,
		.host = host,
		.manage_host = from->manage_host != NULL && !local ? from->manage_host : host,
		.port = from->port != 0 || local ? from->port : 5432,
		.capacity = from->capacity > 0 ? from->capacity : 1,
		.labels = pairs_of(&from->labels),
	};
}

static void build_nodes(Cluster *cluster, const Draft *draft, Arena *arena)
{
	static const NodeDraft nothing_said = {.name = NULL};
	const NodeDraft *written = draft->workers.list.items;
	size_t workers = cluster_worker_count(draft);
	Node *nodes = arena_array(arena, workers + 1, sizeof(*nodes));

	for (size_t i = 0; i <= workers; i++) {
		const NodeDraft *from = &nothing_said;

		if (i == 0)
			from = &draft->coordinator;
		else if (i <= draft->workers.list.count)
			from = &written[i - 1];
		nodes[i] = build_node(draft, from, cluster_node_name(draft, i, arena));
	}
	nodes[0].is_coordinator = true;
	cluster->nodes = nodes;
	cluster->node_count = workers + 1;
}

static void build_tables(Cluster *cluster, const Draft *draft, Arena *arena)
{
	const TableDraft *from = draft->tables.items;
	Table *tables = arena_array(arena, draft->tables.count, sizeof(*tables));

	for (size_t i = 0; i < draft->tables.count; i++)
		tables[i] = (Table) {
			.schema = from[i].schema,
			.name = from[i].name,
			.label = from[i].label,
			.type = from[i].reference ? TABLE_REFERENCE : TABLE_DISTRIBUTED,
			.storage = (Storage) from[i].storage,
			.distribution_column = from[i].distribution_column,
			.colocate_with = from[i].with != NULL ? &tables[from[i].with - from] : NULL,
			.placement = pairs_of(&from[i].placement),
		};
	cluster->tables = tables;
	cluster->table_count = draft->tables.count;
}

static void build_repositories(Cluster *cluster, const Draft *draft, Arena *arena)
{
	const RepositoryDraft *from = draft->repositories.items;
	Repository *repositories = arena_array(arena, draft->repositories.count, sizeof(*repositories));

	for (size_t i = 0; i < draft->repositories.count; i++)
		repositories[i] = (Repository) {from[i].name, from[i].source, from[i].key_file, from[i].fingerprint};
	cluster->repositories = repositories;
	cluster->repository_count = draft->repositories.count;
}

static const char *directory_of(Arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path ? "/" : arena_strndup(arena, path, (size_t) (slash - path));
}

static const Cluster *build(const Draft *draft, const char *label, Arena *arena)
{
	Cluster *cluster = arena_alloc(arena, sizeof(*cluster));

	*cluster = (Cluster) {
		.name = draft->name,
		.directory = directory_of(arena, label),
		.engine = (EngineChoice) draft->engine,
		.deploy = (Deploy) draft->deploy,
		.postgres = {
			.version = draft->postgres.version,
			.database = cluster_database(draft),
			.user = cluster_user(draft),
			.password = {.env = draft->postgres.password.env, .file = draft->postgres.password.file},
			.settings = pairs_of(&draft->postgres.settings),
		},
		.tls = draft->tls == 1,
		.access = texts_of(&draft->access),
		.ssh = {
			.user = draft->ssh.user,
			.port = draft->ssh.port,
			.identity_file = draft->ssh.identity_file,
			.known_hosts = draft->ssh.known_hosts,
			.host_keys = (HostKeys) draft->ssh.host_keys,
		},
		.install_packages = draft->packages == 1,
		.shard_count = draft->shard_count,
		.schema = texts_of(&draft->schema),
		.pooler_port = draft->pooler.port,
		.cache = {
			.host = draft->cache.host,
			.port = draft->cache.port != 0 ? draft->cache.port : 6379,
			.password = {.env = draft->cache.password.env, .file = draft->cache.password.file},
		},
		.rebalance = {.threshold = draft->rebalance.threshold, .jobs = draft->rebalance.jobs},
	};
	build_nodes(cluster, draft, arena);
	build_repositories(cluster, draft, arena);
	build_tables(cluster, draft, arena);
	return cluster;
}

/* ---- mistakes become an error --------------------------------------------- */

static void append_mistake(Str *text, const Mistake *item)
{
	str_printf(text, "%s%s%s", item->path, *item->path != '\0' ? ": " : "", item->message);
}

static void explain(const Mistakes *mistakes, const char *label, Err *err)
{
	Str text = STR_INIT;

	append_mistake(&text, &mistakes->list->items[0]);
	if (mistakes->total == 1) {
		err_set(err, ERR_USAGE, "%s: %s", label, str_text(&text));
		str_free(&text);
		return;
	}
	err_set(err, ERR_USAGE, "%s: %zu mistakes", label, mistakes->total);
	str_reset(&text);
	for (size_t i = 0; i < mistakes->list->count; i++) {
		if (i > 0)
			str_append_char(&text, '\n');
		append_mistake(&text, &mistakes->list->items[i]);
	}
	if (mistakes->total > mistakes->list->count)
		str_printf(&text, "\nand %zu more", mistakes->total - mistakes->list->count);
	err_detail(err, "%s", str_text(&text));
	str_free(&text);
}

static const Cluster *from_document(Arena *arena, const char *label, const Json *document,
                                    Mistakes *mistakes, Err *err)
{
	Draft draft;

	cluster_read(&draft, document, mistakes);
	if (draft.head.usable)
		cluster_check(&draft, mistakes);
	if (mistakes->total == 0)
		return build(&draft, label, arena);
	explain(mistakes, label, err);
	return NULL;
}

/* What json.h found wrong is a mistake too. */
static const Cluster *finish(Arena *arena, const char *label, Json *document, MistakeList *list,
                             Err *err)
{
	MistakeList own = {.items = NULL};
	Mistakes mistakes = {.arena = arena, .list = list != NULL ? list : &own};
	const Cluster *cluster = NULL;

	*mistakes.list = own;
	if (document == NULL)
		mistake(&mistakes, "", "", "%s", err->message);
	else
		cluster = from_document(arena, label, document, &mistakes, err);
	json_free(document);
	return cluster;
}

static void hint_if_empty(Err *err)
{
	if (str_ends(err->message, JSON_EMPTY))
		err_hint(err, "The smallest description is {\"name\": \"chirp\", \"deploy\": \"local\", \"workers\": 3}.");
}

const Cluster *cluster_load(Arena *arena, const char *path, MistakeList *mistakes, Err *err)
{
	Json *document = json_load_loosely(path, err);

	if (document == NULL && access(path, F_OK) != 0)
		err_hint(err, "Name the description with -c FILE, or begin with a copy of cluster.json.example.");
	else if (document == NULL)
		hint_if_empty(err);
	return finish(arena, path, document, mistakes, err);
}

const Cluster *cluster_parse(Arena *arena, const char *label, const char *text, size_t length,
                             MistakeList *mistakes, Err *err)
{
	Json *document = json_parse_loosely(text, length, err);

	if (document == NULL) {
		hint_if_empty(err);
		err_wrap(err, "%s", label);
	}
	return finish(arena, label, document, mistakes, err);
}

/* ---- looking into a cluster ------------------------------------------------ */

const Node *cluster_coordinator(const Cluster *cluster)
{
	return &cluster->nodes[0];
}

const Node *cluster_find_node(const Cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->node_count; i++)
		if (strcmp(cluster->nodes[i].name, name) == 0)
			return &cluster->nodes[i];
	return NULL;
}

/* The table behind those that it needs, unless it is placed already. */
static size_t place_chain(const Cluster *cluster, const Table *table, const Table **order,
                          size_t placed, bool *done)
{
	size_t waiting = 0;

	for (const Table *t = table; t != NULL && !done[t - cluster->tables]; t = t->colocate_with)
		waiting++;
	/* Filled from the back: the chain leads away from the table. */
	for (size_t i = placed + waiting; i > placed; i--) {
		order[i - 1] = table;
		done[table - cluster->tables] = true;
		table = table->colocate_with;
	}
	return placed + waiting;
}

const Table *const *cluster_tables_in_order(const Cluster *cluster, Arena *arena)
{
	const Table **order = arena_array(arena, cluster->table_count + 1, sizeof(const Table *));
	bool *done = arena_array(arena, cluster->table_count, sizeof(*done));
	size_t placed = 0;

	for (size_t i = 0; i < cluster->table_count; i++)
		if (cluster->tables[i].type == TABLE_REFERENCE)
			placed = place_chain(cluster, &cluster->tables[i], order, placed, done);
	for (size_t i = 0; i < cluster->table_count; i++)
		placed = place_chain(cluster, &cluster->tables[i], order, placed, done);
	return order;
}
