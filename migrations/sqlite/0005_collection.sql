-- Instants of schedules that nobody served, summed up by day, so that a bad week can be told from a bad year.
CREATE TABLE misses (
    kpi    TEXT    NOT NULL,
    day    TEXT    NOT NULL, -- of UTC, on which they were noticed
    missed INTEGER NOT NULL CHECK (missed > 0),
    PRIMARY KEY (kpi, day)
) STRICT, WITHOUT ROWID;
