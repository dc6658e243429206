-- The encryption certificates that channels sent and that checked: public, and read by every process.
CREATE TABLE certificates (
    channel TEXT NOT NULL,
    serial TEXT NOT NULL,
    pem TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (channel, serial)
);

-- When each channel is to be asked for its certificate. Whoever moves `due_at` asks; until then
-- nobody else does.
CREATE TABLE certificate_renewals (
    channel TEXT NOT NULL PRIMARY KEY,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    renewed_at BIGINT,
    trouble TEXT
);
