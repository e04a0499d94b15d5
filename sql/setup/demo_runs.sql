-- How the demos on this cluster went, for "citusctl metrics".
CREATE SCHEMA IF NOT EXISTS citusctl;
CREATE TABLE IF NOT EXISTS citusctl.demo_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    finished_at timestamptz NOT NULL DEFAULT now(),
    summary     jsonb NOT NULL
);
