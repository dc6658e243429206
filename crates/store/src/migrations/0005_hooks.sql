-- Where platforms want to be told, and whether they were.

-- `sealed` holds the secret and, while `old_secret_until` lasts, the one before it.
CREATE TABLE endpoints (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    url TEXT NOT NULL,
    event_types TEXT NOT NULL,
    description TEXT NOT NULL,
    lang TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    secret_at BIGINT NOT NULL,
    old_secret_until BIGINT,
    failing_since BIGINT,
    disabled_at BIGINT,
    disabled_why TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX endpoints_of_platform ON endpoints (platform, id);

-- One event on its way to one endpoint. `step` is the step that carries it now.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    endpoint TEXT NOT NULL REFERENCES endpoints (id),
    event TEXT NOT NULL,
    event_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    seq BIGINT NOT NULL,
    position BIGINT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    step TEXT NOT NULL,
    status BIGINT,
    error TEXT,
    tried_at BIGINT,
    next_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (endpoint, event)
);
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint, id);
CREATE INDEX deliveries_by_age ON deliveries (created_at);

-- How far the events were handed to the endpoints. One row: whoever moves it hands them out.
CREATE TABLE hand_outs (
    name TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);
INSERT INTO hand_outs (name, position) VALUES ('endpoints', 0);

-- Steps that wait for a platform's endpoint (lane 1) keep nothing waiting that is about money.
ALTER TABLE steps ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
DROP INDEX steps_due;
CREATE INDEX steps_due ON steps (lane, due_at, id) WHERE done_at IS NULL;
