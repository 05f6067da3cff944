-- Disclosure: what was prepared and released stands beside the log; what the public may read stands in a schema of its own.
-- The role of the public site may SELECT the tables of that schema and nothing else: it holds no right on any function,
-- sequence or table outside it.

CREATE SCHEMA disclosure AUTHORIZATION liuhen_owner;
CREATE SCHEMA published AUTHORIZATION liuhen_owner;
SET ROLE liuhen_owner;

-- Beside the log: the bytes and salts that acts and `disclosure` entries commit to ---------------------------------------

CREATE TABLE disclosure.documents (
    digest   bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    document bytea NOT NULL CHECK (octet_length(document) <= 60000),
    CHECK (digest = sha256(document))
);
COMMENT ON TABLE disclosure.documents IS 'Documents that were prepared for publication, RFC 8785 bytes, by the SHA-256 that the acts cite.';

CREATE TABLE disclosure.releases (
    log_id   integer NOT NULL,
    position bigint NOT NULL,
    record   uuid NOT NULL,
    revision integer NOT NULL CHECK (revision >= 1),
    digest   bytea NOT NULL REFERENCES disclosure.documents,
    salt     bytea NOT NULL CHECK (octet_length(salt) = 32),
    PRIMARY KEY (log_id, position),
    UNIQUE (record, revision)
);
COMMENT ON TABLE disclosure.releases IS 'One row for each `disclosure` entry, written in its transaction; the act that released it stands behind the entry.';
COMMENT ON COLUMN disclosure.releases.position IS 'Of the `disclosure` entry, whose h is SHA-256("liuhen disclosure v1\n" || salt || document).';

-- What the public may read ----------------------------------------------------------------------------------------------

CREATE TABLE published.authorities (
    authority text PRIMARY KEY,
    name      text NOT NULL,
    uscc      text NOT NULL
);
COMMENT ON TABLE published.authorities IS 'Authorities that published something, by the name that their newest record bears.';

CREATE TABLE published.records (
    record           uuid PRIMARY KEY,
    authority        text NOT NULL,
    subject          text NOT NULL CHECK (subject IN (
        'penalty',           -- 行政处罚
        'inspection',        -- 行政检查结果
        'compulsory_measure',-- 行政强制
        'random_selection',  -- 双随机抽查
        'other')),           -- 其他执法决定
    status           text NOT NULL CHECK (status IN (
        'published', -- stands as it was released first
        'corrected', -- stands in a later revision
        'withdrawn', -- a tombstone: answered with 410
        'expired')), -- a tombstone: its time of publication is over
    revision         integer NOT NULL CHECK (revision >= 1),
    document         bytea NOT NULL,
    salt             bytea NOT NULL CHECK (octet_length(salt) = 32),
    party            text,
    party_type       text CHECK (party_type IN (
        'organisation', -- 法人及非法人组织
        'person',       -- 自然人: masked, and found by number only
        'self_employed')), -- 个体工商户
    uscc             text,
    document_no      text,
    agency           text NOT NULL,
    kinds            text[] NOT NULL DEFAULT '{}',
    fine_fen         bigint,
    confiscated_fen  bigint,
    decided_on       date,
    published_on     date NOT NULL,
    until            date,
    changed_on       date,
    reason           text,
    haystack         text NOT NULL,
    terms            text[] NOT NULL,
    epoch            integer NOT NULL,
    position         bigint NOT NULL,
    entry            bytea NOT NULL,
    released         timestamptz NOT NULL,
    CHECK (status IN ('published', 'corrected') OR (party IS NULL AND uscc IS NULL AND haystack = '' AND cardinality(terms) = 0))
);
CREATE INDEX records_newest ON published.records (published_on DESC, record DESC);
CREATE INDEX records_authority ON published.records (authority, published_on DESC, record DESC);
CREATE INDEX records_decided ON published.records (decided_on DESC, record DESC);
CREATE INDEX records_released ON published.records (released DESC, record DESC);
CREATE INDEX records_authority_released ON published.records (authority, released DESC, record DESC);
CREATE INDEX records_uscc ON published.records (uscc) WHERE uscc IS NOT NULL;
CREATE INDEX records_terms ON published.records USING gin (terms);
CREATE INDEX records_kinds ON published.records USING gin (kinds);
COMMENT ON TABLE published.records IS 'One row for each record that was ever published: its newest revision, or its tombstone.';
COMMENT ON COLUMN published.records.document IS 'RFC 8785 bytes of the newest revision: what the page shows and the proof is about. Of a tombstone: record, reason, day.';
COMMENT ON COLUMN published.records.salt IS 'Given out with the document, so that everybody can compute h of the entry.';
COMMENT ON COLUMN published.records.party IS 'As published: a natural person is masked. NULL in a tombstone.';
COMMENT ON COLUMN published.records.haystack IS 'Party, number and code in the form of domain.search_terms.normal, one a line: a hit of the bigrams is looked at again here.';
COMMENT ON COLUMN published.records.terms IS 'Two-character terms of the haystack (domain.search_terms.terms); a query asks terms @> its own.';
COMMENT ON COLUMN published.records.kinds IS 'Codes of kinds of penalty, P01 … P99.';
COMMENT ON COLUMN published.records.entry IS 'The `disclosure` entry of the newest revision: the leaf at `position` of epoch `epoch` of the log of the authority.';
COMMENT ON COLUMN published.records.released IS 'When the newest revision was released: time of its entry.';

CREATE TABLE published.revisions (
    record   uuid NOT NULL REFERENCES published.records ON DELETE CASCADE,
    revision integer NOT NULL,
    outcome  text NOT NULL CHECK (outcome IN ('published', 'corrected', 'withdrawn', 'expired')),
    day      date NOT NULL,
    reason   text,
    epoch    integer NOT NULL,
    position bigint NOT NULL,
    entry    bytea NOT NULL,
    released timestamptz NOT NULL,
    PRIMARY KEY (record, revision)
);
COMMENT ON TABLE published.revisions IS 'All that ever happened to a record, as the public may know it. The document of an older revision is not in here.';

CREATE TABLE published.sections (
    authority text NOT NULL,
    section   text NOT NULL CHECK (section IN (
        'mandate',          -- 职责权限与权力清单
        'officer',          -- 执法人员: name, certificate number, category
        'catalogue',        -- 事项清单、法制审核目录、音像记录清单
        'benchmark',        -- 裁量基准
        'rule',             -- 本机关公布的期限与标准
        'random_selection')), -- 双随机抽取结果
    key       text NOT NULL,
    content   jsonb NOT NULL,
    updated   date NOT NULL,
    PRIMARY KEY (authority, section, key)
);
COMMENT ON TABLE published.sections IS 'What an authority publishes beside records, before enforcement: one object with flat texts a row.';
COMMENT ON COLUMN published.sections.updated IS 'Day of the act that says so: a page warns where it lies long ago.';

CREATE TABLE published.statistics (
    authority text NOT NULL,
    year      integer NOT NULL,
    figure    text NOT NULL,
    number    bigint NOT NULL,
    PRIMARY KEY (authority, year, figure)
);
COMMENT ON TABLE published.statistics IS 'Figures of a year: decided, due, published, on_time, late, corrected, withdrawn, expired, kind:P01 … kind:P99, inspections.';

CREATE TABLE published.positions (
    authority text NOT NULL,
    epoch     integer NOT NULL,
    log_id    integer NOT NULL UNIQUE,
    position  bigint NOT NULL CHECK (position >= 0),
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (authority, epoch)
);
COMMENT ON TABLE published.positions IS 'How far each log is taken into account here; the as-of of every figure.';

RESET ROLE;

GRANT USAGE ON SCHEMA disclosure TO liuhen_writer, liuhen_projector, liuhen_console, liuhen_backup;
GRANT SELECT, INSERT ON disclosure.documents, disclosure.releases TO liuhen_writer;
GRANT SELECT ON disclosure.documents, disclosure.releases TO liuhen_projector, liuhen_backup;
GRANT USAGE ON SCHEMA published TO liuhen_public, liuhen_projector, liuhen_console, liuhen_writer, liuhen_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA published TO liuhen_public, liuhen_projector, liuhen_console, liuhen_writer, liuhen_backup;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA published TO liuhen_projector;
