-- What was removed after its time, summed up, so that totals stay true.
CREATE TABLE removed (
    name  TEXT    NOT NULL, -- of the table
    month TEXT    NOT NULL, -- of UTC, in which what is gone came about: 2024-09
    kind  TEXT    NOT NULL, -- a delivery's state, a deed's action, an event's word; else ''
    count INTEGER NOT NULL CHECK (count > 0), -- of misses: of instants
    PRIMARY KEY (name, month, kind)
) STRICT, WITHOUT ROWID;

-- Periods whose raw readings are gone. Their actuals stand: a reading that comes late has nothing
-- left to be combined with.
CREATE TABLE thinned (
    kpi    TEXT NOT NULL,
    period TEXT NOT NULL,
    PRIMARY KEY (kpi, period)
) STRICT, WITHOUT ROWID;

-- When old rows were last looked for; one row.
CREATE TABLE sweeps (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    swept_at INTEGER NOT NULL
) STRICT;

-- Verdicts of that time whose snapshots are gone.
ALTER TABLE configuration_uses ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX deliveries_age ON deliveries (settled_at);
