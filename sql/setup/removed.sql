-- The nodes that were taken out: init does not bring one back unasked, and one whose
-- server could not be fenced then is fenced when it comes back.  In a schema that only the
-- superuser writes to: what else citusctl remembers belongs to the role of the
-- application, whose triggers must not run as a superuser.
BEGIN;
SET LOCAL citus.enable_ddl_propagation TO off;
SET LOCAL client_min_messages TO warning;

CREATE SCHEMA IF NOT EXISTS citusctl_nodes;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
               WHERE n.nspname = 'citusctl_nodes' AND NOT r.rolsuper AND r.rolname <> current_user) THEN
        RAISE EXCEPTION 'schema citusctl_nodes belongs to a role that is no superuser'
            USING HINT = 'Drop or rename it: citusctl keeps what only a superuser may write there.';
    END IF;
END $$;
GRANT USAGE ON SCHEMA citusctl_nodes TO public;

CREATE TABLE IF NOT EXISTS citusctl_nodes.removed (
    host        text NOT NULL,
    port        int NOT NULL,
    name        text NOT NULL,
    operator    text NOT NULL,
    removed_at  timestamptz NOT NULL DEFAULT now(),
    lost_shards bigint NOT NULL DEFAULT 0,
    fenced      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (host, port)
);
GRANT SELECT ON citusctl_nodes.removed TO public;
COMMIT;
