//! An owner who is signed in proves again who he is, so that he may do what needs a recent login (RFC 9470).

use secrecy::SecretString;
use token_core::AccessToken;

use super::{Device, Login, LoginError, SecondFactorProof};
use crate::model::{EventKind, SessionFacts, Timestamp};
use crate::ports::Reauthenticate;
use crate::session::Owner;

/// What proves again who somebody is.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// The password; enough only for an account without a second factor.
    Password(&'a SecretString),
    /// A second factor.
    SecondFactor(SecondFactorProof<'a>),
}

/// Why somebody has not proved again who he is.
#[derive(Debug, thiserror::Error)]
pub enum ReauthenticateError {
    /// The account has a second factor, and the password alone is not enough.
    #[error("this account has a second factor; present it: {}", methods.join(", "))]
    SecondFactorRequired {
        /// What it may be: `totp`, `passkey`, `recovery_code`.
        methods: Vec<&'static str>,
    },
    /// The session is over.
    #[error("the session is over; sign in again")]
    SessionOver,
    /// What a login can fail of.
    #[error(transparent)]
    Login(#[from] LoginError),
}

/// A fresh access token for a session whose owner has proved again who he is.
#[derive(Debug)]
pub struct ProvedAgain {
    /// The access token, with the new `auth_time` and `amr`.
    pub access_token: AccessToken,
    /// The session.
    pub facts: SessionFacts,
    /// The moment that was now.
    pub now: Timestamp,
}

impl Login {
    /// Takes the proof, and gives a fresh access token of the same session. Its refresh token stays as it is.
    ///
    /// # Errors
    /// When the proof is wrong or not enough, or the session is over.
    pub async fn reauthenticate(&self, owner: &Owner, proof: Proof<'_>) -> Result<ProvedAgain, ReauthenticateError> {
        let now = self.now();
        let found = self.accounts.by_id(owner.account).await.map_err(LoginError::from)?;
        let found = found.ok_or(ReauthenticateError::SessionOver)?;
        let charged = self.factor_key(&found.account);
        self.gate.charge::<LoginError>(&charged, now).await?;
        let device = Device { presenter: owner.presenter.clone(), ..Device::default() };
        let amr: &[&str] = match proof {
            Proof::Password(_) if found.second_factor => {
                self.gate.forgive(&[], &charged).await;
                let methods = self.factors.of(owner.account).await.map_err(LoginError::from)?.methods();
                return Err(ReauthenticateError::SecondFactorRequired { methods });
            }
            Proof::Password(typed) => {
                self.prove(typed, Some(found)).await?;
                &["pwd"]
            }
            Proof::SecondFactor(SecondFactorProof::Code(code)) => {
                self.accept_code(owner.account, code, &device, now).await?;
                &["otp", "mfa"]
            }
            Proof::SecondFactor(SecondFactorProof::Passkey { ceremony, answer }) => {
                self.accept_passkey(ceremony, answer, Some(owner.account), now).await?;
                &["swk", "user", "mfa"]
            }
        };
        self.gate.forgive(&charged, &[]).await;
        let event = owner.event(&*self.entropy, EventKind::Reauthenticated, now).map_err(LoginError::from)?;
        let event = event.with_detail(&amr.join(" "));
        let methods = proved_by(&owner.amr, amr);
        let added = self.tokens.added(owner.account, owner.session).await;
        let added = added.map_err(|unavailable| LoginError::Tokens(unavailable.into()))?;
        let again = Reauthenticate { session: owner.session, amr: methods, now, event };
        let facts = self.sessions.reauthenticate(again).await.map_err(LoginError::from)?;
        let facts = facts.ok_or(ReauthenticateError::SessionOver)?;
        let access_token = self.tokens.access(&facts, &added, now).map_err(LoginError::from)?;
        Ok(ProvedAgain { access_token, facts, now })
    }
}

/// The methods of a session whose owner has proved again who he is. A password is all that its account has; after a second factor
/// what came before is still true, so that a session only gains by it.
fn proved_by(before: &[String], again: &[&str]) -> Vec<String> {
    let fresh = again.iter().map(|method| (*method).to_owned());
    if again == ["pwd"] {
        return fresh.collect();
    }
    let mut methods = before.to_vec();
    for method in fresh {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    methods
}
