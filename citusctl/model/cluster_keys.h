/*
 * model/cluster_keys.h - every key of the description, as tables.
 *
 * One set of tables says which keys there are, what each may hold and where it
 * goes.  The parser reads by them, the JSON Schema is printed from them, and a
 * test holds cluster.json.example against them.
 *
 * Only for the files of model/.  Reading fills a Draft, which is what the file
 * says, mistakes included; the checks look at the Draft, and only one without
 * mistakes becomes a Cluster.
 */
#ifndef CITUSCTL_MODEL_CLUSTER_KEYS_H
#define CITUSCTL_MODEL_CLUSTER_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "model/cluster.h"
#include "util/json.h"

#define MISTAKES_MAX 100
#define KEYS_MAX 24 /* of one object; a table of more does not compile */

/* ---- shapes: what a value may be ---------------------------------------- */

typedef enum ShapeKind {
	SHAPE_TEXT,    /* const char *; "" when it is not as it must be, which is not missing */
	SHAPE_CHOICE,  /* unsigned: the place in choices */
	SHAPE_FLAG,    /* bool */
	SHAPE_INTEGER, /* int */
	SHAPE_NUMBER,  /* double */
	SHAPE_SCALAR,  /* const char *: a text, number or boolean, as text */
	SHAPE_OBJECT,  /* a struct that starts with a Head */
	SHAPE_LIST,    /* List of items */
	SHAPE_MAP,     /* List of Pair: any key that fits the rule */
	SHAPE_MANY,    /* Many: a List of items, or just how many */
} ShapeKind;

/* What a text must look like.  fits() and pattern say the same. */
typedef struct Rule {
	size_t max;           /* bytes; at least one is always needed */
	const char *pattern;  /* for the schema, NULL: no more than the length */
	const char *must_be;  /* "a name such as ...": behind "is not" and "must be" */
	bool (*fits)(const char *text);
} Rule;

typedef struct Key Key;

typedef struct Shape {
	ShapeKind kind;
	double low; /* of numbers; of the count of SHAPE_MANY and SHAPE_LIST */
	double high;
	bool above_low;             /* low itself is too small */
	bool secret;                /* what it says is never repeated in a message */
	const Rule *rule;           /* of texts; of the keys of a map */
	const char *const *choices; /* NULL-terminated */
	const struct Shape *item;   /* of lists and maps */
	const Key *keys;            /* of objects; the one without a name ends them */
	size_t size;                /* of the struct of an object, of one text */
	bool exactly_one;           /* of the keys of an object */
	const char *instead;        /* added to "must be ...": the remedy; NULL: none */
} Shape;

struct Key {
	const char *name;
	const Shape *shape;
	size_t offset;       /* in the struct of the object */
	const char *about;   /* for the schema */
	const char *missing; /* NULL: may be left out; or the message without it */
	bool for_editors;    /* accepted and ignored */
};

/* ---- the draft ------------------------------------------------------------ */

typedef struct Head {
	const char *path; /* NULL: not in the file */
	bool usable;      /* false: something else than an object stands there */
} Head;

typedef struct List {
	void *items;
	size_t count;
	bool given;
} List;

typedef struct Many {
	List list;
	int count; /* 0 unless it is a number */
} Many;

typedef struct NodeDraft {
	Head head;
	const char *name;
	const char *host;
	const char *manage_host;
	int port;
	double capacity;
	List labels;
} NodeDraft;

typedef struct TableDraft {
	Head head;
	const char *label;
	bool reference;
	unsigned storage;
	const char *distribution_column;
	const char *colocate_with;
	List placement;
	/* worked out by the checks */
	const char *schema;
	const char *name; /* NULL when label can't be read */
	const struct TableDraft *with;
} TableDraft;

typedef struct PasswordDraft {
	Head head;
	const char *env;
	const char *file;
} PasswordDraft;

typedef struct PostgresDraft {
	Head head;
	int version;
	const char *database;
	const char *user;
	PasswordDraft password;
	List settings;
} PostgresDraft;

typedef struct SshDraft {
	Head head;
	const char *user;
	int port;
	const char *identity_file;
	const char *known_hosts;
	unsigned host_keys;
} SshDraft;

typedef struct RepositoryDraft {
	Head head;
	const char *name;
	const char *source;
	const char *key_file;
	const char *fingerprint;
} RepositoryDraft;

typedef struct PoolerDraft {
	Head head;
	int port;
} PoolerDraft;

typedef struct CacheDraft {
	Head head;
	const char *host;
	int port;
	PasswordDraft password;
} CacheDraft;

typedef struct RebalanceDraft {
	Head head;
	double threshold;
	int jobs;
} RebalanceDraft;

typedef struct Draft {
	Head head;
	const char *editors_schema;
	const char *name;
	unsigned engine;
	unsigned deploy;
	unsigned tls;
	PostgresDraft postgres;
	List access;
	SshDraft ssh;
	unsigned packages;
	List repositories;
	NodeDraft coordinator;
	Many workers;
	int shard_count;
	List schema;
	List tables;
	PoolerDraft pooler;
	CacheDraft cache;
	RebalanceDraft rebalance;
} Draft;

extern const Shape description_shape; /* the whole file, into a Draft */
extern const char *const deploy_names[];

/* ---- mistakes ------------------------------------------------------------- */

typedef struct Mistakes {
	Arena *arena;
	MistakeList *list;
	size_t total; /* also those that found no room */
} Mistakes;

/* A mistake at key of path; either may be "", and key may be an index. */
void mistake(Mistakes *mistakes, const char *path, const char *key, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* parent.key, parent["odd key"] or parent[0] when key is NULL. */
char *path_join(Arena *arena, const char *parent, const char *key, size_t index);

/* text in double quotes, without what could harm a terminal, and not too long. */
char *show_text(Arena *arena, const char *text);

/* Names as a list: "a", "b" or "c"; last is "or" or "and". */
char *show_names(Arena *arena, const char *const names[], size_t count, const char *last);

/* , did you mean "...", or "" when nothing is near. */
const char *did_you_mean(Arena *arena, const char *name, const char *const names[], size_t count);

/* ---- the stages ----------------------------------------------------------- */

/* What the file says, and the defaults where it says nothing. */
void cluster_read(Draft *draft, const Json *document, Mistakes *mistakes);

/* Whether a description means something: what no single value tells. */
void cluster_check(Draft *draft, Mistakes *mistakes);
void cluster_check_tables(Draft *draft, Mistakes *mistakes); /* a part of it */

/* What is left out and follows from the rest. */
size_t cluster_worker_count(const Draft *draft);
const char *cluster_node_name(const Draft *draft, size_t index, Arena *arena); /* 0: coordinator */
const char *cluster_database(const Draft *draft);
const char *cluster_user(const Draft *draft);

#endif
