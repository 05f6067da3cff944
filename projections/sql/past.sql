-- name: logs
-- Every authority's logs and how far each is filed: a matter may rest on facts of several.
SELECT l.log_id, l.authority, coalesce(p.position, 0) AS size
  FROM log.logs l LEFT JOIN view_x.filed_up_to p USING (log_id) WHERE l.kind = 'authority' ORDER BY l.log_id

-- name: moved
-- Matters that may have been judged otherwise at a cut, or had not begun: something was filed under a key of theirs since,
-- or they wait to be judged. The beginning of the queries below. $1 logs, $2 sizes; $3 whether rules changed: then all.
WITH cut AS MATERIALIZED (SELECT * FROM unnest($1::integer[], $2::bigint[]) AS c (log_id, size)),
changed AS MATERIALIZED (
    SELECT DISTINCT f.key FROM view_x.filings f LEFT JOIN cut c USING (log_id)
     WHERE f.positions[cardinality(f.positions)] >= coalesce(c.size, 0)),
moved AS MATERIALIZED (
    SELECT split_part(key, ':', 1) AS kind, substr(key, strpos(key, ':') + 1) AS key FROM changed
     UNION
    SELECT d.kind, d.key FROM view_x.dependents d JOIN changed c ON d.needed = c.key
     UNION
    SELECT kind, key FROM view_x.dirty
     UNION
    SELECT kind, key FROM view_x.matters WHERE $3::boolean)

-- name: touched
-- Those of which something stands before the cut in some logs ($4), of some kinds ($5).
SELECT m.kind, m.key FROM moved m
 WHERE m.kind = ANY ($5::text[])
   AND EXISTS (SELECT FROM view_x.filings f JOIN cut c USING (log_id)
                WHERE f.key = m.kind || ':' || m.key AND f.log_id = ANY ($4::integer[]) AND f.positions[1] < c.size)
 ORDER BY m.kind, m.key

-- name: touched_count
-- How many they are, counted to at most $6.
SELECT count(*) FROM (
    SELECT FROM moved m
     WHERE m.kind = ANY ($5::text[])
       AND EXISTS (SELECT FROM view_x.filings f JOIN cut c USING (log_id)
                    WHERE f.key = m.kind || ':' || m.key AND f.log_id = ANY ($4::integer[]) AND f.positions[1] < c.size)
     LIMIT $6) AS counted

-- name: rules_changed
-- Whether anybody published rules since a cut.
SELECT EXISTS (SELECT FROM view_x.filings f LEFT JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) USING (log_id)
                WHERE starts_with(f.key, 'rules:') AND f.positions[cardinality(f.positions)] >= coalesce(c.size, 0))

-- name: signals
-- Signals as they were written, of all other matters, that opened within a span ($5, $6). $4 authorities.
SELECT s.id, s.kind, s.key, s.rule, s.about, s.authority, s.version, s.severity, s.score, s.opens, s.closes, s.absent,
       s.acts, s.inputs, s.zh, s.en, m.terminals, m.columns
  FROM view_x.signals s JOIN view_x.matters m USING (kind, key)
 WHERE s.authority = ANY ($4::text[]) AND s.opens BETWEEN $5 AND $6
   AND NOT EXISTS (SELECT FROM moved t WHERE t.kind = s.kind AND t.key = s.key)

-- name: terminals
-- How terminals stood at a cut: of some authorities, and some others by their ids ($4). What the newest seal before the
-- cut says exists, and what is there. $1 logs, $2 sizes; $3 authorities.
WITH cut AS MATERIALIZED (SELECT * FROM unnest($1::integer[], $2::bigint[]) AS c (log_id, size)),
wanted AS MATERIALIZED (
    SELECT t.terminal, t.authority FROM log.terminals t JOIN cut c USING (log_id)
     WHERE (t.authority = ANY ($3::text[]) OR t.terminal = ANY ($4::uuid[])) AND t.position < c.size),
there AS (
    SELECT k.origin AS terminal, max(k.version) AS head, count(DISTINCT k.version) AS held
      FROM log.keys k JOIN cut c ON c.log_id = k.log_id AND k.position < c.size
     WHERE k.origin IN (SELECT terminal FROM wanted) AND k.chain >= 0 GROUP BY k.origin),
sealed AS (
    SELECT DISTINCT ON (s.terminal) s.terminal, s.log_id, s.position
      FROM log.seals s JOIN cut c ON c.log_id = s.log_id AND s.position < c.size
     WHERE s.terminal IN (SELECT terminal FROM wanted) ORDER BY s.terminal, s.log_id DESC, s.position DESC)
SELECT w.terminal, w.authority, coalesce(t.head, 0) AS head, coalesce(t.held, 0) AS held, e.entry
  FROM wanted w LEFT JOIN there t USING (terminal) LEFT JOIN sealed s USING (terminal)
  LEFT JOIN log.entries e ON e.log_id = s.log_id AND e.position = s.position
 ORDER BY w.authority, w.terminal

-- name: replacements
-- Enrolments before the cut of terminals that stand in for others, oldest first. $1 logs, $2 sizes; $3 the others.
SELECT t.replaces AS terminal, t.terminal AS by, e.entry
  FROM log.terminals t
  JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = t.log_id AND t.position < c.size
  JOIN log.entries e ON e.log_id = t.log_id AND e.position = t.position
 WHERE t.replaces = ANY ($3::uuid[])
 ORDER BY t.log_id, t.position

-- name: revocations
-- Acts of the office on terminals that were revoked, behind their enrolment and before the cut. $1 logs, $2 sizes; $3
-- terminals.
SELECT k.origin AS terminal, e.entry
  FROM log.keys k
  JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = k.log_id AND k.position < c.size
  JOIN log.terminals t ON t.terminal = k.origin AND t.revoked IS NOT NULL
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE k.origin = ANY ($3::uuid[]) AND k.chain = -1 AND k.version > 1
 ORDER BY k.origin, k.log_id, k.position

-- name: acts
-- Acts on site that were received within a span, before a cut, and how long each was on its way.
-- $1 logs, $2 sizes; $3 authorities; $4, $5 first and last instant.
SELECT r.authority, r.log_id, r.position, r.at, r.received, r.origin
  FROM view_x.counted r JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = r.log_id AND r.position < c.size
 WHERE r.authority = ANY ($3::text[]) AND r.received BETWEEN $4 AND $5 AND r.n = 0 AND r.origin IN ('field', 'backfilled')

-- name: entries
-- Entries of one log by position.
SELECT position, entry FROM log.entries WHERE log_id = $1 AND position = ANY ($2::bigint[])

-- name: seals
-- What terminals said, seal by seal, before a cut.
SELECT s.terminal, e.entry
  FROM log.seals s JOIN unnest($1::integer[], $2::bigint[]) AS c (log_id, size) ON c.log_id = s.log_id AND s.position < c.size
  JOIN log.entries e ON e.log_id = s.log_id AND e.position = s.position
 WHERE s.terminal = ANY ($3::uuid[])

-- name: checkpoints
-- The last entries of checkpoints that records cite, by authority and epoch: their instants bound when those were made.
SELECT l.log_id, l.authority, l.epoch, e.position + 1 AS size, e.entry
  FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS w (authority, epoch, size)
  JOIN log.logs l ON l.authority = w.authority AND l.epoch = w.epoch AND l.kind = 'authority'
  JOIN log.entries e ON e.log_id = l.log_id AND e.position = w.size - 1

-- name: last_received
-- When the newest entries of a cut came in.
SELECT e.entry FROM unnest($1::integer[], $2::bigint[]) AS c (log_id, size)
  JOIN log.entries e ON e.log_id = c.log_id AND e.position = c.size - 1
