-- For each user, how many rows and a digest of them (demo/expect.h has the same in C).
SELECT id, 1 AS rows, (x * x + id) % 2147483647 * ((x * x + id) % 2147483647) % 2147483647 AS digest
FROM (SELECT id, id % 2147483647 * 31337 % 2147483647 AS x FROM users) AS mixed
