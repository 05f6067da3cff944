-- name: sound
-- Read as a whole, and it had its digest.
SELECT evidence.sound($1, $2);

-- name: damage
SELECT evidence.damage($1, $2);

-- name: arrived_in
-- Logs that still count a blob as arrived: where damage is to be told.
SELECT w.log_id, l.authority, array_agg(w.position ORDER BY w.position) AS positions,
       array_agg(DISTINCT w.terminal) AS terminals
  FROM log.wanted w JOIN log.logs l USING (log_id)
 WHERE w.kind = 'blob' AND w.digest = $1 AND w.arrived
 GROUP BY w.log_id, l.authority ORDER BY w.log_id;

-- name: unrecorded
-- Damaged, and some log does not know: the process ended between row and entry.
SELECT b.digest, b.state FROM evidence.blobs b
 WHERE b.state <> 'held'
   AND EXISTS (SELECT FROM log.wanted w WHERE w.kind = 'blob' AND w.digest = b.digest AND w.arrived)
 LIMIT 100;

-- name: blobs
-- A page of all blobs by digest, for a scrub.
SELECT digest, size, state FROM evidence.blobs WHERE digest > $1 ORDER BY digest LIMIT $2;

-- name: volume
SELECT count(*) AS number, coalesce(sum(size), 0)::bigint AS bytes FROM evidence.blobs;

-- name: unexamined
-- Arrived where some log cites it, and not yet examined.
SELECT b.digest, b.size, b.type FROM evidence.blobs b
 WHERE NOT b.examined AND b.state = 'held'
   AND EXISTS (SELECT FROM log.wanted w WHERE w.kind = 'blob' AND w.digest = b.digest AND w.arrived)
 ORDER BY b.received LIMIT $1;

-- name: examined
SELECT evidence.examined($1);

-- name: unsummed
-- Held, and not yet read as a whole since it came: no part of it is served before that.
SELECT digest FROM evidence.blobs WHERE pieces IS NULL AND state = 'held' AND digest = ANY ($1::bytea[]);

-- name: cited_in
-- Logs that cite a blob, and where.
SELECT w.log_id, l.authority, array_agg(w.position ORDER BY w.position) AS positions
  FROM log.wanted w JOIN log.logs l USING (log_id)
 WHERE w.kind = 'blob' AND w.digest = $1
 GROUP BY w.log_id, l.authority ORDER BY w.log_id;

-- name: hold_again
-- What was damaged has its digest again: somebody put the file back.
SELECT evidence.hold(b.digest, b.size, b.type, b.authority, b.terminal) FROM evidence.blobs b WHERE b.digest = $1;

-- name: without_row
-- Counted as arrived by some log, and no row says that it is held.
SELECT DISTINCT w.digest FROM log.wanted w
 WHERE w.kind = 'blob' AND w.arrived AND NOT EXISTS (SELECT FROM evidence.blobs b WHERE b.digest = w.digest)
 LIMIT 1000;

-- name: examined_acts
-- What was told of a file already, in every epoch of an authority.
SELECT e.entry FROM log.keys k
  JOIN log.logs l ON l.log_id = k.log_id
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE k.origin = $1 AND k.chain = -1 AND l.authority = $2 ORDER BY l.epoch, k.position;

-- name: examined_version
SELECT coalesce(max(k.version), 0) AS version FROM log.keys k JOIN log.logs l USING (log_id)
 WHERE k.origin = $1 AND k.chain = -1 AND l.authority = $2;
