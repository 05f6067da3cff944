-- name: slots
-- Which tables answer now: those of the judges, and those of the folds.
SELECT p.slot, l.slot AS folds FROM view.process p, view.live l

-- name: hits
-- Matters in which every term is found, so many at most.
SELECT kind, key FROM view.search($1::text[], $2, $3)

-- name: rows
-- A page of them, newest first.
SELECT m.authority, m.kind, m.key, m.stage, m.last, m.columns
  FROM unnest($1::text[], $2::text[]) AS h (kind, key) JOIN view_x.matters m USING (kind, key)
 WHERE view.sees(m.authority) AND (m.last, m.kind, m.key) < ($3::bigint, $4::text, $5::text)
 ORDER BY m.last DESC, m.kind DESC, m.key DESC LIMIT $6

-- name: terminals
-- Terminals whose ids begin so.
SELECT DISTINCT t.terminal FROM view_x.terminals t WHERE t.terminal BETWEEN $1::uuid AND $2::uuid ORDER BY t.terminal LIMIT 20

-- name: digests
-- Files whose digests begin so.
SELECT digest, type, size FROM evidence.beginning($1, $2)

-- name: events
-- Where an event stands.
SELECT log_id, pos FROM view.places(ARRAY[$1::uuid]) LIMIT 1

-- name: entry
-- That entry.
SELECT entry FROM log.read_entries($1, ARRAY[$2::bigint])
