-- Embedded engine, moves: a shard goes to another worker, with the shards of all colocated tables that hold the same keys.
--
-- The move belongs to the caller's transaction, as in Citus: the shard is on the target when that commits. What prepares it
-- is committed before, over links, and recorded for cleanup: tables on the target, their rows, the replication between
-- the workers. Locks, in this order: the operation's, the shard group's, that no DDL comes in between; then, for the cut-over only, the
-- tables themselves on the coordinator, and last the shards on the source.

SET LOCAL client_min_messages = warning;

-- Moves that go on; for get_rebalance_progress.
CREATE TABLE IF NOT EXISTS citus_embedded.move (
    operation_id bigint PRIMARY KEY,
    pid integer NOT NULL,
    shardid bigint NOT NULL,
    source_group integer NOT NULL,
    target_group integer NOT NULL,
    phase text NOT NULL
);
GRANT SELECT ON citus_embedded.move TO public;

-- The shards that go together, tables others refer to first: that is the order they were made in, and the order of locks.
CREATE OR REPLACE FUNCTION citus_embedded.shard_group(shard bigint, OUT shardid bigint, OUT relation regclass, OUT shardname name,
    OUT parent text, OUT qualified text, OUT owner name, OUT partkey name, OUT shardindex integer, OUT shardcount integer)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.shardid, o.logicalrelid, o.shardname, citus_embedded.qualified(o.logicalrelid),
           format('%s.%I', c.relnamespace::regnamespace, o.shardname), pg_get_userbyid(c.relowner), e.partkey, o.shardindex, g.shardcount
    FROM citus_embedded.shard s
    JOIN citus_embedded.dist_table d USING (logicalrelid)
    JOIN citus_embedded.dist_table e ON e.colocationid = d.colocationid
    JOIN citus_embedded.shard o ON o.logicalrelid = e.logicalrelid AND o.shardindex = s.shardindex
    JOIN citus_embedded.colocation g ON g.colocationid = d.colocationid
    JOIN pg_class c ON c.oid = o.logicalrelid
    WHERE s.shardid = shard ORDER BY o.shardid $$;

-- What is refused before anything is touched, in Citus' order and words.
CREATE OR REPLACE FUNCTION citus_embedded.check_move(actor name, shard bigint, source citus_embedded.node, target citus_embedded.node,
    mode citus.shard_transfer_mode) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tab citus_embedded.dist_table;
    item record;
BEGIN
    PERFORM citus_embedded.check_coordinator();
    IF (source.nodename, source.nodeport) = (target.nodename, target.nodeport) THEN
        RAISE EXCEPTION 'cannot move shard to the same node' USING errcode = 'invalid_parameter_value';
    END IF;
    SELECT d.* INTO tab FROM citus_embedded.shard s JOIN citus_embedded.dist_table d USING (logicalrelid) WHERE s.shardid = shard;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'could not find valid entry for shard %', shard USING errcode = 'internal_error';
    ELSIF tab.partmethod = 'n' THEN
        RAISE EXCEPTION 'table % is a reference table, moving shard of a reference table is not supported',
            citus_embedded.qualified(tab.logicalrelid) USING errcode = 'feature_not_supported';
    ELSIF target.nodeid IS NULL THEN
        RAISE EXCEPTION 'Moving shards to a non-existing node is not supported' USING errcode = 'feature_not_supported',
            hint = format('Add the target node via SELECT citus_add_node(''%s'', %s);', target.nodename, target.nodeport);
    ELSIF NOT target.isactive THEN
        RAISE EXCEPTION 'Moving shards to a non-active node is not supported' USING errcode = 'feature_not_supported',
            hint = format('Activate the target node via SELECT citus_activate_node(''%s'', %s);', target.nodename, target.nodeport);
    ELSIF NOT target.shouldhaveshards THEN
        RAISE EXCEPTION 'Moving shards to a node that shouldn''t have a shard is not supported' USING errcode = 'feature_not_supported',
            hint = format('Allow shards on the target node via SELECT * FROM citus_set_node_property(''%s'', %s, ''shouldhaveshards'', true);',
                          target.nodename, target.nodeport);
    END IF;
    FOR item IN SELECT relation FROM citus_embedded.shard_group(shard) LOOP
        PERFORM citus_embedded.check_owner(item.relation, actor);
    END LOOP;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'cannot move a shard in a transaction of isolation level %', current_setting('transaction_isolation')
            USING errcode = 'active_sql_transaction', hint = 'Move it in a transaction of its own.';
    ELSIF EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind = 'f'
                  WHERE l.pid = pg_backend_pid() AND l.mode IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
                    AND NOT EXISTS (SELECT FROM pg_locks x WHERE x.pid = l.pid AND x.relation = l.relation
                                    AND x.mode = 'AccessExclusiveLock')) THEN
        RAISE EXCEPTION 'cannot move a shard in a transaction that has used the workers' USING errcode = 'active_sql_transaction',
            hint = 'Move it in a transaction of its own.';
    ELSIF mode <> 'block_writes' AND EXISTS (SELECT FROM pg_locks l JOIN citus_embedded.dist_table d ON d.logicalrelid = l.relation
                                             WHERE l.pid = pg_backend_pid() AND l.mode = 'AccessExclusiveLock') THEN
        RAISE EXCEPTION 'moving multiple shard placements via logical replication in the same transaction is currently not supported'
            USING errcode = 'feature_not_supported', hint = 'If you wish to move multiple shard placements in a single transaction '
                'set the shard_transfer_mode to ''block_writes''.';
    END IF;
END $$;

-- False if somebody else moves the group, or changes or makes tables of it.
CREATE OR REPLACE FUNCTION citus_embedded.lock_group(shard bigint) RETURNS boolean LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_try_advisory_xact_lock_shared(citus_embedded.lock_class('colocation'), d.colocationid)
       AND pg_try_advisory_xact_lock(citus_embedded.lock_class('shard'), (SELECT min(shardid) FROM citus_embedded.shard_group(shard))::integer)
    FROM citus_embedded.shard s JOIN citus_embedded.dist_table d USING (logicalrelid) WHERE s.shardid = shard $$;

-- Without a replica identity the source refuses UPDATE and DELETE as long as it is replicated. The shards know: the
-- coordinator's tables can't have primary keys.
CREATE OR REPLACE FUNCTION citus_embedded.check_replica_identity(shard bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
    without text;
BEGIN
    FOR item IN SELECT g.*, p.groupid FROM citus_embedded.shard_group(shard) g JOIN citus_embedded.placement p USING (shardid) ORDER BY g.shardid LOOP
        without := citus_embedded.ask(citus_embedded.open_link('source', item.groupid), format(
            'SELECT 1 FROM pg_class WHERE oid = %L::regclass AND (relreplident = ''n'' OR (relreplident = ''d'' AND NOT EXISTS '
            '(SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)))', item.qualified));
        IF without IS NOT NULL THEN
            PERFORM citus_embedded.close_links('{source}');
            RAISE EXCEPTION 'cannot use logical replication to transfer shards of the relation % since it doesn''t have a REPLICA '
                'IDENTITY or PRIMARY KEY', (SELECT relname FROM pg_class WHERE oid = item.relation) USING errcode = 'feature_not_supported',
                detail = 'UPDATE and DELETE commands on the shard will error out during logical replication unless there is a REPLICA '
                    'IDENTITY or PRIMARY KEY.',
                hint = 'If you wish to continue without a replica identity set the shard_transfer_mode to ''force_logical'' or ''block_writes''.';
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.check_replica_identity FROM public;

CREATE OR REPLACE FUNCTION citus_embedded.move_shard(actor name, shard bigint, source_name text, source_port integer, target_name text,
    target_port integer, mode citus.shard_transfer_mode) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET citus_embedded.busy = 'on' SET client_min_messages = warning AS $$
DECLARE
    source citus_embedded.node := citus_embedded.node_if_any(source_name, source_port);
    target citus_embedded.node := citus_embedded.node_if_any(target_name, target_port);
    operation bigint;
    first_table text;
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    PERFORM citus_embedded.check_move(actor, shard, source, target, mode);
    IF NOT citus_embedded.lock_group(shard) THEN
        SELECT citus_embedded.qualified(logicalrelid) INTO first_table FROM citus_embedded.shard s WHERE s.shardid = shard;
        RAISE EXCEPTION 'could not acquire the lock required to move %', first_table
            USING detail = 'It means that either a concurrent shard move or colocated distributed table creation is happening.',
                  hint = 'Make sure that the concurrent operation has finished and re-run the command';
    ELSIF EXISTS (SELECT FROM citus_embedded.placement WHERE shardid = shard AND groupid = target.groupid) THEN
        RAISE WARNING 'shard is already present on node %:%', target.nodename, target.nodeport
            USING detail = 'Move may have already completed.';
        RETURN;
    ELSIF NOT EXISTS (SELECT FROM citus_embedded.placement WHERE shardid = shard AND groupid = source.groupid) THEN
        RAISE EXCEPTION 'could not find placement matching "%:%"', source.nodename, source.nodeport
            USING errcode = 'data_exception', hint = 'Confirm the placement still exists and try again.';
    END IF;

    IF mode = 'auto' THEN
        PERFORM citus_embedded.check_replica_identity(shard);
    END IF;
    IF NOT pg_try_advisory_xact_lock_shared(citus_embedded.lock_class('node'), source.groupid)
       OR NOT pg_try_advisory_xact_lock_shared(citus_embedded.lock_class('node'), target.groupid) THEN
        RAISE EXCEPTION 'a node of the move is being removed' USING errcode = 'object_in_use';
    END IF;

    operation := nextval('citus_embedded.operationid_seq');
    PERFORM pg_advisory_xact_lock(citus_embedded.lock_class('operation'), operation::integer);
    PERFORM set_config('citus_embedded.operation', operation::text, true);
    PERFORM citus_embedded.sign_link(link) FROM unnest(citus_embedded.dblink_get_connections()) link WHERE link LIKE 'source %';
    BEGIN
        PERFORM citus_embedded.begin_move(operation, shard, source, target);
        PERFORM citus_embedded.create_target(operation, shard, source, target);
        IF mode = 'block_writes' THEN
            PERFORM citus_embedded.set_phase(operation, 'Copying Data');
            PERFORM citus_embedded.lock_for_copy(shard, source);
            PERFORM citus_embedded.copy_rows(shard, source, target, '');
            PERFORM citus_embedded.leave_no_snapshots(target);
            PERFORM citus_embedded.set_phase(operation, 'Completing');
        ELSE
            PERFORM citus_embedded.replicate_shards(operation, shard, source, target);
            PERFORM citus_embedded.cut_over(operation, shard, source, target);
        END IF;
        PERFORM citus_embedded.swap(operation, shard, source, target);
        PERFORM citus_embedded.close_links('{coordinator,source,target,owner,snapshot}');
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS state = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
        PERFORM citus_embedded.close_links('{coordinator,source,target,owner,snapshot}');
        PERFORM citus_embedded.fail(state, message, detail, hint);
    END;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.check_move, citus_embedded.lock_group, citus_embedded.move_shard FROM public;

-- A shard of the group that an earlier move left somewhere.
CREATE OR REPLACE FUNCTION citus_embedded.leftover(shard bigint) RETURNS text LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT object_name FROM citus_embedded.cleanup
    WHERE object_type = 1 AND object_name IN (SELECT qualified FROM citus_embedded.shard_group(shard)) LIMIT 1 $$;

CREATE OR REPLACE FUNCTION citus_embedded.begin_move(operation bigint, shard bigint, source citus_embedded.node,
    target citus_embedded.node) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here text := citus_embedded.open_link('coordinator', 0);
    leftover text;
BEGIN
    PERFORM citus_embedded.ask(here, format('INSERT INTO citus_embedded.move VALUES (%s, %s, %s, %s, %s, ''Setting Up'')',
                               operation, pg_backend_pid(), shard, source.groupid, target.groupid));
    -- Only what is in the way: the rest is cleaned up after moves, and may be in use for long.
    IF citus_embedded.leftover(shard) IS NOT NULL THEN
        PERFORM citus_embedded.ask(here, 'CALL pg_catalog.citus_cleanup_orphaned_resources()');
    END IF;
    leftover := citus_embedded.leftover(shard);
    IF leftover IS NOT NULL THEN
        RAISE EXCEPTION 'shard move failed as the orphaned shard % leftover from the previous move could not be cleaned up', leftover
            USING hint = 'Bring the node that has it back, and run: CALL citus_cleanup_orphaned_resources()';
    END IF;
    PERFORM citus_embedded.clean_later(operation);
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.set_phase(operation bigint, phase text) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT citus_embedded.ask(citus_embedded.open_link('coordinator', 0),
        format('UPDATE citus_embedded.move SET phase = %L WHERE operation_id = %s', phase, operation)) $$;

-- Empty shards on the target, with everything that their tables have, as partitions of these. While they are empty nothing
-- has to be checked, and the locks that takes are short.
CREATE OR REPLACE FUNCTION citus_embedded.create_target(operation bigint, shard bigint, source citus_embedded.node,
    target citus_embedded.node) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here text := citus_embedded.open_link('coordinator', 0);
    there text := citus_embedded.open_link('target', target.groupid);
    origin text := citus_embedded.open_link('source', source.groupid);
    owner_link text;
    item record;
    options text;
BEGIN
    PERFORM citus_embedded.equip(target.groupid);
    PERFORM citus_embedded.ask(here, (SELECT format('INSERT INTO citus_embedded.cleanup (operation_id, object_type, object_name, '
        'node_group_id, policy_type) VALUES %s', string_agg(format('(%s, 1, %L, %s, 1)', operation, qualified, target.groupid), ', '
                                                            ORDER BY shardid)) FROM citus_embedded.shard_group(shard)));
    PERFORM citus_embedded.ask(there, 'SET citus_embedded.busy = on; SELECT pg_advisory_lock(citus_embedded.lock_class(''tables''), 0)');
    FOR item IN SELECT * FROM citus_embedded.shard_group(shard) ORDER BY shardid LOOP
        owner_link := citus_embedded.open_link('owner ' || quote_ident(item.owner), target.groupid, item.owner);
        IF citus_embedded.ask(there, format('SELECT to_regclass(%L)', item.parent)) IS NULL THEN
            PERFORM citus_embedded.ask(owner_link, format('SELECT citus_embedded.attempt(%L)', citus_embedded.ask(origin,
                format('SELECT citus_embedded.worker_ddl(%L, %L)', item.parent, item.partkey))));
        END IF;
        options := citus_embedded.ask(origin, format('SELECT array_to_string(reloptions, '', '') FROM pg_class WHERE oid = %L::regclass',
                                                     item.qualified));
        PERFORM citus_embedded.ask(owner_link, format('CREATE TABLE %s (LIKE %s INCLUDING ALL)%s; %s', item.qualified, item.parent,
            ' WITH (' || options || ')', citus_embedded.grants(item.relation, item.parent || ', ' || item.qualified, true)));
        PERFORM citus_embedded.ask(owner_link, format('SELECT citus_embedded.attempt(%L)', format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)', item.parent, item.qualified,
            item.shardcount, item.shardindex)));
        PERFORM citus_embedded.ask(owner_link, format('SELECT citus_embedded.name_indexes(%L)', item.parent));
    END LOOP;
    PERFORM citus_embedded.ask(there, 'SELECT pg_advisory_unlock(citus_embedded.lock_class(''tables''), 0)');
END $$;

-- For a blocking move. From here on nobody uses the tables, and no write of a session that died is still on its way on the source.
CREATE OR REPLACE FUNCTION citus_embedded.lock_for_copy(shard bigint, source citus_embedded.node) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.attempt((SELECT format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', string_agg('ONLY ' || parent, ', ' ORDER BY shardid))
                                    FROM citus_embedded.shard_group(shard)));
    PERFORM citus_embedded.ask(citus_embedded.open_link('source', source.groupid), (SELECT format('SELECT citus_embedded.attempt(%L)',
        format('LOCK TABLE %s IN SHARE MODE', string_agg(qualified, ', ' ORDER BY shardid))) FROM citus_embedded.shard_group(shard)));
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.leave_no_snapshots(target citus_embedded.node) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    obstacle text := citus_embedded.ask(citus_embedded.open_link('target', target.groupid), 'SELECT citus_embedded.await_snapshots(10000)');
BEGIN
    IF obstacle IS NOT NULL THEN
        RAISE EXCEPTION 'could not switch the shard over to %:%: %', target.nodename, target.nodeport, obstacle
            USING errcode = 'lock_not_available', hint = 'End long transactions and move it again.';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.leave_no_snapshots FROM public;

-- While this goes on, the tables are locked: all at once, and without the event triggers, none of whose business it is.
CREATE OR REPLACE FUNCTION citus_embedded.swap(operation bigint, shard bigint, source citus_embedded.node, target citus_embedded.node)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET session_replication_role = replica AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);        -- nobody may write on the target before this is on disk
    EXECUTE (SELECT 'DROP FOREIGN TABLE ' || string_agg(format('citus_embedded.%I', shardname), ', ') FROM citus_embedded.shard_group(shard));
    DELETE FROM citus_embedded.placement WHERE shardid IN (SELECT g.shardid FROM citus_embedded.shard_group(shard) g);
    INSERT INTO citus_embedded.placement (shardid, groupid) SELECT shardid, target.groupid FROM citus_embedded.shard_group(shard);
    PERFORM citus_embedded.create_foreign_partitions(relation, shardid) FROM citus_embedded.shard_group(shard);
    DELETE FROM citus_embedded.move WHERE operation_id = operation;
    DELETE FROM citus_embedded.cleanup WHERE operation_id = operation AND policy_type = 1;
    INSERT INTO citus_embedded.cleanup (operation_id, object_type, object_name, node_group_id, policy_type)
    SELECT operation, 1, qualified, source.groupid, 2 FROM citus_embedded.shard_group(shard) ORDER BY shardid;
END $$;

-- Sends a session that waits for the end of the operation and cleans up then, and lets go of it: it ends by itself. If it dies,
-- the next move or citus_cleanup_orphaned_resources does its work.
CREATE OR REPLACE FUNCTION citus_embedded.clean_later(operation bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    link text := citus_embedded.open_link('background', 0);
BEGIN
    -- It isn't one of those that it ends; and a warning that nobody receives would end it.
    PERFORM citus_embedded.dblink_exec(link, format('SET client_connection_check_interval = 0; SET lock_timeout = 0; '
        'SET client_min_messages = error; SET application_name = %L', 'citus_embedded cleanup ' || operation));
    PERFORM citus_embedded.dblink_send_query(link, format('CALL citus_embedded.clean_until_done(%s)', operation));
    PERFORM citus_embedded.close_links('{background}');
END $$;

-- What somebody uses, or what is on a node that is down, is tried again and again: by one session for all operations, each
-- time in a transaction of its own, for which a procedure may have no settings; the link has set the search path.
DROP FUNCTION IF EXISTS citus_embedded.clean_after(bigint);
CREATE OR REPLACE PROCEDURE citus_embedded.clean_until_done(operation bigint) LANGUAGE plpgsql AS $$
DECLARE
    janitor constant integer := citus_embedded.lock_class('janitor');
    pause double precision := 0.5;
    done record;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(citus_embedded.lock_class('operation'), operation::integer);
    BEGIN
        PERFORM citus_embedded.clean();
    EXCEPTION WHEN OTHERS THEN
        RAISE LOG 'cleanup after move %: %', operation, sqlerrm;
    END;
    COMMIT;
    -- Who ends looks once more when the lock is free: somebody may have gone away because it was not.
    WHILE EXISTS (SELECT FROM citus_embedded.operations_to_clean()) AND pg_try_advisory_lock(janitor, 0) LOOP
        PERFORM set_config('log_min_messages', 'error', false);            -- the first time has said it
        WHILE EXISTS (SELECT FROM citus_embedded.operations_to_clean()) LOOP
            COMMIT;
            FOR nap IN 1 .. ceil(pause) LOOP          -- short ones: each has a snapshot
                PERFORM pg_sleep(least(pause, 1));
                COMMIT;
            END LOOP;
            BEGIN
                SELECT * INTO done FROM citus_embedded.clean();
                pause := CASE WHEN done.cleaned > 0 THEN 0.5 ELSE least(pause * 1.5, 10) END;
            EXCEPTION WHEN OTHERS THEN
                NULL;                                 -- a session of a move that does not end yet
            END;
        END LOOP;
        PERFORM pg_advisory_unlock(janitor, 0);
        COMMIT;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.begin_move, citus_embedded.set_phase, citus_embedded.create_target,
    citus_embedded.lock_for_copy, citus_embedded.swap, citus_embedded.clean_later, citus_embedded.leftover FROM public;
REVOKE EXECUTE ON PROCEDURE citus_embedded.clean_until_done FROM public;

-- A node that is not there has its name and port only.
CREATE OR REPLACE FUNCTION citus_embedded.node_if_any(name text, port integer) RETURNS citus_embedded.node LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    node citus_embedded.node;
BEGIN
    SELECT * INTO node FROM citus_embedded.node WHERE (nodename, nodeport) = (name, port);
    node.nodename := name;
    node.nodeport := port;
    RETURN node;
END $$;

CREATE OR REPLACE FUNCTION citus_embedded.check_node_ids(ids integer[]) RETURNS void LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    id integer;
BEGIN
    FOREACH id IN ARRAY ids LOOP
        IF NOT EXISTS (SELECT FROM citus_embedded.node WHERE nodeid = id) THEN
            RAISE EXCEPTION 'node with node id % could not be found', id USING errcode = 'internal_error';
        END IF;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_move_shard_placement(shard_id bigint, source_node_name text, source_node_port integer,
    target_node_name text, target_node_port integer, shard_transfer_mode citus.shard_transfer_mode DEFAULT 'auto')
RETURNS void LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM citus_embedded.missing_copies()) THEN
        RAISE EXCEPTION 'there are missing reference tables on some nodes'
            USING hint = 'Copy reference tables first with replicate_reference_tables().';
    END IF;
    INSERT INTO citus_embedded.act (what, args) VALUES ('move_shard', jsonb_build_array(shard_id, source_node_name, source_node_port,
        target_node_name, target_node_port, shard_transfer_mode));
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.citus_move_shard_placement(shard_id bigint, source_node_id integer, target_node_id integer,
    transfer_mode citus.shard_transfer_mode DEFAULT 'auto') RETURNS void LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.check_node_ids(ARRAY[source_node_id, target_node_id]);
    INSERT INTO citus_embedded.act (what, args)
    SELECT 'move_shard', jsonb_build_array(shard_id, s.nodename, s.nodeport, t.nodename, t.nodeport, transfer_mode)
    FROM citus_embedded.node s, citus_embedded.node t WHERE s.nodeid = source_node_id AND t.nodeid = target_node_id;
END $$;
