SELECT citus_total_relation_size('activity'), citus_total_relation_size('activity_heap')
