//! Sizes of what the feed carries and keeps. The scenario `cost` measures the real ones against these.

/// An entry of a session in the JSON of `/v1/revocations`, with the comma after it, at most: numbers grow.
pub(crate) const FEED_ENTRY_BYTES: u32 = 140;

/// An entry of a session in a `RevocationSet`, with the room between entries, at most.
pub(crate) const SET_ENTRY_BYTES: u32 = 32;
