-- The older program knows neither revoked keys nor the newer kinds of events: these rows go.
DELETE FROM revocations WHERE kind = 'key';
DELETE FROM security_events WHERE kind NOT IN ('refresh_replayed', 'refresh_diverged');

DROP INDEX security_events_of_user;
DROP INDEX security_events_by_time;
DROP INDEX security_events_to_spread;

ALTER TABLE security_events
    DROP CONSTRAINT security_events_actor_check,
    DROP COLUMN spread_at,
    DROP COLUMN actor_id,
    DROP COLUMN actor;

CREATE INDEX security_events_of_user ON security_events (user_id, at, id);

ALTER TABLE revocations
    DROP CONSTRAINT revocations_subject_check,
    DROP CONSTRAINT revocations_kind_check,
    ALTER COLUMN subject TYPE UUID USING encode(subject, 'hex')::UUID,
    ADD CONSTRAINT revocations_kind_check CHECK (kind IN ('session', 'user'));
