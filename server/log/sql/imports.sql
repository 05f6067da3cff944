-- name: newest_acts
-- The newest act of each of some aggregates, over all epochs of an authority: what an import compares its rows with.
SELECT DISTINCT ON (k.origin) k.origin, k.version, e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = ANY ($2::uuid[]) AND k.chain = -1
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1
 ORDER BY k.origin, k.version DESC, l.epoch DESC;
