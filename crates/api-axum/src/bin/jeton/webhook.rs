//! Sends security events to the operator's endpoints by the Standard Webhooks convention: each delivery has an id that
//! stays in every attempt, and a signature over id, time and body.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use auth_domain::model::{Delivery, Endpoint, SecurityEvent, Timestamp};
use auth_domain::ports::{NotTaken, Subscription, WebhookSender};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::json;
use zeroize::Zeroizing;

use crate::config::WebhookSettings;
use crate::json;
use crate::operations::delivered;

/// What a secret begins with, so that scanners find one that leaked.
const PREFIX: &str = "whsec_";
/// For how long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What deliveries to one endpoint are signed with.
#[derive(Clone)]
pub(crate) struct WebhookSecret(hmac::Key);

/// The text is no secret. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`whsec_` and 24 to 64 bytes in base64; `echo whsec_$(openssl rand -base64 32)` makes one")]
pub(crate) struct InvalidWebhookSecret;

impl WebhookSecret {
    /// Reads a secret: `whsec_` and base64 of 24 to 64 bytes.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(InvalidWebhookSecret)?;
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(encoded).map_err(|_| InvalidWebhookSecret)?);
        let fits = (24..=64).contains(&bytes.len());
        if fits { Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes))) } else { Err(InvalidWebhookSecret) }
    }

    /// The signature of one attempt.
    fn sign(&self, id: &str, seconds: u64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(tag))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// What the endpoints of the settings want to be told.
pub(crate) fn subscriptions(webhooks: &[WebhookSettings]) -> Vec<Subscription> {
    let wanted = |webhook: &WebhookSettings| Subscription {
        endpoint: Endpoint(webhook.name.clone()),
        kinds: webhook.kinds.clone(),
    };
    webhooks.iter().map(wanted).collect()
}

/// Sends by HTTP.
pub(crate) struct HttpSender {
    targets: HashMap<Endpoint, Target>,
    /// The endpoints whose last delivery was not taken.
    failing: Mutex<HashSet<Endpoint>>,
}

struct Target {
    http: Client,
    url: Url,
    secret: WebhookSecret,
}

impl HttpSender {
    /// A sender to the endpoints of the settings.
    pub(crate) fn new(webhooks: &[WebhookSettings]) -> Result<Self, reqwest::Error> {
        // A client wants the machine's certificate authorities, which a server that calls nobody can do without.
        if webhooks.is_empty() {
            return Ok(Self { targets: HashMap::new(), failing: Mutex::default() });
        }
        // An endpoint that sends elsewhere could send the server to its own network.
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(Policy::none())
            .user_agent(concat!("jeton/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let target = |webhook: &WebhookSettings| {
            let target = Target { http: http.clone(), url: webhook.url.clone(), secret: webhook.secret.clone() };
            (Endpoint(webhook.name.clone()), target)
        };
        Ok(Self { targets: webhooks.iter().map(target).collect(), failing: Mutex::default() })
    }

    async fn post(&self, delivery: &Delivery, now: Timestamp) -> Result<(), NotTaken> {
        let target = self.targets.get(&delivery.endpoint);
        let Target { http, url, secret } =
            target.ok_or_else(|| NotTaken("the settings have no such webhook".to_owned()))?;
        let (id, seconds, body) = (delivery.id.to_string(), now.unix().as_secs(), body(&delivery.event));
        let sent = http
            .post(url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", secret.sign(&id, seconds, &body))
            .body(body)
            .send()
            .await;
        let status = sent.map_err(|error| NotTaken(in_words(error)))?.status();
        if status.is_success() { Ok(()) } else { Err(NotTaken(format!("the endpoint answered {status}"))) }
    }

    /// Tells once when an endpoint begins to fail, and once when that is over: not with every delivery.
    fn tell(&self, endpoint: &Endpoint, sent: &Result<(), NotTaken>) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Err(error) if failing.insert(endpoint.clone()) => {
                tracing::warn!(endpoint = endpoint.0, %error, "a webhook was not taken; it is sent again later");
            }
            Ok(()) if failing.remove(endpoint) => {
                tracing::info!(endpoint = endpoint.0, "webhooks are taken again");
            }
            _ => {}
        }
    }
}

#[async_trait]
impl WebhookSender for HttpSender {
    async fn send(&self, delivery: &Delivery, now: Timestamp) -> Result<(), NotTaken> {
        let sent = self.post(delivery, now).await;
        delivered("webhook", sent.is_ok());
        self.tell(&delivery.endpoint, &sent);
        sent
    }
}

fn body(event: &SecurityEvent) -> String {
    json!({ "type": event.kind.as_str(), "timestamp": event.at.to_string(), "data": json::event(event) }).to_string()
}

/// The error with its causes and without the address, which may hold a secret.
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standards_own_example() {
        // From the Standard Webhooks specification, "Symmetric signatures".
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["", "whsec_", "hunter2", "whsec_aHVudGVyMg==", "whsec_!", &format!("whsec_{}", "A".repeat(88))] {
            assert_eq!(WebhookSecret::parse(text).err(), Some(InvalidWebhookSecret), "{text}");
        }
    }
}
