-- Whether the database $1 exists.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)
