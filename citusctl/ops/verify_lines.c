#include "ops/verify_lines.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void lines_compare(const Lines *wanted, const Lines *is, LinesTell tell, void *arg)
{
	size_t w = 0;
	size_t i = 0;

	while (w < wanted->count || i < is->count) {
		const char *a = w < wanted->count ? wanted->line(wanted->list, w) : NULL;
		const char *b = i < is->count ? is->line(is->list, i) : NULL;
		int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a, b);

		if (order != 0)
			tell(arg, order < 0, order < 0 ? a : b);
		w += order <= 0 ? 1 : 0;
		i += order >= 0 ? 1 : 0;
	}
}

bool prepared_owner(const char *gid, int64_t *group, int64_t *process)
{
	static const char prefix[] = "citus_";
	char *rest = NULL;

	if (strncmp(gid, prefix, sizeof(prefix) - 1) != 0 || !isdigit((unsigned char) gid[sizeof(prefix) - 1]))
		return false;
	*group = strtoll(gid + sizeof(prefix) - 1, &rest, 10);
	if (rest[0] != '_' || !isdigit((unsigned char) rest[1]))
		return false;
	*process = strtoll(rest + 1, &rest, 10);
	return *rest == '_';
}
