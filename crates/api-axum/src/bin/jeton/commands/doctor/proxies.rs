//! Proxies: whether one is needed, whether what it says of clients is heard, and whether the public address leads here.

use std::error::Error;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::Value;

use super::configuration::{is_reachable_from_outside, issuer_url, shown};
use super::finding::Finding;
use super::report::wait_for;
use crate::config::Config;

/// How long the public address may take.
const PATIENCE: Duration = Duration::from_secs(6);

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mut found = vec![trusted(config)];
    if let Some(issuer) = issuer_url(config).filter(|url| url.scheme() == "https") {
        found.push(public(config, &issuer).await);
    }
    found
}

fn trusted(config: &Config) -> Finding {
    const CHECK: &str = "proxies.trusted";
    let list = shown(config, "http.trusted_proxies").map(|shown| shown.value.as_str()).unwrap_or_default();
    let is_https = issuer_url(config).is_some_and(|url| url.scheme() == "https");
    let outside = is_reachable_from_outside(config.listen.ip());
    if list.contains("/0\"") {
        return Finding::problem(
            CHECK,
            format!(
                "every address is a trusted proxy ({list}): anybody can claim any address, and so escape throttling"
            ),
            "set http.trusted_proxies to the addresses of your proxies alone",
        );
    }
    let none = matches!(list, "" | "[]");
    match (none, is_https || outside) {
        (false, _) => Finding::ok(CHECK, format!("X-Forwarded-For counts when it comes from {list}")),
        (true, true) => Finding::advice(
            CHECK,
            "no proxy is trusted: behind one, every client seems to have its address, and shares its throttle",
            format!(
                "if a proxy stands before the server, set http.trusted_proxies to its address{}",
                if outside { "" } else { ", such as [\"127.0.0.1\"]" }
            ),
        ),
        (true, false) => Finding::ok(CHECK, "no proxy is trusted, and none is needed on this machine"),
    }
}

/// Asks the public address who it is.
async fn public(config: &Config, issuer: &Url) -> Finding {
    const CHECK: &str = "proxies.public_address";
    let shown = config.issuer.as_deref().unwrap_or_default();
    let problem = |what: String, todo: &str| Finding::problem(CHECK, what, todo);
    match wait_for(&format!("an answer from {shown}"), PATIENCE, named_by(issuer)).await {
        Some(Ok(name)) if name == shown => {
            Finding::ok(CHECK, format!("{shown} leads to a server of this issuer, by TLS that can be trusted"))
        }
        Some(Ok(name)) => problem(
            format!("{shown} leads to a server that calls itself {name}"),
            "let the proxy lead here, or set the same issuer on every server",
        ),
        Some(Err(Unreached::Tls(reason))) => problem(
            format!("the TLS of {shown} cannot be trusted: {reason}"),
            "give the proxy a certificate for this name from an authority that clients know",
        ),
        Some(Err(Unreached::Other(reason))) => Finding::advice(
            CHECK,
            format!("{shown} does not answer as Jeton does, seen from here: {reason}"),
            "start the server and the proxy before it; if others reach it though this machine does not, all is well",
        ),
        None => Finding::advice(
            CHECK,
            format!("{shown} did not answer within {} s, seen from here", PATIENCE.as_secs()),
            "see that the name leads to the proxy, and that its port is open",
        ),
    }
}

enum Unreached {
    Tls(String),
    Other(String),
}

/// The issuer that the server behind an address names (RFC 8414 §3).
async fn named_by(issuer: &Url) -> Result<String, Unreached> {
    let other = |reason: String| Unreached::Other(reason);
    let client =
        Client::builder().redirect(Policy::none()).user_agent(concat!("jeton-doctor/", env!("CARGO_PKG_VERSION")));
    let client = client.build().map_err(|error| other(error.to_string()))?;
    let mut url = issuer.clone();
    url.set_path(&format!("/.well-known/oauth-authorization-server{}", issuer.path().trim_end_matches('/')));
    let answer = client.get(url).send().await.map_err(|error| classified(&error))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(other(format!("it answered {status}")));
    }
    let body = answer.bytes().await.map_err(|error| classified(&error))?;
    let metadata: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = metadata.get("issuer").and_then(Value::as_str);
    name.map(str::to_owned).ok_or_else(|| other("it answered something that names no issuer".to_owned()))
}

/// The causes, of which the last says most. A certificate that cannot be trusted is told from a server that is not there.
fn classified(error: &reqwest::Error) -> Unreached {
    let mut last = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        last = cause.to_string();
        next = cause.source();
    }
    if last.contains("certificate") { Unreached::Tls(last) } else { Unreached::Other(last) }
}
