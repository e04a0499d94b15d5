-- How far the shards are that are being moved now.
SELECT shardid, status, target_shard_size
FROM get_rebalance_progress()
WHERE progress = 1
