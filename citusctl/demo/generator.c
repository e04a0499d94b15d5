#include "demo/generator.h"

#include <ctype.h>
#include <string.h>

#include "demo/world.h"
#include "util/number.h"

/* Each purpose draws from a sequence of its own. */
enum { DRAW_FOLLOWERS = 1, DRAW_STEP, DRAW_TWEETS, DRAW_TWEET_TIME, DRAW_BODY, DRAW_NAME, DRAW_PLACE, DRAW_JOINED };

#define SECONDS_A_DAY 86400
#define USERS_SINCE INT64_C(1262304000)  /* 2010-01-01 00:00:00 UTC */
#define USERS_SPAN ((uint64_t) 14 * 365 * SECONDS_A_DAY)
#define TWEETS_SINCE INT64_C(1704067200) /* 2024-01-01 00:00:00 UTC */
#define TWEETS_SPAN ((uint64_t) 366 * SECONDS_A_DAY)

/* A tweet's id: its second above, author and number below. */
#define ID_TIME_SHIFT 36
#define ID_TWEETS_A_USER 8

/* The finalizer of splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

uint64_t generator_hash(uint64_t seed, uint64_t number)
{
	return mix(mix(seed) ^ number);
}

static uint64_t draw(const Generator *generator, int purpose, int64_t user)
{
	return generator_hash(generator->seed * 16 + (uint64_t) purpose, (uint64_t) user);
}

static uint64_t square_root(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 62; bit != 0; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

/*
 * 3 * u^(-3/4) for u = part / 2^32 in (0, 1]: the inverse of the power law's
 * tail (x/3)^(-4/3), by two square roots in fixed point.
 */
static int64_t power_law(uint64_t part)
{
	uint64_t half = square_root(part << 30) << 1; /* part^(1/2) * 2^16 */
	uint64_t quarter = square_root(half << 16);   /* part^(1/4) * 2^16 */

	return (int64_t) ((UINT64_C(3) << 56) / (half * quarter));
}

static int64_t follower_count(const Generator *generator, int64_t followee)
{
	uint64_t part = (draw(generator, DRAW_FOLLOWERS, followee) >> 32) + 1;
	int64_t count = power_law(part);
	int64_t most = generator->users / 8 > 3 ? generator->users / 8 : 3;

	return count < most ? count : most;
}

Followers generator_followers(const Generator *generator, int64_t followee)
{
	int64_t n = generator->users;
	int64_t step = 1 + (int64_t) (draw(generator, DRAW_STEP, followee) % (uint64_t) (n - 1));

	while (number_divisor(step, n) != 1)
		step = step < n - 1 ? step + 1 : 1;
	return (Followers) {n, followee, step, follower_count(generator, followee)};
}

int64_t followers_get(const Followers *followers, int64_t k)
{
	return (followers->followee - 1 + (k + 1) * followers->step) % followers->users + 1;
}

int generator_tweet_count(const Generator *generator, int64_t author)
{
	return (int) (draw(generator, DRAW_TWEETS, author) % (GENERATOR_TWEETS_MAX + 1));
}

/* When the tweet was written, in seconds after TWEETS_SINCE. */
static int64_t tweet_second(const Generator *generator, int64_t author, int k)
{
	return (int64_t) (draw(generator, DRAW_TWEET_TIME, author * ID_TWEETS_A_USER + k) % TWEETS_SPAN);
}

int64_t generator_tweet_id(const Generator *generator, int64_t author, int k)
{
	return (tweet_second(generator, author, k) << ID_TIME_SHIFT) + author * ID_TWEETS_A_USER + k;
}

static char *put_text(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

static char *put_int(char *at, int64_t value)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = (char) ('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

static char *put_two(char *at, int64_t value)
{
	*at++ = (char) ('0' + value / 10);
	*at++ = (char) ('0' + value % 10);
	return at;
}

/* Seconds since 1970 as "2024-02-29 12:34:56+00", without time zones or libc. */
static char *put_time(char *at, int64_t seconds)
{
	int64_t day = seconds / SECONDS_A_DAY;
	int64_t rest = seconds % SECONDS_A_DAY;
	int64_t z = day + 719468; /* days since 0000-03-01 */
	int64_t era = z / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0 is March */
	int64_t day_of_month = of_year - (153 * month + 2) / 5 + 1;

	at = put_int(at, year + era * 400 + (month >= 10 ? 1 : 0));
	*at++ = '-';
	at = put_two(at, month < 10 ? month + 3 : month - 9);
	*at++ = '-';
	at = put_two(at, day_of_month);
	*at++ = ' ';
	at = put_two(at, rest / 3600);
	*at++ = ':';
	at = put_two(at, rest / 60 % 60);
	*at++ = ':';
	at = put_two(at, rest % 60);
	return put_text(at, "+00");
}

/* Takes one of count from the lowest part of *choice and moves on. */
static size_t pick(uint64_t *choice, size_t count)
{
	size_t picked = (size_t) (*choice % count);

	*choice /= count;
	return picked;
}

static char *put_body(char *at, uint64_t choice)
{
	at = put_text(at, world_openings[pick(&choice, world_opening_count)]);
	*at++ = ' ';
	at = put_text(at, world_subjects[pick(&choice, world_subject_count)]);
	*at++ = ' ';
	at = put_text(at, world_remarks[pick(&choice, world_remark_count)]);
	if (pick(&choice, 3) == 0) {
		*at++ = ' ';
		at = put_text(at, world_hashtags[pick(&choice, world_hashtag_count)]);
	}
	return at;
}

size_t generator_tweet_body(uint64_t choice, char *out)
{
	char *end = put_body(out, choice);

	*end = '\0';
	return (size_t) (end - out);
}

static const Country *country_of(uint64_t choice)
{
	int total = 0;

	for (size_t i = 0; i < world_country_count; i++)
		total += world_countries[i].weight;

	int at = total > 0 ? (int) (choice % (uint64_t) total) : 0;
	size_t i = 0;

	while (at >= world_countries[i].weight)
		at -= world_countries[i++].weight;
	return &world_countries[i];
}

/* The handle: the first name in small letters and the user's number in base 36. */
static char *put_handle(char *at, const char *first, int64_t user)
{
	char digits[16] = "";
	int n = 0;

	while (*first != '\0')
		*at++ = (char) tolower((unsigned char) *first++);
	*at++ = '_';
	for (; user > 0; user /= 36)
		digits[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[user % 36];
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

static char *put_user(char *at, const Generator *generator, int64_t user)
{
	uint64_t name = draw(generator, DRAW_NAME, user);
	uint64_t place = draw(generator, DRAW_PLACE, user);
	int64_t joined = (int64_t) (draw(generator, DRAW_JOINED, user) % USERS_SPAN);
	const char *first = world_first_names[pick(&name, world_first_name_count)];
	const Country *country = country_of(place >> 16);
	bool is_native = place % 100 < 85;

	at = put_int(at, user);
	*at++ = '\t';
	at = put_handle(at, first, user);
	*at++ = '\t';
	at = put_text(at, first);
	*at++ = ' ';
	at = put_text(at, world_last_names[pick(&name, world_last_name_count)]);
	*at++ = '\t';
	at = put_text(at, is_native ? country->lang : world_languages[pick(&name, world_language_count)].code);
	*at++ = '\t';
	at = put_text(at, country->code);
	*at++ = '\t';
	return put_time(at, USERS_SINCE + joined);
}

static char *put_tweet(char *at, const Generator *generator, int64_t author, int k)
{
	at = put_int(at, author);
	*at++ = '\t';
	at = put_int(at, generator_tweet_id(generator, author, k));
	*at++ = '\t';
	at = put_body(at, draw(generator, DRAW_BODY, author * ID_TWEETS_A_USER + k));
	*at++ = '\t';
	return put_time(at, TWEETS_SINCE + tweet_second(generator, author, k));
}

static char *put_subscription(char *at, const Followers *followers, int64_t k)
{
	at = put_int(at, followers_get(followers, k));
	*at++ = '\t';
	at = put_int(at, followers->followee);
	return put_text(at, "\t2023-12-31 12:00:00+00");
}

static char *put_feed_item(char *at, const Generator *generator, const Followers *followers, int64_t k,
                           int tweet)
{
	at = put_int(at, followers_get(followers, k));
	*at++ = '\t';
	at = put_int(at, generator_tweet_id(generator, followers->followee, tweet));
	*at++ = '\t';
	at = put_int(at, followers->followee);
	*at++ = '\t';
	return put_time(at, TWEETS_SINCE + tweet_second(generator, followers->followee, tweet));
}

static char *put_three(char *at, const char *a, const char *b, const char *c)
{
	at = put_text(at, a);
	*at++ = '\t';
	at = put_text(at, b);
	*at++ = '\t';
	return put_text(at, c);
}

static const struct {
	const char *name;
	const char *columns;
} tables[DEMO_TABLE_COUNT] = {
	[DEMO_LANGUAGES] = {"languages", "code, name, native_name"},
	[DEMO_COUNTRIES] = {"countries", "code, name, region"},
	[DEMO_USERS] = {"users", "id, handle, name, lang, country, created_at"},
	[DEMO_TWEETS] = {"tweets", "author_id, id, body, created_at"},
	[DEMO_SUBSCRIPTIONS] = {"subscriptions", "follower_id, followee_id, created_at"},
	[DEMO_FEED_ITEMS] = {"feed_items", "user_id, tweet_id, author_id, created_at"},
};

const char *generator_table_name(DemoTable table)
{
	return tables[table].name;
}

const char *generator_table_columns(DemoTable table)
{
	return tables[table].columns;
}

int64_t generator_row_count(const Generator *generator, DemoTable table)
{
	int64_t rows = 0;

	if (table == DEMO_LANGUAGES || table == DEMO_COUNTRIES)
		return (int64_t) (table == DEMO_LANGUAGES ? world_language_count : world_country_count);
	if (table == DEMO_USERS)
		return generator->users;
	for (int64_t user = 1; user <= generator->users; user++) {
		int64_t tweets = table == DEMO_SUBSCRIPTIONS ? 1 : generator_tweet_count(generator, user);

		rows += tweets * (table == DEMO_TWEETS ? 1 : follower_count(generator, user));
	}
	return rows;
}

Stream stream_open(const Generator *generator, DemoTable table)
{
	bool is_small = table == DEMO_LANGUAGES || table == DEMO_COUNTRIES;

	return (Stream) {.generator = generator, .table = table, .user = is_small ? 0 : 1};
}

/* Goes to the next user who has rows; false at the end. */
static bool enter_user(Stream *stream)
{
	const Generator *generator = stream->generator;

	for (; stream->user <= generator->users; stream->user++) {
		if (!stream->is_entered) {
			if (stream->table != DEMO_USERS && stream->table != DEMO_TWEETS)
				stream->followers = generator_followers(generator, stream->user);
			stream->tweet_count = generator_tweet_count(generator, stream->user);
			stream->tweet = 0;
			stream->k = 0;
			stream->is_entered = true;
		}
		if (stream->table == DEMO_USERS || (stream->table == DEMO_SUBSCRIPTIONS && stream->followers.count > 0))
			return true;
		if (stream->table != DEMO_SUBSCRIPTIONS && stream->tweet_count > 0)
			return true;
		stream->is_entered = false;
	}
	return false;
}

static void leave_user(Stream *stream)
{
	stream->user++;
	stream->is_entered = false;
}

/* Whether there is a row to write. */
static bool has_row(Stream *stream)
{
	if (stream->table == DEMO_LANGUAGES)
		return stream->user < (int64_t) world_language_count;
	if (stream->table == DEMO_COUNTRIES)
		return stream->user < (int64_t) world_country_count;
	return enter_user(stream);
}

/* Writes the row and moves on to the next. */
static char *put_row(Stream *stream, char *at)
{
	switch (stream->table) {
	case DEMO_LANGUAGES: {
		const Language *language = &world_languages[stream->user++];

		return put_three(at, language->code, language->name, language->native_name);
	}
	case DEMO_COUNTRIES: {
		const Country *country = &world_countries[stream->user++];

		return put_three(at, country->code, country->name, country->region);
	}
	case DEMO_USERS:
		at = put_user(at, stream->generator, stream->user);
		leave_user(stream);
		return at;
	case DEMO_TWEETS:
		at = put_tweet(at, stream->generator, stream->user, stream->tweet);
		if (++stream->tweet == stream->tweet_count)
			leave_user(stream);
		return at;
	case DEMO_SUBSCRIPTIONS:
		at = put_subscription(at, &stream->followers, stream->k);
		if (++stream->k == stream->followers.count)
			leave_user(stream);
		return at;
	case DEMO_FEED_ITEMS:
	case DEMO_TABLE_COUNT:
		break;
	}
	at = put_feed_item(at, stream->generator, &stream->followers, stream->k, stream->tweet);
	if (++stream->k == stream->followers.count) {
		stream->k = 0;
		if (++stream->tweet == stream->tweet_count)
			leave_user(stream);
	}
	return at;
}

size_t stream_read(Stream *stream, char *out, size_t size, int64_t max_rows, int64_t *rows)
{
	char *at = out;

	*rows = 0;
	while (*rows < max_rows && size - (size_t) (at - out) >= GENERATOR_ROW_MAX && has_row(stream)) {
		at = put_row(stream, at);
		*at++ = '\n';
		(*rows)++;
	}
	return (size_t) (at - out);
}
