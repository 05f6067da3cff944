-- name: make_link
SELECT evidence.make_link($1, $2, $3, $4, $5, $6, $7);

-- name: open_link
-- Once, by the session that it was made for.
SELECT purpose, tags, digests FROM evidence.open_link($1, $2, $3, $4);

-- name: grant_link
SELECT evidence.grant_link($1, $2, $3);

-- name: granted
SELECT size, type, pieces FROM evidence.granted($1, $2, $3);
