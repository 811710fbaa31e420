//! One question to the revocation feed, and what its answer revokes.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use token_core::{RevocationSet, UnixTime};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::http::{FetchError, send};

/// More than a million entries have.
const LARGEST: usize = 256 * 1024 * 1024;
/// How long a snapshot may take.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the feed is.
pub(super) struct FeedSource {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) api_key: SecretString,
    /// For how long the issuer may wait until there is something to say.
    pub(super) wait: Duration,
    /// How much longer an answer may take before the connection counts as dead.
    pub(super) patience: Duration,
}

/// What an answer held.
pub(super) struct Heard {
    pub(super) cursor: String,
    /// How old the answering node's own view was.
    pub(super) age: Duration,
    pub(super) entries: usize,
    /// Those of them that revoke a key.
    pub(super) keys: usize,
    /// Those of a kind that this version does not know.
    pub(super) not_understood: usize,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
    cursor: String,
    age_ms: u64,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    not_before: u64,
    expires_at: u64,
}

/// The value of `Authorization` with this key, or `None` where no header can hold it.
pub(super) fn authorization(api_key: &SecretString) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {}", api_key.expose_secret()));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl FeedSource {
    /// Asks for what came after `cursor`, or for everything, and revokes it in `set`.
    ///
    /// Each entry is kept for `leeway` longer than the issuer says: for that long this guard still accepts expired tokens.
    pub(super) async fn ask(
        &self,
        cursor: Option<&str>,
        set: &RevocationSet,
        leeway: u64,
    ) -> Result<Heard, FetchError> {
        let mut url = self.url.clone();
        let timeout = match cursor {
            Some(cursor) => {
                let wait = self.wait.as_secs().to_string();
                url.query_pairs_mut().append_pair("after", cursor).append_pair("wait", &wait);
                self.wait + self.patience
            }
            None => SNAPSHOT_TIMEOUT,
        };
        let mut request = self.client.get(url).timeout(timeout);
        if let Some(value) = authorization(&self.api_key) {
            request = request.header(AUTHORIZATION, value);
        }
        let answer = send(request, LARGEST).await?;
        revoke(&answer.body, set, leeway)
    }
}

/// Revokes what an answer tells. If any of it cannot be understood, the answer does not count as heard, though what was
/// revoked stays so.
fn revoke(body: &[u8], set: &RevocationSet, leeway: u64) -> Result<Heard, FetchError> {
    let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| FetchError::Malformed(error.to_string()))?;
    let (mut keys, mut not_understood) = (0, 0);
    for entry in &wire.entries {
        let until = UnixTime::from_secs(entry.expires_at.saturating_add(leeway));
        let id = || {
            let malformed = |_| FetchError::Malformed(format!("an entry of the kind {:?} has no UUID", entry.kind));
            Uuid::try_parse(&entry.subject).map_err(malformed)
        };
        match &*entry.kind {
            "session" => set.revoke_session(id()?, until),
            "user" => set.revoke_subject(id()?, UnixTime::from_secs(entry.not_before), until),
            "key" => {
                set.revoke_key(&entry.subject, until);
                keys += 1;
            }
            _ => not_understood += 1,
        }
    }
    let age = Duration::from_millis(wire.age_ms);
    Ok(Heard { cursor: wire.cursor, age, entries: wire.entries.len(), keys, not_understood })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    fn answer(entries: &str) -> String {
        format!(r#"{{"entries":[{entries}],"cursor":"9~7","age_ms":250,"later":true}}"#)
    }

    fn entry(kind: &str, subject: &str) -> String {
        format!(r#"{{"seq":1,"kind":"{kind}","subject":"{subject}","not_before":100,"expires_at":1000}}"#)
    }

    #[test]
    fn each_kind_of_entry_is_revoked() {
        let set = RevocationSet::new();
        let (session, user) = (ID.to_string(), Uuid::from_u128(8).to_string());
        let entries = [entry("session", &session), entry("user", &user), entry("key", "kid-1")].join(",");
        let heard = revoke(answer(&entries).as_bytes(), &set, 0).unwrap();
        assert_eq!((heard.cursor.as_str(), heard.age, heard.entries), ("9~7", Duration::from_millis(250), 3));
        assert_eq!(heard.keys, 1);
        let at = UnixTime::from_secs;
        assert!(set.is_revoked(ID, Uuid::nil(), at(500)));
        assert!(set.is_revoked(Uuid::nil(), Uuid::from_u128(8), at(100)));
        assert!(!set.is_revoked(Uuid::nil(), Uuid::from_u128(8), at(101)));
        assert!(set.is_key_revoked("kid-1"));
    }

    #[test]
    fn an_entry_outlives_the_leeway_for_expired_tokens() {
        let set = RevocationSet::new();
        revoke(answer(&entry("session", &ID.to_string())).as_bytes(), &set, 60).unwrap();
        set.purge(UnixTime::from_secs(1_059));
        assert_eq!(set.len(), 1);
        set.purge(UnixTime::from_secs(1_060));
        assert_eq!(set.len(), 0);
    }

    #[test]
    fn an_entry_of_a_later_version_is_counted_and_the_others_count() {
        let set = RevocationSet::new();
        let entries = [entry("device", "x"), entry("session", &ID.to_string())].join(",");
        let heard = revoke(answer(&entries).as_bytes(), &set, 0).unwrap();
        assert_eq!((heard.entries, heard.not_understood, set.len()), (2, 1, 1));
    }

    #[test]
    fn an_answer_that_cannot_be_understood_is_not_heard() {
        let set = RevocationSet::new();
        for body in ["", "[]", "{}", r#"{"entries":[],"cursor":"1"}"#, &answer(&entry("session", "x"))] {
            assert!(matches!(revoke(body.as_bytes(), &set, 0), Err(FetchError::Malformed(_))), "{body}");
        }
    }

    #[test]
    fn the_api_key_is_not_printed_with_the_request() {
        let value = authorization(&SecretString::from("jak_secret")).unwrap();
        assert!(!format!("{value:?}").contains("secret"));
        assert_eq!(authorization(&SecretString::from("jak_\n")), None);
    }
}
