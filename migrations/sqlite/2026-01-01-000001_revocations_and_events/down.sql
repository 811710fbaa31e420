DROP TABLE security_events;
DROP TABLE revocations;
