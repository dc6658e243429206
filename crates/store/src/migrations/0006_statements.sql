-- Banks' statements (对账单) as a platform imported them. The lines come first; a statement counts
-- from when its own row is there, and has been acted on once `applied_at` is.

CREATE TABLE statements (
    platform TEXT NOT NULL REFERENCES platforms (id),
    channel TEXT NOT NULL,
    merchant TEXT NOT NULL,
    day TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    complete BIGINT NOT NULL,
    line_count BIGINT NOT NULL,
    total_fen BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    applied_at BIGINT,
    PRIMARY KEY (platform, day, channel, merchant, sha256)
);

CREATE TABLE statement_lines (
    platform TEXT NOT NULL REFERENCES platforms (id),
    channel TEXT NOT NULL,
    merchant TEXT NOT NULL,
    day TEXT NOT NULL,
    order_id TEXT NOT NULL,
    txn_time BIGINT NOT NULL,
    movement TEXT NOT NULL,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    query_id TEXT NOT NULL,
    settled_at BIGINT NOT NULL,
    original_order_id TEXT,
    original_txn_time BIGINT,
    PRIMARY KEY (platform, day, channel, merchant, order_id, txn_time, movement)
);
CREATE INDEX statement_lines_of_order ON statement_lines (order_id, txn_time);

CREATE INDEX attempts_of_money ON attempts (channel, merchant, sent_at)
    WHERE operation = 'disburse' OR operation = 'collect';
