-- Who may do what, what is stopped, how much may move.

-- Each turn of a stop switch, in order; only ever added to. The newest turn of a switch is how it
-- stands, for every process on this database at once.
CREATE TABLE stop_turns (
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    seq BIGINT NOT NULL,
    stopped BIGINT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (scope, target, seq)
);
