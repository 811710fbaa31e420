//! The revocation feed: what every node and every resource server must know within a second, with nothing skipped.
//!
//! Entries are numbered when they are written and seen when they are committed, which is another order. A reader who asked
//! only for what lies beyond the highest number that he saw would skip the entry of a slow transaction, and a stolen token
//! would live. So a reader remembers which numbers below it he has not seen, and asks for these too, for as long as a
//! transaction can last.

mod cursor;
mod log;

pub use cursor::{Cursor, InvalidCursor};
pub use log::{FeedLog, Question};
