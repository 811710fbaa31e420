//! `jeton inspect`: what a token says, in words.

use std::fmt::Write as _;
use std::io::{self, Read as _};

use api_axum::SystemClock;
use auth_domain::model::Timestamp;
use auth_domain::ports::Clock as _;
use serde_json::Value;
use token_core::{ExplainedMember, InspectedPart, Inspection, MAX_TOKEN_LEN, UnixTime, inspect};

use super::print;
use crate::failure::{Doing as _, Failure};

const WARNING: &str = "Nothing here was verified: anyone may have written this token.";

pub(super) fn run(token: &str, json: bool) -> Result<(), Failure> {
    let read;
    let token = if token == "-" {
        read = from_stdin()?;
        read.trim()
    } else {
        token.trim()
    };
    let inspection = inspect(token);
    print(&if json { as_json(&inspection)? } else { in_words(&inspection, SystemClock.now().unix()) })?;
    // The answer says what is wrong; only the exit code is left to set.
    if inspection.problems.is_empty() { Ok(()) } else { Err(Failure::new("")) }
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    // One more than any verifier reads, and room for white space around it.
    let most = MAX_TOKEN_LEN as u64 + 1_024;
    io::stdin().lock().take(most).read_to_string(&mut text).doing("read the token from standard input")?;
    Ok(text)
}

fn as_json(inspection: &Inspection) -> Result<String, Failure> {
    let mut value = serde_json::to_value(inspection).doing("write JSON")?;
    if let Some(members) = value.as_object_mut() {
        members.insert("verified".to_owned(), Value::Bool(false));
    }
    serde_json::to_string_pretty(&value).map(|text| text + "\n").doing("write JSON")
}

fn in_words(inspection: &Inspection, now: UnixTime) -> String {
    let mut text = format!("{WARNING}\n");
    part(&mut text, "Header", &inspection.header, now);
    part(&mut text, "Payload", &inspection.payload, now);
    let signature = match (inspection.signature.length, &inspection.signature.problem) {
        (Some(bytes), _) => format!("{bytes} bytes, not checked"),
        (None, problem) => problem.clone().unwrap_or_default(),
    };
    push(&mut text, &format!("\nSignature\n  {signature}\n"));
    if inspection.problems.is_empty() {
        push(&mut text, "\nIts form is sound.\n");
    } else {
        push(&mut text, "\nEvery verifier refuses it, because\n");
        for problem in &inspection.problems {
            push(&mut text, &format!("  {}\n", harmless(problem)));
        }
    }
    text
}

fn part(text: &mut String, title: &str, part: &InspectedPart, now: UnixTime) {
    push(text, &format!("\n{title}\n"));
    if let Some(problem) = &part.problem {
        push(text, &format!("  {}\n", harmless(problem)));
    }
    let width = part.members.iter().map(|member| harmless(&member.name).chars().count()).max().unwrap_or_default();
    for ExplainedMember { name, value, meaning, time } in &part.members {
        push(text, &format!("  {:width$}  {}\n", harmless(name), harmless(&value.to_string())));
        if let Some(time) = time {
            push(text, &format!("  {:width$}  {}\n", "", when(*time, now)));
        }
        push(text, &format!("  {:width$}  {meaning}\n", ""));
    }
}

fn push(text: &mut String, more: &str) {
    text.push_str(more);
}

/// The text with nothing in it that a terminal obeys or that turns its letters round.
fn harmless(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A time as a date, and how far it is from now.
fn when(time: UnixTime, now: UnixTime) -> String {
    let date = i64::try_from(time.as_secs()).map(Timestamp::from_secs).map(|at| at.to_string()).unwrap_or_default();
    let apart = time.as_secs().abs_diff(now.as_secs());
    match apart {
        0 => format!("{date}, now"),
        _ if time > now => format!("{date}, in {}", span(apart)),
        _ => format!("{date}, {} ago", span(apart)),
    }
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
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_words() {
        let now = UnixTime::from_secs(1_800_000_000);
        for (secs, expected) in [
            (1_800_000_000, "2027-01-15T08:00:00Z, now"),
            (1_800_000_720, "2027-01-15T08:12:00Z, in 12 min"),
            (1_799_996_310, "2027-01-15T06:58:30Z, 1 h 1 min ago"),
            (1_800_172_800, "2027-01-17T08:00:00Z, in 2 d"),
            (1_800_172_801, "2027-01-17T08:00:01Z, in 2 d"),
        ] {
            assert_eq!(when(UnixTime::from_secs(secs), now), expected);
        }
    }

    #[test]
    fn a_token_cannot_speak_to_the_terminal() {
        let evil = "{\"alg\":\"x\",\"\\u001b[2J\":\"\\u009b31m\\u202e\"}";
        let header = token_core::strict::to_base64url(evil.as_bytes());
        let text = in_words(&inspect(&format!("{header}.e30.AA")), UnixTime::from_secs(0));
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        assert!(text.contains("\\u{1b}[2J"), "{text}");
    }

    #[test]
    fn it_says_first_that_nothing_was_verified() {
        assert!(in_words(&inspect(""), UnixTime::from_secs(0)).starts_with(WARNING));
        assert!(as_json(&inspect("a.b.c")).unwrap().contains("\"verified\": false"));
    }
}
