/*
 * ops/verify_lines.h - what "verify" compares, apart from any server: sorted lines, the
 * names of prepared transactions.
 *
 * Threads: any.
 */
#ifndef CITUSCTL_OPS_VERIFY_LINES_H
#define CITUSCTL_OPS_VERIFY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list that is sorted by bytes; a line may stand in it several times. */
typedef struct Lines {
	const char *(*line)(const void *list, size_t i);
	const void *list;
	size_t count;
} Lines;

/* Told of each line that one list has (once more) than the other. */
typedef void (*LinesTell)(void *arg, bool is_lacking, const char *line);

void lines_compare(const Lines *wanted, const Lines *is, LinesTell tell, void *arg);

/*
 * A prepared transaction of Citus is named after who began it, "citus_GROUP_PROCESS_...": the
 * group of the node and the process there.  False: it is somebody else's.
 */
bool prepared_owner(const char *gid, int64_t *group, int64_t *process);

#endif
