/*
 * ops/rebalance.h - shard moves on a live cluster: plan them, look whether they
 * can be made, make them.
 *
 *     Rebalance r;
 *     bool ok = rebalance_plan(session, &request, arena, &r, &err) &&
 *               rebalance_check(session, &r, &err) &&
 *               rebalance_run(session, &r, &options, &result, &err);
 *     rebalance_free(&r);
 *
 * "rebalance", "node add | drain | remove" and "shard move" all go this way.
 * The caller has begun an operation (run/operation.h), so that no other citusctl
 * moves shards; that Citus or somebody else doesn't is seen to here.
 *
 * Ownership: what the results point to is in the arena given, but for the
 *            problem and the links, which rebalance_free() releases.
 * Threads:   one; progress is called from rebalance_run() itself.
 */
#ifndef CITUSCTL_OPS_REBALANCE_H
#define CITUSCTL_OPS_REBALANCE_H

#include "balance/plan.h"
#include "ops/rebalance_snapshot.h"

typedef enum RebalanceMode {
	REBALANCE_ONLINE,       /* writes go on but for the cut-over */
	REBALANCE_BLOCK_WRITES, /* writes to a shard group wait for its whole move */
} RebalanceMode;

/* A move that isn't the planner's choice. */
typedef struct FixedMove {
	int64_t group;  /* the id of a SnapshotGroup */
	const char *to; /* name of a node */
} FixedMove;

/* What is wanted; start from rebalance_request(). */
typedef struct RebalanceRequest {
	double threshold; /* fraction above the best max utilization */
	int jobs;         /* moves at a time */
	RebalanceMode mode;

	/* Nodes to empty, by name.  only_forced: what nothing forces away stays. */
	const char *const *drain;
	size_t drain_count;
	bool only_forced;

	/* These moves and no others: a shard moved by hand, a plan that was kept. */
	const FixedMove *fixed;
	size_t fixed_count;
	bool strict; /* refused, not planned anew, when shards have moved since it was planned */
} RebalanceRequest;

/* A move and what the check found out about it; same index as in the plan. */
typedef struct RebalanceMove {
	const SnapshotGroup *group;
	const Member *from;
	const Member *to;
	const char *tables;
	RebalanceMode mode;
	const char *mode_reason; /* NULL, or why not the mode that was asked for */
	int64_t copy_bytes;      /* that arrive during the copy, the rest are indexes */
	double estimate_s;
} RebalanceMove;

typedef enum FindingLevel {
	FINDING_NOTE,    /* good to know */
	FINDING_WARNING, /* will work, with a drawback */
	FINDING_ERROR,   /* would not work: rebalance_run() refuses */
} FindingLevel;

typedef struct Finding {
	FindingLevel level;
	ErrKind kind;     /* of an error */
	const char *node; /* NULL: none in particular */
	const char *text; /* lower case, no full stop */
	const char *hint; /* NULL, or sentences: what to do */
} Finding;

typedef struct FindingList {
	Finding *items;
	size_t count, capacity;
} FindingList;

typedef struct Rebalance {
	Arena *arena;
	Snapshot snapshot;
	BalanceProblem *problem; /* nodes and groups in the order of the snapshot */
	BalancePlan plan;
	RebalanceRequest request;
	RebalanceMove *moves; /* plan.move_count of them */
	FindingList findings; /* of rebalance_check() */
	size_t per_node;      /* moves at a time that a node has slots for */
	int jobs;             /* moves at a time, after what the server allows */
	double estimate_s;    /* of the whole run */
	double retry_s;       /* an online move may wait for its target to stream */
	Pg **links;           /* to the nodes of the snapshot, NULL where there is none (yet) */
} Rebalance;

/* Moves at a time: the description's, or what suits where the servers run. */
int rebalance_jobs(const Session *session);

/* What the description says. */
RebalanceRequest rebalance_request(const Session *session);

/* Reads the cluster and plans.  Nothing to do is not an error: no moves. */
bool rebalance_plan(const Session *session, const RebalanceRequest *request, Arena *arena, Rebalance *rebalance,
                    Err *err) MUST_CHECK;

/*
 * Whether the plan can be run: looks at every node that takes part, changes
 * nothing.  Fills findings, moves and the estimate; fails only when it could
 * not look.
 */
bool rebalance_check(const Session *session, Rebalance *rebalance, Err *err) MUST_CHECK;

void rebalance_free(Rebalance *rebalance);

/* The superuser's connection to a node of the snapshot, opened when it is first
 * needed; NULL on error. */
Pg *rebalance_link(const Session *session, Rebalance *rebalance, size_t node, Err *err) MUST_CHECK;

/* ---- running ---------------------------------------------------------------- */

typedef enum MoveState {
	MOVE_WAITING,
	MOVE_RUNNING,
	MOVE_MOVED,
	MOVE_GIVEN_UP, /* failed each time it was tried */
} MoveState;

typedef struct MoveProgress {
	MoveState state;
	int attempts;
	const char *phase;  /* of a running move: "copying data" */
	int64_t bytes_done; /* on the target so far, 0..group->bytes */
	double bytes_per_s; /* of a running move, lately; 0: not known yet */
	double eta_s;       /* of a running move; below 0: not known */
	double seconds;     /* it took, or has taken so far */
	const char *error;  /* of the last attempt that failed, or NULL */
	bool will_retry;    /* it failed and will be tried again */
} MoveProgress;

typedef enum RebalanceEvent {
	REBALANCE_PREPARING, /* text says what */
	REBALANCE_STARTED,   /* a move */
	REBALANCE_PHASE,     /* a move is in another phase */
	REBALANCE_TICK,      /* a few times a second, for drawing */
	REBALANCE_MOVED,     /* a move is done */
	REBALANCE_RETRY,     /* a move failed and will be tried again; text says why */
	REBALANCE_GAVE_UP,   /* a move failed for good; text says why */
	REBALANCE_STOPPING,  /* no more moves will be started; text says why */
	REBALANCE_WARNING,   /* text */
	REBALANCE_VERIFYING,
} RebalanceEvent;

typedef struct RebalanceProgress {
	const Rebalance *rebalance;
	const MoveProgress *moves; /* one for each of the plan's */
	size_t moved, running, failed;
	int64_t bytes_done;
	double bytes_per_s; /* of all moves together; 0: not known yet */
	double seconds;     /* since the run began */
	double eta_s;       /* to the end of the run; below 0: not known yet */
} RebalanceProgress;

typedef void (*RebalanceWatch)(void *arg, RebalanceEvent event, size_t move, const char *text,
                               const RebalanceProgress *progress);

typedef struct RebalanceOptions {
	int64_t max_rate;     /* bytes a second on average, held between moves; 0: none */
	double max_seconds;   /* no move is started after it; 0: none */
	double node_wait_s;   /* for a node that dies, before its moves are given up; 0: a minute */
	RebalanceWatch watch; /* NULL: none */
	void *watch_arg;
} RebalanceOptions;

typedef enum RebalanceOutcome {
	REBALANCE_DONE,        /* every planned move was made, and verified */
	REBALANCE_STOPPED,     /* the time was over, between moves */
	REBALANCE_INTERRUPTED, /* Ctrl-C */
	REBALANCE_FAILED,      /* some moves failed for good */
	REBALANCE_YIELDED,     /* somebody else began a rebalance */
} RebalanceOutcome;

typedef struct RebalanceResult {
	RebalanceOutcome outcome;
	const char *stopped_by; /* REBALANCE_YIELDED: who; else NULL */
	const MoveProgress *moves;
	size_t moved, failed, left;
	int64_t bytes; /* of the moves that were made */
	double seconds;
	double estimated_s; /* that the ETA said after a tenth of the bytes; 0: never asked */
	bool verified;      /* placements as planned, colocated, nothing left behind */
} RebalanceResult;

/*
 * Makes the moves.  Ctrl-C (clock_interrupted()) once: those that run are
 * finished; twice: they are cancelled.  Either way what is half done is cleaned
 * up, what is done stays, and a new plan continues.
 *
 * True: all done.  False with ERR_STOPPED, ERR_INTERRUPTED, ERR_REFUSED (another
 * rebalance has begun) or ERR_FAILED when moves are left, and result says which; other errors: nothing was moved, or
 * the cluster is not as it should be afterwards (ERR_DIFFERS).
 */
bool rebalance_run(Session *session, Rebalance *rebalance, const RebalanceOptions *options,
                   RebalanceResult *result, Err *err) MUST_CHECK;

#endif
