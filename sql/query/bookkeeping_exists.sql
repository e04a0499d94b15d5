-- Whether sql/setup/bookkeeping.sql was run: its last table is there.
SELECT to_regclass('citusctl.operations') IS NOT NULL
