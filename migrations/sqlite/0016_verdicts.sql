-- How each node stood, a row whenever that changed, in the place of whole scorecards whenever any
-- byte of them did.

-- Nodes by number, so that what is kept of one is short.
CREATE TABLE nodes (
    id        INTEGER NOT NULL PRIMARY KEY,
    scorecard TEXT    NOT NULL,
    name      TEXT    NOT NULL, -- its path of ids; that of a KPI begins with `kpi:`
    UNIQUE (scorecard, name)
) STRICT;

-- Which configuration judges a scorecard, from when on.
CREATE TABLE judging (
    scorecard   TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    config_hash TEXT    NOT NULL,
    PRIMARY KEY (scorecard, started_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX judging_started_at ON judging (started_at);

-- How a node is judged from an instant on: a row when word, rounded score or coverage change.
CREATE TABLE verdicts (
    node     INTEGER NOT NULL REFERENCES nodes (id),
    at       INTEGER NOT NULL,
    status   TEXT, -- none: it is not in the tree
    score    REAL,
    coverage REAL,
    PRIMARY KEY (node, at)
) STRICT, WITHOUT ROWID;

-- How a node counts, and what a KPI is compared with, from an instant on.
CREATE TABLE measures (
    node              INTEGER NOT NULL REFERENCES nodes (id),
    at                INTEGER NOT NULL,
    weight            REAL,
    period            TEXT,
    target            REAL,
    green_line        REAL,
    red_line          REAL,
    shows_upper_edges INTEGER, -- of a band
    PRIMARY KEY (node, at)
) STRICT, WITHOUT ROWID;

-- What the snapshots say of each node, and the how manieth of its scorecard says so.
CREATE TABLE seen AS
WITH scorecards AS (
    SELECT scorecard, as_of, standing AS node,
           row_number() OVER (PARTITION BY scorecard ORDER BY as_of) AS place
    FROM snapshots WHERE json_valid(standing) AND standing ->> 'status' IS NOT NULL
), perspectives AS (
    SELECT scorecard, as_of, place, scorecard || '/' || (below.value ->> 'id') AS name,
           below.value AS node
    FROM scorecards, json_each(scorecards.node, '$.perspectives') AS below
), objectives AS (
    SELECT scorecard, as_of, place, name || '/' || (below.value ->> 'id') AS name,
           below.value AS node
    FROM perspectives, json_each(perspectives.node, '$.objectives') AS below
), kpis AS (
    SELECT scorecard, as_of, place, 'kpi:' || scorecard || '/' || (below.value ->> 'id') AS name,
           below.value AS node
    FROM objectives, json_each(objectives.node, '$.kpis') AS below
), parents AS (
    SELECT scorecard, as_of, place, scorecard AS name, node FROM scorecards
    UNION ALL SELECT * FROM perspectives
    UNION ALL SELECT * FROM objectives
)
SELECT scorecard, as_of, place, name, node ->> 'status' AS status, node ->> 'score' AS score,
       node ->> 'coverage' AS coverage, node ->> 'weight' AS weight, NULL AS period,
       NULL AS target, NULL AS green_line, NULL AS red_line, NULL AS shows_upper_edges
FROM parents
UNION ALL
SELECT scorecard, as_of, place, name, node ->> 'status', node ->> 'score', NULL,
       node ->> 'weight', node ->> 'period', node ->> 'target', node ->> 'green_line',
       node ->> 'red_line',
       CASE WHEN node ->> 'green_line' <> node ->> 'red_line'
            THEN node ->> 'green_line' < node ->> 'red_line'
            WHEN node ->> 'green_line' = node ->> 'red_line' AND node ->> 'value' <> node ->> 'green_line'
            THEN (node ->> 'value' < node ->> 'green_line') = (node ->> 'status' = 'on_track')
       END
FROM kpis;

INSERT INTO nodes (scorecard, name)
SELECT DISTINCT scorecard, name FROM seen WHERE name IS NOT NULL ORDER BY scorecard, name;

INSERT INTO judging (scorecard, started_at, config_hash)
SELECT scorecard, as_of, config_hash FROM
    (SELECT scorecard, as_of, config_hash,
            lag(config_hash) OVER (PARTITION BY scorecard ORDER BY as_of) AS before
     FROM snapshots WHERE json_valid(standing) AND standing ->> 'status' IS NOT NULL)
WHERE config_hash IS DISTINCT FROM before;

-- One that was left out in between is there again.
INSERT INTO verdicts (node, at, status, score, coverage)
SELECT id, as_of, status, score, coverage FROM
    (SELECT *, lag(place) OVER earlier AS place_before, lag(status) OVER earlier AS status_before,
            lag(score) OVER earlier AS score_before, lag(coverage) OVER earlier AS coverage_before
     FROM seen WINDOW earlier AS (PARTITION BY scorecard, name ORDER BY place)) AS seen
JOIN nodes ON nodes.scorecard = seen.scorecard AND nodes.name = seen.name
WHERE place_before IS DISTINCT FROM place - 1 OR status_before IS DISTINCT FROM status
   OR score_before IS DISTINCT FROM score OR coverage_before IS DISTINCT FROM coverage;

-- One that the next snapshot has not is no longer in the tree.
INSERT INTO verdicts (node, at)
SELECT nodes.id, next.as_of FROM
    (SELECT scorecard, name, place, lead(place) OVER (PARTITION BY scorecard, name ORDER BY place) AS place_after
     FROM seen) AS seen
JOIN (SELECT DISTINCT scorecard, place, as_of FROM seen) AS next
  ON next.scorecard = seen.scorecard AND next.place = seen.place + 1
JOIN nodes ON nodes.scorecard = seen.scorecard AND nodes.name = seen.name
WHERE place_after IS DISTINCT FROM seen.place + 1;

INSERT INTO measures (node, at, weight, period, target, green_line, red_line, shows_upper_edges)
SELECT id, as_of, weight, period, target, green_line, red_line, shows_upper_edges FROM
    (SELECT *, lag(place) OVER earlier AS place_before, lag(weight) OVER earlier AS weight_before,
            lag(period) OVER earlier AS period_before, lag(target) OVER earlier AS target_before,
            lag(green_line) OVER earlier AS green_before, lag(red_line) OVER earlier AS red_before,
            lag(shows_upper_edges) OVER earlier AS edges_before
     FROM seen WINDOW earlier AS (PARTITION BY scorecard, name ORDER BY place)) AS seen
JOIN nodes ON nodes.scorecard = seen.scorecard AND nodes.name = seen.name
WHERE place_before IS NULL OR weight_before IS DISTINCT FROM weight
   OR period_before IS DISTINCT FROM period OR target_before IS DISTINCT FROM target
   OR green_before IS DISTINCT FROM green_line OR red_before IS DISTINCT FROM red_line
   OR edges_before IS DISTINCT FROM shows_upper_edges;

-- How often a configuration judged otherwise than before is counted as it does.
ALTER TABLE configuration_uses ADD COLUMN verdicts INTEGER NOT NULL DEFAULT 0;

UPDATE configuration_uses SET verdicts = removed +
    (SELECT count(*) FROM snapshots WHERE snapshots.config_hash = configuration_uses.config_hash
     AND as_of >= started_at
     AND as_of < coalesce((SELECT min(later.started_at) FROM configuration_uses AS later
                           WHERE later.started_at > configuration_uses.started_at),
                          9223372036854775807));

ALTER TABLE configuration_uses DROP COLUMN removed;

UPDATE removed SET name = 'verdicts' WHERE name = 'snapshots';

DROP TABLE seen;
DROP TABLE snapshots;
