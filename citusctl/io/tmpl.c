#include "io/tmpl.h"

#include <string.h>

#include "util/str.h"

static const TmplValue *find_value(const TmplValue values[], const char *name, size_t length)
{
	for (const TmplValue *v = values; v->name != NULL; v++)
		if (strlen(v->name) == length && memcmp(v->name, name, length) == 0)
			return v;
	return NULL;
}

static bool fill(Str *out, const char *file, const char *text, const TmplValue values[], Err *err)
{
	const char *open = NULL;

	while ((open = strstr(text, "{{")) != NULL) {
		const char *close = strstr(open, "}}");

		if (close == NULL)
			return err_set(err, ERR_FAILED, "%s: \"{{\" without \"}}\"", file);

		const char *name = open + 2;
		size_t length = (size_t) (close - name);
		const TmplValue *v = find_value(values, name, length);

		if (v == NULL)
			return err_set(err, ERR_FAILED, "%s: no value for {{%.*s}}", file, (int) length, name);
		str_append_bytes(out, text, (size_t) (open - text));
		str_append(out, v->value);
		text = close + 2;
	}
	str_append(out, text);
	return true;
}

/* Every value must be wanted by the template. */
static bool all_used(Arena *arena, const char *file, const char *text, const TmplValue values[],
                     Err *err)
{
	for (const TmplValue *v = values; v->name != NULL; v++)
		if (strstr(text, arena_printf(arena, "{{%s}}", v->name)) == NULL)
			return err_set(err, ERR_FAILED, "%s: nothing uses the value \"%s\"", file, v->name);
	return true;
}

char *tmpl_render(Arena *arena, const char *file, const char *text, const TmplValue values[],
                  Err *err)
{
	Str out = STR_INIT;
	char *rendered = NULL;

	if (all_used(arena, file, text, values, err) && fill(&out, file, text, values, err))
		rendered = arena_strdup(arena, str_text(&out));
	str_free(&out);
	return rendered;
}
