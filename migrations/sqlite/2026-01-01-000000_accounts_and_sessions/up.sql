-- Times are microseconds since the epoch, UTC. Lists of names are kept in one line, separated by spaces. Identifiers are
-- the 16 bytes of a UUID.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_canonical TEXT NOT NULL,
    display_name TEXT,
    roles TEXT NOT NULL,
    password_hash TEXT,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    CONSTRAINT users_email_canonical_key UNIQUE (email_canonical),
    CONSTRAINT users_id_check CHECK (length(id) = 16),
    CONSTRAINT users_email_check CHECK (length(email) BETWEEN 3 AND 254),
    CONSTRAINT users_email_canonical_check CHECK (length(email_canonical) BETWEEN 3 AND 512),
    CONSTRAINT users_display_name_check CHECK (length(display_name) BETWEEN 1 AND 100),
    CONSTRAINT users_password_hash_check CHECK (length(password_hash) BETWEEN 1 AND 1024)
) STRICT;

-- One row a session for its whole life; a refresh updates it in place and touches no index.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    auth_time INTEGER NOT NULL,
    amr TEXT NOT NULL,
    generation INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    nonce BLOB,
    key_id INTEGER NOT NULL,
    attempt_hash BLOB,
    rotated_at INTEGER NOT NULL,
    late_retries INTEGER NOT NULL,
    late_generation INTEGER,
    device_name TEXT,
    ip TEXT,
    user_agent TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    end_reason TEXT,
    CONSTRAINT sessions_id_check CHECK (length(id) = 16),
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
) STRICT;

-- The sessions of an account in the order they were opened: for the list of devices, the limit, and deleting the account.
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
-- For clean-up.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
