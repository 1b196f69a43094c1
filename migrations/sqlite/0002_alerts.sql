-- What people do about alerts, and what came of each episode.

-- Times in which nobody wants to hear of a scope and what is below it. Each has an end.
CREATE TABLE silences (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope    TEXT    NOT NULL,
    starts   INTEGER NOT NULL,
    ends     INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    person   TEXT    NOT NULL,
    ended_at INTEGER,
    ended_by TEXT,
    CHECK (starts < ends),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;

CREATE INDEX silences_ends ON silences (ends);

-- What people wrote about a node and a period; the newest counts.
CREATE TABLE notes (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope      TEXT    NOT NULL,
    period     TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;

CREATE INDEX notes_scope ON notes (scope, written_at);

-- Every change that a person made: who, when, what, of what.
CREATE TABLE audit (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    person  TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT
) STRICT;

-- What happened to each episode, also to those that are long over.
CREATE TABLE episode_events (
    scope    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event    TEXT    NOT NULL,
    cause    TEXT,
    period   TEXT,
    status   TEXT,
    score    REAL,
    PRIMARY KEY (scope, number, sequence)
) STRICT, WITHOUT ROWID;

-- An episode may be told of more than once by the same word: its messages are counted.
CREATE TABLE counted_deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    dedup_key       TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    sequence        INTEGER NOT NULL DEFAULT 0,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    facts           TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')),
    written_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    claimed_until   INTEGER,
    settled_at      INTEGER,
    last_error      TEXT,
    UNIQUE (dedup_key, event, sequence, channel, recipient)
) STRICT, WITHOUT ROWID;

INSERT INTO counted_deliveries
    (id, dedup_key, event, channel, recipient, facts, state, written_at, attempts, next_attempt_at,
     claimed_until, settled_at, last_error)
SELECT id, dedup_key, event, channel, recipient, facts, state, written_at, attempts, next_attempt_at,
       claimed_until, settled_at, last_error
FROM deliveries;

DROP TABLE deliveries;

ALTER TABLE counted_deliveries RENAME TO deliveries;

CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at);
