-- Signing keys have a life: next (published, signs nothing yet), active (signs), retired (verifies until the last token that it
-- signed has expired), revoked (its tokens are refused, and its private half is gone). Those that are there sign.
ALTER TABLE signing_keys
    ADD COLUMN state TEXT NOT NULL DEFAULT 'active',
    ADD COLUMN state_since BIGINT,
    ADD COLUMN state_until BIGINT;

UPDATE signing_keys SET state_since = created_at;

ALTER TABLE signing_keys
    ALTER COLUMN state DROP DEFAULT,
    DROP CONSTRAINT signing_keys_sealed_check,
    ADD CONSTRAINT signing_keys_sealed_check CHECK (length(sealed) > 0 OR state = 'revoked'),
    ADD CONSTRAINT signing_keys_state_check CHECK (state IN ('next', 'active', 'retired', 'revoked')),
    ADD CONSTRAINT signing_keys_state_since_check CHECK ((state_since IS NULL) = (state = 'next')),
    ADD CONSTRAINT signing_keys_state_until_check CHECK ((state_until IS NULL) = (state IN ('next', 'active')));

-- What refreshing needs of master keys that are not configured any more, sealed under another.
CREATE TABLE retired_master_keys (
    id SMALLINT PRIMARY KEY,
    key_id SMALLINT NOT NULL,
    sealed BYTEA NOT NULL,
    retired_at BIGINT NOT NULL,
    CONSTRAINT retired_master_keys_id_check CHECK (id BETWEEN 0 AND 255),
    CONSTRAINT retired_master_keys_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT retired_master_keys_sealed_check CHECK (length(sealed) > 0)
);
