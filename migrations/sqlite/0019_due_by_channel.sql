-- Rows are found by small keys: where the text of a message is part of the key's tree, each comparison
-- reads all of it. It comes last, so that what stands before it is read without it.
CREATE TABLE light_deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    dedup_key       TEXT    NOT NULL,
    event           TEXT    NOT NULL,
    sequence        INTEGER NOT NULL DEFAULT 0,
    channel         TEXT    NOT NULL,
    recipient       TEXT    NOT NULL,
    person          TEXT,
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
    is_standing     INTEGER NOT NULL DEFAULT 0, -- whether its reader expects to hear of an end that is not decided
    last_error      TEXT,
    facts           TEXT    NOT NULL,
    UNIQUE (dedup_key, event, sequence, channel, recipient)
) STRICT;

INSERT INTO light_deliveries
    (id, dedup_key, event, sequence, channel, recipient, person, state, reason, written_at,
     released_at, retried_at, attempts, next_attempt_at, claimed_until, settled_at, last_error, facts)
SELECT id, dedup_key, event, sequence, channel, recipient, person, state, reason, written_at,
       released_at, retried_at, attempts, next_attempt_at, claimed_until, settled_at, last_error, facts
FROM deliveries ORDER BY written_at, id;

UPDATE light_deliveries SET is_standing = 1
WHERE event IN ('opened', 'worsened', 'reminded', 'escalated', 'acknowledged', 'gave_up', 'data_trouble')
AND NOT EXISTS (SELECT 1 FROM deliveries AS over WHERE over.dedup_key = light_deliveries.dedup_key
                AND over.channel = light_deliveries.channel
                AND over.event IN ('recovered', 'corrected', 'data_recovered', 'settled', 'alert_ended'));

DROP TABLE deliveries;

ALTER TABLE light_deliveries RENAME TO deliveries;

-- What is due over one channel is found in its order, however much waits.
CREATE INDEX deliveries_due ON deliveries (state, channel, next_attempt_at, id);
CREATE INDEX deliveries_settled ON deliveries (recipient, settled_at);
CREATE INDEX deliveries_age ON deliveries (settled_at);
CREATE INDEX deliveries_of_reader ON deliveries (dedup_key, channel, recipient, state);

-- What is open, beside all that was ever delivered.
CREATE INDEX deliveries_standing ON deliveries (channel, state) WHERE is_standing = 1;
