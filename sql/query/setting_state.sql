-- Whether the setting $1 has the value $2, in whatever unit that is written, and the
-- value it has (null: the server does not know the setting).
SELECT coalesce(CASE WHEN lower(current_setting(s.name)) = lower($2) OR s.setting = $2 THEN true
                     WHEN s.vartype = 'bool' THEN s.setting::bool::text = CASE lower($2) WHEN 'on' THEN 'true' WHEN 'yes' THEN 'true'
                                             WHEN '1' THEN 'true' WHEN 'true' THEN 'true' ELSE 'false' END
                     WHEN s.unit ~ 'B$' AND $2 ~ '^[0-9.]+ *[kMGT]?B$' THEN
                         pg_size_bytes($2) = s.setting::numeric * pg_size_bytes(CASE WHEN s.unit ~ '^[0-9]' THEN s.unit ELSE '1 ' || s.unit END)
                     WHEN s.unit IN ('ms', 's', 'min') AND $2 ~ '^[0-9.]+ *(us|ms|s|min|h|d)$' THEN
                         $2::interval = (s.setting || ' ' || s.unit)::interval
                     WHEN s.vartype = 'real' AND $2 ~ '^[0-9.]+$' THEN s.setting::numeric = $2::numeric
                     ELSE false END, false),
       current_setting(w.name, true)
FROM (VALUES ($1)) AS w(name)
LEFT JOIN pg_settings s ON lower(s.name) = lower(w.name)
