-- The older program does not know the newer reasons.
UPDATE sessions SET end_reason = CASE end_reason WHEN 'limit' THEN 'evicted' ELSE 'logout_all' END
WHERE end_reason NOT IN ('logout', 'logout_all', 'evicted', 'replay');

ALTER TABLE users ALTER COLUMN email_canonical TYPE TEXT COLLATE "default";

ALTER TABLE sessions
    DROP CONSTRAINT sessions_ended_by_check,
    DROP CONSTRAINT sessions_ended_check,
    DROP CONSTRAINT sessions_device_class_check,
    ADD CONSTRAINT sessions_ended_check CHECK ((revoked_at IS NULL) = (end_reason IS NULL)),
    DROP COLUMN ended_by_id,
    DROP COLUMN ended_by,
    DROP COLUMN device_class;
