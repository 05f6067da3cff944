-- The log: one gapless sequence of entries per authority and epoch, and what is derived from it to answer quickly.
-- Rights: nothing of the log is ever updated, deleted or truncated, by the owner neither. Heads and terminals move only
-- through the functions below, which tie entries, positions and transaction together.

CREATE SCHEMA log AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

CREATE TABLE log.logs (
    log_id    integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    authority text NOT NULL CHECK (octet_length(authority) BETWEEN 1 AND 128),
    epoch     integer NOT NULL CHECK (epoch >= 1),
    origin    text NOT NULL UNIQUE,
    kind      text NOT NULL CHECK (kind IN (
        'authority',    -- the log of an enforcement authority
        'application')), -- the log of an `eventsourcing` application, entries of kind `stored`
    UNIQUE (authority, epoch)
);
COMMENT ON TABLE log.logs IS 'One row per authority and epoch; origin is the key name of its checkpoints.';

CREATE TABLE log.heads (
    log_id   integer PRIMARY KEY REFERENCES log.logs,
    size     bigint NOT NULL CHECK (size >= 0),
    root     bytea NOT NULL CHECK (octet_length(root) = 32),
    frontier bytea NOT NULL,
    note     text NOT NULL,
    backed   bigint NOT NULL DEFAULT 0 CHECK (backed <= size)
) WITH (fillfactor = 20);
COMMENT ON TABLE log.heads IS 'The one hot row of a log: size, root, complete subtrees and the signed note of both.';
COMMENT ON COLUMN log.heads.backed IS 'Size that a standby or a verified backup has confirmed; the watermark rests on it.';

CREATE TABLE log.entries (
    log_id   integer NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    entry    bytea NOT NULL CHECK (octet_length(entry) <= 65535),
    PRIMARY KEY (log_id, position)
);
ALTER TABLE log.entries ALTER COLUMN entry SET STORAGE EXTERNAL;
COMMENT ON TABLE log.entries IS 'The Merkle leaves, exactly as hashed.';

CREATE TABLE log.keys (
    log_id   integer NOT NULL,
    origin   uuid NOT NULL,
    version  bigint NOT NULL,
    chain    smallint NOT NULL,
    position bigint NOT NULL,
    notes    integer NOT NULL,
    id       uuid,
    PRIMARY KEY (log_id, origin, version, chain)
);
CREATE INDEX keys_id ON log.keys (id) WHERE id IS NOT NULL;
COMMENT ON TABLE log.keys IS 'Where (terminal, seq) or (aggregate, version) stands; chain > 0 for side chains of a forked terminal, -1 for office acts.';
COMMENT ON COLUMN log.keys.notes IS 'The notes of an envelope as bits (schemas.envelope.NOTE_BITS).';

CREATE TABLE log.tags (
    log_id   integer NOT NULL,
    tag      text NOT NULL CHECK (octet_length(tag) <= 128),
    position bigint NOT NULL,
    offsets  bytea NOT NULL CHECK (octet_length(offsets) % 2 = 0),
    PRIMARY KEY (log_id, tag, position)
);
COMMENT ON TABLE log.tags IS 'One row for each distinct tag of a batch: first position, and big-endian uint16 offsets of the others. Derived.';

CREATE TABLE log.seals (
    log_id   integer NOT NULL,
    terminal uuid NOT NULL,
    chain    smallint NOT NULL,
    position bigint NOT NULL,
    last     bigint NOT NULL,
    PRIMARY KEY (log_id, terminal, chain, position)
);
COMMENT ON TABLE log.seals IS 'Where the seals of a terminal stand and up to which seq each covers. Derived.';

CREATE TABLE log.checkpoints (
    log_id    integer NOT NULL,
    size      bigint NOT NULL,
    note      text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (log_id, size)
);
COMMENT ON TABLE log.checkpoints IS 'Every checkpoint ever signed. The key makes a second root for one size impossible.';

CREATE TABLE log.terminals (
    terminal    uuid PRIMARY KEY,
    authority   text NOT NULL,
    event_key   bytea NOT NULL UNIQUE CHECK (octet_length(event_key) = 32),
    request_key bytea NOT NULL UNIQUE CHECK (octet_length(request_key) = 32),
    replaces    uuid,
    log_id      integer NOT NULL,
    position    bigint NOT NULL,
    seq         bigint NOT NULL DEFAULT 0,
    hash        bytea NOT NULL CHECK (octet_length(hash) = 32),
    declared    bigint NOT NULL DEFAULT 0,
    chain       smallint NOT NULL DEFAULT 0,
    held        boolean NOT NULL DEFAULT false,
    revoked     bigint,
    clock       bytea,
    rare        bytea,
    waiting     integer NOT NULL DEFAULT 0,
    version     integer NOT NULL DEFAULT 1
) WITH (fillfactor = 50);
CREATE INDEX terminals_authority ON log.terminals (authority);
COMMENT ON TABLE log.terminals IS 'The head of each terminal and how it stands; everything here follows from the log.';
COMMENT ON COLUMN log.terminals.waiting IS 'How many declared files and private values have not arrived yet.';
COMMENT ON COLUMN log.terminals.version IS 'Version of the office aggregate of this terminal: enrolment is 1.';

CREATE TABLE log.contacts (
    terminal uuid PRIMARY KEY,
    at       timestamptz NOT NULL,
    offset_ms bigint
) WITH (fillfactor = 50);
COMMENT ON TABLE log.contacts IS 'When a terminal last spoke to us. Operational, not evidence: heartbeats leave no entry.';

CREATE TABLE log.wanted (
    log_id   integer NOT NULL,
    terminal uuid NOT NULL,
    kind     text NOT NULL CHECK (kind IN (
        'blob',      -- a file that an envelope declares
        'private')), -- the value behind a commitment
    digest   bytea NOT NULL CHECK (octet_length(digest) = 32),
    seq      bigint NOT NULL,
    position bigint NOT NULL,
    arrived  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (log_id, position, kind, digest)
);
CREATE INDEX wanted_missing ON log.wanted (terminal, kind, seq) WHERE NOT arrived;
CREATE INDEX wanted_digest ON log.wanted (digest);
COMMENT ON TABLE log.wanted IS 'Files and private values that envelopes rely on, and whether they are here.';

CREATE TABLE log.private (
    digest  bytea NOT NULL CHECK (octet_length(digest) = 32),
    sealed  bytea NOT NULL CHECK (octet_length(sealed) <= 8192),
    arrived timestamptz NOT NULL DEFAULT clock_timestamp(),
    opened  boolean NOT NULL,
    PRIMARY KEY (digest, arrived)
);
COMMENT ON TABLE log.private IS 'Sealed private values beside the log; erasing one touches no proof.';

CREATE TABLE log.codes (
    code_hash bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    authority text NOT NULL,
    expires   timestamptz NOT NULL,
    terminal  uuid,
    request   bytea
);
COMMENT ON TABLE log.codes IS 'Enrolment codes by hash: single use, 15 minutes; request = hash of the request that used it.';

CREATE TABLE log.nonces (
    terminal uuid NOT NULL,
    nonce    text NOT NULL CHECK (octet_length(nonce) <= 128),
    seen     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (terminal, nonce)
);
COMMENT ON TABLE log.nonces IS 'Nonces of signed requests, remembered for 600 s.';

CREATE TABLE log.tracking (
    projection text NOT NULL,
    application text NOT NULL,
    notification bigint NOT NULL,
    PRIMARY KEY (projection, application, notification)
);
COMMENT ON TABLE log.tracking IS 'What the projections of `eventsourcing` applications have processed, written with their events.';

-- Nobody changes what was recorded ---------------------------------------------------------------------------------

CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['logs', 'entries', 'keys', 'tags', 'seals', 'checkpoints', 'tracking'] LOOP
        EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON log.%I FOR EACH ROW EXECUTE FUNCTION log.refuse()', name);
        EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.%I EXECUTE FUNCTION log.refuse()', name);
        EXECUTE format('ALTER TABLE log.%I ENABLE ALWAYS TRIGGER refuse_change', name);
        EXECUTE format('ALTER TABLE log.%I ENABLE ALWAYS TRIGGER refuse_truncate', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['heads', 'terminals'] LOOP
        EXECUTE format('CREATE TRIGGER refuse_removal BEFORE DELETE ON log.%I FOR EACH ROW EXECUTE FUNCTION log.refuse()', name);
        EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON log.%I EXECUTE FUNCTION log.refuse()', name);
        EXECUTE format('ALTER TABLE log.%I ENABLE ALWAYS TRIGGER refuse_removal', name);
        EXECUTE format('ALTER TABLE log.%I ENABLE ALWAYS TRIGGER refuse_truncate', name);
    END LOOP;
END $$;

-- The only ways in which a head moves --------------------------------------------------------------------------------

CREATE FUNCTION log.lock_heads(p_logs integer[])
    RETURNS TABLE (log_id integer, epoch integer, authority text, origin text, kind text, newest integer,
                   size bigint, root bytea, frontier bytea, note text, backed bigint)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Locked in log_id order, so that two groups cannot wait for each other.
    WITH locked AS MATERIALIZED (
        SELECT h.* FROM log.heads h WHERE h.log_id = ANY (p_logs) ORDER BY h.log_id FOR UPDATE
    )
    SELECT h.log_id, l.epoch, l.authority, l.origin, l.kind,
           (SELECT max(n.epoch) FROM log.logs n WHERE n.authority = l.authority),
           h.size, h.root, h.frontier, h.note, h.backed
      FROM locked h JOIN log.logs l USING (log_id)
$$;

CREATE TYPE log.locked_head AS (
    log_id integer, epoch integer, authority text, origin text, kind text, newest integer,
    size bigint, root bytea, frontier bytea, note text, backed bigint
);

CREATE FUNCTION log.open_group(p_logs integer[], p_terminals uuid[], p_ids uuid[])
    RETURNS TABLE (heads log.locked_head[], standing log.terminals[], known_logs integer[], known_ids uuid[])
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One round trip for what every group begins with. Each statement has a snapshot of its own, so what is read behind
    -- the locks is what was committed before they were given.
    SELECT array_agg(ROW(h.*)::log.locked_head) INTO heads FROM log.lock_heads(p_logs) h;
    SELECT array_agg(t) INTO standing FROM log.terminals t WHERE t.terminal = ANY (p_terminals);
    SELECT array_agg(k.log_id), array_agg(k.id) INTO known_logs, known_ids FROM log.keys k WHERE k.id = ANY (p_ids);
    RETURN NEXT;
END $$;

CREATE FUNCTION log.create_log(p_authority text, p_epoch integer, p_origin text, p_kind text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION log.advance(p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_notes text[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    i integer;
    moved integer;
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
        UPDATE log.heads h SET size = p_to[i], root = p_roots[i], frontier = p_frontiers[i], note = p_notes[i]
         WHERE h.log_id = p_logs[i] AND h.size = p_from[i];
        GET DIAGNOSTICS moved = ROW_COUNT;
        IF moved <> 1 THEN
            RAISE EXCEPTION 'log %: the head is not at size %', p_logs[i], p_from[i] USING ERRCODE = 'LH001';
        END IF;
        INSERT INTO log.checkpoints (log_id, size, note) VALUES (p_logs[i], p_to[i], p_notes[i]);
        PERFORM pg_notify('liuhen_log', p_logs[i] || ' ' || p_to[i]);
    END LOOP;
END $$;

CREATE FUNCTION log.move_terminals(p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[],
                                   p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_versions integer[])
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- `waiting` moves by a difference: files arrive without the head's lock.
    UPDATE log.terminals t
       SET seq = n.seq, hash = n.hash, declared = n.declared, chain = n.chain, held = n.held, revoked = n.revoked,
           clock = n.clock, rare = n.rare, waiting = t.waiting + n.more, version = n.version
      FROM unnest(p_terminals, p_seqs, p_hashes, p_declared, p_chains, p_held, p_revoked, p_clocks, p_rare, p_more, p_versions)
           AS n (terminal, seq, hash, declared, chain, held, revoked, clock, rare, more, version)
     WHERE t.terminal = n.terminal
$$;

CREATE FUNCTION log.index_group(p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[],
                                p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[])
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO log.tags (log_id, tag, position, offsets)
         SELECT * FROM unnest(p_tag_logs, p_tags, p_tag_positions, p_offsets);
    INSERT INTO log.seals (log_id, terminal, chain, position, last)
         SELECT * FROM unnest(p_seal_logs, p_seal_terminals, p_seal_chains, p_seal_positions, p_lasts);
$$;

CREATE FUNCTION log.close_group(
    p_entry_logs integer[], p_entry_firsts bigint[], p_entry_counts integer[], p_entries bytea[],
    p_run_logs integer[], p_run_origins uuid[], p_run_versions bigint[], p_run_chains smallint[], p_run_positions bigint[], p_run_notes integer[], p_run_ids bytea[],
    p_key_logs integer[], p_origins uuid[], p_versions bigint[], p_key_chains smallint[], p_key_positions bigint[], p_notes integer[], p_ids uuid[],
    p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[],
    p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[],
    p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[],
    p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_terminal_versions integer[],
    p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_head_notes text[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    i integer;
    done integer := 0;
BEGIN
    -- One round trip for what every group ends with. Entries and single keys come along when they are few; many come by
    -- COPY. A run is what most batches are: versions, positions and 16-byte ids that follow one another.
    FOR i IN 1 .. cardinality(p_entry_logs) LOOP
        INSERT INTO log.entries (log_id, position, entry)
             SELECT p_entry_logs[i], p_entry_firsts[i] + e.place - 1, e.entry
               FROM unnest(p_entries[done + 1 : done + p_entry_counts[i]]) WITH ORDINALITY AS e (entry, place);
        done := done + p_entry_counts[i];
    END LOOP;
    IF cardinality(p_run_logs) > 0 THEN
        INSERT INTO log.keys (log_id, origin, version, chain, position, notes, id)
             SELECT r.log_id, r.origin, r.version + n, r.chain, r.position + n, r.notes,
                    encode(substr(r.ids, 16 * n + 1, 16), 'hex')::uuid
               FROM unnest(p_run_logs, p_run_origins, p_run_versions, p_run_chains, p_run_positions, p_run_notes, p_run_ids)
                    AS r (log_id, origin, version, chain, position, notes, ids),
                    generate_series(0, octet_length(r.ids) / 16 - 1) AS n;
    END IF;
    IF cardinality(p_key_logs) > 0 THEN
        INSERT INTO log.keys (log_id, origin, version, chain, position, notes, id)
             SELECT * FROM unnest(p_key_logs, p_origins, p_versions, p_key_chains, p_key_positions, p_notes, p_ids);
    END IF;
    IF cardinality(p_tag_logs) + cardinality(p_seal_logs) > 0 THEN
        PERFORM log.index_group(p_tag_logs, p_tags, p_tag_positions, p_offsets,
                                p_seal_logs, p_seal_terminals, p_seal_chains, p_seal_positions, p_lasts);
    END IF;
    IF cardinality(p_terminals) > 0 THEN
        PERFORM log.move_terminals(p_terminals, p_seqs, p_hashes, p_declared, p_chains, p_held, p_revoked, p_clocks, p_rare,
                                   p_more, p_terminal_versions);
    END IF;
    IF cardinality(p_logs) > 0 THEN
        PERFORM log.advance(p_logs, p_from, p_to, p_roots, p_frontiers, p_head_notes);
    END IF;
END $$;

CREATE FUNCTION log.want(p_logs integer[], p_terminals uuid[], p_kinds text[], p_digests bytea[], p_seqs bigint[], p_positions bigint[])
    RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO log.wanted (log_id, terminal, kind, digest, seq, position)
         SELECT * FROM unnest(p_logs, p_terminals, p_kinds, p_digests, p_seqs, p_positions)
    ON CONFLICT DO NOTHING;
$$;

CREATE FUNCTION log.keep_private(p_digests bytea[], p_sealed bytea[], p_opened boolean[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Only what some envelope commits to; at most four sealed values for a commitment, the oldest goes.
    INSERT INTO log.private (digest, sealed, opened)
         SELECT n.digest, n.sealed, n.opened FROM unnest(p_digests, p_sealed, p_opened) AS n (digest, sealed, opened)
          WHERE EXISTS (SELECT FROM log.wanted w WHERE w.digest = n.digest AND w.kind = 'private')
            AND NOT EXISTS (SELECT FROM log.private p WHERE p.digest = n.digest AND (p.opened OR p.sealed = n.sealed));
    DELETE FROM log.private p
          WHERE p.digest = ANY (p_digests)
            AND 4 <= (SELECT count(*) FROM log.private q WHERE q.digest = p.digest AND q.arrived > p.arrived);
END $$;

CREATE FUNCTION log.add_terminal(p_terminal uuid, p_authority text, p_event_key bytea, p_request_key bytea, p_replaces uuid,
                                 p_log integer, p_position bigint, p_genesis bytea, p_code bytea, p_request bytea)
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE log.codes c SET terminal = p_terminal, request = p_request
     WHERE c.code_hash = p_code AND c.terminal IS NULL AND c.expires > now() AND c.authority = p_authority;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the enrolment code is used or expired' USING ERRCODE = 'LH002';
    END IF;
    INSERT INTO log.terminals (terminal, authority, event_key, request_key, replaces, log_id, position, hash)
         VALUES (p_terminal, p_authority, p_event_key, p_request_key, p_replaces, p_log, p_position, p_genesis);
END $$;

CREATE FUNCTION log.arrive(p_kind text, p_digests bytea[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH came AS (
        UPDATE log.wanted w SET arrived = true
         WHERE w.kind = p_kind AND w.digest = ANY (p_digests) AND NOT w.arrived
     RETURNING w.terminal
    )
    UPDATE log.terminals t SET waiting = t.waiting - c.number
      FROM (SELECT terminal, count(*)::integer AS number FROM came GROUP BY terminal) c
     WHERE t.terminal = c.terminal
$$;

CREATE FUNCTION log.confirm_backup(p_log integer, p_size bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE log.heads h SET backed = greatest(h.backed, p_size) WHERE h.log_id = p_log AND p_size <= h.size;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'log % has no size %', p_log, p_size;
    END IF;
END $$;

-- What the console may read of the log: entries of its own authority, by position --------------------------------------

CREATE FUNCTION log.read_entries(p_log integer, p_positions bigint[])
    RETURNS TABLE (pos bigint, entry bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Fails closed: without liuhen.authority set in the transaction, current_setting raises.
    SELECT e.position, e.entry
      FROM log.entries e JOIN log.logs l USING (log_id)
     WHERE e.log_id = p_log AND e.position = ANY (p_positions) AND l.authority = current_setting('liuhen.authority')
     ORDER BY e.position
$$;

CREATE FUNCTION log.read_tag(p_tag text)
    RETURNS TABLE (log_id integer, pos bigint, offsets bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.log_id, t.position, t.offsets
      FROM log.tags t JOIN log.logs l USING (log_id)
     WHERE t.tag = p_tag AND l.authority = current_setting('liuhen.authority')
     ORDER BY t.log_id, t.position
$$;

RESET ROLE;

-- Rights -----------------------------------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA log FROM PUBLIC;
GRANT USAGE ON SCHEMA log TO liuhen_writer, liuhen_projector, liuhen_console, liuhen_auditor, liuhen_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA log TO liuhen_writer, liuhen_backup;
GRANT INSERT ON log.entries, log.keys, log.codes, log.nonces, log.contacts, log.tracking TO liuhen_writer;
GRANT UPDATE ON log.contacts TO liuhen_writer;
GRANT DELETE ON log.nonces TO liuhen_writer;
GRANT EXECUTE ON FUNCTION log.lock_heads, log.open_group, log.close_group, log.create_log, log.advance, log.move_terminals, log.index_group, log.want, log.keep_private, log.add_terminal,
    log.arrive, log.confirm_backup TO liuhen_writer;
GRANT EXECUTE ON FUNCTION log.confirm_backup TO liuhen_backup;
GRANT SELECT ON log.logs, log.heads, log.entries, log.keys, log.tags, log.seals, log.checkpoints, log.wanted TO liuhen_projector;
GRANT SELECT ON log.logs, log.heads, log.entries, log.checkpoints, log.keys, log.tags, log.seals, log.terminals TO liuhen_auditor;
GRANT SELECT ON log.logs TO liuhen_console;
GRANT EXECUTE ON FUNCTION log.read_entries, log.read_tag TO liuhen_console;
