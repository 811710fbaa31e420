-- Times are microseconds since the epoch, UTC. Lists of names are kept in one line, separated by spaces.

CREATE TABLE users (
    id UUID PRIMARY KEY,
    email TEXT NOT NULL,
    email_canonical TEXT NOT NULL,
    display_name TEXT,
    roles TEXT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    CONSTRAINT users_email_canonical_key UNIQUE (email_canonical),
    CONSTRAINT users_email_check CHECK (length(email) BETWEEN 3 AND 254),
    CONSTRAINT users_email_canonical_check CHECK (length(email_canonical) BETWEEN 3 AND 512),
    CONSTRAINT users_display_name_check CHECK (length(display_name) BETWEEN 1 AND 100),
    CONSTRAINT users_password_hash_check CHECK (length(password_hash) BETWEEN 1 AND 1024)
);

-- One row a session for its whole life; a refresh updates it in place. No column that a refresh changes has an index, so
-- that PostgreSQL can keep such updates on the row's own page (HOT), for which the fill factor leaves room.
CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    amr TEXT NOT NULL,
    generation BIGINT NOT NULL,
    token_hash BYTEA NOT NULL,
    nonce BYTEA,
    key_id SMALLINT NOT NULL,
    attempt_hash BYTEA,
    rotated_at BIGINT NOT NULL,
    late_retries BIGINT NOT NULL,
    late_generation BIGINT,
    device_name TEXT,
    ip TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    end_reason TEXT,
    CONSTRAINT sessions_client_id_check CHECK (length(client_id) > 0),
    CONSTRAINT sessions_generation_check CHECK (generation BETWEEN 0 AND 4294967295),
    CONSTRAINT sessions_token_hash_check CHECK (length(token_hash) = 32),
    CONSTRAINT sessions_nonce_check CHECK (length(nonce) = 32),
    CONSTRAINT sessions_nonce_generation_check CHECK ((nonce IS NULL) = (generation = 0)),
    CONSTRAINT sessions_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT sessions_attempt_hash_check CHECK (length(attempt_hash) = 32),
    CONSTRAINT sessions_late_retries_check CHECK (late_retries BETWEEN 0 AND 4294967295),
    CONSTRAINT sessions_late_generation_check CHECK (late_generation BETWEEN 0 AND 4294967295),
    CONSTRAINT sessions_idle_expires_at_check CHECK (idle_expires_at > created_at),
    CONSTRAINT sessions_expires_at_check CHECK (expires_at > created_at),
    CONSTRAINT sessions_end_reason_check CHECK (length(end_reason) > 0),
    CONSTRAINT sessions_ended_check CHECK ((revoked_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);

-- The sessions of an account in the order they were opened: for the list of devices, the limit, and deleting the account.
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
-- For clean-up.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
