-- name: behind
-- Whether anything was released that is not shown: asked with each release, and every few seconds.
SELECT EXISTS (SELECT FROM disclosure.releases r LEFT JOIN published.positions p USING (log_id) WHERE r.position >= coalesce(p.position, 0))

-- name: turn
-- One publisher writes at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(7151204310000008)

-- name: known_logs
-- Every log of an authority, how large it is now, and how far it is taken into account.
SELECT l.log_id, l.authority, l.epoch, h.size, coalesce(p.position, 0) AS position
  FROM log.logs l JOIN log.heads h USING (log_id) LEFT JOIN published.positions p USING (log_id)
 WHERE l.kind = 'authority' ORDER BY l.log_id

-- name: releases
-- What was released behind a position of a log: the document and its salt, the entry, and the act behind it.
SELECT r.position, r.record, r.revision, d.document, r.salt, e.entry, a.entry AS act
  FROM disclosure.releases r
  JOIN disclosure.documents d USING (digest)
  LEFT JOIN log.entries e ON e.log_id = r.log_id AND e.position = r.position
  LEFT JOIN log.entries a ON a.log_id = r.log_id AND a.position = r.position + 1
 WHERE r.log_id = $1 AND r.position >= $2 AND r.position < $3
 ORDER BY r.position LIMIT $4

-- name: standing
-- What the public sees of some records now.
SELECT record, authority, status, revision FROM published.records WHERE record = ANY ($1::uuid[])

-- name: put_record
-- The newest revision takes the place of the one before: nothing of that stays but its entry.
INSERT INTO published.records (record, authority, subject, status, revision, document, salt, party, party_type, uscc, document_no, agency, kinds,
                               fine_fen, confiscated_fen, decided_on, published_on, until, changed_on, reason, haystack, terms, epoch, position, entry, released)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, to_timestamp($26::bigint / 1000.0))
ON CONFLICT (record) DO UPDATE
   SET status = excluded.status, revision = excluded.revision, document = excluded.document, salt = excluded.salt, party = excluded.party,
       party_type = excluded.party_type, uscc = excluded.uscc, document_no = excluded.document_no, agency = excluded.agency, kinds = excluded.kinds,
       fine_fen = excluded.fine_fen, confiscated_fen = excluded.confiscated_fen, decided_on = excluded.decided_on, published_on = excluded.published_on,
       until = excluded.until, changed_on = excluded.changed_on, reason = excluded.reason, haystack = excluded.haystack, terms = excluded.terms,
       epoch = excluded.epoch, position = excluded.position, entry = excluded.entry, released = excluded.released

-- name: put_revision
INSERT INTO published.revisions (record, revision, outcome, day, reason, epoch, position, entry, released)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::bigint / 1000.0))

-- name: files
-- Files that a document cites.
SELECT digest, content FROM disclosure.files WHERE digest = ANY ($1::bytea[])

-- name: drop_files
-- Files of a record before its newest revision brings its own: a tombstone has none.
DELETE FROM published.files WHERE record = $1

-- name: put_file
INSERT INTO published.files (record, digest, content) VALUES ($1, $2, $3)

-- name: put_authority
INSERT INTO published.authorities (authority, name, uscc) VALUES ($1, $2, $3)
ON CONFLICT (authority) DO UPDATE SET name = excluded.name, uscc = excluded.uscc

-- name: put_position
INSERT INTO published.positions (authority, epoch, log_id, position) VALUES ($1, $2, $3, $4)
ON CONFLICT (authority, epoch) DO UPDATE SET position = excluded.position, at = now()

-- name: clear
-- Before everything is made again, in that transaction.
DELETE FROM published.records;
DELETE FROM published.authorities;
DELETE FROM published.positions;

-- name: process
-- Which tables of the judges answer.
SELECT slot FROM view.process

-- name: figures
-- Of each authority and year: decisions and results that had to be published, and how they were, out of the judges' deadlines.
SELECT d.authority, extract(year FROM to_timestamp(d.start / 1000.0) AT TIME ZONE 'Asia/Shanghai')::integer AS year, d.rule,
       count(*) AS due, count(*) FILTER (WHERE d.met < d.due) AS on_time, count(*) FILTER (WHERE d.met >= d.due) AS late,
       count(*) FILTER (WHERE d.met IS NULL AND d.due <= $1) AS overdue
  FROM view_x.deadlines d WHERE d.rule IN ('DL-11', 'DL-12') AND NOT d.cancelled
 GROUP BY 1, 2, 3

-- name: counted
-- Of each authority and year: what happened to records, and kinds of penalty that stand.
SELECT r.authority, extract(year FROM v.day)::integer AS year, v.outcome AS figure, count(*) AS number
  FROM published.revisions v JOIN published.records r USING (record) GROUP BY 1, 2, 3
UNION ALL
SELECT r.authority, extract(year FROM r.decided_on)::integer, 'kind:' || k, count(*)
  FROM published.records r CROSS JOIN LATERAL unnest(r.kinds) AS k
 WHERE r.status IN ('published', 'corrected') AND r.decided_on IS NOT NULL GROUP BY 1, 2, 3

-- name: clear_figures
DELETE FROM published.statistics

-- name: put_figures
INSERT INTO published.statistics (authority, year, figure, number) SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::bigint[])

-- name: rule_sets
-- What authorities published for themselves (E05), in the order of their logs.
SELECT l.authority, e.entry
  FROM view_x.filings f
  JOIN log.logs l USING (log_id)
 CROSS JOIN LATERAL unnest(f.positions) AS p (position)
  JOIN log.entries e ON e.log_id = f.log_id AND e.position = p.position
 WHERE f.key = 'rules:' || l.authority
 ORDER BY f.log_id, p.position

-- name: clear_sections
DELETE FROM published.sections

-- name: put_sections
INSERT INTO published.sections (authority, section, key, content, updated)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::date[])

-- name: shown
-- Everything that is shown of records, for a comparison: a line and its digest for each row.
SELECT 'records' AS name, r.record::text AS key, sha256(convert_to(r::text, 'UTF8')) AS digest FROM published.records r
UNION ALL
SELECT 'files', f.record::text || '/' || encode(f.digest, 'hex'), f.digest FROM published.files f
UNION ALL
SELECT 'revisions', v.record::text || '/' || v.revision, sha256(convert_to(v::text, 'UTF8')) FROM published.revisions v
