//! A small JSON client for the demo.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{Request, StatusCode};

use crate::run::Failure;

const DEADLINE: Duration = Duration::from_secs(20);

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
