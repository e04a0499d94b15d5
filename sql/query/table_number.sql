-- The table $1 as a number.
SELECT $1::regclass::oid::bigint
