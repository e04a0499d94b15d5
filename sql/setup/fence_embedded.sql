-- Run on a node that was removed: it belongs to no cluster, and forgets how to log
-- in to the others.
BEGIN;
DELETE FROM citus_embedded.authinfo;
UPDATE citus_embedded.this_node SET cluster = NULL, groupid = 0;
COMMIT;
