/*
 * ops/provision.h - servers on hosts reached by SSH, made the way the distribution
 * makes them; the steps are those of a local cluster as far as they are SQL.
 *
 * citusctl reaches the servers as their superuser, through the SSH connection to the
 * loopback of the host, so nothing but SSH has to be open to the machine it runs on;
 * from the networks of "access" the superuser cannot log in.
 *
 * On a host /var/lib/citusctl/CLUSTER holds "state": which server citusctl made.
 */
#ifndef CITUSCTL_OPS_PROVISION_H
#define CITUSCTL_OPS_PROVISION_H

#include "run/step.h"

extern const Step provision_steps[];       /* init */
extern const Step provision_start_steps[]; /* node start */
extern const Step provision_stop_steps[];  /* node stop */
extern const Step provision_crash_steps[]; /* the demo's kill-worker */
extern const Step provision_drop_steps[];  /* destroy: what was made here goes */
extern const Step provision_fence_steps[]; /* a removed node: stopped, no engine when it starts, under another name */

#endif
