SELECT create_reference_table($1::regclass)
