-- Agreements and accounts that their platform stated instead of binding them here.

-- One row for each agreement or account, whoever states it: the key is a keyed index of channel,
-- merchant account and agreement number, or of the account. The fingerprint tells the same statement
-- from another one about the same.
CREATE TABLE stated (
    key BYTEA NOT NULL PRIMARY KEY,
    platform TEXT NOT NULL REFERENCES platforms (id),
    fingerprint BYTEA NOT NULL,
    instrument TEXT NOT NULL,
    at BIGINT NOT NULL
);

ALTER TABLE agreements ADD COLUMN token_index BYTEA;
CREATE INDEX agreements_of_token ON agreements (token_index, id) WHERE token_index IS NOT NULL;
CREATE INDEX agreements_of_platform ON agreements (platform, id);
