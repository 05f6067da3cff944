-- Projections: tables folded from the log, in two equal slots. One is live; a rebuild fills the other and swaps them in
-- one transaction. Everything here can be thrown away and made again from the log.

CREATE SCHEMA view AUTHORIZATION liuhen_owner;
CREATE SCHEMA view_a AUTHORIZATION liuhen_owner;
CREATE SCHEMA view_b AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

-- The projector asks for the notes of a run of positions; nearly no envelope has any.
CREATE INDEX keys_noted ON log.keys (log_id, position) WHERE notes <> 0;

CREATE TABLE view.live (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    slot       text NOT NULL CHECK (slot IN (
        'a',   -- the tables of schema view_a answer
        'b')), -- the tables of schema view_b answer
    generation bigint NOT NULL CHECK (generation >= 0),
    versions   text NOT NULL,
    registry   bytea NOT NULL
);
COMMENT ON TABLE view.live IS 'Which slot is read and written. A swap is one UPDATE of this row.';
COMMENT ON COLUMN view.live.versions IS 'name:version of the projections that made the live tables.';
COMMENT ON COLUMN view.live.registry IS 'Digest of the event types that were understood when the live tables were begun.';
INSERT INTO view.live (slot, generation, versions, registry) VALUES ('a', 0, '', '');

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format($make$
            CREATE TABLE %1$I.positions (
                projection text NOT NULL,
                version    integer NOT NULL,
                log_id     integer NOT NULL,
                position   bigint NOT NULL CHECK (position >= 0),
                PRIMARY KEY (projection, log_id)
            ) WITH (fillfactor = 50);
            COMMENT ON TABLE %1$I.positions IS 'Entries folded so far, written in the transaction that writes what they made.';

            CREATE TABLE %1$I.parked (
                projection text NOT NULL,
                log_id     integer NOT NULL,
                position   bigint NOT NULL,
                error      text NOT NULL,
                PRIMARY KEY (projection, log_id, position)
            );
            COMMENT ON TABLE %1$I.parked IS 'Entries that a fold could not digest, with the class of the error and nothing of their content.';

            CREATE TABLE %1$I.case_files (
                authority text NOT NULL,
                kind      text NOT NULL CHECK (kind IN (
                    'task',     -- an inspection task
                    'case',     -- a penalty case
                    'hazard')), -- a hazard
                subject   text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 128),
                log_id    integer NOT NULL,
                last      bigint NOT NULL,
                head      bytea NOT NULL,
                PRIMARY KEY (authority, kind, subject, log_id)
            );
            CREATE INDEX case_files_newest ON %1$I.case_files (authority, kind, last DESC, subject DESC, log_id DESC);
            COMMENT ON COLUMN %1$I.case_files.last IS 'When the newest item was received, ms.';
            COMMENT ON COLUMN %1$I.case_files.head IS 'projections.case_file.HeadRow as MessagePack.';

            CREATE TABLE %1$I.case_items (
                authority text NOT NULL,
                kind      text NOT NULL,
                subject   text NOT NULL,
                log_id    integer NOT NULL,
                chunk     integer NOT NULL CHECK (chunk >= 0),
                count     smallint NOT NULL CHECK (count BETWEEN 1 AND 32),
                items     bytea NOT NULL,
                PRIMARY KEY (authority, kind, subject, log_id, chunk)
            );
            COMMENT ON COLUMN %1$I.case_items.items IS 'projections.case_file.ItemRow as MessagePack, one behind the other, in the order of the log.';

            CREATE TABLE %1$I.terminals (
                authority text NOT NULL,
                terminal  uuid NOT NULL,
                log_id    integer NOT NULL,
                state     bytea NOT NULL,
                PRIMARY KEY (authority, terminal, log_id)
            ) WITH (fillfactor = 70);
            COMMENT ON COLUMN %1$I.terminals.state IS 'projections.terminal_ledger.LedgerState as MessagePack.';

            ALTER TABLE %1$I.case_files ENABLE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.case_files FORCE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.case_items ENABLE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.case_items FORCE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.terminals ENABLE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.terminals FORCE ROW LEVEL SECURITY;
        $make$, slot);
    END LOOP;
END $$;

-- Officers see their own authority and nothing else: without liuhen.authority set, current_setting raises.
DO $$
DECLARE slot text; name text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        FOREACH name IN ARRAY ARRAY['case_files', 'case_items', 'terminals'] LOOP
            EXECUTE format('CREATE POLICY own_authority ON %I.%I FOR SELECT TO liuhen_console USING (authority = current_setting(''liuhen.authority''))', slot, name);
            EXECUTE format('CREATE POLICY folds ON %I.%I TO liuhen_projector USING (true) WITH CHECK (true)', slot, name);
        END LOOP;
    END LOOP;
END $$;

-- What officers' pages may know of the log beside its entries, for the authority of the transaction only -----------------

CREATE FUNCTION view.logs()
    RETURNS TABLE (log_id integer, epoch integer, size bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.log_id, l.epoch, h.size
      FROM log.logs l JOIN log.heads h USING (log_id)
     WHERE l.authority = current_setting('liuhen.authority') AND l.kind = 'authority'
     ORDER BY l.epoch
$$;

CREATE FUNCTION view.wanted(p_log integer, p_positions bigint[])
    RETURNS TABLE (pos bigint, kind text, digest bytea, arrived boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- A digest that arrived for one event is here for all of them.
    SELECT w.position, w.kind, w.digest, w.arrived
      FROM log.wanted w JOIN log.logs l USING (log_id)
     WHERE w.log_id = p_log AND w.position = ANY (p_positions) AND l.authority = current_setting('liuhen.authority')
     ORDER BY w.position
$$;

RESET ROLE;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA view FROM PUBLIC;
GRANT USAGE ON SCHEMA view, view_a, view_b TO liuhen_projector, liuhen_console, liuhen_backup;
GRANT SELECT ON view.live TO liuhen_projector, liuhen_console, liuhen_backup;
GRANT UPDATE ON view.live TO liuhen_projector;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA view_a TO liuhen_projector;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA view_b TO liuhen_projector;
GRANT SELECT ON ALL TABLES IN SCHEMA view_a TO liuhen_console;
GRANT SELECT ON ALL TABLES IN SCHEMA view_b TO liuhen_console;
GRANT EXECUTE ON FUNCTION view.logs, view.wanted TO liuhen_console;
