-- Evidence is viewed under grants, its custody can be told, and it is checked again and again.

SET ROLE liuhen_owner;

ALTER TABLE evidence.blobs
    ADD COLUMN checked  timestamptz,
    ADD COLUMN pieces   bytea,
    ADD COLUMN examined boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN evidence.blobs.checked IS 'When the bytes were last read as a whole and had the digest.';
COMMENT ON COLUMN evidence.blobs.pieces IS 'SHA-256 of each MiB, taken while the whole had its digest: a part is checked before it is served.';
COMMENT ON COLUMN evidence.blobs.examined IS 'Whether the act that says what the file is stands in every log that cites it.';
CREATE INDEX blobs_unexamined ON evidence.blobs (received) WHERE NOT examined;

CREATE TABLE evidence.grants (
    link      bytea PRIMARY KEY CHECK (octet_length(link) = 32),
    session   bytea NOT NULL CHECK (octet_length(session) = 32),
    authority text NOT NULL,
    purpose   text NOT NULL,
    tags      text[] NOT NULL,
    digests   bytea[] NOT NULL CHECK (cardinality(digests) BETWEEN 1 AND 500),
    made      timestamptz NOT NULL,
    opened    timestamptz,
    secret    bytea UNIQUE CHECK (octet_length(secret) = 32),
    expires   timestamptz
);
CREATE INDEX grants_made ON evidence.grants (made);
COMMENT ON TABLE evidence.grants IS 'Links that a session may open once, and the grants that they became, by SHA-256. Operational: the acts stand in the log.';

CREATE TABLE evidence.citations (
    digest   bytea NOT NULL CHECK (octet_length(digest) = 32),
    log_id   integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (digest, log_id, position)
);
COMMENT ON TABLE evidence.citations IS 'Acts of the office that name many blobs: what tags cannot carry. Derived from the entries.';

-- Grants: instants come from the caller, so that one clock decides -----------------------------------------------------

CREATE FUNCTION evidence.make_link(p_link bytea, p_session bytea, p_authority text, p_purpose text, p_tags text[],
                                   p_digests bytea[], p_now timestamptz) RETURNS integer
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION evidence.open_link(p_link bytea, p_session bytea, p_life interval, p_now timestamptz)
    RETURNS TABLE (purpose text, tags text[], digests bytea[])
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE evidence.grants g SET opened = p_now
     WHERE g.link = p_link AND g.session = p_session AND g.opened IS NULL AND g.made > p_now - p_life
 RETURNING g.purpose, g.tags, g.digests
$$;

CREATE FUNCTION evidence.grant_link(p_link bytea, p_secret bytea, p_expires timestamptz) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE evidence.grants g SET secret = p_secret, expires = p_expires
     WHERE g.link = p_link AND g.opened IS NOT NULL AND g.secret IS NULL
$$;

CREATE FUNCTION evidence.granted(p_secret bytea, p_digest bytea, p_now timestamptz)
    RETURNS TABLE (size bigint, type text, pieces bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- A grant ends with the session that it was given to.
    SELECT b.size, b.type, b.pieces
      FROM evidence.grants g JOIN evidence.blobs b ON b.digest = p_digest
     WHERE g.secret = p_secret AND g.expires > p_now AND p_digest = ANY (g.digests) AND b.state = 'held'
       AND (EXISTS (SELECT FROM identity.sessions s JOIN identity.users u USING (name)
                     WHERE s.session = g.session AND s.ended IS NULL AND NOT u.disabled)
         OR EXISTS (SELECT FROM identity.tokens t
                     WHERE t.token = g.session AND t.revoked IS NULL AND t.expires > now()))
$$;

-- Custody: what an authority may know of a blob that its records cite --------------------------------------------------

CREATE FUNCTION evidence.places(p_digest bytea) RETURNS TABLE (log_id integer, epoch integer, pos bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Fails closed: without liuhen.authority set in the transaction, current_setting raises.
    SELECT l.log_id, l.epoch, p.position
      FROM (SELECT w.log_id, w.position FROM log.wanted w WHERE w.digest = p_digest AND w.kind = 'blob'
            UNION SELECT c.log_id, c.position FROM evidence.citations c WHERE c.digest = p_digest) p
      JOIN log.logs l ON l.log_id = p.log_id
     WHERE l.authority = current_setting('liuhen.authority')
     ORDER BY l.epoch, p.position
$$;

CREATE FUNCTION evidence.blob(p_digest bytea)
    RETURNS TABLE (size bigint, type text, terminal uuid, received timestamptz, state text, checked timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.size, b.type, b.terminal, b.received, b.state, b.checked
      FROM evidence.blobs b
     WHERE b.digest = p_digest
       AND EXISTS (SELECT FROM log.wanted w JOIN log.logs l USING (log_id)
                    WHERE w.digest = b.digest AND w.kind = 'blob'
                      AND l.authority = current_setting('liuhen.authority'))
$$;

-- What the log's writer may do -----------------------------------------------------------------------------------------

CREATE FUNCTION evidence.cite(p_log integer, p_position bigint, p_digests bytea[]) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO evidence.citations (digest, log_id, position) SELECT d, p_log, p_position FROM unnest(p_digests) AS d
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION evidence.sound(p_digest bytea, p_pieces bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE evidence.blobs b SET checked = clock_timestamp(), pieces = p_pieces WHERE b.digest = p_digest AND b.state = 'held'
$$;

CREATE FUNCTION evidence.examined(p_digest bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE evidence.blobs b SET examined = true WHERE b.digest = p_digest
$$;

CREATE FUNCTION evidence.damage(p_digest bytea, p_state text) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE evidence.blobs b SET state = p_state, pieces = NULL WHERE b.digest = p_digest AND p_state IN ('corrupt', 'lost')
$$;

CREATE FUNCTION evidence.ask_again(p_log integer, p_digest bytea) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

RESET ROLE;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA evidence FROM PUBLIC;
GRANT SELECT ON evidence.citations TO liuhen_writer, liuhen_auditor;
GRANT SELECT ON evidence.grants, evidence.citations TO liuhen_backup;
GRANT EXECUTE ON FUNCTION evidence.make_link, evidence.open_link, evidence.grant_link, evidence.granted,
    evidence.places, evidence.blob TO liuhen_console;
GRANT EXECUTE ON FUNCTION evidence.cite, evidence.sound, evidence.examined, evidence.damage, evidence.ask_again
    TO liuhen_writer;
