-- Checkpoints over the histories.

-- So many entries of the subject's history are in a checkpoint. Subjects with more are found by the index,
-- which costs a commit nothing but its own small pages.
ALTER TABLE subject
ADD COLUMN committed_length INTEGER NOT NULL DEFAULT 0 CHECK (committed_length >= 0);

CREATE INDEX subject_uncommitted ON subject (id) WHERE history_length > committed_length;

CREATE TABLE checkpoint (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    made_at INTEGER NOT NULL,
    leaves INTEGER NOT NULL CHECK (leaves >= 1),
    root BLOB NOT NULL CHECK (length(root) = 32),
    previous BLOB NOT NULL CHECK (length(previous) = 32),
    key BLOB NOT NULL CHECK (length(key) = 32),
    signature BLOB NOT NULL CHECK (length(signature) >= 1),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER checkpoint_follows BEFORE INSERT ON checkpoint
WHEN new.number <> (SELECT coalesce(max(number), 0) + 1 FROM checkpoint)
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint follows the one before it');
END;

CREATE TRIGGER checkpoint_is_not_changed BEFORE UPDATE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is not changed');
END;

CREATE TRIGGER checkpoint_is_not_removed BEFORE DELETE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is not removed');
END;

-- What a checkpoint says of a subject: the length of its history and the hash of the last entry.
CREATE TABLE checkpoint_leaf (
    checkpoint INTEGER NOT NULL REFERENCES checkpoint (number),
    subject BLOB NOT NULL REFERENCES subject (id),
    length INTEGER NOT NULL CHECK (length >= 1),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (checkpoint, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX checkpoint_leaf_subject ON checkpoint_leaf (subject);

CREATE TRIGGER checkpoint_leaf_is_not_changed BEFORE UPDATE ON checkpoint_leaf
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is not changed');
END;

CREATE TRIGGER checkpoint_leaf_is_not_removed BEFORE DELETE ON checkpoint_leaf
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is not removed');
END;
