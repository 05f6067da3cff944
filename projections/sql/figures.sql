-- name: rows
-- The units of some figures of one measure as of a cut: the first row of each unit, for every figure whose days it is of.
-- $1 sizes of the logs by their ids (null: not of the cut); $2 authorities; $3 measure, $4 words; $5 what figures look at
-- beside it: measures whose rows of the same unit are needed or must lack; $6 {item of a plan: its kind}; whether the
-- subject is wanted ($7). Figures: $8 names, $9 first and $10 last days, $11 what they count; names of rows of the same unit,
-- parted by blanks: $12 one of these, $13 one of these as well, $14 none of these; $15 whether the last day must have passed.
-- A row is named `measure` and `measure:word`, one of a plan by the kind of its item. First rows and what stands beside
-- them are looked up once for all figures and periods: that is where the time goes.
WITH asked AS MATERIALIZED (
    SELECT f.figure, f.first, f.last, f.of, string_to_array(f.need, ' ') AS need, string_to_array(f.plan, ' ') AS plan,
           string_to_array(f.lack, ' ') AS lack, f.over
      FROM unnest($8::text[], $9::date[], $10::date[], $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[])
           AS f (figure, first, last, of, need, plan, lack, over)
),
firsts AS MATERIALIZED (
    SELECT r.authority, r.measure, r.unit, coalesce(nullif(r.subject, ''), s.subject, '') AS subject, r.day, r.word, r.other,
           r.amount, r.log_id, r.position, coalesce(b.names, '{}') AS names
      FROM view_x.counted r
      LEFT JOIN LATERAL (
           SELECT array_agg(x.measure) || array_agg(x.measure || ':' || CASE x.measure
                      WHEN 'task_planned' THEN coalesce($6::jsonb ->> x.word, '') ELSE x.word END) AS names
             FROM view_x.counted x
            WHERE cardinality($5::text[]) > 0 AND x.measure = ANY ($5::text[]) AND x.unit = r.unit
              AND x.position < ($1::bigint[])[x.log_id]
           ) b ON true
      LEFT JOIN LATERAL (
           SELECT x.subject FROM view_x.counted x
            WHERE $7::boolean AND r.subject = '' AND x.unit = r.unit AND x.subject <> ''
              AND x.position < ($1::bigint[])[x.log_id]
              AND x.measure = CASE r.measure WHEN 'entered' THEN 'task' WHEN 'decision' THEN 'party' END
            ORDER BY x.log_id, x.position LIMIT 1
           ) s ON true
     WHERE r.measure = $3 AND r.authority = ANY ($2::text[])
       AND r.day BETWEEN (SELECT min(first) FROM asked) AND (SELECT max(last) FROM asked)
       AND r.position < ($1::bigint[])[r.log_id]
       AND (cardinality($4::text[]) = 0 OR r.word = ANY ($4::text[]))
       AND NOT EXISTS (
           SELECT FROM view_x.counted x
            WHERE x.measure = r.measure AND x.unit = r.unit AND x.position < ($1::bigint[])[x.log_id]
              AND (x.log_id, x.position, x.n) < (r.log_id, r.position, r.n)
              AND (cardinality($4::text[]) = 0 OR x.word = ANY ($4::text[])))
)
SELECT f.figure, f.of, r.authority, r.unit, r.subject, r.day, r.word, r.other, r.amount, r.log_id, r.position,
       (SELECT min(x.day) FROM view_x.counted x
         WHERE x.measure = ANY ($5::text[]) AND x.unit = r.unit AND x.position < ($1::bigint[])[x.log_id]
           AND (x.measure = ANY (f.need) OR x.measure || ':' || x.word = ANY (f.need))) AS need_day
  FROM firsts r JOIN asked f ON r.day BETWEEN f.first AND f.last
 WHERE (cardinality(f.need) = 0 OR r.names && f.need) AND (cardinality(f.plan) = 0 OR r.names && f.plan)
   AND NOT r.names && f.lack
   AND (NOT f.over OR (
       SELECT max(x.other) FROM view_x.counted x
        WHERE x.measure = r.measure AND x.unit = r.unit AND x.position < ($1::bigint[])[x.log_id]) < f.last::text)

-- name: counts
-- Of the very rows of `rows`, by figure and authority: how many units, how many different subjects, or their sum.
-- In two steps: a count of different texts would sort all rows.
SELECT figure, authority, CASE of WHEN 'units' THEN sum(n) WHEN 'subjects' THEN count(subject) ELSE sum(amount) END::bigint AS value
  FROM (SELECT figure, of, authority, CASE of WHEN 'subjects' THEN nullif(subject, '') END AS subject, count(*) AS n,
               sum(amount) AS amount
          FROM (the_rows) r GROUP BY 1, 2, 3, 4) g
 GROUP BY figure, of, authority

-- name: chains
-- Items of plans that were done as of a cut: the four steps of a task, in order, the last of them by the last day.
-- $1 sizes of the logs by their ids; $2 authorities; $3 first and $4 last day.
-- Each step is looked for behind the earliest one before it. It begins with what was concluded within the days, so that
-- a long past costs nothing.
WITH concluded AS MATERIALIZED (
    SELECT x.unit, array_agg(x.at) AS ended, array_agg(x.day) AS days
      FROM view_x.counted x
     WHERE x.authority = ANY ($2::text[]) AND x.measure = 'concluded' AND x.word <> 'no_entry' AND x.day BETWEEN $3 AND $4
       AND x.position < ($1::bigint[])[x.log_id]
     GROUP BY x.unit
),
planned AS MATERIALIZED (
    SELECT c.unit, c.ended, c.days, t.authority, t.item, t.subject
      FROM concluded c CROSS JOIN LATERAL (
           SELECT x.authority, x.word AS item, min(x.subject) AS subject FROM view_x.counted x
            WHERE x.measure = 'task_planned' AND x.unit = c.unit AND x.authority = ANY ($2::text[])
              AND x.position < ($1::bigint[])[x.log_id]
            GROUP BY x.authority, x.word) t
),
steps AS (
    SELECT p.*, s.entered, s.shown, s.recorded
      FROM planned p CROSS JOIN LATERAL (
           SELECT min(x.at) FILTER (WHERE x.measure = 'entered' AND x.word = 'entered') AS entered,
                  array_agg(x.at) FILTER (WHERE x.measure = 'shown') AS shown,
                  array_agg(x.at) FILTER (WHERE x.measure = 'recorded') AS recorded
             FROM view_x.counted x
            WHERE x.measure = ANY ('{entered,shown,recorded}') AND x.unit = p.unit AND x.authority = ANY ($2::text[])
              AND x.position < ($1::bigint[])[x.log_id]) s
),
after_entry AS (
    SELECT s.*, (SELECT min(x) FROM unnest(s.shown) AS x WHERE x >= s.entered) AS told FROM steps s
),
after_certificates AS (
    SELECT s.*, (SELECT min(x) FROM unnest(s.recorded) AS x WHERE x >= s.told) AS signed FROM after_entry s
),
done AS MATERIALIZED (
    SELECT s.*, (SELECT min(e.day) FROM unnest(s.ended, s.days) AS e (at, day) WHERE e.at >= s.signed) AS day
      FROM after_certificates s
)
SELECT authority, item, unit, subject, day FROM done WHERE day IS NOT NULL

-- name: logs
-- The logs of some authorities and how far each is filed.
SELECT l.log_id, l.authority, l.epoch, coalesce(p.position, 0) AS size
  FROM view.logs_of($1::text[]) l LEFT JOIN view_x.filed_up_to p USING (log_id) ORDER BY l.log_id

-- name: plans
-- What makes plans as of a cut: items, revisions, approvals, in the order of the logs.
-- $1 sizes of the logs by their ids; $2 authorities.
SELECT r.authority, r.measure, r.unit, r.day, r.subject, r.word, r.other, r.amount
  FROM view_x.counted r
 WHERE r.authority = ANY ($2::text[]) AND r.position < ($1::bigint[])[r.log_id]
   AND r.measure = ANY ('{plan_item,plan_revision,plan_revision_approved,plan_change}')
 ORDER BY r.log_id, r.position, r.n

-- name: published_rules
SELECT log_id, authority, pos, entry FROM view.published_rules()

-- name: keep_cut
INSERT INTO view.cuts (id, logs) VALUES ($1, $2::jsonb) ON CONFLICT (id) DO NOTHING

-- name: cut
SELECT logs FROM view.cuts WHERE id = $1
