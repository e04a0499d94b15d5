-- Whether the demo has been here before.
SELECT to_regclass('demo_run') IS NOT NULL
