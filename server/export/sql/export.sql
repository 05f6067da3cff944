-- name: tagged
-- Where entries with one of these tags stand, in every epoch of an authority: first positions and offsets.
SELECT t.log_id, t.position, t.offsets
  FROM log.logs l JOIN log.tags t ON t.log_id = l.log_id AND t.tag = ANY ($2::text[])
 WHERE l.authority = $1 AND l.kind = 'authority';

-- name: entries_at
SELECT position, entry FROM log.entries WHERE log_id = $1 AND position = ANY ($2::bigint[]) ORDER BY position;

-- name: next_seals
-- The seal behind each of these envelopes: a batch and its seal are one transaction of one log.
SELECT DISTINCT s.position
  FROM unnest($2::uuid[], $3::bigint[]) AS e (terminal, position),
       LATERAL (SELECT min(s.position) AS position FROM log.seals s
                 WHERE s.log_id = $1 AND s.terminal = e.terminal AND s.position > e.position) s
 WHERE s.position IS NOT NULL
 ORDER BY s.position;

-- name: places
-- Every place at which an authority's logs have these numbers of a terminal.
SELECT k.log_id, k.version, k.chain, k.position
  FROM log.logs l JOIN log.keys k ON k.log_id = l.log_id
 WHERE l.authority = $1 AND k.origin = $2 AND k.version BETWEEN $3 AND $4 AND k.chain >= 0
 ORDER BY k.version, k.log_id, k.position;

-- name: enrolments
SELECT log_id, position FROM log.terminals WHERE terminal = ANY ($1::uuid[]) AND authority = $2 ORDER BY log_id, position;

-- name: held
-- Which of these files are here, whole as far as anybody knows.
SELECT digest, size, state FROM evidence.blobs WHERE digest = ANY ($1::bytea[]);
