-- The process projection: what the judges say of every task, case, hazard, officer, enterprise, plan, tip and series.
-- Its tables stand in the two slots of the folds beside them, but swap on their own: view.process says which slot answers.
-- Everything but view.changes and view.alerts can be thrown away and made again from the log.

SET ROLE liuhen_owner;

CREATE TABLE view.process (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    slot       text NOT NULL CHECK (slot IN (
        'a',   -- the tables of schema view_a answer
        'b')), -- the tables of schema view_b answer
    generation bigint NOT NULL CHECK (generation >= 0),
    versions   text NOT NULL,
    registry   bytea NOT NULL,
    change     bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE view.process IS 'Which slot of the process projection is read and written. A swap is one UPDATE of this row.';
COMMENT ON COLUMN view.process.versions IS 'kind:version of the judges that made the live tables, and a digest of the rules that come with the program.';
COMMENT ON COLUMN view.process.registry IS 'Digest of the event types that were understood.';
COMMENT ON COLUMN view.process.change IS 'The last number given in view.changes.';
INSERT INTO view.process (slot, generation, versions, registry) VALUES ('a', 0, '', '');

CREATE TABLE view.changes (
    authority text NOT NULL,
    officer   text NOT NULL,
    kind      text NOT NULL,
    key       text NOT NULL,
    change    bigint NOT NULL,
    gone      boolean NOT NULL,
    PRIMARY KEY (authority, officer, kind, key)
);
CREATE UNIQUE INDEX changes_feed ON view.changes (authority, officer, change);
COMMENT ON TABLE view.changes IS 'For each officer the matters that concern them, by the number of their last change. Officer '''' is everybody of the authority.';
COMMENT ON COLUMN view.changes.change IS 'Rises with every change over the whole database; a rebuild that changes nothing gives no new numbers.';
COMMENT ON COLUMN view.changes.gone IS 'The matter concerns this officer no longer.';

CREATE TABLE view.alerts (
    authority text NOT NULL,
    what      text NOT NULL CHECK (what IN (
        'ahead_3', -- a deadline ends within three working days
        'ahead_1', -- a deadline ends within one working day
        'due',     -- a deadline has ended without the act
        'signal')),-- a signal stands from now on
    kind      text NOT NULL,
    key       text NOT NULL,
    rule      text NOT NULL,
    about     text NOT NULL,
    instant   bigint NOT NULL,
    officers  text[] NOT NULL,
    noticed   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, key, rule, about, what, instant)
);
CREATE INDEX alerts_newest ON view.alerts (authority, noticed DESC);
COMMENT ON TABLE view.alerts IS 'What a sweeper noticed, once each. Operational: it says when people were told, not what is the case.';
COMMENT ON COLUMN view.alerts.instant IS 'ms: when the deadline ends, or from when on the signal stands. Another end is another alert.';

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format($make$
            CREATE TABLE %1$I.filed_up_to (
                log_id   integer PRIMARY KEY,
                position bigint NOT NULL CHECK (position >= 0)
            ) WITH (fillfactor = 50);
            COMMENT ON TABLE %1$I.filed_up_to IS 'Entries filed so far, written in the transaction that files them.';

            CREATE TABLE %1$I.misfiled (
                log_id   integer NOT NULL,
                position bigint NOT NULL,
                error    text NOT NULL,
                PRIMARY KEY (log_id, position)
            );
            COMMENT ON TABLE %1$I.misfiled IS 'Entries that could not be read, with the class of the error and nothing of their content.';

            CREATE TABLE %1$I.filings (
                key       text NOT NULL,
                log_id    integer NOT NULL,
                chunk     integer NOT NULL CHECK (chunk >= 0),
                positions bigint[] NOT NULL,
                PRIMARY KEY (key, log_id, chunk)
            );
            COMMENT ON COLUMN %1$I.filings.positions IS 'Where the facts filed under the key stand, ascending; chunk = position / 65536.';

            CREATE TABLE %1$I.dependents (
                needed text NOT NULL,
                kind   text NOT NULL,
                key    text NOT NULL,
                PRIMARY KEY (needed, kind, key)
            );
            CREATE INDEX dependents_of ON %1$I.dependents (kind, key);
            COMMENT ON TABLE %1$I.dependents IS 'Matters whose judgement rests on the facts under another key.';

            CREATE TABLE %1$I.dirty (
                kind text NOT NULL,
                key  text NOT NULL,
                PRIMARY KEY (kind, key)
            ) WITH (fillfactor = 50);
            COMMENT ON TABLE %1$I.dirty IS 'Matters with facts that no judgement has seen.';

            CREATE TABLE %1$I.matters (
                kind      text NOT NULL,
                key       text NOT NULL,
                authority text NOT NULL,
                stage     text NOT NULL,
                first     bigint NOT NULL,
                last      bigint NOT NULL,
                facts     integer NOT NULL,
                error     text NOT NULL,
                officers  text[] NOT NULL,
                terminals uuid[] NOT NULL,
                columns   jsonb NOT NULL,
                page      jsonb NOT NULL,
                digest    bytea NOT NULL,
                PRIMARY KEY (kind, key)
            );
            CREATE INDEX matters_newest ON %1$I.matters (authority, kind, last DESC, key DESC);
            CREATE INDEX matters_stage ON %1$I.matters (authority, kind, stage, last DESC, key DESC);
            CREATE INDEX matters_columns ON %1$I.matters USING gin (columns jsonb_path_ops);
            COMMENT ON TABLE %1$I.matters IS 'domain.matter.Judgement: one row for a matter.';
            COMMENT ON COLUMN %1$I.matters.first IS 'When its first fact took place, ms.';
            COMMENT ON COLUMN %1$I.matters.last IS 'When its newest fact was received, ms.';
            COMMENT ON COLUMN %1$I.matters.error IS 'Class of the error with which a judge failed; empty for a matter that was judged.';
            COMMENT ON COLUMN %1$I.matters.digest IS 'Of everything that was written for the matter: what is equal is not written again.';

            CREATE TABLE %1$I.deadlines (
                kind        text NOT NULL,
                key         text NOT NULL,
                rule        text NOT NULL,
                about       text NOT NULL,
                authority   text NOT NULL,
                version     text NOT NULL,
                start       bigint NOT NULL,
                due         bigint NOT NULL,
                last_day    date,
                met         bigint,
                met_by      text,
                cancelled   boolean NOT NULL,
                provisional boolean NOT NULL,
                binding     boolean NOT NULL,
                absent      boolean NOT NULL,
                inputs      text[] NOT NULL,
                officers    text[] NOT NULL,
                earlier     jsonb NOT NULL,
                zh          text NOT NULL,
                en          text NOT NULL,
                PRIMARY KEY (kind, key, rule, about)
            );
            CREATE INDEX deadlines_open ON %1$I.deadlines (authority, due, kind, key, rule, about) WHERE met IS NULL AND NOT cancelled;
            CREATE INDEX deadlines_all ON %1$I.deadlines (authority, due, kind, key, rule, about);
            COMMENT ON COLUMN %1$I.deadlines.due IS 'ms: the instant at which the last day has ended. Whether that is past is for whoever reads.';
            COMMENT ON COLUMN %1$I.deadlines.binding IS 'False: the time in which somebody may act, or must wait; its end is no fault.';
            COMMENT ON COLUMN %1$I.deadlines.earlier IS 'Ends that it had before its inputs changed, with the reason: [{due, zh, en}].';

            CREATE TABLE %1$I.verdicts (
                kind      text NOT NULL,
                key       text NOT NULL,
                rule      text NOT NULL,
                about     text NOT NULL,
                authority text NOT NULL,
                version   text NOT NULL,
                outcome   text NOT NULL CHECK (outcome IN (
                    'kept',     -- the facts satisfy the rule
                    'broken',   -- they do not
                    'unknown')),-- a fact or a rule that decides it is not there
                absent    boolean NOT NULL,
                gate      boolean NOT NULL,
                inputs    text[] NOT NULL,
                zh        text NOT NULL,
                en        text NOT NULL,
                PRIMARY KEY (kind, key, rule, about)
            );
            CREATE INDEX verdicts_outcome ON %1$I.verdicts (authority, rule, outcome, kind, key, about);

            CREATE TABLE %1$I.signals (
                id        text PRIMARY KEY CHECK (octet_length(id) = 16),
                kind      text NOT NULL,
                key       text NOT NULL,
                rule      text NOT NULL,
                about     text NOT NULL,
                authority text NOT NULL,
                version   text NOT NULL,
                severity  text NOT NULL CHECK (severity IN (
                    'serious', -- handbook 7: a filled circle
                    'medium',  -- a half-filled one
                    'weak')),  -- an empty one
                score     smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
                opens     bigint NOT NULL,
                closes    bigint,
                absent    boolean NOT NULL,
                state     text NOT NULL CHECK (state IN (
                    'open',      -- somebody must look at it
                    'disputed',  -- somebody disputes it
                    'resolved',  -- somebody decided what it was
                    'withdrawn')),-- later facts took it away
                acts      jsonb NOT NULL,
                inputs    text[] NOT NULL,
                officers  text[] NOT NULL,
                zh        text NOT NULL,
                en        text NOT NULL
            );
            CREATE INDEX signals_of ON %1$I.signals (kind, key);
            CREATE INDEX signals_newest ON %1$I.signals (authority, opens DESC, id DESC);
            CREATE INDEX signals_state ON %1$I.signals (authority, state, opens DESC, id DESC);
            CREATE INDEX signals_rule ON %1$I.signals (authority, rule, opens DESC, id DESC);
            COMMENT ON COLUMN %1$I.signals.id IS 'First 16 hex digits of SHA-256 of rule, matter and about: the same signal has the same name after a rebuild.';
            COMMENT ON COLUMN %1$I.signals.opens IS 'ms: from when on it stands; before that it is not shown.';
            COMMENT ON COLUMN %1$I.signals.acts IS 'Disputes and resolutions (E50), in order: [{act, at, by, …}].';
        $make$, slot);
    END LOOP;
END $$;

-- Officers see their own authority, and those below that their face names; without liuhen.authority, current_setting raises.
CREATE FUNCTION view.sees(p_authority text) RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT p_authority = current_setting('liuhen.authority')
        OR p_authority = ANY (string_to_array(current_setting('liuhen.below', true), ','))
$$;

DO $$
DECLARE slot text; name text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        FOREACH name IN ARRAY ARRAY['matters', 'deadlines', 'verdicts', 'signals'] LOOP
            EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', slot, name);
            EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', slot, name);
            EXECUTE format('CREATE POLICY own_authority ON %I.%I FOR SELECT TO liuhen_console, liuhen_writer USING (view.sees(authority))', slot, name);
            EXECUTE format('CREATE POLICY folds ON %I.%I TO liuhen_projector USING (true) WITH CHECK (true)', slot, name);
        END LOOP;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['changes', 'alerts'] LOOP
        EXECUTE format('ALTER TABLE view.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE view.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_authority ON view.%I FOR SELECT TO liuhen_console, liuhen_writer USING (view.sees(authority))', name);
        EXECUTE format('CREATE POLICY folds ON view.%I TO liuhen_projector USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;

-- What a page says of the facts that a verdict rests on, and whether the terminals of a matter are complete -------------

CREATE FUNCTION view.places(p_ids uuid[])
    RETURNS TABLE (id uuid, log_id integer, pos bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Positions of events of the authority of the transaction, and of no other.
    SELECT k.id, k.log_id, k.position
      FROM log.keys k JOIN log.logs l USING (log_id)
     WHERE k.id = ANY (p_ids) AND l.authority = current_setting('liuhen.authority')
     ORDER BY k.id, k.log_id, k.position
$$;

CREATE FUNCTION view.outstanding(p_terminals uuid[])
    RETURNS TABLE (terminal uuid, waiting bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Of terminals of any authority, since a joint matter rests on those of several: a number and nothing else.
    SELECT t.terminal, t.declared - t.seq FROM log.terminals t WHERE t.terminal = ANY (p_terminals) AND t.declared > t.seq
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION view.places, view.outstanding FROM PUBLIC;
GRANT EXECUTE ON FUNCTION view.places, view.outstanding TO liuhen_console, liuhen_writer;
GRANT EXECUTE ON FUNCTION view.sees TO liuhen_console, liuhen_writer;
GRANT USAGE ON SCHEMA view, view_a, view_b TO liuhen_writer;
GRANT SELECT ON view.process TO liuhen_projector, liuhen_console, liuhen_writer, liuhen_backup;
GRANT UPDATE ON view.process TO liuhen_projector;
GRANT SELECT ON view.live TO liuhen_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON view.changes, view.alerts TO liuhen_projector;
GRANT SELECT ON view.changes, view.alerts TO liuhen_console, liuhen_writer, liuhen_backup;
DO $$
DECLARE slot text; name text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        FOREACH name IN ARRAY ARRAY['filed_up_to', 'misfiled', 'filings', 'dependents', 'dirty', 'matters', 'deadlines', 'verdicts', 'signals'] LOOP
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %I.%I TO liuhen_projector', slot, name);
        END LOOP;
        FOREACH name IN ARRAY ARRAY['filed_up_to', 'misfiled', 'dirty', 'matters', 'deadlines', 'verdicts', 'signals'] LOOP
            EXECUTE format('GRANT SELECT ON %I.%I TO liuhen_console, liuhen_writer', slot, name);
        END LOOP;
    END LOOP;
END $$;
