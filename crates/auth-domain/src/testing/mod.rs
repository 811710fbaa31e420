//! What tests need: in-memory adapters, a clock that is set by hand, randomness that repeats, and the contract suite.
//!
//! ```
//! use std::sync::Arc;
//! use auth_domain::testing::{ManualClock, MemoryStores};
//! use auth_domain::model::Timestamp;
//!
//! let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000)));
//! let stores = MemoryStores::new().stores();
//! clock.advance(std::time::Duration::from_secs(30));
//! # let _ = stores;
//! ```

mod clock;
pub mod contract;
mod entropy;
mod hasher;
mod mailer;
mod memory;
mod non_atomic;

pub use clock::ManualClock;
pub use entropy::SeededEntropy;
pub use hasher::PlainHasher;
pub use mailer::{RecordingMailer, SentMail};
pub use memory::MemoryStores;
pub use non_atomic::NonAtomicStores;
