-- An event on its way to an endpoint: one row until it is cleaned up. An event stays for as long as a delivery of it does.
CREATE TABLE webhook_deliveries (
    id UUID PRIMARY KEY,
    event_id UUID NOT NULL REFERENCES security_events (id),
    endpoint TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    done_at BIGINT,
    outcome TEXT,
    last_error TEXT,
    CONSTRAINT webhook_deliveries_event_key UNIQUE (event_id, endpoint),
    CONSTRAINT webhook_deliveries_endpoint_check CHECK (length(endpoint) > 0),
    CONSTRAINT webhook_deliveries_attempts_check CHECK (attempts BETWEEN 0 AND 4294967295),
    CONSTRAINT webhook_deliveries_outcome_check CHECK (outcome IN ('delivered', 'given_up')),
    CONSTRAINT webhook_deliveries_done_check CHECK ((done_at IS NULL) = (outcome IS NULL))
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at, event_id) WHERE (done_at IS NULL);
-- For clean-up.
CREATE INDEX webhook_deliveries_done ON webhook_deliveries (done_at) WHERE (done_at IS NOT NULL);
