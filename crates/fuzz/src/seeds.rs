//! Writes the seed corpus: `RUSTFLAGS="--cfg fuzzing" cargo run --bin seeds`, in this folder. Run it when tokens change their form.

use std::fs;
use std::path::Path;

use auth_domain::model::{SessionId, TokenSecret};
use auth_domain::refresh::{PresentedToken, RefreshToken};
use fuzz::{MASTERS, VERIFIER, tokens};
use serde_json::Value;
use uuid::Uuid;

fn main() -> std::io::Result<()> {
    verifier()?;
    refresh_tokens()?;
    keys()?;
    cookies()
}

fn write(target: &str, name: &str, text: &str) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), text)
}

fn verifier() -> std::io::Result<()> {
    for token in tokens() {
        let parts: Vec<_> =
            token.split('.').map(|part| token_core::strict::base64url(part).unwrap_or_default()).collect();
        let header: Value = serde_json::from_slice(&parts[0])?;
        let algorithm = header["alg"].as_str().unwrap_or_default();
        write("verifier", &format!("token-{algorithm}"), &token)?;
        if algorithm == "HS256" {
            let payload = String::from_utf8_lossy(&parts[1]);
            write("verifier", "parts", &format!("{header}\n{payload}"))?;
            write("verifier", "parts-late", &format!("{header}\n{}", payload.replace("1800000900", "1800000000")))?;
            write(
                "verifier",
                "parts-crit",
                &format!("{}\n{payload}", header.to_string().replace('{', "{\"crit\":[\"exp\"],")),
            )?;
            write("verifier", "parts-twice", &format!("{header}\n{}", payload.replace('{', "{\"iss\":\"x\",")))?;
        }
    }
    for (name, test) in wycheproof() {
        write("verifier", &name, &test)?;
    }
    Ok(())
}

/// A few of Project Wycheproof's signed objects, of each result.
fn wycheproof() -> Vec<(String, String)> {
    let file = include_str!("../../token-core/tests/vectors/json_web_signature_test.json");
    let vectors: Value = serde_json::from_str(file).expect("the vectors are JSON");
    let groups = vectors["testGroups"].as_array().expect("it is an array").iter();
    let tests = groups.flat_map(|group| group["tests"].as_array().expect("it is an array").iter().take(2));
    let text = |test: &Value| test["jws"].as_str().map(str::to_owned);
    tests.filter_map(|test| Some((format!("wycheproof-{}", test["tcId"]), text(test)?))).take(24).collect()
}

fn refresh_tokens() -> std::io::Result<()> {
    for (key_id, generation) in [(7, 0), (7, u32::MAX), (8, 41)] {
        let session = SessionId::from_uuid(Uuid::from_u128(0x0123_4567_89ab_cdef));
        let token = PresentedToken { session, generation, secret: TokenSecret::from_bytes([3; 32]) };
        let sealed = RefreshToken::seal_presented(&MASTERS, key_id, &token).expect("the master key is there");
        write("refresh_token", &format!("key-{key_id}-generation-{generation}"), sealed.expose())?;
    }
    write("refresh_token", "parts", &"\u{7}".repeat(54))
}

fn keys() -> std::io::Result<()> {
    write("keys", "set", &VERIFIER.keys().to_jwks())?;
    for key in VERIFIER.keys().iter().filter_map(|key| Some((key.algorithm(), key.to_jwk()?))) {
        write("keys", &format!("jwk-{}", key.0), &key.1.to_value().to_string())?;
    }
    write(
        "keys",
        "jwk-HS256",
        "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\"}",
    )?;
    for name in
        ["ed25519.public", "p256.public", "p384.public", "rsa.public", "rsa.public-pkcs1", "p256.sec1", "ed25519.pkcs8"]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../token-core/tests/keys").join(format!("{name}.pem"));
        write("keys", &format!("pem-{name}"), &fs::read_to_string(path)?)?;
    }
    Ok(())
}

fn cookies() -> std::io::Result<()> {
    let own = "content-type: application/json\norigin: https://login.example\n";
    for (name, text) in [
        ("one", format!("{own}cookie: __Host-jeton_refresh=jrt_AAAA; theme=dark")),
        ("twice", format!("{own}cookie: __Host-jeton_refresh=a\ncookie: b=c; __Host-jeton_refresh=d")),
        ("no-origin", "x-requested-with: x\ncookie: __Host-jeton_refresh=a".to_owned()),
        (
            "fetch-site",
            "x-requested-with: x\nsec-fetch-site: same-origin\ncookie: a=b;__Host-jeton_refresh=\"a\"".to_owned(),
        ),
        ("other", format!("{own}cookie: jeton_refresh=a; x__Host-jeton_refresh=b; __Host-jeton_refresh")),
    ] {
        write("cookies", name, &text)?;
    }
    Ok(())
}
