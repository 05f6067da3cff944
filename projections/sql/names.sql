-- name: slots
-- Which tables answer now: those of the judges, and those of the folds.
SELECT p.slot, l.slot AS folds FROM view.process p, view.live l

-- name: heads
-- Heads of several files of one kind; of several epochs the newest comes last.
SELECT f.subject, f.head FROM view_x.case_files f
 WHERE f.authority = ANY (view.seen()) AND f.kind = $1 AND f.subject = ANY ($2::text[])
 ORDER BY f.subject, f.log_id

-- name: columns
-- What lists know of several matters of one kind.
SELECT m.key, m.columns FROM view_x.matters m
 WHERE m.authority = ANY (view.seen()) AND m.kind = $1 AND m.key = ANY ($2::text[])
