-- The group that this node takes itself for, as text.
SELECT (SELECT groupid FROM citus_embedded.this_node)::text
