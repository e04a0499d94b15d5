-- Whether a demo left its columnar table and the twin here.
SELECT to_regclass('activity') IS NOT NULL AND to_regclass('activity_heap') IS NOT NULL
