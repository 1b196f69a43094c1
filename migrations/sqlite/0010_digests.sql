-- The last digest of each person: the instant of the schedule it served, and when it was made.
CREATE TABLE digests (
    person  TEXT    NOT NULL PRIMARY KEY,
    slot    INTEGER NOT NULL,
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The scorecards as the digests made at an instant showed them: what the next ones are compared with.
CREATE TABLE digest_standings (
    made_at   INTEGER NOT NULL,
    scorecard TEXT    NOT NULL,
    config    TEXT    NOT NULL,
    standing  TEXT    NOT NULL,
    PRIMARY KEY (made_at, scorecard)
) STRICT, WITHOUT ROWID;

-- The newest period of each scorecard that needs no report any more.
CREATE TABLE reports (
    scorecard TEXT NOT NULL PRIMARY KEY,
    period    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
