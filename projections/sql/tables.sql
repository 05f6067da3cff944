-- name: live
-- Which slot answers; the projector locks the row so that a swap and a batch cannot cross.
SELECT slot, generation, versions, registry FROM view.live

-- name: live_locked
-- As `live`, held until the end of the transaction.
SELECT slot, generation, versions, registry FROM view.live FOR UPDATE

-- name: set_live
-- The swap, or the first word about who makes the tables.
UPDATE view.live SET slot = $1, generation = generation + 1, versions = $2, registry = $3

-- name: durable
-- A swap that was reported stays, whatever happens to the machine; everything else may be folded again.
SET LOCAL synchronous_commit = on

-- name: logs
-- Every log of an authority and how far it goes.
SELECT l.log_id, l.authority, l.epoch, h.size
  FROM log.logs l JOIN log.heads h USING (log_id) WHERE l.kind = 'authority' ORDER BY l.log_id

-- name: runs
-- Runs of entries in one answer, a row a run: positions are gapless, so the first one tells them all. Beside them what
-- admission noted of the envelopes; most have nothing.
SELECT r.log_id, a.entries, n.places, n.seqs, n.notes
  FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS r (log_id, first, last),
       LATERAL (SELECT array_agg(e.entry ORDER BY e.position) AS entries FROM log.entries e
                 WHERE e.log_id = r.log_id AND e.position BETWEEN r.first AND r.last) a,
       LATERAL (SELECT array_agg(k.position) AS places, array_agg(k.version) AS seqs, array_agg(k.notes) AS notes
                  FROM log.keys k
                 WHERE k.log_id = r.log_id AND k.position BETWEEN r.first AND r.last AND k.notes <> 0) n

-- name: positions
-- How far each projection is in each log.
SELECT projection, version, log_id, position FROM view_x.positions

-- name: move_positions
-- Exactly once: the row must stand where this runner read it; a first one must not exist.
WITH moved (projection, version, log_id, was, now) AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[])
), old AS (
    UPDATE view_x.positions p SET position = m.now
      FROM moved m WHERE p.projection = m.projection AND p.log_id = m.log_id AND p.version = m.version
                     AND p.position = m.was AND m.was > 0
 RETURNING 1
), new AS (
    INSERT INTO view_x.positions (projection, version, log_id, position)
         SELECT projection, version, log_id, now FROM moved WHERE was = 0
    ON CONFLICT DO NOTHING
 RETURNING 1
)
SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM new)

-- name: park
-- Position, projection and class of error; nothing of the entry.
INSERT INTO view_x.parked (projection, log_id, position, error)
     SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[])
ON CONFLICT DO NOTHING

-- name: case_heads
-- The heads that a batch goes on from.
SELECT f.log_id, f.kind || ':' || f.subject AS tag, f.head
  FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[]) AS k (log_id, authority, kind, subject)
  JOIN view_x.case_files f USING (authority, kind, subject, log_id)

-- name: put_heads
-- One upsert for all heads of a batch.
INSERT INTO view_x.case_files (authority, kind, subject, log_id, last, head)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::bytea[])
ON CONFLICT (authority, kind, subject, log_id) DO UPDATE SET last = excluded.last, head = excluded.head

-- name: put_items
-- Items are only ever added behind those of their chunk.
INSERT INTO view_x.case_items AS i (authority, kind, subject, log_id, chunk, count, items)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::smallint[], $7::bytea[])
ON CONFLICT (authority, kind, subject, log_id, chunk)
DO UPDATE SET count = i.count + excluded.count, items = i.items || excluded.items

-- name: ledgers
-- The terminals that a batch goes on from.
SELECT t.log_id, t.terminal, t.state
  FROM unnest($1::integer[], $2::text[], $3::uuid[]) AS k (log_id, authority, terminal)
  JOIN view_x.terminals t USING (authority, terminal, log_id)

-- name: put_ledgers
-- One upsert for all terminals of a batch.
INSERT INTO view_x.terminals (authority, terminal, log_id, state)
     SELECT * FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::bytea[])
ON CONFLICT (authority, terminal, log_id) DO UPDATE SET state = excluded.state

-- name: parked_count
-- For `lag`.
SELECT count(*) FROM view_x.parked

-- name: empty
-- A slot that nobody reads any more.
TRUNCATE view_x.positions, view_x.parked, view_x.case_files, view_x.case_items, view_x.terminals

-- name: different
-- Rows in which the two slots differ, over every table and every byte.
SELECT 'positions' AS name, count(*) FROM view_a.positions a FULL JOIN view_b.positions b USING (projection, log_id) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'parked', count(*) FROM view_a.parked a FULL JOIN view_b.parked b USING (projection, log_id, position) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'case_files', count(*) FROM view_a.case_files a FULL JOIN view_b.case_files b USING (authority, kind, subject, log_id) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'case_items', count(*) FROM view_a.case_items a FULL JOIN view_b.case_items b USING (authority, kind, subject, log_id, chunk) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'terminals', count(*) FROM view_a.terminals a FULL JOIN view_b.terminals b USING (authority, terminal, log_id) WHERE a IS DISTINCT FROM b

-- name: lease
-- One runner for a database; whoever does not get it waits.
SELECT pg_try_advisory_lock(7151204310000003)

-- name: rebuild_lease
-- One rebuild for a database.
SELECT pg_try_advisory_lock(7151204310000004)
