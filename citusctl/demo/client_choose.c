#include <stdio.h>

#include "demo/client.h"
#include "demo/world.h"

uint64_t next_random(Workload *w)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return w->random * UINT64_C(0x2545F4914F6CDD1D);
}

static int64_t random_user(Workload *w)
{
	return 1 + (int64_t) ((next_random(w) >> 16) % (uint64_t) w->generator.users);
}

static void put_number(char *out, int64_t value)
{
	char digits[24];
	int n = 0;
	int at = 0;

	do {
		digits[n++] = (char) ('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (n > 0)
		out[at++] = digits[--n];
	out[at] = '\0';
}

static bool is_taken(const Workload *w, int64_t user)
{
	for (int i = 0; i < w->count; i++) {
		if (w->clients[i].is_busy && w->clients[i].about == user)
			return true;
	}
	for (size_t i = 0; i < w->uncertain.count; i++) {
		if (w->uncertain.items[i].about == user)
			return true;
	}
	return false;
}

/* A user whom no other write under way is about; 0 when there is none. */
static int64_t free_user(Workload *w)
{
	int64_t user = random_user(w);

	for (int64_t i = 0; i < w->generator.users; i++) {
		if (!is_taken(w, user))
			return user;
		user = user % w->generator.users + 1;
	}
	return 0;
}

static void choose_post(Workload *w, Client *c)
{
	c->other = GENERATOR_FIRST_POST + w->posts++;
	c->key = 0;
	put_number(c->first, c->about);
	put_number(c->second, c->other);
	generator_tweet_body(next_random(w) >> 8, c->body);
}

/* Who begins to follow is anybody, who ends it one of the first followers. */
static void choose_follower(Workload *w, Client *c)
{
	if (c->op == OP_FOLLOW) {
		do
			c->other = random_user(w);
		while (c->other == c->about);
	} else {
		Followers followers = generator_followers(&w->generator, c->about);

		c->other = followers_get(&followers, (int64_t) ((next_random(w) >> 16) % (uint64_t) followers.count));
	}
	c->key = c->other;
	put_number(c->first, c->other);
	put_number(c->second, c->about);
}

/*
 * With a cache those who read are as uneven as in life: a part p of the users makes
 * p^(1/6) of the reads, the busiest hundredth of them nearly half.
 */
static int64_t reading_user(Workload *w)
{
	if (w->cache == NULL)
		return random_user(w);

	double u = (double) (next_random(w) >> 11) / 9007199254740992.0; /* 2^53 */
	int64_t rank = (int64_t) (u * u * u * u * u * u * (double) w->generator.users);

	/* Who is busy has nothing to do with who was there first. */
	return 1 + (int64_t) (generator_hash(w->generator.seed, (uint64_t) rank) % (uint64_t) w->generator.users);
}

/* Who has just posted looks at it next: at their profile, or a follower at the feed. */
static bool takes_a_look(Client *c)
{
	c->is_look = c->look.user != 0 && (c->op == OP_FEED ? CACHE_FEED : CACHE_PROFILE) == c->look.what;
	if (c->is_look)
		c->key = c->look.user;
	return c->is_look;
}

static void choose_read(Workload *w, Client *c)
{
	c->about = 0;
	c->key = 0;
	if (c->op == OP_COUNTRY) {
		snprintf(c->first, sizeof(c->first), "%s",
		         world_countries[(next_random(w) >> 16) % world_country_count].code);
	} else if (c->op == OP_FEED || c->op == OP_PROFILE) {
		if (!takes_a_look(c))
			c->key = reading_user(w);
		put_number(c->first, c->key);
	}
}

void choose_operation(Workload *w, Client *c)
{
	c->op = mix_pick(&w->mix, (int) ((next_random(w) >> 20) % (uint64_t) w->mix_total));
	if (operations[c->op].kind != 0) {
		c->about = free_user(w);
		/* With a handful of users all may be written about: then somebody reads. */
		if (c->about == 0)
			c->op = OP_FEED;
	}
	if (operations[c->op].kind == 0)
		choose_read(w, c);
	else if (c->op == OP_POST)
		choose_post(w, c);
	else
		choose_follower(w, c);
}
