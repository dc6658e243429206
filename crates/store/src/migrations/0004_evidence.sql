-- The evidence log: one leaf for each event, in the one order, and the tree over them.

-- How many leaves the log has. One row: whoever moves it appends.
CREATE TABLE evidence_log (
    name TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL
);
INSERT INTO evidence_log (name, size) VALUES ('evidence', 0);

-- Without its salt a commitment says nothing: erasing the salt erases what was committed to.
CREATE TABLE evidence_leaves (
    position BIGINT NOT NULL PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    salt BYTEA,
    commitment BYTEA NOT NULL
);

-- Up to 256 hashes of a level; the newest of each level still grows.
CREATE TABLE evidence_tiles (
    level BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (level, number)
);

CREATE TABLE evidence_checkpoints (
    size BIGINT NOT NULL PRIMARY KEY,
    note TEXT NOT NULL,
    at BIGINT NOT NULL
);
