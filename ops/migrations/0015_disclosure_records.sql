-- How every record of disclosure stands: written in the transaction of each act on it, as the head of a terminal is.

SET ROLE liuhen_owner;

CREATE TABLE disclosure.records (
    record       uuid PRIMARY KEY,
    authority    text NOT NULL,
    version      bigint NOT NULL CHECK (version >= 1),
    status       text NOT NULL CHECK (status IN (
        'new',       -- prepared, and not public
        'published', -- public as it was released first
        'corrected', -- public in a later revision
        'withdrawn', -- taken back
        'expired',   -- its time of publication is over
        'withheld')),-- decided not to be published
    revision     integer NOT NULL CHECK (revision >= 0),
    subject      text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('case', 'task')),
    key          text NOT NULL,
    decision     uuid,
    document_no  text NOT NULL,
    published_on date,
    until        date,
    digest       bytea,
    proposes     text CHECK (proposes IN ('publish', 'correct', 'withdraw', 'withhold')),
    preparation  uuid,
    prepared_by  text,
    prepared     bytea,
    reason       text NOT NULL,
    changed      timestamptz NOT NULL,
    CHECK ((preparation IS NULL) = (proposes IS NULL) AND (preparation IS NULL) = (prepared_by IS NULL))
);
CREATE INDEX records_newest ON disclosure.records (authority, changed DESC, record DESC);
CREATE INDEX records_waiting ON disclosure.records (authority, changed) WHERE preparation IS NOT NULL;
CREATE INDEX records_ending ON disclosure.records (until) WHERE status IN ('published', 'corrected');
CREATE INDEX records_matter ON disclosure.records (kind, key);
ALTER TABLE disclosure.records ENABLE ROW LEVEL SECURITY;
ALTER TABLE disclosure.records FORCE ROW LEVEL SECURITY;
CREATE POLICY own_authority ON disclosure.records FOR SELECT TO liuhen_console USING (authority = current_setting('liuhen.authority'));
CREATE POLICY keeps ON disclosure.records TO liuhen_writer USING (true) WITH CHECK (true);
CREATE POLICY reads ON disclosure.records FOR SELECT TO liuhen_projector, liuhen_backup USING (true);
COMMENT ON TABLE disclosure.records IS 'The state of each record as its acts make it. Derived: everything here follows from the log.';
COMMENT ON COLUMN disclosure.records.digest IS 'Of the document that stands, or of the tombstone.';
COMMENT ON COLUMN disclosure.records.preparation IS 'Event id of what waits for a second person.';
COMMENT ON COLUMN disclosure.records.prepared IS 'Digest of the prepared document; NULL where nothing is to be published.';
COMMENT ON COLUMN disclosure.records.reason IS 'Why the newest preparation was sent back, empty while nobody did.';

RESET ROLE;

GRANT SELECT, INSERT, UPDATE ON disclosure.records TO liuhen_writer;
GRANT SELECT ON disclosure.records TO liuhen_console, liuhen_projector, liuhen_backup;
