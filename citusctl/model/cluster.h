/*
 * model/cluster.h - the description of a cluster: pure data.
 *
 * A Cluster is read from JSON, checked completely (all mistakes are collected,
 * each with its path), and never changed afterwards, so any number of threads
 * may read it.  No input or output happens here except reading the file.
 *
 * Ownership: everything lives in the arena given to the loader.
 */
#ifndef CITUSCTL_MODEL_CLUSTER_H
#define CITUSCTL_MODEL_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"
#include "util/err.h"

typedef enum EngineChoice { ENGINE_AUTO, ENGINE_CITUS, ENGINE_EMBEDDED } EngineChoice;
typedef enum Deploy { DEPLOY_LOCAL, DEPLOY_SSH, DEPLOY_NONE } Deploy;
typedef enum HostKeys { HOST_KEYS_STRICT, HOST_KEYS_ACCEPT_NEW } HostKeys;
typedef enum TableType { TABLE_DISTRIBUTED, TABLE_REFERENCE } TableType;
typedef enum Storage { STORAGE_HEAP, STORAGE_COLUMNAR } Storage;

/* A name and a text: a server setting, a label. */
typedef struct Pair {
	const char *name;
	const char *value;
} Pair;

typedef struct PairList {
	const Pair *items;
	size_t count;
} PairList;

typedef struct TextList {
	const char *const *items;
	size_t count;
} TextList;

/* Where a password comes from; both NULL: it is generated. */
typedef struct Secret {
	const char *env;  /* name of an environment variable */
	const char *file; /* path of a file, as written (~ not expanded) */
} Secret;

typedef struct Node {
	const char *name;        /* unique; "coordinator" unless given */
	const char *host;        /* what the nodes call each other; "127.0.0.1" when local */
	const char *manage_host; /* where SSH reaches it; host unless given */
	int port;                /* 1..65535; 0: chosen (local) or 5432 (filled in otherwise) */
	double capacity;         /* relative weight, above 0; no unit */
	PairList labels;
	bool is_coordinator;
} Node;

typedef struct Table {
	const char *schema; /* NULL: the first of the search_path */
	const char *name;   /* as it stands in the catalog, unquoted */
	const char *label;  /* as written in the description, for people */
	TableType type;
	Storage storage;
	const char *distribution_column; /* NULL for reference tables */
	const struct Table *colocate_with; /* NULL: a colocation group of its own */
	PairList placement;                /* labels that its nodes must have */
} Table;

/* Where packages come from; the key has to have the fingerprint. */
typedef struct Repository {
	const char *name;
	const char *source;      /* URL, suite and components, as apt wants them */
	const char *key_file;    /* as written */
	const char *fingerprint; /* hexadecimal */
} Repository;

typedef struct Cluster {
	const char *name;      /* [a-z][a-z0-9_-]*, at most 40 characters */
	const char *directory; /* of the description file: relative paths start here; "." if none */
	EngineChoice engine;
	Deploy deploy;
	struct {
		int version;          /* major, 0: the newest that is installed */
		const char *database; /* default: the cluster's name */
		const char *user;     /* default: the cluster's name */
		Secret password;
		PairList settings; /* in the order written */
	} postgres;
	bool tls;
	TextList access; /* networks in CIDR notation that may log in */
	struct {
		const char *user; /* NULL: ssh's own default */
		int port;         /* 0: ssh's own default */
		const char *identity_file; /* NULL: agent and defaults */
		const char *known_hosts;   /* NULL: the usual files */
		HostKeys host_keys;
	} ssh;
	bool install_packages; /* on hosts that lack PostgreSQL or Citus */
	const Repository *repositories;
	size_t repository_count;
	/* nodes[0] is the coordinator, then the workers as written; three of them
	 * when a local description has no "workers" */
	const Node *nodes;
	size_t node_count;
	int shard_count; /* of tables with their own colocation group; default 32 */
	TextList schema; /* SQL files, as written */
	const Table *tables;
	size_t table_count;
	int pooler_port; /* 0: no pooler */
	struct {
		const char *host; /* of a Redis that the applications use; NULL: none */
		int port;
		Secret password; /* both NULL: it asks for none */
	} cache;
	struct {
		double threshold; /* fraction of the best balance, 0..1; default 0.05 */
		int jobs;         /* moves at a time; 0: not said */
	} rebalance;
} Cluster;

/* A mistake: where it stands and what to do about it. */
typedef struct Mistake {
	const char *path;    /* such as "workers[2].port"; "" for the whole file */
	const char *message; /* complete after the path, with the remedy */
} Mistake;

typedef struct MistakeList {
	Mistake *items;
	size_t count;
	size_t capacity;
} MistakeList;

/*
 * Reads and checks the file at path.  NULL on error, and then err (ERR_USAGE)
 * holds "file: path: message" of the first mistake, and mistakes (may be NULL)
 * all of them, at most 100; err's detail lists them, one a line, when there are
 * several.
 */
const Cluster *cluster_load(Arena *arena, const char *path, MistakeList *mistakes, Err *err) MUST_CHECK;

/* As cluster_load() of text; label stands for the file in messages. */
const Cluster *cluster_parse(Arena *arena, const char *label, const char *text, size_t length,
                             MistakeList *mistakes, Err *err) MUST_CHECK;

/* The JSON Schema of the description, for editors; the caller frees it. */
char *cluster_json_schema(void);

const Node *cluster_coordinator(const Cluster *cluster);
const Node *cluster_find_node(const Cluster *cluster, const char *name);

/* Tables in an order in which they can be created: reference tables first,
 * then each table after the one it is colocated with. */
const Table *const *cluster_tables_in_order(const Cluster *cluster, Arena *arena);

#endif
