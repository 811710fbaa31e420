//! Points in time as tokens carry them: whole seconds since the Unix epoch.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z (RFC 7519 §2 `NumericDate`, without fractions).
///
/// Never more than 2^53, the largest integer that every JSON reader keeps exactly. Arithmetic saturates at both ends,
/// so no time that came from outside can overflow. The crate has no clock: every function that needs "now" takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

/// A number of seconds above 2^53 was offered as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time must be at most 2^53 seconds, the largest integer that JSON keeps exactly")]
pub struct TimeOutOfRange;

impl UnixTime {
    /// The latest time there is, 2^53 seconds.
    pub const MAX: Self = Self(1 << 53);

    /// The time `secs` seconds after the epoch; anything later than [`UnixTime::MAX`] becomes it.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        if secs > Self::MAX.0 { Self::MAX } else { Self(secs) }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// `secs` seconds later, at most [`UnixTime::MAX`].
    #[must_use]
    pub const fn saturating_add_secs(self, secs: u64) -> Self {
        Self::from_secs(self.0.saturating_add(secs))
    }

    /// `secs` seconds earlier, at least the epoch.
    #[must_use]
    pub const fn saturating_sub_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_sub(secs))
    }
}

impl TryFrom<u64> for UnixTime {
    type Error = TimeOutOfRange;

    fn try_from(secs: u64) -> Result<Self, TimeOutOfRange> {
        if secs > Self::MAX.0 { Err(TimeOutOfRange) } else { Ok(Self(secs)) }
    }
}

impl fmt::Display for UnixTime {
    /// The seconds, as in a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(u64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
