-- What a statement that runs again and again looks for is found by an index, not by reading a table
-- that grows.

-- What else there is of an alert for one reader: asked of every message that is due.
CREATE INDEX deliveries_of_reader ON deliveries (dedup_key, channel, recipient, state);

-- The newest notes.
CREATE INDEX notes_age ON notes (written_at);

-- Misses of the last days, of all KPIs.
CREATE INDEX misses_day ON misses (day);
