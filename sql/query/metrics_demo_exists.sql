SELECT to_regclass('citusctl.demo_runs') IS NOT NULL
