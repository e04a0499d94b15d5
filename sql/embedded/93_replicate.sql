-- Embedded engine, online moves: the rows are copied while the application goes on, and what it writes meanwhile follows by
-- logical replication from worker to worker, whose shards are ordinary tables. For the cut-over the tables are locked on the
-- coordinator for some milliseconds: the source gets a last row, the marker; when the target has it, it has everything.

SET LOCAL client_min_messages = warning;

CREATE TABLE IF NOT EXISTS citus_embedded.marker (operation bigint, attempt integer, PRIMARY KEY (operation, attempt));

-- On the target: rows of a shard, read from the source as the table's owner on both, in the source's snapshot if one is named.
CREATE OR REPLACE FUNCTION citus_embedded.pull(host text, port integer, snapshot text, shard text, names text, definitions text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM citus_embedded.dblink_connect('pull', citus_embedded.own_conninfo(host, port));
    PERFORM citus_embedded.dblink_exec('pull', 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    IF snapshot <> '' THEN
        PERFORM citus_embedded.dblink_exec('pull', format('SET TRANSACTION SNAPSHOT %L', snapshot));
    END IF;
    EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT * FROM citus_embedded.dblink(''pull'', %L) AS t (%s)',
                   shard, names, format('SELECT %s FROM ONLY %s', names, shard), definitions);
    PERFORM citus_embedded.dblink_disconnect('pull');
END $$;

-- On the target. Here, and not sent from elsewhere, because of the password in it. Rows are applied with the rights of the tables'
-- owners: from version 16 on PostgreSQL sees to that, before it takes a role for the purpose.
CREATE OR REPLACE FUNCTION citus_embedded.subscribe(subscription name, publication name, slot name, role_name name, owners name[],
    host text, port integer) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %I WITH (create_slot = false, slot_name = %L, '
                   'copy_data = false, enabled = false)', subscription, citus_embedded.own_conninfo(host, port),
                   publication, slot);
    IF current_setting('server_version_num')::integer < 160000 THEN
        PERFORM citus_embedded.lock_rights();
        EXECUTE format('CREATE ROLE %1$I LOGIN SUPERUSER; ALTER SUBSCRIPTION %2$I OWNER TO %1$I; ALTER ROLE %1$I NOSUPERUSER; GRANT %3$s TO %1$I; '
                       'GRANT SELECT, INSERT ON citus_embedded.marker TO %1$I', role_name, subscription,
                       (SELECT string_agg(quote_ident(o), ', ') FROM unnest(owners) o));
    END IF;
    EXECUTE format('ALTER SUBSCRIPTION %I ENABLE', subscription);
EXCEPTION WHEN OTHERS THEN
    RAISE EXCEPTION 'could not subscribe to %:%: %', host, port, sqlerrm USING errcode = sqlstate;
END $$;

-- On the target.
CREATE OR REPLACE FUNCTION citus_embedded.unsubscribe(subscription name) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_subscription s JOIN pg_database d ON d.oid = subdbid
               WHERE subname = subscription AND datname = current_database()) THEN
        EXECUTE format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); DROP SUBSCRIPTION %1$I',
                       subscription);
    END IF;
END $$;

-- On the source. The sender ends with its subscription, but not at once.
CREATE OR REPLACE FUNCTION citus_embedded.drop_slot(slot name) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR i IN 1..100 LOOP
        PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = slot AND active;
        BEGIN
            PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = slot;
            RETURN;
        EXCEPTION WHEN object_in_use THEN
            PERFORM pg_sleep(0.05);
        END;
    END LOOP;
    RAISE EXCEPTION 'replication slot % is in use', slot USING errcode = 'object_in_use';
END $$;

-- On the source: the marker, and before it, with a lock command, whatever write of the coordinator is still on its way.
CREATE OR REPLACE FUNCTION citus_embedded.place_marker(operation bigint, attempt integer, lock_command text, wait integer)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF lock_command <> '' THEN
        PERFORM set_config('lock_timeout', wait::text, true);
        EXECUTE lock_command;
    END IF;
    INSERT INTO citus_embedded.marker VALUES (operation, attempt);
END $$;

-- On the target: transactions that have a snapshot and will use it again. The engine's own ones read nothing later.
CREATE OR REPLACE FUNCTION citus_embedded.snapshots(min_age interval) RETURNS text[] LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(format('process %s, in a transaction since %s,', pid, xact_start))
    FROM pg_stat_clear_snapshot(), pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND backend_type = 'client backend' AND datname = current_database()
      AND pid <> pg_backend_pid() AND application_name <> 'citus_embedded' AND xact_start <= clock_timestamp() - min_age $$;

-- On the target: a transaction that has a snapshot from before now, in which the rows are missing, if not all of them end in
-- time; or NULL.
CREATE OR REPLACE FUNCTION citus_embedded.await_snapshots(wait integer) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + make_interval(secs => wait / 1000.0);
    old_ones text[] := citus_embedded.snapshots('0');
BEGIN
    WHILE old_ones <> '{}' LOOP
        IF clock_timestamp() > deadline THEN
            RETURN format('on the target, %s would not see the rows', old_ones[1]);
        END IF;
        PERFORM pg_sleep(0.001);
        old_ones := ARRAY(SELECT unnest(old_ones) INTERSECT SELECT unnest(citus_embedded.snapshots('0')));
    END LOOP;
    RETURN NULL;
END $$;

-- On the target: what keeps it from taking over, or NULL. Taking the marker out makes everything before it durable. In a rehearsal,
-- without locks, only long transactions matter.
CREATE OR REPLACE FUNCTION citus_embedded.marker_arrived(op bigint, nth integer, wait integer, rehearsal boolean) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + make_interval(secs => wait / 1000.0);
BEGIN
    LOOP
        DELETE FROM citus_embedded.marker WHERE operation = op AND attempt = nth;
        EXIT WHEN FOUND;
        IF clock_timestamp() > deadline THEN
            RETURN 'the target has not caught up';
        END IF;
        PERFORM pg_sleep(0.001);
    END LOOP;
    IF rehearsal THEN
        RETURN 'on the target, ' || (citus_embedded.snapshots('200ms'))[1] || ' would not see the rows';
    END IF;
    RETURN citus_embedded.await_snapshots(wait);
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.subscribe, citus_embedded.unsubscribe, citus_embedded.drop_slot,
    citus_embedded.place_marker, citus_embedded.snapshots, citus_embedded.await_snapshots, citus_embedded.marker_arrived FROM public;

-- Copies the rows of a shard group, in a snapshot or as they are.
CREATE OR REPLACE FUNCTION citus_embedded.copy_rows(shard bigint, source citus_embedded.node, target citus_embedded.node, snapshot text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN SELECT g.*, c.names, c.definitions FROM citus_embedded.shard_group(shard) g CROSS JOIN LATERAL (
                    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS names,
                           string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) AS definitions
                    FROM pg_attribute WHERE attrelid = g.relation AND attnum > 0 AND NOT attisdropped AND attgenerated = '') c
                ORDER BY g.shardid LOOP
        PERFORM citus_embedded.ask(citus_embedded.open_link('owner ' || quote_ident(item.owner), target.groupid, item.owner),
            format('SELECT citus_embedded.pull(%L, %s, %L, %L, %L, %L)', source.nodename, source.nodeport, snapshot, item.qualified,
                   item.names, item.definitions));
    END LOOP;
END $$;

-- Brings the rows over and keeps the target up to date.
CREATE OR REPLACE FUNCTION citus_embedded.replicate_shards(operation bigint, shard bigint, source citus_embedded.node,
    target citus_embedded.node) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    suffix text := format('%s_%s_%s', target.groupid, operation, (SELECT left(id::text, 8) FROM citus_embedded.this_node));
    publication name := 'citus_shard_move_publication_' || suffix;
    slot name := 'citus_shard_move_slot_' || suffix;
    role_name name := 'citus_shard_move_role_' || suffix;
    subscription name := 'citus_shard_move_subscription_' || suffix;
    origin text := citus_embedded.open_link('source', source.groupid);
    reader text := citus_embedded.open_link('snapshot', source.groupid);
    tables text := (SELECT string_agg('ONLY ' || qualified, ', ' ORDER BY shardid) FROM citus_embedded.shard_group(shard));
    owners name[] := ARRAY(SELECT DISTINCT owner FROM citus_embedded.shard_group(shard));
    snapshot text;
    position pg_lsn;
BEGIN
    PERFORM citus_embedded.ask(citus_embedded.open_link('coordinator', 0), format(
        'INSERT INTO citus_embedded.cleanup (operation_id, object_type, object_name, node_group_id, policy_type) VALUES '
        '(%1$s, 4, %2$L, %3$s, 0), (%1$s, 3, %4$L, %3$s, 0), (%1$s, 5, %5$L, %6$s, 0), (%1$s, 2, %7$L, %6$s, 0)',
        operation, publication, source.groupid, slot, role_name, target.groupid, subscription));
    PERFORM citus_embedded.ask(origin, format('CREATE PUBLICATION %I FOR TABLE %s, citus_embedded.marker WHERE (operation = %s)',
                                              publication, tables, operation));
    -- This waits for the transactions that write on the source now.
    PERFORM citus_embedded.ask(origin, format('SET lock_timeout = %s; SELECT pg_create_logical_replication_slot(%L, ''pgoutput'')',
        (extract(epoch FROM citus_embedded.cutover_limit()) * 1000)::integer, slot));

    -- A snapshot, and the position in the log that belongs to it: what the shards got before is in the one, what comes after is
    -- behind the other. For a moment nobody may be writing the shards.
    PERFORM citus_embedded.ask(origin, 'BEGIN');
    PERFORM citus_embedded.ask(origin, format('SELECT citus_embedded.attempt(%L, %L)', format('LOCK TABLE %s IN SHARE MODE', tables),
                                              citus_embedded.cutover_limit()));
    PERFORM citus_embedded.ask(reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    snapshot := citus_embedded.ask(reader, 'SELECT pg_export_snapshot()');
    position := citus_embedded.ask(origin, 'SELECT pg_current_wal_insert_lsn()');
    PERFORM citus_embedded.ask(origin, 'COMMIT');
    -- A slot can't go beyond what is on disk: the message's commit brings it there.
    PERFORM citus_embedded.ask(origin, 'SELECT pg_logical_emit_message(true, ''citus_embedded'', '''')');
    PERFORM citus_embedded.ask(origin, format('SELECT pg_replication_slot_advance(%L, %L)', slot, position));

    PERFORM citus_embedded.set_phase(operation, 'Copying Data');
    PERFORM citus_embedded.copy_rows(shard, source, target, snapshot);
    PERFORM citus_embedded.ask(reader, 'COMMIT');
    PERFORM citus_embedded.set_phase(operation, 'Catching Up');
    PERFORM citus_embedded.ask(citus_embedded.open_link('target', target.groupid), format(
        'SELECT citus_embedded.subscribe(%L, %L, %L, %L, %L, %L, %s)', subscription, publication, slot, role_name, owners,
        source.nodename, source.nodeport));
END $$;

-- How long a move may try to get its locks; others wait only for the milliseconds of each attempt.
CREATE OR REPLACE FUNCTION citus_embedded.cutover_limit() RETURNS interval LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS
$$ SELECT coalesce(nullif(current_setting('citus_embedded.cutover_limit', true), ''), '120s')::interval $$;

-- On the coordinator: who has used one of the tables for so long that waiting behind them would stop everybody, or NULL.
CREATE OR REPLACE FUNCTION citus_embedded.long_user(relations regclass[]) RETURNS text LANGUAGE sql
SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('process %s has used table %s since %s', pid, l.relation::regclass, xact_start)
    FROM pg_stat_clear_snapshot(), pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.relation = ANY (relations) AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.granted AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - interval '200ms' ORDER BY xact_start LIMIT 1 $$;

-- Tries without the locks first, until the target is so close behind that it takes but milliseconds with them. At the end this
-- transaction has the tables for itself, and the target has every row.
CREATE OR REPLACE FUNCTION citus_embedded.cut_over(operation bigint, shard bigint, source citus_embedded.node,
    target citus_embedded.node) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    origin text := citus_embedded.open_link('source', source.groupid);
    there text := citus_embedded.open_link('target', target.groupid);
    relations regclass[] := ARRAY(SELECT relation FROM citus_embedded.shard_group(shard) ORDER BY shardid);
    parents text := (SELECT string_agg('ONLY ' || parent, ', ' ORDER BY shardid) FROM citus_embedded.shard_group(shard));
    shards text := (SELECT string_agg('ONLY ' || qualified, ', ' ORDER BY shardid) FROM citus_embedded.shard_group(shard));
    colocation integer := (SELECT colocationid FROM citus_embedded.dist_table WHERE logicalrelid = relations[1]);
    started timestamptz := clock_timestamp();
    give_up timestamptz := started + citus_embedded.cutover_limit();
    tried real;                       -- for how many seconds
    before text := current_setting('lock_timeout');
    wait real := 25;                  -- milliseconds, for each of the steps
    attempt integer := 0;
    final boolean := false;
    began timestamptz;
    obstacle text;
BEGIN
    LOAD 'postgres_fdw';              -- now, and not when the tables are locked
    LOOP
        attempt := attempt + 1;
        began := clock_timestamp();
        PERFORM citus_embedded.ask(origin, format('SELECT citus_embedded.place_marker(%s, %s, '''', 0)', operation, attempt));
        obstacle := coalesce(citus_embedded.ask(there, format('SELECT citus_embedded.marker_arrived(%s, %s, 500, true)', operation, attempt)),
                             citus_embedded.long_user(relations));
        IF obstacle IS NULL AND clock_timestamp() < began + make_interval(secs => 2 * wait / 1000) THEN
            IF NOT final THEN
                final := true;
                PERFORM citus_embedded.set_phase(operation, 'Final Catchup');
            END IF;
            attempt := attempt + 1;
            BEGIN
                -- Several moves do not stop everybody one right after the other.
                PERFORM pg_advisory_xact_lock(citus_embedded.lock_class('cutover'), colocation);
                PERFORM pg_sleep(wait / 1000);
                PERFORM set_config('lock_timeout', wait::integer::text, true);
                EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', parents);
                -- Both take but milliseconds, one way or the other: waited for without looking in between.
                PERFORM FROM citus_embedded.dblink(origin, format('SELECT citus_embedded.place_marker(%s, %s, %L, %s)', operation, attempt,
                                                                  format('LOCK TABLE %s IN SHARE MODE', shards), wait::integer)) AS r (nothing text);
                SELECT r.obstacle INTO obstacle FROM citus_embedded.dblink(there, format(
                    'SELECT citus_embedded.marker_arrived(%s, %s, %s, false)', operation, attempt, wait::integer)) AS r (obstacle text);
                IF obstacle IS NOT NULL THEN
                    RAISE EXCEPTION '%', obstacle USING errcode = 'lock_not_available';
                END IF;
                PERFORM set_config('lock_timeout', before, true);
                RETURN;
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
                obstacle := sqlerrm;
            END;
        END IF;
        IF clock_timestamp() > give_up THEN
            RAISE EXCEPTION 'could not switch the shard over to %:% within %: %', target.nodename, target.nodeport,
                citus_embedded.cutover_limit(), coalesce(obstacle, 'the target has not caught up') USING errcode = 'lock_not_available',
                hint = 'End long transactions and move it again; citus_embedded.cutover_limit is how long it tries.';
        END IF;
        -- Stalls stay below a tenth of a second, unless that does not suffice for seconds.
        tried := extract(epoch FROM clock_timestamp() - started);
        wait := CASE WHEN tried < 5 THEN 25 + 7 * tried ELSE least(60 + 20 * (tried - 5), 1000) END;
        PERFORM pg_sleep(0.01 + 0.02 * random());
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION citus_embedded.copy_rows, citus_embedded.replicate_shards, citus_embedded.cut_over FROM public;
