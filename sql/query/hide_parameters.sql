-- For this transaction: a server that logs statements leaves their parameters out.
SELECT set_config('log_parameter_max_length', '0', true) FROM pg_roles WHERE rolname = current_user AND rolsuper
