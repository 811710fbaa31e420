//! Login: a mail address and a password, or a passkey, for a session; with a second factor where the account has one.
//!
//! Every failure does the same work and gives the same answer, whatever its cause: an address that nobody has, an empty
//! password, one that is too long, an account that is disabled or has no password.

mod again;
mod open;
mod passkey;
mod second_factor;

use std::sync::Arc;

pub use again::{Proof, ProvedAgain, ReauthenticateError};
pub use passkey::{PasskeyBegun, PasskeyLogin};
pub use second_factor::{SecondFactorLogin, SecondFactorProof};
use secrecy::{ExposeSecret, SecretString};

use crate::model::{
    Account, Credentials, DeviceClass, DeviceId, DisplayName, EmailAddress, Password, Presenter, RefreshPolicy,
    RestsOn, SessionId, SessionLimit, SessionRecord, ThrottleKey, Timestamp,
};
use crate::one_time::{OneTime, OneTimeText, TokenNotMade};
use crate::ports::{
    AccountStore, Clock, Entropy, EntropyUnavailable, FactorStore, HashError, HashingLoad, PasswordHasher,
    SessionStore, StoreError, Verdict, WebAuthn,
};
use crate::refresh::RotationKeys;
use crate::sealing::{SealError, Sealer};
use crate::session::{AfterCommit, IssuedTokens, SessionTokens, TokensNotIssued};
use crate::throttle::{DeviceToken, Gate, NotLetThrough, Throttled};

/// Opens sessions for those who prove who they are.
pub struct Login {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) factors: Arc<dyn FactorStore>,
    pub(crate) one_time: Arc<OneTime>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) webauthn: Option<Arc<dyn WebAuthn>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Arc<RotationKeys>,
    pub(crate) sealer: Sealer,
    pub(crate) gate: Gate,
    pub(crate) policy: RefreshPolicy,
    pub(crate) limit: SessionLimit,
    pub(crate) client: Client,
    /// Whether an account signs in only after its mail address was verified.
    pub(crate) require_verified_email: bool,
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
    pub password: &'a SecretString,
    /// The device that signs in.
    pub device: Device<'a>,
}

/// A device that wants to sign in.
#[derive(Clone, Debug, Default)]
pub struct Device<'a> {
    /// What its owner calls it.
    pub name: Option<DisplayName>,
    /// Its class; without it the user agent tells.
    pub class: Option<DeviceClass>,
    /// A session of the account to end first, which its owner chose when the limit was reached.
    pub end_session: Option<SessionId>,
    /// What it kept of its last login ([`DeviceToken`]).
    pub token: Option<&'a str>,
    /// Who sent the request.
    pub presenter: Presenter,
}

/// A device that is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// Its tokens.
    pub tokens: IssuedTokens,
    /// What it shows at its next login, to keep its budget of attempts apart from strangers'.
    pub device_token: DeviceToken,
}

/// Why a login gave no session.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// It was not proved who it is. Why is not told.
    #[error("the mail address or the password is wrong")]
    InvalidCredentials,
    /// The password was right, and a second factor must follow.
    #[error("a second factor is needed")]
    SecondFactorRequired {
        /// What the second factor is presented with.
        token: OneTimeText,
        /// What it may be: `totp`, `passkey`, `recovery_code`.
        methods: Vec<&'static str>,
    },
    /// The token of a login that was begun was used, has expired, or is none.
    #[error("this login was not begun here, or too long ago; begin again with the password")]
    InvalidMfaToken,
    /// The second factor is wrong, or was used before.
    #[error("the code is wrong, or was used before")]
    InvalidSecondFactor,
    /// The passkey's answer does not verify, or nobody has this passkey.
    #[error("the passkey was not accepted")]
    InvalidPasskey,
    /// This server takes no passkeys.
    #[error("passkeys are not set up on this server")]
    NoPasskeys,
    /// The proof was right, but the mail address has to be verified first.
    #[error("verify the mail address first: a mail says how")]
    EmailNotVerified,
    /// The proof was right, but the account has as many sessions as it may.
    #[error("the account is signed in on as many devices as it may be; choose one of them to be signed out")]
    SessionLimitReached {
        /// The live sessions, newest first, for the owner to choose from.
        live: Vec<SessionRecord>,
    },
    /// There were too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The password could not be verified. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token could not be made. The same request can be repeated.
    #[error(transparent)]
    Token(#[from] TokenNotMade),
    /// Something sealed does not open.
    #[error("something that was sealed for this account cannot be read: {0}")]
    Sealed(#[from] SealError),
    /// The session is open, but its tokens could not be written.
    #[error(transparent)]
    Tokens(#[from] TokensNotIssued),
}

impl From<EntropyUnavailable> for LoginError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Token(error.into())
    }
}

impl From<NotLetThrough> for LoginError {
    fn from(error: NotLetThrough) -> Self {
        match error {
            NotLetThrough::Throttled(throttled) => throttled.into(),
            NotLetThrough::Store(error) => error.into(),
        }
    }
}

impl Login {
    /// Opens a session and gives its first tokens.
    ///
    /// # Errors
    /// [`LoginError::InvalidCredentials`] for every wrong address, password or account;
    /// [`LoginError::SecondFactorRequired`] when the password was right and is not enough.
    #[tracing::instrument(target = "step", level = "debug", name = "login", skip_all)]
    pub async fn login(&self, request: LoginRequest<'_>) -> Result<SignedIn, LoginError> {
        let now = self.clock.now();
        let email = EmailAddress::parse(request.email).ok();
        let found = match &email {
            Some(email) => self.accounts.credentials(email).await?,
            None => None,
        };
        let known = self.known_device(&request.device, found.as_ref());
        let charged = self.charged(email.as_ref(), found.as_ref(), known, &request.device.presenter);
        self.gate.charge(&charged, now).await?;

        let proved = self.prove(request.password, found).await?;
        let Credentials { account, password_changed_at, second_factor, .. } = proved;
        // The account's own budget is whole again; the network's lacks the failures of others still.
        let (own, others) = charged.split_at(charged.len().min(1));
        self.gate.forgive(own, others).await;
        if self.require_verified_email && account.email_verified_at.is_none() {
            return Err(LoginError::EmailNotVerified);
        }
        if second_factor {
            return Err(self.ask_second_factor(&account, password_changed_at, &request.device, now).await?);
        }
        let rests_on = RestsOn::Password { changed_at: password_changed_at };
        self.open(account.id, known, request.device, (rests_on, &["pwd"]), now).await
    }

    /// How many passwords wait to be hashed. Where the queue is full a login would be refused with [`HashError::Busy`] after its
    /// look-ups: who sheds load asks this first, before he has read whose login it is.
    #[must_use]
    pub fn hashing(&self) -> HashingLoad {
        self.hasher.load()
    }

    /// What an attempt is counted against, the account's own first: the device, when it is known; otherwise the account and the
    /// network, whether there is such an account or not.
    fn charged(
        &self,
        email: Option<&EmailAddress>,
        found: Option<&Credentials>,
        known: Option<DeviceId>,
        presenter: &Presenter,
    ) -> Vec<ThrottleKey> {
        let policy = &self.gate.policy;
        if let (Some(device), Some(found)) = (known, found) {
            return vec![policy.device(found.account.id, device)];
        }
        let account = email.map(|email| policy.account(email));
        account.into_iter().chain(presenter.ip.map(|ip| policy.network(ip))).collect()
    }

    fn known_device(&self, device: &Device<'_>, found: Option<&Credentials>) -> Option<DeviceId> {
        DeviceToken::read(&self.keys, device.token?, found?.account.id)
    }

    /// The account, if the password is its own. The same work is done whatever is wrong.
    async fn prove(&self, typed: &SecretString, found: Option<Credentials>) -> Result<Credentials, LoginError> {
        let hash = found.as_ref().and_then(|found| found.password_hash.clone());
        let password = Password::new(typed.expose_secret()).ok();
        let could_match = password.is_some();
        let verdict = self.hasher.verify(password.unwrap_or_else(Password::placeholder), hash).await?;
        let Verdict::Matches { rehash } = verdict else { return Err(LoginError::InvalidCredentials) };
        let found = found.filter(|found| could_match && found.account.disabled_at.is_none());
        let found = found.ok_or(LoginError::InvalidCredentials)?;
        if rehash {
            self.rehash(typed, &found).await;
        }
        Ok(found)
    }

    /// Puts a hash of today's strength in the place of an older one. A failure costs nothing but another try next time.
    async fn rehash(&self, typed: &SecretString, found: &Credentials) {
        let (Ok(password), Some(old)) = (Password::new(typed.expose_secret()), &found.password_hash) else { return };
        let account = found.account.id;
        let new = match self.hasher.hash(password).await {
            Ok(new) => new,
            Err(error) => return tracing::warn!(%account, %error, "a password could not be hashed anew"),
        };
        if let Err(error) = self.accounts.rehash(account, old.clone(), new).await {
            tracing::warn!(%account, %error, "a new hash of a password could not be stored");
        }
    }

    /// What is charged for second factors of an account.
    fn factor_key(&self, account: &Account) -> [ThrottleKey; 1] {
        [self.gate.policy.factor(account.id)]
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
