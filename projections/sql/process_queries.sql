-- name: slots
-- Which tables answer now: those of the judges, and those of the folds. And for the rest of the transaction: lists have
-- many optional filters, a plan made without their values reads every row.
SELECT p.slot, l.slot AS folds, set_config('plan_cache_mode', 'force_custom_plan', true) FROM view.process p, view.live l

-- name: list
-- A page of matters by newest fact, of every authority that is looked at: each gives its first rows out of its index.
-- Every parameter but the limit may be NULL.
SELECT m.*
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT m.authority, m.kind, m.key, m.stage, m.first, m.last, m.facts, m.error, m.officers, m.terminals, m.columns
      FROM view_x.matters m
     WHERE m.authority = seen.authority AND m.kind = $1
       AND ($2::text[] IS NULL OR m.stage = ANY ($2))
       AND ($3::jsonb IS NULL OR m.columns @> $3)
       AND ($4::text IS NULL OR m.officers @> ARRAY[$4])
       AND (m.last, m.key) < ($5, $6)
     ORDER BY m.last DESC, m.key DESC LIMIT $7) m
 ORDER BY m.last DESC, m.key DESC LIMIT $7

-- name: beside
-- What a list says beside its matters: the earliest open deadline, open signals, broken verdicts.
SELECT k.key,
       (SELECT d.rule FROM view_x.deadlines d WHERE d.kind = $1 AND d.key = k.key AND d.met IS NULL AND NOT d.cancelled AND d.binding
         ORDER BY d.due, d.rule, d.about LIMIT 1) AS due_rule,
       (SELECT d.due FROM view_x.deadlines d WHERE d.kind = $1 AND d.key = k.key AND d.met IS NULL AND NOT d.cancelled AND d.binding
         ORDER BY d.due, d.rule, d.about LIMIT 1) AS due_at,
       (SELECT d.absent FROM view_x.deadlines d WHERE d.kind = $1 AND d.key = k.key AND d.met IS NULL AND NOT d.cancelled AND d.binding
         ORDER BY d.due, d.rule, d.about LIMIT 1) AS due_absent,
       (SELECT d.last_day FROM view_x.deadlines d WHERE d.kind = $1 AND d.key = k.key AND d.met IS NULL AND NOT d.cancelled AND d.binding
         ORDER BY d.due, d.rule, d.about LIMIT 1) AS due_day,
       (SELECT count(*) FROM view_x.signals s WHERE s.kind = $1 AND s.key = k.key AND s.state IN ('open', 'disputed') AND s.opens <= $3) AS signals,
       (SELECT count(*) FROM view_x.verdicts v WHERE v.kind = $1 AND v.key = k.key AND v.outcome = 'broken') AS broken
  FROM unnest($2::text[]) AS k (key)

-- name: matter
-- One matter.
SELECT m.authority, m.kind, m.key, m.stage, m.first, m.last, m.facts, m.error, m.officers, m.terminals, m.columns, m.page
  FROM view_x.matters m WHERE m.kind = $1 AND m.key = $2 AND m.authority = current_setting('liuhen.authority')

-- name: stages
-- How many matters of a kind are at each stage.
SELECT stage, count(*) AS number FROM view_x.matters
 WHERE authority = ANY (view.seen()) AND kind = $1 GROUP BY stage ORDER BY stage

-- name: holder
-- Of the authorities that are looked at, the one that holds a matter.
SELECT m.authority FROM view_x.matters m WHERE m.kind = $1 AND m.key = $2 AND m.authority = ANY (view.seen())

-- name: signal_holder
-- The same for a signal.
SELECT s.authority FROM view_x.signals s WHERE s.id = $1 AND s.authority = ANY (view.seen())

-- name: deadlines_of
-- The deadlines of one matter.
SELECT d.*, m.stage, m.columns, m.terminals FROM view_x.deadlines d JOIN view_x.matters m USING (kind, key)
 WHERE d.kind = $1 AND d.key = $2 AND d.authority = current_setting('liuhen.authority') ORDER BY d.due, d.rule, d.about

-- name: deadlines_open
-- The board: what has not been done yet, the next to end first.
SELECT d.*
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT d.*, m.stage, m.columns, m.terminals FROM view_x.deadlines d JOIN view_x.matters m USING (kind, key)
     WHERE d.authority = seen.authority AND d.met IS NULL AND NOT d.cancelled
       AND (d.due, d.kind, d.key, d.rule, d.about) > ($1, $2, $3, $4, $5)
       AND d.due <= $6
       AND ($7::text IS NULL OR d.rule = $7) AND ($8::text IS NULL OR d.kind = $8) AND ($9::text IS NULL OR $9 = ANY (d.officers))
       AND ($10::boolean IS NULL OR d.provisional = $10) AND (d.binding OR NOT $11)
     ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $12) d
 ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $12

-- name: deadlines_then
-- The board of an earlier instant, `$13`: what had begun and was not done yet.
SELECT d.*
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT d.*, m.stage, m.columns, m.terminals FROM view_x.deadlines d JOIN view_x.matters m USING (kind, key)
     WHERE d.authority = seen.authority AND d.start <= $13 AND (d.met IS NULL OR d.met > $13) AND NOT d.cancelled
       AND (d.due, d.kind, d.key, d.rule, d.about) > ($1, $2, $3, $4, $5)
       AND d.due <= $6
       AND ($7::text IS NULL OR d.rule = $7) AND ($8::text IS NULL OR d.kind = $8) AND ($9::text IS NULL OR $9 = ANY (d.officers))
       AND ($10::boolean IS NULL OR d.provisional = $10) AND (d.binding OR NOT $11)
     ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $12) d
 ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $12

-- name: deadlines_all
-- Those that are open and those that are over; `$13` an earlier instant by which they had begun, or NULL.
SELECT d.*
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT d.*, m.stage, m.columns, m.terminals FROM view_x.deadlines d JOIN view_x.matters m USING (kind, key)
     WHERE d.authority = seen.authority
       AND (d.due, d.kind, d.key, d.rule, d.about) > ($1, $2, $3, $4, $5)
       AND d.due <= $6
       AND ($7::text IS NULL OR d.rule = $7) AND ($8::text IS NULL OR d.kind = $8) AND ($9::text IS NULL OR $9 = ANY (d.officers))
       AND ($10::boolean IS NULL OR d.provisional = $10) AND (d.binding OR NOT $11)
       AND ($13::bigint IS NULL OR d.start <= $13)
     ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $12) d
 ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $12

-- name: signals
-- The ledger: what stands as of an instant, the newest first. The page is cut before its matters are looked up.
WITH page AS MATERIALIZED (
    SELECT s.*
      FROM unnest(view.seen()) AS seen (authority)
     CROSS JOIN LATERAL (
        SELECT * FROM view_x.signals s
         WHERE s.authority = seen.authority AND s.opens <= $1 AND (s.opens, s.id) < ($2, $3)
           AND ($4::text[] IS NULL OR s.state = ANY ($4)) AND ($5::text IS NULL OR s.severity = $5)
           AND ($6::text IS NULL OR s.rule = $6) AND ($7::text IS NULL OR s.kind = $7)
         ORDER BY s.opens DESC, s.id DESC LIMIT $8) s
     ORDER BY s.opens DESC, s.id DESC LIMIT $8
)
SELECT s.*, m.stage, m.columns, m.terminals FROM page s JOIN view_x.matters m USING (kind, key)
 ORDER BY s.opens DESC, s.id DESC

-- name: signals_then
-- The ledger of an earlier instant, `$1`: what was said of a signal only later was not said yet.
SELECT s.*, m.stage, m.columns, m.terminals
  FROM unnest(view.seen()) AS seen (authority)
 CROSS JOIN LATERAL (
    SELECT s.*, coalesce((SELECT a.act ->> 'state' FROM jsonb_array_elements(s.acts) WITH ORDINALITY AS a (act, n)
                           WHERE (a.act ->> 'at')::bigint <= $1 ORDER BY n DESC LIMIT 1),
                         CASE WHEN s.closes <= $1 THEN 'withdrawn' ELSE 'open' END) AS stood
      FROM view_x.signals s
     WHERE s.authority = seen.authority AND s.opens <= $1 AND (s.opens, s.id) < ($2, $3)
       AND ($5::text IS NULL OR s.severity = $5) AND ($6::text IS NULL OR s.rule = $6) AND ($7::text IS NULL OR s.kind = $7)) s
  JOIN view_x.matters m USING (kind, key)
 WHERE ($4::text[] IS NULL OR s.stood = ANY ($4)) AND ($9::text IS NULL OR m.officers @> ARRAY[$9])
 ORDER BY s.opens DESC, s.id DESC LIMIT $8

-- name: signals_for
-- The same for one officer, from the matters that concern them.
WITH mine AS MATERIALIZED (
    SELECT m.kind, m.key, m.stage, m.columns, m.terminals FROM view_x.matters m
     WHERE m.authority = ANY (view.seen()) AND m.officers @> ARRAY[$9::text]
)
SELECT s.*, m.stage, m.columns, m.terminals FROM mine m JOIN view_x.signals s USING (kind, key)
 WHERE s.authority = ANY (view.seen()) AND s.opens <= $1 AND (s.opens, s.id) < ($2, $3)
   AND ($4::text[] IS NULL OR s.state = ANY ($4)) AND ($5::text IS NULL OR s.severity = $5)
   AND ($6::text IS NULL OR s.rule = $6) AND ($7::text IS NULL OR s.kind = $7)
 ORDER BY s.opens DESC, s.id DESC LIMIT $8

-- name: signals_of
-- The signals of one matter, also those whose instant has not come.
SELECT s.*, m.stage, m.columns, m.terminals FROM view_x.signals s JOIN view_x.matters m USING (kind, key)
 WHERE s.kind = $1 AND s.key = $2 AND s.authority = current_setting('liuhen.authority') ORDER BY s.opens, s.rule, s.about

-- name: signal
-- One signal by its name.
SELECT s.*, m.stage, m.columns, m.terminals FROM view_x.signals s JOIN view_x.matters m USING (kind, key)
 WHERE s.id = $1 AND s.authority = current_setting('liuhen.authority')

-- name: verdicts_of
-- What the rules say of one matter.
SELECT v.*, m.terminals FROM view_x.verdicts v JOIN view_x.matters m USING (kind, key)
 WHERE v.kind = $1 AND v.key = $2 AND v.authority = current_setting('liuhen.authority') ORDER BY v.rule, v.about

-- name: verdicts
-- One rule over all matters.
SELECT v.*, m.terminals FROM view_x.verdicts v JOIN view_x.matters m USING (kind, key)
 WHERE v.authority = current_setting('liuhen.authority') AND v.rule = $1 AND v.outcome = $2
   AND (v.kind, v.key, v.about) > ($3, $4, $5)
 ORDER BY v.kind, v.key, v.about LIMIT $6

-- name: counts
-- For the header. `$1` now, `$2` and `$3` the ends of the first and the third working day from now, `$4` an officer or NULL.
-- One look at each table; matters are asked only where an officer is named: a plan that knows the values leaves them out.
SELECT d.due, d.ahead_1, d.ahead_3, s.signals, s.serious
  FROM (SELECT count(*) FILTER (WHERE d.due <= $1) AS due,
               count(*) FILTER (WHERE d.due > $1 AND d.due <= $2) AS ahead_1,
               count(*) FILTER (WHERE d.due > $1) AS ahead_3
          FROM view_x.deadlines d
         WHERE d.authority = current_setting('liuhen.authority') AND d.met IS NULL AND NOT d.cancelled AND d.binding
           AND d.due <= $3 AND ($4::text IS NULL OR $4 = ANY (d.officers))) d,
       (SELECT count(*) AS signals, count(*) FILTER (WHERE s.severity = 'serious') AS serious
          FROM view_x.signals s
         WHERE s.authority = current_setting('liuhen.authority') AND s.state IN ('open', 'disputed') AND s.opens <= $1
           AND ($4::text IS NULL OR EXISTS (SELECT FROM view_x.matters m
                                             WHERE m.kind = s.kind AND m.key = s.key AND m.officers @> ARRAY[$4]))) s

-- name: changes
-- What changed for some officers behind a number. Everybody's changes are those of officer ''.
SELECT change, officer, kind, key, gone FROM view.changes
 WHERE authority = ANY ($1::text[]) AND officer = ANY ($2::text[]) AND change > $3 ORDER BY change LIMIT $4

-- name: alerts
-- What sweepers noticed, the newest first.
SELECT what, kind, key, rule, about, instant, officers, (extract(epoch FROM noticed) * 1000)::bigint AS noticed
  FROM view.alerts WHERE authority = current_setting('liuhen.authority') ORDER BY noticed DESC, kind, key LIMIT $1

-- name: places
-- Where events stand.
SELECT id, log_id, pos FROM view.places($1::uuid[])

-- name: outstanding
-- Terminals of other authorities that have more than they uploaded.
SELECT terminal, waiting FROM view.outstanding($1::uuid[])

-- name: cut
-- How far the logs of the authority are filed.
SELECT l.log_id, coalesce(f.position, 0) AS position FROM view.logs() l LEFT JOIN view_x.filed_up_to f USING (log_id)

-- name: lag
-- How far the judges are.
SELECT (SELECT coalesce(sum(l.size - coalesce(f.position, 0)), 0)::bigint FROM view.logs() l LEFT JOIN view_x.filed_up_to f USING (log_id)) AS behind,
       view.dirty() AS dirty,
       (SELECT count(*) FROM view_x.matters m WHERE m.authority = current_setting('liuhen.authority') AND m.error <> '') AS parked,
       (SELECT count(*) FROM view_x.misfiled) AS misfiled
