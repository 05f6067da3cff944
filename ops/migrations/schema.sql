-- The shape of the database after all migrations. Generated: python -m ops.house.schema

CREATE SCHEMA disclosure;

ALTER SCHEMA disclosure OWNER TO liuhen_owner;

CREATE SCHEMA evidence;

ALTER SCHEMA evidence OWNER TO liuhen_owner;

CREATE SCHEMA identity;

ALTER SCHEMA identity OWNER TO liuhen_owner;

CREATE SCHEMA log;

ALTER SCHEMA log OWNER TO liuhen_owner;

CREATE SCHEMA published;

ALTER SCHEMA published OWNER TO liuhen_owner;

CREATE SCHEMA view;

ALTER SCHEMA view OWNER TO liuhen_owner;

CREATE SCHEMA view_a;

ALTER SCHEMA view_a OWNER TO liuhen_owner;

CREATE SCHEMA view_b;

ALTER SCHEMA view_b OWNER TO liuhen_owner;

CREATE SCHEMA webhook;

ALTER SCHEMA webhook OWNER TO liuhen_owner;

CREATE TYPE log.locked_head AS (
	log_id integer,
	epoch integer,
	authority text,
	origin text,
	kind text,
	newest integer,
	size bigint,
	root bytea,
	frontier bytea,
	note text,
	backed bigint
);

ALTER TYPE log.locked_head OWNER TO liuhen_owner;

CREATE FUNCTION evidence.arrive(p_log integer, p_digest bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- In the transaction that records the arrival, under the head's lock of that log.
    WITH came AS (
        UPDATE log.wanted w SET arrived = true
         WHERE w.kind = 'blob' AND w.log_id = p_log AND w.digest = p_digest AND NOT w.arrived
     RETURNING w.terminal
    )
    UPDATE log.terminals t SET waiting = t.waiting - c.number
      FROM (SELECT terminal, count(*)::integer AS number FROM came GROUP BY terminal) c
     WHERE t.terminal = c.terminal;
    UPDATE evidence.blobs b SET examined = false WHERE b.digest = p_digest AND b.examined
$$;

ALTER FUNCTION evidence.arrive(p_log integer, p_digest bytea) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.ask_again(p_log integer, p_digest bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- In the transaction that records the damage, under the head's lock of that log: the reverse of evidence.arrive.
    WITH gone AS (
        UPDATE log.wanted w SET arrived = false
         WHERE w.kind = 'blob' AND w.log_id = p_log AND w.digest = p_digest AND w.arrived
     RETURNING w.terminal
    )
    UPDATE log.terminals t SET waiting = t.waiting + g.number
      FROM (SELECT terminal, count(*)::integer AS number FROM gone GROUP BY terminal) g
     WHERE t.terminal = g.terminal
$$;

ALTER FUNCTION evidence.ask_again(p_log integer, p_digest bytea) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.beginning(p_from bytea, p_until bytea) RETURNS TABLE(digest bytea, type text, size bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT DISTINCT w.digest, b.type, b.size
      FROM log.wanted w JOIN log.logs l USING (log_id) LEFT JOIN evidence.blobs b ON b.digest = w.digest
     WHERE w.kind = 'blob' AND w.digest >= p_from AND w.digest <= p_until
       AND view.sees(l.authority)
     ORDER BY w.digest LIMIT 20
$$;

ALTER FUNCTION evidence.beginning(p_from bytea, p_until bytea) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.blob(p_digest bytea) RETURNS TABLE(size bigint, type text, terminal uuid, received timestamp with time zone, state text, checked timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT b.size, b.type, b.terminal, b.received, b.state, b.checked
      FROM evidence.blobs b
     WHERE b.digest = p_digest
       AND EXISTS (SELECT FROM log.wanted w JOIN log.logs l USING (log_id)
                    WHERE w.digest = b.digest AND w.kind = 'blob'
                      AND l.authority = current_setting('liuhen.authority'))
$$;

ALTER FUNCTION evidence.blob(p_digest bytea) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.cite(p_log integer, p_position bigint, p_digests bytea[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    INSERT INTO evidence.citations (digest, log_id, position) SELECT d, p_log, p_position FROM unnest(p_digests) AS d
    ON CONFLICT DO NOTHING
$$;

ALTER FUNCTION evidence.cite(p_log integer, p_position bigint, p_digests bytea[]) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.damage(p_digest bytea, p_state text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE evidence.blobs b SET state = p_state, pieces = NULL WHERE b.digest = p_digest AND p_state IN ('corrupt', 'lost')
$$;

ALTER FUNCTION evidence.damage(p_digest bytea, p_state text) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.examined(p_digest bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE evidence.blobs b SET examined = true WHERE b.digest = p_digest
$$;

ALTER FUNCTION evidence.examined(p_digest bytea) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.grant_link(p_link bytea, p_secret bytea, p_expires timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE evidence.grants g SET secret = p_secret, expires = p_expires
     WHERE g.link = p_link AND g.opened IS NOT NULL AND g.secret IS NULL
$$;

ALTER FUNCTION evidence.grant_link(p_link bytea, p_secret bytea, p_expires timestamp with time zone) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.granted(p_secret bytea, p_digest bytea, p_now timestamp with time zone) RETURNS TABLE(size bigint, type text, pieces bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- A grant ends with the session that it was given to.
    SELECT b.size, b.type, b.pieces
      FROM evidence.grants g JOIN evidence.blobs b ON b.digest = p_digest
     WHERE g.secret = p_secret AND g.expires > p_now AND p_digest = ANY (g.digests) AND b.state = 'held'
       AND (EXISTS (SELECT FROM identity.sessions s JOIN identity.users u USING (name)
                     WHERE s.session = g.session AND s.ended IS NULL AND NOT u.disabled)
         OR EXISTS (SELECT FROM identity.tokens t
                     WHERE t.token = g.session AND t.revoked IS NULL AND t.expires > now()))
$$;

ALTER FUNCTION evidence.granted(p_secret bytea, p_digest bytea, p_now timestamp with time zone) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.hold(p_digest bytea, p_size bigint, p_type text, p_authority text, p_terminal uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- The bytes lie in the store and were checked. A blob that was corrupt or lost is held again; who brought it first stays.
    INSERT INTO evidence.blobs (digest, size, type, authority, terminal)
         VALUES (p_digest, p_size, p_type, p_authority, p_terminal)
    ON CONFLICT (digest) DO UPDATE SET state = 'held' WHERE evidence.blobs.state <> 'held'
$$;

ALTER FUNCTION evidence.hold(p_digest bytea, p_size bigint, p_type text, p_authority text, p_terminal uuid) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.make_link(p_link bytea, p_session bytea, p_authority text, p_purpose text, p_tags text[], p_digests bytea[], p_now timestamp with time zone) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Of what was asked only what is held, and cited in a log of that authority.
    DELETE FROM evidence.grants g WHERE g.made < p_now - interval '1 day';
    INSERT INTO evidence.grants (link, session, authority, purpose, tags, digests, made)
         SELECT p_link, p_session, p_authority, p_purpose, p_tags, array_agg(b.digest ORDER BY b.digest), p_now
           FROM evidence.blobs b
          WHERE b.digest = ANY (p_digests) AND b.state = 'held'
            AND EXISTS (SELECT FROM log.wanted w JOIN log.logs l USING (log_id)
                         WHERE w.digest = b.digest AND w.kind = 'blob' AND l.authority = p_authority)
         HAVING count(*) > 0
      RETURNING cardinality(digests);
$$;

ALTER FUNCTION evidence.make_link(p_link bytea, p_session bytea, p_authority text, p_purpose text, p_tags text[], p_digests bytea[], p_now timestamp with time zone) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.open_link(p_link bytea, p_session bytea, p_life interval, p_now timestamp with time zone) RETURNS TABLE(purpose text, tags text[], digests bytea[])
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE evidence.grants g SET opened = p_now
     WHERE g.link = p_link AND g.session = p_session AND g.opened IS NULL AND g.made > p_now - p_life
 RETURNING g.purpose, g.tags, g.digests
$$;

ALTER FUNCTION evidence.open_link(p_link bytea, p_session bytea, p_life interval, p_now timestamp with time zone) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.places(p_digest bytea) RETURNS TABLE(log_id integer, epoch integer, pos bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Fails closed: without liuhen.authority set in the transaction, current_setting raises.
    SELECT l.log_id, l.epoch, p.position
      FROM (SELECT w.log_id, w.position FROM log.wanted w WHERE w.digest = p_digest AND w.kind = 'blob'
            UNION SELECT c.log_id, c.position FROM evidence.citations c WHERE c.digest = p_digest) p
      JOIN log.logs l ON l.log_id = p.log_id
     WHERE l.authority = current_setting('liuhen.authority')
     ORDER BY l.epoch, p.position
$$;

ALTER FUNCTION evidence.places(p_digest bytea) OWNER TO liuhen_owner;

CREATE FUNCTION evidence.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: a finished blob is never taken back', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

ALTER FUNCTION evidence.refuse() OWNER TO liuhen_owner;

CREATE FUNCTION evidence.sound(p_digest bytea, p_pieces bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE evidence.blobs b SET checked = clock_timestamp(), pieces = p_pieces WHERE b.digest = p_digest AND b.state = 'held'
$$;

ALTER FUNCTION evidence.sound(p_digest bytea, p_pieces bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.accept(p_link bytea, p_password text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users;
BEGIN
    -- Of two who open the link at once one chooses the password.
    DELETE FROM identity.invitations i USING identity.users u
     WHERE i.link = p_link AND i.expires > now() AND u.name = i.name AND NOT u.disabled RETURNING u.* INTO who;
    IF who.name IS NULL THEN RETURN NULL; END IF;
    UPDATE identity.users u SET password = p_password, changed = now() WHERE u.name = who.name;
    UPDATE identity.sessions s SET ended = now() WHERE s.name = who.name AND s.ended IS NULL;
    PERFORM identity.note(who.name, NULL, 'link', 'password_chosen', who.name, who.authority, '{}');
    RETURN who.name;
END $$;

ALTER FUNCTION identity.accept(p_link bytea, p_password text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.account(p_name text) RETURNS TABLE(name text, display text, authority text, roles text[], password text, factor boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT u.name, u.display, u.authority, u.roles, u.password,
           EXISTS (SELECT FROM identity.factors f WHERE f.name = u.name AND f.confirmed IS NOT NULL)
      FROM identity.users u WHERE u.name = p_name AND NOT u.disabled
$$;

ALTER FUNCTION identity.account(p_name text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.attempt(p_subject bytea, p_window interval) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Counted before the password is looked at: tries at the same time in several processes are counted each.
    DELETE FROM identity.attempts a WHERE a.since < now() - p_window AND a.subject <> p_subject;
    INSERT INTO identity.attempts AS a (subject, since, number) VALUES (p_subject, now(), 1)
    ON CONFLICT (subject) DO UPDATE
       SET number = CASE WHEN a.since < now() - p_window THEN 1 ELSE a.number + 1 END,
           since = CASE WHEN a.since < now() - p_window THEN now() ELSE a.since END
    RETURNING a.number;
$$;

ALTER FUNCTION identity.attempt(p_subject bytea, p_window interval) OWNER TO liuhen_owner;

CREATE FUNCTION identity.begin_sign_in(p_secret bytea, p_name text, p_life interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    DELETE FROM identity.sign_ins s WHERE s.begun < now() - p_life;
    INSERT INTO identity.sign_ins (secret, name) VALUES (p_secret, p_name);
$$;

ALTER FUNCTION identity.begin_sign_in(p_secret bytea, p_name text, p_life interval) OWNER TO liuhen_owner;

CREATE FUNCTION identity.below(p_authority text) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION identity.below(p_authority text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.confirm_factor(p_session bytea, p_step bigint, p_codes bytea[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION identity.confirm_factor(p_session bytea, p_step bigint, p_codes bytea[]) OWNER TO liuhen_owner;

CREATE FUNCTION identity.drop_factor(p_session bytea) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION identity.drop_factor(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.end_own(p_session bytea, p_other bytea) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- One other session of the same account, or all others where none is named.
    WITH gone AS (
        UPDATE identity.sessions s SET ended = now() FROM identity.owner_of(p_session) o
         WHERE s.name = o.name AND s.ended IS NULL AND s.session <> p_session AND (p_other IS NULL OR s.session = p_other)
     RETURNING 1)
    SELECT count(*)::integer FROM gone
$$;

ALTER FUNCTION identity.end_own(p_session bytea, p_other bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.end_session(p_session bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE identity.sessions s SET ended = now() WHERE s.session = p_session AND s.ended IS NULL
$$;

ALTER FUNCTION identity.end_session(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.end_sign_in(p_secret bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    DELETE FROM identity.sign_ins s WHERE s.secret = p_secret
$$;

ALTER FUNCTION identity.end_sign_in(p_secret bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.factor(p_name text) RETURNS TABLE(sealed bytea, confirmed boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT f.sealed, f.confirmed IS NOT NULL FROM identity.factors f WHERE f.name = p_name
$$;

ALTER FUNCTION identity.factor(p_name text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.forgive(p_subject bytea, p_all boolean) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE identity.attempts a SET number = CASE WHEN p_all THEN 0 ELSE greatest(0, a.number - 1) END
     WHERE a.subject = p_subject;
$$;

ALTER FUNCTION identity.forgive(p_subject bytea, p_all boolean) OWNER TO liuhen_owner;

CREATE TABLE identity.users (
    name text NOT NULL,
    display text NOT NULL,
    authority text NOT NULL,
    roles text[] NOT NULL,
    password text,
    disabled boolean DEFAULT false NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL,
    unit text,
    officer text,
    CONSTRAINT users_authority_check CHECK ((authority ~ '^[0-9A-Za-z._-]{1,128}$'::text)),
    CONSTRAINT users_display_check CHECK (((char_length(display) >= 1) AND (char_length(display) <= 64))),
    CONSTRAINT users_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'::text)),
    CONSTRAINT users_officer_check CHECK (((char_length(officer) >= 1) AND (char_length(officer) <= 128))),
    CONSTRAINT users_password_check CHECK ((password ~~ '$argon2id$%'::text)),
    CONSTRAINT users_roles_check CHECK (((cardinality(roles) >= 1) AND (roles <@ ARRAY['inspector'::text, 'unit_head'::text, 'legal_reviewer'::text, 'bureau_head'::text, 'planner'::text, 'discloser'::text, 'supervisor'::text, 'auditor'::text, 'administrator'::text, 'security_officer'::text]))),
    CONSTRAINT users_roles_disjoint CHECK (((NOT (roles && ARRAY['administrator'::text, 'security_officer'::text, 'auditor'::text])) OR (cardinality(roles) = 1)))
);

ALTER TABLE identity.users OWNER TO liuhen_owner;

CREATE FUNCTION identity.grants(p_who identity.users, p_roles text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT CASE WHEN p_roles && ARRAY['administrator', 'security_officer', 'auditor']
                THEN 'security_officer' = ANY (p_who.roles) ELSE 'administrator' = ANY (p_who.roles) END
$$;

ALTER FUNCTION identity.grants(p_who identity.users, p_roles text[]) OWNER TO liuhen_owner;

CREATE FUNCTION identity.invited(p_link bytea) RETURNS TABLE(name text, display text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT u.name, u.display FROM identity.invitations i JOIN identity.users u USING (name)
     WHERE i.link = p_link AND i.expires > now() AND NOT u.disabled
$$;

ALTER FUNCTION identity.invited(p_link bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.is_linked(p_name text, p_issuer text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT EXISTS (SELECT FROM identity.links l WHERE l.name = p_name AND l.issuer = p_issuer)
$$;

ALTER FUNCTION identity.is_linked(p_name text, p_issuer text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_add(p_session bytea, p_name text, p_display text, p_authority text, p_unit text, p_officer text, p_roles text[], p_link bytea, p_life interval) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
BEGIN
    IF NOT identity.keeps(who, p_authority) THEN RETURN 'authority'; END IF;
    IF NOT identity.grants(who, p_roles) THEN RETURN 'roles'; END IF;
    IF EXISTS (SELECT FROM identity.users u WHERE u.name = p_name) THEN RETURN 'taken'; END IF;
    IF p_officer IS NOT NULL AND EXISTS (SELECT FROM identity.users u WHERE u.officer = p_officer) THEN RETURN 'officer'; END IF;
    IF p_unit IS NOT NULL AND NOT EXISTS (SELECT FROM identity.units n
         WHERE n.authority = p_authority AND n.unit = p_unit AND NOT n.closed) THEN RETURN 'unit'; END IF;
    INSERT INTO identity.users (name, display, authority, unit, officer, roles)
         VALUES (p_name, p_display, p_authority, p_unit, p_officer, p_roles);
    INSERT INTO identity.invitations (link, name, expires) VALUES (p_link, p_name, now() + p_life);
    PERFORM identity.note(who.name, p_session, 'console', 'account_added', p_name, p_authority,
        jsonb_build_object('roles', p_roles, 'unit', p_unit, 'officer', p_officer));
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_add(p_session bytea, p_name text, p_display text, p_authority text, p_unit text, p_officer text, p_roles text[], p_link bytea, p_life interval) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_authority(p_session bytea, p_authority text, p_parent text, p_name text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
BEGIN
    IF NOT identity.keeps(who, p_authority) THEN RETURN 'authority'; END IF;
    IF NOT 'administrator' = ANY (who.roles) THEN RETURN 'roles'; END IF;
    -- Where the own authority stands is for those above it; and none is put below itself or outside of what is kept.
    IF p_authority = who.authority THEN
        p_parent := (SELECT a.parent FROM identity.authorities a WHERE a.authority = p_authority);
    ELSIF p_parent IS NOT NULL AND (NOT identity.keeps(who, p_parent) OR p_parent = p_authority
                                    OR p_parent = ANY (identity.below(p_authority))) THEN
        RETURN 'parent';
    END IF;
    INSERT INTO identity.authorities AS a (authority, parent, name) VALUES (p_authority, p_parent, p_name)
    ON CONFLICT (authority) DO UPDATE SET parent = excluded.parent, name = excluded.name, changed = now();
    PERFORM identity.note(who.name, p_session, 'console', 'authority_set', p_authority, p_authority,
        jsonb_build_object('parent', p_parent, 'name', p_name));
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_authority(p_session bytea, p_authority text, p_parent text, p_name text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_change(p_session bytea, p_name text, p_display text, p_unit text, p_officer text, p_roles text[]) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
        was identity.users;
BEGIN
    SELECT * INTO was FROM identity.users u WHERE u.name = p_name FOR UPDATE;
    IF was.name IS NULL OR NOT identity.keeps(who, was.authority) THEN RETURN 'not_found'; END IF;
    IF was.name = who.name THEN RETURN 'own'; END IF;
    IF NOT identity.grants(who, was.roles) OR NOT identity.grants(who, p_roles) THEN RETURN 'roles'; END IF;
    IF p_officer IS NOT NULL AND EXISTS (SELECT FROM identity.users u WHERE u.officer = p_officer AND u.name <> p_name) THEN
        RETURN 'officer';
    END IF;
    IF p_unit IS NOT NULL AND NOT EXISTS (SELECT FROM identity.units n
         WHERE n.authority = was.authority AND n.unit = p_unit AND (NOT n.closed OR n.unit = was.unit)) THEN RETURN 'unit'; END IF;
    UPDATE identity.users u SET display = p_display, unit = p_unit, officer = p_officer, roles = p_roles, changed = now()
     WHERE u.name = p_name;
    -- Whoever loses or gains a role signs in anew.
    IF was.roles IS DISTINCT FROM p_roles THEN
        UPDATE identity.sessions s SET ended = now() WHERE s.name = p_name AND s.ended IS NULL;
    END IF;
    PERFORM identity.note(who.name, p_session, 'console', 'account_changed', p_name, was.authority, jsonb_build_object(
        'roles', p_roles, 'unit', p_unit, 'officer', p_officer, 'before',
        jsonb_build_object('roles', was.roles, 'unit', was.unit, 'officer', was.officer)));
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_change(p_session bytea, p_name text, p_display text, p_unit text, p_officer text, p_roles text[]) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_disable(p_session bytea, p_name text, p_disabled boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
        was identity.users;
BEGIN
    SELECT * INTO was FROM identity.users u WHERE u.name = p_name FOR UPDATE;
    IF was.name IS NULL OR NOT identity.keeps(who, was.authority) THEN RETURN 'not_found'; END IF;
    IF was.name = who.name THEN RETURN 'own'; END IF;
    IF NOT identity.grants(who, was.roles) THEN RETURN 'roles'; END IF;
    UPDATE identity.users u SET disabled = p_disabled, changed = now() WHERE u.name = p_name;
    IF p_disabled THEN
        UPDATE identity.sessions s SET ended = now() WHERE s.name = p_name AND s.ended IS NULL;
        DELETE FROM identity.invitations i WHERE i.name = p_name;
    END IF;
    PERFORM identity.note(who.name, p_session, 'console', CASE WHEN p_disabled THEN 'account_closed' ELSE 'account_opened' END,
        p_name, was.authority, '{}');
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_disable(p_session bytea, p_name text, p_disabled boolean) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_drop_factor(p_session bytea, p_name text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
        was identity.users;
BEGIN
    SELECT * INTO was FROM identity.users u WHERE u.name = p_name FOR UPDATE;
    IF was.name IS NULL OR NOT identity.keeps(who, was.authority) THEN RETURN 'not_found'; END IF;
    IF was.name = who.name THEN RETURN 'own'; END IF;
    IF NOT 'security_officer' = ANY (who.roles) THEN RETURN 'roles'; END IF;
    DELETE FROM identity.factors f WHERE f.name = p_name;
    IF NOT FOUND THEN RETURN 'none'; END IF;
    DELETE FROM identity.recovery_codes r WHERE r.name = p_name;
    UPDATE identity.sessions s SET ended = now() WHERE s.name = p_name AND s.ended IS NULL;
    PERFORM identity.note(who.name, p_session, 'console', 'factor_reset', p_name, was.authority, '{}');
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_drop_factor(p_session bytea, p_name text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_invite(p_session bytea, p_name text, p_link bytea, p_life interval) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
        was identity.users;
BEGIN
    SELECT * INTO was FROM identity.users u WHERE u.name = p_name FOR UPDATE;
    IF was.name IS NULL OR NOT identity.keeps(who, was.authority) THEN RETURN 'not_found'; END IF;
    IF was.name = who.name THEN RETURN 'own'; END IF;
    IF NOT identity.grants(who, was.roles) THEN RETURN 'roles'; END IF;
    IF was.disabled THEN RETURN 'closed'; END IF;
    UPDATE identity.users u SET password = NULL, changed = now() WHERE u.name = p_name;
    UPDATE identity.sessions s SET ended = now() WHERE s.name = p_name AND s.ended IS NULL;
    INSERT INTO identity.invitations AS i (link, name, expires) VALUES (p_link, p_name, now() + p_life)
    ON CONFLICT (name) DO UPDATE SET link = excluded.link, expires = excluded.expires;
    PERFORM identity.note(who.name, p_session, 'console', 'password_reset', p_name, was.authority, '{}');
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_invite(p_session bytea, p_name text, p_link bytea, p_life interval) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keep_unit(p_session bytea, p_authority text, p_unit text, p_name text, p_role text, p_closed boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.keeper(p_session);
BEGIN
    IF NOT identity.keeps(who, p_authority) THEN RETURN 'authority'; END IF;
    IF NOT 'administrator' = ANY (who.roles) THEN RETURN 'roles'; END IF;
    INSERT INTO identity.units AS n (authority, unit, name, role, closed) VALUES (p_authority, p_unit, p_name, p_role, p_closed)
    ON CONFLICT (authority, unit) DO UPDATE SET name = excluded.name, role = excluded.role, closed = excluded.closed,
        changed = now();
    PERFORM identity.note(who.name, p_session, 'console', 'unit_set', p_unit, p_authority,
        jsonb_build_object('name', p_name, 'role', p_role, 'closed', p_closed));
    RETURN '';
END $$;

ALTER FUNCTION identity.keep_unit(p_session bytea, p_authority text, p_unit text, p_name text, p_role text, p_closed boolean) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keeper(p_session bytea) RETURNS identity.users
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT o FROM identity.owner_of(p_session) o WHERE o.roles && ARRAY['administrator', 'security_officer']
$$;

ALTER FUNCTION identity.keeper(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.keeps(p_who identity.users, p_authority text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT p_who.name IS NOT NULL
       AND (p_authority = p_who.authority OR p_authority = ANY (identity.below(p_who.authority)))
$$;

ALTER FUNCTION identity.keeps(p_who identity.users, p_authority text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.kept_accounts(p_session bytea, p_name text, p_after text, p_limit integer) RETURNS TABLE(name text, display text, authority text, unit text, officer text, roles text[], disabled boolean, password boolean, factor boolean, invited timestamp with time zone, created timestamp with time zone, mine boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Accounts of the own authority and those below, one by name or a page of them. `mine`: this keeper may change it.
    SELECT u.name, u.display, u.authority, coalesce(u.unit, ''), coalesce(u.officer, ''), u.roles, u.disabled,
           u.password IS NOT NULL,
           EXISTS (SELECT FROM identity.factors f WHERE f.name = u.name AND f.confirmed IS NOT NULL),
           (SELECT i.expires FROM identity.invitations i WHERE i.name = u.name AND i.expires > now()), u.created,
           identity.grants(k, u.roles) AND u.name <> k.name
      FROM identity.keeper(p_session) k
      JOIN identity.users u ON u.authority = k.authority OR u.authority = ANY (identity.below(k.authority))
     WHERE k.name IS NOT NULL AND (p_name IS NULL OR u.name = p_name) AND u.name > p_after
     ORDER BY u.name LIMIT p_limit
$$;

ALTER FUNCTION identity.kept_accounts(p_session bytea, p_name text, p_after text, p_limit integer) OWNER TO liuhen_owner;

CREATE FUNCTION identity.kept_authorities(p_session bytea) RETURNS TABLE(authority text, parent text, name text, epoch integer, accounts bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- `epoch` NULL: no log was begun yet.
    SELECT known.authority, coalesce(a.parent, ''), coalesce(a.name, ''),
           (SELECT max(l.epoch) FROM log.logs l WHERE l.authority = known.authority AND l.kind = 'authority'),
           (SELECT count(*) FROM identity.users u WHERE u.authority = known.authority AND NOT u.disabled)
      FROM identity.keeper(p_session) k
     CROSS JOIN LATERAL unnest(array_prepend(k.authority, identity.below(k.authority))) AS known (authority)
      LEFT JOIN identity.authorities a ON a.authority = known.authority
     WHERE k.name IS NOT NULL ORDER BY known.authority LIMIT 5000
$$;

ALTER FUNCTION identity.kept_authorities(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.kept_units(p_session bytea) RETURNS TABLE(authority text, unit text, name text, role text, closed boolean, accounts bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT n.authority, n.unit, n.name, n.role, n.closed,
           (SELECT count(*) FROM identity.users u WHERE u.authority = n.authority AND u.unit = n.unit AND NOT u.disabled)
      FROM identity.keeper(p_session) k
      JOIN identity.units n ON n.authority = k.authority OR n.authority = ANY (identity.below(k.authority))
     ORDER BY n.authority, n.unit LIMIT 2000
$$;

ALTER FUNCTION identity.kept_units(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.link(p_session bytea, p_issuer text, p_subject text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    IF who.name IS NULL THEN RETURN false; END IF;
    INSERT INTO identity.links (issuer, subject, name) VALUES (p_issuer, p_subject, who.name) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM identity.note(who.name, p_session, 'console', 'provider_linked', who.name, who.authority,
        jsonb_build_object('issuer', p_issuer));
    RETURN true;
END $$;

ALTER FUNCTION identity.link(p_session bytea, p_issuer text, p_subject text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.linked(p_issuer text, p_subject text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT u.name FROM identity.links l JOIN identity.users u USING (name)
     WHERE l.issuer = p_issuer AND l.subject = p_subject AND NOT u.disabled
$$;

ALTER FUNCTION identity.linked(p_issuer text, p_subject text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.looked_over(p_roles text[]) RETURNS TABLE(authority text, below text[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Authorities of accounts and programs with one of some roles, each with those below it.
    SELECT found.authority, identity.below(found.authority)
      FROM (SELECT u.authority FROM identity.users u WHERE u.roles && p_roles AND NOT u.disabled
             UNION
            SELECT t.authority FROM identity.tokens t
             WHERE t.role = ANY (p_roles) AND t.revoked IS NULL AND t.expires > now()) found
$$;

ALTER FUNCTION identity.looked_over(p_roles text[]) OWNER TO liuhen_owner;

CREATE FUNCTION identity.names(p_authorities text[]) RETURNS TABLE(authority text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- What authorities are called; those without a name are left out.
    SELECT a.authority, a.name FROM identity.authorities a WHERE a.authority = ANY (p_authorities) AND a.name <> ''
$$;

ALTER FUNCTION identity.names(p_authorities text[]) OWNER TO liuhen_owner;

CREATE FUNCTION identity.new_recovery_codes(p_session bytea, p_codes bytea[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION identity.new_recovery_codes(p_session bytea, p_codes bytea[]) OWNER TO liuhen_owner;

CREATE FUNCTION identity.note(p_actor text, p_session bytea, p_via text, p_what text, p_subject text, p_authority text, p_detail jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    INSERT INTO identity.trail (actor, session, via, what, subject, authority, detail)
         VALUES (p_actor, p_session, p_via, p_what, p_subject, p_authority, p_detail)
$$;

ALTER FUNCTION identity.note(p_actor text, p_session bytea, p_via text, p_what text, p_subject text, p_authority text, p_detail jsonb) OWNER TO liuhen_owner;

CREATE FUNCTION identity.offer_factor(p_session bytea, p_sealed bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- A secret that was offered before may be replaced, one that is confirmed may not.
    INSERT INTO identity.factors AS f (name, sealed)
         SELECT o.name, p_sealed FROM identity.owner_of(p_session) o WHERE o.name IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, made = now() WHERE f.confirmed IS NULL
    RETURNING true
$$;

ALTER FUNCTION identity.offer_factor(p_session bytea, p_sealed bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.open_session(p_session bytea, p_name text, p_absolute interval, p_factors integer, p_agent text) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    DELETE FROM identity.sessions s WHERE s.opened < now() - p_absolute;
    INSERT INTO identity.sessions (session, name, factors, agent)
         SELECT p_session, u.name, p_factors, left(p_agent, 200) FROM identity.users u WHERE u.name = p_name AND NOT u.disabled
      RETURNING true;
$$;

ALTER FUNCTION identity.open_session(p_session bytea, p_name text, p_absolute interval, p_factors integer, p_agent text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.own_password(p_session bytea, p_password text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION identity.own_password(p_session bytea, p_password text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.owner_of(p_session bytea) RETURNS identity.users
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT u FROM identity.sessions s JOIN identity.users u USING (name)
     WHERE s.session = p_session AND s.ended IS NULL AND NOT u.disabled
$$;

ALTER FUNCTION identity.owner_of(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.prove(p_session bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE identity.sessions s SET proved = now() WHERE s.session = p_session AND s.ended IS NULL
$$;

ALTER FUNCTION identity.prove(p_session bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the trail of accounts is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

ALTER FUNCTION identity.refuse() OWNER TO liuhen_owner;

CREATE FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval) RETURNS TABLE(name text, display text, authority text, roles text[], fresh boolean, officer text, unit text, unit_role text, below text[], factors integer, factor boolean)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval) OWNER TO liuhen_owner;

CREATE FUNCTION identity.sessions_of(p_session bytea, p_idle interval, p_absolute interval) RETURNS TABLE(session bytea, opened timestamp with time zone, seen timestamp with time zone, factors integer, agent text, codes bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- The open sessions of the account that this one belongs to, the newest first, and how many recovery codes are left.
    SELECT s.session, s.opened, s.seen, s.factors, s.agent,
           (SELECT count(*) FROM identity.recovery_codes r WHERE r.name = s.name AND r.used IS NULL)
      FROM identity.owner_of(p_session) o JOIN identity.sessions s ON s.name = o.name
     WHERE s.ended IS NULL AND s.seen > now() - p_idle AND s.opened > now() - p_absolute
     ORDER BY s.opened DESC LIMIT 100
$$;

ALTER FUNCTION identity.sessions_of(p_session bytea, p_idle interval, p_absolute interval) OWNER TO liuhen_owner;

CREATE FUNCTION identity.stem(p_authority text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
    -- What the codes of all below begin with: 210500 -> 2105. NULL for what is no division code.
    SELECT CASE WHEN p_authority ~ '^[0-9]{6}$' THEN regexp_replace(p_authority, '(00){1,3}$', '') END
$_$;

ALTER FUNCTION identity.stem(p_authority text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.token(p_token bytea) RETURNS TABLE(label text, authority text, role text, below text[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT t.label, t.authority, t.role,
           CASE WHEN t.role IN ('supervisor', 'auditor', 'bureau_head', 'administrator', 'security_officer')
                THEN identity.below(t.authority) ELSE '{}' END
      FROM identity.tokens t WHERE t.token = p_token AND t.revoked IS NULL AND t.expires > now()
$$;

ALTER FUNCTION identity.token(p_token bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.trail_of(p_session bytea, p_before bigint, p_limit integer) RETURNS TABLE(entry bigint, at timestamp with time zone, actor text, session bytea, via text, what text, subject text, authority text, detail jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT t.entry, t.at, t.actor, t.session, t.via, t.what, t.subject, t.authority, t.detail
      FROM identity.owner_of(p_session) o
      JOIN identity.trail t ON t.authority = o.authority OR t.authority = ANY (identity.below(o.authority))
     WHERE o.roles && ARRAY['administrator', 'security_officer', 'auditor'] AND t.entry < p_before
     ORDER BY t.entry DESC LIMIT p_limit
$$;

ALTER FUNCTION identity.trail_of(p_session bytea, p_before bigint, p_limit integer) OWNER TO liuhen_owner;

CREATE FUNCTION identity.try_sign_in(p_secret bytea, p_life interval, p_tries integer) RETURNS text
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Whose sign-in waits; each asking is a try, and behind the last one the password is asked for again.
    UPDATE identity.sign_ins s SET tries = s.tries + 1
     WHERE s.secret = p_secret AND s.begun > now() - p_life AND s.tries < p_tries
       AND EXISTS (SELECT FROM identity.users u WHERE u.name = s.name AND NOT u.disabled)
    RETURNING s.name
$$;

ALTER FUNCTION identity.try_sign_in(p_secret bytea, p_life interval, p_tries integer) OWNER TO liuhen_owner;

CREATE FUNCTION identity.unlink(p_session bytea, p_issuer text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    DELETE FROM identity.links l WHERE l.name = who.name AND l.issuer = p_issuer;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM identity.note(who.name, p_session, 'console', 'provider_unlinked', who.name, who.authority,
        jsonb_build_object('issuer', p_issuer));
    RETURN true;
END $$;

ALTER FUNCTION identity.unlink(p_session bytea, p_issuer text) OWNER TO liuhen_owner;

CREATE FUNCTION identity.use_recovery(p_name text, p_code bytea) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    UPDATE identity.recovery_codes r SET used = now() WHERE r.name = p_name AND r.code = p_code AND r.used IS NULL
    RETURNING true
$$;

ALTER FUNCTION identity.use_recovery(p_name text, p_code bytea) OWNER TO liuhen_owner;

CREATE FUNCTION identity.use_step(p_name text, p_step bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- The one place where a code becomes used: of two at once one wins.
    UPDATE identity.factors f SET last_step = p_step
     WHERE f.name = p_name AND f.confirmed IS NOT NULL AND f.last_step < p_step RETURNING true
$$;

ALTER FUNCTION identity.use_step(p_name text, p_step bigint) OWNER TO liuhen_owner;

CREATE FUNCTION log.add_terminal(p_terminal uuid, p_authority text, p_event_key bytea, p_request_key bytea, p_replaces uuid, p_log integer, p_position bigint, p_genesis bytea, p_code bytea, p_request bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    UPDATE log.codes c SET terminal = p_terminal, request = p_request
     WHERE c.code_hash = p_code AND c.terminal IS NULL AND c.expires > now() AND c.authority = p_authority;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the enrolment code is used or expired' USING ERRCODE = 'LH002';
    END IF;
    INSERT INTO log.terminals (terminal, authority, event_key, request_key, replaces, log_id, position, hash)
         VALUES (p_terminal, p_authority, p_event_key, p_request_key, p_replaces, p_log, p_position, p_genesis);
END $$;

ALTER FUNCTION log.add_terminal(p_terminal uuid, p_authority text, p_event_key bytea, p_request_key bytea, p_replaces uuid, p_log integer, p_position bigint, p_genesis bytea, p_code bytea, p_request bytea) OWNER TO liuhen_owner;

CREATE FUNCTION log.advance(p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_notes text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    i integer;
    written bigint;
    last bigint;
BEGIN
    FOR i IN 1 .. coalesce(array_length(p_logs, 1), 0) LOOP
        -- Written by this very transaction, dense from the old size to the new one, and nothing beyond it.
        SELECT count(*) FILTER (WHERE e.xmin = pg_current_xact_id()::xid), max(e.position) INTO written, last
          FROM log.entries e WHERE e.log_id = p_logs[i] AND e.position >= p_from[i];
        IF p_to[i] <= p_from[i] OR written <> p_to[i] - p_from[i] OR last <> p_to[i] - 1 THEN
            RAISE EXCEPTION 'log %: % entries up to position % do not lead from size % to %', p_logs[i], written, last, p_from[i], p_to[i]
                USING ERRCODE = 'LH001';
        END IF;
        PERFORM log.move_head(p_logs[i], p_from[i], p_to[i], p_roots[i], p_frontiers[i], p_notes[i]);
    END LOOP;
END $$;

ALTER FUNCTION log.advance(p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_notes text[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.append_group(p_logs integer[], p_epochs integer[], p_from bigint[], p_before text[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_head_notes text[], p_ahead boolean, p_entry_logs integer[], p_entry_firsts bigint[], p_entry_counts integer[], p_entries bytea[], p_run_logs integer[], p_run_origins uuid[], p_run_versions bigint[], p_run_chains smallint[], p_run_positions bigint[], p_run_notes integer[], p_run_firsts integer[], p_run_counts integer[], p_run_ids uuid[], p_key_logs integer[], p_origins uuid[], p_versions bigint[], p_key_chains smallint[], p_key_positions bigint[], p_notes integer[], p_ids uuid[], p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[], p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[], p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[], p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_terminal_versions integer[], p_wanted_logs integer[], p_wanted_terminals uuid[], p_wanted_kinds text[], p_wanted_digests bytea[], p_wanted_seqs bigint[], p_wanted_positions bigint[], p_private bytea[], p_sealed bytea[], p_opened boolean[]) RETURNS TABLE(backed bigint[], terminals uuid[], waiting integer[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    i integer;
    done integer := 0;
    behind bigint;
    moved bigint;
BEGIN
    IF p_ahead THEN
        -- Decided ahead of the locks: it stands only where every head is what was foreseen and no event was there before.
        -- Each statement has a snapshot of its own, so the second sees what was committed before the locks were given.
        PERFORM FROM log.heads h WHERE h.log_id = ANY (p_logs) ORDER BY h.log_id FOR UPDATE;
        SELECT count(*) FILTER (WHERE h.size < w.size),
               count(*) FILTER (WHERE h.size IS DISTINCT FROM w.size OR h.note <> w.note
                                   OR w.epoch <> (SELECT max(n.epoch) FROM log.logs n WHERE n.authority = l.authority))
          INTO behind, moved
          FROM unnest(p_logs, p_epochs, p_from, p_before) AS w (log_id, epoch, size, note)
          LEFT JOIN log.heads h USING (log_id) LEFT JOIN log.logs l USING (log_id);
        IF behind > 0 THEN
            RAISE EXCEPTION 'a group that comes before this one is not there yet' USING ERRCODE = 'LH003';
        ELSIF moved > 0 THEN
            RAISE EXCEPTION 'a head is not where it was foreseen' USING ERRCODE = 'LH004';
        ELSIF EXISTS (SELECT FROM (SELECT k.log_id FROM log.keys k WHERE k.id = ANY (p_run_ids) OFFSET 0) AS s WHERE s.log_id = ANY (p_logs)) THEN
            RAISE EXCEPTION 'an event is there before' USING ERRCODE = 'LH004';
        END IF;
    END IF;
    -- Entries and single keys come along when they are few; many come by COPY. A run is what most batches are: versions
    -- and positions that follow one another.
    FOR i IN 1 .. cardinality(p_entry_logs) LOOP
        INSERT INTO log.entries (log_id, position, entry)
             SELECT p_entry_logs[i], p_entry_firsts[i] + n - 1, p_entries[done + n] FROM generate_series(1, p_entry_counts[i]) AS n;
        done := done + p_entry_counts[i];
    END LOOP;
    IF cardinality(p_run_logs) > 0 THEN
        INSERT INTO log.keys (log_id, origin, version, chain, position, notes, id)
             SELECT r.log_id, r.origin, r.version + n, r.chain, r.position + n, r.notes, p_run_ids[r.first + n]
               FROM unnest(p_run_logs, p_run_origins, p_run_versions, p_run_chains, p_run_positions, p_run_notes, p_run_firsts, p_run_counts)
                    AS r (log_id, origin, version, chain, position, notes, first, count),
                    generate_series(0, r.count - 1) AS n;
    END IF;
    IF cardinality(p_key_logs) > 0 THEN
        INSERT INTO log.keys (log_id, origin, version, chain, position, notes, id)
             SELECT * FROM unnest(p_key_logs, p_origins, p_versions, p_key_chains, p_key_positions, p_notes, p_ids);
    END IF;
    IF cardinality(p_tag_logs) > 0 THEN
        INSERT INTO log.tags (log_id, tag, position, offsets)
             SELECT * FROM unnest(p_tag_logs, p_tags, p_tag_positions, p_offsets);
    END IF;
    IF cardinality(p_seal_logs) > 0 THEN
        INSERT INTO log.seals (log_id, terminal, chain, position, last)
             SELECT * FROM unnest(p_seal_logs, p_seal_terminals, p_seal_chains, p_seal_positions, p_lasts);
    END IF;
    IF cardinality(p_wanted_logs) > 0 THEN
        INSERT INTO log.wanted (log_id, terminal, kind, digest, seq, position)
             SELECT * FROM unnest(p_wanted_logs, p_wanted_terminals, p_wanted_kinds, p_wanted_digests, p_wanted_seqs, p_wanted_positions)
        ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(p_terminals) > 0 THEN
        -- `waiting` moves by a difference: files arrive without the head's lock.
        WITH moved AS (
            UPDATE log.terminals t
               SET seq = n.seq, hash = n.hash, declared = n.declared, chain = n.chain, held = n.held, revoked = n.revoked,
                   clock = n.clock, rare = n.rare, waiting = t.waiting + n.more, version = n.version
              FROM unnest(p_terminals, p_seqs, p_hashes, p_declared, p_chains, p_held, p_revoked, p_clocks, p_rare, p_more, p_terminal_versions)
                   AS n (terminal, seq, hash, declared, chain, held, revoked, clock, rare, more, version)
             WHERE t.terminal = n.terminal RETURNING t.terminal, t.waiting)
        SELECT array_agg(m.terminal), array_agg(m.waiting) INTO terminals, waiting FROM moved m;
    END IF;
    IF cardinality(p_entry_logs) > 0 THEN
        -- What was written above is dense by itself: left to say is that it leads from size to size, with nothing beyond.
        IF p_entry_logs <> p_logs OR p_entry_firsts <> p_from OR done <> cardinality(p_entries) THEN
            RAISE EXCEPTION 'the entries that came along are not those of the heads that move' USING ERRCODE = 'LH001';
        END IF;
        FOR i IN 1 .. cardinality(p_logs) LOOP
            IF p_to[i] - p_from[i] <> p_entry_counts[i]
               OR EXISTS (SELECT FROM log.entries e WHERE e.log_id = p_logs[i] AND e.position >= p_to[i]) THEN
                RAISE EXCEPTION 'log %: % entries do not lead from size % to %', p_logs[i], p_entry_counts[i], p_from[i], p_to[i]
                    USING ERRCODE = 'LH001';
            END IF;
            backed := backed || log.move_head(p_logs[i], p_from[i], p_to[i], p_roots[i], p_frontiers[i], p_head_notes[i]);
        END LOOP;
    ELSIF cardinality(p_logs) > 0 THEN
        PERFORM log.advance(p_logs, p_from, p_to, p_roots, p_frontiers, p_head_notes);
        SELECT array_agg(h.backed ORDER BY w.place) INTO backed
          FROM unnest(p_logs) WITH ORDINALITY AS w (log_id, place) JOIN log.heads h USING (log_id);
    END IF;
    -- Private values: what came now, and what had come before an envelope that cites it.
    IF cardinality(p_private) > 0 THEN
        PERFORM log.keep_private(p_private, p_sealed, p_opened);
    END IF;
    IF cardinality(p_private) > 0 OR 'private' = ANY (p_wanted_kinds) THEN
        PERFORM log.arrive('private', ARRAY(
            SELECT DISTINCT p.digest FROM log.private p WHERE p.opened AND p.digest = ANY (p_wanted_digests || p_private)));
        SELECT array_agg(t.terminal), array_agg(t.waiting) INTO terminals, waiting
          FROM log.terminals t WHERE t.terminal = ANY (p_terminals);
    END IF;
    RETURN NEXT;
END $$;

ALTER FUNCTION log.append_group(p_logs integer[], p_epochs integer[], p_from bigint[], p_before text[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_head_notes text[], p_ahead boolean, p_entry_logs integer[], p_entry_firsts bigint[], p_entry_counts integer[], p_entries bytea[], p_run_logs integer[], p_run_origins uuid[], p_run_versions bigint[], p_run_chains smallint[], p_run_positions bigint[], p_run_notes integer[], p_run_firsts integer[], p_run_counts integer[], p_run_ids uuid[], p_key_logs integer[], p_origins uuid[], p_versions bigint[], p_key_chains smallint[], p_key_positions bigint[], p_notes integer[], p_ids uuid[], p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[], p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[], p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[], p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_terminal_versions integer[], p_wanted_logs integer[], p_wanted_terminals uuid[], p_wanted_kinds text[], p_wanted_digests bytea[], p_wanted_seqs bigint[], p_wanted_positions bigint[], p_private bytea[], p_sealed bytea[], p_opened boolean[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.arrive(p_kind text, p_digests bytea[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    WITH came AS (
        UPDATE log.wanted w SET arrived = true
         WHERE w.kind = p_kind AND w.digest = ANY (p_digests) AND NOT w.arrived
     RETURNING w.terminal
    )
    UPDATE log.terminals t SET waiting = t.waiting - c.number
      FROM (SELECT terminal, count(*)::integer AS number FROM came GROUP BY terminal) c
     WHERE t.terminal = c.terminal
$$;

ALTER FUNCTION log.arrive(p_kind text, p_digests bytea[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.confirm_backup(p_log integer, p_size bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    UPDATE log.heads h SET backed = greatest(h.backed, p_size) WHERE h.log_id = p_log AND p_size <= h.size;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'log % has no size %', p_log, p_size;
    END IF;
END $$;

ALTER FUNCTION log.confirm_backup(p_log integer, p_size bigint) OWNER TO liuhen_owner;

CREATE FUNCTION log.create_log(p_authority text, p_epoch integer, p_origin text, p_kind text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE made integer;
BEGIN
    IF p_epoch <> 1 + coalesce((SELECT max(l.epoch) FROM log.logs l WHERE l.authority = p_authority), 0) THEN
        RAISE EXCEPTION 'epoch % of % does not follow the newest', p_epoch, p_authority;
    END IF;
    INSERT INTO log.logs (authority, epoch, origin, kind) VALUES (p_authority, p_epoch, p_origin, p_kind) RETURNING log_id INTO made;
    INSERT INTO log.heads (log_id, size, root, frontier, note)
         VALUES (made, 0, sha256(''::bytea), ''::bytea, '');
    RETURN made;
END $$;

ALTER FUNCTION log.create_log(p_authority text, p_epoch integer, p_origin text, p_kind text) OWNER TO liuhen_owner;

CREATE FUNCTION log.keep_private(p_digests bytea[], p_sealed bytea[], p_opened boolean[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    -- Only what some envelope commits to; at most four sealed values for a commitment, the oldest goes. Those of one batch
    -- came in its order, whatever way the database finds through them.
    INSERT INTO log.private (digest, sealed, opened, arrived)
         SELECT n.digest, n.sealed, n.opened, statement_timestamp() + n.place * interval '1 microsecond'
           FROM unnest(p_digests, p_sealed, p_opened) WITH ORDINALITY AS n (digest, sealed, opened, place)
          WHERE EXISTS (SELECT FROM log.wanted w WHERE w.digest = n.digest AND w.kind = 'private')
            AND NOT EXISTS (SELECT FROM log.private p WHERE p.digest = n.digest AND (p.opened OR p.sealed = n.sealed));
    DELETE FROM log.private p
          WHERE p.digest = ANY (p_digests)
            AND 4 <= (SELECT count(*) FROM log.private q WHERE q.digest = p.digest AND q.arrived > p.arrived);
END $$;

ALTER FUNCTION log.keep_private(p_digests bytea[], p_sealed bytea[], p_opened boolean[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.lock_heads(p_logs integer[]) RETURNS TABLE(log_id integer, epoch integer, authority text, origin text, kind text, newest integer, size bigint, root bytea, frontier bytea, note text, backed bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Locked in log_id order, so that two groups cannot wait for each other.
    WITH locked AS MATERIALIZED (
        SELECT h.* FROM log.heads h WHERE h.log_id = ANY (p_logs) ORDER BY h.log_id FOR UPDATE
    )
    SELECT h.log_id, l.epoch, l.authority, l.origin, l.kind,
           (SELECT max(n.epoch) FROM log.logs n WHERE n.authority = l.authority),
           h.size, h.root, h.frontier, h.note, h.backed
      FROM locked h JOIN log.logs l USING (log_id)
$$;

ALTER FUNCTION log.lock_heads(p_logs integer[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.move_head(p_log integer, p_from bigint, p_to bigint, p_root bytea, p_frontier bytea, p_note text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    backed bigint;
BEGIN
    -- Whoever calls it has made sure that the entries from the old size to the new one are there, and none beyond.
    UPDATE log.heads h SET size = p_to, root = p_root, frontier = p_frontier, note = p_note
     WHERE h.log_id = p_log AND h.size = p_from AND p_from < p_to RETURNING h.backed INTO backed;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'log %: the head is not at size %, or it would not move from there to %', p_log, p_from, p_to
            USING ERRCODE = 'LH001';
    END IF;
    INSERT INTO log.checkpoints (log_id, size, note) VALUES (p_log, p_to, p_note);
    PERFORM pg_notify('liuhen_log', p_log || ' ' || p_to);
    RETURN backed;
END $$;

ALTER FUNCTION log.move_head(p_log integer, p_from bigint, p_to bigint, p_root bytea, p_frontier bytea, p_note text) OWNER TO liuhen_owner;

CREATE TABLE log.terminals (
    terminal uuid NOT NULL,
    authority text NOT NULL,
    event_key bytea NOT NULL,
    request_key bytea NOT NULL,
    replaces uuid,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    hash bytea NOT NULL,
    declared bigint DEFAULT 0 NOT NULL,
    chain smallint DEFAULT 0 NOT NULL,
    held boolean DEFAULT false NOT NULL,
    revoked bigint,
    clock bytea,
    rare bytea,
    waiting integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT terminals_event_key_check CHECK ((octet_length(event_key) = 32)),
    CONSTRAINT terminals_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT terminals_request_key_check CHECK ((octet_length(request_key) = 32))
)
WITH (fillfactor='50');

ALTER TABLE log.terminals OWNER TO liuhen_owner;

CREATE FUNCTION log.open_group(p_logs integer[], p_terminals uuid[], p_ids uuid[]) RETURNS TABLE(heads log.locked_head[], standing log.terminals[], known_logs integer[], known_ids uuid[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    -- One round trip for what every group begins with. Each statement has a snapshot of its own, so what is read behind
    -- the locks is what was committed before they were given.
    SELECT array_agg(ROW(h.*)::log.locked_head) INTO heads FROM log.lock_heads(p_logs) h;
    SELECT array_agg(t) INTO standing FROM log.terminals t WHERE t.terminal = ANY (p_terminals);
    SELECT array_agg(k.log_id), array_agg(k.id) INTO known_logs, known_ids FROM log.keys k WHERE k.id = ANY (p_ids);
    RETURN NEXT;
END $$;

ALTER FUNCTION log.open_group(p_logs integer[], p_terminals uuid[], p_ids uuid[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.read_entries(p_log integer, p_positions bigint[]) RETURNS TABLE(pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Fails closed: without liuhen.authority set in the transaction, current_setting raises.
    SELECT e.position, e.entry
      FROM log.entries e JOIN log.logs l USING (log_id)
     WHERE e.log_id = p_log AND e.position = ANY (p_positions) AND l.authority = current_setting('liuhen.authority')
     ORDER BY e.position
$$;

ALTER FUNCTION log.read_entries(p_log integer, p_positions bigint[]) OWNER TO liuhen_owner;

CREATE FUNCTION log.read_tag(p_tag text) RETURNS TABLE(log_id integer, pos bigint, offsets bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT t.log_id, t.position, t.offsets
      FROM log.tags t JOIN log.logs l USING (log_id)
     WHERE t.tag = p_tag AND l.authority = current_setting('liuhen.authority')
     ORDER BY t.log_id, t.position
$$;

ALTER FUNCTION log.read_tag(p_tag text) OWNER TO liuhen_owner;

CREATE FUNCTION log.refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

ALTER FUNCTION log.refuse() OWNER TO liuhen_owner;

CREATE FUNCTION view.dirty(OUT number bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    -- How many matters wait for the judges, of whatever authority: a number and nothing else.
    IF (SELECT p.slot FROM view.process p) = 'a' THEN
        SELECT count(*) INTO number FROM view_a.dirty;
    ELSE
        SELECT count(*) INTO number FROM view_b.dirty;
    END IF;
END $$;

ALTER FUNCTION view.dirty(OUT number bigint) OWNER TO liuhen_owner;

CREATE FUNCTION view.holder(p_digest bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Of those that are looked at, the authority whose records cite a file; the own one before others.
    SELECT l.authority
      FROM (SELECT w.log_id FROM log.wanted w WHERE w.digest = p_digest AND w.kind = 'blob'
            UNION SELECT c.log_id FROM evidence.citations c WHERE c.digest = p_digest) p
      JOIN log.logs l ON l.log_id = p.log_id
     WHERE l.authority = ANY (view.seen())
     ORDER BY l.authority <> current_setting('liuhen.authority'), l.authority LIMIT 1
$$;

ALTER FUNCTION view.holder(p_digest bytea) OWNER TO liuhen_owner;

CREATE FUNCTION view.ledgers(p_authority text) RETURNS TABLE(log_id integer, pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Fails closed: only for the authority of the transaction and those that it names.
    SELECT e.log_id, e.position, e.entry
      FROM (SELECT f.log_id, f.positions FROM view_a.filings f, view.process p
             WHERE p.slot = 'a' AND f.key = 'ledgers:' || p_authority
            UNION ALL
            SELECT f.log_id, f.positions FROM view_b.filings f, view.process p
             WHERE p.slot = 'b' AND f.key = 'ledgers:' || p_authority) AS filed
     CROSS JOIN LATERAL unnest(filed.positions) AS place (pos)
      JOIN log.entries e ON e.log_id = filed.log_id AND e.position = place.pos
     WHERE view.sees(p_authority)
     ORDER BY e.log_id, e.position
$$;

ALTER FUNCTION view.ledgers(p_authority text) OWNER TO liuhen_owner;

CREATE FUNCTION view.logs() RETURNS TABLE(log_id integer, epoch integer, size bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT l.log_id, l.epoch, h.size
      FROM log.logs l JOIN log.heads h USING (log_id)
     WHERE l.authority = ANY (view.seen()) AND l.kind = 'authority'
     ORDER BY l.epoch, l.log_id
$$;

ALTER FUNCTION view.logs() OWNER TO liuhen_owner;

CREATE FUNCTION view.logs_of(p_authorities text[]) RETURNS TABLE(log_id integer, authority text, epoch integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Of authorities that whoever asks may see: for a view over several of them, which is as of a vector of positions.
    SELECT l.log_id, l.authority, l.epoch FROM log.logs l
     WHERE l.kind = 'authority' AND l.authority = ANY (p_authorities) AND view.sees(l.authority)
     ORDER BY l.log_id
$$;

ALTER FUNCTION view.logs_of(p_authorities text[]) OWNER TO liuhen_owner;

CREATE FUNCTION view.outstanding(p_terminals uuid[]) RETURNS TABLE(terminal uuid, waiting bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Of terminals of any authority, since a joint matter rests on those of several: a number and nothing else.
    SELECT t.terminal, t.declared - t.seq FROM log.terminals t WHERE t.terminal = ANY (p_terminals) AND t.declared > t.seq
$$;

ALTER FUNCTION view.outstanding(p_terminals uuid[]) OWNER TO liuhen_owner;

CREATE FUNCTION view.pairs(p_text text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT array_agg(DISTINCT substr(p_text, i, 2)) FROM generate_series(1, greatest(char_length(p_text) - 1, 1)) AS i
$$;

ALTER FUNCTION view.pairs(p_text text) OWNER TO liuhen_owner;

CREATE FUNCTION view.places(p_ids uuid[]) RETURNS TABLE(id uuid, log_id integer, pos bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Positions of events of the authority of the transaction, and of no other.
    SELECT k.id, k.log_id, k.position
      FROM log.keys k JOIN log.logs l USING (log_id)
     WHERE k.id = ANY (p_ids) AND l.authority = current_setting('liuhen.authority')
     ORDER BY k.id, k.log_id, k.position
$$;

ALTER FUNCTION view.places(p_ids uuid[]) OWNER TO liuhen_owner;

CREATE FUNCTION view.published_rules() RETURNS TABLE(log_id integer, authority text, pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION view.published_rules() OWNER TO liuhen_owner;

CREATE FUNCTION view.rule_sets(p_authority text) RETURNS TABLE(log_id integer, pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- Fails closed: only for the authority of the transaction and those that it names; rules bind those below.
    SELECT e.log_id, e.position, e.entry
      FROM (SELECT f.log_id, f.positions FROM view_a.filings f, view.process p
             WHERE p.slot = 'a' AND f.key = 'rules:' || p_authority
            UNION ALL
            SELECT f.log_id, f.positions FROM view_b.filings f, view.process p
             WHERE p.slot = 'b' AND f.key = 'rules:' || p_authority) AS filed
     CROSS JOIN LATERAL unnest(filed.positions) AS place (pos)
      JOIN log.entries e ON e.log_id = filed.log_id AND e.position = place.pos
     WHERE view.sees(p_authority)
     ORDER BY e.log_id, e.position
$$;

ALTER FUNCTION view.rule_sets(p_authority text) OWNER TO liuhen_owner;

CREATE FUNCTION view.search(p_terms text[], p_kind text, p_most integer) RETURNS TABLE(kind text, key text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

ALTER FUNCTION view.search(p_terms text[], p_kind text, p_most integer) OWNER TO liuhen_owner;

CREATE FUNCTION view.seen() RETURNS text[]
    LANGUAGE sql STABLE
    AS $$
    SELECT ARRAY[current_setting('liuhen.authority')]
        || coalesce(string_to_array(current_setting('liuhen.below', true), ','), '{}')
$$;

ALTER FUNCTION view.seen() OWNER TO liuhen_owner;

CREATE FUNCTION view.sees(p_authority text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT p_authority = current_setting('liuhen.authority')
        OR p_authority = ANY (string_to_array(current_setting('liuhen.below', true), ','))
$$;

ALTER FUNCTION view.sees(p_authority text) OWNER TO liuhen_owner;

CREATE FUNCTION view.wanted(p_log integer, p_positions bigint[]) RETURNS TABLE(pos bigint, kind text, digest bytea, arrived boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    -- A digest that arrived for one event is here for all of them.
    SELECT w.position, w.kind, w.digest, w.arrived
      FROM log.wanted w JOIN log.logs l USING (log_id)
     WHERE w.log_id = p_log AND w.position = ANY (p_positions) AND l.authority = current_setting('liuhen.authority')
     ORDER BY w.position
$$;

ALTER FUNCTION view.wanted(p_log integer, p_positions bigint[]) OWNER TO liuhen_owner;

CREATE TABLE disclosure.documents (
    digest bytea NOT NULL,
    document bytea NOT NULL,
    CONSTRAINT documents_check CHECK ((digest = sha256(document))),
    CONSTRAINT documents_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT documents_document_check CHECK ((octet_length(document) <= 60000))
);

ALTER TABLE disclosure.documents OWNER TO liuhen_owner;

CREATE TABLE disclosure.draw_secrets (
    draw uuid NOT NULL,
    commitment bytea NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT draw_secrets_commitment_check CHECK ((octet_length(commitment) = 32)),
    CONSTRAINT draw_secrets_sealed_check CHECK ((octet_length(sealed) <= 8192))
);

ALTER TABLE disclosure.draw_secrets OWNER TO liuhen_owner;

CREATE TABLE disclosure.draws (
    draw uuid NOT NULL,
    authority text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    title text NOT NULL,
    draws_on date NOT NULL,
    objects integer NOT NULL,
    team integer NOT NULL,
    announcement uuid NOT NULL,
    result uuid,
    entered boolean NOT NULL,
    changed timestamp with time zone NOT NULL,
    CONSTRAINT draws_status_check CHECK ((status = ANY (ARRAY['announced'::text, 'drawn'::text, 'cancelled'::text]))),
    CONSTRAINT draws_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY disclosure.draws FORCE ROW LEVEL SECURITY;

ALTER TABLE disclosure.draws OWNER TO liuhen_owner;

CREATE TABLE disclosure.files (
    digest bytea NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT files_check CHECK ((digest = sha256(content))),
    CONSTRAINT files_content_check CHECK ((octet_length(content) <= 33554432)),
    CONSTRAINT files_digest_check CHECK ((octet_length(digest) = 32))
);

ALTER TABLE disclosure.files OWNER TO liuhen_owner;

CREATE TABLE disclosure.records (
    record uuid NOT NULL,
    authority text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    subject text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    decision uuid,
    document_no text NOT NULL,
    published_on date,
    until date,
    digest bytea,
    proposes text,
    preparation uuid,
    prepared_by text,
    prepared bytea,
    reason text NOT NULL,
    changed timestamp with time zone NOT NULL,
    CONSTRAINT records_check CHECK ((((preparation IS NULL) = (proposes IS NULL)) AND ((preparation IS NULL) = (prepared_by IS NULL)))),
    CONSTRAINT records_kind_check CHECK ((kind = ANY (ARRAY['case'::text, 'task'::text, 'draw'::text, 'officers'::text]))),
    CONSTRAINT records_proposes_check CHECK ((proposes = ANY (ARRAY['publish'::text, 'correct'::text, 'withdraw'::text, 'withhold'::text]))),
    CONSTRAINT records_revision_check CHECK ((revision >= 0)),
    CONSTRAINT records_status_check CHECK ((status = ANY (ARRAY['new'::text, 'published'::text, 'corrected'::text, 'withdrawn'::text, 'expired'::text, 'withheld'::text]))),
    CONSTRAINT records_version_check CHECK ((version >= 1))
);

ALTER TABLE ONLY disclosure.records FORCE ROW LEVEL SECURITY;

ALTER TABLE disclosure.records OWNER TO liuhen_owner;

CREATE TABLE disclosure.releases (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    record uuid NOT NULL,
    revision integer NOT NULL,
    digest bytea NOT NULL,
    salt bytea NOT NULL,
    CONSTRAINT releases_revision_check CHECK ((revision >= 1)),
    CONSTRAINT releases_salt_check CHECK ((octet_length(salt) = 32))
);

ALTER TABLE disclosure.releases OWNER TO liuhen_owner;

CREATE TABLE evidence.blobs (
    digest bytea NOT NULL,
    size bigint NOT NULL,
    type text NOT NULL,
    authority text NOT NULL,
    terminal uuid NOT NULL,
    received timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    state text DEFAULT 'held'::text NOT NULL,
    checked timestamp with time zone,
    pieces bytea,
    examined boolean DEFAULT false NOT NULL,
    CONSTRAINT blobs_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT blobs_size_check CHECK ((size >= 1)),
    CONSTRAINT blobs_state_check CHECK ((state = ANY (ARRAY['held'::text, 'corrupt'::text, 'lost'::text]))),
    CONSTRAINT blobs_type_check CHECK (((octet_length(type) >= 1) AND (octet_length(type) <= 128)))
);

ALTER TABLE evidence.blobs OWNER TO liuhen_owner;

CREATE TABLE evidence.citations (
    digest bytea NOT NULL,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT citations_digest_check CHECK ((octet_length(digest) = 32))
);

ALTER TABLE evidence.citations OWNER TO liuhen_owner;

CREATE TABLE evidence.grants (
    link bytea NOT NULL,
    session bytea NOT NULL,
    authority text NOT NULL,
    purpose text NOT NULL,
    tags text[] NOT NULL,
    digests bytea[] NOT NULL,
    made timestamp with time zone NOT NULL,
    opened timestamp with time zone,
    secret bytea,
    expires timestamp with time zone,
    CONSTRAINT grants_digests_check CHECK (((cardinality(digests) >= 1) AND (cardinality(digests) <= 500))),
    CONSTRAINT grants_link_check CHECK ((octet_length(link) = 32)),
    CONSTRAINT grants_secret_check CHECK ((octet_length(secret) = 32)),
    CONSTRAINT grants_session_check CHECK ((octet_length(session) = 32))
);

ALTER TABLE evidence.grants OWNER TO liuhen_owner;

CREATE TABLE evidence.uploads (
    upload uuid NOT NULL,
    terminal uuid NOT NULL,
    authority text NOT NULL,
    digest bytea NOT NULL,
    size bigint NOT NULL,
    type text NOT NULL,
    begun timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires timestamp with time zone NOT NULL,
    state text NOT NULL,
    CONSTRAINT uploads_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT uploads_size_check CHECK ((size >= 1)),
    CONSTRAINT uploads_state_check CHECK ((state = ANY (ARRAY['open'::text, 'done'::text]))),
    CONSTRAINT uploads_type_check CHECK (((octet_length(type) >= 1) AND (octet_length(type) <= 128)))
);

ALTER TABLE evidence.uploads OWNER TO liuhen_owner;

CREATE TABLE identity.attempts (
    subject bytea NOT NULL,
    since timestamp with time zone NOT NULL,
    number integer NOT NULL,
    CONSTRAINT attempts_subject_check CHECK ((octet_length(subject) = 32))
)
WITH (fillfactor='50');

ALTER TABLE identity.attempts OWNER TO liuhen_owner;

CREATE TABLE identity.authorities (
    authority text NOT NULL,
    parent text,
    name text DEFAULT ''::text NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT authorities_authority_check CHECK ((authority ~ '^[0-9A-Za-z._-]{1,128}$'::text)),
    CONSTRAINT authorities_check CHECK (((parent ~ '^[0-9A-Za-z._-]{1,128}$'::text) AND (parent <> authority))),
    CONSTRAINT authorities_name_check CHECK ((char_length(name) <= 64))
);

ALTER TABLE identity.authorities OWNER TO liuhen_owner;

CREATE TABLE identity.factors (
    name text NOT NULL,
    sealed bytea NOT NULL,
    confirmed timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    made timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT factors_sealed_check CHECK (((octet_length(sealed) >= 29) AND (octet_length(sealed) <= 200)))
);

ALTER TABLE identity.factors OWNER TO liuhen_owner;

CREATE TABLE identity.invitations (
    link bytea NOT NULL,
    name text NOT NULL,
    expires timestamp with time zone NOT NULL,
    CONSTRAINT invitations_link_check CHECK ((octet_length(link) = 32))
);

ALTER TABLE identity.invitations OWNER TO liuhen_owner;

CREATE TABLE identity.links (
    issuer text NOT NULL,
    subject text NOT NULL,
    name text NOT NULL,
    made timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT links_issuer_check CHECK (((char_length(issuer) >= 1) AND (char_length(issuer) <= 256))),
    CONSTRAINT links_subject_check CHECK (((char_length(subject) >= 1) AND (char_length(subject) <= 255)))
);

ALTER TABLE identity.links OWNER TO liuhen_owner;

CREATE TABLE identity.recovery_codes (
    name text NOT NULL,
    code bytea NOT NULL,
    used timestamp with time zone,
    CONSTRAINT recovery_codes_code_check CHECK ((octet_length(code) = 32))
);

ALTER TABLE identity.recovery_codes OWNER TO liuhen_owner;

CREATE TABLE identity.sessions (
    session bytea NOT NULL,
    name text NOT NULL,
    opened timestamp with time zone DEFAULT now() NOT NULL,
    seen timestamp with time zone DEFAULT now() NOT NULL,
    ended timestamp with time zone,
    proved timestamp with time zone DEFAULT now() NOT NULL,
    factors smallint DEFAULT 1 NOT NULL,
    agent text DEFAULT ''::text NOT NULL,
    CONSTRAINT sessions_agent_check CHECK ((char_length(agent) <= 200)),
    CONSTRAINT sessions_factors_check CHECK ((factors = ANY (ARRAY[1, 2]))),
    CONSTRAINT sessions_session_check CHECK ((octet_length(session) = 32))
);

ALTER TABLE identity.sessions OWNER TO liuhen_owner;

CREATE TABLE identity.sign_ins (
    secret bytea NOT NULL,
    name text NOT NULL,
    begun timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    CONSTRAINT sign_ins_secret_check CHECK ((octet_length(secret) = 32))
);

ALTER TABLE identity.sign_ins OWNER TO liuhen_owner;

CREATE TABLE identity.tokens (
    token bytea NOT NULL,
    label text NOT NULL,
    authority text NOT NULL,
    role text NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    expires timestamp with time zone NOT NULL,
    revoked timestamp with time zone,
    CONSTRAINT tokens_label_check CHECK (((char_length(label) >= 1) AND (char_length(label) <= 64))),
    CONSTRAINT tokens_token_check CHECK ((octet_length(token) = 32))
);

ALTER TABLE identity.tokens OWNER TO liuhen_owner;

CREATE TABLE identity.trail (
    entry bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    session bytea,
    via text NOT NULL,
    what text NOT NULL,
    subject text NOT NULL,
    authority text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT trail_session_check CHECK ((octet_length(session) = 32)),
    CONSTRAINT trail_via_check CHECK ((via = ANY (ARRAY['console'::text, 'command'::text, 'link'::text])))
);

ALTER TABLE identity.trail OWNER TO liuhen_owner;

ALTER TABLE identity.trail ALTER COLUMN entry ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME identity.trail_entry_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE identity.units (
    authority text NOT NULL,
    unit text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    closed boolean DEFAULT false NOT NULL,
    changed timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT units_authority_check CHECK ((authority ~ '^[0-9A-Za-z._-]{1,128}$'::text)),
    CONSTRAINT units_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 64))),
    CONSTRAINT units_role_check CHECK ((role = ANY (ARRAY['leadership'::text, 'handling'::text, 'legal'::text, 'disclosure'::text, 'planning'::text, 'supervision'::text, 'administration'::text, 'other'::text]))),
    CONSTRAINT units_unit_check CHECK ((unit ~ '^[a-z0-9][a-z0-9._-]{0,31}$'::text))
);

ALTER TABLE identity.units OWNER TO liuhen_owner;

CREATE TABLE log.checkpoints (
    log_id integer NOT NULL,
    size bigint NOT NULL,
    note text NOT NULL,
    signed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE log.checkpoints OWNER TO liuhen_owner;

CREATE TABLE log.codes (
    code_hash bytea NOT NULL,
    authority text NOT NULL,
    expires timestamp with time zone NOT NULL,
    terminal uuid,
    request bytea,
    CONSTRAINT codes_code_hash_check CHECK ((octet_length(code_hash) = 32))
);

ALTER TABLE log.codes OWNER TO liuhen_owner;

CREATE TABLE log.contacts (
    terminal uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    offset_ms bigint
)
WITH (fillfactor='50');

ALTER TABLE log.contacts OWNER TO liuhen_owner;

CREATE TABLE log.entries (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT entries_entry_check CHECK ((octet_length(entry) <= 65535)),
    CONSTRAINT entries_position_check CHECK (("position" >= 0))
);
ALTER TABLE ONLY log.entries ALTER COLUMN entry SET STORAGE EXTERNAL;

ALTER TABLE log.entries OWNER TO liuhen_owner;

CREATE TABLE log.heads (
    log_id integer NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    frontier bytea NOT NULL,
    note text NOT NULL,
    backed bigint DEFAULT 0 NOT NULL,
    CONSTRAINT heads_check CHECK ((backed <= size)),
    CONSTRAINT heads_root_check CHECK ((octet_length(root) = 32)),
    CONSTRAINT heads_size_check CHECK ((size >= 0))
)
WITH (fillfactor='20');

ALTER TABLE log.heads OWNER TO liuhen_owner;

CREATE TABLE log.keys (
    log_id integer NOT NULL,
    origin uuid NOT NULL,
    version bigint NOT NULL,
    chain smallint NOT NULL,
    "position" bigint NOT NULL,
    notes integer NOT NULL,
    id uuid
);

ALTER TABLE log.keys OWNER TO liuhen_owner;

CREATE TABLE log.logs (
    log_id integer NOT NULL,
    authority text NOT NULL,
    epoch integer NOT NULL,
    origin text NOT NULL,
    kind text NOT NULL,
    CONSTRAINT logs_authority_check CHECK (((octet_length(authority) >= 1) AND (octet_length(authority) <= 128))),
    CONSTRAINT logs_epoch_check CHECK ((epoch >= 1)),
    CONSTRAINT logs_kind_check CHECK ((kind = ANY (ARRAY['authority'::text, 'application'::text])))
);

ALTER TABLE log.logs OWNER TO liuhen_owner;

ALTER TABLE log.logs ALTER COLUMN log_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME log.logs_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE log.nonces (
    terminal uuid NOT NULL,
    nonce text NOT NULL,
    seen timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT nonces_nonce_check CHECK ((octet_length(nonce) <= 128))
);

ALTER TABLE log.nonces OWNER TO liuhen_owner;

CREATE TABLE log.private (
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    arrived timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    opened boolean NOT NULL,
    CONSTRAINT private_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT private_sealed_check CHECK ((octet_length(sealed) <= 8192))
);

ALTER TABLE log.private OWNER TO liuhen_owner;

CREATE TABLE log.seals (
    log_id integer NOT NULL,
    terminal uuid NOT NULL,
    chain smallint NOT NULL,
    "position" bigint NOT NULL,
    last bigint NOT NULL
);

ALTER TABLE log.seals OWNER TO liuhen_owner;

CREATE TABLE log.tags (
    log_id integer NOT NULL,
    tag text NOT NULL,
    "position" bigint NOT NULL,
    offsets bytea NOT NULL,
    CONSTRAINT tags_offsets_check CHECK (((octet_length(offsets) % 2) = 0)),
    CONSTRAINT tags_tag_check CHECK ((octet_length(tag) <= 128))
);

ALTER TABLE log.tags OWNER TO liuhen_owner;

CREATE TABLE log.tracking (
    projection text NOT NULL,
    application text NOT NULL,
    notification bigint NOT NULL
);

ALTER TABLE log.tracking OWNER TO liuhen_owner;

CREATE TABLE log.wanted (
    log_id integer NOT NULL,
    terminal uuid NOT NULL,
    kind text NOT NULL,
    digest bytea NOT NULL,
    seq bigint NOT NULL,
    "position" bigint NOT NULL,
    arrived boolean DEFAULT false NOT NULL,
    CONSTRAINT wanted_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT wanted_kind_check CHECK ((kind = ANY (ARRAY['blob'::text, 'private'::text])))
);

ALTER TABLE log.wanted OWNER TO liuhen_owner;

CREATE TABLE published.authorities (
    authority text NOT NULL,
    name text NOT NULL,
    uscc text NOT NULL
);

ALTER TABLE published.authorities OWNER TO liuhen_owner;

CREATE TABLE published.files (
    record uuid NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT files_check CHECK ((digest = sha256(content))),
    CONSTRAINT files_digest_check CHECK ((octet_length(digest) = 32))
);

ALTER TABLE published.files OWNER TO liuhen_owner;

CREATE TABLE published.positions (
    authority text NOT NULL,
    epoch integer NOT NULL,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT positions_position_check CHECK (("position" >= 0))
);

ALTER TABLE published.positions OWNER TO liuhen_owner;

CREATE TABLE published.records (
    record uuid NOT NULL,
    authority text NOT NULL,
    subject text NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    document bytea NOT NULL,
    salt bytea NOT NULL,
    party text,
    party_type text,
    uscc text,
    document_no text,
    agency text NOT NULL,
    kinds text[] DEFAULT '{}'::text[] NOT NULL,
    fine_fen bigint,
    confiscated_fen bigint,
    decided_on date,
    published_on date NOT NULL,
    until date,
    changed_on date,
    reason text,
    haystack text NOT NULL,
    terms text[] NOT NULL,
    epoch integer NOT NULL,
    "position" bigint NOT NULL,
    entry bytea NOT NULL,
    released timestamp with time zone NOT NULL,
    CONSTRAINT records_check CHECK (((status = ANY (ARRAY['published'::text, 'corrected'::text])) OR ((party IS NULL) AND (uscc IS NULL) AND (haystack = ''::text) AND (cardinality(terms) = 0)))),
    CONSTRAINT records_party_type_check CHECK ((party_type = ANY (ARRAY['organisation'::text, 'person'::text, 'self_employed'::text]))),
    CONSTRAINT records_revision_check CHECK ((revision >= 1)),
    CONSTRAINT records_salt_check CHECK ((octet_length(salt) = 32)),
    CONSTRAINT records_status_check CHECK ((status = ANY (ARRAY['published'::text, 'corrected'::text, 'withdrawn'::text, 'expired'::text]))),
    CONSTRAINT records_subject_check CHECK ((subject = ANY (ARRAY['penalty'::text, 'inspection'::text, 'compulsory_measure'::text, 'random_selection'::text, 'other'::text, 'officers'::text])))
);

ALTER TABLE published.records OWNER TO liuhen_owner;

CREATE TABLE published.revisions (
    record uuid NOT NULL,
    revision integer NOT NULL,
    outcome text NOT NULL,
    day date NOT NULL,
    reason text,
    epoch integer NOT NULL,
    "position" bigint NOT NULL,
    entry bytea NOT NULL,
    released timestamp with time zone NOT NULL,
    CONSTRAINT revisions_outcome_check CHECK ((outcome = ANY (ARRAY['published'::text, 'corrected'::text, 'withdrawn'::text, 'expired'::text])))
);

ALTER TABLE published.revisions OWNER TO liuhen_owner;

CREATE TABLE published.sections (
    authority text NOT NULL,
    section text NOT NULL,
    key text NOT NULL,
    content jsonb NOT NULL,
    updated date NOT NULL,
    CONSTRAINT sections_section_check CHECK ((section = ANY (ARRAY['mandate'::text, 'officer'::text, 'catalogue'::text, 'benchmark'::text, 'rule'::text, 'random_selection'::text])))
);

ALTER TABLE published.sections OWNER TO liuhen_owner;

CREATE TABLE published.statistics (
    authority text NOT NULL,
    year integer NOT NULL,
    figure text NOT NULL,
    number bigint NOT NULL
);

ALTER TABLE published.statistics OWNER TO liuhen_owner;

CREATE TABLE view.alerts (
    authority text NOT NULL,
    what text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    instant bigint NOT NULL,
    officers text[] NOT NULL,
    noticed timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT alerts_what_check CHECK ((what = ANY (ARRAY['ahead_3'::text, 'ahead_1'::text, 'due'::text, 'signal'::text])))
);

ALTER TABLE ONLY view.alerts FORCE ROW LEVEL SECURITY;

ALTER TABLE view.alerts OWNER TO liuhen_owner;

CREATE TABLE view.changes (
    authority text NOT NULL,
    officer text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    change bigint NOT NULL,
    gone boolean NOT NULL
);

ALTER TABLE ONLY view.changes FORCE ROW LEVEL SECURITY;

ALTER TABLE view.changes OWNER TO liuhen_owner;

CREATE TABLE view.cuts (
    id text NOT NULL,
    made timestamp with time zone DEFAULT now() NOT NULL,
    logs jsonb NOT NULL,
    CONSTRAINT cuts_id_check CHECK ((id ~ '^[0-9a-f]{12}$'::text))
);

ALTER TABLE view.cuts OWNER TO liuhen_owner;

CREATE TABLE view.live (
    one boolean DEFAULT true NOT NULL,
    slot text NOT NULL,
    generation bigint NOT NULL,
    versions text NOT NULL,
    registry bytea NOT NULL,
    CONSTRAINT live_generation_check CHECK ((generation >= 0)),
    CONSTRAINT live_one_check CHECK (one),
    CONSTRAINT live_slot_check CHECK ((slot = ANY (ARRAY['a'::text, 'b'::text])))
);

ALTER TABLE view.live OWNER TO liuhen_owner;

CREATE TABLE view.process (
    one boolean DEFAULT true NOT NULL,
    slot text NOT NULL,
    generation bigint NOT NULL,
    versions text NOT NULL,
    registry bytea NOT NULL,
    change bigint DEFAULT 0 NOT NULL,
    CONSTRAINT process_generation_check CHECK ((generation >= 0)),
    CONSTRAINT process_one_check CHECK (one),
    CONSTRAINT process_slot_check CHECK ((slot = ANY (ARRAY['a'::text, 'b'::text])))
);

ALTER TABLE view.process OWNER TO liuhen_owner;

CREATE TABLE view_a.case_files (
    authority text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    log_id integer NOT NULL,
    last bigint NOT NULL,
    head bytea NOT NULL,
    CONSTRAINT case_files_kind_check CHECK ((kind = ANY (ARRAY['task'::text, 'case'::text, 'hazard'::text]))),
    CONSTRAINT case_files_subject_check CHECK (((octet_length(subject) >= 1) AND (octet_length(subject) <= 128)))
);

ALTER TABLE ONLY view_a.case_files FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.case_files OWNER TO liuhen_owner;

CREATE TABLE view_a.case_items (
    authority text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    log_id integer NOT NULL,
    chunk integer NOT NULL,
    count smallint NOT NULL,
    items bytea NOT NULL,
    CONSTRAINT case_items_chunk_check CHECK ((chunk >= 0)),
    CONSTRAINT case_items_count_check CHECK (((count >= 1) AND (count <= 32)))
);

ALTER TABLE ONLY view_a.case_items FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.case_items OWNER TO liuhen_owner;

CREATE TABLE view_a.counted (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    n smallint NOT NULL,
    authority text NOT NULL,
    measure text NOT NULL,
    day date NOT NULL,
    unit text NOT NULL,
    at bigint NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    other text NOT NULL,
    amount bigint NOT NULL,
    received bigint NOT NULL,
    origin text NOT NULL,
    CONSTRAINT counted_origin_check CHECK ((origin = ANY (ARRAY['field'::text, 'office'::text, 'backfilled'::text, 'imported'::text])))
);

ALTER TABLE ONLY view_a.counted FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.counted OWNER TO liuhen_owner;

CREATE TABLE view_a.deadlines (
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    authority text NOT NULL,
    version text NOT NULL,
    start bigint NOT NULL,
    due bigint NOT NULL,
    last_day date,
    met bigint,
    met_by text,
    cancelled boolean NOT NULL,
    provisional boolean NOT NULL,
    binding boolean NOT NULL,
    absent boolean NOT NULL,
    inputs text[] NOT NULL,
    officers text[] NOT NULL,
    earlier jsonb NOT NULL,
    zh text NOT NULL,
    en text NOT NULL
);

ALTER TABLE ONLY view_a.deadlines FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.deadlines OWNER TO liuhen_owner;

CREATE TABLE view_a.dependents (
    needed text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL
);

ALTER TABLE view_a.dependents OWNER TO liuhen_owner;

CREATE TABLE view_a.dirty (
    kind text NOT NULL,
    key text NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE view_a.dirty OWNER TO liuhen_owner;

CREATE TABLE view_a.filed_up_to (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT filed_up_to_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY view_a.filed_up_to FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.filed_up_to OWNER TO liuhen_owner;

CREATE TABLE view_a.filings (
    key text NOT NULL,
    log_id integer NOT NULL,
    chunk integer NOT NULL,
    positions bigint[] NOT NULL,
    CONSTRAINT filings_chunk_check CHECK ((chunk >= 0))
);

ALTER TABLE view_a.filings OWNER TO liuhen_owner;

CREATE TABLE view_a.matters (
    kind text NOT NULL,
    key text NOT NULL,
    authority text NOT NULL,
    stage text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    facts integer NOT NULL,
    error text NOT NULL,
    officers text[] NOT NULL,
    terminals uuid[] NOT NULL,
    columns jsonb NOT NULL,
    page jsonb NOT NULL,
    digest bytea NOT NULL
);

ALTER TABLE ONLY view_a.matters FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.matters OWNER TO liuhen_owner;

CREATE TABLE view_a.misfiled (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    error text NOT NULL
);

ALTER TABLE ONLY view_a.misfiled FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.misfiled OWNER TO liuhen_owner;

CREATE TABLE view_a.parked (
    projection text NOT NULL,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    error text NOT NULL
);

ALTER TABLE ONLY view_a.parked FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.parked OWNER TO liuhen_owner;

CREATE TABLE view_a.positions (
    projection text NOT NULL,
    version integer NOT NULL,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT positions_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY view_a.positions FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.positions OWNER TO liuhen_owner;

CREATE TABLE view_a.reviews (
    key text NOT NULL,
    authority text NOT NULL,
    stage text NOT NULL,
    open boolean NOT NULL,
    due bigint NOT NULL,
    requested_at bigint NOT NULL,
    amount_fen bigint NOT NULL,
    reviewer text NOT NULL,
    unit text NOT NULL,
    requesting_unit text NOT NULL,
    draft_kind text NOT NULL,
    text text NOT NULL
);

ALTER TABLE ONLY view_a.reviews FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.reviews OWNER TO liuhen_owner;

CREATE TABLE view_a.searchable (
    kind text NOT NULL,
    key text NOT NULL,
    authority text NOT NULL,
    text text NOT NULL,
    pairs text[] GENERATED ALWAYS AS (view.pairs(text)) STORED NOT NULL,
    CONSTRAINT searchable_text_check CHECK ((char_length(text) <= 4000))
);

ALTER TABLE view_a.searchable OWNER TO liuhen_owner;

CREATE TABLE view_a.signals (
    id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    authority text NOT NULL,
    version text NOT NULL,
    severity text NOT NULL,
    score smallint NOT NULL,
    opens bigint NOT NULL,
    closes bigint,
    absent boolean NOT NULL,
    state text NOT NULL,
    acts jsonb NOT NULL,
    inputs text[] NOT NULL,
    officers text[] NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    CONSTRAINT signals_id_check CHECK ((octet_length(id) = 16)),
    CONSTRAINT signals_score_check CHECK (((score >= 0) AND (score <= 100))),
    CONSTRAINT signals_severity_check CHECK ((severity = ANY (ARRAY['serious'::text, 'medium'::text, 'weak'::text]))),
    CONSTRAINT signals_state_check CHECK ((state = ANY (ARRAY['open'::text, 'disputed'::text, 'resolved'::text, 'withdrawn'::text])))
);

ALTER TABLE ONLY view_a.signals FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.signals OWNER TO liuhen_owner;

CREATE TABLE view_a.terminals (
    authority text NOT NULL,
    terminal uuid NOT NULL,
    log_id integer NOT NULL,
    state bytea NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE ONLY view_a.terminals FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.terminals OWNER TO liuhen_owner;

CREATE TABLE view_a.verdicts (
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    authority text NOT NULL,
    version text NOT NULL,
    outcome text NOT NULL,
    absent boolean NOT NULL,
    gate boolean NOT NULL,
    inputs text[] NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    CONSTRAINT verdicts_outcome_check CHECK ((outcome = ANY (ARRAY['kept'::text, 'broken'::text, 'unknown'::text])))
);

ALTER TABLE ONLY view_a.verdicts FORCE ROW LEVEL SECURITY;

ALTER TABLE view_a.verdicts OWNER TO liuhen_owner;

CREATE TABLE view_b.case_files (
    authority text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    log_id integer NOT NULL,
    last bigint NOT NULL,
    head bytea NOT NULL,
    CONSTRAINT case_files_kind_check CHECK ((kind = ANY (ARRAY['task'::text, 'case'::text, 'hazard'::text]))),
    CONSTRAINT case_files_subject_check CHECK (((octet_length(subject) >= 1) AND (octet_length(subject) <= 128)))
);

ALTER TABLE ONLY view_b.case_files FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.case_files OWNER TO liuhen_owner;

CREATE TABLE view_b.case_items (
    authority text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    log_id integer NOT NULL,
    chunk integer NOT NULL,
    count smallint NOT NULL,
    items bytea NOT NULL,
    CONSTRAINT case_items_chunk_check CHECK ((chunk >= 0)),
    CONSTRAINT case_items_count_check CHECK (((count >= 1) AND (count <= 32)))
);

ALTER TABLE ONLY view_b.case_items FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.case_items OWNER TO liuhen_owner;

CREATE TABLE view_b.counted (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    n smallint NOT NULL,
    authority text NOT NULL,
    measure text NOT NULL,
    day date NOT NULL,
    unit text NOT NULL,
    at bigint NOT NULL,
    subject text NOT NULL,
    word text NOT NULL,
    other text NOT NULL,
    amount bigint NOT NULL,
    received bigint NOT NULL,
    origin text NOT NULL,
    CONSTRAINT counted_origin_check CHECK ((origin = ANY (ARRAY['field'::text, 'office'::text, 'backfilled'::text, 'imported'::text])))
);

ALTER TABLE ONLY view_b.counted FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.counted OWNER TO liuhen_owner;

CREATE TABLE view_b.deadlines (
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    authority text NOT NULL,
    version text NOT NULL,
    start bigint NOT NULL,
    due bigint NOT NULL,
    last_day date,
    met bigint,
    met_by text,
    cancelled boolean NOT NULL,
    provisional boolean NOT NULL,
    binding boolean NOT NULL,
    absent boolean NOT NULL,
    inputs text[] NOT NULL,
    officers text[] NOT NULL,
    earlier jsonb NOT NULL,
    zh text NOT NULL,
    en text NOT NULL
);

ALTER TABLE ONLY view_b.deadlines FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.deadlines OWNER TO liuhen_owner;

CREATE TABLE view_b.dependents (
    needed text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL
);

ALTER TABLE view_b.dependents OWNER TO liuhen_owner;

CREATE TABLE view_b.dirty (
    kind text NOT NULL,
    key text NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE view_b.dirty OWNER TO liuhen_owner;

CREATE TABLE view_b.filed_up_to (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT filed_up_to_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY view_b.filed_up_to FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.filed_up_to OWNER TO liuhen_owner;

CREATE TABLE view_b.filings (
    key text NOT NULL,
    log_id integer NOT NULL,
    chunk integer NOT NULL,
    positions bigint[] NOT NULL,
    CONSTRAINT filings_chunk_check CHECK ((chunk >= 0))
);

ALTER TABLE view_b.filings OWNER TO liuhen_owner;

CREATE TABLE view_b.matters (
    kind text NOT NULL,
    key text NOT NULL,
    authority text NOT NULL,
    stage text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    facts integer NOT NULL,
    error text NOT NULL,
    officers text[] NOT NULL,
    terminals uuid[] NOT NULL,
    columns jsonb NOT NULL,
    page jsonb NOT NULL,
    digest bytea NOT NULL
);

ALTER TABLE ONLY view_b.matters FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.matters OWNER TO liuhen_owner;

CREATE TABLE view_b.misfiled (
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    error text NOT NULL
);

ALTER TABLE ONLY view_b.misfiled FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.misfiled OWNER TO liuhen_owner;

CREATE TABLE view_b.parked (
    projection text NOT NULL,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    error text NOT NULL
);

ALTER TABLE ONLY view_b.parked FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.parked OWNER TO liuhen_owner;

CREATE TABLE view_b.positions (
    projection text NOT NULL,
    version integer NOT NULL,
    log_id integer NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT positions_position_check CHECK (("position" >= 0))
)
WITH (fillfactor='50');

ALTER TABLE ONLY view_b.positions FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.positions OWNER TO liuhen_owner;

CREATE TABLE view_b.reviews (
    key text NOT NULL,
    authority text NOT NULL,
    stage text NOT NULL,
    open boolean NOT NULL,
    due bigint NOT NULL,
    requested_at bigint NOT NULL,
    amount_fen bigint NOT NULL,
    reviewer text NOT NULL,
    unit text NOT NULL,
    requesting_unit text NOT NULL,
    draft_kind text NOT NULL,
    text text NOT NULL
);

ALTER TABLE ONLY view_b.reviews FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.reviews OWNER TO liuhen_owner;

CREATE TABLE view_b.searchable (
    kind text NOT NULL,
    key text NOT NULL,
    authority text NOT NULL,
    text text NOT NULL,
    pairs text[] GENERATED ALWAYS AS (view.pairs(text)) STORED NOT NULL,
    CONSTRAINT searchable_text_check CHECK ((char_length(text) <= 4000))
);

ALTER TABLE view_b.searchable OWNER TO liuhen_owner;

CREATE TABLE view_b.signals (
    id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    authority text NOT NULL,
    version text NOT NULL,
    severity text NOT NULL,
    score smallint NOT NULL,
    opens bigint NOT NULL,
    closes bigint,
    absent boolean NOT NULL,
    state text NOT NULL,
    acts jsonb NOT NULL,
    inputs text[] NOT NULL,
    officers text[] NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    CONSTRAINT signals_id_check CHECK ((octet_length(id) = 16)),
    CONSTRAINT signals_score_check CHECK (((score >= 0) AND (score <= 100))),
    CONSTRAINT signals_severity_check CHECK ((severity = ANY (ARRAY['serious'::text, 'medium'::text, 'weak'::text]))),
    CONSTRAINT signals_state_check CHECK ((state = ANY (ARRAY['open'::text, 'disputed'::text, 'resolved'::text, 'withdrawn'::text])))
);

ALTER TABLE ONLY view_b.signals FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.signals OWNER TO liuhen_owner;

CREATE TABLE view_b.terminals (
    authority text NOT NULL,
    terminal uuid NOT NULL,
    log_id integer NOT NULL,
    state bytea NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE ONLY view_b.terminals FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.terminals OWNER TO liuhen_owner;

CREATE TABLE view_b.verdicts (
    kind text NOT NULL,
    key text NOT NULL,
    rule text NOT NULL,
    about text NOT NULL,
    authority text NOT NULL,
    version text NOT NULL,
    outcome text NOT NULL,
    absent boolean NOT NULL,
    gate boolean NOT NULL,
    inputs text[] NOT NULL,
    zh text NOT NULL,
    en text NOT NULL,
    CONSTRAINT verdicts_outcome_check CHECK ((outcome = ANY (ARRAY['kept'::text, 'broken'::text, 'unknown'::text])))
);

ALTER TABLE ONLY view_b.verdicts FORCE ROW LEVEL SECURITY;

ALTER TABLE view_b.verdicts OWNER TO liuhen_owner;

CREATE TABLE webhook.cursors (
    target uuid NOT NULL,
    epoch integer NOT NULL,
    "position" bigint NOT NULL
);

ALTER TABLE webhook.cursors OWNER TO liuhen_owner;

CREATE TABLE webhook.messages (
    id uuid NOT NULL,
    target uuid NOT NULL,
    type text NOT NULL,
    key text NOT NULL,
    body bytea NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    due timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    status integer,
    error text,
    delivered_at timestamp with time zone,
    CONSTRAINT messages_body_check CHECK ((octet_length(body) <= 65536)),
    CONSTRAINT messages_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text])))
);

ALTER TABLE webhook.messages OWNER TO liuhen_owner;

CREATE TABLE webhook.targets (
    id uuid NOT NULL,
    authority text NOT NULL,
    url text NOT NULL,
    label text NOT NULL,
    events text[] NOT NULL,
    secret bytea NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    made_by text NOT NULL,
    CONSTRAINT targets_events_check CHECK (((cardinality(events) >= 1) AND (cardinality(events) <= 16))),
    CONSTRAINT targets_label_check CHECK (((length(label) >= 1) AND (length(label) <= 100))),
    CONSTRAINT targets_secret_check CHECK (((octet_length(secret) >= 24) AND (octet_length(secret) <= 64))),
    CONSTRAINT targets_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'gone'::text]))),
    CONSTRAINT targets_url_check CHECK (((url ~~ 'https://%'::text) AND (length(url) <= 1000)))
);

ALTER TABLE webhook.targets OWNER TO liuhen_owner;

ALTER TABLE ONLY disclosure.documents
    ADD CONSTRAINT documents_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY disclosure.draw_secrets
    ADD CONSTRAINT draw_secrets_pkey PRIMARY KEY (draw);

ALTER TABLE ONLY disclosure.draws
    ADD CONSTRAINT draws_pkey PRIMARY KEY (draw);

ALTER TABLE ONLY disclosure.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY disclosure.records
    ADD CONSTRAINT records_pkey PRIMARY KEY (record);

ALTER TABLE ONLY disclosure.releases
    ADD CONSTRAINT releases_pkey PRIMARY KEY (log_id, "position");

ALTER TABLE ONLY disclosure.releases
    ADD CONSTRAINT releases_record_revision_key UNIQUE (record, revision);

ALTER TABLE ONLY evidence.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY evidence.citations
    ADD CONSTRAINT citations_pkey PRIMARY KEY (digest, log_id, "position");

ALTER TABLE ONLY evidence.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (link);

ALTER TABLE ONLY evidence.grants
    ADD CONSTRAINT grants_secret_key UNIQUE (secret);

ALTER TABLE ONLY evidence.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (upload);

ALTER TABLE ONLY identity.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY identity.authorities
    ADD CONSTRAINT authorities_pkey PRIMARY KEY (authority);

ALTER TABLE ONLY identity.factors
    ADD CONSTRAINT factors_pkey PRIMARY KEY (name);

ALTER TABLE ONLY identity.invitations
    ADD CONSTRAINT invitations_name_key UNIQUE (name);

ALTER TABLE ONLY identity.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (link);

ALTER TABLE ONLY identity.links
    ADD CONSTRAINT links_issuer_name_key UNIQUE (issuer, name);

ALTER TABLE ONLY identity.links
    ADD CONSTRAINT links_pkey PRIMARY KEY (issuer, subject);

ALTER TABLE ONLY identity.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (name, code);

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (session);

ALTER TABLE ONLY identity.sign_ins
    ADD CONSTRAINT sign_ins_pkey PRIMARY KEY (secret);

ALTER TABLE ONLY identity.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (token);

ALTER TABLE ONLY identity.trail
    ADD CONSTRAINT trail_pkey PRIMARY KEY (entry);

ALTER TABLE ONLY identity.units
    ADD CONSTRAINT units_pkey PRIMARY KEY (authority, unit);

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (name);

ALTER TABLE ONLY log.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (log_id, size);

ALTER TABLE ONLY log.codes
    ADD CONSTRAINT codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY log.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (terminal);

ALTER TABLE ONLY log.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (log_id, "position");

ALTER TABLE ONLY log.heads
    ADD CONSTRAINT heads_pkey PRIMARY KEY (log_id);

ALTER TABLE ONLY log.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (log_id, origin, version, chain);

ALTER TABLE ONLY log.logs
    ADD CONSTRAINT logs_authority_epoch_key UNIQUE (authority, epoch);

ALTER TABLE ONLY log.logs
    ADD CONSTRAINT logs_origin_key UNIQUE (origin);

ALTER TABLE ONLY log.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (log_id);

ALTER TABLE ONLY log.nonces
    ADD CONSTRAINT nonces_pkey PRIMARY KEY (terminal, nonce);

ALTER TABLE ONLY log.private
    ADD CONSTRAINT private_pkey PRIMARY KEY (digest, arrived);

ALTER TABLE ONLY log.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (log_id, terminal, chain, "position");

ALTER TABLE ONLY log.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (log_id, tag, "position");

ALTER TABLE ONLY log.terminals
    ADD CONSTRAINT terminals_event_key_key UNIQUE (event_key);

ALTER TABLE ONLY log.terminals
    ADD CONSTRAINT terminals_pkey PRIMARY KEY (terminal);

ALTER TABLE ONLY log.terminals
    ADD CONSTRAINT terminals_request_key_key UNIQUE (request_key);

ALTER TABLE ONLY log.tracking
    ADD CONSTRAINT tracking_pkey PRIMARY KEY (projection, application, notification);

ALTER TABLE ONLY log.wanted
    ADD CONSTRAINT wanted_pkey PRIMARY KEY (log_id, "position", kind, digest);

ALTER TABLE ONLY published.authorities
    ADD CONSTRAINT authorities_pkey PRIMARY KEY (authority);

ALTER TABLE ONLY published.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (record, digest);

ALTER TABLE ONLY published.positions
    ADD CONSTRAINT positions_log_id_key UNIQUE (log_id);

ALTER TABLE ONLY published.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (authority, epoch);

ALTER TABLE ONLY published.records
    ADD CONSTRAINT records_pkey PRIMARY KEY (record);

ALTER TABLE ONLY published.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (record, revision);

ALTER TABLE ONLY published.sections
    ADD CONSTRAINT sections_pkey PRIMARY KEY (authority, section, key);

ALTER TABLE ONLY published.statistics
    ADD CONSTRAINT statistics_pkey PRIMARY KEY (authority, year, figure);

ALTER TABLE ONLY view.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (kind, key, rule, about, what, instant);

ALTER TABLE ONLY view.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (authority, officer, kind, key);

ALTER TABLE ONLY view.cuts
    ADD CONSTRAINT cuts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY view.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (one);

ALTER TABLE ONLY view.process
    ADD CONSTRAINT process_pkey PRIMARY KEY (one);

ALTER TABLE ONLY view_a.case_files
    ADD CONSTRAINT case_files_pkey PRIMARY KEY (authority, kind, subject, log_id);

ALTER TABLE ONLY view_a.case_items
    ADD CONSTRAINT case_items_pkey PRIMARY KEY (authority, kind, subject, log_id, chunk);

ALTER TABLE ONLY view_a.counted
    ADD CONSTRAINT counted_pkey PRIMARY KEY (log_id, "position", n);

ALTER TABLE ONLY view_a.deadlines
    ADD CONSTRAINT deadlines_pkey PRIMARY KEY (kind, key, rule, about);

ALTER TABLE ONLY view_a.dependents
    ADD CONSTRAINT dependents_pkey PRIMARY KEY (needed, kind, key);

ALTER TABLE ONLY view_a.dirty
    ADD CONSTRAINT dirty_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY view_a.filed_up_to
    ADD CONSTRAINT filed_up_to_pkey PRIMARY KEY (log_id);

ALTER TABLE ONLY view_a.filings
    ADD CONSTRAINT filings_pkey PRIMARY KEY (key, log_id, chunk);

ALTER TABLE ONLY view_a.matters
    ADD CONSTRAINT matters_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY view_a.misfiled
    ADD CONSTRAINT misfiled_pkey PRIMARY KEY (log_id, "position");

ALTER TABLE ONLY view_a.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (projection, log_id, "position");

ALTER TABLE ONLY view_a.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (projection, log_id);

ALTER TABLE ONLY view_a.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (key);

ALTER TABLE ONLY view_a.searchable
    ADD CONSTRAINT searchable_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY view_a.signals
    ADD CONSTRAINT signals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY view_a.terminals
    ADD CONSTRAINT terminals_pkey PRIMARY KEY (authority, terminal, log_id);

ALTER TABLE ONLY view_a.verdicts
    ADD CONSTRAINT verdicts_pkey PRIMARY KEY (kind, key, rule, about);

ALTER TABLE ONLY view_b.case_files
    ADD CONSTRAINT case_files_pkey PRIMARY KEY (authority, kind, subject, log_id);

ALTER TABLE ONLY view_b.case_items
    ADD CONSTRAINT case_items_pkey PRIMARY KEY (authority, kind, subject, log_id, chunk);

ALTER TABLE ONLY view_b.counted
    ADD CONSTRAINT counted_pkey PRIMARY KEY (log_id, "position", n);

ALTER TABLE ONLY view_b.deadlines
    ADD CONSTRAINT deadlines_pkey PRIMARY KEY (kind, key, rule, about);

ALTER TABLE ONLY view_b.dependents
    ADD CONSTRAINT dependents_pkey PRIMARY KEY (needed, kind, key);

ALTER TABLE ONLY view_b.dirty
    ADD CONSTRAINT dirty_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY view_b.filed_up_to
    ADD CONSTRAINT filed_up_to_pkey PRIMARY KEY (log_id);

ALTER TABLE ONLY view_b.filings
    ADD CONSTRAINT filings_pkey PRIMARY KEY (key, log_id, chunk);

ALTER TABLE ONLY view_b.matters
    ADD CONSTRAINT matters_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY view_b.misfiled
    ADD CONSTRAINT misfiled_pkey PRIMARY KEY (log_id, "position");

ALTER TABLE ONLY view_b.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (projection, log_id, "position");

ALTER TABLE ONLY view_b.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (projection, log_id);

ALTER TABLE ONLY view_b.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (key);

ALTER TABLE ONLY view_b.searchable
    ADD CONSTRAINT searchable_pkey PRIMARY KEY (kind, key);

ALTER TABLE ONLY view_b.signals
    ADD CONSTRAINT signals_pkey PRIMARY KEY (id);

ALTER TABLE ONLY view_b.terminals
    ADD CONSTRAINT terminals_pkey PRIMARY KEY (authority, terminal, log_id);

ALTER TABLE ONLY view_b.verdicts
    ADD CONSTRAINT verdicts_pkey PRIMARY KEY (kind, key, rule, about);

ALTER TABLE ONLY webhook.cursors
    ADD CONSTRAINT cursors_pkey PRIMARY KEY (target, epoch);

ALTER TABLE ONLY webhook.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY webhook.messages
    ADD CONSTRAINT messages_target_key_key UNIQUE (target, key);

ALTER TABLE ONLY webhook.targets
    ADD CONSTRAINT targets_pkey PRIMARY KEY (id);

CREATE INDEX draws_newest ON disclosure.draws USING btree (authority, changed DESC, draw DESC);

CREATE INDEX records_ending ON disclosure.records USING btree (until) WHERE (status = ANY (ARRAY['published'::text, 'corrected'::text]));

CREATE INDEX records_matter ON disclosure.records USING btree (kind, key);

CREATE INDEX records_newest ON disclosure.records USING btree (authority, changed DESC, record DESC);

CREATE INDEX records_waiting ON disclosure.records USING btree (authority, changed) WHERE (preparation IS NOT NULL);

CREATE INDEX blobs_authority ON evidence.blobs USING btree (authority, received);

CREATE INDEX blobs_terminal ON evidence.blobs USING btree (terminal, received);

CREATE INDEX blobs_unexamined ON evidence.blobs USING btree (received) WHERE (NOT examined);

CREATE INDEX grants_made ON evidence.grants USING btree (made);

CREATE INDEX uploads_authority ON evidence.uploads USING btree (authority) WHERE (state = 'open'::text);

CREATE INDEX uploads_expires ON evidence.uploads USING btree (expires);

CREATE INDEX uploads_terminal ON evidence.uploads USING btree (terminal) WHERE (state = 'open'::text);

CREATE INDEX attempts_since ON identity.attempts USING btree (since);

CREATE INDEX sessions_name ON identity.sessions USING btree (name);

CREATE INDEX sessions_opened ON identity.sessions USING btree (opened);

CREATE INDEX sign_ins_begun ON identity.sign_ins USING btree (begun);

CREATE INDEX trail_authority ON identity.trail USING btree (authority, entry DESC);

CREATE INDEX trail_subject ON identity.trail USING btree (subject, entry DESC);

CREATE UNIQUE INDEX users_officer ON identity.users USING btree (officer);

CREATE INDEX keys_id ON log.keys USING btree (id) WHERE (id IS NOT NULL);

CREATE INDEX keys_noted ON log.keys USING btree (log_id, "position") WHERE (notes <> 0);

CREATE INDEX terminals_authority ON log.terminals USING btree (authority);

CREATE INDEX wanted_digest ON log.wanted USING btree (digest);

CREATE INDEX wanted_missing ON log.wanted USING btree (terminal, kind, seq) WHERE (NOT arrived);

CREATE INDEX records_authority ON published.records USING btree (authority, published_on DESC, record DESC);

CREATE INDEX records_authority_released ON published.records USING btree (authority, released DESC, record DESC);

CREATE INDEX records_decided ON published.records USING btree (decided_on DESC, record DESC);

CREATE INDEX records_kinds ON published.records USING gin (kinds);

CREATE INDEX records_newest ON published.records USING btree (published_on DESC, record DESC);

CREATE INDEX records_released ON published.records USING btree (released DESC, record DESC);

CREATE INDEX records_terms ON published.records USING gin (terms);

CREATE INDEX records_uscc ON published.records USING btree (uscc) WHERE (uscc IS NOT NULL);

CREATE INDEX alerts_newest ON view.alerts USING btree (authority, noticed DESC);

CREATE UNIQUE INDEX changes_feed ON view.changes USING btree (authority, officer, change);

CREATE INDEX case_files_newest ON view_a.case_files USING btree (authority, kind, last DESC, subject DESC, log_id DESC);

CREATE INDEX counted_day ON view_a.counted USING btree (authority, measure, day);

CREATE INDEX counted_received ON view_a.counted USING btree (authority, received);

CREATE INDEX counted_unit ON view_a.counted USING btree (measure, unit);

CREATE INDEX deadlines_all ON view_a.deadlines USING btree (authority, due, kind, key, rule, about);

CREATE INDEX deadlines_open ON view_a.deadlines USING btree (authority, due, kind, key, rule, about) WHERE ((met IS NULL) AND (NOT cancelled));

CREATE INDEX dependents_of ON view_a.dependents USING btree (kind, key);

CREATE INDEX filings_rules ON view_a.filings USING btree (key, log_id, chunk) WHERE starts_with(key, 'rules:'::text);

CREATE INDEX matters_columns ON view_a.matters USING gin (columns jsonb_path_ops);

CREATE INDEX matters_newest ON view_a.matters USING btree (authority, kind, last DESC, key DESC);

CREATE INDEX matters_officers ON view_a.matters USING gin (officers);

CREATE INDEX matters_stage ON view_a.matters USING btree (authority, kind, stage, last DESC, key DESC);

CREATE INDEX reviews_due ON view_a.reviews USING btree (authority, due, key) WHERE open;

CREATE INDEX reviews_requested ON view_a.reviews USING btree (authority, requested_at, key);

CREATE INDEX searchable_pairs ON view_a.searchable USING gin (pairs);

CREATE INDEX signals_newest ON view_a.signals USING btree (authority, opens DESC, id DESC);

CREATE INDEX signals_of ON view_a.signals USING btree (kind, key);

CREATE INDEX signals_rule ON view_a.signals USING btree (authority, rule, opens DESC, id DESC);

CREATE INDEX verdicts_outcome ON view_a.verdicts USING btree (authority, rule, outcome, kind, key, about);

CREATE INDEX case_files_newest ON view_b.case_files USING btree (authority, kind, last DESC, subject DESC, log_id DESC);

CREATE INDEX counted_day ON view_b.counted USING btree (authority, measure, day);

CREATE INDEX counted_received ON view_b.counted USING btree (authority, received);

CREATE INDEX counted_unit ON view_b.counted USING btree (measure, unit);

CREATE INDEX deadlines_all ON view_b.deadlines USING btree (authority, due, kind, key, rule, about);

CREATE INDEX deadlines_open ON view_b.deadlines USING btree (authority, due, kind, key, rule, about) WHERE ((met IS NULL) AND (NOT cancelled));

CREATE INDEX dependents_of ON view_b.dependents USING btree (kind, key);

CREATE INDEX filings_rules ON view_b.filings USING btree (key, log_id, chunk) WHERE starts_with(key, 'rules:'::text);

CREATE INDEX matters_columns ON view_b.matters USING gin (columns jsonb_path_ops);

CREATE INDEX matters_newest ON view_b.matters USING btree (authority, kind, last DESC, key DESC);

CREATE INDEX matters_officers ON view_b.matters USING gin (officers);

CREATE INDEX matters_stage ON view_b.matters USING btree (authority, kind, stage, last DESC, key DESC);

CREATE INDEX reviews_due ON view_b.reviews USING btree (authority, due, key) WHERE open;

CREATE INDEX reviews_requested ON view_b.reviews USING btree (authority, requested_at, key);

CREATE INDEX searchable_pairs ON view_b.searchable USING gin (pairs);

CREATE INDEX signals_newest ON view_b.signals USING btree (authority, opens DESC, id DESC);

CREATE INDEX signals_of ON view_b.signals USING btree (kind, key);

CREATE INDEX signals_rule ON view_b.signals USING btree (authority, rule, opens DESC, id DESC);

CREATE INDEX verdicts_outcome ON view_b.verdicts USING btree (authority, rule, outcome, kind, key, about);

CREATE INDEX messages_due ON webhook.messages USING btree (due) WHERE (state = 'waiting'::text);

CREATE INDEX messages_target ON webhook.messages USING btree (target, made_at DESC, id DESC);

CREATE INDEX targets_authority ON webhook.targets USING btree (authority, made_at);

CREATE TRIGGER refuse_removal BEFORE DELETE ON evidence.blobs FOR EACH ROW EXECUTE FUNCTION evidence.refuse();

ALTER TABLE evidence.blobs ENABLE ALWAYS TRIGGER refuse_removal;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON evidence.blobs FOR EACH STATEMENT EXECUTE FUNCTION evidence.refuse();

ALTER TABLE evidence.blobs ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON identity.trail FOR EACH ROW EXECUTE FUNCTION identity.refuse();

ALTER TABLE identity.trail ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON identity.trail FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse();

ALTER TABLE identity.trail ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.checkpoints FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.checkpoints ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.entries FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.entries ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.keys FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.keys ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.logs FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.logs ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.seals FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.seals ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.tags FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.tags ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE ON log.tracking FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.tracking ENABLE ALWAYS TRIGGER refuse_change;

CREATE TRIGGER refuse_removal BEFORE DELETE ON log.heads FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.heads ENABLE ALWAYS TRIGGER refuse_removal;

CREATE TRIGGER refuse_removal BEFORE DELETE ON log.terminals FOR EACH ROW EXECUTE FUNCTION log.refuse();

ALTER TABLE log.terminals ENABLE ALWAYS TRIGGER refuse_removal;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.checkpoints ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.entries FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.entries ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.heads FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.heads ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.keys FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.keys ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.logs FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.logs ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.seals FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.seals ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.tags FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.tags ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.terminals FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.terminals ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.tracking FOR EACH STATEMENT EXECUTE FUNCTION log.refuse();

ALTER TABLE log.tracking ENABLE ALWAYS TRIGGER refuse_truncate;

ALTER TABLE ONLY disclosure.releases
    ADD CONSTRAINT releases_digest_fkey FOREIGN KEY (digest) REFERENCES disclosure.documents(digest);

ALTER TABLE ONLY identity.factors
    ADD CONSTRAINT factors_name_fkey FOREIGN KEY (name) REFERENCES identity.users(name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.invitations
    ADD CONSTRAINT invitations_name_fkey FOREIGN KEY (name) REFERENCES identity.users(name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.links
    ADD CONSTRAINT links_name_fkey FOREIGN KEY (name) REFERENCES identity.users(name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.recovery_codes
    ADD CONSTRAINT recovery_codes_name_fkey FOREIGN KEY (name) REFERENCES identity.users(name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.sessions
    ADD CONSTRAINT sessions_name_fkey FOREIGN KEY (name) REFERENCES identity.users(name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.sign_ins
    ADD CONSTRAINT sign_ins_name_fkey FOREIGN KEY (name) REFERENCES identity.users(name) ON DELETE CASCADE;

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_authority_unit_fkey FOREIGN KEY (authority, unit) REFERENCES identity.units(authority, unit);

ALTER TABLE ONLY log.heads
    ADD CONSTRAINT heads_log_id_fkey FOREIGN KEY (log_id) REFERENCES log.logs(log_id);

ALTER TABLE ONLY published.files
    ADD CONSTRAINT files_record_fkey FOREIGN KEY (record) REFERENCES published.records(record) ON DELETE CASCADE;

ALTER TABLE ONLY published.revisions
    ADD CONSTRAINT revisions_record_fkey FOREIGN KEY (record) REFERENCES published.records(record) ON DELETE CASCADE;

ALTER TABLE ONLY webhook.cursors
    ADD CONSTRAINT cursors_target_fkey FOREIGN KEY (target) REFERENCES webhook.targets(id) ON DELETE CASCADE;

ALTER TABLE ONLY webhook.messages
    ADD CONSTRAINT messages_target_fkey FOREIGN KEY (target) REFERENCES webhook.targets(id) ON DELETE CASCADE;

ALTER TABLE disclosure.draws ENABLE ROW LEVEL SECURITY;

CREATE POLICY keeps ON disclosure.draws TO liuhen_writer USING (true) WITH CHECK (true);

CREATE POLICY keeps ON disclosure.records TO liuhen_writer USING (true) WITH CHECK (true);

CREATE POLICY own_authority ON disclosure.records FOR SELECT TO liuhen_console USING ((authority = current_setting('liuhen.authority'::text)));

CREATE POLICY reads ON disclosure.draws FOR SELECT TO liuhen_projector, liuhen_backup USING (true);

CREATE POLICY reads ON disclosure.records FOR SELECT TO liuhen_projector, liuhen_backup USING (true);

ALTER TABLE disclosure.records ENABLE ROW LEVEL SECURITY;

CREATE POLICY seen ON disclosure.draws FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

ALTER TABLE view.alerts ENABLE ROW LEVEL SECURITY;

ALTER TABLE view.changes ENABLE ROW LEVEL SECURITY;

CREATE POLICY folds ON view.alerts TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view.changes TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY own_authority ON view.alerts FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view.changes FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

ALTER TABLE view_a.case_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.case_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.counted ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.deadlines ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.filed_up_to ENABLE ROW LEVEL SECURITY;

CREATE POLICY folds ON view_a.case_files TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.case_items TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.counted TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.deadlines TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.filed_up_to TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.matters TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.misfiled TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.parked TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.positions TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.reviews TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.signals TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.terminals TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_a.verdicts TO liuhen_projector USING (true) WITH CHECK (true);

ALTER TABLE view_a.matters ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.misfiled ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_authority ON view_a.case_files FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.case_items FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.counted FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.deadlines FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.filed_up_to FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_a.matters FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.misfiled FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_a.parked FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_a.positions FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_a.reviews FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.signals FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.terminals FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_a.verdicts FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

ALTER TABLE view_a.parked ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.positions ENABLE ROW LEVEL SECURITY;

CREATE POLICY reads ON view_a.filed_up_to FOR SELECT TO liuhen_writer USING (true);

CREATE POLICY reads ON view_a.misfiled FOR SELECT TO liuhen_writer USING (true);

CREATE POLICY reads ON view_a.parked FOR SELECT TO liuhen_writer USING (true);

CREATE POLICY reads ON view_a.positions FOR SELECT TO liuhen_writer USING (true);

ALTER TABLE view_a.reviews ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.signals ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.terminals ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_a.verdicts ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.case_files ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.case_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.counted ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.deadlines ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.filed_up_to ENABLE ROW LEVEL SECURITY;

CREATE POLICY folds ON view_b.case_files TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.case_items TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.counted TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.deadlines TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.filed_up_to TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.matters TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.misfiled TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.parked TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.positions TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.reviews TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.signals TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.terminals TO liuhen_projector USING (true) WITH CHECK (true);

CREATE POLICY folds ON view_b.verdicts TO liuhen_projector USING (true) WITH CHECK (true);

ALTER TABLE view_b.matters ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.misfiled ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_authority ON view_b.case_files FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.case_items FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.counted FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.deadlines FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.filed_up_to FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_b.matters FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.misfiled FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_b.parked FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_b.positions FOR SELECT TO liuhen_console USING ((log_id IN ( SELECT l.log_id
   FROM view.logs() l(log_id, epoch, size))));

CREATE POLICY own_authority ON view_b.reviews FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.signals FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.terminals FOR SELECT TO liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

CREATE POLICY own_authority ON view_b.verdicts FOR SELECT TO liuhen_writer, liuhen_console USING ((authority = ANY (( SELECT view.seen() AS seen)::text[])));

ALTER TABLE view_b.parked ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.positions ENABLE ROW LEVEL SECURITY;

CREATE POLICY reads ON view_b.filed_up_to FOR SELECT TO liuhen_writer USING (true);

CREATE POLICY reads ON view_b.misfiled FOR SELECT TO liuhen_writer USING (true);

CREATE POLICY reads ON view_b.parked FOR SELECT TO liuhen_writer USING (true);

CREATE POLICY reads ON view_b.positions FOR SELECT TO liuhen_writer USING (true);

ALTER TABLE view_b.reviews ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.signals ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.terminals ENABLE ROW LEVEL SECURITY;

ALTER TABLE view_b.verdicts ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA disclosure TO liuhen_writer;
GRANT USAGE ON SCHEMA disclosure TO liuhen_projector;
GRANT USAGE ON SCHEMA disclosure TO liuhen_console;
GRANT USAGE ON SCHEMA disclosure TO liuhen_backup;

GRANT USAGE ON SCHEMA evidence TO liuhen_writer;
GRANT USAGE ON SCHEMA evidence TO liuhen_console;
GRANT USAGE ON SCHEMA evidence TO liuhen_auditor;
GRANT USAGE ON SCHEMA evidence TO liuhen_backup;

GRANT USAGE ON SCHEMA identity TO liuhen_console;
GRANT USAGE ON SCHEMA identity TO liuhen_backup;

GRANT USAGE ON SCHEMA log TO liuhen_writer;
GRANT USAGE ON SCHEMA log TO liuhen_projector;
GRANT USAGE ON SCHEMA log TO liuhen_console;
GRANT USAGE ON SCHEMA log TO liuhen_auditor;
GRANT USAGE ON SCHEMA log TO liuhen_backup;

GRANT USAGE ON SCHEMA published TO liuhen_public;
GRANT USAGE ON SCHEMA published TO liuhen_projector;
GRANT USAGE ON SCHEMA published TO liuhen_console;
GRANT USAGE ON SCHEMA published TO liuhen_writer;
GRANT USAGE ON SCHEMA published TO liuhen_backup;

GRANT USAGE ON SCHEMA view TO liuhen_projector;
GRANT USAGE ON SCHEMA view TO liuhen_console;
GRANT USAGE ON SCHEMA view TO liuhen_backup;
GRANT USAGE ON SCHEMA view TO liuhen_writer;

GRANT USAGE ON SCHEMA view_a TO liuhen_projector;
GRANT USAGE ON SCHEMA view_a TO liuhen_console;
GRANT USAGE ON SCHEMA view_a TO liuhen_backup;
GRANT USAGE ON SCHEMA view_a TO liuhen_writer;

GRANT USAGE ON SCHEMA view_b TO liuhen_projector;
GRANT USAGE ON SCHEMA view_b TO liuhen_console;
GRANT USAGE ON SCHEMA view_b TO liuhen_backup;
GRANT USAGE ON SCHEMA view_b TO liuhen_writer;

GRANT USAGE ON SCHEMA webhook TO liuhen_writer;
GRANT USAGE ON SCHEMA webhook TO liuhen_backup;

REVOKE ALL ON FUNCTION evidence.arrive(p_log integer, p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.arrive(p_log integer, p_digest bytea) TO liuhen_writer;

REVOKE ALL ON FUNCTION evidence.ask_again(p_log integer, p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.ask_again(p_log integer, p_digest bytea) TO liuhen_writer;

REVOKE ALL ON FUNCTION evidence.beginning(p_from bytea, p_until bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.beginning(p_from bytea, p_until bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.blob(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.blob(p_digest bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.cite(p_log integer, p_position bigint, p_digests bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.cite(p_log integer, p_position bigint, p_digests bytea[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION evidence.damage(p_digest bytea, p_state text) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.damage(p_digest bytea, p_state text) TO liuhen_writer;

REVOKE ALL ON FUNCTION evidence.examined(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.examined(p_digest bytea) TO liuhen_writer;

REVOKE ALL ON FUNCTION evidence.grant_link(p_link bytea, p_secret bytea, p_expires timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.grant_link(p_link bytea, p_secret bytea, p_expires timestamp with time zone) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.granted(p_secret bytea, p_digest bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.granted(p_secret bytea, p_digest bytea, p_now timestamp with time zone) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.hold(p_digest bytea, p_size bigint, p_type text, p_authority text, p_terminal uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.hold(p_digest bytea, p_size bigint, p_type text, p_authority text, p_terminal uuid) TO liuhen_writer;

REVOKE ALL ON FUNCTION evidence.make_link(p_link bytea, p_session bytea, p_authority text, p_purpose text, p_tags text[], p_digests bytea[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.make_link(p_link bytea, p_session bytea, p_authority text, p_purpose text, p_tags text[], p_digests bytea[], p_now timestamp with time zone) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.open_link(p_link bytea, p_session bytea, p_life interval, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.open_link(p_link bytea, p_session bytea, p_life interval, p_now timestamp with time zone) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.places(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.places(p_digest bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION evidence.refuse() FROM PUBLIC;

REVOKE ALL ON FUNCTION evidence.sound(p_digest bytea, p_pieces bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION evidence.sound(p_digest bytea, p_pieces bytea) TO liuhen_writer;

REVOKE ALL ON FUNCTION identity.accept(p_link bytea, p_password text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.accept(p_link bytea, p_password text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.account(p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.account(p_name text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.attempt(p_subject bytea, p_window interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.attempt(p_subject bytea, p_window interval) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.begin_sign_in(p_secret bytea, p_name text, p_life interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.begin_sign_in(p_secret bytea, p_name text, p_life interval) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.below(p_authority text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.confirm_factor(p_session bytea, p_step bigint, p_codes bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.confirm_factor(p_session bytea, p_step bigint, p_codes bytea[]) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.drop_factor(p_session bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.drop_factor(p_session bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.end_own(p_session bytea, p_other bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_own(p_session bytea, p_other bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.end_session(p_session bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_session(p_session bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.end_sign_in(p_secret bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.end_sign_in(p_secret bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.factor(p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.factor(p_name text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.forgive(p_subject bytea, p_all boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.forgive(p_subject bytea, p_all boolean) TO liuhen_console;

GRANT SELECT ON TABLE identity.users TO liuhen_backup;

REVOKE ALL ON FUNCTION identity.grants(p_who identity.users, p_roles text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.invited(p_link bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.invited(p_link bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.is_linked(p_name text, p_issuer text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.is_linked(p_name text, p_issuer text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_add(p_session bytea, p_name text, p_display text, p_authority text, p_unit text, p_officer text, p_roles text[], p_link bytea, p_life interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_add(p_session bytea, p_name text, p_display text, p_authority text, p_unit text, p_officer text, p_roles text[], p_link bytea, p_life interval) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_authority(p_session bytea, p_authority text, p_parent text, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_authority(p_session bytea, p_authority text, p_parent text, p_name text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_change(p_session bytea, p_name text, p_display text, p_unit text, p_officer text, p_roles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_change(p_session bytea, p_name text, p_display text, p_unit text, p_officer text, p_roles text[]) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_disable(p_session bytea, p_name text, p_disabled boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_disable(p_session bytea, p_name text, p_disabled boolean) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_drop_factor(p_session bytea, p_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_drop_factor(p_session bytea, p_name text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_invite(p_session bytea, p_name text, p_link bytea, p_life interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_invite(p_session bytea, p_name text, p_link bytea, p_life interval) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keep_unit(p_session bytea, p_authority text, p_unit text, p_name text, p_role text, p_closed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.keep_unit(p_session bytea, p_authority text, p_unit text, p_name text, p_role text, p_closed boolean) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.keeper(p_session bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.keeps(p_who identity.users, p_authority text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.kept_accounts(p_session bytea, p_name text, p_after text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.kept_accounts(p_session bytea, p_name text, p_after text, p_limit integer) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.kept_authorities(p_session bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.kept_authorities(p_session bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.kept_units(p_session bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.kept_units(p_session bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.link(p_session bytea, p_issuer text, p_subject text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.link(p_session bytea, p_issuer text, p_subject text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.linked(p_issuer text, p_subject text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.linked(p_issuer text, p_subject text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.looked_over(p_roles text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.looked_over(p_roles text[]) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.names(p_authorities text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.names(p_authorities text[]) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.new_recovery_codes(p_session bytea, p_codes bytea[]) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.new_recovery_codes(p_session bytea, p_codes bytea[]) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.note(p_actor text, p_session bytea, p_via text, p_what text, p_subject text, p_authority text, p_detail jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.offer_factor(p_session bytea, p_sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.offer_factor(p_session bytea, p_sealed bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.open_session(p_session bytea, p_name text, p_absolute interval, p_factors integer, p_agent text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.open_session(p_session bytea, p_name text, p_absolute interval, p_factors integer, p_agent text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.own_password(p_session bytea, p_password text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.own_password(p_session bytea, p_password text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.owner_of(p_session bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.prove(p_session bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.prove(p_session bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.refuse() FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.session(p_session bytea, p_idle interval, p_absolute interval, p_fresh interval) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.sessions_of(p_session bytea, p_idle interval, p_absolute interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.sessions_of(p_session bytea, p_idle interval, p_absolute interval) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.stem(p_authority text) FROM PUBLIC;

REVOKE ALL ON FUNCTION identity.token(p_token bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.token(p_token bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.trail_of(p_session bytea, p_before bigint, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.trail_of(p_session bytea, p_before bigint, p_limit integer) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.try_sign_in(p_secret bytea, p_life interval, p_tries integer) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.try_sign_in(p_secret bytea, p_life interval, p_tries integer) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.unlink(p_session bytea, p_issuer text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.unlink(p_session bytea, p_issuer text) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.use_recovery(p_name text, p_code bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.use_recovery(p_name text, p_code bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION identity.use_step(p_name text, p_step bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.use_step(p_name text, p_step bigint) TO liuhen_console;

REVOKE ALL ON FUNCTION log.add_terminal(p_terminal uuid, p_authority text, p_event_key bytea, p_request_key bytea, p_replaces uuid, p_log integer, p_position bigint, p_genesis bytea, p_code bytea, p_request bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION log.add_terminal(p_terminal uuid, p_authority text, p_event_key bytea, p_request_key bytea, p_replaces uuid, p_log integer, p_position bigint, p_genesis bytea, p_code bytea, p_request bytea) TO liuhen_writer;

REVOKE ALL ON FUNCTION log.advance(p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_notes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION log.advance(p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_notes text[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION log.append_group(p_logs integer[], p_epochs integer[], p_from bigint[], p_before text[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_head_notes text[], p_ahead boolean, p_entry_logs integer[], p_entry_firsts bigint[], p_entry_counts integer[], p_entries bytea[], p_run_logs integer[], p_run_origins uuid[], p_run_versions bigint[], p_run_chains smallint[], p_run_positions bigint[], p_run_notes integer[], p_run_firsts integer[], p_run_counts integer[], p_run_ids uuid[], p_key_logs integer[], p_origins uuid[], p_versions bigint[], p_key_chains smallint[], p_key_positions bigint[], p_notes integer[], p_ids uuid[], p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[], p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[], p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[], p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_terminal_versions integer[], p_wanted_logs integer[], p_wanted_terminals uuid[], p_wanted_kinds text[], p_wanted_digests bytea[], p_wanted_seqs bigint[], p_wanted_positions bigint[], p_private bytea[], p_sealed bytea[], p_opened boolean[]) FROM PUBLIC;
GRANT ALL ON FUNCTION log.append_group(p_logs integer[], p_epochs integer[], p_from bigint[], p_before text[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_head_notes text[], p_ahead boolean, p_entry_logs integer[], p_entry_firsts bigint[], p_entry_counts integer[], p_entries bytea[], p_run_logs integer[], p_run_origins uuid[], p_run_versions bigint[], p_run_chains smallint[], p_run_positions bigint[], p_run_notes integer[], p_run_firsts integer[], p_run_counts integer[], p_run_ids uuid[], p_key_logs integer[], p_origins uuid[], p_versions bigint[], p_key_chains smallint[], p_key_positions bigint[], p_notes integer[], p_ids uuid[], p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[], p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[], p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[], p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_terminal_versions integer[], p_wanted_logs integer[], p_wanted_terminals uuid[], p_wanted_kinds text[], p_wanted_digests bytea[], p_wanted_seqs bigint[], p_wanted_positions bigint[], p_private bytea[], p_sealed bytea[], p_opened boolean[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION log.arrive(p_kind text, p_digests bytea[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION log.confirm_backup(p_log integer, p_size bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION log.confirm_backup(p_log integer, p_size bigint) TO liuhen_writer;
GRANT ALL ON FUNCTION log.confirm_backup(p_log integer, p_size bigint) TO liuhen_backup;

REVOKE ALL ON FUNCTION log.create_log(p_authority text, p_epoch integer, p_origin text, p_kind text) FROM PUBLIC;
GRANT ALL ON FUNCTION log.create_log(p_authority text, p_epoch integer, p_origin text, p_kind text) TO liuhen_writer;

REVOKE ALL ON FUNCTION log.keep_private(p_digests bytea[], p_sealed bytea[], p_opened boolean[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION log.lock_heads(p_logs integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION log.lock_heads(p_logs integer[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION log.move_head(p_log integer, p_from bigint, p_to bigint, p_root bytea, p_frontier bytea, p_note text) FROM PUBLIC;

GRANT SELECT ON TABLE log.terminals TO liuhen_writer;
GRANT SELECT ON TABLE log.terminals TO liuhen_backup;
GRANT SELECT ON TABLE log.terminals TO liuhen_auditor;

REVOKE ALL ON FUNCTION log.open_group(p_logs integer[], p_terminals uuid[], p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION log.open_group(p_logs integer[], p_terminals uuid[], p_ids uuid[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION log.read_entries(p_log integer, p_positions bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION log.read_entries(p_log integer, p_positions bigint[]) TO liuhen_console;

REVOKE ALL ON FUNCTION log.read_tag(p_tag text) FROM PUBLIC;
GRANT ALL ON FUNCTION log.read_tag(p_tag text) TO liuhen_console;

REVOKE ALL ON FUNCTION log.refuse() FROM PUBLIC;

REVOKE ALL ON FUNCTION view.dirty(OUT number bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION view.dirty(OUT number bigint) TO liuhen_console;

REVOKE ALL ON FUNCTION view.holder(p_digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION view.holder(p_digest bytea) TO liuhen_console;

REVOKE ALL ON FUNCTION view.ledgers(p_authority text) FROM PUBLIC;
GRANT ALL ON FUNCTION view.ledgers(p_authority text) TO liuhen_console;

REVOKE ALL ON FUNCTION view.logs() FROM PUBLIC;
GRANT ALL ON FUNCTION view.logs() TO liuhen_console;

REVOKE ALL ON FUNCTION view.logs_of(p_authorities text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION view.logs_of(p_authorities text[]) TO liuhen_console;
GRANT ALL ON FUNCTION view.logs_of(p_authorities text[]) TO liuhen_projector;
GRANT ALL ON FUNCTION view.logs_of(p_authorities text[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION view.outstanding(p_terminals uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION view.outstanding(p_terminals uuid[]) TO liuhen_console;
GRANT ALL ON FUNCTION view.outstanding(p_terminals uuid[]) TO liuhen_writer;

GRANT ALL ON FUNCTION view.pairs(p_text text) TO liuhen_projector;

REVOKE ALL ON FUNCTION view.places(p_ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION view.places(p_ids uuid[]) TO liuhen_console;
GRANT ALL ON FUNCTION view.places(p_ids uuid[]) TO liuhen_writer;

REVOKE ALL ON FUNCTION view.published_rules() FROM PUBLIC;
GRANT ALL ON FUNCTION view.published_rules() TO liuhen_console;
GRANT ALL ON FUNCTION view.published_rules() TO liuhen_projector;
GRANT ALL ON FUNCTION view.published_rules() TO liuhen_writer;

REVOKE ALL ON FUNCTION view.rule_sets(p_authority text) FROM PUBLIC;
GRANT ALL ON FUNCTION view.rule_sets(p_authority text) TO liuhen_console;
GRANT ALL ON FUNCTION view.rule_sets(p_authority text) TO liuhen_writer;

REVOKE ALL ON FUNCTION view.search(p_terms text[], p_kind text, p_most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION view.search(p_terms text[], p_kind text, p_most integer) TO liuhen_console;

REVOKE ALL ON FUNCTION view.seen() FROM PUBLIC;
GRANT ALL ON FUNCTION view.seen() TO liuhen_console;
GRANT ALL ON FUNCTION view.seen() TO liuhen_writer;
GRANT ALL ON FUNCTION view.seen() TO liuhen_projector;

GRANT ALL ON FUNCTION view.sees(p_authority text) TO liuhen_console;
GRANT ALL ON FUNCTION view.sees(p_authority text) TO liuhen_writer;

REVOKE ALL ON FUNCTION view.wanted(p_log integer, p_positions bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION view.wanted(p_log integer, p_positions bigint[]) TO liuhen_console;

GRANT SELECT,INSERT ON TABLE disclosure.documents TO liuhen_writer;
GRANT SELECT ON TABLE disclosure.documents TO liuhen_projector;
GRANT SELECT ON TABLE disclosure.documents TO liuhen_backup;

GRANT SELECT,INSERT ON TABLE disclosure.draw_secrets TO liuhen_writer;
GRANT SELECT ON TABLE disclosure.draw_secrets TO liuhen_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.draws TO liuhen_writer;
GRANT SELECT ON TABLE disclosure.draws TO liuhen_console;
GRANT SELECT ON TABLE disclosure.draws TO liuhen_projector;
GRANT SELECT ON TABLE disclosure.draws TO liuhen_backup;

GRANT SELECT,INSERT ON TABLE disclosure.files TO liuhen_writer;
GRANT SELECT ON TABLE disclosure.files TO liuhen_projector;
GRANT SELECT ON TABLE disclosure.files TO liuhen_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE disclosure.records TO liuhen_writer;
GRANT SELECT ON TABLE disclosure.records TO liuhen_console;
GRANT SELECT ON TABLE disclosure.records TO liuhen_projector;
GRANT SELECT ON TABLE disclosure.records TO liuhen_backup;

GRANT SELECT,INSERT ON TABLE disclosure.releases TO liuhen_writer;
GRANT SELECT ON TABLE disclosure.releases TO liuhen_projector;
GRANT SELECT ON TABLE disclosure.releases TO liuhen_backup;

GRANT SELECT ON TABLE evidence.blobs TO liuhen_writer;
GRANT SELECT ON TABLE evidence.blobs TO liuhen_backup;
GRANT SELECT ON TABLE evidence.blobs TO liuhen_auditor;

GRANT SELECT ON TABLE evidence.citations TO liuhen_writer;
GRANT SELECT ON TABLE evidence.citations TO liuhen_auditor;
GRANT SELECT ON TABLE evidence.citations TO liuhen_backup;

GRANT SELECT ON TABLE evidence.grants TO liuhen_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE evidence.uploads TO liuhen_writer;
GRANT SELECT ON TABLE evidence.uploads TO liuhen_backup;

GRANT SELECT ON TABLE identity.attempts TO liuhen_backup;

GRANT SELECT ON TABLE identity.authorities TO liuhen_backup;

GRANT SELECT ON TABLE identity.factors TO liuhen_backup;

GRANT SELECT ON TABLE identity.invitations TO liuhen_backup;

GRANT SELECT ON TABLE identity.links TO liuhen_backup;

GRANT SELECT ON TABLE identity.recovery_codes TO liuhen_backup;

GRANT SELECT ON TABLE identity.sessions TO liuhen_backup;

GRANT SELECT ON TABLE identity.sign_ins TO liuhen_backup;

GRANT SELECT ON TABLE identity.tokens TO liuhen_backup;

GRANT SELECT ON TABLE identity.trail TO liuhen_backup;

GRANT SELECT ON TABLE identity.units TO liuhen_backup;

GRANT SELECT ON TABLE log.checkpoints TO liuhen_writer;
GRANT SELECT ON TABLE log.checkpoints TO liuhen_backup;
GRANT SELECT ON TABLE log.checkpoints TO liuhen_projector;
GRANT SELECT ON TABLE log.checkpoints TO liuhen_auditor;

GRANT SELECT,INSERT ON TABLE log.codes TO liuhen_writer;
GRANT SELECT ON TABLE log.codes TO liuhen_backup;

GRANT SELECT,INSERT,UPDATE ON TABLE log.contacts TO liuhen_writer;
GRANT SELECT ON TABLE log.contacts TO liuhen_backup;

GRANT SELECT,INSERT ON TABLE log.entries TO liuhen_writer;
GRANT SELECT ON TABLE log.entries TO liuhen_backup;
GRANT SELECT ON TABLE log.entries TO liuhen_projector;
GRANT SELECT ON TABLE log.entries TO liuhen_auditor;

GRANT SELECT ON TABLE log.heads TO liuhen_writer;
GRANT SELECT ON TABLE log.heads TO liuhen_backup;
GRANT SELECT ON TABLE log.heads TO liuhen_projector;
GRANT SELECT ON TABLE log.heads TO liuhen_auditor;

GRANT SELECT,INSERT ON TABLE log.keys TO liuhen_writer;
GRANT SELECT ON TABLE log.keys TO liuhen_backup;
GRANT SELECT ON TABLE log.keys TO liuhen_projector;
GRANT SELECT ON TABLE log.keys TO liuhen_auditor;

GRANT SELECT ON TABLE log.logs TO liuhen_writer;
GRANT SELECT ON TABLE log.logs TO liuhen_backup;
GRANT SELECT ON TABLE log.logs TO liuhen_projector;
GRANT SELECT ON TABLE log.logs TO liuhen_auditor;
GRANT SELECT ON TABLE log.logs TO liuhen_console;

GRANT SELECT,INSERT,DELETE ON TABLE log.nonces TO liuhen_writer;
GRANT SELECT ON TABLE log.nonces TO liuhen_backup;

GRANT SELECT ON TABLE log.private TO liuhen_writer;
GRANT SELECT ON TABLE log.private TO liuhen_backup;

GRANT SELECT ON TABLE log.seals TO liuhen_writer;
GRANT SELECT ON TABLE log.seals TO liuhen_backup;
GRANT SELECT ON TABLE log.seals TO liuhen_projector;
GRANT SELECT ON TABLE log.seals TO liuhen_auditor;

GRANT SELECT ON TABLE log.tags TO liuhen_writer;
GRANT SELECT ON TABLE log.tags TO liuhen_backup;
GRANT SELECT ON TABLE log.tags TO liuhen_projector;
GRANT SELECT ON TABLE log.tags TO liuhen_auditor;

GRANT SELECT,INSERT ON TABLE log.tracking TO liuhen_writer;
GRANT SELECT ON TABLE log.tracking TO liuhen_backup;

GRANT SELECT ON TABLE log.wanted TO liuhen_writer;
GRANT SELECT ON TABLE log.wanted TO liuhen_backup;
GRANT SELECT ON TABLE log.wanted TO liuhen_projector;

GRANT SELECT ON TABLE published.authorities TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.authorities TO liuhen_projector;
GRANT SELECT ON TABLE published.authorities TO liuhen_console;
GRANT SELECT ON TABLE published.authorities TO liuhen_writer;
GRANT SELECT ON TABLE published.authorities TO liuhen_backup;

GRANT SELECT ON TABLE published.files TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.files TO liuhen_projector;
GRANT SELECT ON TABLE published.files TO liuhen_console;
GRANT SELECT ON TABLE published.files TO liuhen_writer;
GRANT SELECT ON TABLE published.files TO liuhen_backup;

GRANT SELECT ON TABLE published.positions TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.positions TO liuhen_projector;
GRANT SELECT ON TABLE published.positions TO liuhen_console;
GRANT SELECT ON TABLE published.positions TO liuhen_writer;
GRANT SELECT ON TABLE published.positions TO liuhen_backup;

GRANT SELECT ON TABLE published.records TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.records TO liuhen_projector;
GRANT SELECT ON TABLE published.records TO liuhen_console;
GRANT SELECT ON TABLE published.records TO liuhen_writer;
GRANT SELECT ON TABLE published.records TO liuhen_backup;

GRANT SELECT ON TABLE published.revisions TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.revisions TO liuhen_projector;
GRANT SELECT ON TABLE published.revisions TO liuhen_console;
GRANT SELECT ON TABLE published.revisions TO liuhen_writer;
GRANT SELECT ON TABLE published.revisions TO liuhen_backup;

GRANT SELECT ON TABLE published.sections TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.sections TO liuhen_projector;
GRANT SELECT ON TABLE published.sections TO liuhen_console;
GRANT SELECT ON TABLE published.sections TO liuhen_writer;
GRANT SELECT ON TABLE published.sections TO liuhen_backup;

GRANT SELECT ON TABLE published.statistics TO liuhen_public;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE published.statistics TO liuhen_projector;
GRANT SELECT ON TABLE published.statistics TO liuhen_console;
GRANT SELECT ON TABLE published.statistics TO liuhen_writer;
GRANT SELECT ON TABLE published.statistics TO liuhen_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE view.alerts TO liuhen_projector;
GRANT SELECT ON TABLE view.alerts TO liuhen_console;
GRANT SELECT ON TABLE view.alerts TO liuhen_writer;
GRANT SELECT ON TABLE view.alerts TO liuhen_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE view.changes TO liuhen_projector;
GRANT SELECT ON TABLE view.changes TO liuhen_console;
GRANT SELECT ON TABLE view.changes TO liuhen_writer;
GRANT SELECT ON TABLE view.changes TO liuhen_backup;

GRANT SELECT,INSERT ON TABLE view.cuts TO liuhen_console;
GRANT SELECT,INSERT ON TABLE view.cuts TO liuhen_projector;
GRANT SELECT ON TABLE view.cuts TO liuhen_backup;
GRANT SELECT,INSERT ON TABLE view.cuts TO liuhen_writer;

GRANT SELECT,UPDATE ON TABLE view.live TO liuhen_projector;
GRANT SELECT ON TABLE view.live TO liuhen_console;
GRANT SELECT ON TABLE view.live TO liuhen_backup;
GRANT SELECT ON TABLE view.live TO liuhen_writer;

GRANT SELECT,UPDATE ON TABLE view.process TO liuhen_projector;
GRANT SELECT ON TABLE view.process TO liuhen_console;
GRANT SELECT ON TABLE view.process TO liuhen_writer;
GRANT SELECT ON TABLE view.process TO liuhen_backup;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.case_files TO liuhen_projector;
GRANT SELECT ON TABLE view_a.case_files TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.case_items TO liuhen_projector;
GRANT SELECT ON TABLE view_a.case_items TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.counted TO liuhen_projector;
GRANT SELECT ON TABLE view_a.counted TO liuhen_console;
GRANT SELECT ON TABLE view_a.counted TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.deadlines TO liuhen_projector;
GRANT SELECT ON TABLE view_a.deadlines TO liuhen_console;
GRANT SELECT ON TABLE view_a.deadlines TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.dependents TO liuhen_projector;
GRANT SELECT ON TABLE view_a.dependents TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.dirty TO liuhen_projector;
GRANT SELECT ON TABLE view_a.dirty TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.filed_up_to TO liuhen_projector;
GRANT SELECT ON TABLE view_a.filed_up_to TO liuhen_console;
GRANT SELECT ON TABLE view_a.filed_up_to TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.filings TO liuhen_projector;
GRANT SELECT ON TABLE view_a.filings TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.matters TO liuhen_projector;
GRANT SELECT ON TABLE view_a.matters TO liuhen_console;
GRANT SELECT ON TABLE view_a.matters TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.misfiled TO liuhen_projector;
GRANT SELECT ON TABLE view_a.misfiled TO liuhen_console;
GRANT SELECT ON TABLE view_a.misfiled TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.parked TO liuhen_projector;
GRANT SELECT ON TABLE view_a.parked TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.positions TO liuhen_projector;
GRANT SELECT ON TABLE view_a.positions TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.reviews TO liuhen_projector;
GRANT SELECT ON TABLE view_a.reviews TO liuhen_console;
GRANT SELECT ON TABLE view_a.reviews TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.searchable TO liuhen_projector;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.signals TO liuhen_projector;
GRANT SELECT ON TABLE view_a.signals TO liuhen_console;
GRANT SELECT ON TABLE view_a.signals TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.terminals TO liuhen_projector;
GRANT SELECT ON TABLE view_a.terminals TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_a.verdicts TO liuhen_projector;
GRANT SELECT ON TABLE view_a.verdicts TO liuhen_console;
GRANT SELECT ON TABLE view_a.verdicts TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.case_files TO liuhen_projector;
GRANT SELECT ON TABLE view_b.case_files TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.case_items TO liuhen_projector;
GRANT SELECT ON TABLE view_b.case_items TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.counted TO liuhen_projector;
GRANT SELECT ON TABLE view_b.counted TO liuhen_console;
GRANT SELECT ON TABLE view_b.counted TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.deadlines TO liuhen_projector;
GRANT SELECT ON TABLE view_b.deadlines TO liuhen_console;
GRANT SELECT ON TABLE view_b.deadlines TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.dependents TO liuhen_projector;
GRANT SELECT ON TABLE view_b.dependents TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.dirty TO liuhen_projector;
GRANT SELECT ON TABLE view_b.dirty TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.filed_up_to TO liuhen_projector;
GRANT SELECT ON TABLE view_b.filed_up_to TO liuhen_console;
GRANT SELECT ON TABLE view_b.filed_up_to TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.filings TO liuhen_projector;
GRANT SELECT ON TABLE view_b.filings TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.matters TO liuhen_projector;
GRANT SELECT ON TABLE view_b.matters TO liuhen_console;
GRANT SELECT ON TABLE view_b.matters TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.misfiled TO liuhen_projector;
GRANT SELECT ON TABLE view_b.misfiled TO liuhen_console;
GRANT SELECT ON TABLE view_b.misfiled TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.parked TO liuhen_projector;
GRANT SELECT ON TABLE view_b.parked TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.positions TO liuhen_projector;
GRANT SELECT ON TABLE view_b.positions TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.reviews TO liuhen_projector;
GRANT SELECT ON TABLE view_b.reviews TO liuhen_console;
GRANT SELECT ON TABLE view_b.reviews TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.searchable TO liuhen_projector;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.signals TO liuhen_projector;
GRANT SELECT ON TABLE view_b.signals TO liuhen_console;
GRANT SELECT ON TABLE view_b.signals TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.terminals TO liuhen_projector;
GRANT SELECT ON TABLE view_b.terminals TO liuhen_console;

GRANT SELECT,INSERT,DELETE,TRUNCATE,UPDATE ON TABLE view_b.verdicts TO liuhen_projector;
GRANT SELECT ON TABLE view_b.verdicts TO liuhen_console;
GRANT SELECT ON TABLE view_b.verdicts TO liuhen_writer;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhook.cursors TO liuhen_writer;
GRANT SELECT ON TABLE webhook.cursors TO liuhen_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhook.messages TO liuhen_writer;
GRANT SELECT ON TABLE webhook.messages TO liuhen_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhook.targets TO liuhen_writer;
GRANT SELECT ON TABLE webhook.targets TO liuhen_backup;
