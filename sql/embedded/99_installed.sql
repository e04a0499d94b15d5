-- The mark by which citusctl sees that this very version is installed.

CREATE OR REPLACE FUNCTION citus_embedded.mark_installed(checksum text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('COMMENT ON SCHEMA citus_embedded IS %L',
                   'embedded engine of citusctl [' || checksum || ']');
END $$;
REVOKE ALL ON FUNCTION citus_embedded.mark_installed(text) FROM PUBLIC;
