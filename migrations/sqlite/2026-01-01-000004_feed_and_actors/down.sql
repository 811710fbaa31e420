-- As it was before. The older program knows neither revoked keys nor the newer kinds of events: these rows go.
CREATE TABLE revocations_old (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'user')),
    CONSTRAINT revocations_subject_check CHECK (length(subject) = 16),
    CONSTRAINT revocations_expires_at_check CHECK (expires_at >= not_before)
) STRICT;

INSERT INTO revocations_old (seq, kind, subject, not_before, expires_at)
SELECT seq, kind, subject, not_before, expires_at FROM revocations WHERE kind <> 'key';

DELETE FROM sqlite_sequence WHERE name = 'revocations_old';
INSERT INTO sqlite_sequence (name, seq) SELECT 'revocations_old', seq FROM sqlite_sequence WHERE name = 'revocations';

DROP TABLE revocations;
ALTER TABLE revocations_old RENAME TO revocations;

CREATE INDEX revocations_by_expiry ON revocations (expires_at);

CREATE TABLE security_events_old (
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

INSERT INTO security_events_old (id, at, kind, user_id, session_id, ip, user_agent, evidence)
SELECT id, at, kind, user_id, session_id, ip, user_agent, evidence FROM security_events
WHERE kind IN ('refresh_replayed', 'refresh_diverged');

DROP TABLE security_events;
ALTER TABLE security_events_old RENAME TO security_events;

CREATE INDEX security_events_of_user ON security_events (user_id, at, id);
