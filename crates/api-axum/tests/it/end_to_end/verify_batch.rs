//! `jeton verify --batch` as a program: lines in, answers out, one by one.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use super::home::{Ran, bare};
use super::verify::Bench;

fn lines(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_brings_its_keys_its_token_and_its_demands() {
    let bench = Bench::new();
    let line = |more: Value| {
        let mut line = json!({ "jwks": bench.jwks, "token": bench.token, "at": 1_800_000_000 });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line.to_string()
    };
    let wanted = [
        (json!({}), Value::Null),
        (json!({ "jwks": serde_json::from_str::<Value>(&bench.jwks).unwrap() }), Value::Null),
        (json!({ "issuer": "https://login.example", "audience": "notes" }), Value::Null),
        (json!({ "audience": ["x", "notes"] }), Value::Null),
        (json!({ "issuer": "x" }), "wrong_issuer: the claim `iss` names another issuer".into()),
        (json!({ "audience": ["x"] }), "wrong_audience: the claim `aud` does not contain this audience".into()),
        (
            json!({ "at": "2027-01-15T08:12:00Z" }),
            "expired: the token expired at 1800000720, and now is 1800000720".into(),
        ),
        (json!({ "at": "2027-01-15T08:12:00Z", "signature_only": true }), Value::Null),
    ];
    let input: Vec<String> = wanted.iter().map(|(more, _)| line(more.clone())).collect();
    let ran = bench.run(&["verify", "--batch"], &input.join("\n"));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for ((more, reason), answer) in wanted.iter().zip(lines(&ran)) {
        assert_eq!(answer, json!({ "valid": reason.is_null(), "reason": reason }), "{more}");
    }
}

#[test]
fn flags_hold_for_lines_that_do_not_say_otherwise() {
    let bench = Bench::new();
    let input = json!({ "token": bench.token }).to_string();
    let batch = ["verify", "--batch", "--jwks", "keys.json", "--at", "1800000000"];
    let ran = bench.run(&batch, &input);
    assert_eq!((ran.code, lines(&ran)), (Some(0), vec![json!({ "valid": true, "reason": null })]));
    let ran = bench.run(&[&batch[..], &["--audience", "other"]].concat(), &input);
    assert!(ran.out.starts_with("{\"valid\":false,\"reason\":\"wrong_audience: "), "{}", ran.out);
}

#[test]
fn a_line_that_is_not_understood_is_answered_and_sets_the_exit_code() {
    let bench = Bench::new();
    let good = json!({ "jwks": bench.jwks, "token": bench.token, "signature_only": true });
    let ran = bench.run(&["verify", "--batch"], &format!("{good}\n{{}}\n{good}\n"));
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 3));
    assert!(ran.out.contains("\"bad_request: `token` is missing\""), "{}", ran.out);
    assert!(ran.err.contains("could not be understood"), "{}", ran.err);
    assert_eq!(bench.run(&["verify", "--batch", "token"], "").code, Some(2), "a batch has its tokens in lines");
    assert_eq!(bench.run(&["verify", "--batch", "--jwks", "nowhere"], "").code, Some(3));
}

#[test]
fn an_answer_comes_before_the_next_line_is_sent() {
    let bench = Bench::new();
    let mut jeton = bare(bench.folder(), &["verify", "--batch", "--signature-only"]);
    let mut child = jeton.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    for _ in 0..3 {
        writeln!(input, "{}", json!({ "jwks": bench.jwks, "token": bench.token })).unwrap();
        assert_eq!(answers.next().unwrap().unwrap(), "{\"valid\":true,\"reason\":null}");
    }
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
