-- name: size
-- The newest log of an authority.
SELECT l.log_id, h.size FROM log.logs l JOIN log.heads h USING (log_id) WHERE l.authority = $1 ORDER BY l.epoch DESC LIMIT 1;

-- name: positions
-- Gapless means: as many entries as the head says, and the last one just below it.
SELECT h.log_id, h.size, count(e.position) AS entries, coalesce(max(e.position) + 1, 0) AS beyond
  FROM log.heads h LEFT JOIN log.entries e USING (log_id) GROUP BY h.log_id, h.size ORDER BY h.log_id;

-- name: events
-- Events of terminals on their main chain.
SELECT count(*) FROM log.keys WHERE origin = ANY ($1::uuid[]) AND chain = 0;

-- name: groups
-- How many transactions brought a log from one size to another.
SELECT count(DISTINCT xmin::text) FROM log.checkpoints WHERE log_id = $1 AND size > $2 AND size <= $3;

-- name: floor_tables
-- The tables of the log once more, with every constraint and index, in a schema of the bench.
CREATE SCHEMA bench;
CREATE TABLE bench.entries (LIKE log.entries INCLUDING ALL);
CREATE TABLE bench.keys (LIKE log.keys INCLUDING ALL);

-- name: floor_entries
-- The very rows that the server wrote.
SELECT log_id, position, entry FROM log.entries WHERE log_id = $1 AND position >= $2 AND position < $3 ORDER BY position;

-- name: floor_keys
SELECT log_id, origin, version, chain, position, notes, id FROM log.keys
 WHERE log_id = $1 AND position >= $2 AND position < $3 ORDER BY position;

-- name: floor_rows
-- How many rows COPY brought, to be compared with how many it was given.
SELECT (SELECT count(*) FROM bench.entries) AS entries, (SELECT count(*) FROM bench.keys) AS keys,
       (SELECT count(*) FROM log.keys k WHERE EXISTS (SELECT FROM bench.entries e WHERE (e.log_id, e.position) = (k.log_id, k.position))) AS given;

-- name: projector_leads
-- Whether a projector holds the lease, from when on it works.
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'liuhen projections');

-- name: library_rows
-- What the library's recorder stored, to be compared with what was sent.
SELECT count(*) FROM bench_events;

-- name: wal_file
-- Bytes of a WAL file.
SELECT pg_size_bytes(current_setting('wal_segment_size'));

-- name: fill_wal_file
-- Goes on to the next WAL file; the message is there because an empty one is not left.
SELECT pg_logical_emit_message(true, 'bench', ''); SELECT pg_switch_wal();
