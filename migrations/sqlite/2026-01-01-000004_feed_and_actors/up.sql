-- The feed also kills what one signing key signed: the subject is a UUID's 16 bytes, or the 32 of a key's thumbprint. SQLite
-- changes no constraint in place, so the table is made anew; the count of numbers goes on where it was.
CREATE TABLE revocations_new (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'user', 'key')),
    CONSTRAINT revocations_subject_check CHECK (length(subject) = CASE kind WHEN 'key' THEN 32 ELSE 16 END),
    CONSTRAINT revocations_expires_at_check CHECK (expires_at >= not_before)
) STRICT;

INSERT INTO revocations_new (seq, kind, subject, not_before, expires_at)
SELECT seq, kind, subject, not_before, expires_at FROM revocations;

DELETE FROM sqlite_sequence WHERE name = 'revocations_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'revocations_new', seq FROM sqlite_sequence WHERE name = 'revocations';

DROP TABLE revocations;
ALTER TABLE revocations_new RENAME TO revocations;

CREATE INDEX revocations_by_expiry ON revocations (expires_at);

-- Events know who made them happen, and since when they are on their way to the webhooks. Those that are there have been
-- told to nobody, and are not told any more.
CREATE TABLE security_events_new (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    user_id BLOB NOT NULL,
    session_id BLOB,
    ip TEXT,
    user_agent TEXT,
    evidence TEXT,
    actor TEXT NOT NULL,
    actor_id BLOB,
    spread_at INTEGER,
    CONSTRAINT security_events_id_check CHECK (length(id) = 16),
    CONSTRAINT security_events_user_id_check CHECK (length(user_id) = 16),
    CONSTRAINT security_events_session_id_check CHECK (length(session_id) = 16),
    CONSTRAINT security_events_kind_check CHECK (length(kind) > 0),
    CONSTRAINT security_events_evidence_check CHECK (length(evidence) > 0),
    CONSTRAINT security_events_actor_check CHECK (
        actor = 'owner' OR (actor = 'admin' AND actor_id IS NOT NULL)
        OR (actor IN ('operator', 'server') AND actor_id IS NULL)
    ),
    CONSTRAINT security_events_actor_id_check CHECK (length(actor_id) = 16)
) STRICT;

INSERT INTO security_events_new (
    id, at, kind, user_id, session_id, ip, user_agent, evidence, actor, actor_id, spread_at
)
SELECT id, at, kind, user_id, session_id, ip, user_agent, evidence, 'server', NULL, at FROM security_events;

DROP TABLE security_events;
ALTER TABLE security_events_new RENAME TO security_events;

CREATE INDEX security_events_to_spread ON security_events (id) WHERE (spread_at IS NULL);
-- For clean-up.
CREATE INDEX security_events_by_time ON security_events (at);
-- Pages of one account's events; an event's id is ordered by its time.
CREATE INDEX security_events_of_user ON security_events (user_id, id);
