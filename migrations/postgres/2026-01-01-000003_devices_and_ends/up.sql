-- Sessions know the class of their device, and who ended them: an owner (by the session of his), an admin (by his account),
-- an operator on the command line, or the server.
ALTER TABLE sessions
    ADD COLUMN device_class TEXT NOT NULL DEFAULT 'web',
    ADD COLUMN ended_by TEXT,
    ADD COLUMN ended_by_id UUID;

ALTER TABLE sessions ALTER COLUMN device_class DROP DEFAULT;

UPDATE sessions SET
    end_reason = CASE end_reason WHEN 'ended_by_owner' THEN 'logout' ELSE end_reason END,
    ended_by = CASE WHEN end_reason IN ('evicted', 'replay') THEN 'server' ELSE 'owner' END
WHERE revoked_at IS NOT NULL;

ALTER TABLE sessions
    DROP CONSTRAINT sessions_ended_check,
    ADD CONSTRAINT sessions_device_class_check CHECK (device_class IN ('web', 'mobile', 'desktop', 'cli')),
    ADD CONSTRAINT sessions_ended_check CHECK (
        (revoked_at IS NULL) = (end_reason IS NULL) AND (revoked_at IS NULL) = (ended_by IS NULL)
        AND (revoked_at IS NOT NULL OR ended_by_id IS NULL)
    ),
    ADD CONSTRAINT sessions_ended_by_check CHECK (
        ended_by IS NULL OR ended_by = 'owner' OR (ended_by = 'admin' AND ended_by_id IS NOT NULL)
        OR (ended_by IN ('operator', 'server') AND ended_by_id IS NULL)
    );

-- Addresses are found by how they begin, and come in the order of their bytes: the index of the unique constraint serves
-- both, once it compares bytes.
ALTER TABLE users ALTER COLUMN email_canonical TYPE TEXT COLLATE "C";
