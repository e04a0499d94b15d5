-- Free and all bytes of the file system of the node's data directory.
SELECT available_disk_size, total_disk_size FROM citus_local_disk_space_stats()
