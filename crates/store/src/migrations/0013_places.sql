-- What waits for its place in the one order. SQLite takes `position IS NULL` for a search in the
-- unique index of positions, expects one row there, and finds everything that waits, for each of
-- them again. This expression is in no other index, so there is one way to read it.
DROP INDEX events_without_position;
CREATE INDEX events_unplaced ON events (id) WHERE COALESCE(position, 0) = 0;

-- Nobody looks in a platform's order for what has no place in it.
DROP INDEX events_of_platform;
CREATE INDEX events_of_platform ON events (platform, position) WHERE position IS NOT NULL;
