-- What this node logs in to the others with as role $1.
SELECT (SELECT authinfo FROM pg_dist_authinfo WHERE nodeid = 0 AND rolename = $1)
