-- Node $1:$2 is welcome again.
DELETE FROM citusctl_nodes.removed WHERE host = $1 AND port = $2::int
