-- The record of the gateway.
--
-- The same tables as in an SQLite file. Digests are SHA-256. What has no column of its own is JSON, kept as
-- text: it is never looked into here. Keys are compared byte by byte, whatever the database's collation.

-- A customer or an account. Subjects of one family are decided upon together: `family` is the id of the
-- customer, or of the account itself where it belongs to nobody. Whoever works on a family holds the lock on
-- the row of that id.
CREATE TABLE subject (
    id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('customer', 'account')),
    parent uuid REFERENCES subject (id),
    family uuid NOT NULL,
    state text NOT NULL,
    history_length bigint NOT NULL CHECK (history_length >= 0),
    history_hash bytea NOT NULL CHECK (octet_length(history_hash) = 32),
    CHECK (family = coalesce(parent, id)),
    CHECK (kind = 'account' OR parent IS NULL),
    CHECK (parent <> id)
);

CREATE INDEX subject_family ON subject (family);

-- The crosswalk.
CREATE TABLE identifier (
    system text COLLATE "C" NOT NULL CHECK (char_length(system) BETWEEN 1 AND 32),
    kind text COLLATE "C" NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 32),
    value text COLLATE "C" NOT NULL CHECK (char_length(value) BETWEEN 1 AND 128),
    subject uuid NOT NULL REFERENCES subject (id),
    PRIMARY KEY (system, kind, value)
);

CREATE INDEX identifier_subject ON identifier (subject);

CREATE TABLE change (
    id uuid NOT NULL PRIMARY KEY,
    family uuid NOT NULL,
    subject uuid NOT NULL REFERENCES subject (id),
    principal text NOT NULL,
    facet text NOT NULL
        CHECK (facet IN ('lifecycle', 'edit_lock', 'profile') OR facet LIKE 'hold:_%'),
    summary text NOT NULL,
    reason text CHECK (char_length(reason) BETWEEN 1 AND 1000),
    native text,
    outcome text NOT NULL,
    open boolean NOT NULL,
    effective text NOT NULL CHECK (
        effective IN (
            'ACTIVE', 'DORMANT', 'INACTIVE', 'SUSPENDED', 'BLOCKED', 'BLACKLISTED', 'CLOSED'
        )
    ),
    assertions text NOT NULL,
    before_states text NOT NULL,
    answer_client text,
    answer_key text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CHECK ((answer_client IS NULL) = (answer_key IS NULL)),
    CHECK (NOT open OR settled_at IS NULL)
);

CREATE INDEX change_open ON change (family) WHERE open;

-- What happened to a subject. Each entry carries the hash of the one before it.
CREATE TABLE history (
    subject uuid NOT NULL REFERENCES subject (id),
    number bigint NOT NULL CHECK (number >= 1),
    change uuid NOT NULL,
    written_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (char_length(kind) >= 1),
    body text NOT NULL,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (subject, number)
);

-- What an upstream should hold, and what it is known to hold.
CREATE TABLE register (
    subject uuid NOT NULL REFERENCES subject (id),
    system text COLLATE "C" NOT NULL CHECK (char_length(system) BETWEEN 1 AND 32),
    name text COLLATE "C" NOT NULL CHECK (char_length(name) >= 1),
    desired text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    change uuid NOT NULL,
    confirmed text,
    confirmed_version bigint CHECK (confirmed_version <= version),
    state text NOT NULL
        CHECK (state IN ('pending', 'in_doubt', 'confirmed', 'refused', 'parked')),
    attempts bigint NOT NULL CHECK (attempts >= 0),
    last_error text,
    PRIMARY KEY (subject, system, name),
    CHECK ((confirmed IS NULL) = (confirmed_version IS NULL))
);

-- The right to talk to one upstream about one subject.
CREATE TABLE lane (
    subject uuid NOT NULL REFERENCES subject (id),
    system text COLLATE "C" NOT NULL CHECK (char_length(system) BETWEEN 1 AND 32),
    due_at timestamptz,
    lease_token uuid,
    lease_until timestamptz,
    PRIMARY KEY (subject, system),
    CHECK ((lease_token IS NULL) = (lease_until IS NULL))
);

CREATE INDEX lane_due ON lane (system, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lane_leased ON lane (system) WHERE due_at IS NOT NULL AND lease_until IS NOT NULL;

-- Requests to upstreams.
CREATE TABLE attempt (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject uuid NOT NULL,
    system text COLLATE "C" NOT NULL CHECK (char_length(system) BETWEEN 1 AND 32),
    register text COLLATE "C" NOT NULL CHECK (char_length(register) >= 1),
    version bigint NOT NULL CHECK (version >= 1),
    change uuid NOT NULL,
    started_at timestamptz NOT NULL,
    duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
    result text NOT NULL CHECK (char_length(result) >= 1),
    detail text
);

-- Changes that were sent to approval. Their family is their subject's at the time of reading. Maker and
-- checker belong to the same tenant, so their ids tell them apart.
CREATE TABLE approval (
    id uuid NOT NULL PRIMARY KEY REFERENCES change (id),
    format text COLLATE "C" NOT NULL CHECK (char_length(format) BETWEEN 1 AND 32),
    tenant text COLLATE "C" NOT NULL,
    state text NOT NULL
        CHECK (state IN ('waiting', 'executing', 'approved', 'rejected', 'failed')),
    maker_id text COLLATE "C" NOT NULL,
    maker_number bigint,
    maker_name text NOT NULL,
    checker_id text COLLATE "C",
    checker_number bigint,
    checker_name text,
    comment text CHECK (char_length(comment) BETWEEN 1 AND 1000),
    native text,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    refusal text,
    principal text NOT NULL,
    subject uuid NOT NULL REFERENCES subject (id),
    request text NOT NULL,
    CHECK (checker_id IS NULL OR checker_id <> maker_id),
    CHECK ((checker_id IS NULL) = (checker_name IS NULL)),
    CHECK (checker_id IS NOT NULL OR checker_number IS NULL),
    CHECK (state NOT IN ('waiting', 'executing') OR ended_at IS NULL)
);

CREATE INDEX approval_list ON approval (tenant, started_at);

-- What a repeat of a request gets. `id` is a digest of client and key, which may be longer than an index
-- takes.
CREATE TABLE answer (
    id bytea NOT NULL PRIMARY KEY CHECK (octet_length(id) = 32),
    client text NOT NULL,
    key text NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) = 32),
    change uuid REFERENCES change (id),
    status bigint CHECK (status BETWEEN 0 AND 65535),
    headers text,
    body bytea,
    created_at timestamptz NOT NULL,
    CHECK ((status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL))
);

CREATE INDEX answer_age ON answer (created_at);

-- One row for each transaction whose end is not yet known to whoever ran it. If the answer to a COMMIT is
-- lost, the row says what became of it: there and not undone means committed. Whoever asks adds the row,
-- undone, if it is not there, after which the transaction can no longer commit.
CREATE TABLE commit_token (
    token uuid NOT NULL PRIMARY KEY,
    undone boolean NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are written once', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER identifier_stays BEFORE UPDATE ON identifier
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();
CREATE TRIGGER attempt_stays BEFORE UPDATE OR DELETE ON attempt
    FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER attempt_is_not_emptied BEFORE TRUNCATE ON attempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse();

-- An account that comes to belong to a customer takes its open changes along.
CREATE FUNCTION take_changes_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE change SET family = NEW.family
    WHERE change.family = OLD.family AND change.subject = NEW.id AND change.open;
    RETURN NULL;
END
$$;

CREATE TRIGGER subject_moves AFTER UPDATE OF family ON subject
    FOR EACH ROW WHEN (OLD.family <> NEW.family) EXECUTE FUNCTION take_changes_along();
