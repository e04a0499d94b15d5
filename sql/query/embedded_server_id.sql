-- By which the embedded engine tells its nodes apart.
SELECT id::text FROM citus_embedded.this_node
