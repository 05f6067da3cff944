-- name: lock_heads
-- The heads of a group, locked in log_id order; positions come from here and from nowhere else.
SELECT * FROM log.lock_heads($1::integer[]);

-- name: open_group
-- What every group begins with: locked heads, standing of its terminals, event ids that are known already.
SELECT * FROM log.open_group($1::integer[], $2::uuid[], $3::uuid[]);

-- name: append_group
-- What every group is written by: entries, keys, tags, seals, what is waited for, terminals, heads, checkpoints, private
-- values, NOTIFY. One that was decided ahead of the locks is held against the heads first.
SELECT * FROM log.append_group(
    $1::integer[], $2::integer[], $3::bigint[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[], $8::text[], $9::boolean,
    $10::integer[], $11::bigint[], $12::integer[], $13::bytea[],
    $14::integer[], $15::uuid[], $16::bigint[], $17::smallint[], $18::bigint[], $19::integer[], $20::integer[], $21::integer[], $22::uuid[],
    $23::integer[], $24::uuid[], $25::bigint[], $26::smallint[], $27::bigint[], $28::integer[], $29::uuid[],
    $30::integer[], $31::text[], $32::bigint[], $33::bytea[],
    $34::integer[], $35::uuid[], $36::smallint[], $37::bigint[], $38::bigint[],
    $39::uuid[], $40::bigint[], $41::bytea[], $42::bigint[], $43::smallint[], $44::boolean[], $45::bigint[], $46::bytea[], $47::bytea[], $48::integer[], $49::integer[],
    $50::integer[], $51::uuid[], $52::text[], $53::bytea[], $54::bigint[], $55::bigint[],
    $56::bytea[], $57::bytea[], $58::boolean[]);

-- name: newest_logs
-- The newest log of each authority asked for.
SELECT DISTINCT ON (authority) log_id, authority, epoch, origin, kind
  FROM log.logs WHERE authority = ANY ($1::text[]) ORDER BY authority, epoch DESC;

-- name: logs_of
-- Every epoch of an authority with its head, oldest first.
SELECT l.log_id, l.authority, l.epoch, l.origin, l.kind, h.size, h.root, h.frontier, h.note, h.backed
  FROM log.logs l JOIN log.heads h USING (log_id) WHERE l.authority = $1 ORDER BY l.epoch;

-- name: all_logs
-- Every log with its head: for start-up checks, doctor and verify.
SELECT l.log_id, l.authority, l.epoch, l.origin, l.kind, h.size, h.root, h.frontier, h.note, h.backed
  FROM log.logs l JOIN log.heads h USING (log_id) ORDER BY l.authority, l.epoch;

-- name: terminals
-- The terminals of a group, read under the heads' locks.
SELECT terminal, authority, event_key, seq, hash, declared, chain, held, revoked, clock, rare, waiting, version
  FROM log.terminals WHERE terminal = ANY ($1::uuid[]);

-- name: stored
-- What already stands at the places that a group offers, on every chain and in every epoch, with the bytes to compare.
SELECT k.log_id, l.epoch, k.origin, k.version, k.chain, k.position, k.notes, e.entry
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[]) AS w (origin, lowest, highest, authority)
  JOIN log.logs l ON l.authority = w.authority
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = w.origin AND k.version BETWEEN w.lowest AND w.highest AND k.chain >= 0
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 ORDER BY k.origin, k.version, l.epoch, k.position;

-- name: advance
-- Moves the heads, keeps the checkpoints, wakes the readers.
SELECT log.advance($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[]);

-- name: entries
-- Entry bytes of a range of one log, in order.
SELECT position, entry FROM log.entries WHERE log_id = $1 AND position >= $2 AND position < $3 ORDER BY position;

-- name: checkpoint_at
SELECT note FROM log.checkpoints WHERE log_id = $1 AND size = $2;

-- name: head
SELECT size, root, note FROM log.heads WHERE log_id = $1;

-- name: covering_seal
-- The newest seal on a chain that covers a seq, else the newest on it, else the newest of the terminal.
(SELECT position, 1 AS rank FROM log.seals WHERE log_id = $1 AND terminal = $2 AND chain = $3 AND last >= $4 ORDER BY position DESC LIMIT 1)
UNION ALL
(SELECT position, 2 FROM log.seals WHERE log_id = $1 AND terminal = $2 AND chain = $3 ORDER BY position DESC LIMIT 1)
UNION ALL
(SELECT position, 3 FROM log.seals WHERE log_id = $1 AND terminal = $2 ORDER BY position DESC LIMIT 1)
ORDER BY rank LIMIT 1;

-- name: missing
-- The first files and values of a terminal that have not arrived, oldest first.
(SELECT kind, digest, min(seq) AS seq FROM log.wanted WHERE terminal = $1 AND kind = 'blob' AND NOT arrived GROUP BY kind, digest ORDER BY 3, 2 LIMIT $2)
UNION ALL
(SELECT kind, digest, min(seq) FROM log.wanted WHERE terminal = $1 AND kind = 'private' AND NOT arrived GROUP BY kind, digest ORDER BY 3, 2 LIMIT $2);

-- name: watermark
-- The newest seq that a seal below the confirmed size covers, on the chain that goes on.
SELECT coalesce(max(last), 0) AS last FROM log.seals WHERE log_id = $1 AND terminal = $2 AND chain = $3 AND position < $4;

-- name: terminal
-- One terminal by id, for signature checks and the head endpoint.
SELECT terminal, authority, event_key, request_key, seq, hash, declared, chain, held, revoked, waiting, replaces, log_id, position
  FROM log.terminals WHERE terminal = $1;

-- name: key_used
-- Whether a public key was ever enrolled, in either role.
SELECT EXISTS (SELECT FROM log.terminals WHERE event_key = ANY ($1::bytea[]) OR request_key = ANY ($1::bytea[]));

-- name: code
SELECT authority, expires > now() AS alive, terminal, request FROM log.codes WHERE code_hash = $1;

-- name: add_code
INSERT INTO log.codes (code_hash, authority, expires) VALUES ($1, $2, now() + $3::interval);

-- name: add_terminal
SELECT log.add_terminal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: create_log
SELECT log.create_log($1, $2, $3, $4);

-- name: contact
-- Heartbeats leave no entry, so when a terminal last spoke is kept beside the log.
INSERT INTO log.contacts (terminal, at) SELECT u, $2 FROM unnest($1::uuid[]) AS u
ON CONFLICT (terminal) DO UPDATE SET at = greatest(excluded.at, log.contacts.at);

-- name: nonce
-- Remembers a nonce; no row comes back where it was seen before.
INSERT INTO log.nonces (terminal, nonce) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true;

-- name: old_nonces
DELETE FROM log.nonces WHERE seen < now() - interval '600 seconds';

-- name: last_version
-- The newest version of an aggregate, over all epochs of the authority: versions go on when an epoch begins.
SELECT coalesce(max(k.version), 0) FROM log.keys k
  JOIN log.logs l ON l.log_id = k.log_id JOIN log.logs n ON n.authority = l.authority
 WHERE n.log_id = $1 AND k.origin = $2 AND k.chain = -1;

-- name: tag_after
-- Append conditions: positions behind one that carry a tag, first position and offsets of each row.
SELECT position, offsets FROM log.tags WHERE log_id = $1 AND tag = $2 AND position + 65535 > $3 ORDER BY position;

-- name: confirm_backup
SELECT log.confirm_backup($1, $2);

-- name: terminal_list
-- How every terminal stands, for the command line; `forked` where a branch waits for an officer's act is in `rare`.
SELECT t.terminal, t.authority, t.seq, t.declared, t.held, t.rare IS NOT NULL AS forked, t.revoked IS NOT NULL AS revoked,
       t.waiting, c.at
  FROM log.terminals t LEFT JOIN log.contacts c USING (terminal)
 WHERE $1::text IS NULL OR t.authority = $1 ORDER BY t.authority, t.terminal;

-- name: arrive_blob
-- A declared file is here: marked in the transaction that records its arrival.
SELECT evidence.arrive($1, $2);

-- name: ask_blob_again
-- A file that was here is damaged: marked in the transaction that records it.
SELECT evidence.ask_again($1, $2);

-- name: cite_blobs
-- An act that names many files: which they are, for the custody of each.
SELECT evidence.cite($1, $2, $3);

-- name: keep_document
-- A document that an act cites by its digest, in the transaction of that act.
INSERT INTO disclosure.documents (digest, document) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: keep_file
-- A file that an act or a document cites by its digest, in the transaction of that act.
INSERT INTO disclosure.files (digest, content) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: keep_draw_secret
-- The sealed secret of a draw, in the transaction of its announcement.
INSERT INTO disclosure.draw_secrets (draw, commitment, sealed) VALUES ($1, $2, $3);

-- name: keep_draw
-- How a draw stands after an act on it, in the transaction of that act.
INSERT INTO disclosure.draws (draw, authority, version, status, title, draws_on, objects, team, announcement, result, entered, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, to_timestamp($12::bigint / 1000.0))
ON CONFLICT (draw) DO UPDATE
   SET version = excluded.version, status = excluded.status, result = excluded.result, entered = excluded.entered, changed = excluded.changed;

-- name: keep_release
-- What a `disclosure` entry commits to, in its transaction, with whose commit the publisher is woken.
WITH kept AS (
    INSERT INTO disclosure.releases (log_id, position, record, revision, digest, salt) VALUES ($1, $2, $3, $4, $5, $6) RETURNING log_id
)
SELECT pg_notify('liuhen_releases', log_id::text) FROM kept;

-- name: keep_record
-- How a record stands after an act on it, in the transaction of that act.
INSERT INTO disclosure.records (record, authority, version, status, revision, subject, kind, key, decision, document_no, published_on, until, digest,
                                proposes, preparation, prepared_by, prepared, reason, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, to_timestamp($19::bigint / 1000.0))
ON CONFLICT (record) DO UPDATE
   SET version = excluded.version, status = excluded.status, revision = excluded.revision, published_on = excluded.published_on,
       until = excluded.until, digest = excluded.digest, proposes = excluded.proposes, preparation = excluded.preparation,
       prepared_by = excluded.prepared_by, prepared = excluded.prepared, reason = excluded.reason, changed = excluded.changed;
