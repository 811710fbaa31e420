//! Text for a terminal: colours where they are wanted, times in words, and nothing that the terminal would obey.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use auth_domain::model::Timestamp;
use token_core::{UnixTime, VerifyError};

use crate::failure::{Doing as _, Failure};

/// The three parts of a token, each in its own colour.
pub(super) const HEADER: Style = AnsiColor::Magenta.on_default();
pub(super) const PAYLOAD: Style = AnsiColor::Cyan.on_default();
pub(super) const SIGNATURE: Style = AnsiColor::Yellow.on_default();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// The text in this style. Text of others has to be [`harmless`] before.
pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes to standard output, without styles where no colour is wanted. A reader that has seen enough is no failure.
pub(super) fn print(text: &str, choice: ColorChoice) -> Result<(), Failure> {
    let mut out = AutoStream::new(io::stdout(), choice);
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).doing("write to standard output"),
        _ => Ok(()),
    }
}

/// The text with nothing in it that a terminal obeys, that turns its letters round, or that cannot be seen.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        let hides = matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || hides {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A time as a date, and how far it is from now: as an expiry, a beginning, or merely a time.
pub(super) fn when(claim: &str, time: UnixTime, now: UnixTime) -> String {
    let apart = span(time.as_secs().abs_diff(now.as_secs()));
    let distance = match claim {
        "exp" => expiry(time, now),
        "nbf" if time > now => format!("not valid for another {apart}"),
        "nbf" => format!("valid since {apart}"),
        _ if time == now => "now".to_owned(),
        _ if time > now => format!("in {apart}"),
        _ => format!("{apart} ago"),
    };
    format!("{}, {distance}", date(time))
}

/// "expires in 12 min", "expired 3 d ago".
pub(super) fn expiry(exp: UnixTime, now: UnixTime) -> String {
    let apart = span(exp.as_secs().abs_diff(now.as_secs()));
    if exp > now { format!("expires in {apart}") } else { format!("expired {apart} ago") }
}

/// Why a token is refused, with times in words.
pub(super) fn reason(error: &VerifyError) -> String {
    let apart = |one: UnixTime, other: UnixTime| span(one.as_secs().abs_diff(other.as_secs()));
    match *error {
        VerifyError::Expired { at, now } => format!("it expired {} ago, at {}", apart(at, now), date(at)),
        VerifyError::NotYetValid { from, now } => {
            format!("it is not valid for another {}, before {}", apart(from, now), date(from))
        }
        VerifyError::IssuedInFuture { at, now } => {
            format!("it was issued {} in the future, at {}: check both clocks", apart(at, now), date(at))
        }
        _ => harmless(&error.to_string()),
    }
}

fn date(time: UnixTime) -> String {
    i64::try_from(time.as_secs()).map(Timestamp::from_secs).map(|at| at.to_string()).unwrap_or_default()
}

/// A span in its two largest units.
fn span(secs: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = secs;
    let mut words = Vec::new();
    for (size, unit) in UNITS {
        let count = left / size;
        left %= size;
        if count > 0 {
            words.push(format!("{count} {unit}"));
        } else if !words.is_empty() {
            break;
        }
    }
    words.truncate(2);
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn times_are_told_in_words() {
        for (claim, secs, expected) in [
            ("iat", 1_800_000_000, "2027-01-15T08:00:00Z, now"),
            ("iat", 1_799_996_310, "2027-01-15T06:58:30Z, 1 h 1 min ago"),
            ("auth_time", 1_800_172_800, "2027-01-17T08:00:00Z, in 2 d"),
            ("exp", 1_800_000_720, "2027-01-15T08:12:00Z, expires in 12 min"),
            ("exp", 1_800_172_801, "2027-01-17T08:00:01Z, expires in 2 d"),
            ("exp", 1_800_000_000, "2027-01-15T08:00:00Z, expired 0 s ago"),
            ("exp", 1_799_740_800, "2027-01-12T08:00:00Z, expired 3 d ago"),
            ("nbf", 1_800_000_060, "2027-01-15T08:01:00Z, not valid for another 1 min"),
            ("nbf", 1_799_999_999, "2027-01-15T07:59:59Z, valid since 1 s"),
        ] {
            assert_eq!(when(claim, UnixTime::from_secs(secs), NOW), expected);
        }
    }

    #[test]
    fn a_refusal_for_its_time_says_how_far_off_it_is() {
        let error = VerifyError::Expired { at: UnixTime::from_secs(1_799_740_800), now: NOW };
        assert_eq!(reason(&error), "it expired 3 d ago, at 2027-01-12T08:00:00Z");
    }

    #[test]
    fn what_a_terminal_obeys_and_what_hides_is_escaped() {
        assert_eq!(
            harmless("a\u{1b}[2J\u{9b}31m\u{202e}\u{200b}é\n"),
            "a\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{200b}é\\u{a}"
        );
    }
}
