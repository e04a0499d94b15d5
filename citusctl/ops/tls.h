/*
 * ops/tls.h - the certificate authority of a cluster and its nodes' certificates.
 *
 * They are kept in the cluster's directory, tls/: ca.pem and NODE.pem hold a private key
 * and its certificate and can be read by their owner only.  A certificate names the node's
 * "host", so that the nodes can check who they talk to; it is made anew when the host
 * changes, and when less than 60 of its 825 days are left.  The authority is made anew
 * while it still outlives all that it has signed; the nodes then trust the old one and the
 * new one.  What is merely due is signed by the new one only when every host was seen to
 * have that one's certificate, so that a run which reached some hosts leaves no node that
 * refuses another.  What is refused anyway (it has run out, names another host, is not
 * there) does not wait.
 */
#ifndef CITUSCTL_OPS_TLS_H
#define CITUSCTL_OPS_TLS_H

#include "run/session.h"

/*
 * Makes what is missing or due (dry: only looks); *changed tells whether anything was.
 * spare: what is due and still good stays, which *spared tells.
 */
bool tls_authority(const Session *session, bool spare, bool dry, bool *changed, bool *spared, Err *err) MUST_CHECK;
bool tls_certificate(const Session *session, const Node *node, bool spare, bool dry, bool *changed, bool *spared,
                     Err *err) MUST_CHECK;

/* Whether both are there, for a dry run. */
bool tls_is_made(const Session *session, const Node *node);

/* The authority's certificates, without its key; a node's key and certificate. */
const char *tls_authority_text(const Session *session, Arena *arena, Err *err) MUST_CHECK;
const char *tls_node_text(const Session *session, const Node *node, Arena *arena, Err *err) MUST_CHECK;

#endif
