//! The HTTP interface as a specification: each route, what holds for all of them, and the main job on every store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod main_job;
mod routes;
mod support;
