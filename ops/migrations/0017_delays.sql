-- How long acts were on their way, and how they came: what a supervisor asks of every authority.

SET ROLE liuhen_owner;

DO $$
DECLARE slot text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        EXECUTE format($make$
            ALTER TABLE %1$I.counted
                ADD COLUMN received bigint NOT NULL DEFAULT 0,
                ADD COLUMN origin text NOT NULL DEFAULT 'field' CHECK (origin IN (
                    'field',      -- a terminal recorded it
                    'office',     -- an act of the office
                    'backfilled', -- declared later, with a reason and an approval
                    'imported')); -- taken over from another system
            ALTER TABLE %1$I.counted ALTER COLUMN received DROP DEFAULT, ALTER COLUMN origin DROP DEFAULT;
            COMMENT ON COLUMN %1$I.counted.received IS 'ms: when the server received the act.';
            CREATE INDEX counted_received ON %1$I.counted (authority, received);
        $make$, slot);
    END LOOP;
END $$;

RESET ROLE;
