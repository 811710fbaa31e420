//! What token-core promises, told as tests. Names that begin with a letter and a number (`j4_…`, `a1_…`) are lines of
//! the security list in the documentation.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod claims;
mod confusion;
mod errors;
mod form;
mod header;
mod import;
mod inspect;
mod interop;
mod key_set;
mod keys;
mod paths;
mod properties;
mod revocation;
mod rfc7520;
mod round_trip;
mod rules;
mod strict;
mod support;
mod tampering;
mod verified_cache;
mod wycheproof;
