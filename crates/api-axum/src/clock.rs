//! The system clock behind the domain's clock port.

use std::time::{SystemTime, UNIX_EPOCH};

use auth_domain::model::Timestamp;
use auth_domain::ports::Clock;

/// The time of the operating system. It may step when the system's clock is set.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter that the Clock port is for")]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
        };
        Timestamp::from_micros(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_not_at_the_epoch() {
        assert!(SystemClock.now() > Timestamp::from_secs(1_700_000_000));
    }
}
