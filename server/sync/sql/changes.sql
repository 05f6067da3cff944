-- name: standing
-- A terminal, the present epoch of its authority's log, and its enrolment.
SELECT t.authority, t.seq, t.chain, t.revoked, t.log_id, e.entry AS enrolment,
       (SELECT max(l.epoch) FROM log.logs l WHERE l.authority = t.authority) AS epoch
  FROM log.terminals t JOIN log.entries e ON e.log_id = t.log_id AND e.position = t.position
 WHERE t.terminal = $1;

-- name: recent
-- Its newest events on the chain that goes on, in whatever epoch they stand.
SELECT e.entry
  FROM log.keys k JOIN log.entries e USING (log_id, position)
 WHERE k.origin = $1 AND k.chain = $2 AND k.version > $3
 ORDER BY k.version DESC LIMIT $4;

-- name: scope
-- Row-level security: the terminal's own authority, and the rules of those above it.
SELECT set_config('liuhen.authority', $1, true), set_config('liuhen.below', $2, true);
