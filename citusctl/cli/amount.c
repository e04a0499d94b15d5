#include "cli/amount.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *skip_spaces(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

bool amount_bytes(const char *option, const char *text, int64_t *bytes, Err *err)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = {{"", 1}, {"B", 1}, {"k", 1e3}, {"kB", 1e3}, {"M", 1e6}, {"MB", 1e6},
	             {"G", 1e9}, {"GB", 1e9}, {"T", 1e12}, {"TB", 1e12}};
	char *end = NULL;
	double number = isdigit((unsigned char) *text) ? strtod(text, &end) : -1;
	const char *unit = end != NULL ? skip_spaces(end) : "";
	size_t length = strlen(unit);

	if (length > 2 && strcasecmp(unit + length - 2, "/s") == 0)
		length -= 2;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) != length || strncasecmp(units[i].name, unit, length) != 0)
			continue;
		number *= units[i].factor;
		if (number < 1 || number > 1e18)
			break;
		*bytes = (int64_t) number;
		return true;
	}
	return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a number of bytes, such as 50MB", option, text);
}

bool amount_seconds(const char *option, const char *text, double *seconds, Err *err)
{
	const char *at = text;
	double sum = 0;

	while (isdigit((unsigned char) *at)) {
		char *end = NULL;
		double number = strtod(at, &end);

		switch (*end) {
			case 'd':
				number *= 86400;
				break;
			case 'h':
				number *= 3600;
				break;
			case 'm':
				number *= 60;
				break;
			default:
				break;
		}
		sum += number;
		at = *end != '\0' && strchr("dhms", *end) != NULL ? end + 1 : end;
	}
	if (at == text || *at != '\0' || sum <= 0 || sum > 366.0 * 86400)
		return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a duration, such as 90s, 45m or 2h30m", option,
		               text);
	*seconds = sum;
	return true;
}

bool amount_until(const char *option, const char *text, double *seconds, Err *err)
{
	time_t now = time(NULL);
	struct tm then;
	int hour = 0;
	int minute = 0;
	bool fits = strlen(text) == 5 && text[2] == ':';

	for (int i = 0; fits && i < 5; i++)
		fits = i == 2 || isdigit((unsigned char) text[i]) != 0;
	if (fits) {
		hour = (text[0] - '0') * 10 + text[1] - '0';
		minute = (text[3] - '0') * 10 + text[4] - '0';
	}
	if (!fits || hour > 23 || minute > 59 || localtime_r(&now, &then) == NULL)
		return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a time of day, such as 06:00", option, text);
	then.tm_hour = hour;
	then.tm_min = minute;
	then.tm_sec = 0;
	then.tm_isdst = -1;
	if (mktime(&then) <= now)
		then.tm_mday++;
	then.tm_isdst = -1;
	*seconds = difftime(mktime(&then), now);
	return true;
}
