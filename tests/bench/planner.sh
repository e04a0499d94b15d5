#!/usr/bin/env bash
# How close the planner's plans come to their bounds, and how long they take; PLANNER=quick
# leaves out the largest.  "make bench" builds the program that does it.
set -u
exec "${BUILD:-build}/bench-planner" ${PLANNER:+"$PLANNER"}
