-- The shard moves under way: how many, their bytes, and how many of these have arrived.
SELECT count(*), coalesce(sum(source_shard_size), 0), coalesce(sum(least(target_shard_size, source_shard_size)), 0)
FROM get_rebalance_progress()
WHERE progress = 1
