-- A second factor (RFC 6238), recovery codes, sign-ins that wait for it, sessions that their owner can list and end, and
-- the trail of what was done to accounts.

SET ROLE liuhen_owner;

CREATE TABLE identity.trail (
    entry     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor     text NOT NULL,
    session   bytea CHECK (octet_length(session) = 32),
    via       text NOT NULL CHECK (via IN (
        'console',  -- on a page, by whom the session belongs to
        'command',  -- by a command of the machine's administrator, who connects as the owner of the database
        'link')),   -- by whoever opened a one-time invitation
    what      text NOT NULL,
    subject   text NOT NULL,
    authority text NOT NULL,
    detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX trail_authority ON identity.trail (authority, entry DESC);
CREATE INDEX trail_subject ON identity.trail (subject, entry DESC);
COMMENT ON TABLE identity.trail IS 'What was done to accounts, units and authorities, by whom and in which session. Only ever grows; no secrets.';

CREATE FUNCTION identity.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the trail of accounts is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON identity.trail FOR EACH ROW EXECUTE FUNCTION identity.refuse();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON identity.trail EXECUTE FUNCTION identity.refuse();
ALTER TABLE identity.trail ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE identity.trail ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TABLE identity.factors (
    name      text PRIMARY KEY REFERENCES identity.users ON DELETE CASCADE,
    sealed    bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 29 AND 200),
    confirmed timestamptz,
    last_step bigint NOT NULL DEFAULT 0,
    made      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE identity.factors IS 'Secrets of one-time codes, sealed with a key that is not in the database.';
COMMENT ON COLUMN identity.factors.confirmed IS 'When a first code proved that the app has the secret; before that it opens nothing.';
COMMENT ON COLUMN identity.factors.last_step IS 'Time step of the newest code that was used: neither it nor an older one is taken again.';

CREATE TABLE identity.recovery_codes (
    name text NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    code bytea NOT NULL CHECK (octet_length(code) = 32),
    used timestamptz,
    PRIMARY KEY (name, code)
);
COMMENT ON TABLE identity.recovery_codes IS 'Recovery codes by SHA-256 (80 bits of randomness each); each is taken once.';

CREATE TABLE identity.sign_ins (
    secret bytea PRIMARY KEY CHECK (octet_length(secret) = 32),
    name   text NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    begun  timestamptz NOT NULL DEFAULT now(),
    tries  integer NOT NULL DEFAULT 0
);
CREATE INDEX sign_ins_begun ON identity.sign_ins (begun);
COMMENT ON TABLE identity.sign_ins IS 'Sign-ins whose password was right and whose code is still to come. They open nothing.';

ALTER TABLE identity.sessions
    ADD COLUMN factors smallint NOT NULL DEFAULT 1 CHECK (factors IN (
        1,  -- a password, or nothing but a link
        2)),-- a code or an identity provider as well
    ADD COLUMN agent text NOT NULL DEFAULT '' CHECK (char_length(agent) <= 200);
COMMENT ON COLUMN identity.sessions.agent IS 'What the browser calls itself, for the owner to know the session by.';

-- Signing in ---------------------------------------------------------------------------------------------------------

DROP FUNCTION identity.account(text);
CREATE FUNCTION identity.account(p_name text)
    RETURNS TABLE (name text, display text, authority text, roles text[], password text, factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.name, u.display, u.authority, u.roles, u.password,
           EXISTS (SELECT FROM identity.factors f WHERE f.name = u.name AND f.confirmed IS NOT NULL)
      FROM identity.users u WHERE u.name = p_name AND NOT u.disabled
$$;

DROP FUNCTION identity.open_session(bytea, text, interval);
CREATE FUNCTION identity.open_session(p_session bytea, p_name text, p_absolute interval, p_factors integer, p_agent text)
    RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.sessions s WHERE s.opened < now() - p_absolute;
    INSERT INTO identity.sessions (session, name, factors, agent)
         SELECT p_session, u.name, p_factors, left(p_agent, 200) FROM identity.users u WHERE u.name = p_name AND NOT u.disabled
      RETURNING true;
$$;

DROP FUNCTION identity.session(bytea, interval, interval, interval);
CREATE FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval)
    RETURNS TABLE (name text, display text, authority text, roles text[], fresh boolean, officer text, unit text,
                   unit_role text, below text[], factors integer, factor boolean)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Noted once a minute: a page view is not worth a write.
    UPDATE identity.sessions s SET seen = now()
     WHERE s.session = p_session AND s.ended IS NULL AND s.seen < now() - interval '1 minute'
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
    SELECT u.name, u.display, u.authority, u.roles, s.proved > now() - p_fresh, coalesce(u.officer, u.name),
           coalesce(u.unit, ''), coalesce(n.role, ''),
           CASE WHEN u.roles && ARRAY['supervisor', 'auditor', 'bureau_head', 'administrator', 'security_officer']
                THEN identity.below(u.authority) ELSE '{}' END,
           s.factors, EXISTS (SELECT FROM identity.factors f WHERE f.name = u.name AND f.confirmed IS NOT NULL)
      FROM identity.sessions s JOIN identity.users u USING (name)
      LEFT JOIN identity.units n ON n.authority = u.authority AND n.unit = u.unit
     WHERE s.session = p_session AND s.ended IS NULL AND NOT u.disabled
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
$$;

CREATE FUNCTION identity.begin_sign_in(p_secret bytea, p_name text, p_life interval) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.sign_ins s WHERE s.begun < now() - p_life;
    INSERT INTO identity.sign_ins (secret, name) VALUES (p_secret, p_name);
$$;

CREATE FUNCTION identity.try_sign_in(p_secret bytea, p_life interval, p_tries integer) RETURNS text
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Whose sign-in waits; each asking is a try, and behind the last one the password is asked for again.
    UPDATE identity.sign_ins s SET tries = s.tries + 1
     WHERE s.secret = p_secret AND s.begun > now() - p_life AND s.tries < p_tries
       AND EXISTS (SELECT FROM identity.users u WHERE u.name = s.name AND NOT u.disabled)
    RETURNING s.name
$$;

CREATE FUNCTION identity.end_sign_in(p_secret bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM identity.sign_ins s WHERE s.secret = p_secret
$$;

-- Codes --------------------------------------------------------------------------------------------------------------

CREATE FUNCTION identity.factor(p_name text) RETURNS TABLE (sealed bytea, confirmed boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT f.sealed, f.confirmed IS NOT NULL FROM identity.factors f WHERE f.name = p_name
$$;

CREATE FUNCTION identity.use_step(p_name text, p_step bigint) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- The one place where a code becomes used: of two at once one wins.
    UPDATE identity.factors f SET last_step = p_step
     WHERE f.name = p_name AND f.confirmed IS NOT NULL AND f.last_step < p_step RETURNING true
$$;

CREATE FUNCTION identity.use_recovery(p_name text, p_code bytea) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE identity.recovery_codes r SET used = now() WHERE r.name = p_name AND r.code = p_code AND r.used IS NULL
    RETURNING true
$$;

-- What an officer does to the own account; `p_session` says who that is ------------------------------------------------

CREATE FUNCTION identity.owner_of(p_session bytea) RETURNS identity.users
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u FROM identity.sessions s JOIN identity.users u USING (name)
     WHERE s.session = p_session AND s.ended IS NULL AND NOT u.disabled
$$;

CREATE FUNCTION identity.note(p_actor text, p_session bytea, p_via text, p_what text, p_subject text, p_authority text,
                              p_detail jsonb) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO identity.trail (actor, session, via, what, subject, authority, detail)
         VALUES (p_actor, p_session, p_via, p_what, p_subject, p_authority, p_detail)
$$;

CREATE FUNCTION identity.offer_factor(p_session bytea, p_sealed bytea) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- A secret that was offered before may be replaced, one that is confirmed may not.
    INSERT INTO identity.factors AS f (name, sealed)
         SELECT o.name, p_sealed FROM identity.owner_of(p_session) o WHERE o.name IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, made = now() WHERE f.confirmed IS NULL
    RETURNING true
$$;

CREATE FUNCTION identity.confirm_factor(p_session bytea, p_step bigint, p_codes bytea[]) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    UPDATE identity.factors f SET confirmed = now(), last_step = p_step
     WHERE f.name = who.name AND f.confirmed IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM identity.recovery_codes r WHERE r.name = who.name;
    INSERT INTO identity.recovery_codes (name, code) SELECT who.name, c FROM unnest(p_codes) AS c;
    UPDATE identity.sessions s SET factors = 2, proved = now() WHERE s.session = p_session;
    UPDATE identity.sessions s SET ended = now() WHERE s.name = who.name AND s.session <> p_session AND s.ended IS NULL;
    PERFORM identity.note(who.name, p_session, 'console', 'factor_set', who.name, who.authority, '{}');
    RETURN true;
END $$;

CREATE FUNCTION identity.drop_factor(p_session bytea) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    DELETE FROM identity.factors f WHERE f.name = who.name;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM identity.recovery_codes r WHERE r.name = who.name;
    PERFORM identity.note(who.name, p_session, 'console', 'factor_dropped', who.name, who.authority, '{}');
    RETURN true;
END $$;

CREATE FUNCTION identity.new_recovery_codes(p_session bytea, p_codes bytea[]) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    IF NOT EXISTS (SELECT FROM identity.factors f WHERE f.name = who.name AND f.confirmed IS NOT NULL) THEN
        RETURN false;
    END IF;
    DELETE FROM identity.recovery_codes r WHERE r.name = who.name;
    INSERT INTO identity.recovery_codes (name, code) SELECT who.name, c FROM unnest(p_codes) AS c;
    PERFORM identity.note(who.name, p_session, 'console', 'recovery_codes_made', who.name, who.authority, '{}');
    RETURN true;
END $$;

CREATE FUNCTION identity.own_password(p_session bytea, p_password text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    UPDATE identity.users u SET password = p_password, changed = now() WHERE u.name = who.name;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE identity.sessions s SET proved = now() WHERE s.session = p_session;
    UPDATE identity.sessions s SET ended = now() WHERE s.name = who.name AND s.session <> p_session AND s.ended IS NULL;
    PERFORM identity.note(who.name, p_session, 'console', 'password_changed', who.name, who.authority, '{}');
    RETURN true;
END $$;

CREATE FUNCTION identity.sessions_of(p_session bytea, p_idle interval, p_absolute interval)
    RETURNS TABLE (session bytea, opened timestamptz, seen timestamptz, factors integer, agent text, codes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- The open sessions of the account that this one belongs to, the newest first, and how many recovery codes are left.
    SELECT s.session, s.opened, s.seen, s.factors, s.agent,
           (SELECT count(*) FROM identity.recovery_codes r WHERE r.name = s.name AND r.used IS NULL)
      FROM identity.owner_of(p_session) o JOIN identity.sessions s ON s.name = o.name
     WHERE s.ended IS NULL AND s.seen > now() - p_idle AND s.opened > now() - p_absolute
     ORDER BY s.opened DESC LIMIT 100
$$;

CREATE FUNCTION identity.end_own(p_session bytea, p_other bytea) RETURNS integer
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- One other session of the same account, or all others where none is named.
    WITH gone AS (
        UPDATE identity.sessions s SET ended = now() FROM identity.owner_of(p_session) o
         WHERE s.name = o.name AND s.ended IS NULL AND s.session <> p_session AND (p_other IS NULL OR s.session = p_other)
     RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;

RESET ROLE;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA identity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.account, identity.open_session, identity.session, identity.begin_sign_in, identity.try_sign_in,
    identity.end_sign_in, identity.factor, identity.use_step, identity.use_recovery, identity.offer_factor,
    identity.confirm_factor, identity.drop_factor, identity.new_recovery_codes, identity.own_password, identity.sessions_of,
    identity.end_own TO liuhen_console;
GRANT SELECT ON identity.trail, identity.factors, identity.recovery_codes, identity.sign_ins TO liuhen_backup;
