-- Evidence: files that envelopes declare, by their digest, and uploads that are not finished yet.
-- A row of `blobs` says that the bytes were checked and lie in the store; it is written last, after the folder's fsync.

CREATE SCHEMA evidence AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

CREATE TABLE evidence.blobs (
    digest    bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    size      bigint NOT NULL CHECK (size >= 1),
    type      text NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 128),
    authority text NOT NULL,
    terminal  uuid NOT NULL,
    received  timestamptz NOT NULL DEFAULT clock_timestamp(),
    state     text NOT NULL DEFAULT 'held' CHECK (state IN (
        'held',     -- the bytes had the digest when they were last looked at
        'corrupt',  -- the bytes have another digest: never served, asked for again
        'lost'))    -- there are no bytes: asked for again
);
CREATE INDEX blobs_terminal ON evidence.blobs (terminal, received);
CREATE INDEX blobs_authority ON evidence.blobs (authority, received);
COMMENT ON TABLE evidence.blobs IS 'Every blob that the store holds, once for each digest, whoever cites it.';
COMMENT ON COLUMN evidence.blobs.terminal IS 'Who brought the bytes first; the quotas count it there.';

CREATE TABLE evidence.uploads (
    upload    uuid PRIMARY KEY,
    terminal  uuid NOT NULL,
    authority text NOT NULL,
    digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
    size      bigint NOT NULL CHECK (size >= 1),
    type      text NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 128),
    begun     timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires   timestamptz NOT NULL,
    state     text NOT NULL CHECK (state IN (
        'open',  -- bytes are still to come; how many came is the length of the file beside it
        'done')) -- the blob is held; kept until it expires, for a terminal that lost the answer
);
CREATE INDEX uploads_terminal ON evidence.uploads (terminal) WHERE state = 'open';
CREATE INDEX uploads_authority ON evidence.uploads (authority) WHERE state = 'open';
CREATE INDEX uploads_expires ON evidence.uploads (expires);
COMMENT ON TABLE evidence.uploads IS 'Resumable uploads. The true offset is the length of the staged file, never a column.';

CREATE FUNCTION evidence.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: a finished blob is never taken back', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_removal BEFORE DELETE ON evidence.blobs FOR EACH ROW EXECUTE FUNCTION evidence.refuse();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON evidence.blobs EXECUTE FUNCTION evidence.refuse();
ALTER TABLE evidence.blobs ENABLE ALWAYS TRIGGER refuse_removal;
ALTER TABLE evidence.blobs ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE FUNCTION evidence.hold(p_digest bytea, p_size bigint, p_type text, p_authority text, p_terminal uuid)
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- The bytes lie in the store and were checked. A blob that was corrupt or lost is held again; who brought it first stays.
    INSERT INTO evidence.blobs (digest, size, type, authority, terminal)
         VALUES (p_digest, p_size, p_type, p_authority, p_terminal)
    ON CONFLICT (digest) DO UPDATE SET state = 'held' WHERE evidence.blobs.state <> 'held'
$$;

CREATE FUNCTION evidence.arrive(p_log integer, p_digest bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- In the transaction that records the arrival, under the head's lock of that log.
    WITH came AS (
        UPDATE log.wanted w SET arrived = true
         WHERE w.kind = 'blob' AND w.log_id = p_log AND w.digest = p_digest AND NOT w.arrived
     RETURNING w.terminal
    )
    UPDATE log.terminals t SET waiting = t.waiting - c.number
      FROM (SELECT terminal, count(*)::integer AS number FROM came GROUP BY terminal) c
     WHERE t.terminal = c.terminal
$$;

RESET ROLE;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA evidence FROM PUBLIC;
GRANT USAGE ON SCHEMA evidence TO liuhen_writer, liuhen_console, liuhen_auditor, liuhen_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA evidence TO liuhen_writer, liuhen_backup;
GRANT SELECT ON evidence.blobs TO liuhen_auditor;
GRANT INSERT, UPDATE, DELETE ON evidence.uploads TO liuhen_writer;
GRANT EXECUTE ON FUNCTION evidence.hold, evidence.arrive TO liuhen_writer;
