-- Signing keys have a life: next (published, signs nothing yet), active (signs), retired (verifies until the last token that it
-- signed has expired), revoked (its tokens are refused, and its private half is gone). Those that are there sign. SQLite changes
-- no constraint in place, so the table is made anew.
CREATE TABLE signing_keys_new (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_since INTEGER,
    state_until INTEGER,
    CONSTRAINT signing_keys_kid_check CHECK (length(kid) BETWEEN 1 AND 255),
    CONSTRAINT signing_keys_algorithm_check CHECK (length(algorithm) > 0),
    CONSTRAINT signing_keys_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT signing_keys_sealed_check CHECK (length(sealed) > 0 OR state = 'revoked'),
    CONSTRAINT signing_keys_state_check CHECK (state IN ('next', 'active', 'retired', 'revoked')),
    CONSTRAINT signing_keys_state_since_check CHECK ((state_since IS NULL) = (state = 'next')),
    CONSTRAINT signing_keys_state_until_check CHECK ((state_until IS NULL) = (state IN ('next', 'active')))
) STRICT;

INSERT INTO signing_keys_new (kid, algorithm, key_id, sealed, created_at, state, state_since, state_until)
SELECT kid, algorithm, key_id, sealed, created_at, 'active', created_at, NULL FROM signing_keys;

DROP TABLE signing_keys;
ALTER TABLE signing_keys_new RENAME TO signing_keys;

-- What refreshing needs of master keys that are not configured any more, sealed under another.
CREATE TABLE retired_master_keys (
    id INTEGER NOT NULL PRIMARY KEY,
    key_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    retired_at INTEGER NOT NULL,
    CONSTRAINT retired_master_keys_id_check CHECK (id BETWEEN 0 AND 255),
    CONSTRAINT retired_master_keys_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT retired_master_keys_sealed_check CHECK (length(sealed) > 0)
) STRICT;
