-- What an analyst asks: how long people spend on what, month by month.
SELECT string_agg(format('%s %s %s %s', month, kind, things, total), '; ' ORDER BY month, kind) AS answer
FROM (SELECT date_trunc('month', at)::date AS month, kind, count(*) AS things, round(sum(seconds)::numeric, 1) AS total
	FROM activity
	GROUP BY 1, 2) AS months
