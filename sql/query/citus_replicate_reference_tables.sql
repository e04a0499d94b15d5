-- Copies the reference tables to the nodes that lack them; $1 is the transfer mode.
SELECT replicate_reference_tables($1::citus.shard_transfer_mode)
