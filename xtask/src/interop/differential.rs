//! The differential run: whatever `jeton verify` accepts, `PyJWT` and `jose` accept too.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::installed::Language;
use crate::run::{Failure, not_started, root, say};

/// The same cases at every run.
const SEED: &str = "1";
/// Fewer cases than this prove little: something is wrong with the script that invents them.
const FEWEST: usize = 4_000;

/// Where we accept what a library refuses, on purpose.
struct Exception {
    library: &'static str,
    /// What was done to the token.
    what: &'static str,
    /// How the library's reason begins.
    refusal: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[Exception {
    library: "PyJWT",
    what: "EdDSA: key and token of another alg",
    refusal: "PyJWKError: Unable to find an algorithm for key: {'kty': 'OKP', 'crv': 'Ed25519'",
    reason: "`Ed25519` as the algorithm's name (RFC 9864), which it does not know",
}];

pub(super) fn run(jeton: &Path, python: &Language, node: &Language, folder: &Path) -> Result<(), Failure> {
    let cases = folder.join("cases.jsonl");
    let mut mutate = python.script("mutate.py")?;
    into_file(mutate.arg(root()).arg(SEED), None, &cases)?;
    // Without leeway, since neither library has one by default.
    let mut ours = crate::run::jeton(jeton);
    let ours = answers(ours.args(["verify", "--batch", "--leeway", "0"]), &cases, &folder.join("ours.jsonl"))?;
    let mut theirs = Vec::new();
    for (library, language, script) in [("PyJWT", python, "differential.py"), ("jose", node, "differential.js")] {
        let answers = answers(&mut language.script(script)?, &cases, &folder.join(script).with_extension("jsonl"))?;
        theirs.push((library, answers));
    }
    compare(&ours, &theirs)
}

/// Runs a program with a file as its input, or none, and a file as its output.
fn into_file(command: &mut Command, input: Option<&Path>, output: &Path) -> Result<(), Failure> {
    say(command);
    let failed = |path: &Path, error| Failure::new(format!("{}: {error}", path.display()));
    command.stdin(match input {
        Some(path) => File::open(path).map_err(|error| failed(path, error))?.into(),
        None => Stdio::null(),
    });
    command.stdout(File::create(output).map_err(|error| failed(output, error))?);
    let status = command.status().map_err(|error| not_started(command, &error))?;
    // `jeton verify` says by 1 that a line was not one; such lines are among the cases, and it answers them.
    if matches!(status.code(), Some(0 | 1)) { Ok(()) } else { Err(Failure::new(format!("it ended with {status}"))) }
}

fn answers(command: &mut Command, cases: &Path, output: &Path) -> Result<Vec<Value>, Failure> {
    into_file(command, Some(cases), output)?;
    let text = fs::read_to_string(output).map_err(|error| Failure::new(format!("{}: {error}", output.display())))?;
    let lines: Result<_, _> = text.lines().map(serde_json::from_str).collect();
    lines.map_err(|error| Failure::new(format!("{}: {error}", output.display())))
}

fn compare(ours: &[Value], theirs: &[(&str, Vec<Value>)]) -> Result<(), Failure> {
    let accepted = ours.iter().filter(|answer| answer["valid"] == true).count();
    println!("\n{} tokens; we accept {accepted}", ours.len());
    if ours.len() < FEWEST || accepted == 0 {
        return Err(Failure::new("too few tokens, or none that is good: the script that invents them is broken"));
    }
    let mut unexplained = 0;
    for (library, answers) in theirs {
        let verdict = Verdict::of(library, ours, answers)?;
        verdict.print(library);
        unexplained += verdict.unexplained.len();
    }
    if unexplained == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("{unexplained} tokens are accepted here and refused elsewhere, and nothing says why")))
    }
}

/// How one library compares.
#[derive(Default)]
struct Verdict {
    accepted: usize,
    unexplained: Vec<String>,
    /// Deliberate, by reason.
    explained: BTreeMap<&'static str, usize>,
    /// What only the library accepts, by our reason.
    stricter: BTreeMap<String, (usize, String)>,
}

impl Verdict {
    fn of(library: &str, ours: &[Value], theirs: &[Value]) -> Result<Self, Failure> {
        if ours.len() != theirs.len() {
            return Err(Failure::new(format!("{library} answered {} of {} cases", theirs.len(), ours.len())));
        }
        let mut verdict = Self::default();
        for (our, their) in ours.iter().zip(theirs) {
            // A line that we could not understand has no id.
            if our.get("id").is_some_and(|id| *id != their["id"]) {
                return Err(Failure::new(format!("{library} answers {} where {} was asked", their["id"], our["id"])));
            }
            let case = format!("{}: {}", text(their, "/id/alg"), text(their, "/id/what"));
            let refused = their["refused"].as_str();
            verdict.accepted += usize::from(refused.is_none());
            match (our["valid"] == true, refused) {
                (true, Some(why)) => verdict.miss(library, &case, why),
                (false, None) => {
                    let code = text(our, "/reason").split(':').next().unwrap_or_default().to_owned();
                    verdict.stricter.entry(code).or_insert((0, case)).0 += 1;
                }
                _ => {}
            }
        }
        Ok(verdict)
    }

    fn miss(&mut self, library: &str, case: &str, why: &str) {
        let fits = |exception: &&Exception| {
            exception.library == library && exception.what == case && why.starts_with(exception.refusal)
        };
        match EXCEPTIONS.iter().find(fits) {
            Some(exception) => *self.explained.entry(exception.reason).or_default() += 1,
            None => self.unexplained.push(format!("{case}: {why}")),
        }
    }

    fn print(&self, library: &str) {
        let explained: usize = self.explained.values().sum();
        let stricter: usize = self.stricter.values().map(|(count, _)| count).sum();
        println!("\n{library} accepts {}", self.accepted);
        println!("  {} accepted here and refused there, and {explained} more on purpose", self.unexplained.len());
        for (reason, count) in &self.explained {
            println!("    {count:>6}  {reason}");
        }
        for miss in &self.unexplained {
            println!("    DISAGREES {miss}");
        }
        println!("  {stricter} refused here and accepted there, by our reason and with an example");
        for (code, (count, example)) in &self.stricter {
            println!("    {count:>6}  {code:<20} {example}");
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(valid: bool, refused: Option<&str>) -> Verdict {
        let id = json!({ "n": 1, "what": "bent", "alg": "EdDSA" });
        let ours = [json!({ "id": id, "valid": valid, "reason": "bad_json: …" })];
        let theirs = [json!({ "id": id, "refused": refused })];
        Verdict::of("some", &ours, &theirs).unwrap_or_default()
    }

    #[test]
    fn what_we_accept_and_another_refuses_is_a_disagreement() {
        assert_eq!(verdict(true, Some("no")).unexplained, ["EdDSA: bent: no"]);
        assert!(verdict(true, None).unexplained.is_empty() && verdict(false, Some("no")).unexplained.is_empty());
    }

    #[test]
    fn where_we_are_stricter_is_counted_by_reason() {
        assert_eq!(verdict(false, None).stricter["bad_json"], (1, "EdDSA: bent".to_owned()));
    }

    #[test]
    fn answers_to_other_cases_are_no_answers() {
        let (one, two) = (json!({ "id": 1, "valid": true }), json!({ "id": 2, "refused": null }));
        assert!(Verdict::of("some", std::slice::from_ref(&one), &[two]).is_err());
        assert!(Verdict::of("some", &[one], &[]).is_err());
    }
}
