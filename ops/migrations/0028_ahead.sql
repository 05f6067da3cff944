-- A group is written by one statement, whether it was decided under the locks or ahead of them.

SET ROLE liuhen_owner;

DROP FUNCTION log.close_group, log.index_group, log.want, log.move_terminals;

CREATE FUNCTION log.move_head(p_log integer, p_from bigint, p_to bigint, p_root bytea, p_frontier bytea, p_note text)
    RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION log.advance(p_logs integer[], p_from bigint[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_notes text[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE FUNCTION log.append_group(
    p_logs integer[], p_epochs integer[], p_from bigint[], p_before text[], p_to bigint[], p_roots bytea[], p_frontiers bytea[], p_head_notes text[],
    p_ahead boolean,
    p_entry_logs integer[], p_entry_firsts bigint[], p_entry_counts integer[], p_entries bytea[],
    p_run_logs integer[], p_run_origins uuid[], p_run_versions bigint[], p_run_chains smallint[], p_run_positions bigint[], p_run_notes integer[],
    p_run_firsts integer[], p_run_counts integer[], p_run_ids uuid[],
    p_key_logs integer[], p_origins uuid[], p_versions bigint[], p_key_chains smallint[], p_key_positions bigint[], p_notes integer[], p_ids uuid[],
    p_tag_logs integer[], p_tags text[], p_tag_positions bigint[], p_offsets bytea[],
    p_seal_logs integer[], p_seal_terminals uuid[], p_seal_chains smallint[], p_seal_positions bigint[], p_lasts bigint[],
    p_terminals uuid[], p_seqs bigint[], p_hashes bytea[], p_declared bigint[], p_chains smallint[],
    p_held boolean[], p_revoked bigint[], p_clocks bytea[], p_rare bytea[], p_more integer[], p_terminal_versions integer[],
    p_wanted_logs integer[], p_wanted_terminals uuid[], p_wanted_kinds text[], p_wanted_digests bytea[], p_wanted_seqs bigint[], p_wanted_positions bigint[],
    p_private bytea[], p_sealed bytea[], p_opened boolean[])
    RETURNS TABLE (backed bigint[], terminals uuid[], waiting integer[])
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION log.keep_private(p_digests bytea[], p_sealed bytea[], p_opened boolean[])
    RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

RESET ROLE;

REVOKE ALL ON FUNCTION log.append_group, log.move_head FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.append_group TO liuhen_writer;
-- What it does by itself now nobody else has to be able to do.
REVOKE EXECUTE ON FUNCTION log.keep_private, log.arrive FROM liuhen_writer;
