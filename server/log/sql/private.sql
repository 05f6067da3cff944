-- name: entry_at
-- One entry of an authority, by epoch and position.
SELECT e.entry FROM log.logs l JOIN log.entries e USING (log_id)
 WHERE l.authority = $1 AND l.epoch = $2 AND e.position = $3;

-- name: sealed_of
-- The sealed value behind a commitment that has arrived and opens.
SELECT sealed FROM log.private WHERE digest = $1 AND opened ORDER BY arrived DESC LIMIT 1;
