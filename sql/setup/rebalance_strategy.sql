-- The capacities and placement rules of the description, as a strategy of Citus' own rebalancer, so that what it does by
-- itself agrees. They stand on the coordinator only, in a schema that only the superuser writes to: Citus calls the
-- functions as whoever rebalances.
SET LOCAL citus.enable_ddl_propagation TO off;
SET LOCAL client_min_messages TO warning;

CREATE SCHEMA IF NOT EXISTS citusctl_rules;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
               WHERE n.nspname = 'citusctl_rules' AND NOT r.rolsuper AND r.rolname <> current_user) THEN
        RAISE EXCEPTION 'schema citusctl_rules belongs to a role that is no superuser'
            USING HINT = 'Drop or rename it: citusctl keeps what only a superuser may write there.';
    END IF;
END $$;
GRANT USAGE ON SCHEMA citusctl_rules TO public;

CREATE TABLE IF NOT EXISTS citusctl_rules.rules (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    threshold real NOT NULL,
    nodes     jsonb NOT NULL,   -- {"host:port": {"capacity": 1, "labels": {"region": "eu"}}}
    tables    jsonb NOT NULL    -- {"oid": {"region": "eu"}}
);
GRANT SELECT ON citusctl_rules.rules TO public;

CREATE OR REPLACE FUNCTION citusctl_rules.node_capacity(node_id int) RETURNS real LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT (r.nodes -> (n.nodename || ':' || n.nodeport) ->> 'capacity')::real
                     FROM citusctl_rules.rules r, pg_dist_node n WHERE n.nodeid = node_id), 1)
$$;

-- Alike for all shards of a group: Citus asks for one of them only.
CREATE OR REPLACE FUNCTION citusctl_rules.shard_allowed_on_node(shard_id bigint, node_id int) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM citusctl_rules.rules r
        JOIN pg_dist_node n ON n.nodeid = node_id
        JOIN pg_dist_shard s ON s.shardid = shard_id
        JOIN pg_dist_partition p ON p.logicalrelid = s.logicalrelid
        JOIN pg_dist_partition q ON q.colocationid = p.colocationid
        WHERE NOT coalesce(r.nodes -> (n.nodename || ':' || n.nodeport) -> 'labels', '{}')
                  @> coalesce(r.tables -> (q.logicalrelid::oid)::text, '{}'))
$$;
