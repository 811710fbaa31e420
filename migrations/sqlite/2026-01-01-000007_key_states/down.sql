-- The older program trusts every key that is there and may sign with it: what must not sign goes. Sessions that were made under
-- a retired master key must sign in again, unless that key is configured.
DROP TABLE retired_master_keys;

CREATE TABLE signing_keys_old (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT signing_keys_kid_check CHECK (length(kid) BETWEEN 1 AND 255),
    CONSTRAINT signing_keys_algorithm_check CHECK (length(algorithm) > 0),
    CONSTRAINT signing_keys_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT signing_keys_sealed_check CHECK (length(sealed) > 0)
) STRICT;

INSERT INTO signing_keys_old (kid, algorithm, key_id, sealed, created_at)
SELECT kid, algorithm, key_id, sealed, created_at FROM signing_keys WHERE state NOT IN ('next', 'revoked');

DROP TABLE signing_keys;
ALTER TABLE signing_keys_old RENAME TO signing_keys;
