-- Mail of performance news keeps to hours and to a number a day: a delivery may wait for the hours
-- (held), be kept for the summary (digest), be told in one (digested), or never be made since later
-- news said it or undid it (overtaken).
CREATE TABLE paced_deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    dedup_key       TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    sequence        INTEGER NOT NULL DEFAULT 0,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    facts           TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'held', 'digest', 'delivered',
                                                      'given_up', 'dropped', 'digested', 'overtaken')),
    reason          TEXT, -- why it waits, or was never made
    written_at      INTEGER NOT NULL,
    released_at     INTEGER, -- when the hours that held it back began
    retried_at      INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    claimed_until   INTEGER,
    settled_at      INTEGER,
    last_error      TEXT,
    UNIQUE (dedup_key, event, sequence, channel, recipient)
) STRICT, WITHOUT ROWID;

INSERT INTO paced_deliveries
    (id, dedup_key, event, sequence, channel, recipient, facts, state, written_at, retried_at,
     attempts, next_attempt_at, claimed_until, settled_at, last_error)
SELECT id, dedup_key, event, sequence, channel, recipient, facts, state, written_at, retried_at,
       attempts, next_attempt_at, claimed_until, settled_at, last_error
FROM deliveries;

DROP TABLE deliveries;

ALTER TABLE paced_deliveries RENAME TO deliveries;

CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at);

-- How many mails somebody got today.
CREATE INDEX deliveries_settled ON deliveries (recipient, settled_at);
