-- name: slot
-- Which tables answer now.
SELECT slot FROM view.live

-- name: logs
-- The logs of the authorities that this transaction looks at, by epoch.
SELECT log_id, epoch, size FROM view.logs()

-- name: as_of
-- How far both projections are: the smaller one, since an answer may rest on both.
SELECT log_id, min(position) AS position FROM view_x.positions WHERE log_id = ANY ($1::integer[]) GROUP BY log_id

-- name: parked
-- Entries of these logs that some fold could not digest.
SELECT log_id, count(DISTINCT position) AS number FROM view_x.parked WHERE log_id = ANY ($1::integer[]) GROUP BY log_id

-- name: heads
-- The heads of one subject, one for each epoch that knows it.
SELECT log_id, head FROM view_x.case_files WHERE authority = current_setting('liuhen.authority') AND kind = $1 AND subject = $2

-- name: items
-- Its items, in the order of each log.
SELECT log_id, count, items FROM view_x.case_items
 WHERE authority = current_setting('liuhen.authority') AND kind = $1 AND subject = $2 ORDER BY log_id, chunk

-- name: newest
-- A page by newest activity, of every authority that is looked at. A subject of several epochs stands where its newest
-- row does.
SELECT f.authority, f.subject, f.last,
       (SELECT array_agg(g.log_id ORDER BY g.log_id) FROM view_x.case_files g
         WHERE g.authority = f.authority AND g.kind = $1 AND g.subject = f.subject) AS logs,
       (SELECT array_agg(g.head ORDER BY g.log_id) FROM view_x.case_files g
         WHERE g.authority = f.authority AND g.kind = $1 AND g.subject = f.subject) AS heads
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT f.authority, f.subject, f.last
      FROM view_x.case_files f
     WHERE f.authority = seen.authority AND f.kind = $1 AND (f.last, f.subject) < ($2, $3)
       AND NOT EXISTS (SELECT FROM view_x.case_files n
                        WHERE n.authority = f.authority AND n.kind = f.kind AND n.subject = f.subject
                          AND (n.last, n.log_id) > (f.last, f.log_id))
     ORDER BY f.last DESC, f.subject DESC LIMIT $4) f
 ORDER BY f.last DESC, f.subject DESC LIMIT $4

-- name: holder
-- Of the authorities that are looked at, the one that has a file; the own one before others.
SELECT f.authority FROM view_x.case_files f
 WHERE f.authority = ANY (view.seen()) AND f.kind = $1 AND f.subject = $2
 ORDER BY f.authority <> current_setting('liuhen.authority'), f.authority LIMIT 1

-- name: terminal_holder
-- The same for a terminal.
SELECT t.authority FROM view_x.terminals t WHERE t.authority = ANY (view.seen()) AND t.terminal = $1 LIMIT 1

-- name: blob_holder
-- The same for a file of evidence that records cite.
SELECT view.holder($1)

-- name: terminals
-- A page of terminals by id, each with its state in every log.
SELECT t.*
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT authority, terminal, array_agg(log_id ORDER BY log_id) AS logs, array_agg(state ORDER BY log_id) AS states
      FROM view_x.terminals WHERE authority = seen.authority AND terminal > $1
     GROUP BY authority, terminal ORDER BY terminal LIMIT $2) t
 ORDER BY t.terminal LIMIT $2

-- name: terminal
-- One terminal in every log.
SELECT log_id, state FROM view_x.terminals WHERE authority = current_setting('liuhen.authority') AND terminal = $1

-- name: terminals_of
-- Terminals by their ids: those that have side chains in a case file, those that a list names.
SELECT terminal, log_id, state FROM view_x.terminals
 WHERE authority = ANY (view.seen()) AND terminal = ANY ($1::uuid[])

-- name: entries
-- Bodies come from the log itself, filtered by authority there.
SELECT pos, entry FROM log.read_entries($1, $2::bigint[])

-- name: wanted
-- Which declared files and private values are here.
SELECT pos, kind, digest, arrived FROM view.wanted($1, $2::bigint[])
