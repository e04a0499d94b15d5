-- Transactions of the cluster that are prepared on this node and not decided.
SELECT count(*) FROM pg_prepared_xacts WHERE gid LIKE 'citus\_%' AND database = current_database()
