-- Node $1:$2, called $3, is welcome again.
DELETE FROM citusctl.removed_nodes WHERE (host = $1 AND port = $2::int) OR name = $3
