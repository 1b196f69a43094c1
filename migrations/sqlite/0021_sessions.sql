-- Who is logged in to the board. What a browser holds is nowhere, only its hash.
CREATE TABLE sessions (
    id         BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of what the browser holds
    issuer     TEXT    NOT NULL,             -- who said who it is
    person     TEXT    NOT NULL,             -- what it called them: an e-mail address or a name
    member_of  TEXT    NOT NULL,             -- the groups that it named, as a list in JSON
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL              -- the last request, to a few minutes
) STRICT, WITHOUT ROWID;
