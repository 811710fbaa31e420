//! An issuer in the hands of a test: it serves keys and the feed over real HTTP, and does with them what the test says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_axum::SystemClock;
use auth_domain::feed::{Cursor, FeedLog};
use auth_domain::model::{AccountId, Revocation, RevocationKind, SessionId};
use auth_domain::ports::Clock as _;
use axum::extract::{Query, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use token_core::{Algorithm, Audience, Grant, Issuer, KeySet, NoClaims, SigningKey, UnixTime};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

pub(super) const AUDIENCE: &str = "notes";
pub(super) const API_KEY: &str = "jak_test";
/// A key that lacks the scope for the feed.
pub(super) const OTHER_KEY: &str = "jak_other";

/// Dropping it ends the server.
pub(super) struct TestIssuer {
    /// Its own address, which its tokens name.
    pub(super) url: String,
    pub(super) address: SocketAddr,
    pub(super) hands: Arc<Hands>,
    _server: JoinSet<()>,
}

/// What the test does to the issuer, and sees of it.
pub(super) struct Hands {
    iss: String,
    /// The last one signs.
    issuers: Mutex<Vec<Issuer>>,
    /// Served in place of the keys.
    pub(super) jwks: Mutex<Option<String>>,
    log: Mutex<FeedLog>,
    seq: AtomicI64,
    news: watch::Sender<u64>,
    /// Every answer has this status, where it is not 200.
    pub(super) status: AtomicU16,
    /// How old its own view of the feed is, in milliseconds.
    pub(super) age_ms: AtomicU64,
    /// Whether it refuses cursors, as after its database was replaced.
    pub(super) forgets: AtomicUsize,
    /// Whether it answers at once, whatever it was asked.
    pub(super) hasty: AtomicUsize,
    /// For how many seconds its keys may be kept.
    pub(super) max_age: AtomicU64,
    /// Whether the keys are not answered at all.
    pub(super) hangs: AtomicUsize,
    pub(super) key_fetches: AtomicUsize,
    pub(super) not_modified: AtomicUsize,
    /// The cursor of each question.
    pub(super) questions: Mutex<Vec<Option<String>>>,
}

impl TestIssuer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::serve(listener, &format!("http://{address}"))
    }

    /// One whose tokens name another address, such as a proxy's.
    pub(super) async fn start_as(url: &str) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), url)
    }

    fn serve(listener: TcpListener, url: &str) -> Self {
        let address = listener.local_addr().unwrap();
        let hands = Arc::new(Hands {
            iss: url.to_owned(),
            issuers: Mutex::default(),
            jwks: Mutex::default(),
            log: Mutex::default(),
            seq: AtomicI64::new(1),
            news: watch::Sender::new(0),
            status: AtomicU16::new(200),
            age_ms: AtomicU64::new(0),
            forgets: AtomicUsize::new(0),
            hasty: AtomicUsize::new(0),
            max_age: AtomicU64::new(300),
            hangs: AtomicUsize::new(0),
            key_fetches: AtomicUsize::new(0),
            not_modified: AtomicUsize::new(0),
            questions: Mutex::default(),
        });
        hands.add_key();
        hands.log.lock().unwrap().absorb(&[], SystemClock.now());
        let app = Router::new()
            .route("/.well-known/jwks.json", get(keys))
            .route("/v1/revocations", get(feed))
            .with_state(Arc::clone(&hands));
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { url: url.to_owned(), address, hands, _server: server }
    }
}

impl Hands {
    /// Publishes one more key, and signs with it.
    pub(super) fn add_key(&self) {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        self.issuers.lock().unwrap().push(Issuer::new(key, self.iss.clone(), Audience::new(AUDIENCE), 900));
    }

    /// Publishes the last key alone.
    pub(super) fn drop_old_keys(&self) {
        let mut issuers = self.issuers.lock().unwrap();
        let last = issuers.pop();
        *issuers = last.into_iter().collect();
    }

    /// Its keys, as a JWK set.
    pub(super) fn published(&self) -> String {
        self.issuers.lock().unwrap().iter().map(Issuer::verification_key).collect::<KeySet>().to_jwks()
    }

    /// The `kid` of the key that signs.
    pub(super) fn kid(&self) -> String {
        self.issuers.lock().unwrap().last().unwrap().verification_key().kid().to_owned()
    }

    /// A token of this session, issued to this account.
    pub(super) fn token(&self, account: u128, session: u128) -> String {
        self.token_with(account, session, "account", &[], NoClaims)
    }

    pub(super) fn token_with<X: Serialize>(
        &self,
        account: u128,
        session: u128,
        scope: &str,
        roles: &[&str],
        extra: X,
    ) -> String {
        self.proved_token(account, session, scope, roles, extra, (0, &[]))
    }

    /// A token of somebody who proved so many seconds ago who he is, and how.
    pub(super) fn token_proved(&self, seconds_ago: u64, amr: &[&str]) -> String {
        self.proved_token(1, 1, "account", &[], NoClaims, (seconds_ago, amr))
    }

    fn proved_token<X: Serialize>(
        &self,
        account: u128,
        session: u128,
        scope: &str,
        roles: &[&str],
        extra: X,
        (seconds_ago, amr): (u64, &[&str]),
    ) -> String {
        let now = SystemClock.now().unix();
        let grant = Grant {
            subject: Uuid::from_u128(account),
            session: Uuid::from_u128(session),
            token_id: Uuid::from_u128(1),
            client_id: "web".to_owned(),
            scope: scope.to_owned(),
            auth_time: UnixTime::from_secs(now.as_secs() - seconds_ago),
            amr: amr.iter().map(|how| (*how).to_owned()).collect(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            extra,
        };
        self.issuers.lock().unwrap().last().unwrap().issue(grant, now).unwrap().expose().to_owned()
    }

    pub(super) fn revoke_session(&self, session: u128) {
        self.revoke(RevocationKind::Session(SessionId::from_uuid(Uuid::from_u128(session))));
    }

    pub(super) fn revoke_account(&self, account: u128) {
        self.revoke(RevocationKind::Account(AccountId::from_uuid(Uuid::from_u128(account))));
    }

    pub(super) fn revoke(&self, kind: RevocationKind) {
        let now = SystemClock.now();
        let entry = Revocation {
            seq: self.seq.fetch_add(1, Ordering::Relaxed),
            kind,
            not_before: now,
            expires_at: now.plus(Duration::from_secs(900)),
        };
        self.log.lock().unwrap().absorb(&[entry], now);
        self.news.send_modify(|count| *count += 1);
    }

    /// How many questions the feed was asked.
    pub(super) fn asked(&self) -> usize {
        self.questions.lock().unwrap().len()
    }

    fn trouble(&self) -> Option<Response> {
        let status = StatusCode::from_u16(self.status.load(Ordering::Relaxed)).unwrap();
        (status != StatusCode::OK).then(|| (status, [(LOCATION, "/elsewhere")]).into_response())
    }
}

async fn keys(State(hands): State<Arc<Hands>>, headers: HeaderMap) -> Response {
    hands.key_fetches.fetch_add(1, Ordering::Relaxed);
    if let Some(trouble) = hands.trouble() {
        return trouble;
    }
    if hands.hangs.load(Ordering::Relaxed) == 1 {
        std::future::pending::<()>().await;
    }
    let jwks = hands.jwks.lock().unwrap().clone().unwrap_or_else(|| hands.published());
    let etag = format!("\"{}\"", hands.kid());
    let max_age = format!("max-age={}", hands.max_age.load(Ordering::Relaxed));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| *known == *etag) {
        hands.not_modified.fetch_add(1, Ordering::Relaxed);
        return (StatusCode::NOT_MODIFIED, [(CACHE_CONTROL, max_age)]).into_response();
    }
    ([(CACHE_CONTROL, max_age), (ETAG, etag)], jwks).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    after: Option<String>,
    #[serde(default)]
    wait: u64,
}

async fn feed(State(hands): State<Arc<Hands>>, Query(question): Query<Question>, headers: HeaderMap) -> Response {
    hands.questions.lock().unwrap().push(question.after.clone());
    if let Some(trouble) = hands.trouble() {
        return trouble;
    }
    let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match shown {
        Some(API_KEY) => {}
        Some(OTHER_KEY) => return StatusCode::FORBIDDEN.into_response(),
        _ => return StatusCode::UNAUTHORIZED.into_response(),
    }
    if question.after.is_some() && hands.forgets.load(Ordering::Relaxed) == 1 {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let cursor: Option<Cursor> = question.after.map(|after| after.parse().unwrap());
    let mut news = hands.news.subscribe();
    let deadline = Instant::now() + Duration::from_secs(question.wait);
    let (entries, reached) = loop {
        news.mark_unchanged();
        let (entries, reached) = hands.log.lock().unwrap().since(cursor.as_ref());
        if !entries.is_empty() || cursor.is_none() || hands.hasty.load(Ordering::Relaxed) == 1 {
            break (entries, reached);
        }
        if timeout_at(deadline, news.changed()).await.is_err() {
            break (entries, reached);
        }
    };
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| {
            json!({
                "seq": entry.seq,
                "kind": entry.kind.as_str(),
                "subject": entry.kind.subject(),
                "not_before": entry.not_before.unix().as_secs(),
                "expires_at": entry.expires_at.unix().as_secs() + 1,
            })
        })
        .collect();
    let age_ms = hands.age_ms.load(Ordering::Relaxed);
    Json(json!({"entries": entries, "cursor": reached.to_string(), "age_ms": age_ms})).into_response()
}
