-- Whether the role $1 exists.
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)
