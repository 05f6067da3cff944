-- name: add_target
INSERT INTO webhook.targets (id, authority, url, label, events, secret, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: begin_cursor_of
-- What was published before is not sent: a target hears what happens from now on.
SELECT epoch, max(position) AS position FROM (
    SELECT revisions.epoch, revisions.position FROM published.revisions JOIN published.records USING (record)
    WHERE records.authority = $1
) AS entries
GROUP BY epoch

-- name: targets
-- Targets of an authority, with what is on its way and what died.
SELECT id, authority, url, label, events, state, made_at, made_by,
    (SELECT count(*) FROM webhook.messages WHERE target = targets.id AND messages.state = 'waiting') AS waiting,
    (SELECT count(*) FROM webhook.messages WHERE target = targets.id AND messages.state = 'dead') AS dead,
    (SELECT max(delivered_at) FROM webhook.messages WHERE target = targets.id) AS delivered_at
FROM webhook.targets
WHERE authority = $1
ORDER BY made_at, id

-- name: set_state
UPDATE webhook.targets SET state = $3 WHERE id = $1 AND authority = $2 AND state <> 'gone' RETURNING id

-- name: messages
-- The newest messages to a target.
SELECT messages.id, type, key, messages.state, messages.made_at, due, attempts, status, error, delivered_at
FROM webhook.messages JOIN webhook.targets ON targets.id = messages.target
WHERE target = $1 AND authority = $2
ORDER BY messages.made_at DESC, messages.id DESC
LIMIT $3

-- name: again
-- A dead message is sent again, with a new row of attempts.
UPDATE webhook.messages SET state = 'waiting', due = now(), attempts = 0, error = NULL
FROM webhook.targets
WHERE targets.id = messages.target AND targets.authority = $2 AND messages.id = $1 AND messages.state = 'dead'
RETURNING messages.id

-- name: all_again
UPDATE webhook.messages SET state = 'waiting', due = now(), attempts = 0, error = NULL
FROM webhook.targets
WHERE targets.id = messages.target AND targets.authority = $2 AND target = $1 AND messages.state = 'dead'
RETURNING messages.id

-- name: listening
-- Targets that hear an event of a type: its name or a beginning of it, at a dot.
SELECT id FROM webhook.targets
WHERE authority = $1 AND state <> 'gone'
    AND EXISTS (SELECT FROM unnest(events) AS one WHERE $2 = one OR starts_with($2, one || '.'))

-- name: put
INSERT INTO webhook.messages (id, target, type, key, body) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (target, key) DO NOTHING

-- name: due
-- Take what is due: another process waits for the lease to end before it tries the same.
UPDATE webhook.messages SET due = now() + $2, attempts = attempts + 1
FROM webhook.targets
WHERE targets.id = messages.target AND messages.id IN (
    SELECT messages.id FROM webhook.messages JOIN webhook.targets ON targets.id = messages.target
    WHERE messages.state = 'waiting' AND messages.due <= now() AND targets.state = 'active'
    ORDER BY messages.due
    LIMIT $1
    FOR UPDATE OF messages SKIP LOCKED)
RETURNING messages.id, target, url, secret, body, attempts, type

-- name: delivered
UPDATE webhook.messages SET state = 'delivered', status = $2, error = NULL, delivered_at = now() WHERE id = $1

-- name: failed
UPDATE webhook.messages SET state = $2, due = now() + $3, status = $4, error = $5 WHERE id = $1

-- name: gone
UPDATE webhook.targets SET state = 'gone' WHERE id = $1

-- name: sweep
-- Delivered messages are kept for a month.
DELETE FROM webhook.messages WHERE state = 'delivered' AND delivered_at < now() - interval '30 days'

-- name: subscribed
-- Targets that hear of disclosures, and how far each has been told.
SELECT targets.id, targets.authority FROM webhook.targets
WHERE targets.state <> 'gone' AND EXISTS (
    SELECT FROM unnest(events) AS one WHERE one = 'disclosure' OR starts_with(one, 'disclosure.'))
ORDER BY targets.id

-- name: revisions
-- What was published, corrected or taken down behind a target's cursor, in the order of the log.
SELECT revisions.record, revisions.revision, outcome, day, revisions.epoch, revisions.position, subject
FROM published.revisions JOIN published.records USING (record)
WHERE records.authority = $2
    AND revisions.position > coalesce(
        (SELECT position FROM webhook.cursors WHERE target = $1 AND cursors.epoch = revisions.epoch), -1)
ORDER BY revisions.epoch, revisions.position
LIMIT $3

-- name: move_cursor
INSERT INTO webhook.cursors (target, epoch, position) VALUES ($1, $2, $3)
ON CONFLICT (target, epoch) DO UPDATE SET position = excluded.position WHERE cursors.position < excluded.position

-- name: events_of
SELECT events FROM webhook.targets WHERE id = $1

-- name: watching
-- Targets that hear of signals.
SELECT targets.id, targets.authority, targets.events FROM webhook.targets
WHERE targets.state <> 'gone' AND EXISTS (
    SELECT FROM unnest(events) AS one WHERE one = 'compliance' OR starts_with('compliance.signal', one))
ORDER BY targets.id

-- name: signals
-- Signals that came to stand since a target was made, within a week, and that it was not told of. What was delivered is
-- remembered for a month. The key says nothing of the matter: a matter may be an officer's day.
SELECT rule, kind, key, about, instant, message FROM (
    SELECT alerts.*, 'signal/' || encode(sha256(convert_to(
        rule || chr(10) || kind || ':' || key || chr(10) || about || chr(10) || instant, 'UTF8')), 'hex') AS message
    FROM view.alerts
    WHERE authority = $2 AND what = 'signal' AND noticed > now() - interval '7 days'
        AND noticed >= (SELECT made_at FROM webhook.targets WHERE id = $1)
) AS noticed
WHERE NOT EXISTS (SELECT FROM webhook.messages WHERE messages.target = $1 AND messages.key = noticed.message)
ORDER BY instant, message LIMIT $3

-- name: look
-- What row-level security shows.
SELECT set_config('liuhen.authority', $1, true), set_config('liuhen.below', '', true)
