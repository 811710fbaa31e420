//! `jeton verify` and `jeton inspect` as programs: where token and keys come from, what is printed, exit codes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use token_core::{Algorithm, Audience, Grant, Issuer, KeySet, NoClaims, SigningKey, UnixTime};
use uuid::Uuid;

use super::cli::fed;
use super::home::{Home, Ran, bare};

const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "notes";
/// 2027-01-15T08:00:00Z; the token lives for 12 minutes from then.
const NOW: &str = "1800000000";

/// A token, and the keys beside it in a folder of their own. No server, no database, no settings.
pub(super) struct Bench {
    folder: TempDir,
    pub(super) token: String,
    pub(super) jwks: String,
}

impl Bench {
    pub(super) fn new() -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let issuer = Issuer::new(key, ISSUER.into(), Audience::new(AUDIENCE), 720);
        let now = UnixTime::from_secs(NOW.parse().unwrap());
        let grant = Grant {
            subject: Uuid::from_u128(1),
            session: Uuid::from_u128(2),
            token_id: Uuid::from_u128(3),
            client_id: "web".into(),
            scope: String::new(),
            auth_time: now,
            amr: vec![],
            roles: vec![],
            extra: NoClaims,
        };
        let token = issuer.issue(grant, now).unwrap().expose().to_owned();
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            token,
            jwks: KeySet::new([issuer.verification_key()]).to_jwks(),
        };
        fs::write(bench.folder().join("keys.json"), &bench.jwks).unwrap();
        bench
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `jeton` with a text as its standard input.
    pub(super) fn run(&self, arguments: &[&str], input: &str) -> Ran {
        fed(bare(self.folder(), arguments), input)
    }

    /// Verifies the token by its rules, at the time when it was issued.
    fn verify(&self, more: &[&str]) -> Ran {
        let usual =
            ["verify", "--jwks", "keys.json", "--issuer", ISSUER, "--audience", AUDIENCE, "--at", NOW, &self.token];
        self.run(&[&usual, more].concat(), "")
    }
}

#[test]
fn a_good_token_is_valid_and_says_for_how_long() {
    let bench = Bench::new();
    let ran = bench.verify(&[]);
    assert!(ran.out.starts_with("valid, expires in 12 min\nsigned with EdDSA by the key "), "{}", ran.out);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(fs::read_dir(bench.folder()).unwrap().count(), 1, "it writes nothing");
}

#[test]
fn a_token_comes_by_argument_or_by_standard_input() {
    let bench = Bench::new();
    let rules = ["verify", "--jwks", "keys.json", "--issuer", ISSUER, "--audience", AUDIENCE, "--at", NOW];
    for arguments in [&[&rules[..], &["-"]].concat(), &rules.to_vec()] {
        let ran = bench.run(arguments, &format!("  {}\n", bench.token));
        assert!(ran.success().starts_with("valid"));
    }
}

#[test]
fn what_is_demanded_is_checked() {
    let bench = Bench::new();
    for (more, code, words) in [
        (&["--at", "1800000719"][..], 0, "valid, expires in 1 s"),
        (&["--at", "2027-01-15T08:12:00Z"], 1, "not valid: it expired 0 s ago, at 2027-01-15T08:12:00Z (expired)"),
        (&["--at", "2027-01-18T10:12:00+02:00"], 1, "not valid: it expired 3 d ago"),
        (&["--at", "1800000720", "--leeway", "1"], 0, "valid, expired 0 s ago"),
        (&["--at", "1799999969"], 1, "not valid: it was issued 31 s in the future"),
        (&["--at", "1799999969", "--leeway", "31"], 0, "valid"),
        (&["--issuer", "https://login.example/"], 1, "not valid: the claim `iss` names another issuer (wrong_issuer)"),
        (&["--audience", "other"], 0, "valid"),
        (
            &["--typ", "JWT"],
            1,
            "not valid: the header's `typ` is not `JWT`: this is another kind of token (wrong_type)",
        ),
        (&["--typ", "application/AT+JWT"], 0, "valid"),
    ] {
        // The last of a flag that is given twice would be an error; the usual ones stand aside.
        let flags: Vec<&str> = more.iter().step_by(2).copied().collect();
        let usual = [("--issuer", ISSUER), ("--audience", AUDIENCE), ("--at", NOW)];
        let mut arguments = vec!["verify", "--jwks", "keys.json", &bench.token];
        for (flag, value) in usual.iter().filter(|(flag, _)| *flag == "--audience" || !flags.contains(flag)) {
            arguments.extend([*flag, *value]);
        }
        arguments.extend(more);
        let ran = bench.run(&arguments, "");
        assert_eq!(ran.code, Some(code), "{more:?}: {} {}", ran.out, ran.err);
        assert!(ran.out.starts_with(words), "{more:?}: {}", ran.out);
    }
    let other = ["verify", "--jwks", "keys.json", "--issuer", ISSUER, "--audience", "other", "--at", NOW, &bench.token];
    assert!(bench.run(&other, "").out.contains("(wrong_audience)"));
}

#[test]
fn a_verdict_for_scripts_is_json() {
    let bench = Bench::new();
    let good: Value = serde_json::from_str(&bench.verify(&["--json"]).success()).unwrap();
    assert_eq!(
        (&good["valid"], &good["expires_in"], &good["claims"]["iss"]),
        (&true.into(), &720.into(), &ISSUER.into())
    );
    let bent = format!("{}A", bench.token);
    let rules = ["--json", "--jwks", "keys.json", "--issuer", ISSUER, "--audience", AUDIENCE];
    let ran = bench.run(&[&["verify", &bent], &rules[..]].concat(), "");
    let bad: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &bad["valid"]), (Some(1), &false.into()));
    assert_eq!(bad["reason"], "bad_signature: the signature does not verify");
}

#[test]
fn issuer_and_audience_are_needed_unless_the_signature_alone_is_asked_for() {
    let bench = Bench::new();
    for missing in [&["--issuer", ISSUER][..], &["--audience", AUDIENCE], &[]] {
        let ran = bench.run(&[&["verify", "--jwks", "keys.json", &bench.token], missing].concat(), "");
        assert_eq!(ran.code, Some(2));
        assert!(ran.err.contains("--issuer and --audience are needed") && ran.err.contains("--signature-only"));
    }
    let mixed = ["verify", "--jwks", "keys.json", "--signature-only", "--issuer", ISSUER, &bench.token];
    assert_eq!(bench.run(&mixed, "").code, Some(2));
}

#[test]
fn the_signature_of_any_jws_can_be_verified_alone() {
    let bench = Bench::new();
    // RFC 8037 appendix A.4: neither `typ` nor `kid`, and a payload that is no JSON.
    let key = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
    let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
               hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    fs::write(bench.folder().join("key.json"), key).unwrap();
    let shown = bench.run(&["verify", "--jwks", "key.json", "--signature-only", jws], "").success();
    assert!(shown.starts_with("the signature is valid; claims and times were not looked at\n"), "{shown}");
    assert!(shown.ends_with("\nExample of Ed25519 signing\n"), "{shown}");
    let other = bench.run(&["verify", "--jwks", "keys.json", "--signature-only", jws], "");
    assert!(other.code == Some(1) && other.out.contains("(bad_signature)"), "{}", other.out);
}

#[test]
fn keys_that_cannot_be_had_have_an_exit_code_of_their_own() {
    let bench = Bench::new();
    let write = |name: &str, text: &str| fs::write(bench.folder().join(name), text).unwrap();
    write("weak.json", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"AAAA\"}");
    write("bad.json", "{\"keys\":{}}");
    write("large.json", &" ".repeat(1024 * 1024 + 1));
    for (source, words) in [
        ("nowhere.json", "cannot read the keys from nowhere.json"),
        ("weak.json", "needs at least 32 bytes and this one has 3"),
        ("bad.json", "`keys` is malformed"),
        ("large.json", "more than 1048576 bytes"),
        ("http://login.example/jwks.json", "keys come over https"),
        ("http://127.0.0.1:1/jwks.json", "cannot get the keys"),
    ] {
        let ran = bench.run(&["verify", "--signature-only", "--jwks", source, &bench.token], "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(3), ""), "{source}: {}", ran.err);
        assert!(ran.err.contains(words), "{source}: {}", ran.err);
    }
}

/// Answers one request on the loopback interface.
fn answer_once(status: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.is_empty()));
        let head = format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n");
        // The other side may have hung up.
        let _ = (&stream).write_all(head.as_bytes()).and_then(|()| (&stream).write_all(body.as_bytes()));
    });
    format!("http://{address}/jwks.json")
}

#[test]
fn keys_come_from_an_address_with_bounds() {
    let bench = Bench::new();
    let ask = |url: &str| bench.run(&["verify", "--signature-only", "--jwks", url, &bench.token], "");
    assert!(ask(&answer_once("200 OK", bench.jwks.clone())).success().starts_with("the signature is valid"));

    let secret = format!("{{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"{}\"}}", "A".repeat(43));
    for (status, body, words) in [
        ("404 Not Found", String::new(), "the answer is 404"),
        ("302 Found", String::new(), "the answer is 302"),
        ("200 OK", " ".repeat(2 * 1024 * 1024), "more than 1048576 bytes"),
        ("200 OK", secret, "hands out a secret key"),
    ] {
        let ran = ask(&answer_once(status, body));
        assert_eq!(ran.code, Some(3), "{words}: {}", ran.out);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn a_secret_key_in_a_file_verifies() {
    let bench = Bench::new();
    // RFC 7515 appendix A.1.
    let key = "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}";
    let jws = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
        dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    fs::write(bench.folder().join("key.json"), key).unwrap();
    assert_eq!(bench.run(&["verify", "--jwks", "key.json", "--signature-only", jws], "").code, Some(0));
    let as_jwt = ["verify", "--jwks", "key.json", "--typ", "JWT", "--issuer", "joe", "--audience", "a", jws];
    assert!(bench.run(&as_jwt, "").out.contains("(bad_header)"), "a token names its key");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let bench = Bench::new();
    for command in
        [&["inspect", &bench.token][..], &["verify", "--signature-only", "--jwks", "keys.json", &bench.token]]
    {
        let coloured = |more: &[&str], no_color: bool| {
            let mut jeton = bare(bench.folder(), &[command, more].concat());
            jeton.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
            if no_color {
                jeton.env("NO_COLOR", "1");
            }
            fed(jeton, "").success().contains('\u{1b}')
        };
        assert!(!coloured(&[], false), "standard output is a pipe");
        assert!(coloured(&["--color", "always"], false));
        assert!(coloured(&["--color", "always"], true), "a flag says more than the environment");
        assert!(!coloured(&["--color", "never"], false));
    }
}

#[test]
fn inspecting_says_what_speaks_against_a_token_without_its_key() {
    let bench = Bench::new();
    let later = bench.run(&["inspect", "--at", "2027-01-18T08:12:00Z"], &bench.token).success();
    assert!(later.contains("expired 3 d ago") && later.contains("refused whatever its key, because"), "{later}");
    let now = bench.run(&["inspect", "--at", NOW, "--json"], &bench.token).success();
    let now: Value = serde_json::from_str(&now).unwrap();
    assert_eq!(now["refusals"], Value::Array(vec![]));
}

#[test]
fn no_token_at_all_is_told_from_one_that_is_bad() {
    let bench = Bench::new();
    let ran = bench.run(&["verify", "--signature-only", "--jwks", "keys.json"], "");
    assert!(ran.code == Some(1) && ran.out.contains("(not_a_jwt)"), "{}", ran.out);
    assert_eq!(bench.run(&["verify", "--signature-only", &bench.token], "").code, Some(2), "no keys");
    assert_eq!(bench.run(&["verify", "--signature-only", "--jwks", "keys.json", "--at", "soon"], "").code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_running_server_verifies_by_its_published_keys() {
    let home = Home::on_sqlite();
    let server = home.serve();
    let token = server.client().join("alice@example.com").await.access;
    let keys = format!("{}/.well-known/jwks.json", server.url);
    let ran = home.run(&["verify", "--jwks", &keys, "--issuer", super::home::ISSUER, "--audience", "jeton", &token]);
    assert!(ran.success().starts_with("valid, expires in 1"));
}
