-- The checksum with which the schema file $1 was applied last, null if never.
SELECT (SELECT checksum FROM citusctl.schema_files WHERE path = $1)
