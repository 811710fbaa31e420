//! What operators do with accounts: find, disable, enable, delete, give roles, end sessions.

use std::sync::Arc;

use crate::model::{
    Account, AccountId, AccountQuery, Actor, EmailAddress, EndReason, EndSessions, EndTarget, Ending, EventId,
    EventKind, EventQuery, Locale, Presenter, Purpose, Role, SecurityEvent, SessionId, SessionRecord, Timestamp,
    TokenMailKind,
};
use crate::one_time::{Carries, OneTime, TokenNotMade, Wanted};
use crate::ports::{
    AccountStore, Clock, CloseAccount, Entropy, EntropyUnavailable, EventStore, FactorStore, SessionStore, StoreError,
    random,
};
use crate::session::{AfterCommit, SessionTokens};

/// Does what operators ask for. Whether somebody is one is for its caller to know.
pub struct Admin {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) events: Arc<dyn EventStore>,
    pub(crate) factors: Arc<dyn FactorStore>,
    pub(crate) one_time: Arc<OneTime>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) tokens: Arc<SessionTokens>,
    pub(crate) after_commit: Arc<AfterCommit>,
}

/// An operator at work: by an account with the role `admin`, or on the command line.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Who he is.
    pub actor: Actor,
    /// Who sent his request.
    pub presenter: Presenter,
}

/// Why an operator's request was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The account has no such session, or it was over already.
    #[error("the account has no such session, or it has ended already")]
    NoSuchSession,
    /// An operator cannot take his own account's rights away, or nobody might be left who can give them back.
    #[error("an operator cannot disable, delete or demote his own account; another operator can")]
    OwnAccount,
    /// A token for the mail could not be made. The same request can be repeated.
    #[error(transparent)]
    Token(#[from] TokenNotMade),
    /// The store could not do its work; nothing was done, or all was.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no randomness. The same request can be repeated.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl Admin {
    /// Accounts whose canonical address begins with `query.prefix`, in order.
    pub async fn search(&self, query: AccountQuery) -> Result<Vec<Account>, AdminError> {
        Ok(self.accounts.search(query).await?)
    }

    /// One account, disabled or not.
    pub async fn account(&self, account: AccountId) -> Result<Account, AdminError> {
        self.accounts.by_id(account).await?.map(|found| found.account).ok_or(AdminError::NoSuchAccount)
    }

    /// One account's live sessions, newest first.
    pub async fn sessions(&self, account: AccountId) -> Result<Vec<SessionRecord>, AdminError> {
        self.account(account).await?;
        Ok(self.sessions.list(account, self.clock.now()).await?)
    }

    /// Events of one account, which may be deleted, or of all; newest first.
    pub async fn events(&self, query: EventQuery) -> Result<Vec<SecurityEvent>, AdminError> {
        Ok(self.events.page(query).await?)
    }

    /// Disables an account and ends all its sessions at once. Doing it again changes nothing.
    pub async fn disable(&self, operator: &Operator, account: AccountId) -> Result<(), AdminError> {
        not_own(operator, account)?;
        let close = self.close(operator, account, EventKind::AccountDisabled)?;
        let ending = self.accounts.disable(close).await?.ok_or(AdminError::NoSuchAccount)?;
        self.after_commit.revoked(&ending.revocations);
        Ok(())
    }

    /// Enables an account again. Its sessions stay ended. Doing it again changes nothing.
    pub async fn enable(&self, operator: &Operator, account: AccountId) -> Result<(), AdminError> {
        let event = self.event(operator, account, EventKind::AccountEnabled, None, self.clock.now())?;
        if self.accounts.enable(event).await? { Ok(()) } else { Err(AdminError::NoSuchAccount) }
    }

    /// Deletes an account and ends all its sessions. Its security events are kept.
    pub async fn delete(&self, operator: &Operator, account: AccountId) -> Result<(), AdminError> {
        not_own(operator, account)?;
        let close = self.close(operator, account, EventKind::AccountDeleted)?;
        let ending = self.accounts.delete(close).await?.ok_or(AdminError::NoSuchAccount)?;
        self.after_commit.revoked(&ending.revocations);
        Ok(())
    }

    /// Sets an account's roles. Access tokens say so from their next refresh on.
    pub async fn set_roles(
        &self,
        operator: &Operator,
        account: AccountId,
        mut roles: Vec<Role>,
    ) -> Result<Account, AdminError> {
        roles.sort();
        roles.dedup();
        if !roles.iter().any(Role::is_admin) {
            not_own(operator, account)?;
        }
        let event = self.event(operator, account, EventKind::RolesChanged, None, self.clock.now())?;
        self.accounts.set_roles(roles, event).await?.ok_or(AdminError::NoSuchAccount)
    }

    /// Ends one session of an account, or all, and answers how many.
    ///
    /// # Errors
    /// [`AdminError::NoSuchSession`] when the one session could not be ended.
    pub async fn end_sessions(
        &self,
        operator: &Operator,
        account: AccountId,
        session: Option<SessionId>,
    ) -> Result<usize, AdminError> {
        self.account(account).await?;
        let now = self.clock.now();
        let target = session.map_or(EndTarget::All(account), |session| EndTarget::Owned { account, session });
        let event = Some(self.event(operator, account, EventKind::SessionEnded, session, now)?);
        let (by, tokens_until) = (operator.actor, self.tokens.live_until(now));
        let end = EndSessions { target, by, reason: EndReason::Admin, now, tokens_until, event };
        let Ending { revocations } = self.sessions.end(end).await?;
        self.after_commit.revoked(&revocations);
        if revocations.is_empty() && session.is_some() {
            return Err(AdminError::NoSuchSession);
        }
        Ok(revocations.len())
    }

    /// Mails an invitation to an address. It also proves that whoever uses it reads that address' mail.
    pub async fn invite(&self, email: &EmailAddress, locale: Locale) -> Result<(), AdminError> {
        let carries = Carries::Mail(TokenMailKind::Invite, locale);
        let wanted = Wanted { purpose: Purpose::Invite, account: None, bound_to: None, email: Some(email), carries };
        self.one_time.add::<AdminError>(wanted, self.clock.now()).await?;
        Ok(())
    }

    /// Removes every second factor of an account, for an owner who has lost them all, and answers how many.
    pub async fn remove_factors(&self, operator: &Operator, account: AccountId) -> Result<usize, AdminError> {
        self.account(account).await?;
        let now = self.clock.now();
        let factors = self.factors.of(account).await?;
        let mut removed = 0;
        if factors.totp.is_some() {
            let event = self.event(operator, account, EventKind::TotpRemoved, None, now)?;
            removed += usize::from(self.factors.remove_totp(event).await?);
        }
        for passkey in factors.passkeys {
            let event = self.event(operator, account, EventKind::PasskeyRemoved, None, now)?;
            let event = event.with_detail(&passkey.name);
            removed += usize::from(self.factors.remove_passkey(passkey.id, event).await?);
        }
        Ok(removed)
    }

    fn close(&self, operator: &Operator, account: AccountId, kind: EventKind) -> Result<CloseAccount, AdminError> {
        let now = self.clock.now();
        let event = self.event(operator, account, kind, None, now)?;
        Ok(CloseAccount { by: operator.actor, now, tokens_until: self.tokens.live_until(now), event })
    }

    fn event(
        &self,
        operator: &Operator,
        account: AccountId,
        kind: EventKind,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Result<SecurityEvent, EntropyUnavailable> {
        let id = EventId::new(now, random(&*self.entropy)?);
        let presenter = operator.presenter.clone();
        Ok(SecurityEvent::new(id, now, kind, account, operator.actor, presenter).in_session(session))
    }
}

fn not_own(operator: &Operator, account: AccountId) -> Result<(), AdminError> {
    if operator.actor == Actor::Admin(account) { Err(AdminError::OwnAccount) } else { Ok(()) }
}
