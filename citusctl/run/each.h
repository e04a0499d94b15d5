/*
 * run/each.h - the same work for several nodes at a time, where there is no plan.
 */
#ifndef CITUSCTL_RUN_EACH_H
#define CITUSCTL_RUN_EACH_H

#include "run/session.h"

/*
 * Calls work for the nodes of the description that selected says (NULL: all), as many
 * at a time as session->jobs, and returns when all are done.  work keeps its own
 * result; it is not called any more once the run is interrupted.
 */
void each_node(const Session *session, const bool *selected, void (*work)(void *context, size_t node), void *context);

#endif
