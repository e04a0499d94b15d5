-- Ends the naps of the sessions that move shards (they LISTEN).
SELECT pg_notify('citusctl_kick', '')
