-- name: now
-- Which tables answer, and the newest number of a change.
SELECT slot, change FROM view.process

-- name: changes
-- What changed behind a number for some audiences of an authority, and rule sets of those above: each index range is read
-- no further than the limit.
SELECT authority, change, kind, key FROM (
    SELECT c.* FROM unnest($2::text[]) AS o (officer)
     CROSS JOIN LATERAL (SELECT authority, change, kind, key FROM view.changes
                          WHERE authority = $1 AND officer = o.officer AND kind = ANY ($6) AND change > $4
                          ORDER BY change LIMIT $5) AS c
    UNION ALL
    SELECT c.* FROM unnest($3::text[]) AS a (authority)
     CROSS JOIN LATERAL (SELECT authority, change, kind, key FROM view.changes
                          WHERE authority = a.authority AND officer = '' AND kind = 'rules' AND change > $4
                          ORDER BY change LIMIT $5) AS c) AS both_of_them
 ORDER BY change LIMIT $5

-- name: matters
-- The matters of a page.
SELECT m.kind, m.key, m.stage, m.error, m.officers, m.terminals, m.columns, m.page
  FROM unnest($2::text[], $3::text[]) AS k (kind, key) JOIN view_x.matters m USING (kind, key)
 WHERE m.authority = $1

-- name: deadlines
-- Their deadlines that are neither met nor without object.
SELECT d.kind, d.key, d.rule, d.about, d.start, d.due, d.last_day, d.provisional, d.officers, d.zh, d.en
  FROM unnest($2::text[], $3::text[]) AS k (kind, key) JOIN view_x.deadlines d USING (kind, key)
 WHERE d.authority = $1 AND d.met IS NULL AND NOT d.cancelled
 ORDER BY d.due, d.rule, d.about

-- name: signals
-- Their signals that nobody has resolved.
SELECT s.kind, s.key, s.id, s.rule, s.severity, s.score, s.opens, s.closes, s.absent, s.state, s.zh, s.en
  FROM unnest($2::text[], $3::text[]) AS k (kind, key) JOIN view_x.signals s USING (kind, key)
 WHERE s.authority = $1 AND s.state IN ('open', 'disputed')
 ORDER BY s.opens, s.id

-- name: broken
-- What is to be put right in them.
SELECT v.kind, v.key, v.rule, v.about, v.absent, v.zh, v.en
  FROM unnest($2::text[], $3::text[]) AS k (kind, key) JOIN view_x.verdicts v USING (kind, key)
 WHERE v.authority = $1 AND v.outcome = 'broken'
 ORDER BY v.rule, v.about

-- name: rule_sets
-- Every rule set that an authority published.
SELECT entry FROM view.rule_sets($1)
