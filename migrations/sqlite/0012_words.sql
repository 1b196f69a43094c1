-- Words that mean one thing: a delivery kept for the summary is batched, and summarised once a
-- summary told it; a configuration is named by its hash. A digest is only a person's regular mail.
CREATE TABLE reworded_deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    dedup_key       TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    sequence        INTEGER NOT NULL DEFAULT 0,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    facts           TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('pending', 'held', 'batched', 'delivered',
                                                      'given_up', 'dropped', 'summarised', 'overtaken')),
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

INSERT INTO reworded_deliveries
    (id, dedup_key, event, sequence, channel, recipient, facts, state, reason, written_at,
     released_at, retried_at, attempts, next_attempt_at, claimed_until, settled_at, last_error)
SELECT id, dedup_key, event, sequence, channel, recipient, facts,
       CASE state WHEN 'digest' THEN 'batched' WHEN 'digested' THEN 'summarised' ELSE state END,
       reason, written_at, released_at, retried_at, attempts, next_attempt_at, claimed_until,
       settled_at, last_error
FROM deliveries;

DROP TABLE deliveries;

ALTER TABLE reworded_deliveries RENAME TO deliveries;

CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at);
CREATE INDEX deliveries_settled ON deliveries (recipient, settled_at);
CREATE INDEX deliveries_age ON deliveries (settled_at);

UPDATE removed SET kind = 'batched' WHERE name = 'deliveries' AND kind = 'digest';
UPDATE removed SET kind = 'summarised' WHERE name = 'deliveries' AND kind = 'digested';

ALTER TABLE configuration_uses RENAME COLUMN digest TO config_hash;
ALTER TABLE snapshots RENAME COLUMN config TO config_hash;
ALTER TABLE digest_standings RENAME COLUMN config TO config_hash;
