-- The house at its beginning. One text for every engine: BIGINT holds numbers, moments in
-- milliseconds and versions, TEXT holds ids, names and JSON, BYTEA holds hashes, keyed indexes and
-- sealed bytes. Nothing personal stands here in the clear.

CREATE TABLE commit_marks (
    writer BIGINT NOT NULL PRIMARY KEY,
    batch BIGINT NOT NULL
);

CREATE TABLE platforms (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    stopped_at BIGINT
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    prefix TEXT NOT NULL UNIQUE,
    hash BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX api_keys_of_platform ON api_keys (platform, id);

CREATE TABLE bindings (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    machine TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    card_index BYTEA NOT NULL,
    last4 TEXT NOT NULL CHECK (length(last4) = 4),
    bank_code TEXT,
    card_kind TEXT,
    borrower_ref TEXT,
    channel TEXT NOT NULL,
    session TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX bindings_of_platform ON bindings (platform, id);
CREATE INDEX bindings_of_card ON bindings (card_index, platform, created_at);
CREATE INDEX bindings_of_borrower ON bindings (platform, borrower_ref, created_at);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    borrower_ref TEXT,
    binding TEXT REFERENCES bindings (id),
    prefill_sealed BYTEA,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_of_binding ON sessions (binding);

-- What happened, to whatever it happened: one log for all. A subject's own events replay to its
-- state; `position` is their one order over the whole house, given soon after the commit.
CREATE TABLE events (
    subject TEXT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq > 0),
    id TEXT NOT NULL UNIQUE,
    platform TEXT NOT NULL REFERENCES platforms (id),
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    position BIGINT UNIQUE,
    PRIMARY KEY (subject, seq)
);
CREATE INDEX events_without_position ON events (id) WHERE position IS NULL;
CREATE INDEX events_of_platform ON events (platform, position);

CREATE TABLE attempts (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    subject TEXT NOT NULL,
    operation TEXT NOT NULL,
    state TEXT NOT NULL,
    channel TEXT NOT NULL,
    profile_version TEXT NOT NULL,
    merchant TEXT NOT NULL,
    order_id TEXT NOT NULL,
    txn_time BIGINT NOT NULL,
    card_index BYTEA,
    sent_at BIGINT NOT NULL,
    answered_at BIGINT,
    outcome TEXT,
    code TEXT
);
-- A code and the agreement opened with it share one order identity, and a wrong code is followed by
-- another under the same one; every other order is sent once. Inquiries may repeat: they ask about
-- somebody else's identity.
CREATE UNIQUE INDEX attempts_of_order
    ON attempts (channel, merchant, order_id, txn_time, operation)
    WHERE operation <> 'query_state' AND operation <> 'query_agreement'
        AND operation <> 'open_agreement';
CREATE INDEX attempts_by_order ON attempts (channel, order_id);
CREATE INDEX attempts_of_subject ON attempts (subject, id);
CREATE INDEX attempts_of_card ON attempts (card_index, operation, sent_at);

CREATE TABLE instruments (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    binding TEXT NOT NULL UNIQUE REFERENCES bindings (id),
    borrower_ref TEXT,
    state TEXT NOT NULL,
    machine TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    card_index BYTEA NOT NULL,
    last4 TEXT NOT NULL CHECK (length(last4) = 4),
    bank_code TEXT,
    card_kind TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX instruments_of_platform ON instruments (platform, id);
CREATE INDEX instruments_of_card ON instruments (card_index, platform, state);
CREATE INDEX instruments_of_borrower ON instruments (platform, borrower_ref, id);

CREATE TABLE agreements (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    instrument TEXT NOT NULL REFERENCES instruments (id),
    channel TEXT NOT NULL,
    merchant TEXT NOT NULL,
    state TEXT NOT NULL,
    sealed_token BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    valid_until BIGINT,
    cancelled_at BIGINT
);
CREATE INDEX agreements_of_instrument ON agreements (instrument, id);

CREATE TABLE verifications (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    version BIGINT NOT NULL,
    product TEXT NOT NULL,
    state TEXT NOT NULL,
    machine TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    card_index BYTEA NOT NULL,
    last4 TEXT NOT NULL CHECK (length(last4) = 4),
    bank_code TEXT,
    card_kind TEXT,
    borrower_ref TEXT,
    channel TEXT NOT NULL,
    elements_index BYTEA NOT NULL,
    answered_from TEXT REFERENCES verifications (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX verifications_of_platform ON verifications (platform, id);
CREATE INDEX verifications_of_card ON verifications (card_index, platform, created_at);
CREATE INDEX verifications_of_elements ON verifications (elements_index, platform, id);

-- The texts themselves, whole: without them a hash proves nothing once a recipient has changed. They
-- name the platform and who receives what, never a borrower.
CREATE TABLE consent_texts (
    sha256 TEXT NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    kind TEXT NOT NULL,
    version TEXT NOT NULL,
    lang TEXT NOT NULL,
    body TEXT NOT NULL,
    first_used_at BIGINT NOT NULL
);

CREATE TABLE consents (
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    platform TEXT NOT NULL REFERENCES platforms (id),
    document_version TEXT NOT NULL,
    lang TEXT NOT NULL,
    sha256 TEXT NOT NULL REFERENCES consent_texts (sha256),
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (subject, kind)
);

CREATE TABLE idempotency (
    platform TEXT NOT NULL REFERENCES platforms (id),
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    subject TEXT NOT NULL,
    answer TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (platform, key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE steps (
    id TEXT NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    lease_holder TEXT NOT NULL,
    lease_expiry BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX steps_due ON steps (due_at, id) WHERE done_at IS NULL;
CREATE INDEX steps_of_subject ON steps (subject, id);
