-- The revocation feed. A number is never used twice, so a reader can go on from the last one that he saw.
CREATE TABLE revocations (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'user')),
    CONSTRAINT revocations_subject_check CHECK (length(subject) = 16),
    CONSTRAINT revocations_expires_at_check CHECK (expires_at >= not_before)
) STRICT;

CREATE INDEX revocations_by_expiry ON revocations (expires_at);

-- Security events outlive the accounts and sessions that they speak of: no foreign keys.
CREATE TABLE security_events (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    user_id BLOB NOT NULL,
    session_id BLOB,
    ip TEXT,
    user_agent TEXT,
    evidence TEXT,
    CONSTRAINT security_events_id_check CHECK (length(id) = 16),
    CONSTRAINT security_events_user_id_check CHECK (length(user_id) = 16),
    CONSTRAINT security_events_session_id_check CHECK (length(session_id) = 16),
    CONSTRAINT security_events_kind_check CHECK (length(kind) > 0),
    CONSTRAINT security_events_evidence_check CHECK (length(evidence) > 0)
) STRICT;

CREATE INDEX security_events_of_user ON security_events (user_id, at, id);
