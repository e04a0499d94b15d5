-- Node $1:$2 is welcome again.
DELETE FROM citusctl.removed_nodes WHERE host = $1 AND port = $2::int
