//! Durations as operators write them: `15m`, `14d`, `1h 30m`.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Reads a duration within bounds. The error completes "it must be …".
pub(super) fn parse(text: &str, bounds: &RangeInclusive<Duration>) -> Result<Duration, String> {
    let wanted =
        || format!("a duration from {} to {}, such as 30s, 15m or 14d", show(*bounds.start()), show(*bounds.end()));
    humantime::parse_duration(text).ok().filter(|duration| bounds.contains(duration)).ok_or_else(wanted)
}

/// Writes a duration in the largest unit that measures it exactly.
pub(super) fn show(duration: Duration) -> String {
    let (secs, millis) = (duration.as_secs(), duration.as_millis());
    match secs {
        _ if duration.subsec_nanos() != 0 => format!("{millis}ms"),
        0 => "0s".to_owned(),
        _ if secs.is_multiple_of(86_400) => format!("{}d", secs / 86_400),
        _ if secs.is_multiple_of(3_600) => format!("{}h", secs / 3_600),
        _ if secs.is_multiple_of(60) => format!("{}m", secs / 60),
        _ => format!("{secs}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_can_be_written() {
        let bounds = Duration::ZERO..=Duration::MAX;
        for text in ["0s", "250ms", "30s", "90s", "15m", "36h", "14d"] {
            assert_eq!(parse(text, &bounds).map(show).as_deref(), Ok(text));
        }
        assert_eq!(parse("1h 30m", &bounds).map(show).as_deref(), Ok("90m"));
    }

    #[test]
    fn what_is_no_duration_or_out_of_bounds_is_answered_with_an_example() {
        let bounds = Duration::from_secs(10)..=Duration::from_secs(86_400);
        for text in ["", "900", "9s", "25h", "-5m", "quarter"] {
            let error = parse(text, &bounds).unwrap_err();
            assert_eq!(error, "a duration from 10s to 1d, such as 30s, 15m or 14d", "{text}");
        }
    }
}
