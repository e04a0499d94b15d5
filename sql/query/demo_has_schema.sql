-- Whether the demo works in a schema of its own here.
SELECT to_regclass('citusctl_demo.demo_run') IS NOT NULL
