-- Step-up: when a session's officer last gave the password, or a code, so that grave acts can ask for it anew.

SET ROLE liuhen_owner;

ALTER TABLE identity.sessions ADD COLUMN proved timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN identity.sessions.proved IS 'When the password or a code was last given in this session.';

DROP FUNCTION identity.session(bytea, interval, interval);
CREATE FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval)
    RETURNS TABLE (name text, display text, authority text, roles text[], fresh boolean)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Noted once a minute: a page view is not worth a write.
    UPDATE identity.sessions s SET seen = now()
     WHERE s.session = p_session AND s.ended IS NULL AND s.seen < now() - interval '1 minute'
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
    SELECT u.name, u.display, u.authority, u.roles, s.proved > now() - p_fresh
      FROM identity.sessions s JOIN identity.users u USING (name)
     WHERE s.session = p_session AND s.ended IS NULL AND NOT u.disabled
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
$$;

CREATE FUNCTION identity.prove(p_session bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE identity.sessions s SET proved = now() WHERE s.session = p_session AND s.ended IS NULL
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION identity.session, identity.prove FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.session, identity.prove TO liuhen_console;
