DELETE FROM pg_dist_authinfo WHERE nodeid = 0 AND rolename = $1
