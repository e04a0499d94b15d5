/*
 * ops/adopt.h - servers on hosts that citusctl did not make, and takes over where they fit.
 *
 * The server on the node's port is the one.  It keeps its data, its other databases,
 * its settings where ours don't say otherwise, and its rules of who may log in, with
 * ours in front; it is never removed.
 */
#ifndef CITUSCTL_OPS_ADOPT_H
#define CITUSCTL_OPS_ADOPT_H

#include "ops/facts.h"
#include "run/step.h"

/* Asks a running candidate of facts about itself; none is fine.  Fills facts->adoptable. */
bool adopt_look(Host *host, Facts *facts, Err *err) MUST_CHECK;

/* Whether the candidates of all hosts fit, once all were asked; ERR_REFUSED with the reason. */
bool adopt_judge(const Session *session, bool dry, Arena *arena, Err *err) MUST_CHECK;

/* Takes the candidate, which fits, over; the caller looks at the host again afterwards. */
bool adopt_server(Host *host, const Facts *facts, const Found *found, Err *err) MUST_CHECK;

/* Lets go of a server that was taken over: it stays. */
bool adopt_release(Host *host, const Facts *facts, Err *err) MUST_CHECK;

#endif
