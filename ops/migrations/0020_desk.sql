-- The desk of an account: what it has looked at, ticked off, and saved. Operational: nothing in the procedure rests on it.

CREATE SCHEMA desk AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

CREATE TABLE desk.looks (
    account text NOT NULL REFERENCES identity.users (name) ON DELETE CASCADE,
    kind    text NOT NULL CHECK (kind IN (
        'task',     -- an inspection task
        'case',     -- a penalty case
        'hazard')), -- a hazard
    subject text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 128),
    seen    bigint NOT NULL,
    before  bigint NOT NULL CHECK (before <= seen),
    PRIMARY KEY (account, kind, subject)
);
COMMENT ON COLUMN desk.looks.seen IS 'ms: when the account last had the page open.';
COMMENT ON COLUMN desk.looks.before IS 'ms: up to when the account had seen the file before this visit; what was received later is new to it.';

CREATE TABLE desk.viewed (
    account text NOT NULL REFERENCES identity.users (name) ON DELETE CASCADE,
    event   uuid NOT NULL,
    at      bigint NOT NULL,
    PRIMARY KEY (account, event)
);
COMMENT ON TABLE desk.viewed IS 'Items of files that an account ticked off as viewed.';

CREATE TABLE desk.filters (
    account text NOT NULL REFERENCES identity.users (name) ON DELETE CASCADE,
    face    text NOT NULL CHECK (face IN (
        'reviews', -- the queue of legal reviews
        'search')),-- search
    name    text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
    query   text NOT NULL CHECK (char_length(query) <= 1000),
    at      bigint NOT NULL,
    PRIMARY KEY (account, face, name)
);

CREATE TABLE desk.preferences (
    account   text PRIMARY KEY REFERENCES identity.users (name) ON DELETE CASCADE,
    shortcuts boolean NOT NULL
);
COMMENT ON COLUMN desk.preferences.shortcuts IS 'Whether single keys do something on pages (WCAG 2.1.4: they can be switched off).';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['looks', 'viewed', 'filters', 'preferences'] LOOP
        EXECUTE format('ALTER TABLE desk.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE desk.%I FORCE ROW LEVEL SECURITY', name);
        -- Fails closed: without liuhen.account set in the transaction, current_setting raises.
        EXECUTE format('CREATE POLICY own_account ON desk.%I TO liuhen_console USING (account = current_setting(''liuhen.account'')) WITH CHECK (account = current_setting(''liuhen.account''))', name);
    END LOOP;
END $$;

RESET ROLE;

REVOKE ALL ON ALL TABLES IN SCHEMA desk FROM PUBLIC;
GRANT USAGE ON SCHEMA desk TO liuhen_console, liuhen_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk TO liuhen_console;
GRANT SELECT ON ALL TABLES IN SCHEMA desk TO liuhen_backup;
