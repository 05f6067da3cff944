-- name: acts_of
-- Every act of one aggregate, over all epochs of its authority, in the order of its versions.
SELECT k.version, k.position, l.epoch, e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.chain = -1
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1
 ORDER BY k.version, l.epoch
 LIMIT $3;

-- name: acts_since
-- The acts of one aggregate behind a version, in order, a page at a time.
SELECT k.version, e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.chain = -1 AND k.version > $3
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1
 ORDER BY k.version, l.epoch
 LIMIT $4;

-- name: tagged
-- Whether anything in any epoch of an authority carries a tag.
SELECT EXISTS (SELECT FROM log.tags t JOIN log.logs l USING (log_id) WHERE l.authority = $1 AND t.tag = $2);

-- name: process_slot
-- Which tables of the judges answer.
SELECT slot FROM view.process;

-- name: authority_logs
-- Every log of an authority, the newest of each last.
SELECT log_id, authority FROM log.logs WHERE kind = 'authority' ORDER BY authority, epoch;

-- name: series_standing
-- What the judge of a series last said of the numbers on paper, and of one number and one stretch of numbers.
SELECT coalesce((m.columns ->> 'highest')::bigint, 0) AS highest,
       EXISTS (SELECT FROM jsonb_array_elements(m.page -> 'used') AS u
                WHERE $2 BETWEEN (u ->> 0)::bigint AND (u ->> 1)::bigint) AS used,
       (SELECT coalesce(max(least((u ->> 1)::bigint, $4)), 0) FROM jsonb_array_elements(m.page -> 'used') AS u
         WHERE (u ->> 0)::bigint <= $4 AND (u ->> 1)::bigint >= $3) AS last_used
  FROM view.process p
 CROSS JOIN LATERAL (
       SELECT columns, page FROM view_a.matters WHERE p.slot = 'a' AND kind = 'series' AND key = $1
       UNION ALL
       SELECT columns, page FROM view_b.matters WHERE p.slot = 'b' AND kind = 'series' AND key = $1) AS m;

-- name: version_of
-- The newest version of an aggregate over all epochs of the authority of a log: an epoch does not begin them anew.
SELECT coalesce(max(k.version), 0)
  FROM log.logs n
  JOIN log.logs l ON l.authority = n.authority
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.chain = -1
 WHERE n.log_id = $1;

-- name: prepared_document
-- The bytes that an act cites by digest.
SELECT document FROM disclosure.documents WHERE digest = $1;

-- name: standing_document
-- The bytes of the revision of a record that stands, or of its tombstone.
SELECT d.document FROM disclosure.releases r JOIN disclosure.documents d USING (digest)
 WHERE r.record = $1 ORDER BY r.revision DESC LIMIT 1;

-- name: records_over
-- Records whose last day of publication lies before a day.
SELECT record, authority FROM disclosure.records
 WHERE status IN ('published', 'corrected') AND until < $1 ORDER BY until, record LIMIT $2;

-- name: tagged_since
-- Where entries with a tag stand in the logs of an authority, first position and offsets of each row.
SELECT t.log_id, t.position, t.offsets
  FROM log.logs l JOIN log.tags t USING (log_id)
 WHERE l.authority = $1 AND l.kind = 'authority' AND t.tag = $2 AND t.position + 65535 >= $3
 ORDER BY t.log_id, t.position;

-- name: newest_head
-- The newest log of an authority and its size.
SELECT h.log_id, h.size, l.epoch FROM log.heads h JOIN log.logs l USING (log_id)
 WHERE l.authority = $1 AND l.kind = 'authority' ORDER BY l.epoch DESC LIMIT 1;

-- name: act_with_id
-- An act of the office by its own id, in any epoch of the authority.
SELECT k.log_id, k.position, l.epoch, e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.id = $2 AND k.chain = -1
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1;

-- name: file_content
-- A file that an act cites by its digest.
SELECT content FROM disclosure.files WHERE digest = $1;

-- name: draw_secret
-- The sealed secret of a draw, with what it commits to.
SELECT commitment, sealed FROM disclosure.draw_secrets WHERE draw = $1;

-- name: is_public
-- Whether the record of an event stands in public.
SELECT EXISTS (SELECT FROM disclosure.records WHERE record = $1 AND status IN ('published', 'corrected'));

-- name: looks_at
-- Tell row-level security whose matters are looked at, for this transaction.
SELECT set_config('liuhen.authority', $1, true);

-- name: certified_officers
-- Who is in the register of officers of an authority: the shelves with their certificates.
SELECT DISTINCT m.key FROM (
       SELECT key FROM view_a.matters WHERE $2 = 'a' AND kind = 'officer' AND authority = $1
       UNION ALL
       SELECT key FROM view_b.matters WHERE $2 = 'b' AND kind = 'officer' AND authority = $1) AS m
 ORDER BY m.key;
