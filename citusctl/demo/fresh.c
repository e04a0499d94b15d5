#include "demo/fresh.h"

#include <stdlib.h>
#include <string.h>

#include "util/arena.h"

/* Of each kind; up to so many users every one has a place. */
#define PLACES 65536

typedef struct Place {
	int64_t user; /* 0: nobody */
	int64_t tweets[FRESH_TWEETS];
	int next; /* the oldest of them, which is replaced */
} Place;

struct Fresh {
	Place places[CACHE_KINDS][PLACES];
};

Fresh *fresh_new(void)
{
	Fresh *fresh = xmalloc(sizeof(*fresh));

	memset(fresh, 0, sizeof(*fresh));
	return fresh;
}

void fresh_free(Fresh *fresh)
{
	free(fresh);
}

void fresh_add(Fresh *fresh, CacheEntry entry, int64_t tweet)
{
	Place *place = &fresh->places[entry.what][(uint64_t) entry.user % PLACES];

	if (place->user != entry.user)
		*place = (Place) {.user = entry.user};
	place->tweets[place->next] = tweet;
	place->next = (place->next + 1) % FRESH_TWEETS;
}

FreshWanted fresh_wanted(const Fresh *fresh, CacheEntry entry)
{
	const Place *place = &fresh->places[entry.what][(uint64_t) entry.user % PLACES];
	FreshWanted wanted = {.count = 0};

	for (int i = 0; place->user == entry.user && i < FRESH_TWEETS; i++)
		if (place->tweets[i] != 0)
			wanted.tweets[wanted.count++] = place->tweets[i];
	return wanted;
}

/* Whether one tweet is there, or as many newer ones as there is room for. */
static bool shows_one(int64_t tweet, const char *text, size_t length, int limit)
{
	const char *end = text + length;
	int newer = 0;

	for (const char *line = text; line < end;) {
		const char *line_end = memchr(line, '\n', (size_t) (end - line));
		int64_t id = strtoll(line, NULL, 10);

		if (id == tweet)
			return true;
		newer += id > tweet;
		line = line_end != NULL ? line_end + 1 : end;
	}
	return newer >= limit;
}

bool fresh_shows(const FreshWanted *wanted, const char *text, size_t length, int limit, int64_t *missing)
{
	for (int i = 0; i < wanted->count; i++) {
		*missing = wanted->tweets[i];
		if (!shows_one(*missing, text, length, limit))
			return false;
	}
	return true;
}
