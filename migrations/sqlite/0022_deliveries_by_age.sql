-- Deliveries are looked at a page at a time, the newest first.
CREATE INDEX deliveries_written ON deliveries (written_at, id);
