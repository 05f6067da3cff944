-- name: rows
-- The units of one figure as of a cut: the first row of each unit, if its day counts.
-- $1 logs, $2 sizes; $3 authorities; $4 measure, $5 words; $6, $7 first and last day; $8 need, $9 its words; $10 lack;
-- $11 items of a plan, null for none of any plan and '{}' for all; $12 whether the plan matters; $13 last day that must
-- have passed, or null.
WITH cut AS MATERIALIZED (SELECT * FROM unnest($1::integer[], $2::bigint[]) AS c (log_id, size))
SELECT r.authority, r.unit, coalesce(nullif(r.subject, ''), s.subject, '') AS subject, r.day, r.word, r.other, r.amount,
       r.log_id, r.position, n.day AS need_day
  FROM view_x.counted r
  JOIN cut ON cut.log_id = r.log_id AND r.position < cut.size
  LEFT JOIN LATERAL (
       SELECT min(x.day) AS day FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
        WHERE $8 <> '' AND x.measure = $8 AND x.unit = r.unit AND (cardinality($9::text[]) = 0 OR x.word = ANY ($9::text[]))
       ) n ON true
  LEFT JOIN LATERAL (
       SELECT x.subject FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
        WHERE r.subject = '' AND x.unit = r.unit AND x.subject <> ''
          AND x.measure = CASE r.measure WHEN 'entered' THEN 'task' WHEN 'decision' THEN 'party' END
        ORDER BY x.log_id, x.position LIMIT 1
       ) s ON true
 WHERE r.measure = $4 AND r.authority = ANY ($3::text[]) AND r.day BETWEEN $6 AND $7
   AND (cardinality($5::text[]) = 0 OR r.word = ANY ($5::text[]))
   AND ($8 = '' OR n.day IS NOT NULL)
   AND ($10 = '' OR NOT EXISTS (
       SELECT FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
        WHERE x.measure = $10 AND x.unit = r.unit))
   AND (NOT $12 OR CASE WHEN $11::text[] IS NULL THEN NOT EXISTS (
            SELECT FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
             WHERE x.measure = 'task_planned' AND x.unit = r.unit)
        ELSE EXISTS (
            SELECT FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
             WHERE x.measure = 'task_planned' AND x.unit = r.unit
               AND (cardinality($11::text[]) = 0 OR x.word = ANY ($11::text[]))) END)
   AND ($13::date IS NULL OR (
       SELECT max(x.other) FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
        WHERE x.measure = r.measure AND x.unit = r.unit) < $13::date::text)
   AND NOT EXISTS (
       SELECT FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
        WHERE x.measure = r.measure AND x.unit = r.unit AND (x.log_id, x.position, x.n) < (r.log_id, r.position, r.n)
          AND (cardinality($5::text[]) = 0 OR x.word = ANY ($5::text[])))

-- name: counts
-- How many units, how many different subjects, and what they sum up to, of the very rows of `rows`.
SELECT authority, count(*) AS n, count(DISTINCT subject) FILTER (WHERE subject <> '') AS subjects,
       coalesce(sum(amount), 0)::bigint AS amount
  FROM (the_rows) r GROUP BY authority

-- name: chains
-- Items of plans that were done as of a cut: the four steps of a task, in order, the last of them by the last day.
-- $1 logs, $2 sizes; $3 authorities; $4 first and $5 last day.
-- Each step is looked for behind the earliest one before it. The steps of a task are gathered first, so that nothing is
-- joined but tasks: how many tasks have all steps is nothing that a planner can guess.
WITH cut AS MATERIALIZED (SELECT * FROM unnest($1::integer[], $2::bigint[]) AS c (log_id, size)),
seen AS MATERIALIZED (
    SELECT x.authority, x.measure, x.unit, x.word, x.subject, x.day, x.at
      FROM view_x.counted x JOIN cut c ON c.log_id = x.log_id AND x.position < c.size
     WHERE x.authority = ANY ($3::text[]) AND x.measure IN ('task_planned', 'entered', 'shown', 'recorded', 'concluded')
),
steps AS (
    SELECT unit, min(at) FILTER (WHERE measure = 'entered' AND word = 'entered') AS entered,
           array_agg(at) FILTER (WHERE measure = 'shown') AS shown,
           array_agg(at) FILTER (WHERE measure = 'recorded') AS recorded,
           array_agg(at) FILTER (WHERE measure = 'concluded' AND word <> 'no_entry' AND day BETWEEN $4 AND $5) AS ended,
           array_agg(day) FILTER (WHERE measure = 'concluded' AND word <> 'no_entry' AND day BETWEEN $4 AND $5) AS days
      FROM seen GROUP BY unit
),
after_entry AS (
    SELECT s.*, (SELECT min(x) FROM unnest(s.shown) AS x WHERE x >= s.entered) AS told FROM steps s
     WHERE s.entered IS NOT NULL AND s.ended IS NOT NULL
),
after_certificates AS (
    SELECT s.unit, s.ended, s.days, (SELECT min(x) FROM unnest(s.recorded) AS x WHERE x >= s.told) AS signed
      FROM after_entry s
),
done AS MATERIALIZED (
    SELECT s.unit, (SELECT min(e.day) FROM unnest(s.ended, s.days) AS e (at, day) WHERE e.at >= s.signed) AS day
      FROM after_certificates s
)
SELECT t.authority, t.word AS item, t.unit, min(t.subject) AS subject, min(d.day) AS day
  FROM seen t JOIN done d ON d.unit = t.unit AND d.day IS NOT NULL
 WHERE t.measure = 'task_planned'
 GROUP BY t.authority, t.word, t.unit

-- name: logs
-- The logs of some authorities and how far each is filed.
SELECT l.log_id, l.authority, l.epoch, coalesce(p.position, 0) AS size
  FROM view.logs_of($1::text[]) l LEFT JOIN view_x.filed_up_to p USING (log_id) ORDER BY l.log_id

-- name: plans
-- What makes the plans of a year as of a cut: items, revisions, approvals, in the order of the logs.
SELECT r.authority, r.measure, r.unit, r.day, r.subject, r.word, r.other, r.amount
  FROM view_x.counted r JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = r.log_id AND r.position < c.size
 WHERE r.authority = ANY ($3::text[]) AND r.measure LIKE 'plan\_%'
 ORDER BY r.log_id, r.position, r.n

-- name: published_rules
SELECT log_id, authority, pos, entry FROM view.published_rules()

-- name: keep_cut
INSERT INTO view.cuts (id, logs) VALUES ($1, $2::jsonb) ON CONFLICT (id) DO NOTHING

-- name: cut
SELECT logs FROM view.cuts WHERE id = $1
