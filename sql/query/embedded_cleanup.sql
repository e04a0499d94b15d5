-- What operations wrote down to be cleaned up: the kind, the name, the node's group, whether the operation is still at work,
-- and whether it is an old copy of a shard that was moved.
SELECT c.object_type, c.object_name, c.node_group_id, EXISTS (
		SELECT FROM pg_locks l
		WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.mode = 'ExclusiveLock' AND l.granted
			AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND l.classid::bigint = (citus_embedded.lock_class('operation') + 4294967296) % 4294967296
			AND l.objid::bigint = c.operation_id) AS is_running,
	c.object_type = 1 AND c.policy_type = 2 AS has_moved
FROM pg_dist_cleanup c
ORDER BY c.record_id
