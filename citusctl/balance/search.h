/*
 * balance/search.h - few bytes to move until every node is within its budget.
 * Inside balance/ only.
 *
 * Shed: each node that is too full gives away what covers its excess with few
 * bytes and few groups.  Fill: what is homeless goes, the largest first, where
 * there is room and few of its colocation group.  Repair: trades make nodes fit
 * that do not yet.  Trim: what need not move goes home again.
 */
#ifndef CITUSCTL_BALANCE_SEARCH_H
#define CITUSCTL_BALANCE_SEARCH_H

#include "balance/instance.h"

/* home has its lists.  NULL when the budgets (bytes of each node) are not met. */
Assignment *search_from_home(const Assignment *home, const int64_t budget[]);

/*
 * As search_from_home() from another assignment, where some groups may be nowhere
 * and nodes too full.  Takes it over.
 */
Assignment *search_from_draft(const Assignment *home, Assignment *draft, const int64_t budget[]);

/* Lets groups of an assignment that is within its budgets move less. */
void search_trim(const Assignment *home, Assignment *assignment, const int64_t budget[]);

/* Plans small parts of it anew, without error; for some thousand groups at most. */
void search_polish(const Assignment *home, Assignment *assignment, const int64_t budget[]);

#endif
