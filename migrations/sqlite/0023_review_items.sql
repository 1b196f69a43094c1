-- What reviews took down about a node and a period: decisions, actions, successes.
CREATE TABLE review_items (
    id         INTEGER PRIMARY KEY,
    scope      TEXT NOT NULL,
    period     TEXT NOT NULL,
    kind       TEXT NOT NULL, -- decision, action, success
    text       TEXT NOT NULL,
    who        TEXT,          -- of an action: who does it
    due        TEXT,          -- by which day
    state      TEXT,          -- open, done, dropped
    since      INTEGER,       -- since when it is so
    said_by    TEXT,          -- who said so
    person     TEXT NOT NULL,
    written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX review_items_age ON review_items (written_at);
CREATE INDEX review_items_open ON review_items (state) WHERE state = 'open';
