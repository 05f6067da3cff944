-- name: waiting_for
-- Who waits for a digest: log, authority and the places of the envelopes that declare it, at most as many as one act names.
SELECT w.log_id, l.authority, array_agg(w.position ORDER BY w.position) AS positions
  FROM (SELECT log_id, position, row_number() OVER (PARTITION BY log_id ORDER BY position) AS n
          FROM log.wanted WHERE kind = 'blob' AND digest = $1 AND NOT arrived) w
  JOIN log.logs l USING (log_id)
 WHERE w.n <= 64
 GROUP BY w.log_id, l.authority
 ORDER BY w.log_id;

-- name: overlooked
-- Held, and still waited for: the envelope came behind the blob, or the process ended between row and entry.
SELECT DISTINCT w.digest
  FROM log.wanted w JOIN evidence.blobs b USING (digest)
 WHERE w.kind = 'blob' AND NOT w.arrived AND b.state = 'held'
 LIMIT 1000;

-- name: blob_row
SELECT size, type, terminal FROM evidence.blobs WHERE digest = $1 AND state = 'held';
