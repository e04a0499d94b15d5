-- As demo_activity_columnar.sql, of the twin in heap.
SELECT string_agg(format('%s %s %s %s', month, kind, things, total), '; ' ORDER BY month, kind) AS answer
FROM (SELECT date_trunc('month', at)::date AS month, kind, count(*) AS things, round(sum(seconds)::numeric, 1) AS total
	FROM activity_heap
	GROUP BY 1, 2) AS months
