INSERT INTO citusctl.schema_files (path, checksum) VALUES ($1, $2)
ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now()
