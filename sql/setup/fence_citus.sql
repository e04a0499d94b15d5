-- Run on a node that was removed: it forgets the other nodes and how to log in to
-- them.  Without this its maintenance would go on to recover transactions on nodes
-- it is no part of any more, as a coordinator of its own.
BEGIN;
SET LOCAL citus.enable_ddl_propagation = off;
DELETE FROM pg_dist_authinfo;
DELETE FROM pg_dist_transaction;
DELETE FROM pg_dist_placement;
DELETE FROM pg_dist_node;
COMMIT;
