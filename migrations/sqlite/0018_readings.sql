-- Raw readings of all KPIs in the order of time, small: a KPI and period by number. They are written
-- at the end of the table, and removed at its beginning.

-- The periods that have raw readings, or had them: by number, with what the readings of one that are
-- combined come to.
CREATE TABLE reading_periods (
    id           INTEGER NOT NULL PRIMARY KEY,
    kpi          TEXT    NOT NULL,
    period       TEXT    NOT NULL,
    is_thinned   INTEGER NOT NULL DEFAULT 0, -- its readings are gone, and its actual stands
    combination  TEXT, -- by which the rest is so; none where all readings have to be looked at
    count        INTEGER,
    newest_at    INTEGER,
    newest       REAL, -- or its numerator
    denominator  REAL, -- of the newest
    sum          REAL,
    denominators REAL,
    UNIQUE (kpi, period)
) STRICT;

CREATE TABLE small_readings (
    at          INTEGER NOT NULL, -- when it was observed
    period      INTEGER NOT NULL, -- of `reading_periods`
    value       REAL    NOT NULL, -- or the numerator
    denominator REAL,
    delay       INTEGER, -- of one of several that make an actual, how much later it was collected
    PRIMARY KEY (at, period)
) STRICT, WITHOUT ROWID;

INSERT INTO reading_periods (kpi, period, is_thinned)
SELECT kpi, period, max(thinned) FROM
    (SELECT DISTINCT kpi, period, 0 AS thinned FROM readings
     UNION ALL SELECT kpi, period, 1 FROM thinned) GROUP BY kpi, period;

INSERT INTO small_readings (at, period, value, denominator, delay)
SELECT observed_at, reading_periods.id, coalesce(value, numerator), readings.denominator,
       collected_at - observed_at
FROM readings JOIN reading_periods
  ON reading_periods.kpi = readings.kpi AND reading_periods.period = readings.period
WHERE coalesce(value, numerator) IS NOT NULL
ORDER BY observed_at, reading_periods.id;

DROP TABLE readings;
DROP TABLE thinned;

ALTER TABLE small_readings RENAME TO readings;

-- Those that make an actual together are looked for by their period; of a level nobody does, and an
-- entry would be as long as the reading.
CREATE INDEX readings_combined ON readings (period, at) WHERE delay IS NOT NULL;
