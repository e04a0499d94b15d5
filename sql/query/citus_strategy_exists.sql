-- Whether the rules have a place yet.
SELECT to_regclass('citusctl_rules.rules') IS NOT NULL
