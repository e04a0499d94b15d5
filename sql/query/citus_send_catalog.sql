-- Sends the catalog to the node $1:$2, which forgets the one it has.
SELECT start_metadata_sync_to_node($1::text, $2::int)
