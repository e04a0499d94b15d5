/*
 * demo/columnar.h - a table of activity in columnar storage beside its twin in
 * heap: what each takes, and how long the same question takes on each.
 *
 * Threads: runs in the thread that calls it.
 */
#ifndef CITUSCTL_DEMO_COLUMNAR_H
#define CITUSCTL_DEMO_COLUMNAR_H

#include "demo/demo.h"

/* Makes and fills both tables, asks, and fills report->columnar; the tables stay. */
bool columnar_try(const DemoTarget *target, Arena *arena, DemoReport *report, Err *err) MUST_CHECK;

#endif
