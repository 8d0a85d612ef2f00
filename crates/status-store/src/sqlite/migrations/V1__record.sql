-- The record of the gateway.
--
-- Ids are UUIDs, instants are microseconds since 1970-01-01T00:00:00Z, digests are SHA-256. What has no
-- column of its own is JSON. Tables that are looked up by their natural key have no other.

-- A customer or an account. Subjects of one family are decided upon together: `family` is the id of the
-- customer, or of the account itself where it belongs to nobody.
CREATE TABLE subject (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('customer', 'account')),
    parent BLOB REFERENCES subject (id) DEFERRABLE INITIALLY DEFERRED,
    family BLOB NOT NULL,
    state TEXT NOT NULL,
    history_length INTEGER NOT NULL CHECK (history_length >= 0),
    history_hash BLOB NOT NULL CHECK (length(history_hash) = 32),
    CHECK (family = coalesce(parent, id)),
    CHECK (kind = 'account' OR parent IS NULL),
    CHECK (parent <> id)
) STRICT, WITHOUT ROWID;

CREATE INDEX subject_family ON subject (family);

-- The crosswalk.
CREATE TABLE identifier (
    system TEXT NOT NULL CHECK (length(system) BETWEEN 1 AND 32),
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
    value TEXT NOT NULL CHECK (length(value) BETWEEN 1 AND 128),
    subject BLOB NOT NULL REFERENCES subject (id),
    PRIMARY KEY (system, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX identifier_subject ON identifier (subject);

CREATE TRIGGER identifier_stays BEFORE UPDATE ON identifier
BEGIN
    SELECT RAISE(ABORT, 'an identifier names one subject');
END;

CREATE TABLE change (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    family BLOB NOT NULL CHECK (length(family) = 16),
    subject BLOB NOT NULL REFERENCES subject (id),
    principal TEXT NOT NULL,
    facet TEXT NOT NULL
        CHECK (facet IN ('lifecycle', 'edit_lock', 'profile') OR facet LIKE 'hold:_%'),
    summary TEXT NOT NULL,
    reason TEXT CHECK (length(reason) BETWEEN 1 AND 1000),
    native TEXT,
    outcome TEXT NOT NULL,
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    effective TEXT NOT NULL CHECK (
        effective IN (
            'ACTIVE', 'DORMANT', 'INACTIVE', 'SUSPENDED', 'BLOCKED', 'BLACKLISTED', 'CLOSED'
        )
    ),
    assertions TEXT NOT NULL,
    before_states TEXT NOT NULL,
    answer_client TEXT,
    answer_key TEXT,
    created_at INTEGER NOT NULL,
    settled_at INTEGER,
    CHECK ((answer_client IS NULL) = (answer_key IS NULL)),
    CHECK (open = 0 OR settled_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX change_open ON change (family) WHERE open = 1;

-- An account that comes to belong to a customer takes its open changes along.
CREATE TRIGGER subject_moves AFTER UPDATE OF family ON subject
WHEN old.family <> new.family
BEGIN
    UPDATE change SET family = new.family
    WHERE family = old.family AND subject = new.id AND open = 1;
END;

-- What happened to a subject. Each entry carries the hash of the one before it.
CREATE TABLE history (
    subject BLOB NOT NULL REFERENCES subject (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    change BLOB NOT NULL CHECK (length(change) = 16),
    written_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (length(kind) >= 1),
    body TEXT NOT NULL,
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (subject, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is not changed');
END;

CREATE TRIGGER history_is_not_removed BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is not removed');
END;

-- What an upstream should hold, and what it is known to hold.
CREATE TABLE register (
    subject BLOB NOT NULL REFERENCES subject (id),
    system TEXT NOT NULL CHECK (length(system) BETWEEN 1 AND 32),
    name TEXT NOT NULL CHECK (length(name) >= 1),
    desired TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    change BLOB NOT NULL CHECK (length(change) = 16),
    confirmed TEXT,
    confirmed_version INTEGER CHECK (confirmed_version <= version),
    state TEXT NOT NULL
        CHECK (state IN ('pending', 'in_doubt', 'confirmed', 'refused', 'parked')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    last_error TEXT,
    PRIMARY KEY (subject, system, name),
    CHECK ((confirmed IS NULL) = (confirmed_version IS NULL))
) STRICT, WITHOUT ROWID;

-- The right to talk to one upstream about one subject.
CREATE TABLE lane (
    subject BLOB NOT NULL REFERENCES subject (id),
    system TEXT NOT NULL CHECK (length(system) BETWEEN 1 AND 32),
    due_at INTEGER,
    lease_token BLOB CHECK (length(lease_token) = 16),
    lease_until INTEGER,
    PRIMARY KEY (subject, system),
    CHECK ((lease_token IS NULL) = (lease_until IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX lane_due ON lane (system, due_at) WHERE due_at IS NOT NULL;

-- Requests to upstreams.
CREATE TABLE attempt (
    number INTEGER PRIMARY KEY,
    subject BLOB NOT NULL CHECK (length(subject) = 16),
    system TEXT NOT NULL CHECK (length(system) BETWEEN 1 AND 32),
    register TEXT NOT NULL CHECK (length(register) >= 1),
    version INTEGER NOT NULL CHECK (version >= 1),
    change BLOB NOT NULL CHECK (length(change) = 16),
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    result TEXT NOT NULL CHECK (length(result) >= 1),
    detail TEXT
) STRICT;

CREATE TRIGGER attempt_is_not_changed BEFORE UPDATE ON attempt
BEGIN
    SELECT RAISE(ABORT, 'an attempt is not changed');
END;

CREATE TRIGGER attempt_is_not_removed BEFORE DELETE ON attempt
BEGIN
    SELECT RAISE(ABORT, 'an attempt is not removed');
END;

-- Changes that were sent to approval. Their family is their subject's at the time of reading. Maker and checker belong to the same tenant, so their ids tell
-- them apart.
CREATE TABLE approval (
    id BLOB NOT NULL PRIMARY KEY REFERENCES change (id),
    format TEXT NOT NULL CHECK (length(format) BETWEEN 1 AND 32),
    tenant TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'executing', 'approved', 'rejected', 'failed')),
    maker_id TEXT NOT NULL,
    maker_number INTEGER,
    maker_name TEXT NOT NULL,
    checker_id TEXT,
    checker_number INTEGER,
    checker_name TEXT,
    comment TEXT CHECK (length(comment) BETWEEN 1 AND 1000),
    native TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    refusal TEXT,
    principal TEXT NOT NULL,
    subject BLOB NOT NULL REFERENCES subject (id),
    request TEXT NOT NULL,
    CHECK (checker_id IS NULL OR checker_id <> maker_id),
    CHECK ((checker_id IS NULL) = (checker_name IS NULL)),
    CHECK (checker_id IS NOT NULL OR checker_number IS NULL),
    CHECK (state NOT IN ('waiting', 'executing') OR ended_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX approval_list ON approval (tenant, started_at);

-- What a repeat of a request gets.
CREATE TABLE answer (
    client TEXT NOT NULL,
    key TEXT NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32),
    change BLOB REFERENCES change (id),
    status INTEGER CHECK (status BETWEEN 0 AND 65535),
    headers TEXT,
    body BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (client, key),
    CHECK ((status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_age ON answer (created_at);
