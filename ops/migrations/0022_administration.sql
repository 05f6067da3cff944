-- Administration: accounts are kept on pages by who has the role, proven here by a live session, never by what a page
-- says. Who keeps which: security officers the accounts that stand apart (administrators, auditors, security officers),
-- administrators all others; a second factor is taken away by a security officer alone. So none of them can make an
-- account for themselves, or enter the account of somebody who has a second factor.

SET ROLE liuhen_owner;

ALTER TABLE identity.users ALTER COLUMN password DROP NOT NULL;
COMMENT ON COLUMN identity.users.password IS 'argon2id; NULL until the holder of an invitation chooses one, or where sign-in is by an identity provider.';

CREATE TABLE identity.invitations (
    link    bytea PRIMARY KEY CHECK (octet_length(link) = 32),
    name    text NOT NULL UNIQUE REFERENCES identity.users ON DELETE CASCADE,
    expires timestamptz NOT NULL
);
COMMENT ON TABLE identity.invitations IS 'One-time links by SHA-256 with which the holder of an account chooses a password; a new one takes the place of the one before.';

CREATE TABLE identity.links (
    issuer  text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 256),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    name    text NOT NULL REFERENCES identity.users ON DELETE CASCADE,
    made    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, name)
);
COMMENT ON TABLE identity.links IS 'Who an account is at an identity provider (OpenID Connect). Made by its holder or by a command, never by a sign-in.';

CREATE FUNCTION identity.keeper(p_session bytea) RETURNS identity.users
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o FROM identity.owner_of(p_session) o WHERE o.roles && ARRAY['administrator', 'security_officer']
$$;

CREATE FUNCTION identity.keeps(p_who identity.users, p_authority text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_who.name IS NOT NULL
       AND (p_authority = p_who.authority OR p_authority = ANY (identity.below(p_who.authority)))
$$;

CREATE FUNCTION identity.grants(p_who identity.users, p_roles text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN p_roles && ARRAY['administrator', 'security_officer', 'auditor']
                THEN 'security_officer' = ANY (p_who.roles) ELSE 'administrator' = ANY (p_who.roles) END
$$;

CREATE FUNCTION identity.kept_accounts(p_session bytea, p_name text, p_after text, p_limit integer)
    RETURNS TABLE (name text, display text, authority text, unit text, officer text, roles text[], disabled boolean,
                   password boolean, factor boolean, invited timestamptz, created timestamptz, mine boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.keep_add(p_session bytea, p_name text, p_display text, p_authority text, p_unit text,
                                  p_officer text, p_roles text[], p_link bytea, p_life interval) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.keep_change(p_session bytea, p_name text, p_display text, p_unit text, p_officer text,
                                     p_roles text[]) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.keep_disable(p_session bytea, p_name text, p_disabled boolean) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.keep_invite(p_session bytea, p_name text, p_link bytea, p_life interval) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.keep_drop_factor(p_session bytea, p_name text) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.kept_units(p_session bytea)
    RETURNS TABLE (authority text, unit text, name text, role text, closed boolean, accounts bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.authority, n.unit, n.name, n.role, n.closed,
           (SELECT count(*) FROM identity.users u WHERE u.authority = n.authority AND u.unit = n.unit AND NOT u.disabled)
      FROM identity.keeper(p_session) k
      JOIN identity.units n ON n.authority = k.authority OR n.authority = ANY (identity.below(k.authority))
     ORDER BY n.authority, n.unit LIMIT 2000
$$;

CREATE FUNCTION identity.keep_unit(p_session bytea, p_authority text, p_unit text, p_name text, p_role text, p_closed boolean)
    RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.kept_authorities(p_session bytea)
    RETURNS TABLE (authority text, parent text, name text, epoch integer, accounts bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- `epoch` NULL: no log was begun yet.
    SELECT known.authority, coalesce(a.parent, ''), coalesce(a.name, ''),
           (SELECT max(l.epoch) FROM log.logs l WHERE l.authority = known.authority AND l.kind = 'authority'),
           (SELECT count(*) FROM identity.users u WHERE u.authority = known.authority AND NOT u.disabled)
      FROM identity.keeper(p_session) k
     CROSS JOIN LATERAL unnest(array_prepend(k.authority, identity.below(k.authority))) AS known (authority)
      LEFT JOIN identity.authorities a ON a.authority = known.authority
     WHERE k.name IS NOT NULL ORDER BY known.authority LIMIT 5000
$$;

CREATE FUNCTION identity.keep_authority(p_session bytea, p_authority text, p_parent text, p_name text) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION identity.trail_of(p_session bytea, p_before bigint, p_limit integer)
    RETURNS TABLE (entry bigint, at timestamptz, actor text, session bytea, via text, what text, subject text, authority text,
                   detail jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.entry, t.at, t.actor, t.session, t.via, t.what, t.subject, t.authority, t.detail
      FROM identity.owner_of(p_session) o
      JOIN identity.trail t ON t.authority = o.authority OR t.authority = ANY (identity.below(o.authority))
     WHERE o.roles && ARRAY['administrator', 'security_officer', 'auditor'] AND t.entry < p_before
     ORDER BY t.entry DESC LIMIT p_limit
$$;

CREATE FUNCTION identity.invited(p_link bytea) RETURNS TABLE (name text, display text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.name, u.display FROM identity.invitations i JOIN identity.users u USING (name)
     WHERE i.link = p_link AND i.expires > now() AND NOT u.disabled
$$;

CREATE FUNCTION identity.accept(p_link bytea, p_password text) RETURNS text
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

-- Identity providers ---------------------------------------------------------------------------------------------------

CREATE FUNCTION identity.linked(p_issuer text, p_subject text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.name FROM identity.links l JOIN identity.users u USING (name)
     WHERE l.issuer = p_issuer AND l.subject = p_subject AND NOT u.disabled
$$;

CREATE FUNCTION identity.link(p_session bytea, p_issuer text, p_subject text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    IF who.name IS NULL THEN RETURN false; END IF;
    INSERT INTO identity.links (issuer, subject, name) VALUES (p_issuer, p_subject, who.name) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM identity.note(who.name, p_session, 'console', 'provider_linked', who.name, who.authority,
        jsonb_build_object('issuer', p_issuer));
    RETURN true;
END $$;

CREATE FUNCTION identity.unlink(p_session bytea, p_issuer text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who identity.users := identity.owner_of(p_session);
BEGIN
    DELETE FROM identity.links l WHERE l.name = who.name AND l.issuer = p_issuer;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM identity.note(who.name, p_session, 'console', 'provider_unlinked', who.name, who.authority,
        jsonb_build_object('issuer', p_issuer));
    RETURN true;
END $$;

CREATE FUNCTION identity.is_linked(p_name text, p_issuer text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM identity.links l WHERE l.name = p_name AND l.issuer = p_issuer)
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION identity.keeper, identity.keeps, identity.grants, identity.kept_accounts, identity.keep_add,
    identity.keep_change, identity.keep_disable, identity.keep_invite, identity.keep_drop_factor, identity.kept_units,
    identity.keep_unit, identity.kept_authorities, identity.keep_authority, identity.trail_of, identity.invited,
    identity.accept, identity.linked, identity.link, identity.unlink, identity.is_linked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.kept_accounts, identity.keep_add, identity.keep_change, identity.keep_disable,
    identity.keep_invite, identity.keep_drop_factor, identity.kept_units, identity.keep_unit, identity.kept_authorities,
    identity.keep_authority, identity.trail_of, identity.invited, identity.accept, identity.linked, identity.link,
    identity.unlink, identity.is_linked TO liuhen_console;
GRANT SELECT ON identity.invitations, identity.links TO liuhen_backup;
