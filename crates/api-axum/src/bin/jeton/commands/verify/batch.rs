//! `jeton verify --batch`: JSON lines in, an answer to each out.

use std::io::{self, BufRead, BufWriter, Read as _};

use api_axum::SystemClock;
use auth_domain::ports::Clock as _;
use serde::Serialize;
use serde_json::{Map, Value};
use token_core::{UnixTime, strict};

use super::keys::Keys;
use super::{Demands, verify_signature};
use crate::cli;
use crate::commands::refusal::Refusal;
use crate::failure::{Doing as _, Failure};

/// The longest line that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// What the flags say, for lines that do not say otherwise.
pub(super) struct Defaults {
    pub(super) keys: Option<Keys>,
    pub(super) demands: Demands,
    pub(super) at: Option<UnixTime>,
    pub(super) signature_only: bool,
}

#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value>,
    valid: bool,
    reason: Option<String>,
}

/// Why a line cannot be understood.
struct BadRequest(String);

/// Answers every line of standard input in order, each before it reads the next.
///
/// # Errors
/// When standard input or output fails; without words when a line could not be understood.
pub(super) fn run(defaults: &Defaults) -> Result<(), Failure> {
    let (mut input, mut output) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    match answer_all(&mut input, &mut output, defaults) {
        Ok(0) => Ok(()),
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error).doing("read standard input and write standard output"),
        Ok(bad) => Err(Failure::new(format!("{bad} lines could not be understood"))),
    }
}

fn answer_all(input: &mut impl BufRead, output: &mut impl io::Write, defaults: &Defaults) -> io::Result<usize> {
    let (mut line, mut memory, mut bad) = (Vec::new(), Memory::default(), 0);
    while let Some(fits) = next_line(input, &mut line)? {
        let answer = if fits {
            answer(&line, defaults, &mut memory)
        } else {
            Err(BadRequest(format!("the line has more than {LONGEST} bytes")))
        };
        let answer = answer.unwrap_or_else(|BadRequest(why)| {
            bad += 1;
            Answer { id: None, valid: false, reason: Some(format!("bad_request: {why}")) }
        });
        serde_json::to_writer(&mut *output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(bad)
}

/// Reads a line without its end; of one that is too long, nothing is kept and `false` comes back.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    if input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(true));
    }
    let fits = line.len() <= LONGEST;
    if !fits {
        line.clear();
        input.skip_until(b'\n')?;
    }
    Ok(Some(fits))
}

/// The keys of the line before, since many lines often share theirs.
#[derive(Default)]
struct Memory(Option<(Value, Result<Keys, String>)>);

impl Memory {
    fn keys(&mut self, jwks: Value) -> Result<&Keys, String> {
        if self.0.as_ref().is_none_or(|(seen, _)| *seen != jwks) {
            self.0 = None;
        }
        let (_, keys) = self.0.get_or_insert_with(|| {
            let keys = match &jwks {
                Value::Object(members) => Keys::from_members(members.clone()),
                jwks => Keys::read(jwks.as_str().unwrap_or_default(), None),
            };
            (jwks, keys.map_err(|error| error.to_string()))
        });
        keys.as_ref().map_err(Clone::clone)
    }
}

fn answer(line: &[u8], defaults: &Defaults, memory: &mut Memory) -> Result<Answer, BadRequest> {
    let mut members = strict::object(line).map_err(|error| BadRequest(error.to_string()))?;
    let id = members.remove("id");
    let Request { token, jwks, demands, at, signature_only } = Request::read(members, defaults)?;
    let refused = |reason| Ok(Answer { id: id.clone(), valid: false, reason: Some(reason) });
    let keys = match jwks {
        Some(jwks) => match memory.keys(jwks) {
            Ok(keys) => keys,
            Err(why) => return refused(format!("bad_keys: {why}")),
        },
        None => defaults.keys.as_ref().ok_or_else(|| BadRequest("`jwks` is missing".to_owned()))?,
    };
    let outcome = if signature_only {
        verify_signature(&token, keys)
    } else {
        demands.verify(&token, keys, at.unwrap_or_else(|| SystemClock.now().unix()))
    };
    match outcome {
        Ok(_) => Ok(Answer { id, valid: true, reason: None }),
        Err(error) => refused(Refusal::from(error).reason()),
    }
}

/// A line, understood.
struct Request {
    token: String,
    jwks: Option<Value>,
    demands: Demands,
    at: Option<UnixTime>,
    signature_only: bool,
}

impl Request {
    fn read(mut members: Map<String, Value>, defaults: &Defaults) -> Result<Self, BadRequest> {
        let mut demands = defaults.demands.clone();
        let token = text("token", members.remove("token").ok_or_else(|| BadRequest("`token` is missing".to_owned()))?)?;
        let jwks = members.remove("jwks");
        if jwks.as_ref().is_some_and(|jwks| !jwks.is_object() && !jwks.is_string()) {
            return Err(BadRequest("`jwks` is neither an object nor text".to_owned()));
        }
        if let Some(issuer) = members.remove("issuer") {
            demands.issuer = Some(text("issuer", issuer)?);
        }
        if let Some(audience) = members.remove("audience") {
            demands.audiences = match audience {
                Value::Array(names) if !names.is_empty() => {
                    names.into_iter().map(|name| text("audience", name)).collect::<Result<_, _>>()?
                }
                name => vec![text("audience", name)?],
            };
        }
        if let Some(typ) = members.remove("typ") {
            demands.typ = text("typ", typ)?;
        }
        let at = members.remove("at").map(|at| time(&at)).transpose()?.or(defaults.at);
        let signature_only = match members.remove("signature_only") {
            None => defaults.signature_only,
            Some(Value::Bool(only)) => only,
            Some(_) => return Err(BadRequest("`signature_only` is neither true nor false".to_owned())),
        };
        // A rule that is misspelt would otherwise not be checked, and nobody would know.
        match members.keys().next() {
            Some(name) => Err(BadRequest(format!("the member {name:?} is not known"))),
            None => Ok(Self { token, jwks, demands, at, signature_only }),
        }
    }
}

fn text(name: &str, value: Value) -> Result<String, BadRequest> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(BadRequest(format!("`{name}` is not text"))),
    }
}

fn time(value: &Value) -> Result<UnixTime, BadRequest> {
    let text = if let Value::String(text) = value { text.clone() } else { value.to_string() };
    cli::time(&text).map_err(|how| BadRequest(format!("`at` is no time: {how}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8037 appendix A.4.
    const KEY: &str = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
    const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn answers(lines: &str) -> (Vec<Value>, usize) {
        let demands = Demands { issuer: None, audiences: Vec::new(), typ: "at+jwt".to_owned(), leeway: None };
        let defaults = Defaults { keys: None, demands, at: None, signature_only: true };
        let mut output = Vec::new();
        let bad = answer_all(&mut lines.as_bytes(), &mut output, &defaults).unwrap();
        let output = String::from_utf8(output).unwrap();
        (output.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), bad)
    }

    fn reason(line: &str) -> String {
        let (answers, _) = answers(line);
        answers[0]["reason"].as_str().unwrap_or("valid").split(": ").next().unwrap().to_owned()
    }

    #[test]
    fn each_line_has_its_answer_in_order_and_a_bad_one_stops_nothing() {
        let good = json!({ "jwks": KEY, "token": TOKEN, "id": 7 });
        let other = json!({ "jwks": serde_json::from_str::<Value>(KEY).unwrap(), "token": format!("{TOKEN}A") });
        let (answers, bad) = answers(&format!("{good}\nrubbish\n\n{other}\n{good}"));
        assert_eq!(bad, 2);
        assert_eq!(answers.len(), 5);
        assert_eq!(answers[0], json!({ "id": 7, "valid": true, "reason": null }));
        assert_eq!(answers[4], answers[0]);
        let reasons = answers[1..4].iter().map(|answer| answer["reason"].as_str().unwrap().split(':').next().unwrap());
        assert_eq!(reasons.collect::<Vec<_>>(), ["bad_request", "bad_request", "bad_signature"]);
    }

    #[test]
    fn what_cannot_be_understood_is_a_bad_request() {
        for line in [
            "[]".to_owned(),
            json!({ "jwks": KEY }).to_string(),
            json!({ "token": TOKEN }).to_string(),
            json!({ "jwks": 1, "token": TOKEN }).to_string(),
            json!({ "jwks": KEY, "token": TOKEN, "audiance": "a" }).to_string(),
            json!({ "jwks": KEY, "token": TOKEN, "issuer": null }).to_string(),
            json!({ "jwks": KEY, "token": TOKEN, "audience": [] }).to_string(),
            json!({ "jwks": KEY, "token": TOKEN, "at": -1 }).to_string(),
            json!({ "jwks": KEY, "token": TOKEN, "signature_only": "no" }).to_string(),
            format!("{{\"jwks\":{KEY},\"token\":\"{TOKEN}\",\"token\":\"{TOKEN}\"}}"),
            "x".repeat(LONGEST + 1),
        ] {
            assert_eq!(reason(&line), "bad_request", "{}", line.get(..100).unwrap_or(&line));
        }
    }

    #[test]
    fn keys_that_are_refused_are_told_from_a_line_that_is_not_understood() {
        let weak = json!({ "kty": "oct", "alg": "HS256", "k": "AAAA" });
        assert_eq!(reason(&json!({ "jwks": weak, "token": TOKEN }).to_string()), "bad_keys");
        assert_eq!(reason(&json!({ "jwks": "nothing", "token": TOKEN }).to_string()), "bad_keys");
    }

    #[test]
    fn j5_a_member_twice_in_a_key_is_refused() {
        let line = format!("{{\"jwks\":{},\"token\":\"{TOKEN}\"}}", KEY.replace('{', "{\"kty\":\"oct\","));
        assert_eq!(reason(&line), "bad_request");
        let line = json!({ "jwks": KEY.replace('{', "{\"kty\":\"oct\","), "token": TOKEN }).to_string();
        assert_eq!(reason(&line), "bad_keys");
    }

    #[test]
    fn a_line_may_be_as_long_as_is_allowed_and_the_next_is_read_after_one_that_is_too_long() {
        let good = json!({ "jwks": KEY, "token": TOKEN }).to_string();
        let longest = good.clone() + &" ".repeat(LONGEST - good.len());
        let (answers, bad) = answers(&format!("{longest}\n{longest}  \n{good}\n"));
        assert_eq!(bad, 1);
        assert_eq!(answers.iter().map(|answer| answer["valid"] == true).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn a_line_says_what_is_demanded_of_it() {
        let line =
            |more: &str| json!({ "jwks": KEY, "token": TOKEN, "signature_only": false, "typ": more }).to_string();
        assert_eq!(reason(&line("JWT")), "wrong_type");
        assert_eq!(reason(&line("at+jwt")), "wrong_type");
    }
}
