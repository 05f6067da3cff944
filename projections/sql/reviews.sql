-- name: slots
-- Which tables answer now, and plans that know the values: the filters are many and most of them absent.
SELECT p.slot, set_config('plan_cache_mode', 'force_custom_plan', true) FROM view.process p

-- name: queue
-- A page of reviews. `$1` an authority or NULL (all in scope), `$2` stages, `$3` reviewer ('' nobody), `$4` unit, `$5`
-- kind of decision, `$6` ended by an instant, `$7` text, `$8` what it is sorted by, `$9` and `$10` where to go on, `$12`
-- open ones only. A plan that knows `$8` and `$12` finds the index of what is due next.
WITH page AS MATERIALIZED (
    SELECT r.key, CASE $8 WHEN 'due' THEN r.due WHEN 'requested' THEN -r.requested_at ELSE -r.amount_fen END AS rank
      FROM view_x.reviews r
     WHERE (NOT $12::boolean OR r.open)
       AND ($1::text IS NULL OR r.authority = $1)
       AND ($2::text[] IS NULL OR r.stage = ANY ($2))
       AND ($3::text IS NULL OR r.reviewer = $3)
       AND ($4::text IS NULL OR r.unit = $4 OR r.requesting_unit = $4)
       AND ($5::text IS NULL OR r.draft_kind = $5)
       AND ($6::bigint IS NULL OR r.due <= $6)
       AND ($7::text IS NULL OR position($7 IN r.text) > 0)
       AND (CASE $8 WHEN 'due' THEN r.due WHEN 'requested' THEN -r.requested_at ELSE -r.amount_fen END, r.key)
           > ($9::bigint, $10::text)
     ORDER BY CASE $8 WHEN 'due' THEN r.due WHEN 'requested' THEN -r.requested_at ELSE -r.amount_fen END, r.key
     LIMIT $11
)
SELECT m.authority, m.kind, m.key, m.stage, m.first, m.last, m.facts, m.error, m.officers, m.columns, p.rank
  FROM page p JOIN view_x.matters m ON m.kind = 'review' AND m.key = p.key ORDER BY p.rank, p.key

-- name: overview
-- For tabs, tiles and filters, in one look: what is open by everything that is offered, ended or near its end.
SELECT r.stage, r.reviewer, r.unit, r.requesting_unit, r.draft_kind, count(*) AS number,
       count(*) FILTER (WHERE r.due <= $1) AS over,
       count(*) FILTER (WHERE r.due > $1 AND r.due <= $2) AS soon
  FROM view_x.reviews r
 WHERE r.open AND ($3::text IS NULL OR r.authority = $3)
 GROUP BY 1, 2, 3, 4, 5

-- name: some
-- Reviews by their ids, in the order of their first acts.
SELECT m.authority, m.kind, m.key, m.stage, m.first, m.last, m.facts, m.error, m.officers, m.columns
  FROM view_x.matters m WHERE m.kind = 'review' AND m.key = ANY ($1::text[])
 ORDER BY m.first, m.key LIMIT 200
