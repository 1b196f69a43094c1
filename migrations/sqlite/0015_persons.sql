-- A delivery is for a person, who is reached where the configuration says when it leaves; none of a
-- channel that is told itself.
ALTER TABLE deliveries ADD COLUMN person TEXT;
