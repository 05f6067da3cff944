-- name: slot
-- Which tables answer now.
SELECT slot FROM view.live

-- name: logs
-- The logs of the authority of this transaction, by epoch.
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
-- A page by newest activity. A subject of several epochs stands where its newest row does.
SELECT f.subject, f.last,
       (SELECT array_agg(g.log_id ORDER BY g.log_id) FROM view_x.case_files g
         WHERE g.authority = f.authority AND g.kind = f.kind AND g.subject = f.subject) AS logs,
       (SELECT array_agg(g.head ORDER BY g.log_id) FROM view_x.case_files g
         WHERE g.authority = f.authority AND g.kind = f.kind AND g.subject = f.subject) AS heads
  FROM view_x.case_files f
 WHERE f.authority = current_setting('liuhen.authority') AND f.kind = $1 AND (f.last, f.subject) < ($2, $3)
   AND NOT EXISTS (SELECT FROM view_x.case_files n
                    WHERE n.authority = f.authority AND n.kind = f.kind AND n.subject = f.subject
                      AND (n.last, n.log_id) > (f.last, f.log_id))
 ORDER BY f.last DESC, f.subject DESC LIMIT $4

-- name: terminals
-- A page of terminals by id, each with its state in every log.
SELECT terminal, array_agg(log_id ORDER BY log_id) AS logs, array_agg(state ORDER BY log_id) AS states
  FROM view_x.terminals WHERE authority = current_setting('liuhen.authority') AND terminal > $1
 GROUP BY terminal ORDER BY terminal LIMIT $2

-- name: terminal
-- One terminal in every log.
SELECT log_id, state FROM view_x.terminals WHERE authority = current_setting('liuhen.authority') AND terminal = $1

-- name: terminals_of
-- The terminals that have side chains in a case file.
SELECT terminal, log_id, state FROM view_x.terminals
 WHERE authority = current_setting('liuhen.authority') AND terminal = ANY ($1::uuid[])

-- name: entries
-- Bodies come from the log itself, filtered by authority there.
SELECT pos, entry FROM log.read_entries($1, $2::bigint[])

-- name: wanted
-- Which declared files and private values are here.
SELECT pos, kind, digest, arrived FROM view.wanted($1, $2::bigint[])
