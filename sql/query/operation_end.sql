-- Operation $1 ended with outcome $2 and details $3.
UPDATE citusctl.operations SET finished_at = now(), outcome = $2, details = $3
WHERE id = $1::bigint AND finished_at IS NULL
