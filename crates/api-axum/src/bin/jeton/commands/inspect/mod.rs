//! `jeton inspect`: what a token says, in words, and why it would be refused.

mod doubt;

use api_axum::SystemClock;
use auth_domain::ports::Clock as _;
use serde_json::Value;
use token_core::{ExplainedMember, InspectedPart, Inspection, UnixTime, inspect};

use super::paint::{self, BAD, FAINT, GOOD, HEADER, PAYLOAD, SIGNATURE, harmless, painted, when};
use super::refusal::Refusal;
use super::token;
use crate::cli::InspectArgs;
use crate::failure::{Doing as _, Failure};

const WARNING: &str = "Nothing here was verified: anyone may have written this token.";

pub(super) fn run(arguments: &InspectArgs) -> Result<(), Failure> {
    let token = token::read(arguments.token.as_deref())?;
    let now = arguments.at.unwrap_or_else(|| SystemClock.now().unix());
    let seen = Seen::look(&token, now);
    let sound = seen.inspection.problems.is_empty();
    if arguments.json {
        super::print(&seen.as_json()?)?;
    } else {
        paint::print(&seen.in_words(), arguments.colours.choice())?;
    }
    // The answer says what is wrong; only the exit code is left to set.
    if sound { Ok(()) } else { Err(Failure::new("")) }
}

/// A token taken apart, and what a verifier would say to it at a time.
struct Seen {
    inspection: Inspection,
    refusals: Vec<Refusal>,
    now: UnixTime,
}

impl Seen {
    fn look(token: &str, now: UnixTime) -> Self {
        let inspection = inspect(token);
        let refusals = doubt::find(&inspection, now);
        Self { inspection, refusals, now }
    }

    fn as_json(&self) -> Result<String, Failure> {
        let mut value = serde_json::to_value(&self.inspection).doing("write JSON")?;
        if let Some(members) = value.as_object_mut() {
            members.insert("verified".to_owned(), Value::Bool(false));
            members.insert("now".to_owned(), self.now.as_secs().into());
            let refusals = self.refusals.iter().map(|why| Value::from(why.reason()));
            members.insert("refusals".to_owned(), Value::Array(refusals.collect()));
        }
        serde_json::to_string_pretty(&value).map(|text| text + "\n").doing("write JSON")
    }

    fn in_words(&self) -> String {
        let Inspection { header, payload, signature, problems } = &self.inspection;
        let mut lines = vec![WARNING.to_owned(), String::new(), painted(HEADER.bold(), "Header")];
        lines.extend(self.part(header, HEADER));
        lines.extend([String::new(), painted(PAYLOAD.bold(), "Payload")]);
        lines.extend(self.part(payload, PAYLOAD));
        lines.extend([String::new(), painted(SIGNATURE.bold(), "Signature")]);
        match (signature.length, &signature.problem) {
            (Some(bytes), _) => {
                lines.push(format!("  {}", painted(SIGNATURE, &harmless(&signature.encoded))));
                lines.push(format!("  {}", painted(FAINT, &format!("{bytes} bytes, not checked"))));
            }
            (None, problem) => lines.push(format!("  {}", harmless(problem.as_deref().unwrap_or_default()))),
        }
        lines.push(String::new());
        if problems.is_empty() {
            lines.push(painted(GOOD, "Its form is sound."));
            lines.extend(self.verdict());
        } else {
            lines.push(painted(BAD, "Every verifier refuses it, because"));
            lines.extend(problems.iter().map(|problem| format!("  {}", harmless(problem))));
        }
        lines.join("\n") + "\n"
    }

    fn verdict(&self) -> Vec<String> {
        if self.refusals.is_empty() {
            let words = "Nothing but its key, issuer, audience and session can speak against it as an access token:\n\
                         `jeton verify` checks the first three.";
            return vec![words.to_owned()];
        }
        let head = painted(BAD, "As an access token it is refused whatever its key, because");
        std::iter::once(head).chain(self.refusals.iter().map(|why| format!("  {}", why.words))).collect()
    }

    fn part(&self, part: &InspectedPart, style: anstyle::Style) -> Vec<String> {
        let mut lines: Vec<String> =
            part.problem.iter().map(|problem| format!("  {}", painted(BAD, &harmless(problem)))).collect();
        let width = part.members.iter().map(|member| harmless(&member.name).chars().count()).max().unwrap_or_default();
        for ExplainedMember { name, value, meaning, time } in &part.members {
            let value = painted(style, &harmless(&value.to_string()));
            lines.push(format!("  {:width$}  {value}", harmless(name)));
            if let Some(time) = time {
                lines.push(format!("  {:width$}  {}", "", when(name, *time, self.now)));
            }
            lines.push(format!("  {:width$}  {}", "", painted(FAINT, meaning)));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_words(token: &str) -> String {
        anstream::adapter::strip_str(&Seen::look(token, UnixTime::from_secs(0)).in_words()).to_string()
    }

    #[test]
    fn a_token_cannot_speak_to_the_terminal() {
        let evil = "{\"alg\":\"x\",\"\\u001b[2J\":\"\\u009b31m\\u202e\"}";
        let header = token_core::strict::to_base64url(evil.as_bytes());
        let text = in_words(&format!("{header}.e30.AA"));
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
        assert!(text.contains("\\u{1b}[2J"), "{text}");
    }

    #[test]
    fn it_says_first_that_nothing_was_verified() {
        assert!(in_words("").starts_with(WARNING));
        let json = Seen::look("a.b.c", UnixTime::from_secs(0)).as_json().unwrap();
        assert!(json.contains("\"verified\": false"));
    }

    #[test]
    fn each_part_is_shown_with_its_signature() {
        let shown = in_words("eyJhbGciOiJFZERTQSJ9.eyJzaWQiOiJ4In0.AAAA");
        for line in
            ["Header\n  alg  \"EdDSA\"\n", "Payload\n  sid  \"x\"\n", "Signature\n  AAAA\n  3 bytes, not checked\n"]
        {
            assert!(shown.contains(line), "{shown}");
        }
    }
}
