-- Drops what moves left behind: old copies, slots, subscriptions, publications.
CALL citus_cleanup_orphaned_resources()
