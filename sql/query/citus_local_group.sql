-- The group that this node takes itself for, as text; null where it has none.
SELECT (SELECT groupid FROM pg_dist_local_group LIMIT 1)::text
