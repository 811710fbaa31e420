//! Registration: a mail address and a password for an account, as far as the operator lets people register.

use secrecy::{ExposeSecret, SecretString};

use super::Accounts;
use crate::credential::accept;
use crate::model::{
    Account, AccountId, Actor, DisplayName, EmailAddress, EventId, EventKind, InvalidEmailAddress, Locale, NewAccount,
    PasswordContext, PasswordHash, PasswordRefused, Presenter, Purpose, Redeem, RegistrationMode, Role, SecurityEvent,
    Timestamp, TokenMailKind,
};
use crate::one_time::{Carries, TokenNotMade, Wanted, presented};
use crate::ports::{Created, EntropyUnavailable, HashError, StoreError, random};
use crate::throttle::Throttled;

/// A request to register.
#[derive(Debug)]
pub struct RegisterRequest<'a> {
    /// The mail address as it was typed.
    pub email: &'a str,
    /// The password as it was typed; an operator may leave it out.
    pub password: Option<&'a SecretString>,
    /// What the owner wants to be called.
    pub display_name: Option<DisplayName>,
    /// What the account may do beyond its own affairs. Empty for everybody who registers himself.
    pub roles: Vec<Role>,
    /// The language of its mails.
    pub locale: Locale,
    /// Who registers it.
    pub by: RegisteredBy<'a>,
    /// Who sent the request.
    pub presenter: Presenter,
}

/// Who registers an account.
#[derive(Clone, Copy, Debug)]
pub enum RegisteredBy<'a> {
    /// Its owner, with an invitation if he has one.
    Owner {
        /// The invitation's text.
        invite: Option<&'a str>,
    },
    /// An operator: registration may be closed, and the address counts as verified.
    Operator,
}

/// What became of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The account is there.
    Created(Account),
    /// A mail says how to go on. It is not told whether the address is taken.
    MailSent,
}

/// Why no account was registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The address is not one.
    #[error(transparent)]
    Email(#[from] InvalidEmailAddress),
    /// The password does not satisfy the policy.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// Another account has this address.
    #[error("an account with this mail address exists already; sign in instead")]
    EmailTaken,
    /// Nobody may register.
    #[error("registration is closed; ask an operator for an account")]
    Closed,
    /// Only who was invited may register, and this is no good invitation.
    #[error("registration needs an invitation that was not used and has not expired; ask an operator for one")]
    NotInvited,
    /// Addresses of this domain may not register.
    #[error("mail addresses of this domain may not register here")]
    DomainNotAllowed,
    /// There were too many requests.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The password could not be hashed. The same request can be repeated.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store could not do its work. The same request can be repeated.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A token for the mail could not be made. The same request can be repeated.
    #[error(transparent)]
    Token(#[from] TokenNotMade),
}

impl From<EntropyUnavailable> for RegisterError {
    fn from(error: EntropyUnavailable) -> Self {
        Self::Token(error.into())
    }
}

impl Accounts {
    /// Registers an account. The password is hashed before the address is looked up, so that time does not tell whether
    /// it is taken.
    ///
    /// # Errors
    /// When the address or the password is refused, the address is taken (unless that is not told), or its owner may not
    /// register himself.
    pub async fn register(&self, request: RegisterRequest<'_>) -> Result<Registered, RegisterError> {
        let now = self.clock.now();
        let email = EmailAddress::parse(request.email)?;
        let invite = match request.by {
            RegisteredBy::Operator => None,
            RegisteredBy::Owner { invite } => {
                let networks: Vec<_> =
                    request.presenter.ip.iter().map(|ip| self.gate.policy.mail_network(*ip)).collect();
                self.gate.charge::<RegisterError>(&networks, now).await?;
                self.admitted(&email, invite, now).await?
            }
        };
        let hash = match request.password {
            Some(password) => {
                Some(self.new_hash::<RegisterError>(password, &email, request.display_name.as_ref()).await?)
            }
            None => None,
        };
        let proved = invite.is_some() || matches!(request.by, RegisteredBy::Operator);
        let id = AccountId::new(now, random(&*self.entropy)?);
        let carries = Carries::Mail(TokenMailKind::VerifyEmail, request.locale);
        let account = Some(id);
        let wanted = Wanted { purpose: Purpose::VerifyEmail, account, bound_to: None, email: Some(&email), carries };
        let verification = if proved { None } else { Some(self.one_time.make(wanted, now)?.0) };
        let by = match request.by {
            RegisteredBy::Owner { .. } => Actor::Owner(None),
            RegisteredBy::Operator => Actor::Operator,
        };
        let event_id = EventId::new(now, random(&*self.entropy)?);
        let event = SecurityEvent::new(event_id, now, EventKind::AccountRegistered, id, by, request.presenter);
        let new = NewAccount {
            id,
            email: email.clone(),
            display_name: request.display_name,
            roles: request.roles,
            password_hash: hash,
            locale: request.locale,
            email_verified: proved,
            created_at: now,
            invite,
            verification,
            event,
        };
        let concealed = self.registration.require_verified_email && !proved;
        match self.accounts.create(new).await? {
            Created::Created(_) if concealed => Ok(Registered::MailSent),
            Created::Created(account) => Ok(Registered::Created(account)),
            Created::NotInvited => Err(RegisterError::NotInvited),
            Created::EmailTaken if concealed => {
                self.tell_owner(&email, request.locale, now).await?;
                Ok(Registered::MailSent)
            }
            Created::EmailTaken => Err(RegisterError::EmailTaken),
        }
    }

    /// Whether the operator lets him register.
    async fn admitted(
        &self,
        email: &EmailAddress,
        invite: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Redeem>, RegisterError> {
        let redeem = invite.map(|text| presented(text, Purpose::Invite, now).ok_or(RegisterError::NotInvited));
        let redeem = redeem.transpose()?;
        match (self.registration.mode, &redeem) {
            (RegistrationMode::Closed, _) => return Err(RegisterError::Closed),
            (RegistrationMode::Invite, None) => return Err(RegisterError::NotInvited),
            (RegistrationMode::Open, None) if !self.registration.allows(email) => {
                return Err(RegisterError::DomainNotAllowed);
            }
            _ => {}
        }
        let Some(redeem) = redeem else { return Ok(None) };
        // An invitation is for one address, and whoever holds it reads that address' mail.
        let token = self.one_time.store.peek(&redeem).await?;
        let fits =
            token.is_some_and(|token| token.email.is_some_and(|invited| invited.canonical() == email.canonical()));
        if fits { Ok(Some(redeem)) } else { Err(RegisterError::NotInvited) }
    }

    /// The hash of a new password that satisfies the policy.
    pub(super) async fn new_hash<E>(
        &self,
        typed: &SecretString,
        email: &EmailAddress,
        name: Option<&DisplayName>,
    ) -> Result<PasswordHash, E>
    where
        E: From<PasswordRefused> + From<HashError>,
    {
        let context = PasswordContext { email: Some(email), display_name: name.map(DisplayName::as_str) };
        let breaches = self.breaches.as_deref();
        let password = accept(&self.policy, breaches, typed.expose_secret(), &context).await?;
        Ok(self.hasher.hash(password).await?)
    }

    /// Tells the owner of an address that somebody wanted to register with it, and how to set a new password.
    async fn tell_owner(&self, email: &EmailAddress, locale: Locale, now: Timestamp) -> Result<(), RegisterError> {
        let found = self.accounts.credentials(email).await?.filter(|found| found.account.disabled_at.is_none());
        let mail = (TokenMailKind::AlreadyRegistered, locale);
        self.mail_token(Purpose::ResetPassword, found.as_ref(), email, mail, now).await
    }
}
