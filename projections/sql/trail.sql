-- name: of_officer
-- Matters that concern an officer.
SELECT m.kind, m.key, m.columns FROM view_x.matters m
 WHERE m.authority = ANY ($1::text[]) AND m.officers @> ARRAY[$2::text] AND m.kind IN ('task', 'case', 'hazard', 'review', 'officer')
 ORDER BY m.kind, m.key

-- name: of_enterprise
-- Matters of an enterprise.
SELECT m.kind, m.key, m.columns FROM view_x.matters m
 WHERE m.authority = ANY ($1::text[]) AND m.kind IN ('task', 'case', 'hazard', 'enterprise')
   AND (m.columns @> jsonb_build_object('enterprise_id', $2::text) OR m.columns @> jsonb_build_object('enterprise', $2::text)
        OR (m.kind = 'enterprise' AND m.key = $2))
 ORDER BY m.kind, m.key

-- name: places
-- Where their records stand before a cut, in the logs of the authorities that are seen. $1 logs, $2 sizes; $3 keys.
SELECT f.key, f.log_id, p.position
  FROM view_x.filings f JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = f.log_id
 CROSS JOIN LATERAL unnest(f.positions) AS p (position)
 WHERE f.key = ANY ($3::text[]) AND p.position < c.size
 ORDER BY f.log_id, p.position, f.key

-- name: entries
-- Entries of one log by position, with what admission noted of them.
SELECT e.position, e.entry, k.version AS seq, k.notes
  FROM log.entries e
  LEFT JOIN log.keys k ON k.log_id = e.log_id AND k.position = e.position AND k.notes <> 0
 WHERE e.log_id = $1 AND e.position = ANY ($2::bigint[])

-- name: tagged
-- Where entries about somebody stand in the logs of the authorities that are seen. $1 authorities, $2 the tag.
SELECT t.log_id, l.authority, t.position, t.offsets
  FROM log.logs l JOIN log.tags t USING (log_id)
 WHERE l.kind = 'authority' AND l.authority = ANY ($1::text[]) AND t.tag = $2

-- name: of_type
-- Of some entries of one log those that may be of a type: the name of the type is among their bytes. $3 the name.
SELECT e.position, e.entry FROM log.entries e
 WHERE e.log_id = $1 AND e.position = ANY ($2::bigint[]) AND position($3::bytea IN e.entry) > 0
