-- As it was before. The older program does not know the newer reasons.
CREATE TABLE sessions_old (
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

INSERT INTO sessions_old (
    id, user_id, client_id, scope, auth_time, amr, generation, token_hash, nonce, key_id, attempt_hash, rotated_at,
    late_retries, late_generation, device_name, ip, user_agent, created_at, last_used_at, idle_expires_at,
    expires_at, revoked_at, end_reason
)
SELECT
    id, user_id, client_id, scope, auth_time, amr, generation, token_hash, nonce, key_id, attempt_hash, rotated_at,
    late_retries, late_generation, device_name, ip, user_agent, created_at, last_used_at, idle_expires_at,
    expires_at, revoked_at,
    CASE
        WHEN end_reason IN ('logout', 'logout_all', 'evicted', 'replay') THEN end_reason
        WHEN end_reason = 'limit' THEN 'evicted'
        WHEN end_reason IS NOT NULL THEN 'logout_all'
    END
FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_old RENAME TO sessions;

-- The sessions of an account in the order they were opened: for the list of devices, the limit, and deleting the account.
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
-- For clean-up.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
