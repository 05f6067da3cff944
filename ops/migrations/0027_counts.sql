-- What counting asks for first: published rules are found at once among everything that is filed, and the server knows
-- for whom it counts ahead.

SET ROLE liuhen_owner;

CREATE INDEX filings_rules ON view_a.filings (key, log_id, chunk) WHERE starts_with(key, 'rules:');
CREATE INDEX filings_rules ON view_b.filings (key, log_id, chunk) WHERE starts_with(key, 'rules:');

CREATE FUNCTION identity.looked_over(p_roles text[]) RETURNS TABLE (authority text, below text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Authorities of accounts and programs with one of some roles, each with those below it.
    SELECT found.authority, identity.below(found.authority)
      FROM (SELECT u.authority FROM identity.users u WHERE u.roles && p_roles AND NOT u.disabled
             UNION
            SELECT t.authority FROM identity.tokens t
             WHERE t.role = ANY (p_roles) AND t.revoked IS NULL AND t.expires > now()) found
$$;

RESET ROLE;

REVOKE ALL ON FUNCTION identity.looked_over FROM PUBLIC;
GRANT EXECUTE ON FUNCTION identity.looked_over TO liuhen_console;
