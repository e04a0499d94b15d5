-- Merged with the generator user by user, so: everything about one user together.
SELECT about, kind, other, is_known FROM demo_ledger ORDER BY about, seq
