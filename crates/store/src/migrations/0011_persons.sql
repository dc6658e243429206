-- Persons of the house, what a second one decides, limits, and money given back.

CREATE TABLE principals (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    roles TEXT NOT NULL,
    prefix TEXT NOT NULL UNIQUE,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- What one person proposes another decides; the table itself refuses that it is the same one.
CREATE TABLE approvals (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    what TEXT NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL,
    proposed_by TEXT NOT NULL REFERENCES principals (id),
    proposed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT REFERENCES principals (id),
    decided_at BIGINT,
    CHECK (state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> proposed_by))
);
CREATE UNIQUE INDEX approvals_open ON approvals (kind, about) WHERE state = 'open';

-- Each change of a limit is a row, only ever added; the newest is in force.
CREATE TABLE limits (
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    payment_kind TEXT NOT NULL,
    seq BIGINT NOT NULL,
    payment_fen BIGINT,
    card_day_fen BIGINT,
    day_fen BIGINT,
    month_fen BIGINT,
    approval TEXT NOT NULL REFERENCES approvals (id),
    at BIGINT NOT NULL,
    PRIMARY KEY (scope, target, payment_kind, seq)
);

ALTER TABLE attempts ADD COLUMN amount_fen BIGINT;
-- A reversal goes under the order that it reverses, and what never left is tried again under it.
DROP INDEX attempts_of_order;
CREATE UNIQUE INDEX attempts_of_order
    ON attempts (channel, merchant, order_id, txn_time, operation)
    WHERE operation <> 'query_state' AND operation <> 'query_agreement'
        AND operation <> 'open_agreement' AND operation <> 'reverse';
ALTER TABLE payments ADD COLUMN original TEXT REFERENCES payments (id);
CREATE INDEX payments_of_original ON payments (original, id) WHERE original IS NOT NULL;
CREATE INDEX payments_unsent ON payments (id) 
    WHERE state = 'accepted' OR state = 'waiting' OR state = 'awaiting_code';
CREATE INDEX statement_lines_of_day ON statement_lines (day, order_id);
CREATE INDEX payments_in_review ON payments (id) WHERE state = 'review';
CREATE INDEX payments_held ON payments (channel, id) WHERE state = 'refused' AND guard IS NOT NULL;
DROP INDEX attempts_of_money;
CREATE INDEX attempts_of_money ON attempts (channel, merchant, sent_at)
    WHERE operation = 'disburse' OR operation = 'collect' OR operation = 'refund'
        OR operation = 'undo' OR operation = 'reverse';

-- What was moved under a limit so far, in a calendar day or month.
CREATE TABLE spent (
    budget TEXT NOT NULL,
    key BYTEA NOT NULL,
    period TEXT NOT NULL,
    fen BIGINT NOT NULL CHECK (fen >= 0),
    began_at BIGINT NOT NULL,
    PRIMARY KEY (budget, key, period)
);
CREATE INDEX spent_by_age ON spent (began_at);

-- When the database was found to be older than what was sent: it was restored from a backup.
CREATE TABLE restores (
    found_at BIGINT NOT NULL PRIMARY KEY,
    known_until BIGINT NOT NULL,
    missing TEXT NOT NULL,
    released_at BIGINT,
    released_by TEXT
);

-- What an operator says that a merchant account holds; the newest is counted from.
CREATE TABLE balances (
    channel TEXT NOT NULL,
    seq BIGINT NOT NULL,
    balance_fen BIGINT NOT NULL CHECK (balance_fen >= 0),
    alarm_fen BIGINT NOT NULL CHECK (alarm_fen >= 0),
    who TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (channel, seq)
);

-- What may be collected from a bound card: each statement is a row, only ever added; the newest is in
-- force.
CREATE TABLE mandates (
    instrument TEXT NOT NULL REFERENCES instruments (id),
    seq BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL REFERENCES platforms (id),
    payee TEXT NOT NULL,
    purpose TEXT NOT NULL,
    cycle TEXT,
    payment_fen BIGINT CHECK (payment_fen > 0),
    valid_until BIGINT,
    consent_sha256 TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    ended_at BIGINT,
    stated_at BIGINT NOT NULL,
    PRIMARY KEY (instrument, seq)
);
