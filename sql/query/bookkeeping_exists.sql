-- Whether sql/setup/bookkeeping.sql was run: its last table is there.
SELECT to_regclass('citusctl.removed_nodes') IS NOT NULL
