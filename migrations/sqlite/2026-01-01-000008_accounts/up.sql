-- Accounts know the language of their mails, since when it is known that their owner reads them, and when their password was
-- last set. Of those that are there nothing of this is known; their mails are in English. SQLite takes no default back, so it stays
-- on both engines.
ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT 'en'
    CONSTRAINT users_locale_check CHECK (length(locale) BETWEEN 1 AND 35);
ALTER TABLE users ADD COLUMN email_verified_at INTEGER;
ALTER TABLE users ADD COLUMN password_changed_at INTEGER;

-- Events say more, by kind.
ALTER TABLE security_events ADD COLUMN detail TEXT
    CONSTRAINT security_events_detail_check CHECK (length(detail) <= 300);

-- One-time tokens without their secrets, of which only SHA-256 is kept; sealed ones until they are mailed. A mail is due while
-- `mail_due_at` says when.
CREATE TABLE one_time_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL,
    bound_to INTEGER,
    email TEXT,
    key_id INTEGER,
    sealed BLOB,
    mail_kind TEXT,
    mail_locale TEXT,
    mail_attempts INTEGER,
    mail_due_at INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT one_time_tokens_id_check CHECK (length(id) = 16),
    CONSTRAINT one_time_tokens_user_id_check CHECK (length(user_id) = 16),
    CONSTRAINT one_time_tokens_purpose_check CHECK (length(purpose) > 0),
    CONSTRAINT one_time_tokens_secret_hash_check CHECK (length(secret_hash) = 32),
    CONSTRAINT one_time_tokens_email_check CHECK (length(email) BETWEEN 3 AND 254),
    CONSTRAINT one_time_tokens_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT one_time_tokens_sealed_check CHECK (length(sealed) > 0),
    CONSTRAINT one_time_tokens_sealed_key_id_check CHECK ((sealed IS NULL) = (key_id IS NULL)),
    CONSTRAINT one_time_tokens_mail_kind_check CHECK (length(mail_kind) > 0),
    CONSTRAINT one_time_tokens_mail_locale_check CHECK (length(mail_locale) BETWEEN 1 AND 35),
    CONSTRAINT one_time_tokens_mail_attempts_check CHECK (mail_attempts BETWEEN 0 AND 4294967295),
    CONSTRAINT one_time_tokens_mail_check CHECK (
        (mail_kind IS NULL) = (mail_locale IS NULL) AND (mail_kind IS NULL) = (mail_attempts IS NULL)
        AND (mail_kind IS NOT NULL OR mail_due_at IS NULL)
    ),
    CONSTRAINT one_time_tokens_expires_at_check CHECK (expires_at > created_at)
) STRICT;

-- Those of an account that a later one takes the place of.
CREATE INDEX one_time_tokens_of_user ON one_time_tokens (user_id, purpose);
CREATE INDEX one_time_tokens_due ON one_time_tokens (mail_due_at, id) WHERE (mail_due_at IS NOT NULL);
-- For clean-up.
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

-- Apps for one-time passwords, their secrets sealed under a master key. One counts once it is confirmed.
CREATE TABLE totp (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    key_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER NOT NULL,
    CONSTRAINT totp_user_id_check CHECK (length(user_id) = 16),
    CONSTRAINT totp_key_id_check CHECK (key_id BETWEEN 0 AND 255),
    CONSTRAINT totp_sealed_check CHECK (length(sealed) > 0),
    CONSTRAINT totp_last_step_check CHECK (last_step >= 0)
) STRICT;

-- SHA-256 of the recovery codes that were not used yet.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (user_id, hash),
    CONSTRAINT recovery_codes_user_id_check CHECK (length(user_id) = 16),
    CONSTRAINT recovery_codes_hash_check CHECK (length(hash) = 32)
) STRICT;

-- Passkeys: public key and counter are in `data`. A credential id has at most 1023 bytes (WebAuthn Level 3, §4).
CREATE TABLE passkeys (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL,
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    CONSTRAINT passkeys_id_check CHECK (length(id) = 16),
    CONSTRAINT passkeys_user_id_check CHECK (length(user_id) = 16),
    CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id),
    CONSTRAINT passkeys_credential_id_check CHECK (length(credential_id) BETWEEN 1 AND 1023),
    CONSTRAINT passkeys_name_check CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT passkeys_data_check CHECK (length(data) > 0)
) STRICT;

CREATE INDEX passkeys_of_user ON passkeys (user_id, created_at, id);

-- Failed attempts, by the hash of what they are counted against: there need be no account.
CREATE TABLE login_throttle (
    key BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    CONSTRAINT login_throttle_key_check CHECK (length(key) = 16),
    CONSTRAINT login_throttle_failures_check CHECK (failures BETWEEN 0 AND 4294967295)
) STRICT;
