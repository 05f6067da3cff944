-- name: found
-- What stands and meets a search ($1 to $9, each null where it was not asked for): other queries have it as `:found`.
status IN ('published', 'corrected')
    AND ($1::text[] IS NULL OR terms @> $1)
    AND ($2::text[] IS NULL OR haystack LIKE ALL ($2))
    AND ($3::text IS NULL OR authority = $3)
    AND ($4::text IS NULL OR subject = $4)
    AND ($5::text[] IS NULL OR kinds @> $5)
    AND ($6::text IS NULL OR party_type = $6)
    AND ($7::date IS NULL OR decided_on >= $7)
    AND ($8::date IS NULL OR decided_on <= $8)
    AND ($9::text IS NULL OR status = $9)

-- name: newest
-- The list, newest publication first: $10 and $11 are the place of the last row of the page before.
SELECT record, authority, subject, status, party, party_type, uscc, document_no, agency, kinds, fine_fen,
    confiscated_fen, decided_on, published_on, until, changed_on, published_on AS ordered
FROM published.records
WHERE :found
    AND ($10::date IS NULL OR (published_on, record) < ($10, $11::uuid))
ORDER BY published_on DESC, record DESC
LIMIT $12

-- name: decided
-- The same by the day of the decision; what was never decided (an inspection without a finding) is not in it.
SELECT record, authority, subject, status, party, party_type, uscc, document_no, agency, kinds, fine_fen,
    confiscated_fen, decided_on, published_on, until, changed_on, decided_on AS ordered
FROM published.records
WHERE :found
    AND decided_on IS NOT NULL
    AND ($10::date IS NULL OR (decided_on, record) < ($10, $11::uuid))
ORDER BY decided_on DESC, record DESC
LIMIT $12

-- name: counted
-- How many records a search finds, up to $10: a public page says "more than" beyond that.
SELECT count(*) FROM (
    SELECT FROM published.records
    WHERE :found
    LIMIT $10
) AS found

-- name: documents
-- The documents of a search for tables and feeds, in the order of the list; read behind a cursor, so memory stays flat.
SELECT record, authority, status, document, released
FROM published.records
WHERE :found
ORDER BY published_on DESC, record DESC

-- name: changes
-- What changed last, for feeds without a search: withdrawals are news as well.
SELECT record, authority, subject, status, document, released, changed_on
FROM published.records
WHERE ($1::text IS NULL OR authority = $1)
ORDER BY released DESC, record DESC
LIMIT $2

-- name: recent
-- Feeds of a search: what stands and was released last among what it finds.
SELECT record, authority, subject, status, document, released, changed_on
FROM published.records
WHERE :found
ORDER BY released DESC, record DESC
LIMIT $10

-- name: changed_between
-- The daily delta: every record, tombstones too, whose newest revision was released in a span.
SELECT record, authority, status, document, released
FROM published.records
WHERE released >= $1 AND released < $2 AND subject = $3
ORDER BY released, record

-- name: ended
-- What was taken down, with its public reason: newest first.
SELECT record, authority, subject, status, agency, document_no, published_on, changed_on, reason, released
FROM published.records
WHERE status IN ('withdrawn', 'expired')
    AND ($1::text IS NULL OR authority = $1)
    AND ($2::timestamptz IS NULL OR (released, record) < ($2, $3::uuid))
ORDER BY released DESC, record DESC
LIMIT $4

-- name: record
-- One record with all that a page or a proof of it needs.
SELECT record, authority, subject, status, revision, document, salt, agency, published_on, until, changed_on, reason,
    epoch, position, entry, released
FROM published.records
WHERE record = $1

-- name: revisions
-- All that ever happened to a record, oldest first.
SELECT revision, outcome, day, reason, epoch, position, entry, released
FROM published.revisions
WHERE record = $1
ORDER BY revision

-- name: authorities
-- Who publishes here.
SELECT authority, name, uscc FROM published.authorities ORDER BY authority

-- name: sections
-- What an authority publishes beside records.
SELECT authority, section, key, content, updated
FROM published.sections
WHERE authority = $1
ORDER BY section, key

-- name: file
-- A file that a record cites by its digest.
SELECT content FROM published.files WHERE record = $1 AND digest = $2

-- name: statistics
-- All figures of an authority, newest year first; $1 null: of all.
SELECT authority, year, figure, number
FROM published.statistics
WHERE $1::text IS NULL OR authority = $1
ORDER BY authority, year DESC, figure

-- name: positions
-- How far each log is taken into account here: the newest epoch of each authority.
SELECT DISTINCT ON (authority) authority, epoch, position, at
FROM published.positions
ORDER BY authority, epoch DESC

-- name: first_release
-- The oldest newest-revision that stands here: where deltas begin.
SELECT min(released) FROM published.records

-- name: last_release
-- When anything was released last: the age of lists and tables.
SELECT max(released) FROM published.records

-- name: may_see_more
-- Whether this account could read anything that is not published: a public site does not start with it.
SELECT has_schema_privilege(n.oid, 'USAGE') AS may, n.nspname AS name
FROM pg_namespace AS n
WHERE n.nspname IN ('log', 'identity', 'evidence', 'disclosure', 'view') OR n.nspname LIKE 'view\_%'
