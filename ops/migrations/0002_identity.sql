-- Identity: officers' accounts, their sessions, access tokens, and the count of failed sign-ins.
-- Rights: the console's role reads and writes no table here. It may only call the functions below, so that a fault in a
-- page can neither list password hashes nor make an account. Accounts and tokens are made by the administrator's
-- commands, which connect as the owner of the database.

CREATE SCHEMA identity AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

CREATE TABLE identity.users (
    name      text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    display   text NOT NULL CHECK (char_length(display) BETWEEN 1 AND 64),
    authority text NOT NULL CHECK (authority ~ '^[0-9A-Za-z._-]{1,128}$'),
    roles     text[] NOT NULL CHECK (cardinality(roles) >= 1 AND roles <@ ARRAY[
        'inspector',      -- records inspections with a terminal
        'unit_head',      -- heads a unit of inspectors
        'legal_reviewer', -- reviews decisions before they are made
        'bureau_head',    -- decides
        'planner',        -- plans inspections
        'discloser',      -- publishes
        'supervisor',     -- looks at authorities below
        'auditor',        -- checks the log
        'administrator']), -- accounts and terminals
    password  text NOT NULL CHECK (password LIKE '$argon2id$%'),
    disabled  boolean NOT NULL DEFAULT false,
    created   timestamptz NOT NULL DEFAULT now(),
    changed   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE identity.users IS 'One account per person; it belongs to one authority.';

CREATE TABLE identity.sessions (
    session bytea PRIMARY KEY CHECK (octet_length(session) = 32),
    name    text NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    opened  timestamptz NOT NULL DEFAULT now(),
    seen    timestamptz NOT NULL DEFAULT now(),
    ended   timestamptz
);
CREATE INDEX sessions_name ON identity.sessions (name);
CREATE INDEX sessions_opened ON identity.sessions (opened);
COMMENT ON TABLE identity.sessions IS 'Sessions by the SHA-256 of the value in the cookie: a copy of this table opens nothing.';

CREATE TABLE identity.tokens (
    token     bytea PRIMARY KEY CHECK (octet_length(token) = 32),
    label     text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 64),
    authority text NOT NULL,
    role      text NOT NULL,
    created   timestamptz NOT NULL DEFAULT now(),
    expires   timestamptz NOT NULL,
    revoked   timestamptz
);
COMMENT ON TABLE identity.tokens IS 'Access tokens for programs, by their SHA-256.';

CREATE TABLE identity.attempts (
    subject bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    since   timestamptz NOT NULL,
    number  integer NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX attempts_since ON identity.attempts (since);
COMMENT ON TABLE identity.attempts IS 'Sign-ins tried within a window, per account and per address (hashed); successes are taken back.';

-- What the console may do -------------------------------------------------------------------------------------------

CREATE FUNCTION identity.account(p_name text)
    RETURNS TABLE (name text, display text, authority text, roles text[], password text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.name, u.display, u.authority, u.roles, u.password
      FROM identity.users u WHERE u.name = p_name AND NOT u.disabled
$$;

CREATE FUNCTION identity.open_session(p_session bytea, p_name text, p_absolute interval) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.sessions s WHERE s.opened < now() - p_absolute;
    INSERT INTO identity.sessions (session, name)
         SELECT p_session, u.name FROM identity.users u WHERE u.name = p_name AND NOT u.disabled
      RETURNING true;
$$;

CREATE FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval)
    RETURNS TABLE (name text, display text, authority text, roles text[])
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Noted once a minute: a page view is not worth a write.
    UPDATE identity.sessions s SET seen = now()
     WHERE s.session = p_session AND s.ended IS NULL AND s.seen < now() - interval '1 minute'
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
    SELECT u.name, u.display, u.authority, u.roles
      FROM identity.sessions s JOIN identity.users u USING (name)
     WHERE s.session = p_session AND s.ended IS NULL AND NOT u.disabled
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
$$;

CREATE FUNCTION identity.end_session(p_session bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE identity.sessions s SET ended = now() WHERE s.session = p_session AND s.ended IS NULL
$$;

CREATE FUNCTION identity.token(p_token bytea)
    RETURNS TABLE (label text, authority text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.label, t.authority, t.role
      FROM identity.tokens t WHERE t.token = p_token AND t.revoked IS NULL AND t.expires > now()
$$;

CREATE FUNCTION identity.attempt(p_subject bytea, p_window interval) RETURNS integer
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Counted before the password is looked at: tries at the same time in several processes are counted each.
    DELETE FROM identity.attempts a WHERE a.since < now() - p_window AND a.subject <> p_subject;
    INSERT INTO identity.attempts AS a (subject, since, number) VALUES (p_subject, now(), 1)
    ON CONFLICT (subject) DO UPDATE
       SET number = CASE WHEN a.since < now() - p_window THEN 1 ELSE a.number + 1 END,
           since = CASE WHEN a.since < now() - p_window THEN now() ELSE a.since END
    RETURNING a.number;
$$;

CREATE FUNCTION identity.forgive(p_subject bytea, p_all boolean) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE identity.attempts a SET number = CASE WHEN p_all THEN 0 ELSE greatest(0, a.number - 1) END
     WHERE a.subject = p_subject;
$$;

RESET ROLE;

REVOKE ALL ON ALL TABLES IN SCHEMA identity FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;
GRANT USAGE ON SCHEMA identity TO liuhen_console, liuhen_backup;
GRANT EXECUTE ON FUNCTION identity.account, identity.open_session, identity.session, identity.end_session, identity.token,
    identity.attempt, identity.forgive TO liuhen_console;
GRANT SELECT ON ALL TABLES IN SCHEMA identity TO liuhen_backup;
