-- What this login may do: whether it is a superuser, and whether it makes databases.
SELECT rolsuper, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user
