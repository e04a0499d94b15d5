-- Takes the lock of the cluster for this session, or says false at once.
SELECT pg_try_advisory_lock(hashtext('citusctl'), hashtext('operation'))
