//! The HTTP interface as a specification: each route, what holds for all of them, and the main job on every store.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod embedding;
mod end_to_end;
mod guard;
mod main_job;
mod programs;
mod routes;
mod support;
