-- Scorecards that are judged together are a family. Whoever changes what a family is judged by raises
-- its version in the same transaction, and notes what changed: whoever holds the family in memory
-- commits only on the version it knows, and else reads again what is noted here.
CREATE TABLE families (
    id      TEXT    NOT NULL PRIMARY KEY, -- the first of its scorecards, by name; '' for what is of none
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE family_members (
    scorecard TEXT NOT NULL PRIMARY KEY,
    family    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A row for each thing, however often it changed.
CREATE TABLE changes (
    family  TEXT    NOT NULL,
    kind    TEXT    NOT NULL CHECK (kind IN ('figures', 'alerts', 'connections', 'families')),
    name    TEXT    NOT NULL, -- of figures the KPI, of alerts the scorecard, else ''
    version INTEGER NOT NULL, -- the family's, since the thing last changed
    PRIMARY KEY (family, kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX changes_version ON changes (family, version);
