//! How far a reader of the feed has come.

use std::fmt;
use std::str::FromStr;

/// How far a reader has come: the highest number that he has seen, and the ranges below it that he has not.
///
/// Transactions commit out of the order in which they took their numbers, so the highest number alone would skip entries.
/// A cursor means the same on every node. As text it is `130`, or `130~120-124.127` where 120 to 124 and 127 are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    pub(super) reached: i64,
    /// Inclusive, in order, apart from one another, all below `reached`.
    pub(super) missing: Vec<(i64, i64)>,
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor of the revocation feed; leave it out to get a snapshot")]
pub struct InvalidCursor;

impl Cursor {
    /// The most missing ranges that a cursor carries.
    const MOST_MISSING: usize = 256;

    /// Where there are too many ranges, the oldest become one: their reader is told of entries again that he knows.
    pub(super) fn new(reached: i64, mut missing: Vec<(i64, i64)>) -> Self {
        if let Some(surplus) = missing.len().checked_sub(Self::MOST_MISSING).filter(|surplus| *surplus > 0) {
            let merged = missing.drain(..=surplus).reduce(|(start, _), (_, end)| (start, end));
            missing.splice(0..0, merged);
        }
        Self { reached, missing }
    }

    /// Whether a reader who has come this far has seen the number.
    pub(super) fn has_seen(&self, number: i64) -> bool {
        number <= self.reached && !self.missing.iter().any(|(start, end)| (*start..=*end).contains(&number))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reached)?;
        for (n, (start, end)) in self.missing.iter().enumerate() {
            write!(f, "{}{start}", if n == 0 { '~' } else { '.' })?;
            if start != end {
                write!(f, "-{end}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (reached, ranges) = text.split_once('~').map_or((text, None), |(reached, ranges)| (reached, Some(ranges)));
        let reached = number(reached)?;
        let mut missing = Vec::new();
        let mut before = 0;
        for range in ranges.into_iter().flat_map(|ranges| ranges.split('.')) {
            let (start, end) = range.split_once('-').unwrap_or((range, range));
            let (start, end) = (number(start)?, number(end)?);
            if start <= before || end < start || end >= reached || missing.len() == Self::MOST_MISSING {
                return Err(InvalidCursor);
            }
            before = end;
            missing.push((start, end));
        }
        Ok(Self { reached, missing })
    }
}

fn number(text: &str) -> Result<i64, InvalidCursor> {
    let number = if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None };
    number.ok_or(InvalidCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        for text in ["0", "130", "130~125", "130~120-124.127"] {
            assert_eq!(text.parse::<Cursor>().map(|cursor| cursor.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let long = format!("9999~{}", (1..=257).map(|n| (2 * n).to_string()).collect::<Vec<_>>().join("."));
        let texts = ["", "-1", "+1", "x", "1~", "1~1", "5~6", "5~4.3", "5~2-3.3", "5~3-2", "5~0", "5~.", "9~1-2-3"];
        for text in texts.into_iter().chain(["99999999999999999999", &long]) {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }

    #[test]
    fn too_many_ranges_become_fewer_that_hold_them_all() {
        let ranges: Vec<_> = (1..=300).map(|n| (10 * n, 10 * n + 1)).collect();
        let cursor = Cursor::new(5_000, ranges.clone());
        assert_eq!(cursor.missing.len(), Cursor::MOST_MISSING);
        assert!(ranges.iter().all(|(start, end)| !cursor.has_seen(*start) && !cursor.has_seen(*end)));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}
