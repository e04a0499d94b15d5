-- By this lock, which any number of sessions share, an entry of the journal is known
-- to be running.
SELECT pg_advisory_lock_shared(hashtext('citusctl'), hashtext('note'))
