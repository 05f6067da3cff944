-- The queue of legal reviews: what it sorts and filters by in columns of their own, so that ten thousand open ones are
-- counted and paged without reading what else is said of them. Derived, in the slots of the process projection.

SET ROLE liuhen_owner;

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format($make$
            CREATE TABLE %1$I.reviews (
                key             text PRIMARY KEY,
                authority       text NOT NULL,
                stage           text NOT NULL,
                open            boolean NOT NULL,
                due             bigint NOT NULL,
                requested_at    bigint NOT NULL,
                amount_fen      bigint NOT NULL,
                reviewer        text NOT NULL,
                unit            text NOT NULL,
                requesting_unit text NOT NULL,
                draft_kind      text NOT NULL,
                text            text NOT NULL
            );
            CREATE INDEX reviews_due ON %1$I.reviews (authority, due, key) WHERE open;
            CREATE INDEX reviews_requested ON %1$I.reviews (authority, requested_at, key);
            COMMENT ON TABLE %1$I.reviews IS 'One row for each matter of kind review: what its queue sorts and filters by.';
            COMMENT ON COLUMN %1$I.reviews.open IS 'Somebody still has to do something about it.';
            COMMENT ON COLUMN %1$I.reviews.due IS 'ms: when the time for the opinion has ended; the greatest number where no time runs.';
            ALTER TABLE %1$I.reviews ENABLE ROW LEVEL SECURITY;
            ALTER TABLE %1$I.reviews FORCE ROW LEVEL SECURITY;
            CREATE POLICY own_authority ON %1$I.reviews FOR SELECT TO liuhen_console, liuhen_writer USING (view.sees(authority));
            CREATE POLICY folds ON %1$I.reviews TO liuhen_projector USING (true) WITH CHECK (true);
        $make$, slot);
    END LOOP;
END $$;

RESET ROLE;

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %I.reviews TO liuhen_projector', slot);
        EXECUTE format('GRANT SELECT ON %I.reviews TO liuhen_console, liuhen_writer', slot);
    END LOOP;
END $$;
