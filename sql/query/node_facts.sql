-- What a node can give to shard moves: the kind of WAL it writes, slots, senders and logical workers that are free,
-- milliseconds between two streams that begin (since PostgreSQL 16 they don't wait for each other), seconds its oldest
-- writing transaction has been open, and what moves of earlier runs left on it.
SELECT current_setting('wal_level'),
	current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots),
	current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'),
	least(current_setting('max_logical_replication_workers')::int
			- (SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'logical replication %worker'),
		current_setting('max_worker_processes')::int - (SELECT count(*) FROM pg_stat_activity
			WHERE backend_type NOT IN ('client backend', 'walsender', 'walreceiver', 'walwriter', 'checkpointer', 'archiver',
				'background writer', 'autovacuum launcher', 'autovacuum worker', 'startup', 'logger', 'slotsync worker'))),
	CASE WHEN current_setting('server_version_num')::int < 160000
		THEN (extract(epoch FROM current_setting('wal_retrieve_retry_interval')::interval) * 1000)::bigint ELSE 0 END,
	(SELECT coalesce(extract(epoch FROM max(now() - xact_start)), 0)::bigint
		FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND backend_type = 'client backend'),
	(SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'citus\_shard\_%' AND database = current_database())
		+ (SELECT count(*) FROM pg_subscription
			WHERE subname LIKE 'citus\_shard\_%' AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
		+ (SELECT count(*) FROM pg_publication WHERE pubname LIKE 'citus\_shard\_%')
