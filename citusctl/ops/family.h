/*
 * ops/family.h - what differs between the families of distributions, in one table.
 */
#ifndef CITUSCTL_OPS_FAMILY_H
#define CITUSCTL_OPS_FAMILY_H

#include "ops/facts.h"

typedef struct FamilyTraits {
	/* Scripts of host/: make a server, remove it, install packages. */
	const char *create, *drop, *install;

	/* Where a repository of the description goes: its key, its file, and the template of that. */
	const char *key_directory, *repository_directory, *repository_ending, *repository_template;
	bool names_repository; /* the template has a {{name}} */

	const char *settings; /* file of templates/: beside ours for all; NULL: none */
	bool adopts;          /* servers that are there can be taken over */
} FamilyTraits;

/* NULL: citusctl makes no servers there. */
const FamilyTraits *family_traits(Family family);

#endif
