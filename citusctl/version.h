/* version.h - the version of the program. */
#ifndef CITUSCTL_VERSION_H
#define CITUSCTL_VERSION_H

#define CITUSCTL_VERSION "0.1.0"

#endif
