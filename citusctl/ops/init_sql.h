/*
 * ops/init_sql.h - the steps of init that are SQL alone, the same however the
 * servers came to be: engine, registration, schema, tables.
 *
 * Each is the ensure function of a Step (run/step.h).
 */
#ifndef CITUSCTL_OPS_INIT_SQL_H
#define CITUSCTL_OPS_INIT_SQL_H

#include "run/step.h"

/* ON_EVERY_NODE: the role that owns the database, with its password, and the database. */
bool init_login(Host *host, Outcome *outcome, Err *err) MUST_CHECK;

/* The same, for a server that is not the node's own yet. */
bool init_role_and_database(Host *host, bool *changed, Err *err) MUST_CHECK;

/* ON_EVERY_NODE: the engine, the node's identity, what it logs in to the others with. */
bool init_engine(Host *host, Outcome *outcome, Err *err) MUST_CHECK;

/* ON_COORDINATOR: every node is a node of the cluster; takes the lock where that
 * could not be done before. */
bool init_registered(Host *host, Outcome *outcome, Err *err) MUST_CHECK;

/* ON_COORDINATOR, as the owner of the tables. */
bool init_schema(Host *host, Outcome *outcome, Err *err) MUST_CHECK;
bool init_tables(Host *host, Outcome *outcome, Err *err) MUST_CHECK;

/* ON_COORDINATOR: capacities and placement rules are a strategy of the engine's own
 * rebalancer, where it has one. */
bool init_placement(Host *host, Outcome *outcome, Err *err) MUST_CHECK;

#endif
