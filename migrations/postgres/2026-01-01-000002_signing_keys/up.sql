-- Private signing keys, sealed under a master key. Compared byte by byte, so that every server lists them alike.
CREATE TABLE signing_keys (
    kid TEXT COLLATE "C" PRIMARY KEY,
    algorithm TEXT NOT NULL,
    key_id SMALLINT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT signing_keys_kid_check CHECK (length(kid) BETWEEN 1 AND 255),
    CONSTRAINT signing_keys_algorithm_check CHECK (length(algorithm) > 0),
    CONSTRAINT signing_keys_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT signing_keys_sealed_check CHECK (length(sealed) > 0)
);
