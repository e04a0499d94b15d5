/*
 * demo/world.h - the words the demo's data is made of: languages, countries,
 * names, and what people write about.  All UTF-8, without tabs or backslashes.
 *
 * Ownership: constant data.
 */
#ifndef CITUSCTL_DEMO_WORLD_H
#define CITUSCTL_DEMO_WORLD_H

#include <stddef.h>

typedef struct Language {
	const char *code; /* ISO 639-1 */
	const char *name;
	const char *native_name;
} Language;

typedef struct Country {
	const char *code; /* ISO 3166-1 alpha-2 */
	const char *name;
	const char *region;
	const char *lang; /* code of the language most of its users write */
	int weight;       /* share of the users: roughly millions of people online */
} Country;

extern const Language world_languages[];
extern const size_t world_language_count;

extern const Country world_countries[];
extern const size_t world_country_count;

extern const char *const world_first_names[];
extern const size_t world_first_name_count;

extern const char *const world_last_names[];
extern const size_t world_last_name_count;

/* A tweet is an opening, a subject, a remark and now and then a hashtag. */
extern const char *const world_openings[];
extern const size_t world_opening_count;

extern const char *const world_subjects[];
extern const size_t world_subject_count;

extern const char *const world_remarks[];
extern const size_t world_remark_count;

extern const char *const world_hashtags[];
extern const size_t world_hashtag_count;

#endif
