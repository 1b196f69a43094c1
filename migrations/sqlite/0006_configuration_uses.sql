-- Which configuration judged, from when on; a row for each change, also for a change back.
CREATE TABLE configuration_uses (
    started_at INTEGER NOT NULL PRIMARY KEY,
    digest     TEXT    NOT NULL,
    kpis       TEXT -- its KPIs as a JSON list, where that was noted
) STRICT, WITHOUT ROWID;

INSERT INTO configuration_uses (started_at, digest)
SELECT first_used_at, max(digest) FROM configurations GROUP BY first_used_at;

DROP TABLE configurations;
