-- The feed also kills what one signing key signed: the subject is a UUID's 16 bytes, or the 32 of a key's thumbprint.
ALTER TABLE revocations
    ALTER COLUMN subject TYPE BYTEA USING uuid_send(subject),
    DROP CONSTRAINT revocations_kind_check,
    ADD CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'user', 'key')),
    ADD CONSTRAINT revocations_subject_check CHECK (length(subject) = CASE kind WHEN 'key' THEN 32 ELSE 16 END);

-- Events know who made them happen, and since when they are on their way to the webhooks. Those that are there have been
-- told to nobody, and are not told any more.
ALTER TABLE security_events
    ADD COLUMN actor TEXT NOT NULL DEFAULT 'server',
    ADD COLUMN actor_id UUID,
    ADD COLUMN spread_at BIGINT;

ALTER TABLE security_events
    ALTER COLUMN actor DROP DEFAULT,
    ADD CONSTRAINT security_events_actor_check CHECK (
        actor = 'owner' OR (actor = 'admin' AND actor_id IS NOT NULL)
        OR (actor IN ('operator', 'server') AND actor_id IS NULL)
    );

UPDATE security_events SET spread_at = at;

CREATE INDEX security_events_to_spread ON security_events (id) WHERE (spread_at IS NULL);
-- For clean-up.
CREATE INDEX security_events_by_time ON security_events (at);
-- Pages of one account's events; an event's id is ordered by its time.
DROP INDEX security_events_of_user;
CREATE INDEX security_events_of_user ON security_events (user_id, id);
