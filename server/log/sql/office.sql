-- name: acts_of
-- Every act of one aggregate, over all epochs of its authority, in the order of its versions.
SELECT k.version, k.position, l.epoch, e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.chain = -1
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1
 ORDER BY k.version, l.epoch
 LIMIT $3;

-- name: version_of
-- The newest version of an aggregate over all epochs of the authority of a log: an epoch does not begin them anew.
SELECT coalesce(max(k.version), 0)
  FROM log.logs n
  JOIN log.logs l ON l.authority = n.authority
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.chain = -1
 WHERE n.log_id = $1;
