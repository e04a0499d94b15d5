INSERT INTO demo_run (seed, users, state) VALUES ($1::bigint, $2::bigint, $3::text)
ON CONFLICT (only_one)
DO UPDATE SET seed = excluded.seed, users = excluded.users, state = excluded.state, started_at = now()
