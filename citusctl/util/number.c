#include "util/number.h"

#include <inttypes.h>
#include <stdio.h>

const char *number_grouped(int64_t value, char out[NUMBER_GROUPED_MAX])
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, value);
	int at = 0;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

int64_t number_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}
