-- API keys without their secrets, of which only SHA-256 is kept.
CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    CONSTRAINT api_keys_id_check CHECK (length(id) = 16),
    CONSTRAINT api_keys_name_check CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_secret_hash_check CHECK (length(secret_hash) = 32)
) STRICT;
