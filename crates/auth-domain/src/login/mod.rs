//! Login: a mail address and a password for a session.
//!
//! Every failure does the same work and gives the same answer, whatever its cause: an address that nobody has, an empty
//! password, one that is too long, an account that is disabled or has no password.

use std::sync::Arc;

use crate::model::{
    Actor, DeviceClass, DisplayName, EmailAddress, EventId, EventKind, NewSession, Opened, Password, Presenter,
    RefreshPolicy, SecurityEvent, SessionId, SessionLimit, SessionRecord, TokenSecret, UserAgent,
};
use crate::ports::{
    AccountStore, Clock, Entropy, EntropyUnavailable, HashError, PasswordHasher, SessionStore, StoreError, Verdict,
    random,
};
use crate::refresh::RotationKeys;
use crate::session::{AfterCommit, IssuedTokens, SessionTokens, TokensNotIssued};

/// Opens sessions for those who prove who they are.
pub struct Login {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<RotationKeys>,
    pub(crate) policy: RefreshPolicy,
    pub(crate) limit: SessionLimit,
    pub(crate) client: Client,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// The client that sessions are opened for: the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The `client_id` of its tokens (RFC 9068 §2.2).
    pub id: String,
    /// The `scope` of its tokens: names separated by one space.
    pub scope: String,
}

/// `jeton`, with the scope `account`.
impl Default for Client {
    fn default() -> Self {
        Self { id: "jeton".to_owned(), scope: "account".to_owned() }
    }
}

/// A request to log in.
#[derive(Debug)]
pub struct LoginRequest<'a> {
    /// The mail address as it was typed.
    pub email: &'a str,
    /// The password as it was typed.
    pub password: &'a secrecy::SecretString,
    /// What the owner calls the device.
    pub device_name: Option<DisplayName>,
    /// The class of the device; without it the user agent tells.
    pub device_class: Option<DeviceClass>,
    /// A session of the account to end first, which its owner chose when the limit was reached.
    pub end_session: Option<SessionId>,
    /// Who sent the request.
    pub presenter: Presenter,
}

/// Why a login gave no session.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// It was not proved who it is. Why is not told.
    #[error("the mail address or the password is wrong")]
    InvalidCredentials,
    /// The password was right, but the account has as many sessions as it may.
    #[error("the account is signed in on as many devices as it may be; choose one of them to be signed out")]
    SessionLimitReached {
        /// The live sessions, newest first, for the owner to choose from.
        live: Vec<SessionRecord>,
    },
    /// The password could not be verified. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The session is open, but its tokens could not be written.
    #[error(transparent)]
    Tokens(#[from] TokensNotIssued),
}

impl Login {
    /// Opens a session and gives its first tokens.
    ///
    /// # Errors
    /// [`LoginError::InvalidCredentials`] for every wrong address, password or account.
    pub async fn login(&self, request: LoginRequest<'_>) -> Result<IssuedTokens, LoginError> {
        let found = match EmailAddress::parse(request.email) {
            Ok(email) => self.accounts.credentials(&email).await?,
            Err(_) => None,
        };
        let (account, hash) = found.map_or((None, None), |found| (Some(found.account), found.password_hash));
        let typed = Password::new(secrecy::ExposeSecret::expose_secret(request.password)).ok();
        let could_match = typed.is_some();
        let verdict = self.hasher.verify(typed.unwrap_or_else(Password::placeholder), hash).await?;
        let account = account
            .filter(|account| could_match && verdict == Verdict::Matches && account.disabled_at.is_none())
            .ok_or(LoginError::InvalidCredentials)?;

        let now = self.clock.now();
        let secret = TokenSecret::from_bytes(random(&*self.entropy)?);
        let key_id = self.keys.active();
        let id = SessionId::new(now, random(&*self.entropy)?);
        let user_agent = request.presenter.user_agent.as_deref();
        let event = SecurityEvent {
            id: EventId::new(now, random(&*self.entropy)?),
            at: now,
            kind: EventKind::SessionOpened,
            account: account.id,
            session: Some(id),
            actor: Actor::Owner(Some(id)),
            presenter: request.presenter.clone(),
            evidence: None,
        };
        let new = NewSession {
            id,
            account: account.id,
            client_id: self.client.id.clone(),
            scope: self.client.scope.clone(),
            token_hash: secret.hash(),
            key_id,
            device_name: request.device_name.map(|name| name.as_str().to_owned()),
            device_class: request.device_class.unwrap_or_else(|| UserAgent::parse(user_agent).class),
            presenter: request.presenter,
            amr: vec!["pwd".to_owned()],
            now,
            idle_expires_at: self.policy.idle_expires_at(now),
            expires_at: self.policy.expires_at(now),
            tokens_until: self.tokens.live_until(now),
            end_first: request.end_session,
            event,
        };
        match self.sessions.open(new, self.limit).await? {
            Opened::Opened { facts, evicted } => {
                self.after_commit.revoked(&evicted);
                Ok(self.tokens.issue(facts, &secret, key_id, now)?)
            }
            Opened::LimitReached { live } => Err(LoginError::SessionLimitReached { live }),
            Opened::AccountUnavailable => Err(LoginError::InvalidCredentials),
        }
    }
}
