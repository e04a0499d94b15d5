-- What citusctl remembers inside the cluster; local tables of the coordinator.
-- Citus would make the schema on all nodes, and fail where one is down.
SET LOCAL citus.enable_ddl_propagation = off;
CREATE SCHEMA IF NOT EXISTS citusctl;

-- The schema files that were applied: applied again when they change.
CREATE TABLE IF NOT EXISTS citusctl.schema_files (
    path       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Foreign keys taken off local tables until both of their tables are
-- distributed: Citus can't distribute a table while it has them.
CREATE TABLE IF NOT EXISTS citusctl.pending_foreign_keys (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL,
    name       text NOT NULL,
    definition text NOT NULL
);

-- The journal: what was done to the cluster, by whom, and how it ended.  One
-- without an end whose session is gone did not finish.
CREATE TABLE IF NOT EXISTS citusctl.operations (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator      text NOT NULL,
    command       text NOT NULL,
    client_pid    int NOT NULL,
    started_at    timestamptz NOT NULL,
    backend_pid   int NOT NULL,
    backend_start timestamptz,
    finished_at   timestamptz,
    outcome       text,
    details       text
);
