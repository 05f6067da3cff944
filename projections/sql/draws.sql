-- name: listed
-- Draws by their newest act.
SELECT d.* FROM disclosure.draws d
 WHERE d.authority = ANY (view.seen()) AND (d.changed, d.draw) < (to_timestamp($1::bigint / 1000.0), $2::uuid)
 ORDER BY d.changed DESC, d.draw DESC LIMIT $3

-- name: one
SELECT d.* FROM disclosure.draws d WHERE d.draw = $1

-- name: unpublished
-- Announcements and results of the own authority without a record that was ever prepared for the public.
SELECT d.draw, d.title, d.status, d.draws_on, w.event, w.stage
  FROM disclosure.draws d
 CROSS JOIN LATERAL (VALUES (d.announcement, 'announced'), (d.result, 'revealed')) AS w (event, stage)
 WHERE d.authority = current_setting('liuhen.authority') AND d.status <> 'cancelled' AND w.event IS NOT NULL
   AND NOT EXISTS (SELECT FROM disclosure.records r WHERE r.decision = w.event AND (r.status <> 'new' OR r.preparation IS NOT NULL))
 ORDER BY d.draws_on, d.draw, w.stage LIMIT $1

-- name: records
-- The records of the announcement and of the result of a draw.
SELECT r.record, r.decision, r.status, r.proposes FROM disclosure.records r WHERE r.kind = 'draw' AND r.key = $1

-- name: supervised
-- Enterprises that the own authority supervises and that operate: id and name.
SELECT m.key, m.columns ->> 'name' AS name FROM view_x.matters m
 WHERE m.kind = 'enterprise' AND m.authority = ANY (view.seen())
   AND string_to_array(m.columns ->> 'supervised_by', ' ') @> ARRAY[current_setting('liuhen.authority')]
   AND m.stage = 'operating'
 ORDER BY m.key LIMIT $1

-- name: certified
-- Officers of the own authority with what the register says of their certificates.
SELECT m.key, m.columns ->> 'stood' AS stood, m.columns ->> 'unit_role' AS role, m.columns ->> 'unit' AS unit
  FROM view_x.matters m
 WHERE m.kind = 'officer' AND m.authority = current_setting('liuhen.authority')
 ORDER BY m.key LIMIT $1
