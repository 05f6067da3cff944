-- name: by_rule
-- Signals of some authorities that opened within a span, by rule and by what was said of them.
SELECT s.rule, min(s.severity) AS severity,
       count(*) FILTER (WHERE s.state = 'open') AS open,
       count(*) FILTER (WHERE s.state = 'disputed') AS disputed,
       count(*) FILTER (WHERE s.state = 'resolved') AS resolved,
       count(*) FILTER (WHERE s.state = 'resolved' AND s.acts -> -1 -> 'said' ->> 'resolution' = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE s.state = 'resolved' AND s.acts -> -1 -> 'said' ->> 'resolution' = 'false_alarm') AS false_alarms
  FROM view_x.signals s
 WHERE s.authority = ANY ($1::text[]) AND s.opens BETWEEN $2 AND $3 AND s.state <> 'withdrawn'
 GROUP BY s.rule ORDER BY s.rule

-- name: absent
-- Of these the open ones that rest on something not being there, by rule and by the terminals that may still have it.
SELECT s.rule, m.terminals, count(*) AS number
  FROM view_x.signals s JOIN view_x.matters m USING (kind, key)
 WHERE s.authority = ANY ($1::text[]) AND s.opens BETWEEN $2 AND $3 AND s.state = 'open' AND s.absent
   AND cardinality(m.terminals) > 0
 GROUP BY s.rule, m.terminals

-- name: by_authority
-- What stands open of each authority.
SELECT s.authority, count(*) FILTER (WHERE s.state IN ('open', 'disputed')) AS open,
       count(*) FILTER (WHERE s.state IN ('open', 'disputed') AND s.severity = 'serious') AS serious
  FROM view_x.signals s
 WHERE s.authority = ANY ($1::text[]) AND s.opens BETWEEN $2 AND $3
 GROUP BY s.authority

-- name: delays
-- Acts on site that were received within a span: how many, how many a day late, how long half of them took.
SELECT r.authority, count(*) AS acts, count(*) FILTER (WHERE r.origin = 'field' AND r.received - r.at > 86400000) AS late,
       count(*) FILTER (WHERE r.origin = 'backfilled') AS backfilled,
       coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY r.received - r.at) FILTER (WHERE r.origin = 'field'), 0)::bigint AS median_ms
  FROM view_x.counted r
 WHERE r.authority = ANY ($1::text[]) AND r.received BETWEEN $2 AND $3 AND r.n = 0 AND r.origin IN ('field', 'backfilled')
 GROUP BY r.authority

-- name: standing
-- What rules spoke of by an instant in the matters of some authorities, whatever became of it since.
SELECT s.rule, s.kind, s.key, s.about
  FROM view_x.signals s
 WHERE s.authority = ANY ($1::text[]) AND s.opens <= $2
