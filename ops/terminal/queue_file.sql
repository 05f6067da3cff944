-- The terminal's queue, one SQLite file. Hashes are kept for ever: they are the own chain that receipts are checked by.

CREATE TABLE IF NOT EXISTS terminal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    authority TEXT NOT NULL,
    url TEXT NOT NULL,
    log_key TEXT NOT NULL,          -- the verifier key that was printed on paper
    recovery BLOB,                  -- the recovery key that was printed on paper
    event_key BLOB NOT NULL CHECK (length(event_key) = 32),
    genesis BLOB NOT NULL CHECK (length(genesis) = 32),
    cursor INTEGER NOT NULL DEFAULT 1 CHECK (cursor >= 1),    -- seq to offer next
    clock_offset INTEGER,           -- server time minus ours, ms, when an answer last came
    forked TEXT,                    -- what contradicted the own chain, NULL while nothing does
    forked_at INTEGER,              -- newest own seq when that was learnt
    held INTEGER NOT NULL DEFAULT 0,
    watermark INTEGER NOT NULL DEFAULT 0,
    blobs_safe INTEGER NOT NULL DEFAULT 0,
    proven INTEGER NOT NULL DEFAULT 0,      -- newest seq proven by a seal of the newest epoch
    server_seq INTEGER NOT NULL DEFAULT 0,  -- the server's head by the last valid receipt
    last_try INTEGER, last_good INTEGER,
    trouble TEXT,                   -- code of the last refusal or fault, NULL after a valid receipt
    trouble_detail TEXT,
    trouble_retry TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS epoch (
    number INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS checkpoint (
    epoch INTEGER PRIMARY KEY,
    size INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS envelope (
    seq INTEGER PRIMARY KEY CHECK (seq >= 1),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB,                     -- NULL once deleted below the watermark
    type TEXT NOT NULL,
    occurred INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0,    -- 1: declared lost, the server never takes it
    epoch INTEGER, position INTEGER, outcome TEXT, notes TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS blob (
    seq INTEGER NOT NULL REFERENCES envelope (seq),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    size INTEGER NOT NULL, type TEXT NOT NULL, path TEXT NOT NULL,
    missing INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (seq, sha256)
) STRICT;

CREATE TABLE IF NOT EXISTS waiting_file (   -- attached, to be declared by the next record
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    size INTEGER NOT NULL, type TEXT NOT NULL, path TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS upload (         -- unfinished uploads: where the server said that they go on
    sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
    location TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS private (
    h BLOB PRIMARY KEY CHECK (length(h) = 32),
    seq INTEGER NOT NULL REFERENCES envelope (seq),
    plain BLOB NOT NULL,            -- canonical {salt, value}: kept here alone until it has arrived
    arrived INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS private_by_seq ON private (seq);

CREATE TABLE IF NOT EXISTS receipt (
    number INTEGER PRIMARY KEY,
    taken INTEGER NOT NULL,         -- our clock, ms
    first INTEGER NOT NULL, last INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS change (         -- what the office let this terminal's officers know, newest state only
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    item BLOB NOT NULL,             -- canonical bytes of the item
    PRIMARY KEY (kind, key)
) STRICT;

CREATE TABLE IF NOT EXISTS feed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    cursor TEXT NOT NULL,           -- the server's own words: where to go on
    fetched INTEGER NOT NULL        -- our clock, ms
) STRICT;

CREATE TABLE IF NOT EXISTS taken_number (   -- numbers given out here: kept for ever, so that none is given out twice
    series TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 1),
    document_no TEXT NOT NULL,
    taken INTEGER NOT NULL,         -- our clock, ms
    PRIMARY KEY (series, n)
) STRICT;
