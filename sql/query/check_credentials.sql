-- What this node logs in to the others with.
SELECT rolename, authinfo FROM pg_dist_authinfo WHERE nodeid = 0 ORDER BY rolename
