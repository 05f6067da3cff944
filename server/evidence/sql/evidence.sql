-- name: blob
SELECT digest, size, type, authority, terminal, received, state FROM evidence.blobs WHERE digest = $1;

-- name: hold
SELECT evidence.hold($1, $2, $3, $4, $5);

-- name: begin_upload
INSERT INTO evidence.uploads (upload, terminal, authority, digest, size, type, expires, state)
     VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7), $8)
RETURNING expires;

-- name: begin_again
-- What the terminal began before and has not finished goes on: the answer may have been lost. It costs no quota twice.
UPDATE evidence.uploads SET type = $4, expires = clock_timestamp() + make_interval(secs => $5)
 WHERE upload = (SELECT upload FROM evidence.uploads
                  WHERE terminal = $1 AND digest = $2 AND size = $3 AND state = 'open' AND expires > clock_timestamp()
                  ORDER BY upload LIMIT 1)
   AND state = 'open'
RETURNING upload, digest, size, expires;

-- name: upload
-- Of this terminal only: another one's upload does not exist for it.
SELECT upload, digest, size, type, expires, state
  FROM evidence.uploads WHERE upload = $1 AND terminal = $2 AND expires > clock_timestamp();

-- name: prolong
UPDATE evidence.uploads SET expires = clock_timestamp() + make_interval(secs => $2) WHERE upload = $1 RETURNING expires;

-- name: finish_upload
-- Every upload of the digest is at its end: what was staged for another one is swept.
UPDATE evidence.uploads SET state = 'done' WHERE digest = $1 AND state = 'open';

-- name: end_upload
DELETE FROM evidence.uploads WHERE upload = $1;

-- name: expired
DELETE FROM evidence.uploads WHERE expires < clock_timestamp() RETURNING upload;

-- name: known_uploads
SELECT upload FROM evidence.uploads WHERE upload = ANY ($1::uuid[]) AND state = 'open';

-- name: revoked
SELECT revoked IS NOT NULL FROM log.terminals WHERE terminal = $1;

-- name: usage
-- Bytes of the last day: what arrived and what was begun, for the terminal and for its authority.
SELECT (SELECT coalesce(sum(size), 0) FROM evidence.blobs WHERE terminal = $1 AND received > now() - interval '1 day')::bigint
     + (SELECT coalesce(sum(size), 0) FROM evidence.uploads WHERE terminal = $1 AND state = 'open')::bigint AS terminal,
       (SELECT coalesce(sum(size), 0) FROM evidence.blobs WHERE authority = $2 AND received > now() - interval '1 day')::bigint
     + (SELECT coalesce(sum(size), 0) FROM evidence.uploads WHERE authority = $2 AND state = 'open')::bigint AS authority,
       (SELECT count(*) FROM evidence.uploads WHERE terminal = $1 AND state = 'open') AS open;
