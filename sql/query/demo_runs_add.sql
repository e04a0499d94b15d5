INSERT INTO citusctl.demo_runs (summary) VALUES ($1::jsonb)
