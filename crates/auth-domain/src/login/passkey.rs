//! Passkeys: they sign in without a password, or follow one.

use super::{Device, Login, LoginError, SignedIn};
use crate::model::{AccountId, OneTimeToken, Passkey, Presenter, Purpose, RestsOn, Timestamp};
use crate::one_time::{Carries, OneTimeText, Wanted, presented};
use crate::ports::{Ceremony, WebAuthnError};
use crate::throttle::DeviceToken;

/// A ceremony that was begun with a browser.
#[derive(Debug)]
pub struct PasskeyBegun {
    /// What the browser needs (`PublicKeyCredential…Options`), JSON.
    pub options: String,
    /// What the browser's answer is presented with, once.
    pub ceremony: OneTimeText,
}

/// The end of a login by a passkey alone.
#[derive(Debug)]
pub struct PasskeyLogin<'a> {
    /// The token of the ceremony.
    pub ceremony: &'a str,
    /// The browser's answer, JSON.
    pub answer: &'a str,
    /// The device that signs in.
    pub device: Device<'a>,
}

impl From<WebAuthnError> for LoginError {
    fn from(error: WebAuthnError) -> Self {
        // What is wrong with an answer is for the operator: to a client it is one refusal.
        tracing::debug!(%error, "a passkey was not accepted");
        Self::InvalidPasskey
    }
}

impl Login {
    /// Begins to sign in by a passkey: by one of the account's, after its password, or by whichever the browser holds.
    ///
    /// # Errors
    /// When passkeys are not set up, the login that it follows was not begun, or there were too many attempts.
    pub async fn begin_passkey(
        &self,
        mfa_token: Option<&str>,
        presenter: &Presenter,
    ) -> Result<PasskeyBegun, LoginError> {
        let now = self.now();
        let webauthn = self.webauthn.as_ref().ok_or(LoginError::NoPasskeys)?;
        let (account, allowed) = match mfa_token {
            Some(token) => {
                let account = self.begun(token, now).await?.2.id;
                (Some(account), self.factors.of(account).await?.passkeys)
            }
            None => (None, Vec::new()),
        };
        let network: Vec<_> = presenter.ip.iter().map(|ip| self.gate.policy.network(*ip)).collect();
        self.gate.charge(&network, now).await?;
        let Ceremony { options, state } = webauthn.begin_authentication(&allowed)?;
        let wanted =
            Wanted { purpose: Purpose::Passkey, account, bound_to: None, email: None, carries: Carries::State(&state) };
        let (token, ceremony) = self.one_time.make(wanted, now)?;
        // Bound to nothing: a passkey does not die with a password.
        self.one_time.store.add(OneTimeToken { account: None, ..token }).await?;
        Ok(PasskeyBegun { options, ceremony })
    }

    /// Signs in by a passkey alone.
    ///
    /// # Errors
    /// [`LoginError::InvalidPasskey`], and what a login can fail of.
    #[tracing::instrument(target = "step", level = "debug", name = "passkey", skip_all)]
    pub async fn passkey(&self, request: PasskeyLogin<'_>) -> Result<SignedIn, LoginError> {
        let now = self.now();
        let passkey = self.accept_passkey(request.ceremony, request.answer, None, now).await?;
        let network: Vec<_> = request.device.presenter.ip.iter().map(|ip| self.gate.policy.network(*ip)).collect();
        self.gate.forgive(&[], &network).await;
        let found = self.accounts.by_id(passkey.account).await?.ok_or(LoginError::InvalidPasskey)?;
        if found.account.disabled_at.is_some() {
            return Err(LoginError::InvalidPasskey);
        }
        if self.require_verified_email && found.account.email_verified_at.is_none() {
            return Err(LoginError::EmailNotVerified);
        }
        let known = request.device.token.and_then(|text| DeviceToken::read(&self.keys, text, passkey.account));
        let proof: (_, &[&str]) = (RestsOn::Passkey, &["swk", "user", "mfa"]);
        self.open(passkey.account, known, request.device, proof, now).await
    }

    /// Accepts a passkey's answer, once; of this account, or of whoever it belongs to.
    pub(super) async fn accept_passkey(
        &self,
        ceremony: &str,
        answer: &str,
        of: Option<AccountId>,
        now: Timestamp,
    ) -> Result<Passkey, LoginError> {
        let webauthn = self.webauthn.as_ref().ok_or(LoginError::NoPasskeys)?;
        let redeem = presented(ceremony, Purpose::Passkey, now).ok_or(LoginError::InvalidPasskey)?;
        let token = self.one_time.store.take(redeem).await?.ok_or(LoginError::InvalidPasskey)?;
        let state = self.one_time.open(&token)?;
        let credential = webauthn.credential_id(answer)?;
        let passkey = self.factors.passkey(&credential).await?.ok_or(LoginError::InvalidPasskey)?;
        if of.is_some_and(|account| account != passkey.account) {
            return Err(LoginError::InvalidPasskey);
        }
        let used = webauthn.finish_authentication(&state, answer, &passkey)?;
        let known = self.factors.passkey_used(passkey.id, used.data, now).await?;
        if known { Ok(passkey) } else { Err(LoginError::InvalidPasskey) }
    }
}
