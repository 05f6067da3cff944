-- name: live
-- Which slot of the process projection answers.
SELECT slot, generation, versions, registry FROM view.process

-- name: live_locked
-- As `live`, held until the end of the transaction: a batch and a swap cannot cross.
SELECT slot, generation, versions, registry FROM view.process FOR UPDATE

-- name: set_live
-- The swap, or the first word about who makes the tables.
UPDATE view.process SET slot = $1, generation = generation + 1, versions = $2, registry = $3

-- name: durable
-- A swap that was reported stays, whatever happens to the machine.
SET LOCAL synchronous_commit = on

-- name: lease
-- One judging runner for a database; whoever does not get it waits.
SELECT pg_try_advisory_lock(7151204310000005)

-- name: rebuild_lease
-- One rebuild of the process projection for a database.
SELECT pg_try_advisory_lock(7151204310000006)

-- name: core_behind
-- Entries that the case files and ledgers have not folded yet: they go first.
SELECT coalesce(sum(h.size - coalesce((SELECT min(p.position) FROM view_x.positions p WHERE p.log_id = h.log_id), 0)), 0)::bigint
  FROM log.heads h JOIN log.logs l USING (log_id) WHERE l.kind = 'authority'

-- name: positions
-- How far each log is filed.
SELECT log_id, position FROM view_x.filed_up_to

-- name: move_positions
-- Exactly once: the row must stand where this runner read it; a first one must not exist.
WITH moved (log_id, was, now) AS (
    SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[])
), old AS (
    UPDATE view_x.filed_up_to p SET position = m.now
      FROM moved m WHERE p.log_id = m.log_id AND p.position = m.was AND m.was > 0
 RETURNING 1
), new AS (
    INSERT INTO view_x.filed_up_to (log_id, position) SELECT log_id, now FROM moved WHERE was = 0
    ON CONFLICT DO NOTHING
 RETURNING 1
)
SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM new)

-- name: misfile
-- Place and class of error; nothing of the entry.
INSERT INTO view_x.misfiled (log_id, position, error)
     SELECT * FROM unnest($1::integer[], $2::bigint[], $3::text[])
ON CONFLICT DO NOTHING

-- name: file
-- Positions are only ever added behind those of their chunk.
INSERT INTO view_x.filings AS f (key, log_id, chunk, positions)
     SELECT key, log_id, chunk, positions
       FROM json_to_recordset($1::json) AS r (key text, log_id integer, chunk integer, positions bigint[])
ON CONFLICT (key, log_id, chunk) DO UPDATE SET positions = f.positions || excluded.positions

-- name: count
-- What new facts add to the statistics.
INSERT INTO view_x.counted (log_id, position, n, authority, measure, day, unit, at, subject, word, other, amount,
            received, origin)
     SELECT * FROM unnest($1::integer[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::date[], $7::text[],
                          $8::bigint[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::text[])

-- name: soil
-- The matters of new facts, those that asked for one of their keys, and those whose rules may have changed. `$4` are
-- the stems of authorities that published rules.
INSERT INTO view_x.dirty (kind, key)
     SELECT * FROM unnest($1::text[], $2::text[])
      UNION
     SELECT kind, key FROM view_x.dependents WHERE needed = ANY ($3::text[])
      UNION
     SELECT m.kind, m.key FROM view_x.matters m, unnest($4::text[]) AS stem WHERE starts_with(m.authority, stem)
ON CONFLICT DO NOTHING

-- name: dirty
-- The next ones to be judged, but some.
SELECT d.kind, d.key FROM view_x.dirty d
 WHERE NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS r (kind, key) WHERE r.kind = d.kind AND r.key = d.key)
 ORDER BY d.kind, d.key LIMIT $1

-- name: dirty_count
-- How many wait.
SELECT count(*) FROM view_x.dirty

-- name: cleaned
-- They were judged in this transaction.
DELETE FROM view_x.dirty d USING unnest($1::text[], $2::text[]) AS k (kind, key) WHERE d.kind = k.kind AND d.key = k.key

-- name: shelves
-- What is filed under some keys.
SELECT key, log_id, positions FROM view_x.filings WHERE key = ANY ($1::text[]) ORDER BY key, log_id, chunk

-- name: rule_shelves
-- What is filed under all keys of published rules.
SELECT key, log_id, positions FROM view_x.filings WHERE starts_with(key, 'rules:') ORDER BY key, log_id, chunk

-- name: entries
-- Entries of one log by position, with what admission noted of them.
SELECT e.position, e.entry, k.version AS seq, k.notes
  FROM log.entries e
  LEFT JOIN log.keys k ON k.log_id = e.log_id AND k.position = e.position AND k.notes <> 0
 WHERE e.log_id = $1 AND e.position = ANY ($2::bigint[])

-- name: known
-- What is written of some matters already.
SELECT m.kind, m.key, m.digest, m.authority, m.officers
  FROM unnest($1::text[], $2::text[]) AS k (kind, key) JOIN view_x.matters m USING (kind, key)

-- name: forget
-- The rows of matters that are written anew.
WITH gone AS (SELECT * FROM unnest($1::text[], $2::text[]) AS k (kind, key)),
     d AS (DELETE FROM view_x.deadlines t USING gone g WHERE t.kind = g.kind AND t.key = g.key),
     r AS (DELETE FROM view_x.reviews t USING gone g WHERE g.kind = 'review' AND t.key = g.key),
     v AS (DELETE FROM view_x.verdicts t USING gone g WHERE t.kind = g.kind AND t.key = g.key),
     n AS (DELETE FROM view_x.dependents t USING gone g WHERE t.kind = g.kind AND t.key = g.key),
     m AS (DELETE FROM view_x.matters t USING gone g WHERE t.kind = g.kind AND t.key = g.key)
DELETE FROM view_x.signals t USING gone g WHERE t.kind = g.kind AND t.key = g.key

-- name: put_matters
-- All of a batch in one document.
INSERT INTO view_x.matters (kind, key, authority, stage, first, last, facts, error, officers, terminals, columns, page, digest)
     SELECT kind, key, authority, stage, first, last, facts, error, officers, terminals, columns, page, digest
       FROM json_to_recordset($1::json) AS r (kind text, key text, authority text, stage text, first bigint, last bigint,
            facts integer, error text, officers text[], terminals uuid[], columns jsonb, page jsonb, digest bytea)

-- name: put_deadlines
-- All of a batch in one document.
INSERT INTO view_x.deadlines (kind, key, rule, about, authority, version, start, due, last_day, met, met_by, cancelled,
            provisional, binding, absent, inputs, officers, earlier, zh, en)
     SELECT kind, key, rule, about, authority, version, start, due, last_day, met, met_by, cancelled,
            provisional, binding, absent, inputs, officers, earlier, zh, en
       FROM json_to_recordset($1::json) AS r (kind text, key text, rule text, about text, authority text, version text,
            start bigint, due bigint, last_day date, met bigint, met_by text, cancelled boolean, provisional boolean,
            binding boolean, absent boolean, inputs text[], officers text[], earlier jsonb, zh text, en text)

-- name: put_verdicts
-- All of a batch in one document.
INSERT INTO view_x.verdicts (kind, key, rule, about, authority, version, outcome, absent, gate, inputs, zh, en)
     SELECT kind, key, rule, about, authority, version, outcome, absent, gate, inputs, zh, en
       FROM json_to_recordset($1::json) AS r (kind text, key text, rule text, about text, authority text, version text,
            outcome text, absent boolean, gate boolean, inputs text[], zh text, en text)

-- name: put_signals
-- All of a batch in one document.
INSERT INTO view_x.signals (id, kind, key, rule, about, authority, version, severity, score, opens, closes, absent, state,
            acts, inputs, officers, zh, en)
     SELECT id, kind, key, rule, about, authority, version, severity, score, opens, closes, absent, state,
            acts, inputs, officers, zh, en
       FROM json_to_recordset($1::json) AS r (id text, kind text, key text, rule text, about text, authority text,
            version text, severity text, score smallint, opens bigint, closes bigint, absent boolean, state text,
            acts jsonb, inputs text[], officers text[], zh text, en text)

-- name: put_reviews
-- What the queue of reviews sorts and filters by, out of the rows of a batch that are reviews.
INSERT INTO view_x.reviews (key, authority, stage, open, due, requested_at, amount_fen, reviewer, unit, requesting_unit, draft_kind, text)
     SELECT key, authority, stage, coalesce((columns ->> 'open')::boolean, false),
            coalesce((columns ->> 'due')::bigint, 9223372036854775807), coalesce((columns ->> 'requested_at')::bigint, 0),
            coalesce((columns ->> 'amount_fen')::bigint, 0), coalesce(columns ->> 'reviewer', ''), coalesce(columns ->> 'unit', ''),
            coalesce(columns ->> 'requesting_unit', ''), coalesce(columns ->> 'draft_kind', ''),
            lower(concat_ws(' ', columns ->> 'party_name', columns ->> 'cause', columns ->> 'case', columns ->> 'enterprise',
                            columns ->> 'handlers', columns ->> 'reviewer'))
       FROM json_to_recordset($1::json) AS r (kind text, key text, authority text, stage text, columns jsonb)
      WHERE kind = 'review'

-- name: put_searchable
-- Written again only where it says something else: what a matter is found by changes seldom.
INSERT INTO view_x.searchable AS s (kind, key, authority, text)
     SELECT kind, key, authority, text FROM json_to_recordset($1::json) AS r (kind text, key text, authority text, text text)
ON CONFLICT (kind, key) DO UPDATE SET authority = excluded.authority, text = excluded.text
      WHERE (s.authority, s.text) IS DISTINCT FROM (excluded.authority, excluded.text)

-- name: unsearchable
-- Matters that are no more.
DELETE FROM view_x.searchable s USING unnest($1::text[], $2::text[]) AS k (kind, key) WHERE s.kind = k.kind AND s.key = k.key

-- name: put_dependents
-- Which other keys the judgements rest on.
INSERT INTO view_x.dependents (needed, kind, key) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])

-- name: take_changes
-- Numbers for so many changes. The row is locked until the commit, so numbers become visible in their order.
UPDATE view.process SET change = change + $1 RETURNING change

-- name: put_changes
-- Each officer's newest change of a matter; the older one is of no use to anybody.
INSERT INTO view.changes (authority, officer, kind, key, change, gone)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[])
ON CONFLICT (authority, officer, kind, key) DO UPDATE SET change = excluded.change, gone = excluded.gone

-- name: swapped_changes
-- Matters that a rebuild made differently, with those whom they concerned and concern.
SELECT kind, key, o.authority AS old_authority, n.authority AS authority, o.officers AS old_officers, n.officers AS officers
  FROM view_y.matters o FULL JOIN view_x.matters n USING (kind, key) WHERE o.digest IS DISTINCT FROM n.digest

-- name: counts
-- For `lag` and the words of a rebuild.
SELECT (SELECT count(*) FROM view_x.matters) AS matters,
       (SELECT count(*) FROM view_x.matters WHERE error <> '') AS parked,
       (SELECT count(*) FROM view_x.misfiled) AS misfiled

-- name: empty
-- A slot that nobody reads any more.
TRUNCATE view_x.filed_up_to, view_x.misfiled, view_x.filings, view_x.counted, view_x.dependents, view_x.dirty, view_x.matters,
         view_x.deadlines, view_x.verdicts, view_x.signals, view_x.searchable, view_x.reviews

-- name: different
-- Rows in which the two slots differ, over every table and every byte.
SELECT 'filed_up_to' AS name, count(*) FROM view_a.filed_up_to a FULL JOIN view_b.filed_up_to b USING (log_id) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'misfiled', count(*) FROM view_a.misfiled a FULL JOIN view_b.misfiled b USING (log_id, position) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'filings', count(*) FROM view_a.filings a FULL JOIN view_b.filings b USING (key, log_id, chunk) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'counted', count(*) FROM view_a.counted a FULL JOIN view_b.counted b USING (log_id, position, n) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'dependents', count(*) FROM view_a.dependents a FULL JOIN view_b.dependents b USING (needed, kind, key) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'dirty', count(*) FROM view_a.dirty a FULL JOIN view_b.dirty b USING (kind, key) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'matters', count(*) FROM view_a.matters a FULL JOIN view_b.matters b USING (kind, key) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'deadlines', count(*) FROM view_a.deadlines a FULL JOIN view_b.deadlines b USING (kind, key, rule, about) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'verdicts', count(*) FROM view_a.verdicts a FULL JOIN view_b.verdicts b USING (kind, key, rule, about) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'signals', count(*) FROM view_a.signals a FULL JOIN view_b.signals b USING (id) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'searchable', count(*) FROM view_a.searchable a FULL JOIN view_b.searchable b USING (kind, key) WHERE a IS DISTINCT FROM b
UNION ALL
SELECT 'reviews', count(*) FROM view_a.reviews a FULL JOIN view_b.reviews b USING (key) WHERE a IS DISTINCT FROM b

-- name: authorities
-- Who has a log.
SELECT DISTINCT authority FROM log.logs WHERE kind = 'authority' ORDER BY authority

-- name: behind
-- Entries that are not filed yet, over all logs.
SELECT coalesce(sum(h.size - coalesce(f.position, 0)), 0)::bigint
  FROM log.heads h JOIN log.logs l USING (log_id) LEFT JOIN view_x.filed_up_to f USING (log_id) WHERE l.kind = 'authority'

-- name: sweep_lease
-- One sweeper for an authority, until the end of the transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended('liuhen sweeper ' || $1, 7151204310000007))

-- name: coming
-- Deadlines that have ended, or end by the ends of the first and the third working day, and nobody was told of yet.
-- What waits to be judged again is left for the next look.
SELECT c.what, d.kind, d.key, d.rule, d.about, d.due AS instant, d.absent, d.officers, m.officers AS audience, m.terminals
  FROM view_x.deadlines d JOIN view_x.matters m USING (kind, key),
       LATERAL (SELECT CASE WHEN d.due <= $2 THEN 'due' WHEN d.due <= $3 THEN 'ahead_1' ELSE 'ahead_3' END AS what) c
 WHERE d.authority = $1 AND d.met IS NULL AND NOT d.cancelled AND d.binding AND d.due <= $4
   AND NOT EXISTS (SELECT FROM view.alerts a WHERE a.kind = d.kind AND a.key = d.key AND a.rule = d.rule AND a.about = d.about
                      AND a.what = c.what AND a.instant = d.due)
   AND NOT EXISTS (SELECT FROM view_x.dirty x WHERE x.kind = d.kind AND x.key = d.key)
 ORDER BY d.due, d.kind, d.key, d.rule, d.about LIMIT $5

-- name: standing
-- Signals that stand and nobody was told of yet.
SELECT 'signal' AS what, s.kind, s.key, s.rule, s.about, s.opens AS instant, s.absent, ARRAY[]::text[] AS officers,
       m.officers AS audience, m.terminals
  FROM view_x.signals s JOIN view_x.matters m USING (kind, key)
 WHERE s.authority = $1 AND s.state = 'open' AND s.opens <= $2
   AND NOT EXISTS (SELECT FROM view.alerts a WHERE a.kind = s.kind AND a.key = s.key AND a.rule = s.rule AND a.about = s.about
                      AND a.what = 'signal' AND a.instant = s.opens)
   AND NOT EXISTS (SELECT FROM view_x.dirty x WHERE x.kind = s.kind AND x.key = s.key)
 ORDER BY s.opens, s.id LIMIT $3

-- name: alert
-- Once each: whoever comes second inserts nothing.
INSERT INTO view.alerts (authority, what, kind, key, rule, about, instant, officers)
     SELECT authority, what, kind, key, rule, about, instant, officers
       FROM json_to_recordset($1::json) AS r (authority text, what text, kind text, key text, rule text, about text,
            instant bigint, officers text[])
ON CONFLICT DO NOTHING
RETURNING what, kind, key

-- name: ledgers_of
-- How terminals stand, for what rests on an absence.
SELECT t.terminal, t.log_id, t.state FROM view_x.terminals t WHERE t.terminal = ANY ($1::uuid[])
