//! What PostgreSQL alone can do to us.

mod conflicts;
mod contract;
mod encryption;
mod feed;
mod outages;
mod plans;
mod proxy;
mod round_trip;
mod throttle;
mod webhooks;
