-- Webhooks: where events of an authority are sent, what is on its way, what could not be delivered. Settings and a queue,
-- beside the log: nothing here is a record, and losing it loses no fact. Only the writer's role reads the secrets.

CREATE SCHEMA webhook AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

CREATE TABLE webhook.targets (
    id        uuid PRIMARY KEY,
    authority text NOT NULL,
    url       text NOT NULL CHECK (url LIKE 'https://%' AND length(url) <= 1000),
    label     text NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    events    text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 16),
    secret    bytea NOT NULL CHECK (octet_length(secret) BETWEEN 24 AND 64),
    state     text NOT NULL DEFAULT 'active' CHECK (state IN (
        'active', -- gets events
        'paused', -- an administrator stopped it; what is on its way waits
        'gone')), -- the receiver answered 410, or an administrator removed it
    made_at   timestamptz NOT NULL DEFAULT now(),
    made_by   text NOT NULL
);
CREATE INDEX targets_authority ON webhook.targets (authority, made_at);
COMMENT ON COLUMN webhook.targets.events IS 'Types or their beginnings, such as disclosure or compliance.signal.';
COMMENT ON COLUMN webhook.targets.secret IS 'Key of the signatures (Standard Webhooks); shown once when the target is made.';

CREATE TABLE webhook.messages (
    id           uuid PRIMARY KEY,
    target       uuid NOT NULL REFERENCES webhook.targets ON DELETE CASCADE,
    type         text NOT NULL,
    key          text NOT NULL,
    body         bytea NOT NULL CHECK (octet_length(body) <= 65536),
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN (
        'waiting',   -- to be sent, or sent again, from `due` on
        'delivered', -- answered with 2xx
        'dead')),    -- every attempt failed: an administrator may send it again
    made_at      timestamptz NOT NULL DEFAULT now(),
    due          timestamptz NOT NULL DEFAULT now(),
    attempts     integer NOT NULL DEFAULT 0,
    status       integer,
    error        text,
    delivered_at timestamptz,
    UNIQUE (target, key)
);
CREATE INDEX messages_due ON webhook.messages (due) WHERE state = 'waiting';
CREATE INDEX messages_target ON webhook.messages (target, made_at DESC, id DESC);
COMMENT ON COLUMN webhook.messages.id IS 'The webhook-id: the same in every attempt, so that a receiver knows what it has.';
COMMENT ON COLUMN webhook.messages.key IS 'What the event is about: the same event is never queued twice for a target.';

CREATE TABLE webhook.cursors (
    target   uuid NOT NULL REFERENCES webhook.targets ON DELETE CASCADE,
    epoch    integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (target, epoch)
);
COMMENT ON TABLE webhook.cursors IS 'How far published revisions were queued for a target.';

RESET ROLE;

GRANT USAGE ON SCHEMA webhook TO liuhen_writer, liuhen_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA webhook TO liuhen_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA webhook TO liuhen_backup;
