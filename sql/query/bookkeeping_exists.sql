SELECT to_regclass('citusctl.pending_foreign_keys') IS NOT NULL
