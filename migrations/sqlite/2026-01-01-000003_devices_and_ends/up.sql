-- Sessions know the class of their device, and who ended them: an owner (by the session of his), an admin (by his account),
-- an operator on the command line, or the server. SQLite changes no constraint in place, so the table is made anew.
CREATE TABLE sessions_new (
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
    device_class TEXT NOT NULL,
    ended_by TEXT,
    ended_by_id BLOB,
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
    CONSTRAINT sessions_device_class_check CHECK (device_class IN ('web', 'mobile', 'desktop', 'cli')),
    CONSTRAINT sessions_ended_check CHECK (
        (revoked_at IS NULL) = (end_reason IS NULL) AND (revoked_at IS NULL) = (ended_by IS NULL)
        AND (revoked_at IS NOT NULL OR ended_by_id IS NULL)
    ),
    CONSTRAINT sessions_ended_by_check CHECK (
        ended_by IS NULL OR ended_by = 'owner' OR (ended_by = 'admin' AND ended_by_id IS NOT NULL)
        OR (ended_by IN ('operator', 'server') AND ended_by_id IS NULL)
    ),
    CONSTRAINT sessions_ended_by_id_check CHECK (length(ended_by_id) = 16)
) STRICT;

INSERT INTO sessions_new (
    id, user_id, client_id, scope, auth_time, amr, generation, token_hash, nonce, key_id, attempt_hash, rotated_at,
    late_retries, late_generation, device_name, ip, user_agent, created_at, last_used_at, idle_expires_at,
    expires_at, revoked_at, end_reason, device_class, ended_by, ended_by_id
)
SELECT
    id, user_id, client_id, scope, auth_time, amr, generation, token_hash, nonce, key_id, attempt_hash, rotated_at,
    late_retries, late_generation, device_name, ip, user_agent, created_at, last_used_at, idle_expires_at,
    expires_at, revoked_at,
    CASE end_reason WHEN 'ended_by_owner' THEN 'logout' ELSE end_reason END, 'web',
    CASE WHEN revoked_at IS NULL THEN NULL WHEN end_reason IN ('evicted', 'replay') THEN 'server' ELSE 'owner' END, NULL
FROM sessions;

DROP TABLE sessions;
ALTER TABLE sessions_new RENAME TO sessions;

-- The sessions of an account in the order they were opened: for the list of devices, the limit, and deleting the account.
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
-- For clean-up.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Addresses are found by how they begin, and come in the order of their bytes: the index of the unique constraint serves both.
