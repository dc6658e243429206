-- How often something happened within a window: counted by the units that do it, so that no process
-- forgets or counts alone. `key` is a keyed index. A row whose window is over says nothing.
CREATE TABLE quotas (
    quota TEXT NOT NULL,
    key BYTEA NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (quota, key)
);
CREATE INDEX quotas_by_end ON quotas (ends_at);
