/*
 * demo/machine.h - on what a demo ran: this machine, and the versions of the servers.
 *
 * Ownership: texts live in the arena.
 */
#ifndef CITUSCTL_DEMO_MACHINE_H
#define CITUSCTL_DEMO_MACHINE_H

#include "demo/demo.h"

bool machine_look(const DemoTarget *target, Arena *arena, DemoMachine *machine, Err *err) MUST_CHECK;

#endif
