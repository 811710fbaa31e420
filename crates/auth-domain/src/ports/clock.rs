//! Time.

use crate::model::Timestamp;

/// Tells the time. A use case asks once and carries the answer.
pub trait Clock: Send + Sync + 'static {
    /// Now, in whole microseconds. It may step back: nothing that is decided may rest on it going forward.
    fn now(&self) -> Timestamp;
}
