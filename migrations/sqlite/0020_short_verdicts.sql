-- A verdict in half the bytes: its word by number, and its score in ten-thousandths, which read as the
-- score did. Of one within half a hair of an edge the next lower is kept.
CREATE TABLE short_verdicts (
    node     INTEGER NOT NULL REFERENCES nodes (id),
    at       INTEGER NOT NULL,
    status   INTEGER, -- 0 on track, 1 at risk, 2 off track, 3 no data, 4 pending, 5 not scored; none: it is not in the tree
    score    INTEGER, -- in ten-thousandths
    coverage REAL,
    PRIMARY KEY (node, at)
) STRICT, WITHOUT ROWID;

INSERT INTO short_verdicts (node, at, status, score, coverage)
SELECT node, at,
       CASE WHEN status IS NULL THEN NULL
            ELSE coalesce((SELECT key FROM json_each('["on_track", "at_risk", "off_track", "no_data", "pending", "not_scored"]')
                           WHERE value = status), -1)
       END,
       -- One decimal is shown, half up, and none of a band that it has missed.
       nearest - (nearest / 10000.0 > score
                  AND (CAST(nearest / 10000.0 * 10 + 0.5 AS INTEGER) <> CAST(score * 10 + 0.5 AS INTEGER)
                       OR nearest IN (400000, 700000) AND score < nearest / 10000.0 * (1 - 1e-9))),
       coverage
FROM (SELECT *, CAST(round(score * 10000) AS INTEGER) AS nearest FROM verdicts)
ORDER BY node, at;

DROP TABLE verdicts;

ALTER TABLE short_verdicts RENAME TO verdicts;
