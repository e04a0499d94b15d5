-- What the server keeps of the password of role $1, null when it has none.
SELECT (SELECT rolpassword FROM pg_authid WHERE rolname = $1)
