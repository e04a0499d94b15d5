INSERT INTO citusctl.pending_foreign_keys (table_name, name, definition) VALUES ($1, $2, $3)
