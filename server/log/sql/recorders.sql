-- name: begin_lock
-- Two processes must not begin one log at once: its keys are files, which no transaction guards.
SELECT pg_advisory_lock(hashtextextended('liuhen begin ' || $1::text, 0));

-- name: begin_unlock
SELECT pg_advisory_unlock(hashtextextended('liuhen begin ' || $1::text, 0));

-- name: ids_before
-- How many events stand in the epochs before a log: notification ids go on over a new epoch.
SELECT coalesce(sum(h.size - 1), 0)::bigint
  FROM log.logs n
  JOIN log.logs l ON l.authority = n.authority AND l.epoch < n.epoch
  JOIN log.heads h ON h.log_id = l.log_id
 WHERE n.log_id = $1;

-- name: taken_versions
-- Which of the versions that are offered stand in the log already, in any epoch. One is enough to refuse.
SELECT w.origin, w.version
  FROM log.logs n
  JOIN log.logs l ON l.authority = n.authority
 CROSS JOIN unnest($2::uuid[], $3::bigint[]) AS w (origin, version)
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = w.origin AND k.version = w.version AND k.chain = 0
 WHERE n.log_id = $1
 LIMIT 1;

-- name: max_notification
-- The newest notification id of an application, 0 if it has no event.
SELECT coalesce(sum(h.size - 1), 0)::bigint FROM log.logs l JOIN log.heads h ON h.log_id = l.log_id WHERE l.authority = $1;

-- name: notifications
-- Entries from notification id $2 to $3, in order. LATERAL, so that each log is read by its key and only as far as asked.
SELECT b.before + e.position AS id, e.entry
  FROM (SELECT l.log_id, l.epoch, h.size,
               (sum(h.size - 1) OVER (ORDER BY l.epoch) - (h.size - 1))::bigint AS before
          FROM log.logs l JOIN log.heads h ON h.log_id = l.log_id
         WHERE l.authority = $1) AS b
 CROSS JOIN LATERAL (
        SELECT position, entry FROM log.entries
         WHERE log_id = b.log_id AND position >= greatest(1, $2::bigint - b.before) AND position <= $3::bigint - b.before
           AND position < b.size
         ORDER BY position LIMIT $4) AS e
 ORDER BY b.epoch, e.position LIMIT $4;

-- name: events_ascending
-- The events of one originator with $3 <= version <= $4.
SELECT e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.version >= $3 AND k.version <= $4 AND k.chain = 0
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1
 ORDER BY k.version LIMIT $5::bigint;

-- name: events_descending
SELECT e.entry
  FROM log.logs l
  JOIN log.keys k ON k.log_id = l.log_id AND k.origin = $2 AND k.version >= $3 AND k.version <= $4 AND k.chain = 0
  JOIN log.entries e ON e.log_id = k.log_id AND e.position = k.position
 WHERE l.authority = $1
 ORDER BY k.version DESC LIMIT $5::bigint;

-- name: tracking_lock
-- Whoever tracks one projection of one application does so one after the other; then the maximum is read.
SELECT pg_advisory_xact_lock(hashtextextended('liuhen tracking ' || length($1::text) || ' ' || $1 || $2::text, 0));

-- name: max_tracking
SELECT max(notification) FROM log.tracking WHERE projection = $1 AND application = $2;

-- name: insert_tracking
INSERT INTO log.tracking (projection, application, notification) VALUES ($1, $2, $3);

-- name: transaction_number
SELECT pg_current_xact_id()::text;

-- name: transaction_outcome
-- After a COMMIT whose answer was lost: committed, aborted or in progress.
SELECT pg_xact_status($1::text::xid8);
