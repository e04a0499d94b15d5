-- Names this session after $1, who runs the demo.
SELECT set_config('application_name', $1, false)
