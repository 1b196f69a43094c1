-- Trouble with data: what is wrong, since when, and whether anybody was told.
CREATE TABLE incidents (
    key       TEXT    NOT NULL PRIMARY KEY,
    opened_at INTEGER NOT NULL,
    told_at   INTEGER,
    closed_at INTEGER
) STRICT, WITHOUT ROWID;
