-- The older program trusts every key that is there and may sign with it: what must not sign goes. Sessions that were made under
-- a retired master key must sign in again, unless that key is configured.
DROP TABLE retired_master_keys;

DELETE FROM signing_keys WHERE state IN ('next', 'revoked');

ALTER TABLE signing_keys
    DROP CONSTRAINT signing_keys_state_until_check,
    DROP CONSTRAINT signing_keys_state_since_check,
    DROP CONSTRAINT signing_keys_state_check,
    DROP CONSTRAINT signing_keys_sealed_check,
    ADD CONSTRAINT signing_keys_sealed_check CHECK (length(sealed) > 0),
    DROP COLUMN state_until,
    DROP COLUMN state_since,
    DROP COLUMN state;
