//! What an operator sees of a running server, and what the server does when more comes than it can take.

mod busy;
mod collector;
mod metrics;
mod page;
mod traces;
