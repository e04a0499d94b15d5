-- The server of the removed node $1:$2 can do no harm any more.
UPDATE citusctl_nodes.removed SET fenced = true WHERE host = $1 AND port = $2::int
