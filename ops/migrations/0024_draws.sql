-- Random draws and files beside published records: pools, results and lists that acts and documents cite by digest.

SET ROLE liuhen_owner;

CREATE TABLE disclosure.files (
    digest  bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    content bytea NOT NULL CHECK (octet_length(content) <= 33554432),
    CHECK (digest = sha256(content))
);
COMMENT ON TABLE disclosure.files IS 'Pools of draws, results and lists, by the SHA-256 that acts and published documents cite.';

CREATE TABLE disclosure.draws (
    draw         uuid PRIMARY KEY,
    authority    text NOT NULL,
    version      bigint NOT NULL CHECK (version >= 1),
    status       text NOT NULL CHECK (status IN (
        'announced', -- pools frozen, secret committed to
        'drawn',     -- secret told, teams known
        'cancelled')),
    title        text NOT NULL,
    draws_on     date NOT NULL,
    objects      integer NOT NULL,
    team         integer NOT NULL,
    announcement uuid NOT NULL,
    result       uuid,
    entered      boolean NOT NULL,
    changed      timestamptz NOT NULL
);
CREATE INDEX draws_newest ON disclosure.draws (authority, changed DESC, draw DESC);
ALTER TABLE disclosure.draws ENABLE ROW LEVEL SECURITY;
ALTER TABLE disclosure.draws FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON disclosure.draws FOR SELECT TO liuhen_console USING (view.sees(authority));
CREATE POLICY keeps ON disclosure.draws TO liuhen_writer USING (true) WITH CHECK (true);
CREATE POLICY reads ON disclosure.draws FOR SELECT TO liuhen_projector, liuhen_backup USING (true);
COMMENT ON TABLE disclosure.draws IS 'How each draw stands, as its acts make it. Derived: everything here follows from the log.';
COMMENT ON COLUMN disclosure.draws.announcement IS 'Event id of the announcement; of `result` that of the act that told the secret.';
COMMENT ON COLUMN disclosure.draws.entered IS 'Whether a public number was entered and waits for a second person.';

CREATE TABLE disclosure.draw_secrets (
    draw       uuid PRIMARY KEY,
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    sealed     bytea NOT NULL CHECK (octet_length(sealed) <= 8192)
);
COMMENT ON TABLE disclosure.draw_secrets IS 'Secrets of draws, sealed to the data key of the authority: opened by the server when a draw is looked at on its day.';

-- What the public may read of them --------------------------------------------------------------------------------------

CREATE TABLE published.files (
    record  uuid NOT NULL REFERENCES published.records ON DELETE CASCADE,
    digest  bytea NOT NULL CHECK (octet_length(digest) = 32),
    content bytea NOT NULL,
    PRIMARY KEY (record, digest),
    CHECK (digest = sha256(content))
);
COMMENT ON TABLE published.files IS 'Files that the document of a record cites by digest: pools and result of a draw, a list of officers. They go when the record does.';

ALTER TABLE disclosure.records DROP CONSTRAINT records_kind_check, ADD CONSTRAINT records_kind_check CHECK (kind IN (
    'case', 'task',
    'draw',       -- a random draw: its announcement, or its result
    'officers')); -- the officers of the authority, with their certificates
ALTER TABLE published.records DROP CONSTRAINT records_subject_check, ADD CONSTRAINT records_subject_check CHECK (subject IN (
    'penalty', 'inspection', 'compulsory_measure', 'random_selection', 'other',
    'officers')); -- 执法人员名单

RESET ROLE;

GRANT SELECT, INSERT ON disclosure.files, disclosure.draw_secrets TO liuhen_writer;
GRANT SELECT, INSERT, UPDATE ON disclosure.draws TO liuhen_writer;
GRANT SELECT ON disclosure.files TO liuhen_projector, liuhen_backup;
GRANT SELECT ON disclosure.draws TO liuhen_console, liuhen_projector, liuhen_backup;
GRANT SELECT ON disclosure.draw_secrets TO liuhen_backup;
GRANT SELECT ON published.files TO liuhen_public, liuhen_projector, liuhen_console, liuhen_writer, liuhen_backup;
GRANT INSERT, UPDATE, DELETE ON published.files TO liuhen_projector;
