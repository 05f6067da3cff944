-- Search: what a matter can be found by, cut into pairs of characters, so that two Chinese characters find it at once
-- whatever the collation of the database is. Derived, in the slots of the process projection.

SET ROLE liuhen_owner;

CREATE FUNCTION view.pairs(p_text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(p_text, i, 2)) FROM generate_series(1, greatest(char_length(p_text) - 1, 1)) AS i
$$;
COMMENT ON FUNCTION view.pairs IS 'Every two neighbouring characters of a text, each pair once; of one character that character.';

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format($make$
            CREATE TABLE %1$I.searchable (
                kind      text NOT NULL,
                key       text NOT NULL,
                authority text NOT NULL,
                text      text NOT NULL CHECK (char_length(text) <= 4000),
                pairs     text[] NOT NULL GENERATED ALWAYS AS (view.pairs(text)) STORED,
                PRIMARY KEY (kind, key)
            );
            CREATE INDEX searchable_pairs ON %1$I.searchable USING gin (pairs);
            COMMENT ON TABLE %1$I.searchable IS 'What each matter can be found by: its key, names, numbers and officers, evened out (projections.searching).';
        $make$, slot);
    END LOOP;
END $$;

-- The console reads no row of these tables: a condition on pairs is not proof against leaks, so under row-level security
-- no index would serve it. It may only call this, which fails closed as the policies do.
CREATE FUNCTION view.search(p_terms text[], p_kind text, p_most integer)
    RETURNS TABLE (kind text, key text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH wanted AS MATERIALIZED (
        SELECT array_agg(DISTINCT pair) AS pairs
          FROM unnest(p_terms) AS term, unnest(view.pairs(term)) AS pair WHERE char_length(term) > 1
    ), hits AS (
        SELECT s.kind, s.key, s.text FROM view_a.searchable s, view.process p, wanted w
         WHERE p.slot = 'a' AND s.pairs @> w.pairs AND view.sees(s.authority) AND (p_kind IS NULL OR s.kind = p_kind)
        UNION ALL
        SELECT s.kind, s.key, s.text FROM view_b.searchable s, view.process p, wanted w
         WHERE p.slot = 'b' AND s.pairs @> w.pairs AND view.sees(s.authority) AND (p_kind IS NULL OR s.kind = p_kind)
    )
    SELECT h.kind, h.key FROM hits h
     WHERE NOT EXISTS (SELECT FROM unnest(p_terms) AS term WHERE position(term IN h.text) = 0)
     LIMIT p_most
$$;

-- Files of evidence by the first digits of their digest, among those that records of the authority cite.
CREATE FUNCTION evidence.beginning(p_from bytea, p_until bytea)
    RETURNS TABLE (digest bytea, type text, size bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT w.digest, b.type, b.size
      FROM log.wanted w JOIN log.logs l USING (log_id) LEFT JOIN evidence.blobs b ON b.digest = w.digest
     WHERE w.kind = 'blob' AND w.digest >= p_from AND w.digest <= p_until
       AND view.sees(l.authority)
     ORDER BY w.digest LIMIT 20
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION evidence.beginning FROM PUBLIC;
REVOKE ALL ON FUNCTION view.search FROM PUBLIC;
GRANT EXECUTE ON FUNCTION evidence.beginning, view.search TO liuhen_console;
GRANT EXECUTE ON FUNCTION view.pairs TO liuhen_projector;
DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %I.searchable TO liuhen_projector', slot);
    END LOOP;
END $$;
