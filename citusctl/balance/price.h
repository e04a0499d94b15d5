/*
 * balance/price.h - how many bytes have to move at least, and a draft of a plan,
 * by prices.  Inside balance/ only.
 *
 * Each group has a price that is paid for taking it in.  A node that gives a group
 * away pays for the move, its bytes, and the price; a node that takes one in from
 * elsewhere earns the price.  Each node by itself then does what is cheapest for
 * it within its budget: a knapsack.  Summed up that is a lower bound of the bytes
 * of every plan, whatever the prices are, since in a plan what one node pays
 * another one earns, and no node does better than its cheapest.  (This is the
 * Lagrangian relaxation of "each group is on one node".)  Good prices come from
 * turns: a group that is given away gets dearer, one that is taken in cheaper,
 * in smaller and smaller steps.
 *
 * It sees what sums of bytes cannot: that a large group fits on few nodes, and
 * that these have to give away others for it.
 */
#ifndef CITUSCTL_BALANCE_PRICE_H
#define CITUSCTL_BALANCE_PRICE_H

#include "balance/instance.h"

typedef struct Prices Prices;

/* Groups of a node that are looked at one by one, the largest; the others are as sand. */
#define PRICES_OWN 64

/*
 * All prices 0; own: PRICES_OWN, or fewer in tests.  home has its lists; it is kept,
 * and so is budget (bytes of each node).
 */
Prices *prices_new(const Assignment *home, const int64_t budget[], uint32_t own);

/* NULL is allowed. */
void prices_free(Prices *prices);

/* Other budgets, at the prices that said most for the old ones; what they said is forgotten.  Allows a few more turns. */
void prices_set_budget(Prices *prices, const int64_t budget[]);

/*
 * The next turn of all nodes.  False: there are no more turns, as their number is
 * limited, so that the same instance takes as long on any machine.
 */
bool prices_turn(Prices *prices);

/* Looks at what the prices of now say, and returns the most that any look said. */
int64_t prices_bound(Prices *prices);

/*
 * What the nodes do at the prices of now, as an assignment within the budgets;
 * NOWHERE: given away, and taken in by nobody.
 */
Assignment *prices_draft(Prices *prices);

#endif
