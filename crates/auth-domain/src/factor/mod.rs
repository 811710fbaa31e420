//! Second factors: added, listed and removed by their owner, who has signed in recently.

mod recovery_code;
pub(crate) mod totp;

use std::sync::Arc;
use std::time::Duration;

pub use recovery_code::RecoveryCode;
pub use totp::TotpSetup;

use crate::account::{StepUpRequired, recent};
use crate::login::PasskeyBegun;
use crate::model::{Credentials, DisplayName, EventKind, Factors, Passkey, PasskeyId, Purpose};
use crate::one_time::{Carries, OneTime, TokenNotMade, Wanted, presented};
use crate::ports::{
    AccountStore, Clock, Entropy, EntropyUnavailable, FactorStore, PasskeyUser, StoreError, WebAuthn, WebAuthnError,
    random,
};
use crate::sealing::{SealError, Sealer};
use crate::session::Owner;
use crate::throttle::{Gate, Throttled};

/// How many recovery codes an account has.
const RECOVERY_CODES: usize = 10;

/// The most passkeys of one account.
const MOST_PASSKEYS: usize = 20;

/// Adds and removes second factors.
pub struct SecondFactors {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) factors: Arc<dyn FactorStore>,
    pub(crate) one_time: Arc<OneTime>,
    pub(crate) webauthn: Option<Arc<dyn WebAuthn>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) sealer: Sealer,
    pub(crate) gate: Gate,
    pub(crate) recent_login: Duration,
    /// What apps show beside the account.
    pub(crate) product: String,
}

/// Why a second factor was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// The account is gone or disabled.
    #[error("the account does not exist any more, or is disabled")]
    Gone,
    /// The owner has to prove again who he is.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// The account has one already.
    #[error("the account has an app already; remove it first")]
    TotpExists,
    /// The account has none such.
    #[error("the account has no such second factor")]
    NotFound,
    /// The code is wrong.
    #[error("the code is wrong; check that the clock of the device is right, and show the next one")]
    WrongCode,
    /// The passkey's answer does not verify, the ceremony was not begun or too long ago, or the passkey is known already.
    #[error("the passkey was not accepted: {0}")]
    InvalidPasskey(String),
    /// The account has as many as it may.
    #[error("the account has {MOST_PASSKEYS} passkeys, and no more are kept; remove one first")]
    TooManyPasskeys,
    /// This server takes no passkeys.
    #[error("passkeys are not set up on this server")]
    NoPasskeys,
    /// There were too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token or secret could not be made. The same request can be repeated.
    #[error(transparent)]
    Token(#[from] TokenNotMade),
    /// Something sealed does not open.
    #[error("something that was sealed for this account cannot be read: {0}")]
    Sealed(#[from] SealError),
}

impl From<EntropyUnavailable> for FactorError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Token(error.into())
    }
}

impl From<WebAuthnError> for FactorError {
    fn from(error: WebAuthnError) -> Self {
        Self::InvalidPasskey(error.to_string())
    }
}

impl SecondFactors {
    /// What the account has.
    pub async fn list(&self, owner: &Owner) -> Result<Factors, FactorError> {
        Ok(self.factors.of(owner.account).await?)
    }

    /// Makes an app's secret. It counts once the owner has shown one password of it.
    ///
    /// # Errors
    /// [`FactorError::TotpExists`], [`FactorError::StepUp`].
    pub async fn begin_totp(&self, owner: &Owner) -> Result<TotpSetup, FactorError> {
        let found = self.allowed(owner).await?;
        let secret = totp::TotpSecret::from_bytes(random(&*self.entropy)?);
        let sealed = totp::seal(&self.sealer, owner.account, &secret)?;
        if !self.factors.begin_totp(owner.account, sealed).await? {
            return Err(FactorError::TotpExists);
        }
        Ok(totp::setup(&secret, &self.product, found.account.email.address()))
    }

    /// Confirms the app by what it shows. Answers new recovery codes when it is the account's first factor.
    ///
    /// # Errors
    /// [`FactorError::WrongCode`]; [`FactorError::NotFound`] when none was begun.
    pub async fn confirm_totp(&self, owner: &Owner, code: &str) -> Result<Option<Vec<RecoveryCode>>, FactorError> {
        self.allowed(owner).await?;
        let now = self.clock.now();
        let charged = [self.gate.policy.factor(owner.account)];
        self.gate.charge::<FactorError>(&charged, now).await?;
        let factors = self.factors.of(owner.account).await?;
        let begun = factors.totp.as_ref().filter(|totp| totp.confirmed_at.is_none()).ok_or(FactorError::NotFound)?;
        let secret = totp::open(&self.sealer, owner.account, &begun.secret)?;
        let step = totp::step(&secret, code, now).ok_or(FactorError::WrongCode)?;
        let codes = self.first_codes(&factors)?;
        let hashes = codes.as_ref().map(|codes| codes.iter().map(RecoveryCode::hash).collect());
        let event = owner.event(&*self.entropy, EventKind::TotpAdded, now)?;
        if !self.factors.confirm_totp(begun.secret.clone(), step, hashes, event).await? {
            return Err(FactorError::NotFound);
        }
        self.gate.forgive(&charged, &[]).await;
        Ok(codes)
    }

    /// Removes the app.
    ///
    /// # Errors
    /// [`FactorError::NotFound`], [`FactorError::StepUp`].
    pub async fn remove_totp(&self, owner: &Owner) -> Result<(), FactorError> {
        self.allowed(owner).await?;
        let event = owner.event(&*self.entropy, EventKind::TotpRemoved, self.clock.now())?;
        if self.factors.remove_totp(event).await? { Ok(()) } else { Err(FactorError::NotFound) }
    }

    /// Makes new recovery codes in the place of all before them. They are shown once.
    ///
    /// # Errors
    /// [`FactorError::NotFound`] when the account has no second factor that they could stand in for.
    pub async fn new_recovery_codes(&self, owner: &Owner) -> Result<Vec<RecoveryCode>, FactorError> {
        self.allowed(owner).await?;
        if !self.factors.of(owner.account).await?.are_required() {
            return Err(FactorError::NotFound);
        }
        let codes = self.codes()?;
        let event = owner.event(&*self.entropy, EventKind::RecoveryCodesMade, self.clock.now())?;
        let hashes = codes.iter().map(RecoveryCode::hash).collect();
        let done = self.factors.replace_recovery_codes(hashes, event).await?;
        if done { Ok(codes) } else { Err(FactorError::Gone) }
    }

    /// Begins to add a passkey.
    ///
    /// # Errors
    /// [`FactorError::NoPasskeys`], [`FactorError::TooManyPasskeys`], [`FactorError::StepUp`].
    pub async fn begin_passkey(&self, owner: &Owner) -> Result<PasskeyBegun, FactorError> {
        let webauthn = self.webauthn.as_ref().ok_or(FactorError::NoPasskeys)?;
        let account = self.allowed(owner).await?.account;
        let existing = self.factors.of(owner.account).await?.passkeys;
        if existing.len() >= MOST_PASSKEYS {
            return Err(FactorError::TooManyPasskeys);
        }
        let name = account.email.address();
        let display_name = account.display_name.as_ref().map_or(name, DisplayName::as_str);
        let begun = webauthn.begin_registration(PasskeyUser { account: account.id, name, display_name }, &existing)?;
        let wanted = Wanted {
            purpose: Purpose::Passkey,
            account: None,
            bound_to: None,
            email: None,
            carries: Carries::State(&begun.state),
        };
        let ceremony = self.one_time.add::<FactorError>(wanted, self.clock.now()).await?;
        Ok(PasskeyBegun { options: begun.options, ceremony })
    }

    /// Adds the passkey that the browser has made. Answers new recovery codes when it is the account's first factor.
    ///
    /// # Errors
    /// [`FactorError::InvalidPasskey`].
    pub async fn add_passkey(
        &self,
        owner: &Owner,
        ceremony: &str,
        answer: &str,
        name: &DisplayName,
    ) -> Result<(Passkey, Option<Vec<RecoveryCode>>), FactorError> {
        let webauthn = self.webauthn.as_ref().ok_or(FactorError::NoPasskeys)?;
        self.allowed(owner).await?;
        let now = self.clock.now();
        let unknown = || FactorError::InvalidPasskey("it was not begun here, or too long ago".to_owned());
        let redeem = presented(ceremony, Purpose::Passkey, now).ok_or_else(unknown)?;
        let token = self.one_time.store.take(redeem).await?.ok_or_else(unknown)?;
        let made = webauthn.finish_registration(&self.one_time.open(&token)?, answer)?;
        let factors = self.factors.of(owner.account).await?;
        if factors.passkeys.len() >= MOST_PASSKEYS {
            return Err(FactorError::TooManyPasskeys);
        }
        let codes = self.first_codes(&factors)?;
        let hashes = codes.as_ref().map(|codes| codes.iter().map(RecoveryCode::hash).collect());
        let passkey = Passkey {
            id: PasskeyId::new(now, random(&*self.entropy)?),
            account: owner.account,
            credential_id: made.credential_id,
            name: name.as_str().to_owned(),
            data: made.data,
            created_at: now,
            last_used_at: None,
        };
        let event = owner.event(&*self.entropy, EventKind::PasskeyAdded, now)?.with_detail(name.as_str());
        if !self.factors.add_passkey(passkey.clone(), hashes, event).await? {
            return Err(FactorError::InvalidPasskey("it is known already".to_owned()));
        }
        Ok((passkey, codes))
    }

    /// Renames a passkey.
    ///
    /// # Errors
    /// [`FactorError::NotFound`].
    pub async fn rename_passkey(
        &self,
        owner: &Owner,
        passkey: PasskeyId,
        name: &DisplayName,
    ) -> Result<(), FactorError> {
        let done = self.factors.rename_passkey(owner.account, passkey, name.as_str().to_owned()).await?;
        if done { Ok(()) } else { Err(FactorError::NotFound) }
    }

    /// Removes a passkey.
    ///
    /// # Errors
    /// [`FactorError::NotFound`], [`FactorError::StepUp`].
    pub async fn remove_passkey(&self, owner: &Owner, passkey: PasskeyId) -> Result<(), FactorError> {
        self.allowed(owner).await?;
        let passkeys = self.factors.of(owner.account).await?.passkeys;
        let found = passkeys.iter().find(|known| known.id == passkey).ok_or(FactorError::NotFound)?;
        let event = owner.event(&*self.entropy, EventKind::PasskeyRemoved, self.clock.now())?.with_detail(&found.name);
        if self.factors.remove_passkey(passkey, event).await? { Ok(()) } else { Err(FactorError::NotFound) }
    }

    /// Seals app secrets anew that are not sealed under the active master key, and answers how many.
    ///
    /// # Errors
    /// When the store fails, or a secret does not open.
    pub async fn rewrap(&self) -> Result<usize, FactorError> {
        let mut done = 0;
        loop {
            let found = self.factors.sealed_otherwise(self.sealer.active(), 100).await?;
            if found.is_empty() {
                return Ok(done);
            }
            for (account, old) in found {
                let secret = totp::open(&self.sealer, account, &old)?;
                let new = totp::seal(&self.sealer, account, &secret)?;
                done += usize::from(self.factors.reseal(account, old, new).await?);
            }
        }
    }

    /// The account, if its owner has proved recently enough who he is.
    async fn allowed(&self, owner: &Owner) -> Result<Credentials, FactorError> {
        let found = self.accounts.by_id(owner.account).await?.ok_or(FactorError::Gone)?;
        recent(owner, found.second_factor, self.recent_login, self.clock.now())?;
        Ok(found)
    }

    fn first_codes(&self, factors: &Factors) -> Result<Option<Vec<RecoveryCode>>, EntropyUnavailable> {
        if factors.are_required() { Ok(None) } else { self.codes().map(Some) }
    }

    fn codes(&self) -> Result<Vec<RecoveryCode>, EntropyUnavailable> {
        (0..RECOVERY_CODES).map(|_| Ok(RecoveryCode::from_bytes(random(&*self.entropy)?))).collect()
    }
}
