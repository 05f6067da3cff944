-- name: scope
-- Whose desk the rest of the transaction sees: row-level security repeats it.
SELECT set_config('liuhen.account', $1, true)

-- name: look
-- A visit that began long ago is over: what had been seen then is what was seen before this one.
INSERT INTO desk.looks AS l (account, kind, subject, seen, before) VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (account, kind, subject) DO UPDATE
   SET before = CASE WHEN $4 - l.seen > $5 THEN l.seen ELSE l.before END, seen = greatest(l.seen, $4)
RETURNING before

-- name: seen_all
-- Everything that is there now was seen.
INSERT INTO desk.looks AS l (account, kind, subject, seen, before) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (account, kind, subject) DO UPDATE SET seen = greatest(l.seen, $4), before = $4

-- name: viewed
-- Which of some events were ticked off.
SELECT event FROM desk.viewed WHERE event = ANY ($1::uuid[])

-- name: tick
-- Ticked off; again changes nothing.
INSERT INTO desk.viewed (account, event, at) SELECT $1, e, $3 FROM unnest($2::uuid[]) AS e ON CONFLICT DO NOTHING

-- name: untick
-- The tick is taken away.
DELETE FROM desk.viewed WHERE event = ANY ($1::uuid[])

-- name: filters
-- What was saved for a face.
SELECT name, query FROM desk.filters WHERE face = $1 ORDER BY name

-- name: count_filters
-- How many are saved.
SELECT count(*) FROM desk.filters

-- name: save_filter
-- Under a name that is there already it takes the place of the older one.
INSERT INTO desk.filters (account, face, name, query, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account, face, name) DO UPDATE SET query = excluded.query, at = excluded.at

-- name: drop_filter
-- One that is not wanted any more.
DELETE FROM desk.filters WHERE face = $1 AND name = $2

-- name: shortcuts
-- Whether single keys do something; nobody switched them off, so they do.
SELECT coalesce((SELECT shortcuts FROM desk.preferences), true)

-- name: set_shortcuts
-- On or off.
INSERT INTO desk.preferences (account, shortcuts) VALUES ($1, $2)
ON CONFLICT (account) DO UPDATE SET shortcuts = excluded.shortcuts
