SELECT count(*) FROM tweets WHERE author_id = $1::bigint AND id = $2::bigint
