//! A small JSON client for the demo, and how secrets are shown.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, StatusCode};

use crate::run::Failure;

const DEADLINE: Duration = Duration::from_secs(20);
/// How much of a secret is shown.
const SHOWN: usize = 12;

pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
}

/// A request, from its line to its body.
#[derive(Default)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) bearer: Option<&'a str>,
    pub(crate) idempotency_key: Option<&'a str>,
    pub(crate) body: Option<Value>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Null where the answer has no body.
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(DEADLINE))
            .proxy(None)
            .build();
        Self { agent: config.into(), base: base.to_owned() }
    }

    pub(crate) fn send(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{} {}: {error}", call.method, call.path));
        let mut request = Request::builder().method(call.method).uri(format!("{}{}", self.base, call.path));
        if let Some(token) = call.bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let answer = match &call.body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string());
                self.agent.run(request.map_err(|error| failed(&error))?)
            }
            None if call.method == "POST" => {
                self.agent.run(request.body(String::new()).map_err(|error| failed(&error))?)
            }
            None => self.agent.run(request.body(()).map_err(|error| failed(&error))?),
        };
        let mut answer = answer.map_err(|error| failed(&error))?;
        let text = answer.body_mut().read_to_string().map_err(|error| failed(&error))?;
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).map_err(|error| failed(&error))? };
        Ok(Answer { status: answer.status(), body })
    }
}

/// The value with its secrets cut short.
pub(crate) fn shown(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), shown_member(name, value))).collect()
        }
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

fn shown_member(name: &str, value: &Value) -> Value {
    match value.as_str() {
        Some(secret) if matches!(name, "password" | "access_token" | "refresh_token") => shortened(secret).into(),
        _ => shown(value),
    }
}

pub(crate) fn shortened(secret: &str) -> String {
    let start: String = secret.chars().take(SHOWN).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::shown;

    #[test]
    fn secrets_are_cut_short_wherever_they_stand() {
        let answer = json!({"tokens": [{"refresh_token": "jrt_0123456789abcdef", "expires_in": 900}], "password": "correct horse"});
        assert_eq!(
            shown(&answer),
            json!({"tokens": [{"refresh_token": "jrt_01234567…", "expires_in": 900}], "password": "correct hors…"})
        );
    }
}
