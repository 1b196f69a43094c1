-- Keys that kpid made for itself. They leave the store only in a backup.
CREATE TABLE keys (
    name    TEXT    NOT NULL PRIMARY KEY,
    secret  TEXT    NOT NULL, -- 32 bytes, in hex
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
