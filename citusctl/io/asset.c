#include "io/asset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Asset *asset_find(const char *name)
{
	for (const Asset *asset = asset_table; asset->name != NULL; asset++)
		if (strcmp(asset->name, name) == 0)
			return asset;
	return NULL;
}

const char *asset_text(const char *name)
{
	const Asset *asset = asset_find(name);

	if (asset == NULL) {
		fprintf(stderr, "citusctl: no file \"%s\" was embedded at build time\n", name);
		abort();
	}
	return asset->text;
}

const Asset *asset_under(const char *prefix, const Asset *from)
{
	const Asset *asset = from != NULL ? from : asset_table;

	for (; asset->name != NULL; asset++)
		if (strncmp(asset->name, prefix, strlen(prefix)) == 0)
			return asset;
	return NULL;
}
