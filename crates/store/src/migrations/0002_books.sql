-- Lenders and payments: whose money shall move, to or from which card, once.

CREATE TABLE lenders (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (platform, code)
);

-- `guard` is the business guard: as long as the money of a payment moved, or may still move, its
-- text is there, and no other payment can have the same. Afterwards it is null, and nulls differ.
CREATE TABLE payments (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    lender TEXT NOT NULL REFERENCES lenders (id),
    instrument TEXT NOT NULL REFERENCES instruments (id),
    reference TEXT NOT NULL,
    purpose TEXT NOT NULL,
    guard TEXT UNIQUE,
    amount_fen BIGINT NOT NULL CHECK (amount_fen > 0),
    state TEXT NOT NULL,
    machine TEXT NOT NULL,
    channel TEXT,
    query_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX payments_of_platform ON payments (platform, id);
CREATE INDEX payments_of_reference ON payments (platform, reference, id);
CREATE INDEX payments_of_instrument ON payments (instrument, id);
CREATE INDEX payments_in_question ON payments (channel, state, id)
    WHERE state = 'in_flight' OR state = 'doubtful' OR state = 'review';
