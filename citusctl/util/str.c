#include "util/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(Str *str, size_t more)
{
	size_t wanted = str->length + more + 1;

	if (wanted <= str->capacity)
		return;

	size_t capacity = str->capacity > 0 ? str->capacity : 64;

	while (capacity < wanted)
		capacity *= 2;
	str->data = xrealloc(str->data, capacity);
	str->capacity = capacity;
}

void str_append_bytes(Str *str, const char *bytes, size_t length)
{
	reserve(str, length);
	if (length > 0)
		memcpy(str->data + str->length, bytes, length);
	str->length += length;
	str->data[str->length] = '\0';
}

void str_append(Str *str, const char *text)
{
	str_append_bytes(str, text, strlen(text));
}

void str_append_char(Str *str, char c)
{
	str_append_bytes(str, &c, 1);
}

void str_printf(Str *str, const char *format, ...)
{
	va_list args;
	va_list again;

	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);

	va_end(again);
	if (length > 0) {
		reserve(str, (size_t) length);
		vsnprintf(str->data + str->length, (size_t) length + 1, format, args);
		str->length += (size_t) length;
	}
	va_end(args);
}

const char *str_text(const Str *str)
{
	return str->data != NULL ? str->data : "";
}

void str_reset(Str *str)
{
	str_cut(str, 0);
}

void str_cut(Str *str, size_t length)
{
	if (str->data == NULL || length >= str->length)
		return;
	str->length = length;
	str->data[length] = '\0';
}

void str_free(Str *str)
{
	free(str->data);
	*str = (Str) STR_INIT;
}

bool str_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t length = strlen(text);
	size_t tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* Bytes of the sequence that starts with lead, 0 when none can. */
static size_t utf8_sequence(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	if (lead >= 0xF0 && lead <= 0xF4)
		return 4;
	return 0;
}

/* Overlong forms, surrogates and code points above U+10FFFF show in byte two. */
static bool utf8_second_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
		case 0xE0:
			return second >= 0xA0;
		case 0xED:
			return second <= 0x9F;
		case 0xF0:
			return second >= 0x90;
		case 0xF4:
			return second <= 0x8F;
		default:
			return true;
	}
}

bool str_is_utf8(const char *bytes, size_t length, size_t *bad)
{
	const unsigned char *b = (const unsigned char *) bytes;

	for (size_t at = 0; at < length;) {
		size_t n = utf8_sequence(b[at]);
		bool ok = n > 0 && n <= length - at && (n < 2 || utf8_second_fits(b[at], b[at + 1]));

		for (size_t k = 1; ok && k < n; k++)
			ok = (b[at + k] & 0xC0) == 0x80;
		if (!ok) {
			*bad = at;
			return false;
		}
		at += n;
	}
	return true;
}

/* Levenshtein distance, cut off at 64 characters. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[65];
	size_t la = strlen(a);
	size_t lb = strlen(b);

	if (la > 64 || lb > 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t cost = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[lb];
}

const char *str_nearest(const char *name, const char *const names[], size_t count)
{
	size_t best = strlen(name) / 2 + 1;
	const char *nearest = NULL;

	if (best > 4)
		best = 4;
	for (size_t i = 0; i < count; i++) {
		size_t distance = edit_distance(name, names[i]);

		if (distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}
