DELETE FROM citusctl.pending_foreign_keys WHERE id = $1::bigint
