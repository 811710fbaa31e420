//! A session that is kept: refreshed when it is due, one refresh at a time, and repeated with the same key until it is answered.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::saved::{Saved, SessionFile};

/// Why a request gave nothing.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// There is no session in the file.
    #[error("nobody is signed in; use sign-in")]
    NotSignedIn,
    /// The session is over. The file is forgotten.
    #[error("the session is over ({0}); use sign-in")]
    Over(String),
    /// Jeton refused, and another try would not help.
    #[error("{} ({})", .0.detail, .0.code)]
    Refused(Problem),
    /// No answer came, or the server is in trouble. The session is as it was; try again later.
    #[error("no answer: {0}; the session is kept, try again")]
    NoAnswer(String),
    /// The session's file.
    #[error("the session's file: {0}")]
    File(#[from] io::Error),
}

/// A problem document (RFC 9457).
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: String,
    #[serde(default)]
    detail: String,
    /// After the password, where a second factor must follow.
    pub(crate) mfa_token: Option<String>,
}

impl Problem {
    /// Whether the session of the refresh token that was sent is over.
    fn is_final(&self) -> bool {
        let codes = ["invalid_grant", "session_signed_out", "session_evicted", "session_revoked", "session_expired"];
        codes.contains(&self.code.as_str())
    }
}

/// RFC 6749 §5.1, and Jeton's own fields.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    expires_in: u64,
    refresh_token: String,
    session_id: String,
}

impl TokenResponse {
    /// The access token's life is counted from when it was asked for, by this machine's clock.
    fn saved(self, sent_at: u64) -> Saved {
        Saved {
            session_id: self.session_id,
            access_token: self.access_token,
            obtained_at: sent_at,
            expires_at: sent_at + self.expires_in,
            refresh_token: self.refresh_token,
            idempotency_key: None,
        }
    }
}

/// How often an unanswered refresh is repeated.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// The pause after the first try; each further one is twice as long, up to 15 seconds.
    pub(crate) first_pause: Duration,
    /// How long to go on in all. The next call, or the next process, goes on with the same key.
    pub(crate) total: Duration,
}

const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// The longest time before its end at which an access token is replaced, in seconds.
const MARGIN: u64 = 60;

/// A client with a session in a file.
pub(crate) struct Session {
    http: Client,
    url: String,
    file: SessionFile,
    patience: Patience,
}

impl Session {
    /// `http` must have a timeout: an answer may never come.
    pub(crate) fn new(http: Client, url: &str, file: SessionFile, patience: Patience) -> Self {
        Self { http, url: url.trim_end_matches('/').to_owned(), file, patience }
    }

    /// Sends the last request of a login, to `/v1/login` or `/v1/login/mfa`, and saves the session that it opens.
    pub(crate) async fn sign_in(&self, path: &str, body: &Value) -> Result<(), ClientError> {
        let file = self.file.lock().await?;
        let sent_at = now();
        let tokens = self.post(path, body, None).await.map_err(|unanswered| unanswered.error)?;
        Ok(file.write(&tokens.saved(sent_at))?)
    }

    /// An access token that is good for some seconds at least.
    pub(crate) async fn access_token(&self) -> Result<String, ClientError> {
        let saved = self.file.read()?.ok_or(ClientError::NotSignedIn)?;
        if is_fresh(&saved) { Ok(saved.access_token) } else { self.refresh(&saved.access_token).await }
    }

    /// Gets a resource of Jeton's own server. If the token is refused, it is replaced and the request repeated, once.
    pub(crate) async fn get(&self, path: &str) -> Result<Response, ClientError> {
        let token = self.access_token().await?;
        let answer = self.carry(path, &token).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let fresh = self.refresh(&token).await?;
        self.carry(path, &fresh).await
    }

    async fn carry(&self, path: &str, token: &str) -> Result<Response, ClientError> {
        let sent = self.http.get(format!("{}{path}", self.url)).bearer_auth(token).send().await;
        sent.map_err(|error| ClientError::NoAnswer(error.without_url().to_string()))
    }

    /// Replaces the access token `unfit`, and gives its successor. Whoever waits for the lock meanwhile finds that it was replaced.
    ///
    /// A task that is cancelled in the middle leaves its key in the file, with which the next one goes on.
    pub(crate) async fn refresh(&self, unfit: &str) -> Result<String, ClientError> {
        let file = self.file.lock().await?;
        let mut saved = file.read()?.ok_or(ClientError::NotSignedIn)?;
        if saved.access_token != unfit && now() < saved.expires_at {
            return Ok(saved.access_token);
        }
        // The key must be on the disk before it is sent: after a crash it is what proves that the repetition is ours.
        let key = if let Some(begun) = &saved.idempotency_key {
            begun.clone()
        } else {
            let key = new_key()?;
            saved.idempotency_key = Some(key.clone());
            file.write(&saved)?;
            key
        };
        let began = Instant::now();
        let mut pause = self.patience.first_pause;
        loop {
            let sent_at = now();
            let Unanswered { error, wait } =
                match self.post("/v1/refresh", &json!({ "refresh_token": saved.refresh_token }), Some(&key)).await {
                    Ok(tokens) => {
                        // The successor comes and the key goes, at once.
                        let next = tokens.saved(sent_at);
                        file.write(&next)?;
                        return Ok(next.access_token);
                    }
                    Err(unanswered) => unanswered,
                };
            match error {
                ClientError::Refused(problem) if problem.is_final() => {
                    file.remove()?;
                    return Err(ClientError::Over(problem.code));
                }
                ClientError::NoAnswer(_) => {}
                refused => return Err(refused),
            }
            let wait = wait.max(jittered(pause)?);
            if began.elapsed() + wait > self.patience.total {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    /// Ends the session, here at once. If no answer comes, it stays in the list of devices until it is ended there or expires.
    pub(crate) async fn sign_out(&self) -> Result<(), ClientError> {
        let file = self.file.lock().await?;
        let saved = file.read()?.ok_or(ClientError::NotSignedIn)?;
        file.remove()?;
        let body = json!({ "refresh_token": saved.refresh_token });
        let sent = self.http.post(format!("{}/v1/logout", self.url)).json(&body).send().await;
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(ClientError::NoAnswer(format!("status {}", answer.status()))),
            Err(error) => Err(ClientError::NoAnswer(error.without_url().to_string())),
        }
    }

    async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> Result<TokenResponse, Unanswered> {
        let mut request = self.http.post(format!("{}{path}", self.url)).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.map_err(|error| Unanswered::lost(&error))?;
        let status = answer.status();
        let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let wait = Duration::from_secs(wait.unwrap_or_default());
        if status.is_success() {
            // One that broke off in its middle is lost as well.
            return answer.json().await.map_err(|error| Unanswered::lost(&error));
        }
        let problem: Option<Problem> = answer.json().await.ok();
        let is_transient = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        let error = match problem {
            Some(problem) if !is_transient => ClientError::Refused(problem),
            Some(problem) => ClientError::NoAnswer(problem.code),
            None => ClientError::NoAnswer(format!("status {status} that is not one of Jeton")),
        };
        Err(Unanswered { error, wait })
    }
}

/// A request that brought no tokens, and how long the server asks to wait.
struct Unanswered {
    error: ClientError,
    wait: Duration,
}

impl Unanswered {
    fn lost(error: &reqwest::Error) -> Self {
        Self { error: ClientError::NoAnswer(error.to_string()), wait: Duration::ZERO }
    }
}

fn is_fresh(saved: &Saved) -> bool {
    let margin = MARGIN.min((saved.expires_at - saved.obtained_at) / 5);
    // A clock that was set back says nothing about how old the token is.
    (saved.obtained_at..saved.expires_at.saturating_sub(margin)).contains(&now())
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a program has no clock but the system's")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn random<const N: usize>() -> Result<[u8; N], ClientError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// 128 random bits in hexadecimal.
fn new_key() -> Result<String, ClientError> {
    Ok(format!("{:032x}", u128::from_be_bytes(random()?)))
}

/// Between half of the pause and the whole, so that many clients do not come back together.
fn jittered(pause: Duration) -> Result<Duration, ClientError> {
    let [chance] = random()?;
    Ok(pause.mul_f64(0.5 + f64::from(chance) / 510.0))
}
