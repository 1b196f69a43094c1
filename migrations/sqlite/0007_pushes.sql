-- What systems pushed under a key of their own, so that one that asks again is answered the same.
CREATE TABLE pushes (
    connection TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    body       TEXT    NOT NULL, -- SHA-256, in hex
    receipt    TEXT    NOT NULL, -- what was answered, as JSON
    at         INTEGER NOT NULL,
    PRIMARY KEY (connection, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX pushes_at ON pushes (at);
