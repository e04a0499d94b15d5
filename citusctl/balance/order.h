/*
 * balance/order.h - an order of moves in which no node gets too full on the way.
 * Inside balance/ only.
 */
#ifndef CITUSCTL_BALANCE_ORDER_H
#define CITUSCTL_BALANCE_ORDER_H

#include "balance/instance.h"
#include "balance/plan.h"

/*
 * Orders the moves in place.  limit: the most bytes of each node on the way.
 * True when it is kept; false when no such order was found (and, with few moves,
 * when there is none).
 */
bool order_moves(const Assignment *home, BalanceMove moves[], size_t count, const int64_t limit[]);

#endif
