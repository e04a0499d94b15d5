SELECT seed, users, state FROM demo_run
