-- Whether no other demo works on this database; held until the session ends.
SELECT pg_try_advisory_lock(hashtext('citusctl demo'))
