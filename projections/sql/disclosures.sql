-- name: waiting
-- What waits for a second person, the longest first.
SELECT r.* FROM disclosure.records r
 WHERE r.authority = current_setting('liuhen.authority') AND r.preparation IS NOT NULL ORDER BY r.changed, r.record LIMIT $1

-- name: listed
-- Records by their newest act; $1 states or NULL.
SELECT r.* FROM disclosure.records r
 WHERE r.authority = current_setting('liuhen.authority') AND ($1::text[] IS NULL OR r.status = ANY ($1))
   AND (r.changed, r.record) < (to_timestamp($2::bigint / 1000.0), $3::uuid)
 ORDER BY r.changed DESC, r.record DESC LIMIT $4

-- name: of_decisions
-- The records of some decisions.
SELECT r.* FROM disclosure.records r
 WHERE r.authority = current_setting('liuhen.authority') AND r.decision = ANY ($1::uuid[])

-- name: public_of
-- The records of some cases that are public now.
SELECT r.* FROM disclosure.records r
 WHERE r.authority = current_setting('liuhen.authority') AND r.kind = 'case' AND r.key = ANY ($1::text[]) AND r.status IN ('published', 'corrected')
