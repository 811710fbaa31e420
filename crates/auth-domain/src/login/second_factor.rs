//! The second half of a login: an app's one-time password, a recovery code, or a passkey after the password.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Device, Login, LoginError, SignedIn};
use crate::factor::{RecoveryCode, totp};
use crate::model::{
    Account, AccountId, Actor, DeviceClass, DisplayName, EventId, EventKind, OneTimeToken, Purpose, Redeem, RestsOn,
    SecurityEvent, SessionId, Timestamp,
};
use crate::one_time::{Carries, Wanted, presented};
use crate::ports::random;
use crate::throttle::DeviceToken;

/// The second half of a login.
#[derive(Debug)]
pub struct SecondFactorLogin<'a> {
    /// The token that the first half gave.
    pub mfa_token: &'a str,
    /// The second factor.
    pub proof: SecondFactorProof<'a>,
    /// The device: its name, class and chosen session are those of the first half.
    pub device: Device<'a>,
}

/// A second factor as it is presented.
#[derive(Clone, Copy)]
pub enum SecondFactorProof<'a> {
    /// What an app shows, or a recovery code: told apart by their form.
    Code(&'a str),
    /// A passkey.
    Passkey {
        /// The token of the ceremony that was begun.
        ceremony: &'a str,
        /// The browser's answer, JSON.
        answer: &'a str,
    },
}

impl std::fmt::Debug for SecondFactorProof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code(…)",
            Self::Passkey { .. } => "Passkey(…)",
        })
    }
}

/// What is kept of a first half until the second.
#[derive(Serialize, Deserialize)]
struct FirstHalf {
    device_name: Option<String>,
    device_class: Option<String>,
    end_session: Option<Uuid>,
}

impl Login {
    /// The answer to a right password that is not enough.
    pub(super) async fn ask_second_factor(
        &self,
        account: &Account,
        bound_to: Option<Timestamp>,
        device: &Device<'_>,
        now: Timestamp,
    ) -> Result<LoginError, LoginError> {
        let kept = FirstHalf {
            device_name: device.name.as_ref().map(|name| name.as_str().to_owned()),
            device_class: device.class.map(|class| class.as_str().to_owned()),
            end_session: device.end_session.map(|session| session.as_uuid()),
        };
        let state = serde_json::to_vec(&kept).unwrap_or_default();
        let account = account.id;
        let methods = self.factors.of(account).await?.methods();
        let wanted = Wanted {
            purpose: Purpose::SecondFactor,
            account: Some(account),
            bound_to,
            email: None,
            carries: Carries::State(&state),
        };
        let (token, text) = self.one_time.make(wanted, now)?;
        self.one_time.store.add(token).await?;
        Ok(LoginError::SecondFactorRequired { token: text, methods })
    }

    /// Ends a login that was begun with a password.
    ///
    /// # Errors
    /// [`LoginError::InvalidMfaToken`], [`LoginError::InvalidSecondFactor`] (the token stays good for another try), and
    /// what a login can fail of.
    #[tracing::instrument(target = "step", level = "debug", name = "second_factor", skip_all)]
    pub async fn second_factor(&self, request: SecondFactorLogin<'_>) -> Result<SignedIn, LoginError> {
        let now = self.now();
        let (redeem, token, account) = self.begun(request.mfa_token, now).await?;
        let charged = self.factor_key(&account);
        self.gate.charge(&charged, now).await?;
        let amr: &[&str] = match request.proof {
            SecondFactorProof::Code(code) => {
                self.accept_code(account.id, code, &request.device, now).await?;
                &["pwd", "otp", "mfa"]
            }
            SecondFactorProof::Passkey { ceremony, answer } => {
                self.accept_passkey(ceremony, answer, Some(account.id), now).await?;
                &["pwd", "swk", "mfa"]
            }
        };
        if self.one_time.store.take(redeem).await?.is_none() {
            return Err(LoginError::InvalidMfaToken);
        }
        self.gate.forgive(&charged, &[]).await;
        let known = request.device.token.and_then(|text| DeviceToken::read(&self.keys, text, account.id));
        let device = self.as_begun(&token, request.device)?;
        let rests_on = RestsOn::Password { changed_at: token.bound_to };
        self.open(account.id, known, device, (rests_on, amr), now).await
    }

    /// The login that this token goes on with.
    pub(super) async fn begun(
        &self,
        mfa_token: &str,
        now: Timestamp,
    ) -> Result<(Redeem, OneTimeToken, Account), LoginError> {
        let redeem = presented(mfa_token, Purpose::SecondFactor, now).ok_or(LoginError::InvalidMfaToken)?;
        let token = self.one_time.store.peek(&redeem).await?.ok_or(LoginError::InvalidMfaToken)?;
        let account = token.account.ok_or(LoginError::InvalidMfaToken)?;
        let found = self.accounts.by_id(account).await?.filter(|found| found.account.disabled_at.is_none());
        Ok((redeem, token, found.ok_or(LoginError::InvalidMfaToken)?.account))
    }

    fn as_begun<'a>(&self, token: &OneTimeToken, device: Device<'a>) -> Result<Device<'a>, LoginError> {
        let kept = serde_json::from_slice(&self.one_time.open(token)?);
        let Ok(FirstHalf { device_name, device_class, end_session }) = kept else {
            return Err(LoginError::InvalidMfaToken);
        };
        Ok(Device {
            name: device_name.and_then(|name| DisplayName::new(&name).ok()),
            class: device_class.and_then(|class| class.parse::<DeviceClass>().ok()),
            end_session: end_session.map(SessionId::from_uuid),
            ..device
        })
    }

    /// Accepts what an app shows, or a recovery code, once.
    pub(super) async fn accept_code(
        &self,
        account: AccountId,
        code: &str,
        device: &Device<'_>,
        now: Timestamp,
    ) -> Result<(), LoginError> {
        let accepted = if let Some(code) = RecoveryCode::parse(code) {
            let id = EventId::new(now, random(&*self.entropy)?);
            let (by, presenter) = (Actor::Owner(None), device.presenter.clone());
            let event = SecurityEvent::new(id, now, EventKind::RecoveryCodeUsed, account, by, presenter);
            self.factors.use_recovery_code(code.hash(), event).await?
        } else {
            let confirmed = self.factors.of(account).await?.totp.filter(|totp| totp.confirmed_at.is_some());
            match confirmed {
                None => false,
                Some(app) => match totp::step(&totp::open(&self.sealer, account, &app.secret)?, code, now) {
                    None => false,
                    Some(step) => self.factors.accept_totp(account, step).await?,
                },
            }
        };
        if accepted { Ok(()) } else { Err(LoginError::InvalidSecondFactor) }
    }
}
