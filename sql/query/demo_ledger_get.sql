-- Merged with the generator user by user, so: everything about one user together.
-- What was written twice, because the first answer was lost, counts once.
SELECT about, kind, other, is_known
FROM (SELECT DISTINCT about, seq, kind, other, is_known FROM demo_ledger) AS entries
ORDER BY about, seq
