#include "ops/family.h"

#include <stddef.h>

const FamilyTraits *family_traits(Family family)
{
	static const FamilyTraits debian = {
		.create = "host/create_debian.sh",
		.drop = "host/drop_debian.sh",
		.install = "host/install_apt.sh",
		.key_directory = "/etc/apt/keyrings",
		.repository_directory = "/etc/apt/sources.list.d",
		.repository_ending = "list",
		.repository_template = "templates/apt.list.tmpl",
		.adopts = true,
	};
	static const FamilyTraits rhel = {
		.create = "host/create_rhel.sh",
		.drop = "host/drop_rhel.sh",
		.install = "host/install_dnf.sh",
		.key_directory = "/etc/pki/rpm-gpg",
		.repository_directory = "/etc/yum.repos.d",
		.repository_ending = "repo",
		.repository_template = "templates/dnf.repo.tmpl",
		.names_repository = true,
		.settings = "templates/rhel.conf.tmpl",
	};

	return family == FAMILY_DEBIAN ? &debian : family == FAMILY_RHEL ? &rhel : NULL;
}
