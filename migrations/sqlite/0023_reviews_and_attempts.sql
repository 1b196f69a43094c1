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

-- The last ten attempts of each KPI that went otherwise than the one before: what changes in `collections`
-- is noted beside it, and an attempt that goes as the one before costs nothing.
CREATE TABLE attempts (
    kpi     TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    outcome TEXT    NOT NULL,
    message TEXT,
    PRIMARY KEY (kpi, at)
) STRICT, WITHOUT ROWID;

INSERT INTO attempts (kpi, at, outcome, message)
SELECT kpi, finished_at, outcome, message FROM collections;

CREATE TRIGGER attempt_first AFTER INSERT ON collections BEGIN
    INSERT INTO attempts (kpi, at, outcome, message)
    VALUES (new.kpi, new.finished_at, new.outcome, new.message)
    ON CONFLICT (kpi, at) DO UPDATE SET outcome = excluded.outcome, message = excluded.message;
END;

CREATE TRIGGER attempt_otherwise AFTER UPDATE OF outcome, message ON collections
WHEN old.outcome <> new.outcome OR old.message IS NOT new.message BEGIN
    INSERT INTO attempts (kpi, at, outcome, message)
    VALUES (new.kpi, new.finished_at, new.outcome, new.message)
    ON CONFLICT (kpi, at) DO UPDATE SET outcome = excluded.outcome, message = excluded.message;
    DELETE FROM attempts WHERE kpi = new.kpi AND at <
        (SELECT at FROM attempts WHERE kpi = new.kpi ORDER BY at DESC LIMIT 1 OFFSET 9);
END;
