/*
 * io/certificate.h - X.509 certificates: made, and looked at; the only libcrypto there is.
 *
 * Texts are PEM.  A "pem" of this program is a private key with its certificate behind it,
 * perhaps with certificates of older authorities behind that.  Keys are on the curve
 * P-256.  What is made is valid from a day ago, as clocks differ from machine to machine.
 *
 * Errors:    filled into Err.
 * Ownership: texts live in the arena given.
 * Threads:   any.
 */
#ifndef CITUSCTL_IO_CERTIFICATE_H
#define CITUSCTL_IO_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"

/* The pem of an authority that signs itself; NULL on error. */
const char *certificate_new_authority(Arena *arena, const char *name, int days, Err *err) MUST_CHECK;

/* The pem of a server at host, a name or an address, signed by the first certificate of the
 * authority's pem; NULL on error. */
const char *certificate_new_server(Arena *arena, const char *authority, const char *name, const char *host, int days,
                                   Err *err) MUST_CHECK;

/* How long the first certificate of the text is valid from now on, in seconds: negative when
 * it has run out.  False when there is none in it. */
bool certificate_left_s(const char *text, int64_t *left_s) MUST_CHECK;

/*
 * NULL when a client that trusts the authorities and looks for host would accept the first
 * certificate of the text in_s seconds from now; else why not, in libcrypto's words.
 */
const char *certificate_refused(const char *text, const char *authorities, const char *host, int64_t in_s) MUST_CHECK;

/* The certificates of the text, all of them or those that have not run out, without any key. */
const char *certificate_all(Arena *arena, const char *text, bool valid_only);

/* SHA-256 of the text, in hexadecimal; false when libcrypto can't. */
#define CERTIFICATE_DIGEST_SIZE 65
bool certificate_digest(const char *text, char digest[CERTIFICATE_DIGEST_SIZE]) MUST_CHECK;

#endif
