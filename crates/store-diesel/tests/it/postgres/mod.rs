//! What PostgreSQL alone can do to us.

mod conflicts;
mod contract;
mod outages;
mod proxy;
mod round_trip;
