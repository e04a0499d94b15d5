SELECT id, table_name, quote_ident(name), definition FROM citusctl.pending_foreign_keys ORDER BY id
