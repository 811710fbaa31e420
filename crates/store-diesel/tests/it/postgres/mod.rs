//! What PostgreSQL alone can do to us.

mod conflicts;
mod contract;
mod feed;
mod outages;
mod proxy;
mod round_trip;
mod throttle;
mod webhooks;
