-- A person may drop a delivery, and take one up again that was given up.
CREATE TABLE droppable_deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    dedup_key       TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    sequence        INTEGER NOT NULL DEFAULT 0,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    facts           TEXT    NOT NULL,
    state           TEXT    NOT NULL
                    CHECK (state IN ('pending', 'delivered', 'given_up', 'dropped')),
    written_at      INTEGER NOT NULL,
    retried_at      INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    claimed_until   INTEGER,
    settled_at      INTEGER,
    last_error      TEXT,
    UNIQUE (dedup_key, event, sequence, channel, recipient)
) STRICT, WITHOUT ROWID;

INSERT INTO droppable_deliveries
    (id, dedup_key, event, sequence, channel, recipient, facts, state, written_at, attempts,
     next_attempt_at, claimed_until, settled_at, last_error)
SELECT id, dedup_key, event, sequence, channel, recipient, facts, state, written_at, attempts,
       next_attempt_at, claimed_until, settled_at, last_error
FROM deliveries;

DROP TABLE deliveries;

ALTER TABLE droppable_deliveries RENAME TO deliveries;

CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at);
