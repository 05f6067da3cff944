-- Scope: which authorities stand below which, units with their part in the process, and who is who in the register of
-- officers. Whoever looks over others sees the own authority and all below it; row-level security repeats that.

SET ROLE liuhen_owner;

CREATE TABLE identity.authorities (
    authority text PRIMARY KEY CHECK (authority ~ '^[0-9A-Za-z._-]{1,128}$'),
    parent    text CHECK (parent ~ '^[0-9A-Za-z._-]{1,128}$' AND parent <> authority),
    name      text NOT NULL DEFAULT '' CHECK (char_length(name) <= 64),
    changed   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE identity.authorities IS 'What is said of an authority besides its log. One without a row, or without a parent, stands where its code says (GB/T 2260).';

CREATE TABLE identity.units (
    authority text NOT NULL CHECK (authority ~ '^[0-9A-Za-z._-]{1,128}$'),
    unit      text NOT NULL CHECK (unit ~ '^[a-z0-9][a-z0-9._-]{0,31}$'),
    name      text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    role      text NOT NULL CHECK (role IN (
        'leadership',     -- heads of the bureau
        'handling',       -- inspects and handles cases
        'legal',          -- legal review
        'disclosure',     -- publishes
        'planning',       -- annual plans
        'supervision',    -- looks over others
        'administration', -- runs the system
        'other')),
    closed    boolean NOT NULL DEFAULT false,
    changed   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (authority, unit)
);
COMMENT ON TABLE identity.units IS 'Units of an authority; the role says which part of the process a unit has.';

ALTER TABLE identity.users
    ADD COLUMN unit    text,
    ADD COLUMN officer text CHECK (char_length(officer) BETWEEN 1 AND 128),
    ADD FOREIGN KEY (authority, unit) REFERENCES identity.units (authority, unit),
    DROP CONSTRAINT users_roles_check,
    ADD CONSTRAINT users_roles_check CHECK (cardinality(roles) >= 1 AND roles <@ ARRAY[
        'inspector',         -- records inspections with a terminal
        'unit_head',         -- heads a unit of inspectors
        'legal_reviewer',    -- reviews decisions before they are made
        'bureau_head',       -- decides
        'planner',           -- plans inspections
        'discloser',         -- publishes
        'supervisor',        -- looks at authorities below
        'auditor',           -- checks the log
        'administrator',     -- accounts and terminals
        'security_officer']),-- grants what the administrator may not, and takes second factors away
    ADD CONSTRAINT users_roles_disjoint CHECK (
        NOT roles && ARRAY['administrator', 'security_officer', 'auditor'] OR cardinality(roles) = 1);
CREATE UNIQUE INDEX users_officer ON identity.users (officer);
COMMENT ON COLUMN identity.users.officer IS 'Who the account is in the register of officers, where certificates stand (E01); the account''s name where empty. One person has one account.';

-- What stands below an authority -----------------------------------------------------------------------------------

CREATE FUNCTION identity.stem(p_authority text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- What the codes of all below begin with: 210500 -> 2105. NULL for what is no division code.
    SELECT CASE WHEN p_authority ~ '^[0-9]{6}$' THEN regexp_replace(p_authority, '(00){1,3}$', '') END
$$;

CREATE FUNCTION identity.below(p_authority text) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE known AS (
        SELECT a.authority, a.parent FROM identity.authorities a
         UNION
        SELECT other.authority, NULL
          FROM (SELECT l.authority FROM log.logs l WHERE l.kind = 'authority'
                UNION SELECT u.authority FROM identity.users u) other
         WHERE NOT EXISTS (SELECT FROM identity.authorities a WHERE a.authority = other.authority)
    ), found AS (
        SELECT p_authority AS authority
         UNION
        SELECT k.authority
          FROM found f JOIN known k
            ON k.authority <> f.authority
           AND (k.parent = f.authority
                OR k.parent IS NULL AND identity.stem(k.authority) IS NOT NULL
                   AND starts_with(k.authority, identity.stem(f.authority)))
    )
    SELECT coalesce(array_agg(f.authority ORDER BY f.authority), '{}') FROM found f WHERE f.authority <> p_authority
$$;

-- Who asks, with what they may look at ------------------------------------------------------------------------------

DROP FUNCTION identity.session(bytea, interval, interval, interval);
CREATE FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval)
    RETURNS TABLE (name text, display text, authority text, roles text[], fresh boolean, officer text, unit text,
                   unit_role text, below text[])
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Noted once a minute: a page view is not worth a write.
    UPDATE identity.sessions s SET seen = now()
     WHERE s.session = p_session AND s.ended IS NULL AND s.seen < now() - interval '1 minute'
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
    SELECT u.name, u.display, u.authority, u.roles, s.proved > now() - p_fresh, coalesce(u.officer, u.name),
           coalesce(u.unit, ''), coalesce(n.role, ''),
           CASE WHEN u.roles && ARRAY['supervisor', 'auditor', 'bureau_head', 'administrator', 'security_officer']
                THEN identity.below(u.authority) ELSE '{}' END
      FROM identity.sessions s JOIN identity.users u USING (name)
      LEFT JOIN identity.units n ON n.authority = u.authority AND n.unit = u.unit
     WHERE s.session = p_session AND s.ended IS NULL AND NOT u.disabled
       AND s.seen > now() - p_idle AND s.opened > now() - p_absolute;
$$;

DROP FUNCTION identity.token(bytea);
CREATE FUNCTION identity.token(p_token bytea)
    RETURNS TABLE (label text, authority text, role text, below text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.label, t.authority, t.role,
           CASE WHEN t.role IN ('supervisor', 'auditor', 'bureau_head', 'administrator', 'security_officer')
                THEN identity.below(t.authority) ELSE '{}' END
      FROM identity.tokens t WHERE t.token = p_token AND t.revoked IS NULL AND t.expires > now()
$$;

CREATE FUNCTION identity.names(p_authorities text[]) RETURNS TABLE (authority text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- What authorities are called; those without a name are left out.
    SELECT a.authority, a.name FROM identity.authorities a WHERE a.authority = ANY (p_authorities) AND a.name <> ''
$$;

-- Row-level security: the authority that is looked at, and those below it that the transaction names -----------------

CREATE FUNCTION view.seen() RETURNS text[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY[current_setting('liuhen.authority')]
        || coalesce(string_to_array(current_setting('liuhen.below', true), ','), '{}')
$$;
COMMENT ON FUNCTION view.seen() IS 'What view.sees() lets through, the own authority first. Raises without liuhen.authority.';

CREATE OR REPLACE FUNCTION view.logs()
    RETURNS TABLE (log_id integer, epoch integer, size bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.log_id, l.epoch, h.size
      FROM log.logs l JOIN log.heads h USING (log_id)
     WHERE l.authority = ANY (view.seen()) AND l.kind = 'authority'
     ORDER BY l.epoch, l.log_id
$$;

CREATE FUNCTION view.holder(p_digest bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Of those that are looked at, the authority whose records cite a file; the own one before others.
    SELECT l.authority
      FROM (SELECT w.log_id FROM log.wanted w WHERE w.digest = p_digest AND w.kind = 'blob'
            UNION SELECT c.log_id FROM evidence.citations c WHERE c.digest = p_digest) p
      JOIN log.logs l ON l.log_id = p.log_id
     WHERE l.authority = ANY (view.seen())
     ORDER BY l.authority <> current_setting('liuhen.authority'), l.authority LIMIT 1
$$;

CREATE FUNCTION view.dirty(OUT number bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- How many matters wait for the judges, of whatever authority: a number and nothing else.
    IF (SELECT p.slot FROM view.process p) = 'a' THEN
        SELECT count(*) INTO number FROM view_a.dirty;
    ELSE
        SELECT count(*) INTO number FROM view_b.dirty;
    END IF;
END $$;

DO $$
DECLARE slot text; name text;
BEGIN
    FOREACH slot IN ARRAY ARRAY['view_a', 'view_b'] LOOP
        FOREACH name IN ARRAY ARRAY['case_files', 'case_items', 'terminals'] LOOP
            EXECUTE format('DROP POLICY own_authority ON %I.%I', slot, name);
            EXECUTE format('CREATE POLICY own_authority ON %I.%I FOR SELECT TO liuhen_console USING (view.sees(authority))', slot, name);
        END LOOP;
        -- How far the logs are folded, and what could not be: of logs that are looked at.
        FOREACH name IN ARRAY ARRAY['positions', 'parked', 'filed_up_to', 'misfiled'] LOOP
            EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', slot, name);
            EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', slot, name);
            EXECUTE format('CREATE POLICY own_authority ON %I.%I FOR SELECT TO liuhen_console USING (log_id IN (SELECT l.log_id FROM view.logs() l))', slot, name);
            EXECUTE format('CREATE POLICY folds ON %I.%I TO liuhen_projector USING (true) WITH CHECK (true)', slot, name);
            EXECUTE format('CREATE POLICY reads ON %I.%I FOR SELECT TO liuhen_writer USING (true)', slot, name);
        END LOOP;
        EXECUTE format('REVOKE SELECT ON %I.dirty FROM liuhen_console', slot);
    END LOOP;
END $$;

RESET ROLE;

REVOKE ALL ON FUNCTION identity.stem, identity.below, identity.session, identity.token, identity.names, view.seen, view.holder,
    view.dirty FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.session, identity.token, identity.names TO liuhen_console;
GRANT EXECUTE ON FUNCTION view.seen TO liuhen_console, liuhen_writer, liuhen_projector;
GRANT EXECUTE ON FUNCTION view.holder, view.dirty TO liuhen_console;
GRANT SELECT ON identity.authorities, identity.units TO liuhen_backup;
