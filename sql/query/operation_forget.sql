-- The journal keeps the last $1 operations.
DELETE FROM citusctl.operations WHERE id <= (SELECT max(id) FROM citusctl.operations) - $1::bigint
