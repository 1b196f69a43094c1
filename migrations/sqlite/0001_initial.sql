-- Instants are microseconds of UTC; ids, paths of ids and period keys are text.

-- Raw readings of KPIs whose actual is made of several.
CREATE TABLE readings (
    kpi          TEXT    NOT NULL,
    period       TEXT    NOT NULL,
    observed_at  INTEGER NOT NULL,
    collected_at INTEGER NOT NULL,
    value        REAL,
    numerator    REAL,
    denominator  REAL,
    PRIMARY KEY (kpi, period, observed_at)
) STRICT, WITHOUT ROWID;

-- What counts for a period, by revision from 1.
CREATE TABLE actuals (
    kpi          TEXT    NOT NULL,
    period       TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    value        REAL,
    numerator    REAL,
    denominator  REAL,
    target       REAL,
    observed_at  INTEGER NOT NULL,
    collected_at INTEGER NOT NULL,
    PRIMARY KEY (kpi, period, revision),
    CHECK ((value IS NULL) = (numerator IS NOT NULL)),
    CHECK ((numerator IS NULL) = (denominator IS NULL))
) STRICT, WITHOUT ROWID;

-- How collecting each KPI goes: the last slot served, and what came of the newest attempt.
CREATE TABLE collections (
    kpi         TEXT    NOT NULL PRIMARY KEY,
    last_slot   INTEGER NOT NULL,
    missed      INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER NOT NULL,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('samples', 'null', 'no_rows', 'error')),
    message     TEXT
) STRICT, WITHOUT ROWID;

-- Each scorecard as it was judged, whenever that changed.
CREATE TABLE snapshots (
    scorecard TEXT    NOT NULL,
    as_of     INTEGER NOT NULL,
    config    TEXT    NOT NULL,
    standing  TEXT    NOT NULL,
    PRIMARY KEY (scorecard, as_of)
) STRICT, WITHOUT ROWID;

-- Where the alerts of each perspective stand.
CREATE TABLE episodes (
    scope      TEXT    NOT NULL PRIMARY KEY,
    state      TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The outbox: one row for each event, channel and recipient.
CREATE TABLE deliveries (
    id              TEXT    NOT NULL PRIMARY KEY,
    dedup_key       TEXT    NOT NULL,
    event           TEXT    NOT NULL,
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
    UNIQUE (dedup_key, event, channel, recipient)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at);

-- Which configuration judged, since when.
CREATE TABLE configurations (
    digest        TEXT    NOT NULL PRIMARY KEY,
    first_used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
