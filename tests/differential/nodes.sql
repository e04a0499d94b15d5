-- Adding, changing and removing nodes.
\c - postgres
SET client_min_messages = warning;
SELECT nodename, nodeport, noderack, noderole, nodecluster, isactive, shouldhaveshards, groupid = 0 AS coordinator FROM pg_dist_node ORDER BY nodeport;
SELECT * FROM citus_get_active_worker_nodes() ORDER BY 2;
SELECT citus_is_coordinator(), citus_coordinator_nodeid() = (SELECT nodeid FROM pg_dist_node WHERE groupid = 0);
SELECT citus_nodename_for_nodeid(nodeid), citus_nodeport_for_nodeid(nodeid) = nodeport FROM pg_dist_node ORDER BY nodeport;
SELECT citus_add_node('127.0.0.1', :port1) = (SELECT nodeid FROM pg_dist_node WHERE nodeport = :port1);
SELECT citus_add_node('127.0.0.1', 1);
SELECT pg_catalog.citus_add_node(nodename => '127.0.0.1', nodeport => 1);
SELECT citus_add_node('127.0.0.1', :port0, groupid => 0) > 0;
SELECT citus_check_connection_to_node('127.0.0.1', 1), citus_check_connection_to_node('127.0.0.1', :port1), pg_catalog.citus_check_connection_to_node(nodename => '127.0.0.1', nodeport => :port2);
SELECT * FROM citus_check_cluster_node_health() ORDER BY 2, 4;

-- A worker leaves and comes back.
SELECT citus_remove_node('127.0.0.1', 1);
SELECT citus_remove_node('127.0.0.1', :port3);
SELECT citus_remove_node('127.0.0.1', :port3);
SELECT count(*) FROM pg_dist_node;
SELECT citus_add_node('127.0.0.1', :port3) > 0;
SELECT nodeport, isactive, shouldhaveshards FROM pg_dist_node ORDER BY nodeport;
CREATE TABLE node_test (id int);
SELECT create_distributed_table('node_test', 'id', shard_count => 3);
CREATE TABLE node_ref (id int);
INSERT INTO node_ref VALUES (7);
SELECT create_reference_table('node_ref');
SELECT nodeport, count(*) FROM citus_shards WHERE table_name = 'node_test'::regclass GROUP BY 1 ORDER BY 1;
SELECT nodeport, count(*) FROM citus_shards WHERE table_name = 'node_ref'::regclass GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM citus_shards s JOIN pg_dist_node USING (nodename, nodeport) WHERE table_name = 'node_ref'::regclass;
DROP TABLE node_test;

-- Properties.
SELECT citus_set_node_property('127.0.0.1', :port3, 'shouldhaveshards', false);
SELECT citus_set_node_property('127.0.0.1', :port3, 'nothing', false);
SELECT citus_set_node_property('127.0.0.1', 1, 'shouldhaveshards', false);
CREATE TABLE node_test (id int PRIMARY KEY, ref int);
SELECT create_distributed_table('node_test', 'id', shard_count => 3);
SELECT nodeport, count(*) FROM citus_shards WHERE table_name = 'node_test'::regclass GROUP BY 1 ORDER BY 1;
SELECT citus_set_node_property('127.0.0.1', :port3, 'shouldhaveshards', true);
SELECT citus_update_node((SELECT nodeid FROM pg_dist_node WHERE nodeport = :port3), 'localhost', :port3);
SELECT nodename FROM pg_dist_node WHERE nodeport = :port3;
SELECT citus_update_node((SELECT nodeid FROM pg_dist_node WHERE nodeport = :port3), '127.0.0.1', :port3);
SELECT citus_update_node(9999, '127.0.0.1', 1);
SELECT citus_update_node((SELECT nodeid FROM pg_dist_node WHERE nodeport = :port3), '127.0.0.1', :port1);

-- Commands.
SELECT nodeport, success, result FROM run_command_on_workers('SELECT 1 + 1') ORDER BY 1;
SELECT nodeport, success, result FROM run_command_on_workers('SELECT 1, 2') ORDER BY 1;
SELECT nodeport, success, result FROM run_command_on_workers('SELECT generate_series(1, 2)') ORDER BY 1;
SELECT nodeport, success, result FROM run_command_on_workers('SELECT NULL') ORDER BY 1;
SELECT nodeport, success, result FROM run_command_on_workers('SET statement_timeout = 10') ORDER BY 1;
SELECT nodeport, success, result FROM run_command_on_workers('SELECT * FROM nothing', parallel => false) ORDER BY 1;
SELECT success, result, count(*) FROM run_command_on_all_nodes('SELECT 4') GROUP BY 1, 2;
SELECT success, result, count(*) FROM run_command_on_all_nodes('SELEC') GROUP BY 1, 2;
SELECT success, result FROM run_command_on_coordinator('SELECT 5');
SELECT count(*), bool_and(success), min(result) FROM run_command_on_shards('node_test', 'SELECT count(*) FROM %s');
SELECT count(*), bool_and(success), min(result) FROM run_command_on_shards('node_ref', 'SELECT max(id) FROM %s');
SELECT count(*), bool_or(success) FROM run_command_on_shards('node_test', 'SELECT nothing FROM %s');
SELECT count(DISTINCT (nodename, nodeport)), count(*) FROM run_command_on_placements('node_test', 'SELECT 1 FROM %s');
CREATE TABLE plain (id int);
SELECT * FROM run_command_on_shards('plain', 'SELECT 1');
SELECT * FROM run_command_on_placements('plain', 'SELECT 1');

-- A node with shards stays.
SELECT citus_remove_node('127.0.0.1', :port1);
DO $$ BEGIN FOR i IN 1..600 LOOP EXIT WHEN NOT EXISTS (SELECT FROM pg_dist_node WHERE hasmetadata AND NOT metadatasynced); PERFORM pg_sleep(0.1); END LOOP; END $$;
SELECT citus_set_coordinator_host('127.0.0.1', :port0);
DROP TABLE node_test, node_ref, plain;

-- As an ordinary role.
\c - chirp
SELECT citus_add_node('x', 1);
SELECT citus_remove_node('127.0.0.1', :port1);
SELECT citus_set_coordinator_host('x', 1);
SELECT citus_set_node_property('127.0.0.1', :port1, 'shouldhaveshards', false);
SELECT * FROM citus_check_cluster_node_health();
SELECT count(*) FROM pg_dist_node;
-- limit: the tables of the catalog are views there
-- embedded: ERROR:  permission denied for view pg_dist_authinfo
SELECT * FROM pg_dist_authinfo;
-- end of limit
