-- name: submitted
-- Reports of some authorities that were handed in before a cut, the newest first. $1 logs, $2 sizes; $3 authorities; $4 the
-- id of one (hex), or null; $5 a period, or null.
SELECT r.authority, r.log_id, r.position, e.entry
  FROM view_x.counted r JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = r.log_id AND r.position < c.size
  JOIN log.entries e ON e.log_id = r.log_id AND e.position = r.position
 WHERE r.measure = 'report' AND r.authority = ANY ($3::text[]) AND ($4::text IS NULL OR r.unit = $4)
   AND ($5::text IS NULL OR r.other = $5)
 ORDER BY r.day DESC, r.log_id, r.position DESC LIMIT 500

-- name: plan_of
-- The plan of an authority for a year: what its items say.
SELECT DISTINCT split_part(r.other, '/', 1) AS plan FROM view_x.counted r
 WHERE r.measure = 'plan_item' AND r.authority = $1 AND r.other LIKE '%/' || $2 ORDER BY 1 LIMIT 1
