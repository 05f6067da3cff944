-- What was done, thing by thing, for the statistics: rows of domain.counting, never changed, each at its place in the log,
-- so that a figure as of any position is asked of the rows before it. And the cuts that reports were made of.

SET ROLE liuhen_owner;

CREATE TABLE view.cuts (
    id   text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{12}$'),
    made timestamptz NOT NULL DEFAULT now(),
    logs jsonb NOT NULL
);
COMMENT ON TABLE view.cuts IS 'Positions of several logs at one moment, under the short name that reports print.';
COMMENT ON COLUMN view.cuts.logs IS '{log_id: size}';

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format($make$
            CREATE TABLE %1$I.counted (
                log_id    integer NOT NULL,
                position  bigint NOT NULL,
                n         smallint NOT NULL,
                authority text NOT NULL,
                measure   text NOT NULL,
                day       date NOT NULL,
                unit      text NOT NULL,
                at        bigint NOT NULL,
                subject   text NOT NULL,
                word      text NOT NULL,
                other     text NOT NULL,
                amount    bigint NOT NULL,
                PRIMARY KEY (log_id, position, n)
            );
            CREATE INDEX counted_day ON %1$I.counted (authority, measure, day);
            CREATE INDEX counted_unit ON %1$I.counted (measure, unit);
            COMMENT ON TABLE %1$I.counted IS 'domain.counting.Counted. The same unit of a measure counts once, wherever it stands.';
            COMMENT ON COLUMN %1$I.counted.day IS 'By the date that the measure goes by, as its definition says.';
            COMMENT ON COLUMN %1$I.counted.at IS 'ms: when the act took place.';
            ALTER TABLE %1$I.counted ENABLE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.counted FORCE ROW LEVEL SECURITY;
            CREATE POLICY own_authority ON %1$I.counted FOR SELECT TO liuhen_console, liuhen_writer USING (view.sees(authority));
            CREATE POLICY folds ON %1$I.counted TO liuhen_projector USING (true) WITH CHECK (true);
        $make$, slot);
    END LOOP;
END $$;

CREATE FUNCTION view.logs_of(p_authorities text[])
    RETURNS TABLE (log_id integer, authority text, epoch integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Of authorities that whoever asks may see: for a view over several of them, which is as of a vector of positions.
    SELECT l.log_id, l.authority, l.epoch FROM log.logs l
     WHERE l.kind = 'authority' AND l.authority = ANY (p_authorities) AND view.sees(l.authority)
     ORDER BY l.log_id
$$;

CREATE FUNCTION view.published_rules()
    RETURNS TABLE (log_id integer, authority text, pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Rule sets that authorities published (E05): they are public, and figures are counted by them.
    SELECT e.log_id, l.authority, e.position, e.entry
      FROM (SELECT f.log_id, unnest(f.positions) AS pos FROM view_a.filings f, view.process p
             WHERE p.slot = 'a' AND starts_with(f.key, 'rules:')
             UNION
            SELECT f.log_id, unnest(f.positions) FROM view_b.filings f, view.process p
             WHERE p.slot = 'b' AND starts_with(f.key, 'rules:')) s
      JOIN log.entries e ON e.log_id = s.log_id AND e.position = s.pos
      JOIN log.logs l ON l.log_id = e.log_id
     ORDER BY e.log_id, e.position
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION view.logs_of, view.published_rules FROM PUBLIC;
GRANT EXECUTE ON FUNCTION view.logs_of, view.published_rules TO liuhen_console, liuhen_projector, liuhen_writer;

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON view_a.counted, view_b.counted TO liuhen_projector;
GRANT SELECT ON view_a.counted, view_b.counted TO liuhen_console, liuhen_writer;
GRANT SELECT, INSERT ON view.cuts TO liuhen_console, liuhen_projector;
GRANT SELECT ON view.cuts TO liuhen_backup;
